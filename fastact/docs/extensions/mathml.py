"""Formulas as MathML, which browsers draw themselves: no script, and nothing to load from elsewhere."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

DIGITS = re.compile(r"\\t?frac(\d)(\d)")
LOGGER = logging.getLogger(__name__)


def _markup(node: nodes.Element, as_block: bool) -> str:
    text: str = node.astext().replace(r"\begin{split}", "").replace(r"\end{split}", "")
    try:
        return str(tex2mathml(DIGITS.sub(r"\\frac{\1}{\2}", text.strip()), as_block=as_block))
    except MathError as error:
        LOGGER.warning("%r is no formula: %s", text, error, location=node, type="mathml")
        return ""


def inline(translator: Any, node: nodes.math) -> None:
    """Write a formula within a line."""
    translator.body.append(f'<span class="formula">{_markup(node, as_block=False)}</span>')
    raise nodes.SkipNode


def block(translator: Any, node: nodes.math_block) -> None:
    """Write a formula on its own line, which scrolls where it is wider than the screen."""
    translator.body.append(f'<div class="formula">{_markup(node, as_block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer of HTML."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
