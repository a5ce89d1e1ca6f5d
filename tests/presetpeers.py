"""How the tests run a call of a peer: its value, and its derivative by the peer's own differentiation where it has one."""

from __future__ import annotations

import importlib
import os
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Peer:
    """One installed library. `run` gives (y,) or (y, dy/dx) of a call told in its own words; x and `given` are its names."""

    name = ""
    needs: tuple[str, ...] = ()

    def run(self, call: str, x: Array, given: dict[str, Any]) -> tuple[Array, ...]:
        raise NotImplementedError


class Torch(Peer):
    name, needs = "torch", ("torch",)

    def run(self, call: str, x: Array, given: dict[str, Any]) -> tuple[Array, ...]:
        torch = importlib.import_module("torch")
        t = torch.tensor(x, requires_grad=True)
        y = eval(call, {"torch": torch, "x": t, **given})
        y.sum().backward()
        return y.detach().numpy(), t.grad.numpy()


class Jax(Peer):
    name, needs = "jax", ("jax",)

    def run(self, call: str, x: Array, given: dict[str, Any]) -> tuple[Array, ...]:
        jax = importlib.import_module("jax")
        y, back = jax.vjp(lambda v: eval(call, {"jax": jax, "x": v, **given}), jax.numpy.asarray(x))
        return np.asarray(y), np.asarray(back(jax.numpy.ones_like(y))[0])


class Keras(Peer):
    """Of TensorFlow's backend; one axis is a batch of one for layers."""

    name, needs = "keras", ("tensorflow", "keras")

    def run(self, call: str, x: Array, given: dict[str, Any]) -> tuple[Array, ...]:
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
        tf, keras = (importlib.import_module(name) for name in ("tensorflow", "keras"))
        v = tf.constant(x if x.ndim > 1 else x[None])
        with tf.GradientTape() as tape:
            tape.watch(v)
            y = eval(call, {"tf": tf, "keras": keras, "x": v, **given})
        results = y.numpy(), tape.gradient(y, v).numpy()
        return results if x.ndim > 1 else (results[0][0], results[1][0])


class Tensorflow(Keras):
    name, needs = "tensorflow", ("tensorflow",)

    def run(self, call: str, x: Array, given: dict[str, Any]) -> tuple[Array, ...]:
        tf = importlib.import_module("tensorflow")
        v = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(v)
            y = eval(call, {"tf": tf, "x": v, **given})
        return y.numpy(), tape.gradient(y, v).numpy()


class Onnx(Peer):
    """The reference evaluator, which is the standard's text as a program."""

    name, needs = "onnx", ("onnx",)

    def run(self, call: str, x: Array, given: dict[str, Any]) -> tuple[Array, ...]:
        onnx = importlib.import_module("onnx")
        evaluator = importlib.import_module("onnx.reference").ReferenceEvaluator

        def node(name: str) -> Any:
            def compute(*inputs: Any, **attributes: Any) -> Array:
                arrays = {f"i{k}": np.asarray(a, np.float32) for k, a in enumerate(inputs)}
                body = [onnx.helper.make_node(name, list(arrays), ["y"], **attributes)]
                told = [onnx.helper.make_tensor_value_info(k, onnx.TensorProto.FLOAT, a.shape) for k, a in arrays.items()]
                graph = onnx.helper.make_graph(body, "one", told, [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)])
                (y,) = evaluator(onnx.helper.make_model(graph)).run(None, arrays)
                return y

            return compute

        operator = call.partition("(")[0]
        return (eval(call, {operator: node(operator), "x": x, "a": x, "b": x, **given}),)


PEERS: dict[str, type[Peer]] = {peer.name: peer for peer in (Torch, Jax, Keras, Tensorflow, Onnx)}
