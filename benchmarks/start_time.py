"""How long each chapter takes to its first picture, beyond the import of torch.

Runs each notebook's cells up to the first that stores a picture or a panel, in a fresh kernel, and
counts the kernel's processor time, which another program beside it changes little.

    python benchmarks/start_time.py [NOTEBOOK ...]

Measured on 2 cores (AMD EPYC), torch 2.14.1; RESULTS
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
BEFORE = "import time, torch\n_start = time.process_time()"
AFTER = "print(time.process_time() - _start)"
PICTURES = {"image/png", "image/svg+xml", "text/html", "application/vnd.jupyter.widget-view+json"}


def first_picture(notebook: nbformat.NotebookNode) -> int:
    """The number of the first cell whose stored outputs hold a picture, a panel or a film."""
    for i, cell in enumerate(notebook.cells):
        outputs = cell.get("outputs", [])
        if any(PICTURES & set(output.get("data", {})) for output in outputs):
            return i
    raise ValueError("the notebook stores no picture; run `make notebooks` first.")


def seconds(file: Path) -> float:
    notebook = nbformat.read(file, as_version=4)
    cells = notebook.cells[: first_picture(notebook) + 1]
    new = nbformat.v4.new_code_cell
    notebook.cells = [new(BEFORE), *(c for c in cells if c.cell_type == "code"), new(AFTER)]
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": file.parent}}).execute()
    return float(notebook.cells[-1].outputs[0].text)


def main() -> None:
    files = [Path(name) for name in sys.argv[1:]] or sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
    for file in files:
        print(f"{file.stem:<40} {seconds(file):5.1f} s", flush=True)


if __name__ == "__main__":
    main()
