"""Every notebook keeps the course's form: size of cells, skeleton, alt text, clean metadata."""

import base64
import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from statistics import median
from urllib.parse import unquote

import nbformat
import pytest
from nbconvert import HTMLExporter

ROOT = Path(__file__).parents[2]
MAIN = sorted((ROOT / "notebooks").glob("*.ipynb"))
# A quiz is one long exercise, with its answers at its end: it has no others, and no solutions.
CHAPTERS = [path for path in MAIN if not path.stem.endswith("_quiz")]
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))

MAX_IMAGE_BYTES = 1_500_000
LABELS = ["What you will learn", "What you need", "Summary", "Exercises", "References"]
# Not preceded by a word: https://example.org/home/ is an address.
MACHINE_PATH = re.compile(r"(?<![\w.-])/(?:home|root|work|tmp|Users)/[^\s\"']*")
# [text](target) and [text](target "title"); the text of a link may itself be a picture.
MARKDOWN_LINK = re.compile(r"\]\(\s*<?([^)>\s]+)>?(?:\s+[\"'][^)]*)?\)")
MARKDOWN_PICTURE = re.compile(r"!\[([^\]]*)\]\(\s*<?([^)>\s]+)")

every_notebook = pytest.mark.parametrize(
    "path", MAIN + SOLUTIONS, ids=lambda path: str(path.relative_to(ROOT / "notebooks"))
)
main_notebooks = pytest.mark.parametrize("path", MAIN, ids=lambda path: path.name)
chapters = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)


# --- reading notebooks --------------------------------------------------------------------------


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code" and cell.source.strip()]


def outputs(path):
    """(number of the code cell, output) for every stored output."""
    return [(i, output) for i, cell in enumerate(code_cells(path), 1) for output in cell.outputs]


def lines_of(cell):
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def prose(path):
    """The text of the markdown cells, without blocks of code."""
    text = "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    return re.sub(r"^(```|~~~).*?^\1", "", text, flags=re.M | re.S)


def markdown(path):
    """Without formulas and code in the line either, where [a](b) is no link."""
    return re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$|``.*?``|`[^`\n]*`", "", prose(path), flags=re.S)


class PictureTags(HTMLParser):
    """Collects the attributes of every <img>."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.found.append({name: value or "" for name, value in attributes})


def pictures(path):
    """(address, alt text) of every picture in markdown and in HTML outputs."""
    text = markdown(path)
    html = [output.data["text/html"] for _, output in outputs(path) if "text/html" in data(output)]
    found = [(target, alt) for alt, target in MARKDOWN_PICTURE.findall(text)]
    for tag in (tag for source in [text, *html] for tag in PictureTags(source).found):
        found.append((tag.get("src", ""), tag.get("alt", "")))
    return found


def data(output):
    return output.get("data", {})


def printed(cell):
    """What the cell printed or returned, as text."""
    streams = [output.text for output in cell.outputs if output.output_type == "stream"]
    return "\n".join(streams + [data(output).get("text/plain", "") for output in cell.outputs])


def strings(node, key=""):
    """All strings of a notebook, keys included, but for the encoded bytes of pictures."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield name
            yield from strings(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value, key)
    elif isinstance(node, str) and not key.startswith("image/"):
        yield re.sub(r"base64,[A-Za-z0-9+/=\s]*|^[A-Za-z0-9+/=\s]{200,}$", "", node)


# --- every notebook -----------------------------------------------------------------------------


@every_notebook
def test_it_was_run_from_top_to_bottom_without_errors(path):
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1)), "run it with 'make notebooks'"
    kinds = [(i, output.output_type, output.get("name")) for i, output in outputs(path)]
    assert [kind for kind in kinds if kind[1] == "error" or kind[2] == "stderr"] == []
    # Two streams in a row are one text that fell apart; make notebooks joins them.
    streams = [kind if kind[1] == "stream" else None for kind in kinds]
    assert [one for one, next_one in pairwise(streams) if one and one == next_one] == []


@every_notebook
def test_code_cells_are_short(path):
    lengths = [lines_of(cell) for cell in code_cells(path)]
    assert max(lengths) <= 40
    assert median(lengths) <= 8
    assert sum(length <= 20 for length in lengths) >= 0.9 * len(lengths)


@every_notebook
def test_pictures_are_local_and_have_alt_text(path):
    for address, alt in pictures(path):
        assert not re.match(r"(https?:)?//", address), f"{address} is remote; keep it in figures/"
        assert alt.strip(), f"the picture {address[:60]} has no alt text"


@every_notebook
def test_the_page_that_nbconvert_makes_describes_every_picture(path):
    page, _ = HTMLExporter(template_name="lab").from_filename(str(path))
    alts = [tag.get("alt", "") for tag in PictureTags(page).found]
    assert [alt for alt in alts if len(alt) < 20 or alt.startswith("No description")] == []


@every_notebook
def test_stored_pictures_have_alt_text_and_a_modest_size(path):
    for i, output in outputs(path):
        for kind in (kind for kind in data(output) if kind.startswith("image/")):
            described = [output.metadata, output.metadata.get(kind, {})]
            assert any(known.get("alt", "").strip() for known in described), (
                f"a picture of code cell {i} has no alt text"
            )
            source = output.data[kind]
            size = len(source) if kind == "image/svg+xml" else len(base64.b64decode(source))
            assert size <= MAX_IMAGE_BYTES, f"a picture of code cell {i} has {size} bytes"


@every_notebook
def test_it_names_no_path_of_the_machine_that_ran_it(path):
    assert [hit for text in strings(read(path)) for hit in MACHINE_PATH.findall(text)] == []


@every_notebook
def test_it_is_valid_and_its_metadata_is_clean(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    # From the file itself: nbformat gives a missing or repeated id a new one as it reads.
    ids = [cell.get("id") for cell in json.loads(path.read_text("utf-8"))["cells"]]
    assert len(set(ids)) == len(ids)
    assert not any("execution" in cell.metadata for cell in notebook.cells), "times are stored"


@every_notebook
def test_four_in_five_stored_outputs_are_compared(path):
    def is_ignored(cell):
        tags = {"nbval-ignore-output", "nbval-skip"} & set(cell.metadata.get("tags", []))
        return bool(tags) or bool(re.search(r"#\s*NBVAL_(IGNORE_OUTPUT|SKIP)", cell.source))

    stored = [cell for cell in code_cells(path) if cell.outputs]
    assert sum(not is_ignored(cell) for cell in stored) >= 0.8 * len(stored)


@every_notebook
def test_local_links_lead_somewhere(path):
    for address in MARKDOWN_LINK.findall(markdown(path)):
        target = unquote(address.split("#")[0])
        if target and not re.match(r"[a-z]+:", target):
            assert (path.parent / target).exists(), f"{address} leads nowhere"


# --- chapters and their solutions ---------------------------------------------------------------


@main_notebooks
def test_it_keeps_the_skeleton(path):
    # A heading, or a bold word at the beginning of a line, in this order.
    starts = re.findall(r"^(?:#{1,6} +|\*\*)(.+?)(?:\*\*.*)?$", markdown(path), re.M)
    found = [start.strip(" :.") for start in starts if start.strip(" :.") in LABELS]
    assert found == (LABELS if path in CHAPTERS else LABELS[:3])


@main_notebooks
def test_it_says_how_long_it_takes(path):
    paragraphs = re.split(r"\n\s*\n", markdown(path))
    assert any(re.search(r"\b(minutes?|seconds?)\b", text) and "CPU" in text for text in paragraphs)


@main_notebooks
def test_answers_to_predictions_are_folded_until_the_cell_is_run(path):
    predicts, shown = False, []
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            predicts = "**Predict before" in cell.source
        elif (
            predicts and cell.outputs and not cell.metadata.get("jupyter", {}).get("outputs_hidden")
        ):
            shown.append(cell.source)
    assert shown == [], 'give these cells the metadata {"jupyter": {"outputs_hidden": true}}'


def test_each_dashboard_of_the_quiz_stands_before_its_answer():
    path = ROOT / "notebooks" / "09_quiz.ipynb"
    asked = re.findall(r"quiz\.(show|answer)\((\d+)", "\n".join(c.source for c in code_cells(path)))
    assert asked == [(what, str(k)) for k in range(1, 13) for what in ("show", "answer")]


@main_notebooks
def test_it_leads_to_its_neighbours_its_solutions_and_the_overview(path):
    number = MAIN.index(path)
    neighbours = [other.name for other in MAIN[max(number - 1, 0) : number + 2] if other != path]
    expected = {*neighbours, "../README.md#the-chapters"}
    if path in CHAPTERS:
        expected.add(f"solutions/{path.stem[:2]}_solutions.ipynb")
    cells = [cell.source for cell in read(path).cells]
    for end in (cells[0], cells[-1]):
        assert expected <= set(MARKDOWN_LINK.findall(end))


def exercise_titles(path, marks="#{1,6}"):
    """With their code and formulas."""
    titles = [title.strip() for title in re.findall(rf"^{marks} +(.+)$", prose(path), re.M)]
    return [title for title in titles if re.match(r"Exercise\b", title)]


@chapters
def test_its_exercises_are_solved_and_the_checks_say_so(path):
    titles = exercise_titles(path, marks="###")
    assert len(titles) >= 4
    untried = [cell for cell in code_cells(path) if "not tried yet" in printed(cell)]
    assert len(untried) >= 2

    solutions = path.parent / "solutions" / f"{path.stem[:2]}_solutions.ipynb"
    assert solutions.exists(), f"write {solutions.relative_to(ROOT)}"
    assert exercise_titles(solutions) == titles
    verdicts = [printed(cell) for cell in code_cells(solutions)]
    assert not any(re.search(r"not tried yet|not right", verdict) for verdict in verdicts)
    assert sum(bool(re.search(r"\bright\b", verdict)) for verdict in verdicts) >= 2


def test_every_solutions_notebook_belongs_to_a_chapter():
    expected = {f"{path.stem[:2]}_solutions" for path in CHAPTERS}
    assert {path.stem for path in SOLUTIONS} == expected


def test_readme_lists_every_chapter():
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    table = "\n".join(line for line in lines if line.startswith("|"))
    assert [path.name for path in MAIN if path.name not in table] == [], "add them to the table"
