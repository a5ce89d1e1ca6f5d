"""The process that forks for every scene; it has imported what they share, and never used a driver.

A module of scenes may have a function `warm`, which is called once before any of them, to compile what they compare with.
"""

from __future__ import annotations

import importlib
import os
import pickle
import sys
import traceback
from typing import Any

import fastact.cuda.calls  # noqa: F401


def _child(module: str, name: str, given: dict[str, Any], environment: dict[str, str]) -> str:
    """What went wrong in a scene."""
    os.environ.update(environment)
    from stub.device import Stub

    stub = Stub(os.environ["STUB_LIBRARY"])
    try:
        vars(importlib.import_module(module))[name].__wrapped__(stub, **given)
        stub.check()
    except BaseException:  # noqa: BLE001
        return "".join(f"in a launch: {fault}\n" for fault in stub.faults) + traceback.format_exc()
    return ""


def main() -> None:
    """Serve requests until the pipe is closed."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        try:
            request = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        if request[0] not in sys.modules:
            getattr(importlib.import_module(request[0]), "warm", lambda: None)()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(_child(*request), pipe)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            answer = pipe.read()
        status = os.waitpid(child, 0)[1]
        pickle.dump(pickle.loads(answer) if answer else f"the scene's process ended with status {status}", replies)
        replies.flush()


if __name__ == "__main__":
    main()
