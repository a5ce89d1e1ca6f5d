"""What the interfaces to other libraries share: which functions they take, and which second derivatives are known."""

from typing import Any

from fastact import ACTIVATIONS, Activation, Gate

LINEAR = frozenset(
    {
        *("identity", "relu", "relu6", "leaky_relu", "prelu", "threshold", "thresholded_relu", "step"),
        *("hard_tanh", "hard_sigmoid", "hard_shrink", "soft_shrink", "sparse_sigmoid"),
    }
)
"""Activations of straight pieces: where there is a second derivative by x, it is 0."""


def check(library: str, f: Any) -> None:
    """Refuse what is neither an activation nor a gate."""
    if not isinstance(f, Activation | Gate):
        raise TypeError(f"fastact.interop.{library}.function: f is of type {type(f).__name__}; accepted are an Activation and a Gate")


def straight(f: Activation | Gate) -> bool:
    """Whether `f` itself is one of these; another function may have the name."""
    return f.name in LINEAR and any(f is a for a in ACTIVATIONS)
