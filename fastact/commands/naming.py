"""Where an activation of your own is, as the command line says it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import fastact as fa
from fastact.printing import UsageError

FORMS = "a name of `fastact list`, module:name, or path.py:name"


def activation(text: str) -> fa.Activation:
    """The activation that is meant by "package.module:name" or "folder/file.py:name".

    A plain function that is found there is defined as `fastact.define` does.

    Raises
    ------
    UsageError
        If there is none, or the module cannot be imported.
    """
    where, _, name = text.rpartition(":")
    found: Any = _module(where)
    for part in name.split("."):
        found = getattr(found, part, None)
    if isinstance(found, FunctionType):
        try:
            found = fa.define(found)
        except (TypeError, ValueError) as error:
            raise UsageError(f"{error}{_line(error, found)}") from error
    if not isinstance(found, fa.Activation):
        told = "there is nothing of that name" if found is None else f"it is of type {type(found).__name__}"
        raise UsageError(f"{text}: {told}; accepted is an activation, made by fastact.define, or a function for it")
    return found


def _line(error: BaseException, function: FunctionType) -> str:
    """Where in the function's file its error was raised."""
    frames = traceback.extract_tb(error.__cause__.__traceback__) if error.__cause__ else []
    own = [f for f in frames if f.filename == function.__code__.co_filename]
    return f"; line {own[-1].lineno}: {own[-1].line}" if own else ""


def _module(where: str) -> ModuleType:
    path = Path(where)
    try:
        if path.suffix != ".py":
            if "" not in sys.path:
                sys.path.insert(0, "")  # as `python -m` does: the folder that the command is run in
            return importlib.import_module(where)
        name = str(path.resolve())  # no module that is imported has it
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise UsageError(f"{where} cannot be imported: {type(error).__name__}: {error}") from error
    return module
