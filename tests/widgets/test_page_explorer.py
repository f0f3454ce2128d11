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
from gan_helpers.models import Generator, OneClass, initialise, new_network, sample
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


@pytest.mark.parametrize("name", ["hour_generator", "ten_generator", "plain_10_epochs_generator_0"])
def test_the_pictures_are_pytorchs_to_an_eye(name):
    generator, _ = load_generator(ASSETS / f"{name}.safetensors")
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


@pytest.fixture
def classful():
    """In train mode, with BatchNorm's statistics and classes that make a difference."""
    made = new_network(lambda: Generator(8, (16, 12), classes=4), seed=0)
    with torch.no_grad():
        made.layers[0].weight[:, 8:].mul_(3)
        for part in draw_z(640, 8).split(64):
            made(part, torch.arange(64) % 4)
    return made


@pytest.mark.parametrize("hidden", [None, ()])
def test_each_class_is_pytorchs_to_an_eye(classful, hidden):
    generator = classful
    if hidden is not None:
        generator = new_network(lambda: Generator(8, hidden, classes=4), seed=0)
    z, labels, network = draw_z(200, 8), torch.arange(200) % 4, quantise(generator)
    drawn, exact = draw_quantised(network, z, labels), sample(generator, z, labels)
    assert (drawn.int() - exact.int()).abs().float().mean() < 1
    other = sample(generator, z, (labels + 1) % 4)
    assert (drawn.int() - other.int()).abs().float().mean() > 3
    # The class costs a row of bytes and a scale; z's weights are those without it.
    assert len(base64.b64decode(network["offsets"])) == 4 * (4 + network["widths"][1])
    assert network["widths"][0] == 8 and unpacked(network)[0][2].shape[1] == 8


def test_a_class_without_effect_and_a_network_without_classes(classful, generator):
    assert "offsets" not in quantise(generator)
    nn.init.zeros_(classful.embedding.weight)
    z, network = draw_z(5, 8), quantise(classful)
    same = [draw_quantised(network, z, torch.full((5,), label)) for label in (0, 3)]
    assert torch.equal(*same)


def test_ten_classes_cost_a_few_kilobytes(generator):
    classful = new_network(lambda: Generator(**generator.sizes, classes=10), seed=0)
    trained, weights = generator.state_dict(), classful.state_dict()
    first = torch.cat((trained["layers.0.weight"], weights["layers.0.weight"][:, -32:]), dim=1)
    classful.load_state_dict(weights | trained | {"layers.0.weight": first})
    bytes_of = [len(json.dumps(quantise(one))) for one in (generator, classful)]
    assert bytes_of[0] + 2_000 < bytes_of[1] < bytes_of[0] + 5_000 and bytes_of[1] <= MOST


def test_the_kernel_hears_the_class_and_the_still_picture_shows_it(classful):
    explorer = PageExplorer(classful, classes=["ant", "bee", "cat", "dog"])
    z, before = explorer.z, explorer._still_picture()[0]
    heard = []
    explorer.observe(lambda change: heard.append(change["new"]), "label")
    explorer._page.set_state({"label": 2})
    assert heard == [2] == [explorer.label] and torch.equal(explorer.z, z)
    figure, alt = explorer._still_picture()
    assert "nine pictures" in alt and "All are of class cat." in alt
    shown, earlier = (np.asarray(one.axes[0].images[0].get_array()) for one in (figure, before))
    middle = sample(classful, z, torch.tensor([2]))[0, 0].numpy().astype(int)
    tile = shown[2:30, 30 * 4 + 2 : 30 * 4 + 30].astype(int)
    assert np.abs(tile - middle).mean() < 1 < np.abs(shown.astype(int) - earlier).mean()


def test_a_name_of_a_class_does_not_end_the_files_data(classful, tmp_path):
    names = ["</script>", "b", "c", "d"]
    write_page(classful, tmp_path / "page.html", classes=names)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    data = re.search(r'<script type="application/json" id="parts">(.*?)</script>', page)[1]
    assert json.loads(data)["classes"] == names
    assert "Choose another class" in page and "draws a picture" in page


def test_other_pictures_and_one_class_are_refused(classful):
    with pytest.raises(ValueError, match=r"shape \(3, 28, 28\).*LatentExplorer"):
        quantise(Generator(8, image_shape=(3, 28, 28)))
    with pytest.raises(TypeError, match="OneClass; expected a Generator"):
        quantise(OneClass(classful, 1))


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
