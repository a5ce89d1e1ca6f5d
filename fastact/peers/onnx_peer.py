"""ONNX Runtime: a model of one node, bound to the operands' own memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import fastact as fa
from fastact.peers.arrays import Arrays, Run

OPSET, SWISH_OPSET, IR_VERSION = 22, 24, 10
Attributes = dict[str, Any]

NODES: dict[str, tuple[str, Callable[..., Attributes]]] = {
    "identity": ("Identity", dict),
    "relu": ("Relu", dict),
    "leaky_relu": ("LeakyRelu", lambda slope: {"alpha": slope}),
    "prelu": ("LeakyRelu", lambda slope: {"alpha": slope}),
    "thresholded_relu": ("ThresholdedRelu", lambda alpha: {"alpha": alpha}),
    "hard_sigmoid": ("HardSigmoid", lambda slope, offset: {"alpha": slope, "beta": offset}),
    "hard_swish": ("HardSwish", dict),
    "hard_shrink": ("Shrink", lambda lambd: {"lambd": lambd, "bias": 0.0}),
    "soft_shrink": ("Shrink", lambda lambd: {"lambd": lambd, "bias": lambd}),
    "sigmoid": ("Sigmoid", dict),
    "softplus": ("Softplus", lambda _beta: {}),
    "gelu": ("Gelu", dict),
    "gelu_tanh": ("Gelu", lambda: {"approximate": "tanh"}),
    "swish": ("Swish", lambda beta: {"alpha": beta}),
    "silu": ("Swish", lambda: {"alpha": 1.0}),
    "quick_gelu": ("Swish", lambda: {"alpha": 1.702}),
    "mish": ("Mish", dict),
    "exp": ("Exp", dict),
    "elu": ("Elu", lambda alpha: {"alpha": alpha}),
    "celu": ("Celu", lambda alpha: {"alpha": alpha}),
    "selu": ("Selu", dict),
    "tanh": ("Tanh", dict),
    "softsign": ("Softsign", dict),
}
CLIPS: dict[str, Callable[..., tuple[float, float]]] = {"relu6": lambda: (0, 6), "hard_tanh": lambda low, high: (low, high)}


def _model(name: str, dtype: Any, size: int, params: tuple[float, ...]) -> bytes:
    from onnx import helper, numpy_helper

    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    held = []
    if name in CLIPS:
        held = [numpy_helper.from_array(np.array(v, dtype), end) for v, end in zip(CLIPS[name](*params), ("low", "high"), strict=True)]
        node = helper.make_node("Clip", ["x", "low", "high"], ["y"])
    else:
        op, attributes = NODES[name]
        node = helper.make_node(op, ["x"], ["y"], **attributes(*params))
    x, y = (helper.make_tensor_value_info(end, kind, [size]) for end in "xy")
    opset = SWISH_OPSET if node.op_type == "Swish" else OPSET
    model = helper.make_model(helper.make_graph([node], name, [x], [y], held), opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = IR_VERSION
    return bytes(model.SerializeToString())


def _session(model: bytes) -> Any:
    """None where the runtime has no kernel for the node's dtype or version."""
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = fa.get_num_threads()
    options.log_severity_level = 4
    options.add_session_config_entry("session.force_spinning_stop", "1")  # its threads do not spin into the next competitor's time
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except (state.NotImplemented, state.InvalidGraph, state.Fail):
        return None


def make(name: str, direction: str, a: Arrays, params: tuple[float, ...]) -> Run | None:
    """A run on bound buffers; forward only."""
    if direction != "forward" or (name not in NODES and name not in CLIPS):
        return None
    session = _session(_model(name, a.x.dtype, a.x.size, params))
    if session is None:
        return None
    binding = session.io_binding()
    binding.bind_input("x", "cpu", 0, a.x.dtype, list(a.x.shape), a.x.ctypes.data)
    binding.bind_output("y", "cpu", 0, a.y.dtype, list(a.y.shape), a.y.ctypes.data)
    return partial(session.run_with_iobinding, binding)
