"""The latent explorer that needs no kernel: the generator's arithmetic runs in the reader's page.

``page_explorer.js`` is the one source; a notebook shows it as a widget, and ``write_page`` puts it
into a single file that can be sent by mail.
"""

import base64
import json
import zlib
from itertools import pairwise
from pathlib import Path

import anywidget
import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from torch import nn

from gan_helpers import plots
from gan_helpers.checks import check_network, check_seed, check_z
from gan_helpers.kinds import check_file, check_kind
from gan_helpers.latent import activation_directions, weight_directions
from gan_helpers.models import Generator
from gan_helpers.training import write_whole
from gan_helpers.widgets.common import Panel

LEVELS = 127  # a weight is a whole number from -LEVELS to LEVELS times its row's scale: 8 bits
SLOPE = 0.2  # of LeakyReLU, below 0
REACH, SLIDERS = 4, 8  # as in page_explorer.js
SCRIPT, STYLE = (
    Path(__file__).with_name(f"page_explorer.{kind}").read_text(encoding="utf-8")
    for kind in ("js", "css")
)
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
<p>A generator draws a digit from the @LATENT_DIM@ numbers of its z. Move a slider, with the mouse,
a finger or the arrow keys, and the digit follows. Which numbers change the stroke, and which make
another digit? |z| is the length of z: near @LENGTH@, when all its numbers come from N(0, 1).</p>
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


def quantise(generator: nn.Module) -> dict:
    """The generator with 8 bits a weight, as the page takes it.

    In eval mode a BatchNorm behind a Linear layer is a part of it: with f = gamma / sqrt(var + eps)
    it computes f (W x + b - mean) + beta, which is W' x + b' with W' = f W, row by row, and
    b' = f (b - mean) + beta. Of each row w of W' the page holds whole numbers q and a scale s,

        s = max |w| / 127 (1 for a row of zeros),    q = round(w / s),    |s q_j - w_j| <= s / 2,

    so a layer's sum is off by at most s/2 sum |x_j|, for the same x. LeakyReLU and tanh make no
    difference larger: inputs that are off by at most e_j make the sum off by at most
    s/2 sum |x_j| + sum |s q_j| e_j. That is the worst case: the generator of notebook 05 is off by
    half a grey level of 255 in the mean.

    Returns ``{"widths": [latent_dim, hidden, ..., 784], "packed": text}``: base64 of zlib's
    deflate of all rows' scales, all rows' b', float32, then all q, int8, row by row, layer by
    layer.

    Raises ``TypeError`` for what is no ``gan_helpers.models.Generator`` and ``ValueError`` when its
    weights are NaN or infinite.

    Source: Jacob et al. 2018, "Quantization and training of neural networks for efficient
    integer-arithmetic-only inference", sections 2.1 and 3.2 (the BatchNorm). Introduced in notebook
    05, "A page to send".
    """
    check_network(generator, "generator")
    hint = "The page knows its layers only: Linear, BatchNorm1d, LeakyReLU(0.2) and tanh."
    check_kind(generator, "generator", Generator, hint)
    folded = _folded(generator)
    if not all(np.isfinite(part).all() for layer in folded for part in layer):
        raise ValueError(
            "generator holds weights that are NaN or infinite; expected one that draws pictures. "
            "Start its training again with a smaller learning rate."
        )
    scales, biases, weights = [], [], []
    for weight, bias in folded:
        scale = (np.abs(weight).max(1) / LEVELS).astype("<f4")
        scale[scale == 0] = 1  # a row of zeros
        # By the scale as it is stored, in 32 bits, the largest may come out as a little over 127.
        q = np.clip(np.round(weight / scale[:, None]), -LEVELS, LEVELS)
        scales.append(scale)
        biases.append(bias.astype("<f4"))
        weights.append(q.astype(np.int8))
    content = b"".join(part.tobytes() for part in scales + biases + weights)
    # No weight follows from those before it, but small ones are frequent: short codes for them.
    deflate = zlib.compressobj(level=9, strategy=zlib.Z_HUFFMAN_ONLY)
    packed = deflate.compress(content) + deflate.flush()
    widths = [generator.latent_dim, *(len(bias) for _, bias in folded)]
    return {"widths": widths, "packed": _base64(packed)}


def _folded(generator: Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """(W', b') of each Linear layer, float64, the BatchNorm behind it folded in."""
    found = []
    for layer, behind in pairwise(generator.layers):
        if not isinstance(layer, nn.Linear):
            continue
        weight, bias = _array(layer.weight), _array(layer.bias)
        if isinstance(behind, nn.BatchNorm1d):
            factor = _array(behind.weight) / np.sqrt(_array(behind.running_var) + behind.eps)
            weight = factor[:, None] * weight
            bias = factor * (bias - _array(behind.running_mean)) + _array(behind.bias)
        found.append((weight, bias))
    return found


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().double().numpy()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def draw_quantised(network: dict, z: torch.Tensor) -> torch.Tensor:
    """What the page draws, computed in NumPy: images of ``network``, as ``quantise`` gives it.

    x_0 = z; x_k = LeakyReLU(s (q x_{k-1}) + b'), the last one tanh. ``z``: float32, shape
    (N, latent_dim). Returns uint8, shape (N, 1, 28, 28).

    Raises ``TypeError`` for what is no dict and no tensor, and ``ValueError`` for another dict and
    for a z that has another shape, is NaN or infinite. Introduced in notebook 05, "A page to send".
    """
    check_kind(network, "network", dict, "quantise(generator) makes one.")
    if not {"widths", "packed"} <= network.keys():
        raise ValueError("network lacks 'widths' or 'packed'; quantise(generator) makes both.")
    widths = network["widths"]
    check_z(z, widths[0])
    if not z.isfinite().all():
        raise ValueError("z holds NaN or infinite values; draw it with torch.randn.")
    content = zlib.decompress(base64.b64decode(network["packed"]))
    rows = sum(widths[1:])
    scales, biases = np.frombuffer(content, "<f4", 2 * rows).reshape(2, rows).astype(float)
    weights = np.frombuffer(content, np.int8, offset=8 * rows)
    x = z.cpu().double().numpy()
    row = begin = 0
    for columns, units in pairwise(widths):
        q = weights[begin : begin + units * columns].reshape(units, columns)
        sums = x @ q.T.astype(float)  # (N, columns) @ (columns, units)
        x = sums * scales[row : row + units] + biases[row : row + units]
        row, begin = row + units, begin + q.size
        x = np.tanh(x) if row == rows else np.where(x > 0, x, SLOPE * x)
    grey = np.round((x + 1) * 127.5).astype(np.uint8)
    return torch.from_numpy(grey).view(-1, 1, 28, 28)


class PageExplorer(Panel):
    """A latent explorer whose digit is drawn in the page, also while the kernel is busy.

    Sliders along coordinates of z or directions of ``gan_helpers.latent``, a new z, a strip of
    digits along the slider that was moved last. The generator is in the page (``quantise``), which
    tells the kernel where it stands and does not wait for it: ``.z``, shape (1, latent_dim),
    float32, is the z that was shown last; two tabs with one panel do not follow each other.
    ``.observe(function, "z")`` calls a function whenever it moves.

    ``generator``: a ``gan_helpers.models.Generator``; ``seed``: of the first z. Raises
    ``TypeError`` for another network or what is no whole number, and ``ValueError`` for weights
    that are NaN or infinite and a negative seed. Introduced in notebook 05, "A page to send".
    """

    z = traitlets.Instance(torch.Tensor, read_only=True)

    def __init__(self, generator: nn.Module, seed: int = 0):
        self._page = _Page(**_parts(generator, seed))
        super().__init__([self._page], self._still_picture)
        self._page.observe(self._hear, "z")
        self._hear()

    def _hear(self, change: object = None) -> None:
        self.set_trait("z", torch.tensor([self._page.z], dtype=torch.float32))

    def _still_picture(self) -> tuple[Figure, str]:
        latent_dim = self.z.shape[1]
        count = min(SLIDERS, latent_dim)
        along = torch.arange(-REACH, REACH + 1.0)
        z = self.z.repeat(count, len(along), 1)  # (count, 9, latent_dim)
        for k in range(count):
            z[k, :, k] += along
        digits = draw_quantised(self._page.network, z.view(-1, latent_dim))
        figure, (axes,) = plots.new_figure(width=5.2, height=4.8)
        axes.imshow(plots.grid_image(digits, len(along)), cmap="gray", vmin=0, vmax=255)
        centres = [30 * (i + 0.5) for i in range(len(along))]  # 28 pixels and a margin of 2
        axes.set_xticks(centres, range(-REACH, REACH + 1))
        axes.set_yticks(centres[:count], [f"z[{k}]" for k in range(count)])
        axes.set_title("the digits along each slider", fontsize=9)
        axes.grid(False)
        rows = "One row" if count == 1 else f"{count} rows"
        alt = (
            f"{rows} of nine digits. Each row belongs to one of the first coordinates of z, which "
            f"goes from {-REACH} to {REACH} along it; the others stay. |z| = {self.z.norm():.1f}."
        )
        return figure, alt


def _parts(generator: nn.Module, seed: int) -> dict:
    """What the page is given; ``z`` is where it starts."""
    network = quantise(generator)  # raises for what the page cannot draw
    rng = torch.Generator().manual_seed(check_seed(seed))
    found = {
        "directions of the weights": weight_directions(generator),
        "directions of the activations": activation_directions(generator),
    }
    directions = {
        kind: _base64(one.vectors[:SLIDERS].numpy().astype("<f4").tobytes())
        for kind, one in found.items()
    }
    z = torch.randn(generator.latent_dim, generator=rng).tolist()
    return {"network": network, "directions": directions, "z": z}


class _Page(anywidget.AnyWidget):
    """The explorer in the page; ``z`` is the one that it shows."""

    _esm, _css = SCRIPT, STYLE
    network = traitlets.Dict().tag(sync=True)
    directions = traitlets.Dict().tag(sync=True)
    z = traitlets.List(traitlets.CFloat()).tag(sync=True)


def write_page(generator: nn.Module, file: str | Path, seed: int = 0) -> None:
    """Write the explorer of ``generator`` as one HTML file, to be opened in any browser.

    The file holds all that it needs, 0.7 MB for the generator of notebook 05; it loads nothing from
    anywhere, and a browser that keeps to its Content-Security-Policy would not let it. A missing
    folder is made; an older file is replaced only when the new one is complete.

    ``generator``, ``seed``: as for ``PageExplorer``. Raises what that raises, and ``TypeError``
    when ``file`` is no name of a file. Introduced in notebook 05, "A page to send".
    """
    file, parts = check_file(file), _parts(generator, seed)
    widths = parts["network"]["widths"]
    words = {
        "@STYLE@": STYLE,
        "@SCRIPT@": SCRIPT,
        "@LATENT_DIM@": str(widths[0]),
        "@LENGTH@": f"{widths[0] ** 0.5:.0f}",
        "@COUNT@": f"{sum(n * m for n, m in pairwise(widths)):,}",
        "@PARTS@": json.dumps(parts),
    }
    page = PAGE
    for name, text in words.items():
        page = page.replace(name, text)
    write_whole(file, page.encode("utf-8"))
