"""The links and the first cell that tools/publish.py gives the notebooks."""

import copy
import importlib.util
import json
import sys
from pathlib import Path

import pytest
from IPython.core.inputtransformer2 import TransformerManager

ROOT = Path(__file__).parents[2]
ALL = [file for part in ("", "solutions/") for file in ROOT.glob(f"notebooks/{part}*_*.ipynb")]
SCRIPT = ROOT / "tools" / "publish.py"
spec = importlib.util.spec_from_file_location("publish", SCRIPT)
publish = importlib.util.module_from_spec(spec)
spec.loader.exec_module(publish)


def unpublished(path):
    """The notebook without the line and the cell, should the course have a place already."""
    notebook = json.loads(path.read_text("utf-8"))
    first, *others = notebook["cells"]
    if any(line.startswith(publish.START) for line in first["source"]):
        first["source"] = [*first["source"][:2], *first["source"][4:]]
    notebook["cells"] = [first, *(cell for cell in others if cell["id"] != publish.CELL)]
    return notebook


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_line_of_links_and_a_cell_are_added_and_an_earlier_place_is_replaced(path):
    before = unpublished(path)
    once, twice = copy.deepcopy(before), copy.deepcopy(before)
    publish.add_to(once, "some/place", "notebooks/a.ipynb")
    publish.add_to(twice, "another/place", "notebooks/a.ipynb")
    publish.add_to(twice, "some/place", "notebooks/a.ipynb")
    assert twice == once
    title, setup, *others = once["cells"]
    for cell, original in zip(others, before["cells"][1:], strict=True):
        assert cell["source"] == original["source"] and cell["metadata"] == original["metadata"]
        assert len(cell.get("outputs", [])) == len(original.get("outputs", []))
    added = [line for line in title["source"] if line not in before["cells"][0]["source"]]
    assert [line.count("some/place") for line in added] == [3]
    assert title["source"][0] == before["cells"][0]["source"][0]
    assert "".join(before["cells"][0]["source"]).split("\n", 2)[2] in "".join(title["source"])
    assert setup["outputs"] == []


def test_the_cell_does_nothing_where_the_module_is_and_installs_it_where_it_is_not(monkeypatch):
    notebook = {"cells": [{"source": ["# Title\n", "\n", "Text"]}]}
    publish.add_to(notebook, "some/place", "notebooks/a.ipynb")
    source = "".join(notebook["cells"][1]["source"])
    code, asked = TransformerManager().transform_cell(source), []

    class Shell:
        def run_line_magic(self, name, line):
            asked.append((name, line))

    exec(code, {"get_ipython": Shell})
    assert asked == []
    monkeypatch.setitem(sys.modules, "gan_helpers", None)
    with pytest.raises(ModuleNotFoundError):
        import gan_helpers  # noqa: F401
    exec(code, {"get_ipython": Shell})
    assert asked == [("pip", 'install -q "gan-helpers @ git+https://github.com/some/place"')]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A course of one chapter and one solution."""
    (tmp_path / "notebooks" / "solutions").mkdir(parents=True)
    for place in ("notebooks/01_a.ipynb", "notebooks/solutions/01_b.ipynb"):
        (tmp_path / place).write_text(json.dumps(unpublished(ALL[0])))
    monkeypatch.setattr(publish, "ROOT", tmp_path)
    return tmp_path


def run(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["publish.py", *words])
    return publish.main()


def test_chapters_and_solutions_get_links_to_themselves(folder, monkeypatch):
    assert run(monkeypatch, "some/place") == 0
    for place in ("notebooks/01_a.ipynb", "notebooks/solutions/01_b.ipynb"):
        text = (folder / place).read_text("utf-8")
        assert f"github/some/place/blob/main/{place}" in text


@pytest.mark.parametrize("words", [[], ["place"], ["a/b/c"], ["https://github.com/a/b"]])
def test_another_word_than_a_place_changes_nothing(words, folder, monkeypatch, capsys):
    before = [file.read_bytes() for file in folder.rglob("*.ipynb")]
    assert run(monkeypatch, *words) == 2
    assert "expected OWNER/NAME" in capsys.readouterr().out
    assert [file.read_bytes() for file in folder.rglob("*.ipynb")] == before
