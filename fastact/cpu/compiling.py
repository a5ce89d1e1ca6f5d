"""The lock of all that compiles and loads code, or starts threads for it. It is one, so there is no order of locks.

A process forks only while no other thread holds it: a child has but the thread that forked, and what another one had begun, in LLVM
or in Numba, would stay locked in it for good.
"""

from __future__ import annotations

import os
import threading

lock = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
