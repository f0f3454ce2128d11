"""What every data set has in common: Dataset, sizes, grey, memory."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_helpers.data import DATASETS, Dataset, load_dataset, load_mnist, memory, resizing

RNG = torch.Generator().manual_seed(0)
COLOUR = torch.randint(0, 256, (3, 3, 20, 30), generator=RNG, dtype=torch.uint8)


def test_mnist_is_the_bundled_one():
    found = load_dataset("mnist", "test", download_to="no folder")
    images, labels = load_mnist("test")
    assert found.name == "mnist" and found.classes == tuple("0123456789")
    assert torch.equal(found.images, images) and torch.equal(found.labels, labels)
    assert not Path("no folder").exists()


@pytest.mark.parametrize("size", [7, 28, 40])
@pytest.mark.parametrize("grey", [None, True, False])
def test_mnist_of_another_size(size, grey):
    found = load_dataset("mnist", "test", size=size, grey=grey)
    assert found.images.shape == (10_000, 3 if grey is False else 1, size, size)
    assert found.images.float().mean().item() == pytest.approx(
        33.8, abs=2
    )  # clipping at black adds
    assert torch.equal(found.labels, load_mnist("test")[1])


def test_resizing_is_that_of_pillow():
    """The middle square, antialiased; more images than are computed at once."""
    many = COLOUR.repeat(700, 1, 1, 1)
    small = resizing.resized(many, 8)
    assert small.shape == (2100, 3, 8, 8) and torch.equal(small[:3], small[-3:])
    for image, ours in zip(COLOUR, small, strict=False):
        pillow = Image.fromarray(image.permute(1, 2, 0).numpy()).crop((5, 0, 25, 20)).resize((8, 8))
        difference = ours.permute(1, 2, 0).numpy().astype(int) - np.asarray(pillow).astype(int)
        assert np.abs(difference).max() <= 2


def test_grey_is_that_of_pillow_to_the_bit():
    ours = resizing.recoloured(COLOUR.repeat(400, 1, 1, 1), True)
    assert ours.shape == (1200, 1, 20, 30)
    for image, grey in zip(COLOUR, ours, strict=False):
        pillow = Image.fromarray(image.permute(1, 2, 0).numpy()).convert("L")
        assert (grey[0].numpy() == np.asarray(pillow)).all()
    assert torch.equal(resizing.recoloured(ours, False)[:, 2:], ours)
    assert resizing.recoloured(COLOUR, None) is COLOUR
    assert resizing.recoloured(COLOUR, False) is COLOUR


@pytest.mark.parametrize(
    ("source", "meant"),
    [("MNIST", "mnist"), ("FashionMNIST", "fashion-mnist"), ("cifar-10", "cifar10"), ("x", None)],
)
def test_a_name_that_is_nearly_right(source, meant):
    with pytest.raises(FileNotFoundError, match=f"source is '{source}'") as caught:
        load_dataset(source)
    said = str(caught.value)
    assert all(repr(name) in said for name in DATASETS)
    assert said.endswith(f"Is {meant!r} meant?") if meant else "meant" not in said


def test_a_tilde_is_the_readers_home(tmp_path, monkeypatch):
    for variable in ("HOME", "USERPROFILE"):  # the second of Windows
        monkeypatch.setenv(variable, str(tmp_path))
    with pytest.raises(FileNotFoundError) as caught:
        load_dataset("tfd")
    assert str(tmp_path / ".cache" / "gan_helpers" / "tfd") in str(caught.value)
    Image.new("L", (9, 9)).save(tmp_path / "a.png")
    assert load_dataset("~", progress=False).name == tmp_path.name


# memory


def test_what_is_free_is_known_on_linux_and_may_be_unknown(monkeypatch):
    if hasattr(os, "sysconf"):
        assert 10**7 < memory.available_memory() < 10**14
    monkeypatch.setattr(Path, "read_text", lambda *a, **b: "MemTotal: 9 kB\nMemAvailable: 7 kB\n")
    assert memory.available_memory() == 7 * 1024
    monkeypatch.setattr(Path, "read_text", lambda *a, **b: "")
    monkeypatch.setattr(os, "sysconf", lambda name: 10, raising=False)
    assert memory.available_memory() == 100
    monkeypatch.delattr(os, "sysconf")
    assert memory.available_memory() is None
    memory.check_memory("size is 1", 10**30, "")  # nothing is refused where nothing is known


@pytest.mark.parametrize("options", [{"size": 56}, {"grey": False}])
def test_named_data_sets_that_do_not_fit_are_refused(monkeypatch, options):
    monkeypatch.setattr(memory, "available_memory", lambda: 2 * 7_840_000)
    (argument,) = options
    with pytest.raises(ValueError, match=f"^{argument} is .*10,000 images.*0.02 GB.*smaller size"):
        load_dataset("mnist", "test", **options)


# Dataset

GOOD = {
    "name": "faces",
    "images": COLOUR,
    "labels": torch.tensor([0, 1, 1]),
    "classes": ("a", "b"),
}


def test_a_data_set_with_labels_and_one_without():
    assert Dataset(**GOOD).labels.tolist() == [0, 1, 1]
    assert Dataset("faces", COLOUR[:, :1]).classes == ()
    assert Dataset("faces", COLOUR) != Dataset("faces", COLOUR)  # and no error of torch


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"images": COLOUR[:, 0]}, "images.unsqueeze(1)"),
        ({"images": COLOUR.permute(0, 2, 3, 1)}, "images.permute(0, 3, 1, 2)"),
        ({"images": COLOUR[:, :2]}, "(3, 2, 20, 30); expected (N, 1, H, W)"),
        ({"images": COLOUR[..., :0]}, "each size at least 1"),
        ({"labels": None}, "classes names 2 classes, and labels is None"),
        ({"labels": torch.tensor([0, 1, 2])}, "from 0 to 2; expected 0 to 1"),
        ({"classes": ()}, "classes is empty"),
    ],
)
def test_parts_that_do_not_fit_together(changes, part):
    with pytest.raises(ValueError, match=re.escape(part)):
        Dataset(**GOOD | changes)
