"""The functions of fastact for PyTorch: operators of `torch.library` with gradients, on CPU and CUDA tensors, without copies.

Every function of `fastact.ACTIVATIONS`, `fastact.GATES` and `fastact.ROWS` and both cross entropies has its name here, and is the operator
``torch.ops.fastact.<name>``. They work under `torch.compile`, `torch.func` (grad, vmap, jvp and the like), forward and reverse mode, and in
inference mode. Second derivatives raise a RuntimeError, but for functions of straight pieces, where these are 0.

Tensors are of float16, bfloat16, float32 or float64; results have the dtype of x, also under autocast, and the strides of
`torch.empty_like`. Parameters are numbers, or tensors that broadcast against x: these have gradients.
"""

from __future__ import annotations

from fastact import ACTIVATIONS, GATES, ROWS, Activation, Gate
from fastact.interop.pieces import check
from fastact.interop.torch.elementwise import Function, of_activation, of_gate
from fastact.interop.torch.module import Module as Module
from fastact.interop.torch.rows import of_rows
from fastact.interop.torch.rows import sigmoid_cross_entropy as sigmoid_cross_entropy
from fastact.interop.torch.rows import softmax_cross_entropy as softmax_cross_entropy


def function(f: Activation | Gate) -> Function:
    """The operator of any activation or gate, such as one of `fastact.define`, `fastact.gated` or `fastact.presets`.

    Parameters
    ----------
    f : Activation or Gate
        The function.

    Returns
    -------
    callable
        ``(x, *params) -> Tensor``, or ``(a, b, *params)`` of a gate; parameters also by keyword. The same object for the same function.

    Raises
    ------
    TypeError
        If `f` is neither.
    """
    check("torch", f)
    return of_activation(f) if isinstance(f, Activation) else of_gate(f)


_FUNCTIONS: dict[str, Function] = {
    **{f.name: of_activation(f) for f in ACTIVATIONS},
    **{f.name: of_gate(f) for f in GATES},
    **{f.name: of_rows(f) for f in ROWS},
}
globals().update(_FUNCTIONS)
__all__ = ["Module", "function", "sigmoid_cross_entropy", "softmax_cross_entropy", *_FUNCTIONS]  # noqa: PLE0604


def __getattr__(name: str) -> Function:
    raise AttributeError(f"module 'fastact.interop.torch' has no attribute {name!r}")
