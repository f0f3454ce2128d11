"""Searches for z by gradient descent: what they find, and what they leave as it was."""

from importlib import resources

import pytest
import torch
from helping import state
from torch import nn

from gan_helpers.latent import find_class, invert
from gan_helpers.metrics import load_classifier
from gan_helpers.models import ConvGenerator, Generator, OneClass, evaluating, initialise, sample
from gan_helpers.training import load_generator

SHIPPED = resources.files("gan_helpers") / "assets" / "plain_10_epochs_generator_0.safetensors"


@pytest.fixture
def generator():
    """Small, with pictures that differ, BatchNorm statistics that tell train from eval mode, one
    weight that is frozen, one with a gradient, and in train mode: as in the middle of a run."""
    made = initialise(Generator(4, (16,)), seed=0).train()
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        made.layers[0].weight.mul_(3)
        made.layers[-2].weight.mul_(3)
        for _ in range(30):
            made(torch.randn(50, 4, generator=rng))
    made.layers[0].bias.requires_grad_(False)
    made.layers[0].weight.grad = torch.ones_like(made.layers[0].weight)
    return made


@pytest.fixture
def own(generator):
    """Three pictures that the generator draws itself, float, and their z."""
    z = torch.randn(3, 4, generator=torch.Generator().manual_seed(7))
    return draw(generator, z), z


def everything(network):
    """All that a search must leave alone, in an order."""
    parameters = list(network.parameters())
    return [
        *state(network).values(),
        *(torch.zeros(0) if p.grad is None else p.grad.clone() for p in parameters),
        torch.tensor([p.requires_grad for p in parameters]),
        torch.tensor([part.training for part in network.modules()]),
        torch.get_rng_state(),
    ]


def assert_unchanged(before, network):
    assert all(map(torch.equal, before, everything(network)))


@torch.no_grad()
def draw(generator, z):
    with evaluating(generator):
        return generator(z)


# inversion


def test_a_generators_own_picture_gives_its_z_back(generator, own):
    images, z = own
    *_, last = invert(generator, images, steps=300, restarts=4)
    assert last.z.shape == (3, 4) and last.losses.shape == (3,)
    assert (last.losses < 1e-4).all()
    assert torch.allclose(last.z, z, atol=0.02)


@pytest.mark.parametrize("norm_weight", [0.0, 0.5])
def test_every_state_has_the_true_error_of_its_z(generator, own, norm_weight):
    images, _ = own
    states = list(invert(generator, images, steps=5, norm_weight=norm_weight))
    assert len(states) == 6  # before the first step, and after each
    for search in states:
        errors = (draw(generator, search.z) - images).square().mean((1, 2, 3))
        assert torch.allclose(search.losses, errors, atol=1e-6)
        assert not search.z.requires_grad and not search.losses.requires_grad
    # The states are not views of one tensor: each keeps its own z.
    assert len({tuple(search.z.flatten().tolist()) for search in states}) == 6


def test_the_best_of_the_restarts_is_reported(generator, own):
    images, _ = own
    tried = []
    handle = generator.register_forward_pre_hook(
        lambda network, inputs: tried.append(inputs[0].detach().clone())
    )
    states = list(invert(generator, images, steps=4, restarts=5))
    handle.remove()
    assert len(tried) == 5
    for search, z in zip(states, tried, strict=True):
        assert z.shape == (15, 4)  # the five of each image one after another
        pictures = draw(generator, z).view(3, 5, 1, 28, 28)
        errors = (pictures - images[:, None]).square().mean((2, 3, 4))  # (3, 5)
        best = errors.argmin(1)
        assert torch.equal(search.z, z.view(3, 5, 4)[torch.arange(3), best])
        assert torch.allclose(search.losses, errors.min(1).values, atol=1e-6)
    starts = tried[0]
    assert len(starts.unique(dim=0)) == 15  # no two begin at the same place


def test_one_step_of_adam_goes_down_the_gradient_of_error_and_norm(generator, own):
    images, _ = own
    first, second = invert(
        generator, images, steps=1, restarts=1, learning_rate=0.01, norm_weight=2
    )
    z = first.z.clone().requires_grad_()
    with evaluating(generator):
        errors = (generator(z) - images).square().mean((1, 2, 3))
        loss = errors.sum() + 2 * z.square().sum() / 4  # latent_dim = 4
        (gradient,) = torch.autograd.grad(loss, z)
    # The first step of Adam has the length of the learning rate in every coordinate.
    assert torch.allclose(second.z - first.z, -0.01 * gradient.sign(), atol=1e-4)


class Quarters(nn.Module):
    """A picture of four bands, each as bright as one coordinate of z."""

    latent_dim = 4

    def forward(self, z):
        return z.repeat_interleave(196, dim=1).view(-1, 1, 28, 28)


@pytest.mark.parametrize("norm_weight", [0.0, 1.0, 3.0])
def test_a_weight_on_the_norm_shortens_z_as_the_formula_says(norm_weight):
    # |z - z*|^2 / 4 + norm_weight |z|^2 / 4 is least at z* / (1 + norm_weight).
    z = torch.tensor([[0.8, -0.4, 0.0, 0.2]])
    quarters = Quarters()
    *_, last = invert(quarters, quarters(z), steps=300, norm_weight=norm_weight)
    assert torch.allclose(last.z, z / (1 + norm_weight), atol=0.01)


def test_an_inversion_leaves_the_generator_and_the_random_state_alone(generator, own):
    before = everything(generator)
    for _ in invert(generator, own[0], steps=3):
        assert_unchanged(before, generator)  # between two steps, too: it may be in use elsewhere
    unfinished = invert(generator, own[0], steps=3)
    next(unfinished)
    unfinished.close()
    assert_unchanged(before, generator)
    starts = [next(invert(generator, own[0], seed=seed)).z for seed in (0, 0, 1)]
    assert torch.equal(starts[0], starts[1]) and not torch.equal(starts[0], starts[2])


# climbing to a class


@pytest.fixture(scope="module")
def trained():
    return load_generator(SHIPPED)[0]


@pytest.fixture
def start():
    return 0.5 + torch.randn(8, 100, generator=torch.Generator().manual_seed(0))


def probability(generator, z, digit):
    """Of ``digit`` among all eleven answers of the classifier, shape (N,)."""
    return load_classifier()(draw(generator, z))[1].softmax(dim=1)[:, digit]


@pytest.mark.parametrize("digit", [0, 9])
def test_a_climb_raises_the_probability_of_its_class(trained, start, digit):
    states = list(find_class(trained, digit, start, steps=40))
    assert len(states) == 41
    assert torch.equal(states[0].z, start)
    for search in states[::10]:
        expected = -probability(trained, search.z, digit).log()
        assert torch.allclose(search.losses, expected, atol=1e-3, rtol=1e-3)
    first, last = states[0].losses, states[-1].losses
    assert (last < first).all()
    assert last.median() < 0.5 < 2 < first.median()  # nats
    seen = load_classifier()(draw(trained, states[-1].z))[1].argmax(1)
    assert (seen == digit).sum() >= 6


def test_a_climb_keeps_the_length_of_z_and_its_argument(trained, start):
    kept, lengths = start.clone(), start.norm(dim=1)
    for search in find_class(trained, 3, start, steps=10, learning_rate=0.3):
        assert torch.allclose(search.z.norm(dim=1), lengths, rtol=1e-5)
    assert (search.z - start).norm(dim=1).min() > 1  # it has moved
    assert torch.equal(start, kept) and not start.requires_grad


def test_a_climb_leaves_the_networks_and_the_random_state_alone(generator):
    z = torch.randn(2, 4, generator=torch.Generator().manual_seed(0))
    before, classifier = everything(generator), everything(load_classifier())
    for search in find_class(generator, 3, z, steps=3):
        assert not search.z.requires_grad and not search.losses.requires_grad
        assert_unchanged(before, generator)
        assert_unchanged(classifier, load_classifier())


# lending a network


def test_evaluating_lends_a_network_in_eval_mode_without_gradients(generator):
    z = torch.randn(2, 4, requires_grad=True)
    before = everything(generator)
    with evaluating(generator):
        assert not any(part.training for part in generator.modules())
        assert not any(p.requires_grad for p in generator.parameters())
        picture = generator(z)
        (gradient,) = torch.autograd.grad(picture.sum(), z)  # gradients do reach z
    assert gradient.abs().sum() > 0
    assert_unchanged(before, generator)
    assert (sample(generator, z.detach()).float() / 127.5 - 1 - picture).abs().max() < 0.005


def test_evaluating_puts_a_network_back_after_an_error(generator):
    before = everything(generator)
    with pytest.raises(KeyboardInterrupt), evaluating(generator):
        raise KeyboardInterrupt
    assert_unchanged(before, generator)


@pytest.mark.parametrize("build", [Generator, ConvGenerator])
def test_one_class_of_a_colour_generator_is_searched(build):
    whole = initialise(build(4, image_shape=(3, 16, 16), classes=3), seed=0)
    z = torch.randn(2, 4, generator=torch.Generator().manual_seed(0))
    target = draw(OneClass(whole, 2), z)
    *_, last = invert(OneClass(whole, 2), target, steps=60, restarts=2)
    assert last.losses.max() < 0.5 * target.var()
    with pytest.raises(ValueError, match="generator has 3 classes.*OneClass"):
        invert(whole, target)
    with pytest.raises(ValueError, match=r"generator draws images of shape \(3, 16, 16\)"):
        find_class(OneClass(whole, 2), 1, z)
