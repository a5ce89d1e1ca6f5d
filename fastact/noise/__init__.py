"""Random numbers without a state, and the functions that use them: `normal(rng, shape)` is what ``rng=`` draws in a loop."""

from fastact.noise.arrays import gumbel, normal, uniform
from fastact.noise.philox import philox

__all__ = ["gumbel", "normal", "philox", "uniform"]
