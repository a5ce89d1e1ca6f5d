"""Formulas as a reader of mathematics expects them: what records write as ``condition ? a : b`` in one line becomes cases."""

from __future__ import annotations

ASKS, ELSE = r"\,?\;", " : "
OPENING, CLOSING = "({[", ")}]"
BREAK = r",\;"


def _start(text: str, place: int) -> int:
    """Where the condition that ends at `place` begins: after the bracket that is open there."""
    depth = 0
    for k in range(place - 1, -1, -1):
        depth += (text[k] in CLOSING) - (text[k] in OPENING)
        if depth < 0:
            return k + 1
    return 0


def _end(text: str, place: int) -> int:
    """Where what follows `place` ends: at the bracket that closes what is open there, or where definitions follow."""
    depth = 0
    for k in range(place, len(text)):
        depth += (text[k] in OPENING) - (text[k] in CLOSING)
        if depth < 0 or (depth == 0 and text.startswith(BREAK, k)):
            return k
    return len(text)


def _at_depth(text: str, mark: str) -> int:
    """Where a mark stands outside of all brackets, or -1."""
    depth = 0
    for k, letter in enumerate(text):
        depth += (letter in OPENING) - (letter in CLOSING)
        if depth == 0 and text.startswith(mark, k):
            return k
    return -1


def _lines(text: str) -> list[str]:
    asks = _at_depth(text, ASKS)
    if asks < 0:
        return [rf"{text} & \text{{else}}"]
    rest = text[asks + len(ASKS) :]
    other = _at_depth(rest, ELSE)
    return [rf"{rest[:other]} & {text[:asks]}", *_lines(rest[other + len(ELSE) :])]


def cases(text: str) -> str:
    """The formula with its choices as cases."""
    place = text.find(ASKS)
    if place < 0:
        return text
    start, end = _start(text, place), _end(text, place)
    lines = r" \\ ".join(_lines(text[start:end]))
    made = rf"\begin{{cases}} {lines} \end{{cases}}"
    before, after = text[:start], text[end:]
    if before.endswith("\\,(") and after.startswith(")"):
        before, after = before[:-1], after[1:]
    return before + made + cases(after)
