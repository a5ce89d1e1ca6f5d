"""Every peer computes the function that ours does, so that no ratio compares two functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastact as fa
from bench.cases import PEERS, Arrays, ours, peers
from fastact.peers import installed

SIZE = 4096


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("way", ["forward", "backward"])
def test_same_function(activation: fa.Activation, way: str, dtype: str) -> None:
    a, b = (Arrays.make(SIZE, np.dtype(dtype)) for _ in range(2))
    ours(activation, way, a)()
    for peer, run in peers(activation, way, b).items():
        b.y.fill(np.nan)
        made = run()
        found = b.y if made is None else np.asarray(made)
        assert found.dtype == b.x.dtype, peer
        np.testing.assert_allclose(found, a.y, rtol=2e-3, atol=2e-3, err_msg=peer)


@pytest.mark.parametrize("peer", list(PEERS))
def test_unknown_name_is_skipped(peer: str) -> None:
    if not installed(peer):
        pytest.skip(f"{peer} is not installed")
    a: Any = Arrays.make(8)
    for way in ("forward", "backward"):
        assert PEERS[peer]("no_such_function", way, a, ()) is None
