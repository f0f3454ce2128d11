"""What the tests of the panels share: finding controls and pictures, and reading them."""

import io

import ipywidgets
import numpy as np
import torch
from PIL import Image

from gan_helpers.models import ArticleGenerator, Discriminator, Generator, initialise

GENERATORS = {"small": lambda: Generator(8, (16,)), "the article's": ArticleGenerator}


def build_generator(name="small"):
    """In train mode, with its first statistics: panels must not care."""
    return initialise(GENERATORS[name](), seed=0)


def build_discriminator():
    """With dropout: in train mode its opinion would be another at each call."""
    return initialise(Discriminator(hidden=(16,), dropout=0.5), seed=1)


def parts(widget):
    """All widgets of a panel, from the top down."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from parts(child)


def control(panel, name):
    """The one control that carries ``name``."""
    (found,) = [part for part in parts(panel) if getattr(part, "description", None) == name]
    return found


def texts(panel):
    return " ".join(part.value for part in parts(panel) if isinstance(part, ipywidgets.HTML))


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(picture.value)).convert("L"))


def pictures(panel):
    return [part for part in parts(panel) if isinstance(part, ipywidgets.Image)]


def assert_shows(picture, image, factor):
    """``picture`` is ``image``, uint8 of shape (28, 28), each pixel a square of ``factor``."""
    assert (pixels(picture) == np.kron(image.numpy(), np.ones((factor, factor)))).all()


def sliders(panel):
    return [part for part in parts(panel) if isinstance(part, ipywidgets.FloatSlider)]


def opinion(discriminator, generator, z):
    with torch.no_grad():
        return discriminator.eval()(generator.eval()(z)).sigmoid().flatten().tolist()
