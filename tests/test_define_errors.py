"""What is no activation is refused when it is defined, in the user's terms, with Python's error below."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastact as fa
from fastact.commands.chosen import activation
from fastact.printing import UsageError


def lone(x: Any) -> Any:
    return x * x


def nothing(x: Any) -> None:
    x * x


def short(x: Any, a: float = 1.0) -> Any:
    return a * x, a


def long(x: Any) -> Any:
    return x, 1, 0


def text(x: Any) -> Any:
    return x, "1"


def imaginary(x: Any) -> Any:
    return x, 1j


def missing(x: Any) -> Any:
    return math.gamma(x), 1


def whole(x: Any) -> Any:
    return x // 2, 0


def mixed(x: Any) -> Any:
    return x + "1", 1


def powered(x: Any) -> Any:
    return x**0.3, 1


def based(x: Any) -> Any:
    return 2**x, 1


def looping(x: Any) -> Any:
    while x > 1:
        x = x / 2
    return x, 1


def tangled(x: Any) -> Any:
    for k in range(7):
        if x > k * x * x:
            x = x + k
    return x, 1


def arrays(x: Any) -> Any:
    return np.ones(3)[x], 1


def stars(x: Any, *more: Any) -> Any:
    return x, 1


def keyword(x: Any, *, a: float = 1.0) -> Any:
    return x, 1, 0


def biased(x: Any, bias: float = 1.0) -> Any:
    return x, 1, 0


def many(x: Any, a: float, b: float, c: float, d: float) -> Any:
    return x, 1, 0, 0, 0, 0


def worded(x: Any, a: Any = "1") -> Any:
    return x, 1, 0


def unknown_default(x: Any, a: Any = None) -> Any:
    return x, 1, 0


WRONG: list[tuple[Callable[..., Any], str]] = [
    (lone, r"lone cannot be compiled: it returns one number; expected are 2 numbers, \(y, dy/dx\)"),
    (nothing, r"nothing cannot be compiled: it returns nothing; expected are 2 numbers, \(y, dy/dx\)"),
    (short, r"short cannot be compiled: it returns 2 results; expected are 3 numbers, \(y, dy/dx, dy/da\)"),
    (long, r"it returns 3 results; expected are 2 numbers"),
    (text, r"its result dy/dx is of type str; expected are"),
    (imaginary, r"its result dy/dx is of type complex"),
    (missing, r"missing cannot be compiled: a number was needed, and x was given.*fastact\.scalars"),
    (whole, r"unsupported operand type\(s\) for //"),
    (mixed, r"unsupported operand type\(s\) for \+"),
    (powered, r"x \*\* 0\.3: accepted are the powers n and n \+ 1/2 up to 64; for others write exp\(y \* log\(x\)\)"),
    (based, r"2 \*\* x: accepted are fixed powers of x; write exp\(x \* log\(2\)\)"),
    (looping, r"more than 64 decisions in a row; a loop may not depend on x"),
    (tangled, r"more than 64 ways through its conditions; write some of them with select"),
    (arrays, r"arrays cannot be compiled"),
    (stars, r"stars has the argument \*more; accepted are x and named parameters"),
    (keyword, r"keyword has the argument a=1\.0; accepted"),
    (worded, r"the default of worded's a is '1'; accepted is a real number"),
    (unknown_default, r"the default of unknown_default's a is None"),
    (many, r"many has 4 parameters; accepted are at most 3"),
    (functools.partial(long), r"scalar is functools\.partial.*of type partial; accepted is a plain Python function"),
    (math.exp, r"of type builtin_function_or_method; accepted is a plain"),
    (dict, r"scalar is the class dict; accepted is a plain"),
    (fa.gelu, r"<fastact gelu\(x\)>, of type Activation; accepted"),
]


@pytest.mark.parametrize(("scalar", "told"), WRONG, ids=lambda v: getattr(v, "__name__", "told"))
def test_what_is_no_scalar(scalar: Any, told: str) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"^define: .*{told}"):
        fa.define(scalar)


def test_errors_raised_on_some_way() -> None:
    """Every way is gone, also those that no x takes."""

    def sure(x: Any) -> Any:
        assert x > 0
        return x, 1

    def raising(x: Any) -> Any:
        if x < 0:
            raise ValueError("negative")
        return x, 1

    with pytest.raises(TypeError, match=r"^define: sure cannot be compiled: AssertionError"):
        fa.define(sure)
    with pytest.raises(TypeError, match=r"^define: raising cannot be compiled: ValueError negative$"):
        fa.define(raising)


def test_names() -> None:
    for options, told in (
        ({}, "a lambda has no name; give one by name="),
        ({"name": "two words"}, "name is 'two words'; accepted are identifiers"),
        ({"name": "σ"}, "name is 'σ'; accepted are identifiers of ASCII"),
        ({"name": "n", "params": {"b": 1.0}}, "params names b; the parameters of n are a"),
        ({"name": "n", "constant": ("c",)}, "constant names c; the parameters of n are a"),
    ):
        with pytest.raises(ValueError, match=f"^define: {told}"):
            fa.define(lambda x, a: (x, 1, 0), **options)
    with pytest.raises(ValueError, match=r"^define: biased has the parameter bias, a name that calls use otherwise"):
        fa.define(biased)


def test_the_cause_shows_the_line() -> None:
    with pytest.raises(TypeError) as caught:
        fa.define(missing)
    trace = caught.value.__cause__.__traceback__  # type: ignore[union-attr]
    names = []
    while trace:
        names.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    assert "missing" in names


def test_calls_are_refused_as_those_of_fastact() -> None:
    f = fa.define(lambda x, a: (a * x, a, x), name="line")
    with pytest.raises(TypeError, match=r"^line: a is missing; parameters are a$"):
        f(1.0)
    with pytest.raises(TypeError, match=r"^line\.backward: 2 parameters given; accepted are 1: a$"):
        f.backward(1.0, 1.0, 2.0, 3.0)
    with pytest.raises(TypeError, match=r"^line: x has dtype complex128"):
        f(1j, 1.0)


def test_what_stands_for_an_activation_in_commands(tmp_path: Any) -> None:
    assert activation("gelu") is activation("presets.torch.gelu") is fa.gelu
    assert activation("hard_silu") is fa.hard_swish
    assert activation("owns:rbf").name == "rbf"
    path = tmp_path / "mine.py"
    path.write_text("import fastact as fa\n@fa.define\ndef up(x):\n    return x, 1\ndef raw(x):\n    return 2 * x, 2\nnumber = 1\n")
    assert activation(f"{path}:up")(2.0) == 2
    assert activation(f"{path}:raw")(2.0) == 4
    for wrong, told in (
        ("gelo", "unknown function 'gelo'; near are gelu"),
        ("swiglu", "swiglu is a Gate; accepted is an activation: a name of `fastact list`"),
        (f"{path}:down", "there is nothing of that name"),
        (f"{path}:number", "it is of type int"),
        ("no_such_module:f", "no_such_module cannot be imported: ModuleNotFoundError"),
        ("test_define_errors:lone", "define: lone cannot be compiled"),
    ):
        with pytest.raises(UsageError, match=told):
            activation(wrong)


@functools.wraps(short)
def wrapped(*given: Any) -> Any:
    return short(*given)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"params": ["a"]}, "params is ['a']; accepted is a mapping"),
        ({"range": 5}, "range is 5; accepted is a pair"),
        ({"limits": (1, 2, 3)}, "limits is (1, 2, 3); accepted is a pair"),
        ({"kinks": 0.0}, "kinks is 0.0; accepted is a tuple or list"),
        ({"roots": 0.0}, "roots is 0.0; accepted is a tuple or list"),
    ],
    ids=str,
)
def test_options_of_another_kind(options: dict[str, Any], told: str) -> None:
    with pytest.raises(TypeError, match=f"^define: {re.escape(told)}"):
        fa.define(lambda x, a=1.0: (a * x, a, x), name="one", **options)


def test_a_decorated_function_is_what_is_called() -> None:
    with pytest.raises(TypeError, match=r"^define: short has the argument \*given"):
        fa.define(wrapped)


def test_one_constant_by_its_name() -> None:
    assert fa.define(lambda x, slope=1.0: (slope * x, slope, x), name="one", constant="slope").backward(1.0, 2.0) == 1.0


def test_commands_tell_the_line(tmp_path: Any) -> None:
    (tmp_path / "units.py").write_text("import math\ndef gamma(x):\n    return math.gamma(x), 1.0\n")
    with pytest.raises(UsageError, match=r"; line 3: return math.gamma\(x\), 1.0$"):
        activation(f"{tmp_path / 'units.py'}:gamma")
    (tmp_path / "script.py").write_text("import sys\nsys.exit(0)\n")
    with pytest.raises(UsageError, match="cannot be imported: SystemExit"):
        activation(f"{tmp_path / 'script.py'}:gamma")
