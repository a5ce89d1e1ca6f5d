"""The interpreter of PTX that the tests of the CUDA kernels stand on: every operation against NumPy or Python, every fault caught."""

from __future__ import annotations

import fractions
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ptx.kinds import KINDS
from ptx.snippet import evaluate

from fastact.numerics import bits

Array = Any
RNG = np.random.default_rng(7)
SPECIAL = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e-40, -1e-45, 3.4e38, 2.5, -3.5, 1.5, 0.1]


def floats(kind: str, count: int = 1) -> list[Array]:
    """Every pair (triple) of special values, and random bits."""
    grid = np.meshgrid(*[np.array(SPECIAL, KINDS[kind])] * count)
    noise = [RNG.integers(0, 1 << 63, 64).astype(f"u{KINDS[kind].itemsize}").view(KINDS[kind]) for _ in range(count)]
    near = [RNG.standard_normal(64).astype(KINDS[kind]) for _ in range(count)]
    return [np.concatenate([g.ravel()[:800], a, b]) for g, a, b in zip(grid, noise, near, strict=True)]


def integers(kind: str, count: int = 1) -> list[Array]:
    dtype = KINDS[kind]
    edges = np.array([0, 1, 2, 5, 31, 32, 64, 255], dtype)
    edges = np.concatenate([edges, ~edges, np.left_shift(dtype.type(1), np.array([8 * dtype.itemsize - 1], dtype))])
    grid = np.meshgrid(*[edges] * min(count, 2))
    columns = [g.ravel() for g in grid] + [np.resize(edges, len(edges) ** 2)] * (count - len(grid))
    noise = RNG.integers(0, 1 << 63, (count, 64)).astype(dtype)
    return [np.concatenate([c, n]) for c, n in zip(columns, noise, strict=True)]


def same(got: Array, want: Any) -> None:
    """Bit for bit, NaN for NaN."""
    want = np.asarray(want, got.dtype)
    raw = f"u{got.dtype.itemsize}"
    nan = np.isnan(got) & np.isnan(want)
    np.testing.assert_array_equal(np.where(nan, 0, got.view(raw)), np.where(nan, 0, want.view(raw)))


def pick(least: bool) -> Callable[..., Array]:
    def choose(a: Any, b: Any) -> float:
        if np.isnan(a) or np.isnan(b):
            return b if np.isnan(a) else a
        if a == b == 0:
            return a if (math.copysign(1, a) < 0) == least else b
        return min(a, b) if least else max(a, b)

    return lambda *x: np.array([choose(*e) for e in zip(*x, strict=True)])


@pytest.mark.parametrize("kind", ["f32", "f64"])
@pytest.mark.parametrize(
    ("code", "count", "want"),
    [
        ("add.rn.K {d}, {a}, {b};", 2, np.add),
        ("sub.rn.K {d}, {a}, {b};", 2, np.subtract),
        ("mul.rn.K {d}, {a}, {b};", 2, np.multiply),
        ("div.rn.K {d}, {a}, {b};", 2, np.divide),
        ("rcp.rn.K {d}, {a};", 1, lambda a: 1 / a),
        ("sqrt.rn.K {d}, {a};", 1, np.sqrt),
        ("neg.K {d}, {a};", 1, np.negative),
        ("abs.K {d}, {a};", 1, np.abs),
        ("copysign.K {d}, {a}, {b};", 2, lambda sign, x: np.copysign(x, sign)),
        ("min.K {d}, {a}, {b};", 2, pick(least=True)),
        ("max.K {d}, {a}, {b};", 2, pick(least=False)),
        ("max.NaN.K {d}, {a}, {b};", 2, lambda a, b: np.where(np.isnan(a + b), np.maximum(a, b), pick(least=False)(a, b))),
        ("fma.rn.K {d}, {a}, {b}, {c};", 3, lambda *x: np.array([bits.fma(*e) for e in zip(*x, strict=True)])),
        ("mov.K {d}, {a};", 1, np.copy),
        ("slct.K.s32 {d}, {a}, {b}, -1;", 2, lambda _, b: b),
        ("cvt.rni.K.K {d}, {a};", 1, np.rint),
        ("cvt.rmi.K.K {d}, {a};", 1, np.floor),
        ("setp.lt.K %p1, {a}, {b}; selp.K {d}, {a}, {b}, %p1;", 2, lambda a, b: np.where(a < b, a, b)),
    ],
)
def test_floats(kind: str, code: str, count: int, want: Any) -> None:
    x = floats(kind, count)
    with np.errstate(all="ignore"):
        same(evaluate(code.replace("K", kind), x, kind), want(*x))


@pytest.mark.parametrize("kind", ["f32", "f64"])
@pytest.mark.parametrize("test", ["eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"])
def test_float_comparisons(kind: str, test: str) -> None:
    a, b = floats(kind, 2)
    unordered = np.isnan(a) | np.isnan(b)
    if test in ("num", "nan"):
        want = unordered == (test == "nan")
    else:
        ordered = {"eq": a == b, "ne": a != b, "lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b}[test.removesuffix("u")]
        want = np.where(unordered, test.endswith("u"), ordered)
    assert (evaluate(f"setp.{test}.{kind} {{d}}, {{a}}, {{b}};", [a, b], "pred") == want).all()
    assert (evaluate(f"setp.{test}.{kind} %p1|{{d}}, {{a}}, {{b}};", [a, b], "pred") != want).all()
    combined = evaluate(f"setp.gt.s32 %p1, %r1000, 50; setp.{test}.and.{kind} {{d}}, {{a}}, {{b}}, !%p1;", [a, b], "pred")
    assert (combined == (want & (np.arange(len(a)) <= 50))).all()


@pytest.mark.parametrize("name", ["finite", "infinite", "number", "notanumber", "normal", "subnormal"])
def test_float_classes(name: str) -> None:
    (x,) = floats("f32")
    want = {
        "finite": np.isfinite(x),
        "infinite": np.isinf(x),
        "number": ~np.isnan(x),
        "notanumber": np.isnan(x),
        "normal": np.isfinite(x) & (np.abs(x) >= 2.0**-126),
        "subnormal": (np.abs(x) < 2.0**-126) & (x != 0),
    }
    assert (evaluate(f"testp.{name}.f32 {{d}}, {{a}};", [x], "pred") == want[name]).all()


def signed(x: int, size: int) -> int:
    return (x + (1 << (size - 1))) % (1 << size) - (1 << (size - 1))


def towards_zero(a: Any, b: Any) -> int:
    return int(fractions.Fraction(a, b))


INTEGERS = {
    "add.K {d}, {a}, {b};": lambda n, a, b: a + b,
    "sub.K {d}, {a}, {b};": lambda n, a, b: a - b,
    "mul.lo.K {d}, {a}, {b};": lambda n, a, b: a * b,
    "mul.hi.K {d}, {a}, {b};": lambda n, a, b: a * b >> n,
    "mad.lo.K {d}, {a}, {b}, {c};": lambda n, a, b, c: a * b + c,
    "mad.hi.K {d}, {a}, {b}, {c};": lambda n, a, b, c: (a * b >> n) + c,
    "min.K {d}, {a}, {b};": lambda n, a, b: min(a, b),
    "max.K {d}, {a}, {b};": lambda n, a, b: max(a, b),
    "or.B {d}, {b}, 1; div.K {d}, {a}, {d};": lambda n, a, b: towards_zero(a, b | 1),
    "or.B {d}, {b}, 1; rem.K {d}, {a}, {d};": lambda n, a, b: a - towards_zero(a, b | 1) * (b | 1),
    "and.B {d}, {a}, {b};": lambda n, a, b: a & b,
    "or.B {d}, {a}, {b};": lambda n, a, b: a | b,
    "xor.B {d}, {a}, {b};": lambda n, a, b: a ^ b,
    "not.B {d}, {a};": lambda n, a: ~a,
    "cvt.u32.K %r1, {b}; shl.B {d}, {a}, %r1;": lambda n, a, b: a << b % 2**32 if b % 2**32 < n else 0,
    "cvt.u32.K %r1, {b}; shr.K {d}, {a}, %r1;": lambda n, a, b: a >> min(b % 2**32, n),
    "setp.lt.K %p1, {a}, {b}; selp.B {d}, {a}, {b}, %p1;": lambda n, a, b: min(a, b),
    "setp.ne.K %p1, {a}, {b}; selp.B {d}, 7, 9, %p1;": lambda n, a, b: 7 if a != b else 9,
}


@pytest.mark.parametrize("code", INTEGERS)
@pytest.mark.parametrize("kind", ["s16", "u16", "s32", "u32", "s64", "u64"])
def test_integers(kind: str, code: str) -> None:
    size, want = 8 * KINDS[kind].itemsize, INTEGERS[code]
    x = integers(kind, want.__code__.co_argcount - 1)
    exact = [want(size, *map(int, e)) for e in zip(*x, strict=True)]
    got = evaluate(code.replace("K", kind).replace("B", f"b{size}"), x, kind)
    assert got.tolist() == [signed(w, size) if kind[0] == "s" else w % (1 << size) for w in exact]


def odd_bytes(a: Any, b: Any) -> int:
    both = (a | b << 32).to_bytes(8, "little")
    return int.from_bytes(both[1::2], "little")


FIELDS = {
    "mul.wide.s32 {d}, {a}, {b};": ("s32", "s64", lambda a, b: a * b),
    "mul.wide.u16 {d}, {a}, {b};": ("u16", "u32", lambda a, b: a * b),
    "mov.u64 {d}, 77; mad.wide.u32 {d}, {a}, {b}, {d};": ("u32", "u64", lambda a, b: (a * b + 77) % 2**64),
    "popc.b32 {d}, {a};": ("u32", "u32", lambda a: a.bit_count()),
    "clz.b32 {d}, {a};": ("u32", "u32", lambda a: 32 - a.bit_length()),
    "clz.b64 {d}, {a};": ("u64", "u32", lambda a: 64 - a.bit_length()),
    "brev.b32 {d}, {a};": ("u32", "u32", lambda a: int(f"{a:032b}"[::-1], 2)),
    "prmt.b32 {d}, {a}, {b}, 0x7531;": ("u32", "u32", odd_bytes),
    "lop3.b32 {d}, {a}, {b}, {c}, 0xCA;": ("u32", "u32", lambda a, b, c: a & b | ~a & c),
    "bfe.u32 {d}, {a}, 5, 9;": ("u32", "u32", lambda a: a >> 5 & 511),
    "bfe.u32 {d}, {a}, 28, 9;": ("u32", "u32", lambda a: a >> 28),
    "bfe.s32 {d}, {a}, 5, 9;": ("s32", "s32", lambda a: signed(a >> 5 & 511, 9)),
    "bfe.s32 {d}, {a}, 5, 0;": ("s32", "s32", lambda _: 0),
    "bfi.b32 {d}, {a}, {b}, 4, 8;": ("u32", "u32", lambda a, b: b & ~0xFF0 | (a & 255) << 4),
    "bfi.b32 {d}, {a}, {b}, 0, 32;": ("u32", "u32", lambda a, b: a),
    "and.b32 %r1, {b}, 63; shf.l.wrap.b32 {d}, {a}, {b}, %r1;": ("u32", "u32", lambda a, b: ((a | b << 32) << b % 32) >> 32 & 2**32 - 1),
    "and.b32 %r1, {b}, 63; shf.r.wrap.b32 {d}, {a}, {b}, %r1;": ("u32", "u32", lambda a, b: (a | b << 32) >> b % 32 & 2**32 - 1),
    "and.b32 %r1, {b}, 63; shf.r.clamp.b32 {d}, {a}, {b}, %r1;": ("u32", "u32", lambda a, b: (a | b << 32) >> min(b % 64, 32) & 2**32 - 1),
    "mov.b32 {{%rs1, %rs2}}, {a}; mov.b32 {d}, {{%rs2, %rs1}};": ("u32", "u32", lambda a: a >> 16 | a % 2**16 << 16),
    "mov.b64 {{%r1, _}}, {a}; mov.b64 {d}, {{%r1, 5}};": ("u64", "u64", lambda a: a % 2**32 | 5 << 32),
    "cvt.s64.s32 {d}, {a};": ("s32", "s64", lambda a: a),
    "cvt.u64.u32 {d}, {a};": ("u32", "u64", lambda a: a),
    "cvt.s32.s8 {d}, {a};": ("u32", "s32", lambda a: signed(a, 8)),
    "cvt.u16.u64 {d}, {a};": ("u64", "u16", lambda a: a % 2**16),
}


@pytest.mark.parametrize("code", FIELDS)
def test_bit_fields(code: str) -> None:
    kind, result, want = FIELDS[code]
    x = integers(kind, want.__code__.co_argcount)
    assert evaluate(code, x, result).tolist() == [want(*map(int, e)) for e in zip(*x, strict=True)]


def test_bytes_are_chosen_by_a_selector_with_signs() -> None:
    a, b, selector = (np.array(v, np.uint32) for v in ([0x80FF7F01] * 2, [0x11223344] * 2, [0xB0A9, 0x4567]))
    assert evaluate("prmt.b32 {d}, {a}, {b}, {c};", [a, b, selector], "u32").tolist() == [0xFF01FF00, 0x44332211]


def test_conversions_of_floats() -> None:
    single, double = floats("f32")[0], floats("f64")[0]
    half = np.arange(1 << 16, dtype=np.uint16)
    with np.errstate(all="ignore"):
        same(evaluate("cvt.f64.f32 {d}, {a};", [single], "f64"), single.astype(np.float64))
        same(evaluate("cvt.rn.f32.f64 {d}, {a};", [double], "f32"), double.astype(np.float32))
        same(evaluate("cvt.rn.f16.f32 {d}, {a};", [single], "f16"), single.astype(np.float16))
        same(evaluate("cvt.f32.f16 {d}, {a};", [half[:1000]], "f32"), half[:1000].view(np.float16).astype(np.float32))
        same(evaluate("cvt.f32.bf16 {d}, {a};", [half[-1000:]], "f32"), half[-1000:].astype(np.uint32).__lshift__(16).view(np.float32))


def test_conversions_to_bfloat16_round_to_even() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    x = np.concatenate([floats("f32")[0], np.array([1.00390625, 1.01171875, 3.4e38], np.float32)])
    want = x.astype(ml_dtypes.bfloat16)
    got = evaluate("cvt.rn.bf16.f32 {d}, {a};", [x], "bf16").view(ml_dtypes.bfloat16)
    same(got.astype(np.float32), want.astype(np.float32))
    packed = evaluate("cvt.rn.bf16x2.f32 {d}, {a}, {b};", [x, -x], "b32")
    same((packed & 0xFFFF0000).view(np.float32), want.astype(np.float32))
    same((packed << 16).view(np.float32), -want.astype(np.float32))


def test_conversions_between_floats_and_integers() -> None:
    x = np.array([0.5, 1.5, -2.5, 3e9, -3e9, 1e20, -1e20, math.inf, -math.inf, math.nan, 2147483520.0], np.float32)
    top = 2**31 - 1
    assert evaluate("cvt.rzi.s32.f32 {d}, {a};", [x], "s32").tolist() == [0, 1, -2, top, ~top, top, ~top, top, ~top, 0, 2147483520]
    assert evaluate("cvt.rni.s32.f32 {d}, {a};", [x], "s32").tolist()[:3] == [0, 2, -2]
    assert evaluate("cvt.rzi.u32.f32 {d}, {a};", [x], "u32").tolist()[3:7] == [3000000000, 0, 2**32 - 1, 0]
    assert evaluate("cvt.rzi.s64.f32 {d}, {a};", [x], "s64").tolist()[-3:] == [-(2**63), -(2**63), 2147483520]
    n = np.array([0, 1, -1, 16777217, -16777219, 2**31 - 1], np.int32)
    same(evaluate("cvt.rn.f32.s32 {d}, {a};", [n], "f32"), [0, 1, -1, 16777216, -16777220, 2**31])
    same(evaluate("cvt.rn.f64.u32 {d}, {a};", [n.view(np.uint32)], "f64"), n.view(np.uint32).astype(np.float64))


@pytest.mark.parametrize("error", [0, 1, 2])
def test_approximate_reciprocals_are_off_by_no_more_than_asked_for(error: int) -> None:
    x = np.ldexp(RNG.random(1000) + 1, RNG.integers(-120, 120, 1000)).astype(np.float32)
    for code, want in (("rcp", (1 / x.astype(np.float64))), ("rsqrt", 1 / np.sqrt(x.astype(np.float64)))):
        got = evaluate(f"{code}.approx.ftz.f32 {{d}}, {{a}};", [x], "f32", approx_error=error, seed=3)
        off = got.view(np.int32) - want.astype(np.float32).view(np.int32)
        assert set(off) == set(range(-error, error + 1))
    edges = np.array([0.0, -0.0, math.inf, -math.inf, math.nan, 1e-40, -1e-40, 3e38], np.float32)
    with np.errstate(all="ignore"):
        want = [math.inf, -math.inf, 0, -0.0, math.nan, math.inf, -math.inf, 0]
        same(evaluate("rcp.approx.ftz.f32 {d}, {a};", [edges], "f32", approx_error=error), want)
