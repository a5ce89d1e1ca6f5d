"""What the tests of gated units share."""

from __future__ import annotations

import pytest

import fastact as fa
from fastact import Gate

NAMED = fa.GATES
EVERY = (*NAMED, fa.gated(fa.mish), fa.gated(fa.hard_tanh))
one_gate = pytest.mark.parametrize("gate", NAMED, ids=lambda g: g.name)
any_gate = pytest.mark.parametrize("gate", EVERY, ids=lambda g: g.name)


def parameters(gate: Gate) -> list[tuple[float, ...]]:
    defaults = tuple(p.default for p in gate.params if p.default is not None)
    return list(dict.fromkeys([defaults, *list(zip(*(p.samples for p in gate.params), strict=False))[:3]]))
