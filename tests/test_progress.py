"""The progress bar: in a notebook an output that stays an output, elsewhere the terminal's."""

import re
from pathlib import Path

from tqdm.std import tqdm

from gan_helpers import progress


class Place:
    """What ``display(..., display_id=True)`` returns, and all that was shown."""

    def __init__(self):
        self.shown = []

    def display(self, output, raw, display_id):
        self.shown.append(output)
        return self

    def update(self, output, raw):
        self.shown.append(output)


def run(monkeypatch, **options):
    place = Place()
    monkeypatch.setattr(progress, "display", place.display)
    with progress.CellBar(total=1500, unit="step", mininterval=0, **options) as bar:
        for _ in range(3):
            bar.update(500)
            bar.set_postfix_str("D loss <1")
    return [output["text/html"] for output in place.shown]


def test_it_shows_how_far_the_work_is(monkeypatch, capfd):
    first, *_, last = run(monkeypatch)
    assert 'value="0" max="1500"' in first and "0 of 1500 steps, 00:00" in first
    assert 'value="1500" max="1500"' in last and "D loss &lt;1" in last and "to go" not in last
    assert capfd.readouterr() == ("", "")  # a cell's stderr would be an error


def test_all_that_changes_is_what_the_comparison_of_notebooks_leaves_out(monkeypatch):
    settings = (Path(__file__).parent / "nbval_sanitize.cfg").read_text("utf-8")
    pattern = re.search('regex: (<p class="gan-progress">.*)', settings)
    assert {re.sub(pattern[1], "", shown) for shown in run(monkeypatch)} == {""}


def test_it_can_be_off(monkeypatch):
    assert run(monkeypatch, disable=True) == []


def test_outside_of_notebooks_it_is_the_terminals(capsys):
    with progress.progress_bar(total=2, disable=False) as bar:
        bar.update(2)
    assert type(bar) is tqdm and "2/2" in capsys.readouterr().err
