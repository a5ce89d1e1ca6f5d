"""The sides of `gpuchecks` on a GPU: torch, and CuPy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import np_dtype

FOREIGN = [pytest.mark.filterwarnings(f"default::{name}") for name in ("DeprecationWarning", "FutureWarning", "UserWarning")]
"""What other libraries warn of is shown, and fails no test of a GPU; RuntimeWarning does."""


class Torch:
    """Tensors of torch on the current device."""

    size = 1 << 18

    def __init__(self) -> None:
        self.torch = pytest.importorskip("torch")
        if not self.torch.cuda.is_available():
            pytest.skip("torch has no CUDA device")

    def put(self, values: Any) -> Any:
        if values.dtype.name == "bfloat16":
            return self.torch.from_numpy(np.array(values).view(np.int16)).cuda().view(self.torch.bfloat16)
        return self.torch.from_numpy(np.array(values)).cuda()

    def get(self, tensor: Any) -> Any:
        if tensor.dtype == self.torch.bfloat16:
            return tensor.contiguous().view(self.torch.int16).cpu().numpy().view(np_dtype("bfloat16"))
        return tensor.cpu().numpy()

    def empty(self, shape: Any, dtype: Any) -> Any:
        return self.torch.empty(shape, dtype=getattr(self.torch, np.dtype(dtype).name), device="cuda")

    def view(self, tensor: Any, turn: Callable[[Any], Any]) -> Any:
        """The view of a tensor that `turn` makes of an array."""
        places = turn(np.arange(tensor.numel()).reshape(tensor.shape))
        strides = [s // places.itemsize for s in places.strides]
        return tensor.as_strided(places.shape, strides, int(places.flat[0]))


class Cupy:
    """Arrays of CuPy on the current device."""

    size = 1 << 18

    def __init__(self) -> None:
        self.cupy = pytest.importorskip("cupy")
        try:
            self.cupy.cuda.runtime.getDeviceCount()
        except self.cupy.cuda.runtime.CUDARuntimeError as error:
            pytest.skip(f"CuPy has no device: {error}")

    def put(self, values: Any) -> Any:
        return self.cupy.asarray(values)

    def get(self, array: Any) -> Any:
        return self.cupy.asnumpy(array)

    def empty(self, shape: Any, dtype: Any) -> Any:
        return self.cupy.empty(shape, dtype)

    def view(self, array: Any, turn: Callable[[Any], Any]) -> Any:
        return turn(array)
