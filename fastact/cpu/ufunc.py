"""NumPy ufuncs over compiled kernels, made through NumPy's C API; a kernel is compiled when it is first run."""

from __future__ import annotations

import contextlib
import ctypes
import functools
from collections.abc import Callable
from ctypes import c_char_p, c_int, c_void_p, py_object
from typing import Any, NamedTuple

import numpy as np
import numpy._core._multiarray_umath as umath

from fastact.cpu import compiling, entry, words
from fastact.cpu.loops import Kernel, compile_kernel
from fastact.cpu.parallel import control
from fastact.directions import Direction, Signature, signature
from fastact.record import Record

# Indices in NumPy's table of ufunc functions, slots and flags of numpy/dtype_api.h; all fixed since NumPy 2.0.
_FROM_FUNC_AND_DATA, _ADD_LOOP_FROM_SPEC, _ADD_PROMOTER = 1, 43, 44
_STRIDED_LOOP, _STATIC_DATA = 5, 10
_NO_FLOATING_POINT_ERRORS = 2
_NONE_IDENTITY = -1

# Prototypes of our own: other libraries declare those of ctypes.pythonapi, which are shared, in their ways.
_new_capsule = ctypes.PYFUNCTYPE(py_object, c_void_p, c_char_p, c_void_p)(("PyCapsule_New", ctypes.pythonapi))
_in_capsule = ctypes.PYFUNCTYPE(c_void_p, py_object, c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))
_table = ctypes.cast(_in_capsule(umath._UFUNC_API, None), ctypes.POINTER(c_void_p))
_from_func_and_data = ctypes.PYFUNCTYPE(py_object, c_void_p, c_void_p, c_void_p, *[c_int] * 4, c_char_p, c_char_p, c_int)(
    _table[_FROM_FUNC_AND_DATA] or 0
)
_add_loop = ctypes.PYFUNCTYPE(c_int, py_object, c_void_p)(_table[_ADD_LOOP_FROM_SPEC] or 0)
_add_promoter = ctypes.PYFUNCTYPE(c_int, py_object, py_object, py_object)(_table[_ADD_PROMOTER] or 0)
_Promoter = ctypes.PYFUNCTYPE(c_int, c_void_p, *[ctypes.POINTER(c_void_p)] * 3)


class _Slot(ctypes.Structure):
    _fields_ = (("slot", c_int), ("value", c_void_p))


class _Spec(ctypes.Structure):
    _fields_ = (
        ("name", c_char_p),
        ("nin", c_int),
        ("nout", c_int),
        ("casting", c_int),
        ("flags", c_int),
        ("dtypes", c_void_p),
        ("slots", c_void_p),
    )


class _Head(ctypes.Structure):
    """The beginning of NumPy's public PyUFuncObject, behind what every object of Python has."""

    _fields_ = (
        ("counts", c_int * 4),
        ("functions", c_void_p),
        ("data", c_void_p),
        ("ntypes", c_int),
        ("reserved", c_int),
        ("name", c_void_p),
        ("types", c_void_p),
    )


class Loop(NamedTuple):
    """One typed loop of a ufunc: its words for the driver and its compiled kernels."""

    signature: Signature
    row: np.ndarray[Any, np.dtype[np.int64]]
    kernels: dict[bool, Kernel]
    ensure: Callable[[], None]
    ensure_arrays: Callable[[], None]


_keep: list[Any] = []


@functools.cache
def strided_loop_address() -> int:
    """The compiled inner loop."""
    return entry.strided_loop()


@functools.cache
def typed_loop(record: Record, direction: Direction, dtype: str) -> Loop:
    """The loop of one direction and dtype; nothing is compiled yet."""
    sig = signature(record, direction, dtype)
    row = np.zeros(words.SIZES + len(sig.operands), np.int64)
    kernels: dict[bool, Kernel] = {}

    def ensure(arrays: bool = False) -> None:
        with compiling.lock:
            if arrays not in kernels:
                kernels[arrays] = compile_kernel(record, direction, dtype, arrays=arrays)
                row[words.KERNEL + arrays] = kernels[arrays].address

    loop = Loop(sig, row, kernels, ensure, functools.partial(ensure, True))
    row[words.COMPILE : words.COMPILE + 2] = id(loop.ensure), id(loop.ensure_arrays)
    row[words.OPERANDS], row[words.INPUTS], row[words.PARAMS] = len(sig.operands), len(sig.inputs), sig.params
    row[words.CONTROL] = control.ctypes.data
    row[words.CLEAR] = dtype == "bfloat16"  # NumPy's iterator does not heed _NO_FLOATING_POINT_ERRORS for dtypes that are not its own
    row[words.SIZES :] = [s.size for s in sig.operands]
    return loop


@functools.cache
def bfloat16() -> np.dtype[Any] | None:
    """The bfloat16 dtype of ml_dtypes, if that is installed."""
    try:
        import ml_dtypes
    except ImportError:
        return None
    found: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    return found


def numpy_dtype(name: str) -> np.dtype[Any]:
    """The NumPy dtype of a storage name."""
    found = bfloat16() if name == "bfloat16" else np.dtype(name)
    assert found is not None
    return found


def _promote_bfloat16(sig: Signature) -> Any:
    """A promoter for bfloat16 arrays with parameters: they are computed in float32, or all in float64 or longdouble if one is wider."""
    x, double, longest = (type(numpy_dtype(name)) for name in ("bfloat16", "float64", "longdouble"))
    first = len(sig.inputs) - sig.params

    codes = np.typecodes["AllInteger"] + np.typecodes["AllFloat"]
    widening = {type(np.dtype(c)) for c in codes if np.result_type(c, np.float32) != np.float32}

    def promote(ufunc: int, given: Any, signature: Any, chosen: Any) -> int:
        params = [ctypes.cast(given[j], py_object).value for j in range(first, len(sig.inputs))]
        narrow, wide = widening.isdisjoint(params), longest if longest in params else double
        for j, storage in enumerate(sig.operands):
            kind = (x if storage.dtype == "bfloat16" else type(np.dtype(storage.dtype))) if narrow else wide
            ctypes.pythonapi.Py_IncRef(py_object(kind))
            chosen[j] = id(kind)
        return 0

    return _Promoter(promote)


def _register(ufunc: np.ufunc, record: Record, direction: Direction, dtype: str) -> None:
    loop = typed_loop(record, direction, dtype)
    classes = [type(numpy_dtype(s.dtype)) for s in loop.signature.operands]
    dtypes = (c_void_p * len(classes))(*map(id, classes))
    slots = (_Slot * 3)(_Slot(_STRIDED_LOOP, strided_loop_address()), _Slot(_STATIC_DATA, loop.row.ctypes.data), _Slot(0, None))
    name = f"{ufunc.__name__}_{dtype}".encode()
    spec = _Spec(name, ufunc.nin, ufunc.nout, 0, _NO_FLOATING_POINT_ERRORS, ctypes.addressof(dtypes), ctypes.addressof(slots))
    _keep.append((dtypes, slots, name, spec))
    _add_loop(ufunc, ctypes.addressof(spec))
    if dtype == "bfloat16" and loop.signature.params:
        promoter = _promote_bfloat16(loop.signature)
        first = len(loop.signature.inputs) - loop.signature.params
        accepted = (*classes[:first], *[np.dtype] * loop.signature.params, *[None] * ufunc.nout)
        capsule = _new_capsule(ctypes.cast(promoter, c_void_p).value, b"numpy._ufunc_promoter", None)
        _keep.append((promoter, capsule))
        _add_promoter(ufunc, accepted, capsule)


def _name(record: Record, direction: Direction) -> str:
    """What pickle finds the ufunc by: a name in `fastact.ufuncs`, or the path to its attribute of a user's own, or of what has a path."""
    if "." in record.name or record.plain:
        return f"{record.name}.{'ufunc' if direction == 'forward' else f'_{direction}'}"
    return record.name if direction == "forward" else f"{record.name}_{direction}"


@functools.cache
def make_ufunc(record: Record, direction: Direction) -> np.ufunc:
    """The ufunc of one direction, for every dtype.

    NumPy resolves mixed dtypes by the list of type codes of a ufunc: it is filled in by hand, since loops that may
    fail (their first run compiles) and that raise no floating-point warnings can be added one by one only.
    """
    sig = signature(record, direction, "float32")
    name = _name(record, direction)
    texts = (name.encode(), record.summary.encode())
    ufunc: np.ufunc = _from_func_and_data(None, None, None, 0, len(sig.inputs), len(sig.outputs), _NONE_IDENTITY, *texts, 0)
    with contextlib.suppress(AttributeError):  # where an older NumPy has no place for it, pickle looks through all modules for the name
        ufunc.__module__ = record.scalar.__module__ if record.plain else "fastact" if "." in name else "fastact.ufuncs"
    long = record.in_long_double and direction not in {"accumulate", "jvp"}
    builtin = ("float16", "float32", "float64", *(("longdouble",) if long else ()))
    for dtype in (*builtin, *(["bfloat16"] if bfloat16() is not None else [])):
        _register(ufunc, record, direction, dtype)
    codes = bytes(np.dtype(s.dtype).num for dtype in builtin for s in signature(record, direction, dtype).operands)
    types = ctypes.create_string_buffer(codes, len(codes))
    head = _Head.from_address(id(ufunc) + object.__basicsize__)
    head.types, head.ntypes = ctypes.addressof(types), len(builtin)
    _keep.append((ufunc, types, texts))
    return ufunc
