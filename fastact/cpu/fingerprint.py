"""A hash of what Numba makes machine code of: bytecode, constants, names, defaults, closures, and what the names stand for.

It goes all the way down. It is taken of the functions at hand and not of files, so it holds for what this process runs. What is of
a kind not known here has no hash: its machine code is not kept.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from llvmlite import ir
from numba import __version__ as numba_version
from numba import types
from numba.core.dispatcher import Dispatcher
from numba.core.typing import Signature
from numba.extending import _Intrinsic

from fastact.cache import digest

_Cached = functools._lru_cache_wrapper
_PLAIN = (type(None), bool, int, str, bytes, type(...))
_LIBRARIES = ("numba", "llvmlite", "numpy", "math", "builtins")
"""Known by their versions."""


class _UnknownError(Exception):
    """Something of a kind that cannot be told apart from others of its kind."""


def fingerprint(function: Any) -> str | None:
    """The hash of a function that Numba compiles, or None where it cannot be told."""
    try:
        return digest([numba_version, np.__version__, *_Walk().value(function, compiled=True)])
    except (_UnknownError, RecursionError):
        return None


class _Walk:
    """What is told of a function; what was met before is told by its number."""

    def __init__(self) -> None:
        self.met: dict[tuple[int, tuple[str, ...]], tuple[int, Any]] = {}

    def value(self, value: Any, *, compiled: bool, names: Iterable[str] = ()) -> Iterator[str]:
        """Texts of a value; `compiled` says that Numba compiles it, else Python runs it in doing so; `names` are looked up in modules."""
        yield type(value).__name__
        if isinstance(value, _PLAIN):
            yield repr(value)
        elif isinstance(value, float):
            yield value.hex()
        elif isinstance(value, np.generic | np.ndarray):
            yield from self._numbers(np.asarray(value))
        elif isinstance(value, tuple | list):
            yield str(len(value))
            for item in value:
                yield from self.value(item, compiled=compiled, names=names)
        elif isinstance(value, frozenset):
            yield from sorted(repr(tuple(self.value(item, compiled=compiled))) for item in value)
        elif isinstance(value, dict) and not compiled:
            yield from self.value(list(value.items()), compiled=False)
        elif isinstance(value, type):
            yield self._of_library(value)
        elif isinstance(value, types.Type | ir.Type | Signature):
            yield self._named(str(value))
        else:
            yield from self._part(value, compiled, names)

    def _part(self, value: Any, compiled: bool, names: Iterable[str]) -> Iterator[str]:
        key = id(value), tuple(sorted(names)) if isinstance(value, ModuleType) else ()
        if key in self.met:
            yield str(self.met[key][0])
            return
        self.met[key] = len(self.met), value
        if isinstance(value, Dispatcher):
            yield from self._items(value.targetoptions, compiled=False)
            yield from self._function(value.py_func, compiled=True)
        elif isinstance(value, _Intrinsic):
            yield from self._function(value._defn, compiled=False)
        elif isinstance(value, CodeType):
            yield from self._code(value)
        elif isinstance(value, ModuleType):
            yield from self._module(value, compiled, names)
        elif isinstance(value, FunctionType) and not compiled:
            yield from [self._of_library(value)] if _library(value) else self._function(value, compiled=False)
        elif isinstance(value, _Cached) and not compiled:
            yield from self._function(value.__wrapped__, compiled=False)
        elif isinstance(value, BuiltinFunctionType | np.ufunc):
            yield self._of_library(value)
        else:
            raise _UnknownError

    def _numbers(self, value: Any) -> Iterator[str]:
        if value.dtype.hasobject:
            raise _UnknownError
        yield from (str(value.dtype), str(value.shape), value.tobytes().hex())

    def _named(self, text: str) -> str:
        if " at 0x" in text:
            raise _UnknownError
        return text

    def _of_library(self, value: Any) -> str:
        if not _library(value):
            raise _UnknownError
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', value.__name__)}"

    def _module(self, module: ModuleType, compiled: bool, names: Iterable[str]) -> Iterator[str]:
        yield module.__name__
        if compiled or not _library(module):
            found = {name: getattr(module, name) for name in sorted(set(names)) if hasattr(module, name)}
            yield from self._items(found, compiled=compiled, names=names)

    def _items(self, items: dict[str, Any], *, compiled: bool, names: Iterable[str] = ()) -> Iterator[str]:
        for name, value in sorted(items.items()):
            yield name
            yield from self.value(value, compiled=compiled, names=names)

    def _function(self, function: Callable[..., Any], *, compiled: bool) -> Iterator[str]:
        if not isinstance(function, FunctionType):
            raise _UnknownError
        names = _names(function.__code__)
        yield from self._code(function.__code__)
        for more in (function.__defaults__, function.__kwdefaults__ and tuple(sorted(function.__kwdefaults__.items()))):
            yield from self.value(more, compiled=compiled)
        for cell in function.__closure__ or ():
            try:
                content = cell.cell_contents
            except ValueError:
                raise _UnknownError from None
            yield from self.value(content, compiled=compiled, names=names)
        found = {name: function.__globals__[name] for name in names if name in function.__globals__}
        yield from self._items(found, compiled=compiled, names=names)

    def _code(self, code: CodeType) -> Iterator[str]:
        yield from (code.co_code.hex(), str(code.co_flags), str((code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)))
        yield from (repr(code.co_names), repr(code.co_varnames), repr(code.co_freevars), repr(code.co_cellvars))
        yield getattr(code, "co_exceptiontable", b"").hex()
        yield from self.value(code.co_consts, compiled=True)


def _library(value: Any) -> bool:
    if isinstance(value, np.ufunc):
        return getattr(np, value.__name__, None) is value
    module = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None) or "builtins"
    return module.partition(".")[0] in _LIBRARIES


def _names(code: CodeType) -> set[str]:
    """The names that a function looks up, with those of the functions inside it."""
    return set(code.co_names).union(*(_names(c) for c in code.co_consts if isinstance(c, CodeType)))
