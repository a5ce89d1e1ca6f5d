"""Every fenced block of the documentation runs as printed, and so does what the pages include."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pages
import pytest
from conftest import without_gpu

import fastact as fa


@pytest.fixture
def aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder to write into, and to import from; threads and print options are as before afterwards."""
    threads = fa.get_num_threads()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with np.printoptions():
        yield
    fa.set_num_threads(threads)


@pytest.mark.parametrize("page", pages.PAGES, ids=lambda page: str(page.relative_to(pages.ROOT)))
def test_page(page: Path, aside: None) -> None:
    text = page.read_text()
    needs = pages.needs(text)
    if "gpu" in needs and without_gpu():
        pytest.skip(without_gpu())
    for name in needs:
        if name != "gpu":
            pytest.importorskip(name)
    for path in pages.included(page):
        shutil.copy(path, path.name)
    fences = sum(line.startswith(("```python", "```pycon", "```console")) for line in text.splitlines())
    assert pages.run(str(page), text) == fences


def test_includes() -> None:
    """What a page includes is there, and a program is run by a test that names it."""
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    for page in pages.PAGES:
        for path in pages.included(page):
            assert path.is_file(), (page, path)
            assert path.suffix == ".md" or path.name in tests, (page, path)


def test_titles() -> None:
    """A page of the site has one title, and it comes first."""
    for page in pages.PAGES:
        text = page.read_text()
        if text.startswith("```{include}"):
            text = pages.included(page)[0].read_text()
        body = "".join(f"\n{line}" for line in text.splitlines() if not line.startswith("<!--"))
        assert body.lstrip().startswith("# "), page


PAGE = """# Title

```python
a = 2
```

```{{note}}
not a block
```

```pycon
>>> a + 1
{0}
```

```console
$ fastact {1}
```
"""


def test_a_right_page(aside: None) -> None:
    assert pages.run("page", PAGE.format(3, "list")) == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PAGE.format(4, "list"), "Expected:\n    4\nGot:\n    3\n"),
        (PAGE.format(3, "demo nope"), "page:17: '$ fastact demo nope' ends with status 2"),
        (PAGE.format(3, "nope"), "ends with status 2"),
        ("```c\nint x;\n```\n", "page:2: a block of 'c'; accepted are python, pycon, console, text, toml"),
        ("```\nx\n```\n", "a block of ''"),
        ("```pycon\n1 + 1\n```\n", "without >>>"),
    ],
)
def test_a_wrong_page(text: str, told: str, aside: None) -> None:
    with pytest.raises(pages.PageError, match=re.escape(told)):
        pages.run("page", text)


def test_an_error_tells_its_line(aside: None) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        pages.run("page", "# Title\n\n```python\na = 1\na / 0\n```\n")
    assert caught.traceback[-1].lineno == 4


def test_needs() -> None:
    assert pages.needs("<!-- needs: torch, jax -->\n# Title\n") == ["torch", "jax"]
    assert pages.needs("# Title\n") == []
