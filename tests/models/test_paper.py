"""The networks of 2014: against the definitions in the paper and its code."""

import math

import pytest
import torch

from gan_helpers.models import Maxout, PaperDiscriminator, PaperGenerator, new_network


def test_a_maxout_unit_is_the_largest_of_its_pieces_and_so_is_its_gradient():
    layer = new_network(lambda: Maxout(6, 4, pieces=3), seed=0).double()
    x = torch.randn(5, 6, dtype=torch.float64, requires_grad=True)
    weight = layer.linear.weight.view(4, 3, 6)
    heights = torch.einsum("ni,upi->nup", x, weight) + layer.linear.bias.view(4, 3)
    assert torch.allclose(layer(x), heights.amax(2))
    (found,) = torch.autograd.grad(layer(x).sum(), x)
    winners = heights.argmax(2)
    expected = torch.stack([weight[range(4), row].sum(0) for row in winners])
    assert torch.allclose(found, expected)
    assert torch.autograd.gradcheck(layer, x)


def test_two_pieces_can_be_the_absolute_value():
    layer = Maxout(1, 1, pieces=2)
    with torch.no_grad():
        layer.linear.weight.copy_(torch.tensor([[1.0], [-1.0]]))
        layer.linear.bias.zero_()
    assert torch.equal(layer(torch.tensor([[-3.0], [0.5]])), torch.tensor([[3.0], [0.5]]))


@pytest.mark.parametrize(
    ("build", "bound"), [(PaperGenerator, 0.05), (PaperDiscriminator, 0.005)], ids=["G", "D"]
)
def test_first_weights_are_within_the_papers_bounds_and_the_biases_0(build, bound):
    for name, values in new_network(build, seed=0).named_parameters():
        if name.endswith("bias"):
            assert not values.any()
        else:
            assert 0.99 * bound < values.abs().max() <= bound
            assert values.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)


def test_the_sizes_are_those_of_2014():
    generator, discriminator = PaperGenerator(), PaperDiscriminator()
    shapes = [tuple(p.shape) for p in generator.parameters() if p.ndim == 2]
    assert shapes == [(1200, 100), (1200, 1200), (784, 1200)]
    shapes = [tuple(p.shape) for p in discriminator.parameters() if p.ndim == 2]
    assert shapes == [(1200, 784), (1200, 240), (1, 240)]


def test_the_generator_sees_uniform_numbers_of_variance_1():
    generator = PaperGenerator(hidden=(4,))
    seen = []
    generator.layers[0].register_forward_hook(lambda layer, given, out: seen.append(given[0]))
    z = torch.randn(1000, 100, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        generator(z)
        PaperGenerator(hidden=(4,), uniform_z=False)(z)
    (uniform,) = seen
    assert uniform.abs().max() <= math.sqrt(3)
    deciles = torch.quantile(uniform.flatten()[:10_000], torch.linspace(0.1, 0.9, 9))
    expected = math.sqrt(3) * torch.linspace(-0.8, 0.8, 9)
    assert torch.allclose(deciles, expected, atol=0.05)


def test_the_first_image_is_near_the_mean_of_the_images():
    images = torch.zeros(100, 1, 28, 28, dtype=torch.uint8)
    images[:25, 0, 3] = 255  # a row whose mean is 1/4
    images[:, 0, 4] = 255
    generator = new_network(PaperGenerator, seed=0)
    generator.start_at_means(images)
    bias = generator.layers[-2].bias.view(28, 28)
    assert torch.allclose(bias[3], torch.tensor(math.log(1 / 3)))
    assert torch.allclose(bias[4], torch.tensor(math.log(1e7)), rtol=1e-3)
    assert torch.equal(bias[5], -bias[4])
    with pytest.raises(TypeError, match="uint8"):
        generator.start_at_means(images.float())


def test_dropout_stands_on_every_layers_input_and_pixels_are_from_0_to_1():
    discriminator = PaperDiscriminator()
    rates = [layer.p for layer in discriminator.layers if isinstance(layer, torch.nn.Dropout)]
    assert rates == [0.2, 0.5, 0.5]
    seen = []
    discriminator.layers[1].register_forward_hook(lambda layer, given, out: seen.append(given[0]))
    images = torch.full((2000, 1, 28, 28), 1.0)
    images[1000:] = -1.0
    with torch.no_grad():
        discriminator(images)
    white, black = seen[0].split(1000)
    assert white.unique().tolist() == pytest.approx([0, 1.25], rel=1e-4)
    assert white.mean().item() == pytest.approx(1, abs=0.01) and not black.any()


def test_one_piece_is_followed_by_leaky_relu():
    layers = PaperDiscriminator(pieces=1).layers
    assert [type(layer).__name__ for layer in layers].count("LeakyReLU") == 2
    assert "LeakyReLU" not in [type(layer).__name__ for layer in PaperDiscriminator().layers]
