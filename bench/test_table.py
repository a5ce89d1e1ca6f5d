"""The table's file: whole after every row, resumable, and fit for the comparison, README and picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench import compare, publish, table
from bench.cases import DIRECTIONS
from bench.store import key

QUICK = ["--sizes", "1024", "--rounds", "1", "--budget", "0.0001"]
FUNCTIONS = ["--function", "relu", "--function", "gelu"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "made.json"
    assert table.main([*QUICK, *FUNCTIONS, "--json", str(path)]) == 0
    return path


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def test_rows(file: Path) -> None:
    made = read(file)
    assert {(r["function"], r["direction"]) for r in made["rows"]} == {(f, d) for f in ("relu", "gelu") for d in DIRECTIONS}
    for row in made["rows"]:
        assert row["seconds"] > 0
        assert row["Gelem/s"] == pytest.approx(1024 / row["seconds"] / 1e9)
        assert set(row["yardstick"]) == {"copy", "exp"}
    assert {"date", "cpu", "versions"} <= set(made["header"])
    assert {"python", "numpy", "numba", "fastact"} <= set(made["header"]["versions"])


def test_every_dtype_layout_and_thread(tmp_path: Path) -> None:
    path = tmp_path / "all.json"
    dtypes = [name for name in table.DTYPES if name != "bfloat16" or pytest.importorskip("ml_dtypes")]
    assert table.main([*QUICK, *FUNCTIONS, "--dtypes", ",".join(dtypes), "--threads", "1,2", "--layouts", "--json", str(path)]) == 0
    rows = read(path)["rows"]
    assert len({key(row) for row in rows}) == len(rows)
    assert {row["dtype"] for row in rows} == set(dtypes)
    assert {row["threads"] for row in rows} == {1, 2}
    assert {"dense", "strided by 2", "where"} <= {row["layout"] for row in rows}


def test_interruption_keeps_rows_and_resume_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, measured = tmp_path / "cut.json", table.Bench.rows
    done: list[Any] = []

    def stop(self: table.Bench, case: table.Case) -> list[dict[str, Any]]:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(case)
        return measured(self, case)

    monkeypatch.setattr(table.Bench, "rows", stop)
    arguments = [*QUICK, *FUNCTIONS, "--json", str(path), "--resume"]
    assert table.main(arguments) == 130
    kept = read(path)["rows"]
    assert len(kept) == 2
    monkeypatch.setattr(table.Bench, "rows", measured)
    assert table.main(arguments) == 0
    rows = read(path)["rows"]
    assert rows[:2] == kept
    assert len(rows) == 6


@pytest.mark.parametrize("text", ["no json", '{"rows": []}', '{"header": {"cpu": "another", "versions": {}}, "rows": []}'])
def test_resume_refuses_what_does_not_fit(tmp_path: Path, text: str) -> None:
    path = tmp_path / "old.json"
    path.write_text(text)
    assert table.main([*QUICK, *FUNCTIONS, "--json", str(path), "--resume"]) == 2
    assert path.read_text() == text


def test_comparison_with_itself(file: Path) -> None:
    assert compare.main([str(file), str(file)]) == 0


def test_published_twice_is_published_once(file: Path, tmp_path: Path) -> None:
    readme, picture = tmp_path / "README.md", tmp_path / "docs" / "bench.svg"
    readme.write_text("# title\n\n<!-- bench -->\nold\n<!-- /bench -->\n\nrest\n")
    command = [str(file), "--readme", str(readme)]
    assert publish.main(command) == 0
    first = readme.read_text()
    assert publish.main(command) == 0
    assert readme.read_text() == first
    assert first.startswith("# title\n\n<!-- bench -->\n")
    assert first.endswith("<!-- /bench -->\n\nrest\n")
    assert "| `gelu` |" in first
    assert "old" not in first
    pytest.importorskip("matplotlib")
    assert publish.main([*command, "--picture", str(picture)]) == 0
    assert "](docs/bench.svg)\n" in readme.read_text()
    assert picture.stat().st_size < 200_000


@pytest.mark.parametrize("text", ["<!-- /bench --> <!-- bench -->", "<!-- bench -->", "<!-- bench --><!-- bench --><!-- /bench -->"])
def test_markers_that_do_not_fit(file: Path, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(text)
    assert publish.main([str(file), "--readme", str(readme)]) == 2
    assert "markers" in capsys.readouterr().err
    assert readme.read_text() == text


def test_missing_markers_are_added() -> None:
    assert publish.insert("text\n", "block") == "text\n\n## Speed\n\n<!-- bench -->\n\nblock\n\n<!-- /bench -->\n"
