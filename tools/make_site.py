"""Make the course's pages from the stored outputs of the notebooks: ``make site``.

No cell is run and nothing is fetched: the pages show what the notebooks hold. Sphinx and MyST-NB do
the work; this file copies what they read into build/site_source, lists the chapters, and writes the
explorer that is live in the page of notebook 05.
"""

import json
import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import main as sphinx

from gan_helpers.data import ASSETS
from gan_helpers.training import load_generator
from gan_helpers.widgets import write_page

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ROOT / "tools" / "site"
SOURCE, SITE = ROOT / "build" / "site_source", ROOT / "build" / "site"
SPEED = "gan_helpers/assets/time_to_digits.png"
LINKED_TO = ("LICENSE", "figures", "benchmarks", "recordings", "tools/alone.py", SPEED)
LISTED = {
    "Chapters": sorted(ROOT.glob("notebooks/*_*.ipynb")),
    "Solutions": sorted(ROOT.glob("notebooks/solutions/*_*.ipynb")),
    "More": [
        *sorted(ROOT.glob("docs/*.md")),
        ROOT / "CONTRIBUTING.md",
        ROOT / "benchmarks/elsewhere.md",
    ],
}
LIST = """

```{{toctree}}
:hidden:
:caption: {caption}

{names}
```
"""


def read_page(file: Path) -> str:
    """A page's text. The README is the first page, which is called index."""
    text = file.read_text("utf-8")
    text = text.replace("README.md#the-chapters)", "index.md#The-chapters)")
    text = text.replace("notebooks/solutions)", "notebooks/solutions/01_solutions.ipynb)")
    if file.suffix != ".ipynb":
        return text
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        # An output that JupyterLab hides until the reader asks for it is hidden here too.
        if cell["metadata"].get("jupyter", {}).get("outputs_hidden"):
            cell["metadata"].setdefault("tags", []).append("hide-output")
    return json.dumps(notebook)


def main() -> int:
    for folder in (SOURCE, SITE):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SETTINGS / "_static", SOURCE / "_static")
    for name in LINKED_TO:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (SOURCE / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, SOURCE / name)
    first = read_page(ROOT / "README.md")
    for caption, files in LISTED.items():
        places = [file.relative_to(ROOT) for file in files]
        for file, place in zip(files, places, strict=True):
            (SOURCE / place).parent.mkdir(parents=True, exist_ok=True)
            (SOURCE / place).write_text(read_page(file), "utf-8")
        names = "\n".join(place.with_suffix("").as_posix() for place in places)
        first += LIST.format(caption=caption, names=names)
    (SOURCE / "index.md").write_text(first, "utf-8")
    generator, _ = load_generator(ASSETS / "hour_generator.safetensors")  # that of notebook 05
    write_page(generator, SOURCE / "_static" / "explorer.html", seed=4)
    for name in ("run.webp", "run.json"):  # the film of notebook 04
        shutil.copy(ROOT / "figures" / name, SOURCE / "_static" / name)
    options = ["-q", "-W", "--keep-going", "-c", str(SETTINGS), "-d", str(ROOT / "build/doctrees")]
    return sphinx([*options, str(SOURCE), str(SITE)])


if __name__ == "__main__":
    sys.exit(main())
