"""What a check found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Outcome = Literal["ok", "fail", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One question and its answer. Where it fails: x and the parameters, the value there, and the one expected, as far as there are any."""

    what: str
    outcome: Outcome
    told: str = ""
    x: float | None = None
    params: tuple[float, ...] = ()
    value: float | None = None
    expected: float | None = None

    @property
    def line(self) -> str:
        """One line of text."""
        return f"{self.outcome:4}  {self.what}" + (f": {self.told}" if self.told else "")


@dataclass(frozen=True, slots=True)
class Report:
    """All findings on one activation; `str` makes a text of them."""

    name: str
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    @property
    def failures(self) -> tuple[Finding, ...]:
        """What failed."""
        return tuple(f for f in self.findings if f.outcome == "fail")

    @property
    def verdict(self) -> str:
        """The last line."""
        wrong = f"{len(self.failures)} of {len(self.findings)} checks failed"
        return f"{self.name}: {'right as far as was looked at' if self.ok else wrong}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"name": self.name, "ok": self.ok, "findings": [asdict(f) for f in self.findings]}

    def __str__(self) -> str:
        return "\n".join([*(f.line for f in self.findings), self.verdict])


def passed(what: str, told: str = "") -> Finding:
    """It is as it should be."""
    return Finding(what, "ok", told)


def at_point(what: str, told: str, x: float, params: tuple[float, ...], value: float, expected: float | None = None) -> Finding:
    """It is not, at x."""
    where = f"at x = {x!r}" + (f" with parameters {', '.join(f'{p:g}' for p in params)}" if params else "")
    instead = "" if expected is None else f" instead of {expected:.9g}"
    return Finding(what, "fail", f"{where}: {value:.9g}{instead}{told and '; '}{told}", x, params, value, expected)
