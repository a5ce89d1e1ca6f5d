"""The gated linear unit as the peers have it: one array, whose second half is the gate."""

from __future__ import annotations

from typing import Any

import fastact as fa


class PackedGlu:
    """`fastact.glu.packed` with ``gate="second"``: y = b·σ(a) of x = (b, a), split in halves along an axis, which are not copied."""

    name = "presets.torch.glu"

    def __init__(self) -> None:
        self.__module__ = "fastact"

    def __repr__(self) -> str:
        return f"<fastact {self.name}(x, axis=-1)>"

    def __reduce__(self) -> str:
        return self.name

    def __call__(self, x: Any, /, axis: int = -1, *, out: Any = None) -> Any:
        """Forward: y, with half of `x` along `axis`; arguments and errors are those of `fastact.glu.packed`."""
        return fa.glu.packed(x, axis=axis, gate="second", out=out)

    def backward(self, dy: Any, x: Any, /, axis: int = -1, *, out: Any = None) -> Any:
        """Vector-Jacobian product in one pass: dx, of the shape of `x`."""
        return fa.glu.packed.backward(dy, x, axis=axis, gate="second", out=out)

    def value_and_grad(self, x: Any, /, axis: int = -1, *, out: tuple[Any, Any] | None = None) -> tuple[Any, Any]:
        """(y, d) in one pass, where d holds dy/db and dy/da as `x` holds b and a."""
        return fa.glu.packed.value_and_grad(x, axis=axis, gate="second", out=out)

    def jvp(self, x: Any, dx: Any, /, axis: int = -1, *, out: Any = None) -> Any:
        """Jacobian-vector product: dy of dx, which has the shape of `x`."""
        return fa.glu.packed.jvp(x, dx, axis=axis, gate="second", out=out)


glu = PackedGlu()
