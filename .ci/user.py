"""A user's program for the installed wheel; it runs, and mypy checks the same file."""

import importlib.metadata
import pathlib
import pickle
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import fastact as fa

x: NDArray[np.float32] = np.linspace(-3, 3, 7, dtype=np.float32)
y = assert_type(fa.gelu(x), NDArray[np.float32])
pair = assert_type(fa.gelu.value_and_grad(x), tuple[NDArray[np.float32], NDArray[np.float32]])
assert_type(fa.gelu.derivative(x, out=y), NDArray[np.float32])
assert_type(fa.gelu(0.5), np.float64)
assert_type(fa.gelu([1, 2]), NDArray[Any])
assert_type(fa.swiglu(x, x), NDArray[np.float32])
assert_type(fa.leaky_relu(x, slope=0.1), NDArray[np.float32])
slope = assert_type(fa.presets.torch.leaky_relu, fa.Activation)
assert_type(slope(x, negative_slope=0.2), NDArray[np.float32])
assert_type(fa.ufuncs.gelu_backward, np.ufunc)
dx = fa.gelu.backward(np.ones_like(x), x)
dx, dslope = fa.prelu.backward(np.ones_like(x), x)

assert y.dtype == np.float32
assert abs(fa.softmax(x).sum() - 1) < 1e-6
assert abs(fa.gelu.reference(1.0) - 0.8413447460685429) < 1e-15
assert pickle.loads(pickle.dumps(slope)) is slope  # noqa: S301
assert {"gelu", "presets", "softmax"} <= set(dir(fa))
assert {"backward", "value_and_grad", "scalar", "address"} <= set(dir(fa.gelu))
assert {"torch", "of"} <= set(dir(fa.presets))
assert "hardtanh" in dir(fa.presets.torch)

package = pathlib.Path(fa.__file__).parent
assert "site-packages" in package.parts
assert (package / "py.typed").exists()
assert "fastact_" in pathlib.Path(fa.get_include(), "fastact.h").read_text()
assert fa.__version__ == importlib.metadata.version("fastact")
files = [f for f in importlib.metadata.files("fastact") or [] if f.parts[0] == "fastact" and f.suffix != ".pyc"]
assert {f.suffix for f in files} <= {".py", ".typed", ".h", ".so", ".pyd"}, {f.suffix for f in files}
assert not [f for f in files if f.parts[1] in ("docs", "tests")]
