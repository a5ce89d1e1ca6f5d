"""Published values: the generator's known answers, and the noisy units row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastact as fa
from fastact.noise import philox

# Salmon et al., Random123, known answers of philox4x32-10: counter, key, words.
ANSWERS = [
    ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0), "d16cfe09 94fdcceb 5001e420 24126ea1"),
]
TANH, TANH_HALF = fa.noisy_hard_tanh, fa.noisy_hard_tanh_half
SIGMOID, SIGMOID_HALF = fa.noisy_hard_sigmoid, fa.noisy_hard_sigmoid_half
# unit, x, xi, alpha, c, p; value, its derivatives by x, p, alpha and c; mean, derivative of the mean by x
OUTPUT: list[tuple[Any, ...]] = [
    (TANH, 3, 0.7, 1.15, 0.5, 1, 0.75075224510877272, -0.12201312463034643, 0.055973750739307144, -2, 0.10150449021754544, 0.7, -0.15),
    (TANH, 3, -0.7, 1.15, 0.5, 1, 0.64924775489122728, -0.17798687536965357, -0.055973750739307144, -2, -0.10150449021754544, 0.7, -0.15),
    (
        *(TANH_HALF, 3, -0.7, 1.15, 0.5, 1, 0.75075224510877272, -0.12201312463034643, 0.055973750739307144, -2, 0.10150449021754544),
        *(0.7578491897119607, -0.11809957748205633),
    ),
    (
        *(TANH_HALF, -2.5, 1.3, 0.9, 0.5, -0.8, -1.1031313864204237, 0.050320171193223161, -0.093149679012706573, 1.5),
        *(0.093737227159152587, -1.1212340437220158, 0.069508639701341018),
    ),
    (
        *(TANH_HALF, -2.5, 1.3, 0.9, 0.5, 0.8, -1.1031313864204237, 0.050320171193223161, 0.093149679012706573, 1.5),
        *(0.093737227159152587, -1.1212340437220158, 0.069508639701341018),
    ),
    (
        *(TANH_HALF, 4, 0.5, 1, 0.25, 0.6, 0.98396616753588567, -0.0065395850391278674, -0.032697925195639337, -3),
        *(-0.064135329856457305, 0.97441370525276683, -0.010435667873555055),
    ),
    (TANH_HALF, 0.4, 2, 1.15, 0.5, 1, 0.4, 1, 0, 0, 0, 0.4, 1),
    (
        *(SIGMOID_HALF, 6, 0.9, 1.1, 0.15, 1, 0.90720738901239995, -0.021933551016037991, 0.012265795935848035, -1),
        *(0.048049260082666333, 0.90638962712966015, -0.0222814752213412),
    ),
    (
        *(SIGMOID_HALF, -5, -1.2, 1.1, 0.15, -0.5, 0.073454322225531432, -0.023993308926512859, 0.0060401464409228452, 0.75),
        *(-0.010304518496457122, 0.073972272973146163, -0.02433064727913879),
    ),
    (SIGMOID, 10, 0.3, 0.8, 30, 0.7, 0.57816407746053182, -0.10104886104934607, -1.7262726977068122, -2, -0.027394530751315606, 1.4, 0.05),
    (SIGMOID_HALF, -1.9, 1, 1.1, 0.15, 1, 0.025, 0.25, 0, 0, 0, 0.025, 0.25),
]
# unit, x, xi, parameters; value, its derivatives by x and p
INPUT: list[tuple[Any, ...]] = [
    (fa.input_noise_hard_tanh, 1.02, -0.8, {"c": 0.05}, 0.98, 1, None),
    (fa.input_noise_hard_tanh, 0.5, 1.2, {"c": 0.05}, 0.56, 1, None),
    (fa.input_noise_hard_sigmoid, 2.03, -1.1, {"c": 0.05}, 0.99375, 0.25, None),
    (fa.input_noise_hard_sigmoid, -3, 0.4, {"c": 0.05}, 0, 0, None),
    (fa.saturated_noise_hard_tanh, 1.1, -0.9, {"c": 0.25}, 0.875, 1, None),
    (fa.saturated_noise_hard_tanh, 0.9, -0.9, {"c": 0.25}, 0.9, 1, None),
    (fa.saturated_noise_hard_sigmoid, -2.2, 1.5, {"c": 0.25}, 0.04375, 0.25, None),
    (fa.learned_noise_hard_tanh, 1.3, -0.9, {"c": 0.5, "p": 1}, 0.9068624913994757, 0.70871489680571105, -0.087385530958286686),
    (fa.learned_noise_hard_tanh, 0.2, 0.7, {"c": 0.25, "p": 1}, 0.32130075659799043, 1, 0),
    (fa.learned_noise_hard_sigmoid, -2.2, 1.5, {"c": 0.5, "p": 0.5}, 0.081534106696200728, 0.24212239734086188, 0.0031510410636552477),
    (fa.learned_noise_hard_tanh, 3, -0.8, {"c": 0.5, "p": 2}, 0.99731386085267956, 0.0066928510526032846, -0.99330714894739672),
]
KINDS = {"float64": 1e-14, "float32": 2e-6}


def close(found: Any, wanted: Any, kind: str) -> None:
    numbers = np.concatenate([np.ravel(f) for f in (found if isinstance(found, tuple) else (found,))])
    np.testing.assert_allclose(numbers, np.ravel(wanted), rtol=KINDS[kind], atol=KINDS[kind])


@pytest.mark.parametrize(("counter", "key", "words"), ANSWERS)
def test_known_answers(counter: tuple[int, ...], key: tuple[int, int], words: str) -> None:
    assert " ".join(f"{w:08x}" for w in philox(counter, key)) == words


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("row", OUTPUT, ids=[str(k) for k in range(len(OUTPUT))])
def test_noise_on_the_output(row: tuple[Any, ...], kind: str) -> None:
    unit, x, xi, alpha, c, p, y, dx, dp, dalpha, dc, mean, dmean = row
    point, noise, one = (np.array([v], kind) for v in (x, xi, 1))
    close(unit(point, noise, alpha=alpha, c=c, p=p), y, kind)
    close(unit.derivative(point, noise, alpha=alpha, c=c, p=p), dx, kind)
    close(unit.backward(one, point, noise, alpha=alpha, c=c, p=p), [dx, dp], kind)
    wrt = ("x", "p", "alpha", "c")
    close(unit.backward(one, point, noise, alpha=alpha, c=c, p=p, wrt=wrt), [dx, dp, dalpha, dc], kind)
    close(unit.expected.value_and_grad(point, alpha, c, p), [mean, dmean], kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("row", INPUT, ids=[str(k) for k in range(len(INPUT))])
def test_noise_on_the_input(row: tuple[Any, ...], kind: str) -> None:
    unit, x, xi, params, y, dx, dp = row
    point, noise, one = (np.array([v], kind) for v in (x, xi, 1))
    close(unit.value_and_grad(point, noise, **params), [y, dx], kind)
    close(unit.backward(one, point, noise, **params), [dx] if dp is None else [dx, dp], kind)


def test_alpha_of_one_is_clipped_and_noise_pushes_inwards() -> None:
    """sgn(0) = 1: the noise stays on where alpha is 1; without it the result is the clip, however large x is."""
    x = np.array([1e30, 5, -5, -1e30])
    assert (fa.noisy_hard_tanh(x, 0, alpha=1) == np.sign(x)).all()
    assert (abs(fa.noisy_hard_tanh_half(x, -np.ones(4), alpha=1)) < 0.9).all()
    assert (fa.noisy_hard_sigmoid(x, 0, alpha=1) == (x > 0)).all()


def test_p_counts_by_its_size() -> None:
    x, xi = np.linspace(-9, 9, 999), fa.noise.normal(1, 999, np.float64)
    for unit in (TANH, TANH_HALF, SIGMOID, SIGMOID_HALF):
        (dx, dp), (other, opposite) = (unit.backward(np.ones(999), x, xi, p=p * np.ones(999)) for p in (0.7, -0.7))
        assert (dx == other).all()
        assert (dp == -opposite).all()
        assert (unit.backward(np.ones(999), x, xi, p=0.0, wrt="p") == 0).all()


def test_symmetry() -> None:
    x, xi = np.linspace(0, 9, 999), abs(fa.noise.normal(2, 999, np.float64))
    assert (TANH(-x, xi) == -TANH(x, xi)).all()
    np.testing.assert_allclose(SIGMOID(-x, xi), 1 - SIGMOID(x, xi), atol=1e-15)
