import math
from itertools import pairwise, product

import pytest
import torch
from torch import nn

from gan_helpers.models import (
    ArticleDiscriminator,
    ArticleGenerator,
    Discriminator,
    Dropout,
    Generator,
    count_parameters,
    initialise,
)

GENERATORS = [Generator, ArticleGenerator]
DISCRIMINATORS = [Discriminator, ArticleDiscriminator]
NETWORKS = GENERATORS + DISCRIMINATORS


def layers(network: nn.Module) -> list[nn.Module]:
    """The layers in the order of computation, containers left out."""
    return [layer for layer in network.modules() if not list(layer.children())]


def sizes(network: nn.Module) -> list[tuple[int, int]]:
    return [(m.in_features, m.out_features) for m in layers(network) if isinstance(m, nn.Linear)]


def names(network: nn.Module) -> list[str]:
    return [type(layer).__name__ for layer in layers(network)]


# shapes and ranges


@pytest.mark.parametrize(("build", "most"), [(Generator, (0, 1)), (ArticleGenerator, (1.5, 1e9))])
def test_generators_draw_images_and_only_the_courses_stays_in_their_range(build, most):
    z = 100 * torch.randn(64, 100, generator=torch.Generator().manual_seed(0))
    kept = z.clone()
    images = initialise(build(), seed=0).eval()(z)
    assert (images.shape, images.dtype) == ((64, 1, 28, 28), torch.float32)
    assert images.requires_grad and torch.equal(z, kept)
    assert most[0] < images.abs().max() <= most[1]


@pytest.mark.parametrize("build", DISCRIMINATORS)
def test_discriminators_return_one_unbounded_logit_an_image_and_drop_out_in_train_mode(build):
    images = 1000 * torch.randn(64, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    kept = images.clone()
    network = initialise(build(), seed=0)
    assert torch.equal(network(images), network(images)) == (build is ArticleDiscriminator)
    logits = network.eval()(images)
    assert torch.equal(network(images), logits) and torch.equal(images, kept)
    assert (logits.shape, logits.dtype) == ((64, 1), torch.float32)
    assert logits.min() < -1.5 and logits.max() > 1.5


# layers


@pytest.mark.parametrize(
    ("network", "shapes", "kinds"),
    [
        (
            ArticleGenerator(),
            [(100, 128), (128, 256), (256, 512), (512, 1024), (1024, 784)],
            ["Linear", "LeakyReLU", "BatchNorm1d"] * 4 + ["Linear"],
        ),
        (
            ArticleDiscriminator(),
            [(784, 256), (256, 128), (128, 1)],
            ["Linear", "LeakyReLU", "Linear", "LeakyReLU", "Linear"],
        ),
        (
            Generator(latent_dim=7, hidden=(11, 13)),
            [(7, 11), (11, 13), (13, 784)],
            ["Linear", "BatchNorm1d", "LeakyReLU"] * 2 + ["Linear", "Tanh"],
        ),
        (
            Discriminator(hidden=(11, 13), dropout=0.4),
            [(784, 11), (11, 13), (13, 1)],
            ["Linear", "LeakyReLU", "Dropout"] * 2 + ["Linear"],
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_the_layers_of_a_network(network, shapes, kinds):
    assert sizes(network) == shapes and names(network) == kinds
    for layer in layers(network):
        if isinstance(layer, nn.LeakyReLU):
            assert layer.negative_slope == 0.2
        if isinstance(layer, nn.BatchNorm1d) and isinstance(network, ArticleGenerator):
            assert layer.momentum == 0.8
        if isinstance(layer, nn.Dropout):
            assert layer.p == 0.4


@pytest.mark.parametrize("p", [0.1, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_dropout_drops_each_feature_with_its_probability_independently_of_the_others(p, dtype):
    torch.manual_seed(0)
    dropout, ones = Dropout(p), torch.ones(1000, 1001, dtype=dtype, requires_grad=True)
    out = dropout(ones)
    out.sum().backward()
    kept = (out != 0).double()
    assert out.dtype == dtype  # bfloat16 has three digits
    assert torch.allclose(
        out.detach().double(), kept / (1 - p), rtol=max(1e-4, torch.finfo(dtype).eps)
    )
    assert torch.equal(ones.grad, out.detach())
    assert abs(kept.mean().item() - (1 - p)) < 5 * math.sqrt(p * (1 - p) / kept.numel())
    flat = kept.flatten() - (1 - p)
    for apart in (1, 2, 3, 4, 8, 1001):  # four neighbours share a random word
        together = (flat[apart:] * flat[:-apart]).mean().item() / (p * (1 - p))
        assert abs(together) < 5 / math.sqrt(kept.numel())


def test_dropout_draws_from_the_global_state_and_does_nothing_in_eval_mode_or_at_zero():
    features = torch.randn(33, 7)
    torch.manual_seed(3)
    first, second = Dropout(0.5)(features), Dropout(0.5)(features)
    torch.manual_seed(3)
    assert torch.equal(Dropout(0.5)(features), first) and not torch.equal(first, second)
    assert torch.equal(Dropout(0.5).eval()(features), features)
    assert torch.equal(Dropout(0.0)(features), features)
    assert Dropout(1 - 1e-9)(features).isfinite().all()


def test_the_courses_networks_forward_passes_are_the_textbooks():
    generator = initialise(Generator(latent_dim=8, hidden=(16,)), seed=0)
    z = torch.randn(16, 8)
    first, last = generator.layers[0], generator.layers[3]
    x = z @ first.weight.T + first.bias
    x = (x - x.mean(0)) / torch.sqrt(x.var(0, correction=0) + 1e-5)
    x = torch.where(x > 0, x, 0.2 * x)
    images = torch.tanh(x @ last.weight.T + last.bias)
    assert torch.allclose(generator(z).flatten(1), images, atol=1e-5)

    discriminator = initialise(Discriminator(hidden=(16,)), seed=0).eval()
    first, last = discriminator.layers[0], discriminator.layers[3]
    x = images @ first.weight.T + first.bias
    x = torch.where(x > 0, x, 0.2 * x)
    logits = x @ last.weight.T + last.bias
    assert torch.allclose(discriminator(images.view(16, 1, 28, 28)), logits, atol=1e-5)


@pytest.mark.parametrize(
    ("build", "units", "normalised", "count"),
    [
        (Generator, (100, 256, 512, 784), True, 561_168),
        (Discriminator, (784, 256, 256, 1), False, 267_009),
        (ArticleGenerator, (100, 128, 256, 512, 1024, 784), True, 1_510_288),
        (ArticleDiscriminator, (784, 256, 128, 1), False, 233_985),
    ],
)
def test_parameter_counts_by_hand(build, units, normalised, count):
    by_hand = sum(n * m + m for n, m in pairwise(units))  # weights and biases
    by_hand += 2 * sum(units[1:-1]) if normalised else 0  # BatchNorm: scale and shift
    network = build()
    assert count_parameters(network) == by_hand == count
    network.layers[0].requires_grad_(False)  # frozen parameters are not counted
    assert count_parameters(network) == count - (units[0] + 1) * units[1]


@pytest.mark.parametrize("build", NETWORKS)
def test_the_seed_alone_decides_the_weights(build):
    network, state = build(), torch.get_rng_state()
    first = initialise(network, seed=5)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    same, other = initialise(build(), seed=5), initialise(build(), seed=6)
    kept = first.state_dict()
    assert all(torch.equal(kept[name], tensor) for name, tensor in same.state_dict().items())
    for one, another in zip(layers(first), layers(other), strict=True):
        if isinstance(one, nn.Linear):
            assert not torch.equal(one.weight, another.weight)
            assert not torch.equal(one.bias, another.bias)


@pytest.mark.parametrize("build", NETWORKS)
def test_weights_fill_their_bounds(build):
    for layer in layers(initialise(build(), seed=5)):
        if isinstance(layer, nn.Linear):
            bound = 1 / math.sqrt(layer.in_features)
            assert 0.99 * bound < layer.weight.abs().max() <= bound
            assert layer.bias.abs().max() <= bound
            # Uniform in +-bound: mean 0, standard deviation bound / sqrt(3).
            scatter = bound / math.sqrt(3)
            assert abs(layer.weight.mean()) < 5 * scatter / math.sqrt(layer.weight.numel())
            if layer.weight.numel() > 1000:
                assert layer.weight.std().item() == pytest.approx(scatter, rel=0.05)


def test_initialise_returns_its_network_and_resets_batchnorm():
    network = Generator(latent_dim=8, hidden=(16,))
    norm = network.layers[1]
    fresh = {name: tensor.clone() for name, tensor in norm.state_dict().items()}
    network(torch.randn(4, 8))
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    assert initialise(network, seed=0) is network
    assert all(torch.equal(fresh[name], now) for name, now in norm.state_dict().items())


def test_initialise_takes_linear_layers_without_bias_and_refuses_a_layer_it_does_not_know():
    assert initialise(nn.Linear(4, 3, bias=False), seed=0).weight.abs().max() <= 0.5
    with pytest.raises(TypeError, match="Conv3d, which initialise"):
        initialise(nn.Sequential(nn.Linear(2, 2), nn.Conv3d(1, 1, 3)), seed=0)


@pytest.mark.parametrize(
    ("builds", "shapes", "message"),
    [
        (GENERATORS, [(), (100,), (2, 99), (2, 100, 1)], r"z has shape \(.*latent_dim = 100"),
        (
            DISCRIMINATORS,
            [(), (784,), (28, 28), (2, 1, 28, 27), (2, 3, 28, 28), (2, 783)],
            r"images has shape \(.*expected \(N, 1, 28, 28\)",
        ),
    ],
)
def test_wrong_z_and_wrong_images_are_named(builds, shapes, message):
    for network, shape in product([build() for build in builds], shapes):
        with pytest.raises(ValueError, match=message):
            network(torch.zeros(shape))


@pytest.mark.parametrize("build", GENERATORS)
@torch.no_grad()
def test_in_eval_mode_one_z_gives_one_picture_whatever_the_batch(build):
    network = initialise(build(), seed=0)
    z = torch.randn(16, 100, generator=torch.Generator().manual_seed(0))
    network(z)  # running statistics of their own
    in_train_mode = network(z[:2])
    together = network.eval()(z)
    # Last digits may differ: another batch size is another order of summation.
    assert torch.allclose(network(z[:1]), together[:1], atol=1e-5)
    assert (in_train_mode - together[:2]).abs().max() > 0.05
