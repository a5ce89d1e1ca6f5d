"""Colours and sizes that all pictures share; sizes are for a phone's width, on which a picture is shown at about 1:1."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH = 4.8
"""Inches."""
SMALL, TEXT, TITLE = 8.0, 9.0, 13.0
"""Points."""


@dataclass(frozen=True, slots=True)
class Style:
    """Colours: paper, ink, what recedes, lines of the grid, the function and the derivative, others, and a map with 0 in its middle."""

    paper: str
    ink: str
    faint: str
    grid: str
    value: str
    slope: str
    others: tuple[str, ...]
    diverging: tuple[str, str, str]


LIGHT = Style(
    paper="#ffffff",
    ink="#1f2328",
    faint="#59636e",
    grid="#e3e6ea",
    value="#0b62b8",
    slope="#c2410c",
    others=("#0b62b8", "#c2410c", "#1a7f4b", "#8250df", "#9a6700", "#bf3989"),
    diverging=("#2d7dd2", "#ffffff", "#e0632a"),
)
DARK = Style(
    paper="#16191d",
    ink="#e6e9ed",
    faint="#9aa4af",
    grid="#2d333b",
    value="#6cb6ff",
    slope="#ff9d5c",
    others=("#6cb6ff", "#ff9d5c", "#57d08f", "#c297ff", "#e0b341", "#f48fc5"),
    diverging=("#4a9eea", "#16191d", "#f0803c"),
)
