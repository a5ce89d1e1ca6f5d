"""Arrays with labels for tests of containers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

X = np.random.default_rng(1).uniform(-4, 4, (4, 6)).astype(np.float32)
DY = np.random.default_rng(2).uniform(-1, 1, (4, 6)).astype(np.float32)
SLOPES = np.linspace(0.1, 0.6, 6, dtype=np.float32)


def frame(a: Any) -> Any:
    return pytest.importorskip("pandas").DataFrame(a, index=list("wxyz"), columns=list("abcdef"))


def data_array(a: Any) -> Any:
    return pytest.importorskip("xarray").DataArray(a, dims=("i", "j"), coords={"i": list("wxyz"), "j": range(6)}, attrs={"u": 1}, name="n")
