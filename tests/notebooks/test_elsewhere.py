"""What tools/elsewhere.py keeps of its runs, and when it forgets them."""

import importlib.util
import json
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "elsewhere.py"
spec = importlib.util.spec_from_file_location("elsewhere", SCRIPT)
elsewhere = importlib.util.module_from_spec(spec)
spec.loader.exec_module(elsewhere)
NAME = "notebooks/a.ipynb"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write the notebook; the tool looks at the folder that holds it."""

    def write(words="A title.", printed="0.7\n", source="print(loss)", png="abc"):
        picture = {"output_type": "display_data", "data": {"image/png": png}}
        outputs = [{"output_type": "stream", "name": "stdout", "text": [printed]}, picture]
        cells = [
            {"cell_type": "markdown", "source": [words], "metadata": {}},
            {"cell_type": "code", "source": [source], "outputs": outputs, "metadata": {}},
            {"cell_type": "code", "source": ["# NBVAL_IGNORE_OUTPUT\n", "x"], "outputs": outputs},
            {"cell_type": "code", "source": ["panel"], "outputs": outputs},
        ]
        cells[2]["metadata"], cells[3]["metadata"] = {}, {"tags": ["nbval-ignore-output"]}
        (tmp_path / NAME).parent.mkdir(exist_ok=True)
        (tmp_path / NAME).write_text(json.dumps({"cells": cells}))

    monkeypatch.setattr(elsewhere, "ROOT", tmp_path)
    monkeypatch.setattr(elsewhere, "NOTEBOOKS", [NAME])
    monkeypatch.setattr(elsewhere, "RECORD", tmp_path / "elsewhere.json")
    monkeypatch.setattr(elsewhere, "TABLE", tmp_path / "elsewhere.md")
    return write


def run_variants():
    return elsewhere.read_record()[NAME]["changed"]


def keep(variant, cells):
    elsewhere.keep(NAME, elsewhere.read_record()[NAME]["of"], variant, cells)


def test_each_variant_is_kept_and_counted_in_the_table(write):
    write()
    assert run_variants() == {}
    keep("weights up", [])
    keep("all of SSE 4", ["Cell 0"])
    assert run_variants() == {"weights up": [], "all of SSE 4": ["Cell 0"]}
    (row,) = [line for line in elsewhere.TABLE.read_text().splitlines() if "a.ipynb" in line]
    assert row.startswith("| a.ipynb | 1 | 2 | Cell 0 (all of SSE 4) | 20")  # one compared cell


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"words": "Another title."}, True),
        ({"png": "xyz"}, True),
        ({"printed": "0.8\n"}, False),
        ({"source": "print(2 * loss)"}, False),
    ],
)
def test_it_forgets_a_notebook_whose_code_or_printed_output_changes(write, change, kept):
    write()
    keep("weights up", [])
    write(**change)
    assert (run_variants() == {"weights up": []}) == kept


def test_a_notebook_that_changes_while_it_runs_is_not_kept(write, monkeypatch, capsys):
    write()
    monkeypatch.setattr(elsewhere, "play", lambda name, path: write(source="print(3)") or [])
    monkeypatch.setattr("sys.argv", ["elsewhere.py", "--farthest"])
    elsewhere.main()
    assert "is not kept" in capsys.readouterr().out and run_variants() == {}


def test_missing_runs_only_what_was_not_run(write, monkeypatch, capsys):
    write()
    played = []
    monkeypatch.setattr(elsewhere, "play", lambda name, path: played.append(name) or [])
    keep("weights up", [])
    monkeypatch.setattr("sys.argv", ["elsewhere.py", "--missing"])
    assert elsewhere.main() == 0
    assert sorted([*played, "weights up"]) == sorted(elsewhere.VARIANTS)
    assert run_variants().keys() == elsewhere.VARIANTS.keys()
    played.clear()
    monkeypatch.setattr("sys.argv", ["elsewhere.py", "--farthest"])  # CI runs it each time
    assert elsewhere.main() == 0 and played == [elsewhere.FARTHEST]
