"""Say in every notebook where to run it without installing anything, once the course has a place.

    python tools/publish.py OWNER/NAME     (a repository on GitHub, its branch main)

Each notebook gets a line of links below its title (Colab, Binder, Codespaces), and as its first
code cell the lines that install the course's module where it is missing. Called again, it replaces
both. No cell has to be run again: the new one prints nothing where the module is.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START = "Without installing anything: "
CELL = "setup-cell"
SETUP = """# Where the course's module is missing, as on Colab, this cell installs it.
try:
    import gan_helpers  # noqa: F401
except ModuleNotFoundError:
    %pip install -q "gan-helpers @ git+https://github.com/{place}"
"""


def links(place: str, path: str) -> str:
    """The line of links for one notebook."""
    return (
        f"{START}[Colab](https://colab.research.google.com/github/{place}/blob/main/{path}), "
        f"[Binder](https://mybinder.org/v2/gh/{place}/main?urlpath=lab/tree/{path}), "
        f"[Codespaces](https://codespaces.new/{place}).\n"
    )


def add_to(notebook: dict, place: str, path: str) -> None:
    """Put the line and the cell into ``notebook``, or replace those of an earlier place."""
    first, *others = notebook["cells"]
    title, *lines = [line for line in first["source"] if not line.startswith(START)]
    while lines and not lines[0].strip():
        del lines[0]
    first["source"] = [title.rstrip("\n") + "\n", "\n", links(place, path), "\n", *lines]
    setup = {"cell_type": "code", "id": CELL, "metadata": {}, "outputs": []}
    setup["source"] = SETUP.format(place=place).rstrip("\n").splitlines(keepends=True)
    notebook["cells"] = [first, setup, *(one for one in others if one.get("id") != CELL)]
    code = [cell for cell in notebook["cells"] if cell.get("cell_type") == "code"]
    for count, cell in enumerate(code, start=1):  # as if the first cell had been run with them
        cell["execution_count"] = count
        for output in cell["outputs"]:
            if "execution_count" in output:
                output["execution_count"] = count


def main() -> int:
    place = sys.argv[1] if len(sys.argv) == 2 else ""
    if not re.fullmatch(r"[\w-]+/[\w.-]+", place):
        print(f"The place is {place!r}; expected OWNER/NAME, as in the repository's address.")
        return 2
    for file in (*ROOT.glob("notebooks/*_*.ipynb"), *ROOT.glob("notebooks/solutions/*_*.ipynb")):
        notebook = json.loads(file.read_text("utf-8"))
        add_to(notebook, place, file.relative_to(ROOT).as_posix())
        text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        file.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
