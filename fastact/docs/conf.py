"""The site: ``python -m sphinx -W --keep-going -j auto -b html fastact/docs build/site``."""

from __future__ import annotations

import fastact

project = "fastact"
author = "fastact authors"
copyright = "fastact authors, BSD-3-Clause"  # noqa: A001
default_role = "code"
version = release = fastact.__version__
language = "en"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_copybutton",
    "fastact.docs.extensions.generate",
    "fastact.docs.extensions.links",
    "fastact.docs.extensions.mathml",
]
exclude_patterns = ["examples/**"]
nitpicky = True
myst_enable_extensions = ["dollarmath", "attrs_block", "attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
html_theme = "furo"
pygments_dark_style = "a11y-high-contrast-dark"
html_title = "fastact"
html_math_renderer = "mathml"
html_favicon = "static/favicon.svg"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = False
html_show_sphinx = False
copybutton_exclude = ".linenos, .gp, .go"
autodoc_typehints = "none"
numpydoc_show_class_members = False
