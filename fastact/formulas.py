"""Formulas in LaTeX as a line of text, for terminals."""

from __future__ import annotations

import re

_LETTERS = {
    "alpha": "α",
    "beta": "β",
    "lambda": "λ",
    "sigma": "σ",
    "tau": "τ",
    "xi": "ξ",
    "pi": "π",
    "varphi": "φ",
    "Phi": "Φ",
    "sum": "Σ",
    "infty": "∞",
    "cdot": "·",
    "le": "≤",
    "ge": "≥",
    "sqrt": "√",
    "log": "ln",
}
_SPACE, _SIDE = re.compile(r"\\[,;: ]"), re.compile(r"\\(?:left|right)(?![a-zA-Z])")
_UP = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_WRAPPED = re.compile(r"\\(?:mathrm|text|operatorname)\{([^{}]*)\}")
_HALF = re.compile(r"\\t?frac\s*(\d)(\d)")
_FRACTION = re.compile(r"\\[td]?frac\{([^{}]*)\}\{([^{}]*)\}")
_POWER = re.compile(r"\^(?:(\d)|\{([^{}]*)\})")
_INDEX = re.compile(r"_\{([^{}]*)\}")
_ROOT = re.compile(r"√\{([^{}]*)\}")


def _within(text: str) -> str:
    """In parentheses, unless it is one name, number, call or power."""
    return text if re.fullmatch(r"-?√?[\w.]*(\([^()]*\))?[²³]?", text) else f"({text})"


def plain(latex: str) -> str:
    r"""The formula as text: ``\frac{x}{1 + |x|}`` is ``x/(1 + |x|)``. What is not known stays as it is.

    Parameters
    ----------
    latex : str
        A formula in the LaTeX that records use.

    Returns
    -------
    str
        One line.
    """
    text = _SPACE.sub(" ", _SIDE.sub("", latex))
    text = re.sub(r"\\([a-zA-Z]+)", lambda m: _LETTERS.get(m[1], m[0]), text)
    text = _HALF.sub(r"\1/\2", _WRAPPED.sub(lambda m: m[1].replace(r"\_", "_"), text))
    before = ""
    while before != text:  # from the innermost braces outwards
        before = text
        text = _POWER.sub(lambda m: m[1].translate(_UP) if m[1] else f"^{_within(m[2].strip())}", text)
        text = _INDEX.sub(lambda m: f"[{m[1].strip()}]", text)
        text = _ROOT.sub(lambda m: f"√({m[1].strip()})", text)
        text = _FRACTION.sub(lambda m: f"{_within(m[1].strip())}/{_within(m[2].strip())}", text)
    return re.sub(r"·?\s+", lambda m: "·" if m[0][0] == "·" else " ", re.sub(r"\\([a-zA-Z]+)", r"\1", text)).strip()
