"""Philox 4x32-10, the counter-based generator of Salmon, Moraes, Dror & Shaw 2011 (Parallel random numbers: as easy as 1, 2, 3).

A counter of 128 bits and a key of 64 bits give 128 bits, four words of 32, by ten rounds of multiplications; there is
no state. Here the low half of the counter is a position in a stream, the high half the number of the stream.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
_I64 = ir.IntType(64)
_LOW = 0xFFFFFFFF
Words = np.ndarray[Any, np.dtype[np.uint32]]


def philox(counter: Any, key: tuple[int, int]) -> Words:
    """Words of the generator.

    Parameters
    ----------
    counter : array_like of unsigned integers, shape (..., 4)
        The words of the counter, below 2^32, least significant first.
    key : tuple of two int
        The words of the key.

    Returns
    -------
    ndarray of uint32, shape (..., 4)
        The random words.
    """
    c = [np.asarray(counter, np.uint64)[..., k] for k in range(4)]
    k0, k1 = key
    for _ in range(ROUNDS):
        first, second = (c[2 * k] * np.uint64(MULTIPLIERS[k]) for k in range(2))
        low, shift = np.uint64(_LOW), np.uint64(32)
        c = [(second >> shift) ^ c[1] ^ np.uint64(k0), second & low, (first >> shift) ^ c[3] ^ np.uint64(k1), first & low]
        k0, k1 = (k0 + WEYL[0]) & _LOW, (k1 + WEYL[1]) & _LOW
    return np.stack(c, -1).astype(np.uint32)


def round_keys(builder: Any, seed: Any) -> list[tuple[Any, Any]]:
    """The two key words of each round, in the low halves of 64-bit integers."""
    low = _I64(_LOW)
    keys = [(builder.and_(seed, low), builder.lshr(seed, _I64(32)))]
    for _ in range(ROUNDS - 1):
        keys.append(tuple(builder.and_(builder.add(k, _I64(w)), low) for k, w in zip(keys[-1], WEYL, strict=True)))
    return keys


def emit(builder: Any, position: Any, stream: Any, keys: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    """LLVM code for the four words at a 64-bit `position` of a 64-bit `stream`, as two 64-bit integers, low words first.

    Each 32-bit word has a lane of 64 bits, whose high half is left dirty until the next product masks it: that is
    the operand form of the vector multiplications 32 x 32 -> 64.
    """
    low, half = _I64(_LOW), _I64(32)
    c0, c1, c2, c3 = position, builder.lshr(position, half), stream, builder.lshr(stream, half)
    for k0, k1 in keys:
        first, second = (builder.mul(builder.and_(c, low), _I64(m)) for c, m in ((c0, MULTIPLIERS[0]), (c2, MULTIPLIERS[1])))
        c0, c1, c2, c3 = (
            builder.xor(builder.xor(builder.lshr(second, half), c1), k0),
            second,
            builder.xor(builder.xor(builder.lshr(first, half), c3), k1),
            first,
        )
    return tuple(builder.or_(builder.and_(a, low), builder.shl(b, half)) for a, b in ((c0, c1), (c2, c3)))
