"""Two worker processes of dask: what is sent to them is found there by its name, and gives the bits of this process."""

from __future__ import annotations

import copy
import functools
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from cases import same_bits

import fastact as fa

PUBLIC = (
    *fa.ACTIVATIONS,
    *fa.GATES,
    *fa.ROWS,
    fa.gated(fa.mish),
    fa.gated(fa.mish).packed,
    fa.swiglu.packed,
    fa.dropout,
    fa.noisy_hard_tanh,
    fa.noisy_hard_tanh.expected,
    fa.gumbel_softmax,
    fa.crelu,
    fa.maxout,
    fa.softmax_cross_entropy,
    fa.sigmoid_cross_entropy,
    fa.presets.torch.hard_sigmoid,
    fa.gelu.record,
    fa.gated(fa.mish).record,
    fa.ufuncs.gelu,
    fa.ufuncs.swiglu_backward,
)


@pytest.mark.parametrize(
    "given", PUBLIC, ids=lambda given: getattr(given, "name", None) or getattr(given, "__name__", type(given).__name__)
)
def test_copies_are_the_same_object(given: Any) -> None:
    for protocol in range(4, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(given, protocol)) is given
    assert copy.copy(given) is given
    assert copy.deepcopy(given) is given


def test_what_has_no_name_is_not_pickled() -> None:
    nameless = fa.define(lambda x: (x * x, 2 * x), name="square")
    with pytest.raises(pickle.PicklingError, match=r"^square is not found by its name; accepted in other processes"):
        pickle.dumps(nameless.record)
    with pytest.raises(pickle.PicklingError):
        pickle.dumps(fa.gated(fa.mish).ufunc)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None, "silence_logs": 50}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as found:
        yield found


CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "gelu": lambda x, dy: fa.gelu(x),
    "bare ufunc": fa.ufuncs.gelu_backward,
    "gelu.value_and_grad": lambda x, dy: fa.gelu.value_and_grad(x)[1],
    "gelu with bias": lambda x, dy: fa.gelu.backward(dy, x, bias=np.float32(0.5), wrt="x"),
    "gated": fa.gated(fa.mish),
    "softmax of whole rows": lambda x, dy: fa.softmax(x.rechunk({1: -1}) if hasattr(x, "rechunk") else x),
}


@pytest.mark.filterwarnings("ignore")
def test_workers_give_the_bits_of_this_process(request: pytest.FixtureRequest) -> None:
    """What is expected comes first: workers find its machine code on the disk."""
    da = pytest.importorskip("dask.array")
    x, dy = (np.random.default_rng(seed).uniform(-6, 6, (200, 60)).astype(np.float32) for seed in (0, 1))
    lazy, gradient = (da.from_array(a, chunks=(100, 20)) for a in (x, dy))
    chunked = (fa.softmax(lazy), fa.softmax.backward(gradient, lazy), fa.logsumexp(lazy))
    expected = [call(x, dy) for call in CALLS.values()] + [rows.compute(scheduler="synchronous") for rows in chunked]
    client = request.getfixturevalue("client")
    found = client.gather([client.compute(y) for y in (*(call(lazy, gradient) for call in CALLS.values()), *chunked)])
    for y, wanted in zip(found, expected, strict=True):
        same_bits(y, wanted)
    methods = (fa.gelu.backward, functools.partial(fa.leaky_relu.backward, wrt="slope"), fa.softmax.backward, fa.ufuncs.mish_backward)
    arguments = [(dy, x), (dy, x, 0.1), (dy, x), (dy, x)]
    sent = [client.submit(f, *a) for f, a in zip(methods, arguments, strict=True)]
    for y, f, a in zip(client.gather(sent), methods, arguments, strict=True):
        same_bits(y, f(*a))
    assert len(client.run(fa.get_num_threads)) == 2
