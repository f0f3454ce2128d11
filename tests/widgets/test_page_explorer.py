"""The explorer in the page: 8 bits a weight, the sum that NumPy makes of them, and the file."""

import base64
import json
import re
import zlib
from copy import deepcopy

import numpy as np
import pytest
import torch
from helping import build_generator
from torch import nn

from gan_helpers.data import ASSETS
from gan_helpers.latent import activation_directions, weight_directions
from gan_helpers.models import Generator, initialise, sample
from gan_helpers.training import load_generator
from gan_helpers.widgets import PageExplorer, draw_quantised, quantise, write_page

MOST = 700_000  # bytes: 0.7 MB


@pytest.fixture(scope="module")
def generator():
    """The one of notebook 05."""
    return load_generator(ASSETS / "hour_generator.safetensors")[0]


def draw_z(n, latent_dim):
    return torch.randn(n, latent_dim, generator=torch.Generator().manual_seed(0))


def unpacked(network):
    """(scales, biases, q) of each layer."""
    content = zlib.decompress(base64.b64decode(network["packed"]))
    widths, rows = network["widths"], sum(network["widths"][1:])
    floats = np.frombuffer(content, "<f4", 2 * rows)
    found, row, begin = [], 0, 8 * rows
    for columns, units in zip(widths[:-1], widths[1:], strict=True):
        q = np.frombuffer(content, np.int8, units * columns, begin).reshape(units, columns)
        found.append((floats[row : row + units], floats[rows + row : rows + row + units], q))
        row, begin = row + units, begin + q.size
    assert begin == len(content)
    return found


@pytest.mark.parametrize("name", ["hour", "long_plain", "ten"])
def test_the_pictures_are_pytorchs_to_an_eye(name):
    generator, _ = load_generator(ASSETS / f"{name}_generator.safetensors")
    z = draw_z(1000, generator.latent_dim)
    drawn, exact = draw_quantised(quantise(generator), z), sample(generator, z)
    assert drawn.dtype == torch.uint8 and drawn.shape == exact.shape
    assert (drawn.int() - exact.int()).abs().float().mean() < 1  # grey levels of 255


def test_the_weights_and_the_page_are_small(generator, tmp_path):
    assert len(json.dumps(quantise(generator))) <= MOST
    write_page(generator, tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size <= MOST


def test_no_weight_is_off_by_more_than_half_a_step_of_its_row(generator):
    layers = list(deepcopy(generator).double().eval().layers)
    behind = dict(zip(layers, layers[1:], strict=False))
    linear = [one for one in layers if isinstance(one, nn.Linear)]
    for layer, (scales, biases, q) in zip(linear, unpacked(quantise(generator)), strict=True):
        # What the layer and its BatchNorm make of 0 and of each unit vector: b' and W' + b'.
        points = torch.eye(layer.in_features + 1, dtype=torch.float64)[:, 1:]
        with torch.no_grad():
            y = layer(points)
            y = behind[layer](y) if isinstance(behind[layer], nn.BatchNorm1d) else y
        weight, bias = (y[1:] - y[0]).T.numpy(), y[0].numpy()
        off = np.abs(scales[:, None].astype(float) * q - weight)
        assert (off <= scales[:, None] * 0.5001).all()
        assert np.allclose(biases, bias, rtol=1e-6, atol=1e-6)
        assert np.abs(q).max() == 127


def test_any_sizes_in_train_mode_and_a_row_of_zeros():
    generator = initialise(Generator(latent_dim=5, hidden=()), seed=0).train()
    z = draw_z(20, 5)
    drawn = draw_quantised(quantise(generator), z)
    assert (drawn.int() - sample(generator, z).int()).abs().max() <= 2
    nn.init.zeros_(generator.layers[0].weight)
    assert (draw_quantised(quantise(generator), z) == sample(generator, z)).float().mean() > 0.999
    assert generator.training and generator.layers[0].weight.requires_grad


def test_the_kernel_hears_z():
    generator = build_generator()
    explorer = PageExplorer(generator, seed=3)
    rng = torch.Generator().manual_seed(3)
    assert torch.equal(explorer.z, torch.randn(8, generator=rng)[None])
    heard = []
    explorer.observe(lambda change: heard.append(change["new"]), "z")
    explorer._page.set_state({"z": [1, 0.5, *[0.0] * 6]})  # as a message from the page does
    assert heard == [explorer.z] and explorer.z.dtype == torch.float32
    assert explorer.z.tolist() == [[1.0, 0.5, *[0.0] * 6]]


def test_the_page_has_the_directions_of_the_latent_space():
    generator = build_generator()
    given = PageExplorer(generator)._page.directions
    expected = {
        "directions of the weights": weight_directions(generator),
        "directions of the activations": activation_directions(generator),
    }
    assert given.keys() == expected.keys()
    for kind, one in expected.items():
        vectors = np.frombuffer(base64.b64decode(given[kind]), "<f4").reshape(-1, 8)
        assert np.allclose(vectors, one.vectors[:8].numpy(), atol=1e-4)


@pytest.mark.parametrize("latent_dim", [1, 8])
def test_a_notebook_stores_a_still_picture(latent_dim):
    explorer = PageExplorer(initialise(Generator(latent_dim, (16,)), seed=0))
    data = explorer._repr_mimebundle_()
    assert data.keys() == {"text/html", "text/plain"}
    alt = re.search('alt="([^"]+)"', data["text/html"])[1]
    assert alt.endswith(f"|z| = {explorer.z.norm():.1f}.") and len(alt) > 60


def test_the_file_holds_all_that_it_needs(tmp_path):
    file = tmp_path / "new folder" / "page.html"
    write_page(build_generator(), file)
    page = file.read_text(encoding="utf-8")
    assert not re.search(r"https?:|@[A-Z_]+@|<link[^>]*stylesheet|\bsrc=", page)
    assert "default-src 'none'" in page and '<html lang="en">' in page
    before = file.read_bytes()
    write_page(build_generator(), file)
    assert file.read_bytes() == before
