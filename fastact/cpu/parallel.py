"""Threads: how many a call may use, starting them once, and staying safe after a fork."""

from __future__ import annotations

import ctypes
import os
from typing import Any

import numpy as np
from numba import config, threading_layer
from numba.np.ufunc import parallel

from fastact.cpu import compiling, words

_GRAIN = 32768
_layer = ""
_forked = False

control = np.zeros(words.CONTROL_WORDS, np.int64)
"""The words that every loop reads: see `driver`."""


def _compile(index: int, function: Any, kind: Any) -> None:
    from fastact.cpu import jitted

    control[index] = jitted.address(function, kind)


def prepare_sums() -> None:
    """Compile the accumulation of parameter gradients."""
    from fastact.cpu import raw, sums

    with compiling.lock:
        if not control[words.ACCUMULATE]:
            _compile(words.ACCUMULATE, sums.accumulate, raw.ACCUMULATE_LOOP)


def prepare() -> None:
    """Compile the pieces of the driver that large, strided and overlapping calls need."""
    from fastact.cpu import blocks, driver, raw

    with compiling.lock:
        if control[words.GENERAL]:
            return
        _compile(words.RUN, blocks.run, raw.RUN_LOOP)
        _compile(words.TASK, driver.task, raw.TASK_LOOP)
        _compile(words.LAUNCH, driver.launch, raw.LAUNCH_LOOP)
        _compile(words.GENERAL, driver.general, raw.GENERAL_LOOP)


def start() -> None:
    """Start Numba's threads. The workqueue layer aborts on concurrent use: there all calls stay serial."""
    global _layer  # noqa: PLW0603
    with compiling.lock:
        if control[words.PARALLEL_FOR] or control[words.THREADS] == 1:
            return
        parallel._launch_threads()
        _layer = threading_layer()
        if _layer == "workqueue":
            control[words.THREADS] = 1
            return
        import llvmlite.binding as llvm

        control[words.PARALLEL_FOR] = llvm.address_of_symbol("numba_parallel_for")


def _after_fork() -> None:
    """A child must not touch the threads of its parent."""
    global _forked  # noqa: PLW0603
    if control[words.PARALLEL_FOR]:
        _forked = True
        control[words.THREADS] = 1


def get_num_threads() -> int:
    """Threads that one large call may use.

    Returns
    -------
    int
        At least 1. It is 1 after a fork of a process that had threads running, and on Numba's workqueue layer,
        which does not bear concurrent calls.
    """
    return int(control[words.THREADS])


def set_num_threads(n: int) -> None:
    """Set the number of threads that one large call may use.

    Parameters
    ----------
    n : int
        From 1 to the number of threads Numba starts (``NUMBA_NUM_THREADS``, by default the number of cores).

    Raises
    ------
    ValueError
        If `n` is out of that range.
    RuntimeError
        If `n` > 1 and this process cannot run threads safely (see `get_num_threads`).
    """
    most = config.NUMBA_NUM_THREADS
    if not isinstance(n, int | np.integer) or isinstance(n, bool) or not 1 <= n <= most:
        raise ValueError(f"set_num_threads: n is {n!r}; accepted are whole numbers from 1 to {most}")
    if n > 1 and _forked:
        raise RuntimeError("set_num_threads: this process was forked from one whose threads were running; only n = 1 is safe here")
    if n > 1 and _layer == "workqueue":
        raise RuntimeError("set_num_threads: Numba's workqueue threading layer is not thread-safe; install tbb for more than one thread")
    control[words.THREADS] = n


def _initial_threads() -> int:
    given = os.environ.get("FASTACT_NUM_THREADS", "")
    if not given:
        return int(config.NUMBA_NUM_THREADS)
    if not given.isdecimal() or not 1 <= int(given) <= config.NUMBA_NUM_THREADS:
        raise ValueError(f"FASTACT_NUM_THREADS is {given!r}; accepted are whole numbers from 1 to {config.NUMBA_NUM_THREADS}")
    return int(given)


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0


control[words.THREADS] = _initial_threads()
control[words.GRAIN] = _GRAIN
control[words.START] = id(start)
control[words.PREPARE] = id(prepare)
control[words.ENSURE] = _address(ctypes.pythonapi.PyGILState_Ensure)
control[words.CALL] = _address(ctypes.pythonapi.PyObject_CallNoArgs)
control[words.RELEASE] = _address(ctypes.pythonapi.PyGILState_Release)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
