"""How long each chapter takes until something is to be seen, beyond the import of torch.

Runs each notebook in a fresh kernel up to its first picture, panel, or progress bar of a training
run, where it stops, and counts the kernel's processor time, which another program beside it changes
little.

    python benchmarks/start_time.py [NOTEBOOK ...]

Results in docs/speed.md.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
# The publisher of the kernel's outputs notes the time of the first one to look at, and ends the
# kernel's work there.
BEFORE = """
import time as _time, torch
class Seen(BaseException): pass
_start, _publisher, _seen = _time.process_time(), get_ipython().display_pub, []
_publish = _publisher.publish
def _note(data, *more, **named):
    if not _seen and {"image/png", "image/svg+xml", "text/html",
                     "application/vnd.jupyter.widget-view+json"} & set(data):
        _seen.append(_time.process_time() - _start)
        raise Seen
    return _publish(data, *more, **named)
_publisher.publish = _note
"""
AFTER = "print(_seen[0])"


def seconds(file: Path) -> float:
    notebook = nbformat.read(file, as_version=4)
    new = nbformat.v4.new_code_cell
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    notebook.cells = [new(BEFORE), *cells]
    folder = {"metadata": {"path": file.parent}}
    client = NotebookClient(notebook, timeout=600, allow_errors=True, resources=folder)
    with client.setup_kernel():
        for number, cell in enumerate(notebook.cells):
            outputs = client.execute_cell(cell, number).outputs
            if any(output.get("ename") == "Seen" for output in outputs):
                return float(client.execute_cell(new(AFTER), number).outputs[0].text)
    raise ValueError(f"{file.name} shows no picture.")


def main() -> None:
    files = [Path(name) for name in sys.argv[1:]] or sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
    for file in files:
        print(f"{file.stem:<40} {seconds(file):5.1f} s", flush=True)


if __name__ == "__main__":
    main()
