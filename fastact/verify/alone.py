"""One run at a time for each file of results."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


class BusyFileError(OSError):
    """Another run has the file."""


@contextmanager
def alone(path: Path | None) -> Iterator[None]:
    """Lock a file beside `path` meanwhile; BusyFileError if another run has done so, OSError if it cannot be made.

    The system takes the lock away with the process, however that ends. Where it has no such locks, nothing is locked.
    """
    if path is None or fcntl is None:
        yield
        return
    beside = Path(f"{path}.lock")
    lock = _locked(beside)
    try:
        yield
    finally:
        beside.unlink(missing_ok=True)
        os.close(lock)


def _locked(beside: Path) -> int:
    while True:
        lock = os.open(beside, os.O_CREAT | os.O_RDWR, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(lock), beside.stat()):
                    return lock  # not one that its owner removed between the two calls
        except BlockingIOError as error:
            os.close(lock)
            raise BusyFileError from error
        except OSError:
            os.close(lock)
            raise
        os.close(lock)
