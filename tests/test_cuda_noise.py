"""Noise drawn on the device: the generator's known answers, and the CPU's bits for every draw and every function, by the interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import edges, ordinary, same_bits
from cudalaunch import aligned, filled, launch
from llvmlite import ir
from planned import execute, strides
from ptx import Memory, run
from test_noise_vectors import ANSWERS

import fastact as fa
from fastact.cuda import drawing, noise, philox
from fastact.cuda.drawing import elementwise_plan
from fastact.cuda.elementwise import flat
from fastact.cuda.noise import fill
from fastact.cuda.plan import Plan
from fastact.cuda.target import GLOBAL, program, special
from fastact.noise import draws
from fastact.noise.unit import Noisy

Array = Any
SEED, STREAM = 0x0123456789ABCDEF, 2**40 + 5
KEY = (SEED, STREAM)
AFTER = fa.dropout_after(fa.gelu)


def numbers(dtype: str, count: int, seed: int = 0) -> Array:
    special = edges(dtype)
    return np.concatenate([special, ordinary(dtype, count - special.size, seed)])


def drawn(unit: Noisy, direction: Any, arrays: list[Array], *params: float, first: int = 0, vectors: int | None = None) -> Array:
    """The result for arrays whose first element takes the first draw at the position `first`."""
    dtype, n = arrays[0].dtype.name, arrays[0].size
    values = params or unit.record.typical[1:]
    made = flat(unit.record, direction, dtype, "d" + "v" * len(values), vectors, unit.draw)
    result = aligned(n, dtype)
    launch(made, [filled(a) for a in arrays], [result], [*KEY, first, *values], n)
    return result


@pytest.mark.parametrize(("counter", "key", "answer"), ANSWERS)
def test_known_answers(counter: tuple[int, ...], key: tuple[int, int], answer: str) -> None:
    def write(b: Any, arguments: list[Any]) -> None:
        target, position, seed, stream = arguments
        made = philox.words(b, b.add(position, b.zext(special(b, "tid.x"), ir.IntType(64))), seed, stream)
        for k, word in enumerate(made):
            b.store(word, b.gep(target, [ir.IntType(32)(k)], source_etype=ir.IntType(32)), align=4)

    made = program("words", [GLOBAL, *philox.ARGUMENTS], 1, write)
    result, memory = np.zeros(4, np.uint32), Memory()
    low, high = counter[0] | counter[1] << 32, counter[2] | counter[3] << 32
    run(made.ptx, made.name, 1, 1, [memory.add(result), low, key[0] | key[1] << 32, high], memory)
    assert " ".join(f"{w:08x}" for w in result) == answer


@pytest.mark.parametrize("unit", fa.NOISY, ids=lambda u: u.name)
@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_units_have_the_bits_of_the_cpu(unit: Noisy, direction: str) -> None:
    x, dy = numbers("float32", 2500), numbers("float32", 2500, 1)[::-1]
    arrays = [x] if direction == "forward" else [dy, x]
    wanted = unit(x, rng=KEY) if direction == "forward" else unit.backward(dy, x, rng=KEY, wrt="x")
    same_bits(drawn(unit, direction, arrays), wanted)


@pytest.mark.parametrize("unit", [fa.noisy_hard_tanh_half, fa.dropout, AFTER], ids=lambda u: u.name)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_dtypes_have_the_bits_of_the_cpu(unit: Noisy, dtype: str) -> None:
    x, dy = numbers(dtype, 4200), numbers(dtype, 4200, 1)[::-1]
    same_bits(drawn(unit, "forward", [x]), unit(x, rng=KEY))
    if unit is fa.dropout:
        same_bits(drawn(unit, "backward", [dy, x]), unit.backward(dy, x, rng=KEY, wrt="x"))


def test_other_parameters_and_directions() -> None:
    x = numbers("float32", 2500)
    for rate in (0.0, 0.1, 1.0, 1.5):
        same_bits(drawn(fa.dropout, "forward", [x], rate), fa.dropout(x, rng=KEY, rate=rate))
    same_bits(drawn(fa.noisy_relu, "derivative", [x]), fa.noisy_relu.derivative(x, rng=KEY))
    same_bits(drawn(AFTER, "forward", [x], 0.25), AFTER(x, rng=KEY, rate=0.25))


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64"])
def test_a_draw_belongs_to_its_index_alone(dtype: str) -> None:
    """Neither the length, the part of the array that a launch does, nor the vectors of a thread matter."""
    x = ordinary(dtype, 9000)
    whole = fa.alpha_dropout(x, rng=KEY)
    per_position = 2 if dtype == "float64" else 4
    for begin, end in ((0, 1), (0, 4099), (4096, 9000), (8, 2056), (8992, 9000)):
        same_bits(drawn(fa.alpha_dropout, "forward", [x[begin:end]], first=begin // per_position), whole[begin:end])
    for vectors in (1, 3):
        same_bits(drawn(fa.alpha_dropout, "forward", [x], vectors=vectors), whole)


@pytest.mark.parametrize("name", ["uniform", "normal", "gumbel"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arrays_of_noise_have_the_bits_of_the_cpu(name: str, dtype: str) -> None:
    wanted = getattr(fa.noise, name)(KEY, 6000, dtype)
    made = fill(getattr(draws, name), dtype)
    for count in (1, 5, 6000):
        result = aligned(count, dtype)
        launch(made, [], [result], [*KEY, 0], count)
        same_bits(result, wanted[:count])


def test_positions_have_64_bits() -> None:
    """At the end of the words that 32 bits of a position tell apart, and across it."""
    first, made = 2**32 - 100, fill(draws.uniform, "float32")
    result = aligned(800, "float32")
    launch(made, [], [result], [*KEY, first], 800)
    positions = np.arange(first, first + 200, dtype=np.uint64)
    counters = np.stack([positions & np.uint64(0xFFFFFFFF), positions >> np.uint64(32), positions * 0, positions * 0], -1)
    counters[:, 2], counters[:, 3] = STREAM & 0xFFFFFFFF, STREAM >> 32
    words = fa.noise.philox(counters, (SEED & 0xFFFFFFFF, SEED >> 32)).ravel()
    same_bits(result, (words >> 8).astype(np.float32) * np.float32(2**-24))


def test_a_zero_word_gives_no_zero() -> None:
    """24 bits are all 0 once in 2^24 words; for this seed early on."""
    result, place = aligned(8, "float32"), 82_143 // 4
    launch(fill(draws.uniform, "float32"), [], [result], [277, 0, place], 8)
    assert result[82_143 - 4 * place] == 2.0**-25


def test_parameters_beside_noise_may_be_arrays() -> None:
    x, rate = ordinary("float32", (40, 64)), np.linspace(0, 0.9, 64).astype(np.float32)
    made = flat(fa.dropout.record, "forward", "float32", "dr", None, fa.dropout.draw)
    result = aligned(x.size, "float32")
    launch(made, [filled(x)], [result], [*KEY, 0, (filled(rate), 1, 64)], x.size)
    same_bits(result.reshape(x.shape), fa.dropout(x, rng=KEY, rate=rate))


@pytest.mark.parametrize("draw", [draws.normal, draws.gumbel])
def test_quotients_of_draws_are_never_in_doubt(draw: Any) -> None:
    """So that no warp has to do them again: the ordinary division is not executed in whole blocks."""
    made = fill(draw, "float32")
    result = aligned(64 * made.span, "float32")
    counts = launch(made, [], [result], [*KEY, 0], result.size)
    assert counts.instructions["rcp.approx.ftz.f32"] > 0
    assert counts.instructions["div.rn.f32"] == 0


def planned(unit: Noisy, direction: Any, arrays: list[Array], out: Array, *params: Any, aligned: bool = True) -> Plan:
    """Run a call's plan on views of any layout; the result goes to `out`."""
    shape, dtype = out.shape, out.dtype.name
    values = list(params or unit.record.typical[1:])
    seen = [*(strides(a, shape) for a in (*arrays, out)), None, *(strides(v, shape) for v in values)]
    modes = "".join("a" if isinstance(v, np.ndarray) else "v" for v in (0.0, *values))
    plan = elementwise_plan(unit.record, direction, dtype, unit.draw, modes, shape, seen, aligned=aligned)
    execute(plan, [*arrays, out, 0.0, *values, *KEY], [len(arrays)])
    return plan


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_any_layout_draws_by_the_index_in_c_order(dtype: str) -> None:
    x = filled(ordinary(dtype, (30, 70)))
    for view in (x.reshape(30, 70), x.reshape(70, 30).T, x.reshape(30, 70)[::-1, ::2], x[:210].reshape(3, 70)[:, None]):
        out = aligned(view.size, dtype).reshape(view.shape)
        plan = planned(fa.noisy_hard_tanh, "forward", [view], out)
        same_bits(out, fa.noisy_hard_tanh(view, rng=KEY))
        assert (plan.scratch == 0) == view.flags.c_contiguous


def test_layouts_of_results_and_of_parameters() -> None:
    x, dy = (filled(ordinary("float32", (30, 70), k)).reshape(30, 70) for k in range(2))
    wanted, rate = fa.dropout.backward(dy, x, rng=KEY), filled(np.linspace(0, 0.9, 70).astype(np.float32))
    out = aligned(2100, "float32").reshape(70, 30).T
    planned(fa.dropout, "backward", [dy, x], out)
    same_bits(out, wanted)
    out = aligned(2100, "float32").reshape(30, 70)
    assert planned(fa.dropout, "forward", [x], out, rate).scratch == 0
    same_bits(out, fa.dropout(x, rng=KEY, rate=rate))
    planned(fa.dropout, "forward", [x], out, aligned=False)
    same_bits(out, fa.dropout(x, rng=KEY))


@pytest.mark.parametrize("aligned_data", [True, False])
def test_calls_are_split_where_positions_go_on(monkeypatch: pytest.MonkeyPatch, aligned_data: bool) -> None:
    monkeypatch.setattr(drawing, "MOST", 1024)
    monkeypatch.setattr(noise, "MOST", 1024)
    for dtype in ("bfloat16", "float64"):
        x, out = filled(ordinary(dtype, 2500)), aligned(2500, dtype)
        planned(fa.noisy_relu, "forward", [x], out, aligned=aligned_data)
        same_bits(out, fa.noisy_relu(x, rng=KEY))
