"""A kernel of one's own with an activation inside: y = x + gelu(h + bias), row by row, in one pass over device memory.

Needs `pip install "fastact[numba-cuda]"` and a GPU:

    import numpy as np
    from numba import cuda
    from bench.examples.kernel import residual, residual_grad

    x, h, y = (cuda.to_device(np.random.rand(1000, 768).astype(np.float32)) for _ in range(3))
    bias = cuda.to_device(np.random.rand(768).astype(np.float32))
    residual[(768 // 128, 1000), 128](x, h, bias, y)

y has the bits of x + fastact.gelu(h + bias) on the CPU.
"""

from __future__ import annotations

from typing import Any

from numba import cuda

import fastact

gelu, gelu_grad = fastact.gelu.cuda_scalar, fastact.gelu.cuda_scalar_grad


@cuda.jit
def residual(x: Any, h: Any, bias: Any, y: Any) -> None:
    """Forward; the grid has an axis for columns and one for rows."""
    column, row = cuda.grid(2)
    if column < x.shape[1] and row < x.shape[0]:
        y[row, column] = x[row, column] + gelu(h[row, column] + bias[column])


@cuda.jit
def residual_grad(dy: Any, h: Any, bias: Any, dh: Any) -> None:
    """The gradient of the loss by h."""
    column, row = cuda.grid(2)
    if column < h.shape[1] and row < h.shape[0]:
        _, slope = gelu_grad(h[row, column] + bias[column])
        dh[row, column] = dy[row, column] * slope
