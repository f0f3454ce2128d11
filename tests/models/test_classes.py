"""Networks that are told a class."""

import pytest
import torch

from gan_helpers.models import (
    ConvDiscriminator,
    ConvGenerator,
    Discriminator,
    Generator,
    OneClass,
    classes_of,
    draw,
    new_network,
    sample,
)

GENERATORS, DISCRIMINATORS = (Generator, ConvGenerator), (Discriminator, ConvDiscriminator)


def conditional(build, **sizes):
    return new_network(lambda: build(classes=4, **sizes), seed=0)


@pytest.mark.parametrize("build", GENERATORS)
def test_the_class_changes_the_image_and_nothing_else_is_needed(build):
    generator = conditional(build, latent_dim=8).eval()
    z = torch.randn(1, 8).expand(4, 8)
    images = generator(z, torch.arange(4))
    assert images.shape == (4, 1, 28, 28)
    apart = (images[:, None] - images[None]).abs().flatten(2).amax(2)
    assert ((apart > 0.01) == ~torch.eye(4, dtype=bool)).all()
    torch.testing.assert_close(images[2:3], generator(z[:1], torch.tensor([2])))


@pytest.mark.parametrize("build", DISCRIMINATORS)
def test_the_projection_is_the_product_of_features_and_class_vector(build):
    discriminator = conditional(build).eval()
    images, labels = torch.rand(6, 1, 28, 28), torch.tensor([0, 1, 2, 3, 0, 1])
    features = discriminator.layers[:-1](
        images if build is ConvDiscriminator else images.flatten(1)
    )
    vectors = discriminator.embedding.weight[labels]
    expected = discriminator.layers[-1](features)[:, 0] + (features * vectors).sum(1)
    torch.testing.assert_close(discriminator(images, labels)[:, 0], expected)


@pytest.mark.parametrize("build", GENERATORS + DISCRIMINATORS)
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "labels is None; expected a tensor, int64"),
        ([0, 1], "labels is of type list"),
        (torch.zeros(2), "has dtype torch.float32; expected torch.int64"),
        (torch.zeros(3, dtype=torch.int64), r"has shape \(3,\); expected \(2,\)"),
        (torch.tensor([0, 4]), "goes from 0 to 4; expected 0 to 3"),
        (torch.tensor([-1, 0]), "goes from -1 to 0"),
    ],
)
def test_labels_that_do_not_fit_are_named(build, labels, message):
    network = conditional(build)
    inputs = torch.randn(2, network.latent_dim) if build in GENERATORS else torch.rand(2, 1, 28, 28)
    with pytest.raises((TypeError, ValueError), match=message):
        network(inputs, labels)


@pytest.mark.parametrize("build", GENERATORS + DISCRIMINATORS)
def test_a_network_without_classes_refuses_labels(build):
    network = build()
    inputs = torch.randn(2, network.latent_dim) if build in GENERATORS else torch.rand(2, 1, 28, 28)
    assert classes_of(network) == 0 and network.embedding is None
    with pytest.raises(ValueError, match="the network has no classes"):
        network(inputs, torch.tensor([0, 1]))


def test_one_class_takes_z_alone_and_draw_takes_the_classes_in_turn():
    generator = conditional(Generator, latent_dim=8)
    z = torch.randn(5, 8)
    three = OneClass(generator, 3)
    assert three.latent_dim == 8 and three.image_shape == (1, 28, 28)
    assert torch.equal(sample(three, z), sample(generator, z, torch.full((5,), 3)))
    drawn = draw(generator, 9, seed=1)
    z = torch.randn(9, 8, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(drawn, sample(generator, z, torch.arange(9) % 4), atol=1, rtol=0)
    for label, message in ((4, "label is 4"), (True, "label is True")):
        with pytest.raises((TypeError, ValueError), match=message):
            OneClass(generator, label)
    with pytest.raises(ValueError, match="generator has no classes"):
        OneClass(Generator(), 0)
