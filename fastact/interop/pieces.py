"""Which second derivatives are known."""

from fastact import ACTIVATIONS, Activation, Gate

LINEAR = frozenset(
    {
        *("identity", "relu", "relu6", "leaky_relu", "prelu", "threshold", "thresholded_relu", "step"),
        *("hard_tanh", "hard_sigmoid", "hard_shrink", "soft_shrink", "sparse_sigmoid"),
    }
)
"""Activations of straight pieces: where there is a second derivative by x, it is 0."""


def straight(f: Activation | Gate) -> bool:
    """Whether `f` itself is one of these; another function may have the name."""
    return f.name in LINEAR and any(f is a for a in ACTIVATIONS)
