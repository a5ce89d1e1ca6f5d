"""Which second derivatives are known."""

LINEAR = frozenset(
    {
        *("identity", "relu", "relu6", "leaky_relu", "prelu", "threshold", "thresholded_relu", "step"),
        *("hard_tanh", "hard_sigmoid", "hard_shrink", "soft_shrink", "sparse_sigmoid"),
    }
)
"""Activations of straight pieces: where there is a second derivative by x, it is 0."""
