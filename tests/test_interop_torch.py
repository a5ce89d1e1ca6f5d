"""PyTorch: operators with gradients in both modes, under torch.func and torch.compile, without copies and without second derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import same_bits

import fastact as fa

torch = pytest.importorskip("torch")

import fastact.interop.torch as fi  # noqa: E402
from fastact.interop.pieces import LINEAR  # noqa: E402
from fastact.interop.torch.arrays import tensor, view  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # of its own code
KINDS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
FUNCTIONS = (*fa.ACTIVATIONS, *fa.GATES)


def operands(f: Any, shape: Any = (2, 3), dtype: Any = torch.float64, seed: int = 0) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [torch.tensor(rng.uniform(-2.3, 2.3, shape)).to(dtype).requires_grad_() for _ in f.record.operands]


def operator(f: Any) -> Callable[..., Any]:
    found = getattr(fi, f.name)
    assert callable(found)
    return found


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.name)
def test_gradients_in_both_modes(f: Any) -> None:
    """By x, and for activations by parameters that are tensors, a batch at a time too."""
    xs, params = operands(f), f.record.typical
    checks = {"check_forward_ad": True, "check_batched_grad": True, "check_batched_forward_grad": True}
    assert torch.autograd.gradcheck(lambda *x: operator(f)(*x, *params), xs, **checks)
    if params and isinstance(f, fa.Activation):
        tensors = [torch.tensor(p, dtype=torch.float64, requires_grad=True) for p in params]
        assert torch.autograd.gradcheck(operator(f), (*xs, *tensors), **checks)


@pytest.mark.parametrize("f", fa.ROWS, ids=lambda f: f.name)
def test_gradients_of_rows(f: Any) -> None:
    x = torch.tensor(np.random.default_rng(1).uniform(-2, 2, (2, 4, 3)), requires_grad=True)
    for dim in (-1, 1):
        assert torch.autograd.gradcheck(lambda x, d=dim: operator(f)(x, d), (x,), check_forward_ad=True, check_batched_grad=True)
    batched, single = torch.vmap(lambda x: operator(f)(x, 0))(x), [operator(f)(row, 0) for row in x]
    assert torch.equal(batched, torch.stack(single))


def test_gradients_of_cross_entropies() -> None:
    x = torch.tensor(np.random.default_rng(2).uniform(-2, 2, (3, 4, 2)), requires_grad=True)
    labels, targets = torch.tensor([[0, 3], [2, -9], [1, 1]]), torch.rand(3, 4, 2, dtype=torch.float64)
    options = {"ignore_index": -9, "label_smoothing": 0.1}
    assert torch.autograd.gradcheck(lambda x: fi.softmax_cross_entropy(x, labels, 1, **options), (x,), check_forward_ad=True)
    assert torch.autograd.gradcheck(lambda x: fi.softmax_cross_entropy(x, targets, 1), (x,), check_batched_grad=True)
    assert torch.autograd.gradcheck(lambda x: fi.sigmoid_cross_entropy(x, targets), (x,), check_forward_ad=True)
    expected = torch.nn.functional.cross_entropy(x, labels, reduction="none", **options)
    assert torch.allclose(fi.softmax_cross_entropy(x, labels, 1, **options), expected)
    with pytest.raises(RuntimeError, match="no gradient by labels, which is a constant"):
        fi.softmax_cross_entropy(x, targets.requires_grad_(), 1).sum().backward()


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.name)
def test_operators_are_well_formed(f: Any) -> None:
    """Schema, registration and fakes; a transposed tensor has the strides that the fake tells."""
    xs = [t.detach().T.requires_grad_() for t in operands(f, dtype=torch.float32)]
    tests = ("test_schema", "test_autograd_registration", "test_faketensor")
    params = f.record.typical
    torch.library.opcheck(getattr(torch.ops.fastact, f.name).default, (*xs, *params), test_utils=tests)
    backward = getattr(torch.ops.fastact, f"{f.name}_backward").default
    torch.library.opcheck(backward, (torch.ones(3, 2, requires_grad=True), *(x.detach() for x in xs), *params), test_utils=tests)


@pytest.mark.parametrize("name", ["gelu", "softmax", "geglu", "logsumexp"])
def test_operators_compile_with_any_shape(name: str) -> None:
    x = torch.randn(3, 4, requires_grad=True)
    args = {"gelu": (x,), "geglu": (x, x), "softmax": (x, 0), "logsumexp": (x, 0)}[name]
    torch.library.opcheck(getattr(torch.ops.fastact, name).default, args, test_utils="test_aot_dispatch_dynamic")


def chain(x: Any, slope: Any) -> Any:
    y = fi.swiglu(fi.leaky_relu(x, 0.2), fi.prelu(x, slope))
    return fi.softmax(fi.gelu(y), dim=0)


@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_compiled_whole_gives_the_same(backend: str) -> None:
    x, slope = torch.randn(3, 4, requires_grad=True), torch.rand(4, requires_grad=True)
    compiled = torch.compile(chain, fullgraph=True, backend=backend)
    y, expected = compiled(x, slope), chain(x, slope)
    assert torch.equal(y, expected)
    dy = torch.randn(3, 4)
    for a, b in zip(torch.autograd.grad(y, (x, slope), dy), torch.autograd.grad(expected, (x, slope), dy), strict=True):
        assert torch.equal(a, b)


def test_transformations_of_func() -> None:
    x, slope = torch.randn(3, 4, dtype=torch.float64), torch.rand(3, dtype=torch.float64)
    d = torch.from_numpy(fa.gelu.derivative(x.numpy()))
    assert torch.equal(torch.func.grad(lambda x: fi.gelu(x).sum())(x), d)
    assert torch.equal(torch.vmap(torch.func.grad(lambda x: fi.gelu(x).sum()))(x), d)
    assert torch.equal(torch.func.jvp(fi.gelu, (x,), (torch.ones_like(x),))[1], d)
    assert torch.allclose(torch.func.jacfwd(fi.softmax)(x[0]), torch.func.jacrev(fi.softmax)(x[0]))
    both = torch.vmap(torch.func.grad(lambda x, s: fi.prelu(x, s).sum(), argnums=1))(x, slope)
    assert torch.allclose(both, torch.where(x < 0, x, 0).sum(1))
    one = torch.vmap(torch.func.grad(lambda x, s: fi.prelu(x, s).sum(), argnums=1), in_dims=(0, None))(x, slope[0])
    assert torch.allclose(one, both)


@pytest.mark.parametrize(
    "second",
    [
        lambda f, x: torch.autograd.grad(torch.autograd.grad(f(x).sum(), x, create_graph=True)[0].sum(), x),
        lambda f, x: torch.func.grad(lambda x: torch.func.grad(lambda x: f(x).sum())(x).sum())(x.detach()),
        lambda f, x: torch.func.hessian(lambda x: f(x).sum())(x.detach()),
        lambda f, x: torch.func.jacrev(torch.func.jacfwd(f))(x.detach()),
        lambda f, x: torch.func.jacfwd(torch.func.jacfwd(f))(x.detach()),
    ],
    ids=["twice", "grad of grad", "hessian", "reverse over forward", "forward over forward"],
)
def test_second_derivatives_are_refused_or_right(second: Callable[..., Any]) -> None:
    x = torch.tensor([-0.7, 0.4, 1.3], dtype=torch.float64, requires_grad=True)
    for f in (fi.gelu, fi.softmax, lambda x: fi.swiglu(x, x), lambda x: fi.swish(x, torch.tensor(2.0))):
        with pytest.raises(
            RuntimeError, match=r"fastact::\w+: the gradient cannot be differentiated by \w+, for there are no second derivatives"
        ):
            second(f, x)
    found = second(lambda x: fi.leaky_relu(x) ** 2, x)
    expected = second(lambda x: torch.nn.functional.leaky_relu(x) ** 2, x)
    assert torch.equal(torch.as_tensor(found[0]), torch.as_tensor(expected[0]))


def test_second_derivatives_that_are_zero_are_of_straight_pieces() -> None:
    x = np.linspace(-9.87, 9.87, 2001)
    for f in fa.ACTIVATIONS:
        d = np.unique(f.derivative(x, *f.record.typical))
        assert (f.name in LINEAR) == (len(d) <= 2), f.name


def test_the_gradient_is_linear_in_dy() -> None:
    x = torch.randn(5, dtype=torch.float64)
    for f in (fi.gelu, fi.log_softmax):
        given = torch.func.grad(lambda dy, f=f: (torch.func.vjp(f, x)[1](dy)[0] * x).sum())(torch.ones_like(x))
        assert torch.allclose(given, torch.func.jvp(f, (x,), (x,))[1])


@pytest.mark.parametrize("dtype", KINDS, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (5, 7)], ids=str)
def test_bits_dtype_and_shape(dtype: Any, shape: tuple[int, ...]) -> None:
    x = operands(fa.prelu, shape, dtype)[0]
    slope = torch.tensor(0.1, dtype=dtype, requires_grad=True)
    y = fi.prelu(x, slope)
    assert (y.dtype, y.shape) == (dtype, x.shape)
    wide = slope.detach().to(torch.float64 if dtype is torch.float64 else torch.float32).numpy()
    same_bits(view(y), fa.prelu(view(x), wide))
    y.sum().backward()
    assert (x.grad.dtype, slope.grad.dtype, slope.grad.shape) == (dtype, dtype, ())
    same_bits(view(x.grad), fa.prelu.backward(np.ones_like(view(x)), view(x), wide)[0])
    a, b = operands(fa.swiglu, shape, dtype)
    fi.swiglu(a, b).sum().backward()
    assert (a.grad.dtype, b.grad.shape) == (dtype, b.shape)


@pytest.mark.parametrize("dtype", KINDS, ids=str)
def test_no_copies(dtype: Any) -> None:
    """Arrays that kernels see lie where tensors do, and tensors where the results do."""
    x = torch.arange(12.0).to(dtype).reshape(3, 4).T
    seen: list[Any] = []

    def method(a: Any, **out: Any) -> Any:
        seen.extend([a, *out.values()])
        return np.empty_like(a)

    from fastact.interop.torch.arrays import run

    result = run("f", method, (x,), ())
    assert seen[0].__array_interface__["data"][0] == x.data_ptr()
    assert seen[1].__array_interface__["data"][0] == result.data_ptr()
    assert seen[0].strides == tuple(s * x.element_size() for s in x.stride())
    made = view(torch.ones(3, dtype=dtype))
    assert tensor(made).data_ptr() == made.__array_interface__["data"][0]


def test_modes_of_recording() -> None:
    x = torch.randn(3, requires_grad=True)
    with torch.no_grad():
        assert not fi.gelu(x).requires_grad
    with torch.inference_mode():
        assert fi.gelu(x).is_inference()
    with torch.autocast("cpu"):
        assert fi.gelu(x).dtype is torch.float32
        assert fi.gelu(torch.nn.functional.linear(x, torch.ones(2, 3))).dtype is torch.bfloat16
    y = torch.utils.checkpoint.checkpoint(fi.gelu, x, use_reentrant=False)
    assert torch.equal(torch.autograd.grad(y.sum(), x)[0], torch.autograd.grad(fi.gelu(x).sum(), x)[0])
    saved = fi.gelu(x)
    with torch.no_grad():
        x += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        saved.sum().backward()


def test_bad_input() -> None:
    x = torch.ones(3)
    with pytest.raises(TypeError, match=r"interop\.torch\.gelu: a tensor is of torch\.int64; accepted are float16"):
        fi.gelu(torch.arange(3))
    with pytest.raises(TypeError, match="no argument 'alpha'; accepted are x"):
        fi.gelu(x, alpha=1.0)
    with pytest.raises(TypeError, match="threshold is missing"):
        fi.threshold(x)
    with pytest.raises(RuntimeError, match=r"broadcast|Shape mismatch"):
        fi.prelu(x, torch.ones(2))
    with pytest.raises(TypeError, match="accepted are an Activation and a Gate"):
        fi.function(np.exp)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="gelu has no parameter 'slope'; accepted are none"):
        fi.Module(fa.gelu, slope=1.0)


def test_a_module_learns_its_slope() -> None:
    m = fi.Module(fa.prelu, slope=torch.full((2, 1), 0.5), trainable=True)
    m(-torch.ones(2, 3)).sum().backward()
    assert torch.equal(m.slope.grad, torch.full((2, 1), -3.0))
    assert repr(fi.Module(fa.leaky_relu, slope=0.3)) == "Module(leaky_relu, slope=0.3)"
    assert torch.equal(fi.Module(fa.gelu)(torch.ones(2)), fi.gelu(torch.ones(2)))


def test_any_activation_is_an_operator() -> None:
    f, (a, b) = fi.function(fa.gated(fa.mish)), operands(fa.gated(fa.mish))
    assert f is fi.function(fa.gated(fa.mish))
    assert torch.allclose(f(a, b), torch.nn.functional.mish(a) * b)
    assert fi.function(fa.gelu) is fi.gelu


@pytest.mark.gpu
def test_cuda_tensors_stay_there() -> None:
    x = torch.randn(1000, device="cuda", requires_grad=True)
    y = fi.gelu(x)
    y.sum().backward()
    host = x.detach().cpu().numpy()
    same_bits(y.detach().cpu().numpy(), fa.gelu(host))
    same_bits(x.grad.cpu().numpy(), fa.gelu.derivative(host))
    slope = torch.tensor(0.2, device="cuda", requires_grad=True)
    fi.prelu(x, slope).sum().backward()
    assert slope.grad.device == x.device
