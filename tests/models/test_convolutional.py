"""The convolutional pair, and images of other shapes in the fully connected one."""

import math
from functools import partial

import pytest
import torch
from torch import nn

from gan_helpers.models import (
    ConvDiscriminator,
    ConvGenerator,
    Discriminator,
    Generator,
    initialise,
    new_network,
)

SHAPES = [(1, 28, 28), (3, 32, 32), (3, 48, 64)]
RESIZED = partial(ConvGenerator, upsampling="resize")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("build", [Generator, ConvGenerator, RESIZED])
def test_generators_draw_images_of_the_shape_asked_for(build, shape):
    generator = new_network(lambda: build(latent_dim=16, image_shape=shape), seed=0)
    images = generator(torch.randn(8, 16, generator=torch.Generator().manual_seed(0)))
    assert images.shape == (8, *shape) and images.abs().max() <= 1
    assert images.std() > 0.05  # not one grey


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("build", [Discriminator, ConvDiscriminator])
def test_discriminators_take_images_of_their_shape_and_name_it(build, shape):
    network = new_network(lambda: build(image_shape=shape), seed=0)
    assert network(torch.rand(4, *shape)).shape == (4, 1)
    with pytest.raises(ValueError, match=rf"expected \(N, {shape[0]}, {shape[1]}, {shape[2]}\)"):
        network(torch.rand(4, 2, 20, 20))


def test_layers_have_the_shapes_that_the_docstrings_say():
    generator, w = ConvGenerator(latent_dim=16, width=8, image_shape=(3, 32, 32)), 8
    features, seen = torch.randn(2, 16), []
    for layer in generator.layers:
        features = layer(features)
        seen.append(tuple(features.shape[1:]))
    assert seen[1] == (2 * w, 8, 8) and seen[4] == (w, 16, 16) and seen[-1] == (3, 32, 32)
    discriminator = ConvDiscriminator(width=8, image_shape=(3, 32, 32))
    features, seen = features.detach(), []
    for layer in discriminator.layers:
        features = layer(features)
        seen.append(tuple(features.shape[1:]))
    assert seen[0] == (w, 16, 16) and seen[2] == (2 * w, 8, 8) and seen[-1] == (1,)


@pytest.mark.parametrize(
    ("layer", "inputs"),
    [
        (nn.Conv2d(6, 40, 4, stride=2, padding=1), (64, 6, 16, 16)),
        (nn.ConvTranspose2d(40, 6, 4, stride=2, padding=1), (64, 40, 8, 8)),
        (nn.Linear(100, 50), (64, 100)),
    ],
)
def test_initial_weights_give_every_output_a_third_of_its_inputs_variance(layer, inputs):
    rng = torch.Generator().manual_seed(0)
    initialise(layer, seed=1)
    outputs = layer(torch.randn(*inputs, generator=rng))
    if outputs.ndim == 4:
        outputs = outputs[:, :, 2:-2, 2:-2]  # at the border, an output has fewer inputs
    # uniform in +-a has the variance a^2 / 3; the bias adds 1 / (3 fan_in), which is little here
    assert outputs.var().item() == pytest.approx(1 / 3, rel=0.12)


def test_a_seed_gives_the_same_weights_and_leaves_the_global_state():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, two, other = (new_network(ConvGenerator, seed=s) for s in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    for a, b, c in zip(one.parameters(), two.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert a.ndim == 1 or not torch.equal(a, c)


def test_a_pixel_of_the_transposed_convolution_is_written_once_or_four_times():
    """Kernel 4 and stride 2 cover the inside evenly; kernel 3 draws a checkerboard."""
    for kernel, padding, even in ((4, 1, True), (3, 1, False)):
        layer = nn.ConvTranspose2d(1, 1, kernel, stride=2, padding=padding, bias=False)
        nn.init.ones_(layer.weight)
        inside = layer(torch.ones(1, 1, 8, 8))[0, 0, 2:-2, 2:-2]
        assert (inside.unique().numel() == 1) == even


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ConvGenerator(image_shape=(1, 30, 28)), r"\(1, 30, 28\); expected .* by 4"),
        (lambda: ConvDiscriminator(image_shape=(1, 28, 30)), "divisible by 4"),
        (lambda: ConvGenerator(upsampling="bilinear"), "expected 'transposed' or 'resize'"),
        (lambda: ConvGenerator(width=0), "width is 0"),
        (lambda: ConvDiscriminator(dropout=1), "dropout is 1"),
        (lambda: Generator(image_shape=(28, 28)), r"expected \(channels, height, width\)"),
        (lambda: Discriminator(image_shape=(0, 28, 28)), r"image_shape\[0\] is 0"),
        (lambda: Generator(classes=-1), "classes is -1"),
        (lambda: Discriminator(classes=2.5), "classes is 2.5"),
    ],
)
def test_impossible_sizes_are_named(build, message):
    with pytest.raises((TypeError, ValueError), match=message):
        build()


def test_the_receptive_field_of_a_feature_is_ten_pixels_wide():
    discriminator = new_network(lambda: ConvDiscriminator(dropout=0), seed=0)
    images = torch.zeros(1, 1, 28, 28, requires_grad=True)
    discriminator.layers[:4](images)[0, :, 3, 3].sum().backward()
    rows = images.grad[0, 0].abs().sum(dim=1).nonzero()
    assert math.isclose(rows.max() - rows.min() + 1, 10)
