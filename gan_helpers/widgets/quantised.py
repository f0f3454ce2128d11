"""A generator with 8 bits a weight, as the page takes it, and what the page draws of it."""

import base64
import zlib
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from gan_helpers.checks import IMAGE_SHAPE, check_labels, check_network, check_z
from gan_helpers.kinds import check_kind
from gan_helpers.models import Generator

LEVELS = 127  # a weight is a whole number from -LEVELS to LEVELS times its row's scale: 8 bits
SLOPE = 0.2  # of LeakyReLU, below 0


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

    A class only adds to the first layer: W' x = V z + U e, where e are the learned numbers of the
    class. V is the first layer of the page, and each class has a row U e, with a scale of its own.

    Returns ``{"widths": [latent_dim, hidden, ..., 784], "packed": text}``: base64 of zlib's
    deflate of all rows' scales, all rows' b', float32, then all q, int8, row by row, layer by
    layer. With classes, ``"offsets"`` is added, base64 of their scales and then of their q.

    Raises ``TypeError`` for what is no ``gan_helpers.models.Generator`` and ``ValueError`` when its
    weights are NaN or infinite or its images are not grey, 28 x 28.

    Source: Jacob et al. 2018, "Quantization and training of neural networks for efficient
    integer-arithmetic-only inference", sections 2.1 and 3.2 (the BatchNorm). Introduced in notebook
    05, "A page to send".
    """
    check_network(generator, "generator")
    hint = "The page knows its layers only: Linear, BatchNorm1d, LeakyReLU(0.2) and tanh."
    check_kind(generator, "generator", Generator, hint)
    if generator.image_shape != IMAGE_SHAPE:
        raise ValueError(
            f"generator draws images of shape {generator.image_shape}; expected {IMAGE_SHAPE}, "
            "grey: the page draws no others. LatentExplorer(generator) does."
        )
    folded, offsets = _folded(generator)
    parts = [part for layer in folded for part in layer] + [offsets]
    if not all(np.isfinite(part).all() for part in parts):
        raise ValueError(
            "generator holds weights that are NaN or infinite; expected one that draws pictures. "
            "Start its training again with a smaller learning rate."
        )
    scales, biases, weights = [], [], []
    for weight, bias in folded:
        scale, q = _rounded(weight)
        scales.append(scale)
        biases.append(bias.astype("<f4"))
        weights.append(q)
    content = b"".join(part.tobytes() for part in scales + biases + weights)
    # No weight follows from those before it, but small ones are frequent: short codes for them.
    deflate = zlib.compressobj(level=9, strategy=zlib.Z_HUFFMAN_ONLY)
    packed = deflate.compress(content) + deflate.flush()
    widths = [generator.latent_dim, *(len(bias) for _, bias in folded)]
    network = {"widths": widths, "packed": to_base64(packed)}
    if len(offsets):
        network["offsets"] = to_base64(b"".join(part.tobytes() for part in _rounded(offsets)))
    return network


def _rounded(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The scale of each row, float32, and its whole numbers, int8."""
    scale = (np.abs(rows).max(1) / LEVELS).astype("<f4")
    scale[scale == 0] = 1  # a row of zeros
    # By the scale as it is stored, in 32 bits, the largest may come out as a little over 127.
    q = np.clip(np.round(rows / scale[:, None]), -LEVELS, LEVELS)
    return scale, q.astype(np.int8)


def _folded(generator: Generator) -> tuple[list[tuple[np.ndarray, np.ndarray]], np.ndarray]:
    """(W', b') of each Linear layer, float64, the BatchNorm behind it folded in.

    The first one's W' is that of z; what each class adds to its sums comes last, (classes, units).
    """
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
    (weight, bias), *others = found
    classes = np.empty((0, len(bias)))
    if generator.classes:
        classes = _array(generator.embedding.weight) @ weight[:, generator.latent_dim :].T
    return [(weight[:, : generator.latent_dim], bias), *others], classes


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().double().numpy()


def to_base64(content: bytes) -> str:
    """Return ``content`` as a text for JSON."""
    return base64.b64encode(content).decode("ascii")


def draw_quantised(
    network: dict, z: torch.Tensor, labels: torch.Tensor | None = None
) -> torch.Tensor:
    """What the page draws, computed in NumPy: images of ``network``, as ``quantise`` gives it.

    x_0 = z; x_k = LeakyReLU(s (q x_{k-1}) + b'), the last one tanh; the first b' has what the class
    adds. ``z``: float32, shape (N, latent_dim); ``labels``: int64, shape (N,), for a network with
    classes. Returns uint8, shape (N, 1, 28, 28).

    Raises ``TypeError`` for what is no dict and no tensor, and ``ValueError`` for another dict,
    for a z that has another shape, is NaN or infinite, and for other labels. Introduced in
    notebook 05, "A page to send".
    """
    check_kind(network, "network", dict, "quantise(generator) makes one.")
    if not {"widths", "packed"} <= network.keys():
        raise ValueError("network lacks 'widths' or 'packed'; quantise(generator) makes both.")
    widths = network["widths"]
    check_z(z, widths[0])
    if not z.isfinite().all():
        raise ValueError("z holds NaN or infinite values; draw it with torch.randn.")
    shifts = _shifts(network)
    check_labels(labels, len(z), len(shifts))
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
        if row == 0 and labels is not None:
            x += shifts[labels.cpu().numpy()]
        row, begin = row + units, begin + q.size
        x = np.tanh(x) if row == rows else np.where(x > 0, x, SLOPE * x)
    grey = np.round((x + 1) * 127.5).astype(np.uint8)
    return torch.from_numpy(grey).view(-1, *IMAGE_SHAPE)


def _shifts(network: dict) -> np.ndarray:
    """What each class adds to the first layer's sums, (classes, units)."""
    units = network["widths"][1]
    content = base64.b64decode(network.get("offsets", ""))
    classes = len(content) // (4 + units)  # a scale and the whole numbers
    q = np.frombuffer(content, np.int8, offset=4 * classes).reshape(classes, units)
    return np.frombuffer(content, "<f4", classes).astype(float)[:, None] * q
