"""The functions of fastact for JAX on CPUs: machine code that XLA calls, with derivatives of the first order in both modes.

Every function of `fastact.ACTIVATIONS` and `fastact.GATES` has its name here. They work under `jit`, `vmap`, `grad`, `jvp`, `jacfwd` and
the like; arrays are not copied, and Python takes no part. Arrays are of float16, bfloat16, float32 or float64; results have the dtype of x.
Parameters are numbers or arrays that broadcast against x, and have gradients, but for those of gates. Second derivatives raise a
NotImplementedError, but for functions of straight pieces, where these are 0. A call uses one thread.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from fastact import ACTIVATIONS, GATES, Activation, Gate
from fastact.binding import bind
from fastact.directions import STORAGE, Direction, signature
from fastact.interop.pieces import check, straight
from fastact.interop.xla import handler, version
from fastact.record import Record

Function = Callable[..., jax.Array]
_NAMED: tuple[Activation | Gate, ...] = (*ACTIVATIONS, *GATES)


@functools.cache
def _target(record: Record, direction: Direction, dtype: str, arrays: bool) -> str:
    """The name under which XLA knows a handler."""
    address = handler(record, direction, dtype, version(jax.ffi.include_dir()), arrays=arrays)
    own = any(f.record is record for f in _NAMED)
    name = f"fastact.{record.name}.{direction}.{dtype}{'.arrays' * arrays}{'' if own else f'.{address:x}'}"
    jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(ctypes.c_void_p(address)), platform="cpu")
    return name


def _run(record: Record, direction: Direction, operands: tuple[Any, ...], *, arrays: bool) -> Any:
    """One direction on operands of one shape, parameters being numbers unless `arrays`."""
    x = operands[len(operands) - len(record.params) - 1]
    sig = signature(record, direction, x.dtype.name)
    forms = jax.eval_shape(lambda *given: [functools.reduce(jnp.add, given).astype(s.dtype) for s in sig.outputs], *operands)
    name = _target(record, direction, x.dtype.name, arrays)
    results = jax.ffi.ffi_call(name, forms, vmap_method="broadcast_all")(*operands)
    return results[0] if len(results) == 1 else tuple(results)


def _prepared(call: str, record: Record, operands: tuple[Any, ...], params: tuple[Any, ...]) -> tuple[tuple[Any, ...], bool]:
    """Operands in one shape and dtype and parameters in that of the computation, and whether these are arrays of that shape too."""
    given = [jnp.asarray(a) for a in operands]
    kind = jnp.result_type(*given)
    for name, a in zip(record.operands, given, strict=True):
        if a.dtype.name not in STORAGE:
            raise TypeError(f"{call}: {name} has dtype {a.dtype}; accepted are float16, bfloat16, float32 and float64")
        if not isinstance(a, jax.core.Tracer) and any(d.platform != "cpu" for d in a.devices()):
            raise TypeError(f"{call}: {name} is not on a CPU; accepted are arrays on CPUs")
    for p, value in zip(record.params, params, strict=True):
        if jnp.issubdtype(jnp.result_type(value), jnp.complexfloating):
            raise TypeError(f"{call}: {p.name} is complex; accepted are real numbers and arrays of these")
    values = [jnp.asarray(p, STORAGE[kind.name].width) for p in params]
    arrays = any(v.ndim for v in values)
    shape = jnp.broadcast_shapes(*(a.shape for a in (*given, *values)))
    given = [jnp.broadcast_to(a.astype(kind), shape) for a in given]
    return (*given, *(jnp.broadcast_to(v, shape) if arrays else v for v in values)), arrays


def _differentiable(f: Activation | Gate, arrays: bool) -> Function:
    """The function of prepared operands with its derivative of the first order."""
    record, name, count = f.record, f.name, len(f.record.operands)

    @jax.custom_jvp
    def value(*operands: jax.Array) -> Any:
        return _run(record, "forward", operands, arrays=arrays)

    def slopes(direction: Direction) -> Any:
        @jax.custom_jvp
        def slope(*operands: jax.Array) -> Any:
            return _run(record, direction, operands, arrays=arrays)

        def rule(operands: Any, tangents: Any) -> Any:
            moved = [not isinstance(t, SymbolicZero) for t in tangents]
            flat = direction == "derivative" and straight(f) and not any(moved[count:])
            if any(moved) and not flat:
                told = f"{name}: the derivative cannot be differentiated, for there are no second derivatives"
                raise NotImplementedError(f"fastact.interop.jax.{told}; accepted are derivatives of the first order")
            d = slope(*operands)
            return d, jax.tree.map(jnp.zeros_like, d)

        slope.defjvp(rule, symbolic_zeros=True)
        return slope

    by_x = slopes("derivative")
    by_all = slopes("backward_params") if count == 1 else None

    def rule(operands: Any, tangents: Any) -> Any:
        moving = [not isinstance(t, SymbolicZero) for t in tangents]
        y = value(*operands)
        if any(moving[count:]):
            if by_all is None:
                raise NotImplementedError(f"fastact.interop.jax.{name}: parameters of a gate have no gradient; accepted are numbers")
            found = by_all(jnp.ones_like(operands[0]), *operands)
        else:
            found = by_x(*operands)
            found = found if isinstance(found, tuple) else (found,)
        terms = [(t * d).astype(y.dtype) for t, d, m in zip(tangents, found, moving, strict=False) if m]
        return y, functools.reduce(jnp.add, terms) if terms else jnp.zeros_like(y)

    value.defjvp(rule, symbolic_zeros=True)
    return value  # type: ignore[no-any-return]


def function(f: Activation | Gate) -> Function:
    """The function for JAX of any activation or gate, such as one of `fastact.define`, `fastact.gated` or `fastact.presets`.

    Parameters
    ----------
    f : Activation or Gate
        The function.

    Returns
    -------
    callable
        ``(x, *params) -> Array``, or ``(a, b, *params)`` of a gate; parameters also by keyword. The same object for the same function.

    Raises
    ------
    TypeError
        If `f` is neither.
    """
    check("jax", f)
    return _function(f)


@functools.cache
def _function(f: Activation | Gate) -> Function:
    record, count = f.record, len(f.record.operands)
    call = f"fastact.interop.jax.{f.name}"
    forms = {arrays: _differentiable(f, arrays) for arrays in (False, True)}

    @jax.jit
    def compiled(*given: Any) -> Any:
        operands, arrays = _prepared(call, record, given[:count], given[count:])
        return forms[arrays](*operands)

    def called(*given: Any, **named: Any) -> jax.Array:
        if len(given) < count:
            raise TypeError(f"{call}: {len(given)} arrays given; accepted are {', '.join(record.operands)} and parameters")
        params = bind(record, "", given[count:], named)
        if named:
            told = ", ".join((*record.operands, *(p.name for p in record.params)))
            raise TypeError(f"{call}: no argument {next(iter(named))!r}; accepted are {told}")
        return compiled(*given[:count], *params)

    called.__name__ = called.__qualname__ = f.name
    called.__doc__ = f.__doc__
    return called


_FUNCTIONS: dict[str, Function] = {f.name: function(f) for f in _NAMED}
globals().update(_FUNCTIONS)
__all__ = ["function", *_FUNCTIONS]  # noqa: PLE0604


def __getattr__(name: str) -> Function:
    raise AttributeError(f"module 'fastact.interop.jax' has no attribute {name!r}")
