"""The rooms of fixed size that a job has, for axes and for operands: what needs all of one is right, what needs more is told."""

from __future__ import annotations

import numpy as np
import pytest

import fastact as fa
from fastact.cpu.words import MAX_OPERANDS
from fastact.directions import signature
from fastact.noise.units import NOISY
from fastact.record import Record

AXES = (2, 1) * 10
EXPECTED = [n.expected for n in NOISY if n.mean is not None]


def test_a_parameter_that_repeats_itself_along_every_second_axis() -> None:
    """In memory it is one number, but its gradient has as many axes as x."""
    x = np.linspace(-3, 3, 2**20, dtype=np.float32).reshape((2,) * 20)
    slope = np.broadcast_to(np.float32(0.5), AXES)
    with pytest.raises(ValueError, match=r"^prelu.backward: x has 20 axes; at most 16 are supported$"):
        fa.prelu.backward(x, x, slope)
    inner = x.reshape((2,) * 16 + (16,))[..., :1].reshape((2,) * 16)
    few = np.broadcast_to(np.float32(0.5), AXES[:16])
    terms = np.where(inner > 0, 0, inner.astype(float) ** 2)
    expected = terms.sum(tuple(range(1, 16, 2)), keepdims=True)
    np.testing.assert_allclose(fa.prelu.backward(inner, inner, few)[1], expected, rtol=1e-6)


@pytest.mark.parametrize("f", EXPECTED, ids=lambda f: f.name)
def test_every_gradient_of_every_parameter_with_bias_and_scale(f: fa.Activation) -> None:
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, 50, 40))
    bias, scale = rng.normal(size=(2, 40))
    params = [np.full(40, p.default) for p in f.params]
    names = ("x", *(p.name for p in f.params), "scale", "bias")
    found = f.backward(dy, x, *params, scale=scale, bias=bias, wrt=names)
    dx, *others = f.backward(dy, x * scale + bias, *params, wrt=names[:-2])
    for a, b in zip(found, (dx * scale, *others, (dx * x).sum(0), dx.sum(0)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    out = tuple(np.ones_like(a) for a in found)
    f.backward(dy, x, *params, scale=scale, bias=bias, wrt=names, out=out, accumulate=True)
    for a, b in zip(out, found, strict=True):
        np.testing.assert_allclose(a, 1 + b, rtol=1e-12, atol=1e-12)


def test_jobs_hold_the_operands_of_every_record() -> None:
    from fastact.affine import shifted

    plain = [f.record for f in (*fa.ACTIVATIONS, *EXPECTED)]
    records: list[Record] = [shifted(r, scale=True, bias=True) for r in plain]
    needed = [len(signature(r, "accumulate_params", "float32").operands) for r in records]
    needed += [len(signature(n.record, "backward_params", "float32").operands) for n in NOISY]
    assert max(needed) <= MAX_OPERANDS
