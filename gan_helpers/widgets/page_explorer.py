"""The latent explorer that needs no kernel: the generator's arithmetic runs in the reader's page.

``page_network.js`` and ``page_explorer.js`` are the one source; a notebook shows it as a widget,
and ``write_page`` puts it into a single file that can be sent by mail.
"""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import anywidget
import torch
import traitlets
from matplotlib.figure import Figure
from torch import nn

from gan_helpers import plots
from gan_helpers.checks import check_seed
from gan_helpers.kinds import check_file
from gan_helpers.latent import activation_directions, weight_directions
from gan_helpers.training import write_whole
from gan_helpers.widgets.along import STEPS, draw_strips
from gan_helpers.widgets.common import Panel
from gan_helpers.widgets.quantised import draw_quantised, quantise, to_base64
from gan_helpers.widgets.seeing import names_of_classes

SLIDERS = 8  # as in page_explorer.js, and so is REACH of along.py
NETWORK, EXPLORER, STYLE = (
    Path(__file__).with_name(f"page_{name}").read_text(encoding="utf-8")
    for name in ("network.js", "explorer.js", "explorer.css")
)
SCRIPT = f"{NETWORK}\n{EXPLORER}"
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<link rel="icon" href="data:,">
<title>A generator to move</title>
<style>
:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 720px; padding: 8px 12px 24px; }
body { color: CanvasText; background: Canvas; font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4em; margin: 8px 0; }
@STYLE@</style>
</head>
<body>
<main>
<h1>A generator to move</h1>
<p>A generator draws a @NOUN@ from the @LATENT_DIM@ numbers of its z. Move a slider, with the
mouse, a finger or the arrow keys, and the @NOUN@ follows. @QUESTION@ |z| is the length of z: near
@LENGTH@, when all its numbers come from N(0, 1).</p>
<div id="explorer">The explorer needs JavaScript.</div>
<p>This page holds the whole generator, @COUNT@ weights of 8 bits. It loads nothing and sends
nothing.</p>
</main>
<script type="application/json" id="parts">@PARTS@</script>
<script type="module">
@SCRIPT@
const parts = JSON.parse(document.getElementById("parts").textContent);
window.explorer = await explore(document.getElementById("explorer"), parts);
</script>
</body>
</html>
"""
ASK = "Which numbers change the stroke, and which make another digit?"
ASK_OF_CLASSES = "Choose another class, and z stays: what stays in the picture?"


class PageExplorer(Panel):
    """A latent explorer whose digit is drawn in the page, also while the kernel is busy.

    Sliders along coordinates of z or directions of ``gan_helpers.latent``, a new z, a menu of the
    classes if there are any, a strip of digits along the slider that was moved last. The generator
    is in the page (``quantise``), which tells the kernel where it stands and does not wait for it:
    ``.z``, shape (1, latent_dim), float32, is the z that was shown last and ``.label`` its class, 0
    without classes; two tabs with one panel do not follow each other. ``.observe(function, "z")``
    calls a function whenever z moves, with "label" whenever the class is another.

    ``generator``: a ``gan_helpers.models.Generator`` of grey images of 28 x 28 pixels; ``seed``: of
    the first z; ``classes``: the names of its classes, or None for their numbers. Raises
    ``TypeError`` for another network or what is no whole number or names, and ``ValueError`` for
    weights that are NaN or infinite, other images, a negative seed and another number of names.
    Introduced in notebook 05, "A page to send".
    """

    z = traitlets.Instance(torch.Tensor, read_only=True)
    label = traitlets.Int(read_only=True)

    def __init__(self, generator: nn.Module, seed: int = 0, classes: Sequence[str] | None = None):
        self._page = _Page(**_parts(generator, seed, classes))
        super().__init__([self._page], self._still_picture)
        self._page.observe(self._hear, "z")
        self._page.observe(self._hear_class, "label")
        self._hear()

    def _hear(self, change: object = None) -> None:
        self.set_trait("z", torch.tensor([self._page.z], dtype=torch.float32))

    def _hear_class(self, change: object) -> None:
        self.set_trait("label", self._page.label)

    def _still_picture(self) -> tuple[Figure, str]:
        count = min(SLIDERS, self.z.shape[1])
        names, rows = self._page.classes, []
        noun = _noun_of(names)
        labels = torch.full((len(STEPS),), self.label) if names else None
        for k in range(count):
            z = self.z.repeat(len(STEPS), 1)  # (9, latent_dim)
            z[:, k] += torch.tensor(STEPS)
            rows.append(draw_quantised(self._page.network, z, labels))
        figure, (axes,) = plots.new_figure(width=5.2, height=4.8)
        draw_strips(axes, rows, [f"z[{k}]" for k in range(count)], noun)
        many = "One row" if count == 1 else f"{count} rows"
        alt = (
            f"{many} of nine {noun}s. Each row belongs to one of the first coordinates of z, which "
            f"goes from {STEPS[0]} to {STEPS[-1]} along it; the others stay. "
            + (f"All are of class {names[self.label]}. " if names else "")
            + f"|z| = {self.z.norm():.1f}."
        )
        return figure, alt


def _noun_of(names: Sequence[str]) -> str:
    """What the page calls an image: "digit", unless its classes have other names."""
    return "digit" if all(name.isdecimal() for name in names) else "picture"


def _parts(generator: nn.Module, seed: int, classes: Sequence[str] | None) -> dict:
    """What the page is given; ``z`` is where it starts, with the first of the classes."""
    network = quantise(generator)  # raises for what the page cannot draw
    rng = torch.Generator().manual_seed(check_seed(seed))
    found = {
        "directions of the weights": weight_directions(generator),
        "directions of the activations": activation_directions(generator),
    }
    directions = {
        kind: to_base64(one.vectors[:SLIDERS].numpy().astype("<f4").tobytes())
        for kind, one in found.items()
    }
    z = torch.randn(generator.latent_dim, generator=rng).tolist()
    names = list(names_of_classes(generator, classes, None))
    return {"network": network, "directions": directions, "classes": names, "z": z}


class _Page(anywidget.AnyWidget):
    """The explorer in the page; ``z`` is the one that it shows, of the class ``label``."""

    _esm, _css = SCRIPT, STYLE
    network = traitlets.Dict().tag(sync=True)
    directions = traitlets.Dict().tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    z = traitlets.List(traitlets.CFloat()).tag(sync=True)
    label = traitlets.CInt(0).tag(sync=True)


def write_page(
    generator: nn.Module, file: str | Path, seed: int = 0, classes: Sequence[str] | None = None
) -> None:
    """Write the explorer of ``generator`` as one HTML file, to be opened in any browser.

    The file holds all that it needs, 0.7 MB for the generator of notebook 05; it loads nothing from
    anywhere, and a browser that keeps to its Content-Security-Policy would not let it. A missing
    folder is made; an older file is replaced only when the new one is complete.

    ``generator``, ``seed``, ``classes``: as for ``PageExplorer``. Raises what that raises, and
    ``TypeError`` when ``file`` is no name of a file. Introduced in notebook 05, "A page to send".
    """
    file, parts = check_file(file), _parts(generator, seed, classes)
    widths = parts["network"]["widths"]
    words = {
        "@STYLE@": STYLE,
        "@SCRIPT@": SCRIPT,
        "@LATENT_DIM@": str(widths[0]),
        "@LENGTH@": f"{widths[0] ** 0.5:.0f}",
        "@NOUN@": _noun_of(parts["classes"]),
        "@QUESTION@": ASK_OF_CLASSES if parts["classes"] else ASK,
        "@COUNT@": f"{sum(n * m for n, m in pairwise(widths)):,}",
        # "</script>" in a name would end the element.
        "@PARTS@": json.dumps(parts).replace("<", "\\u003c"),
    }
    page = PAGE
    for name, text in words.items():
        page = page.replace(name, text)
    write_whole(file, page.encode("utf-8"))
