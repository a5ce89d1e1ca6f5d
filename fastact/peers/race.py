"""One case against the limit of the memory and every peer that has it."""

from __future__ import annotations

import statistics
from typing import Any

import fastact as fa
from fastact.peers import peers
from fastact.peers.arrays import Arrays
from fastact.peers.own import limit, ours
from fastact.timing import samples


def race(activation: fa.Activation, direction: str, a: Arrays, **options: Any) -> dict[str, Any]:
    """Medians of interleaved calls in this process; `options` are those of `fastact.timing.samples`.

    Returns
    -------
    dict
        `seconds` of our call, `elements_per_second`, and of the limit and of each peer our speed over theirs: above 1 is in
        our favour. A function that is not one of fastact's own has no peers, whatever its name.
    """
    runs = {"ours": ours(activation, direction, a), "limit": limit(direction, a)}
    if activation in fa.ACTIVATIONS:
        runs |= peers(activation, direction, a)
    times = {who: statistics.median(taken) for who, taken in samples(runs, **options).items()}
    own = times.pop("ours")
    over = {who: taken / own for who, taken in times.items()}
    return {"seconds": own, "elements_per_second": a.x.size / own, "limit": over.pop("limit"), "peers": over}
