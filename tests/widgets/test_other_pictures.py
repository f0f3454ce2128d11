"""The panels on z for every generator: dense or not, grey or colour, with classes or without."""

import io

import ipywidgets
import numpy as np
import pytest
import torch
from helping import control, parts, pictures, texts
from PIL import Image

from gan_helpers import plots
from gan_helpers.metrics import CLASS_NAMES, classify
from gan_helpers.models import (
    ConvDiscriminator,
    ConvGenerator,
    Discriminator,
    Generator,
    OneClass,
    evaluating,
    new_network,
    sample,
)
from gan_helpers.widgets import Interpolation, Inversion, LatentExplorer, inversion

GREY, COLOUR = (1, 28, 28), (3, 16, 16)
KINDS = {"dense": ({"hidden": (16,)}, Generator), "convolutional": ({"width": 4}, ConvGenerator)}
JUDGES = {"dense": ({"hidden": (16,)}, Discriminator), "convolutional": ({"width": 4},
          ConvDiscriminator)}  # fmt: skip


def build(kinds, kind, shape, classes, **sizes):
    own, made = kinds[kind]
    return new_network(lambda: made(**own, **sizes, image_shape=shape, classes=classes), seed=0)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(params=[GREY, COLOUR], ids=["grey", "colour"])
def shape(request):
    return request.param


@pytest.fixture(params=[0, 4], ids=["no classes", "classes"])
def pair(request, kind, shape):
    return (
        build(KINDS, kind, shape, request.param, latent_dim=8),
        build(JUDGES, kind, shape, request.param),
    )


@pytest.fixture
def alone(pair):
    """The generator, or one class of it, and the discriminator."""
    generator, discriminator = pair
    return OneClass(generator, 3) if generator.classes else generator, discriminator


def shown(picture):
    return Image.open(io.BytesIO(picture.value))


def assert_shows(picture, image):
    """``picture`` is ``image``, (C, H, W), colours included, each pixel a square."""
    drawn, expected = shown(picture), plots.picture(image)
    factor = drawn.width // expected.width
    assert drawn.mode == expected.mode and factor > 1
    assert np.array_equal(np.asarray(drawn)[::factor, ::factor], np.asarray(expected))


def labels_of(generator, count):
    return torch.full((count,), 3) if generator.classes else None


def opinion(discriminator, images, labels):
    with evaluating(discriminator), torch.no_grad():
        return discriminator(images, labels).sigmoid().flatten().tolist()


def test_the_explorer_draws_and_judges_the_class_of_its_menu(pair):
    generator, discriminator = pair
    explorer = LatentExplorer(generator, discriminator, data=None)
    control(explorer, "z[2]").value = 1.5
    names = [one.description for one in parts(explorer) if isinstance(one, ipywidgets.Dropdown)]
    assert names == ["class"] * bool(generator.classes) + ["move along"]
    z, strip = explorer.z, pictures(explorer)[1].value
    if generator.classes:
        first = pictures(explorer)[0].value
        control(explorer, "class").value = 3
        assert pictures(explorer)[0].value != first and pictures(explorer)[1].value != strip
        assert "Asked for: 3. |z|" in texts(explorer)
    assert explorer.label == (3 if generator.classes else None)
    assert torch.equal(explorer.z, z) and control(explorer, "z[2]").value == 1.5
    assert "Along z[2]" in texts(explorer)  # the strip is still that of the slider moved last
    labels = labels_of(generator, 1)
    assert_shows(pictures(explorer)[0], sample(generator, z, labels)[0])
    with evaluating(generator), torch.no_grad():
        x = generator(z, labels) if generator.classes else generator(z)
    (expected,) = opinion(discriminator, x, labels)
    assert f' value="{expected:.4f}" ' in texts(explorer)
    assert generator.training and discriminator.training


def test_every_kind_of_direction_and_saved_z_and_the_still_picture(pair):
    generator, _ = pair
    explorer = LatentExplorer(generator)
    for name in ("directions of the weights", "directions of the activations"):
        before, drawn = explorer.z, pictures(explorer)[0].value
        control(explorer, "move along").value = name
        assert torch.equal(explorer.z, before) and pictures(explorer)[0].value == drawn
        control(explorer, "v[1]").value = 2.0
        assert (explorer.z - before).norm().item() == pytest.approx(2, abs=1e-3)
        control(explorer, "save z").click()
        if generator.classes:
            control(explorer, "class").value = 3
    labels = torch.tensor([0, 3]) if generator.classes else None
    assert (explorer.saved_labels is None) == (labels is None)
    assert labels is None or torch.equal(explorer.saved_labels, labels)
    expected = np.asarray(plots.grid_image(sample(generator, explorer.saved, labels), 9))
    drawn = np.asarray(shown(pictures(explorer)[2]))
    factor = drawn.shape[1] // expected.shape[1]
    assert abs(drawn[::factor, ::factor].astype(int) - expected).max() <= 1
    figure, alt = explorer._still_picture()
    digits = generator.image_shape == GREY
    assert ("the classifier sees" in alt) == ("Nearest class" in alt) == digits
    assert alt.startswith("A digit." if digits else "A picture.") and alt.endswith(".")
    assert ("Asked for: 3." in alt) == bool(generator.classes)
    height, width = np.asarray(figure.axes[1].images[0].get_array()).shape[:2]
    assert (height, width) == (8 * (generator.image_shape[1] + 2) + 2,
                               9 * (generator.image_shape[2] + 2) + 2)  # fmt: skip


def test_interpolation_of_one_class(alone):
    generator, discriminator = alone
    panel = Interpolation(generator, discriminator)
    control(panel, "t").value = 0.3
    for picture, image in zip(pictures(panel)[:2], sample(generator, panel.z), strict=True):
        assert_shows(picture, image)
    with evaluating(generator), torch.no_grad():
        x = generator(panel.z)
    labels = labels_of(discriminator, 2)
    words = [f"D = {value:.2f}" for value in opinion(discriminator, x, labels)]
    assert all(word in texts(panel) for word in words)
    noun = "digit" if generator.image_shape == GREY else "picture"
    assert panel._still_picture()[1].startswith(f"{noun.title()}s on the way")
    assert pictures(panel)[0].alt == f"The {noun} at t, linear"


def test_inversion_of_one_class(alone, monkeypatch):
    monkeypatch.setattr(inversion, "STEPS", 3)
    generator, _ = alone
    images = sample(generator, torch.randn(2, 8))
    panel = Inversion(generator, images)
    control(panel, "step").value = 3
    assert_shows(pictures(panel)[0], images[0])
    assert_shows(pictures(panel)[1], sample(generator, panel.searches[3].z)[0])
    noun = "digit" if generator.image_shape == GREY else "picture"
    assert panel._still_picture()[1].startswith(f"A real {noun}, the {noun} that")


@pytest.mark.parametrize("data", CLASS_NAMES)
def test_the_classifiers_words_are_those_of_the_data(data):
    shape = (3, 32, 32) if data == "cifar10" else GREY
    generator = build(KINDS, "dense", shape, 10, latent_dim=8)
    explorer = LatentExplorer(generator, data=data, label=9)
    menu = control(explorer, "class")
    assert [name for name, _ in menu.options] == list(CLASS_NAMES[data])
    z = explorer.z
    seen = classify(sample(generator, z, torch.tensor([9])), data)
    best = seen.probabilities[0].argmax().item()
    probability = (seen.digit * seen.probabilities[0, best]).item()
    name = CLASS_NAMES[data][best]
    words = f"Asked for: {menu.label}. Nearest class: {name} (probability {probability:.2f})."
    assert words in texts(explorer)
    assert explorer._still_picture()[1].startswith("A digit" if data == "mnist" else "A picture")


def test_the_menu_has_the_names_that_are_given():
    generator = build(KINDS, "convolutional", COLOUR, 4, latent_dim=8)
    explorer = LatentExplorer(generator, classes=["cat", "dog", "cow", "ant"], label=2)
    assert control(explorer, "class").label == "cow"
    assert "Asked for: cow. |z|" in texts(explorer) and "Nearest" not in texts(explorer)


def test_networks_that_do_not_belong_together_are_refused(kind):
    grey, classful = (build(KINDS, kind, GREY, count, latent_dim=8) for count in (0, 4))
    judge = build(JUDGES, kind, GREY, 4)
    for panel in (LatentExplorer, Interpolation):
        with pytest.raises(ValueError, match="discriminator takes images of shape"):
            panel(grey, build(JUDGES, kind, COLOUR, 0))
        with pytest.raises(ValueError, match="discriminator has 4 classes.*none"):
            panel(grey, judge)
    for panel in (lambda g: Interpolation(g), lambda g: Inversion(g, torch.zeros(1))):
        with pytest.raises(ValueError, match="generator has 4 classes.*OneClass"):
            panel(classful)
    LatentExplorer(classful, build(JUDGES, kind, GREY, 0))  # it need not be told the class
