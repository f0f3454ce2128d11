"""Directions in latent space and paths through it, against answers known by other means."""

import math

import pytest
import torch
from torch import nn

from gan_helpers import latent
from gan_helpers.latent import activation_directions, class_means, lerp, slerp, weight_directions
from gan_helpers.metrics import Seen
from gan_helpers.models import (
    ArticleGenerator,
    ConvGenerator,
    Generator,
    OneClass,
    initialise,
    new_network,
)


class LinearToy(nn.Module):
    """z -> A z + b -> 784 pixels: its one hidden layer has no non-linearity."""

    def __init__(self, matrix: torch.Tensor):
        super().__init__()
        units, self.latent_dim = matrix.shape
        self.first = nn.Linear(self.latent_dim, units)
        self.last = nn.Linear(units, 784)
        with torch.no_grad():
            self.first.weight.copy_(matrix)
            self.first.bias.fill_(3.0)  # a mean of h that is not 0

    def forward(self, z):
        return self.last(self.first(z)).view(-1, 1, 28, 28)


def matrix_of(strengths, units, seed=0):
    """A matrix with these singular values, and its right singular vectors as rows."""
    rng = torch.Generator().manual_seed(seed)
    count = len(strengths)
    left, _ = torch.linalg.qr(torch.randn(units, count, generator=rng))
    right, _ = torch.linalg.qr(torch.randn(count, count, generator=rng))
    return left @ torch.diag(torch.tensor(strengths)) @ right.T, right.T


def same_lines(vectors, others, least=0.9999):
    return ((vectors * others).sum(1).abs() > least).all()


# directions of the weights


@pytest.mark.parametrize("build", [Generator, ArticleGenerator, lambda: Generator(8, (16,))])
def test_weight_directions_are_the_eigenvectors_of_the_product(build):
    generator = initialise(build(), seed=0)
    vectors, strengths = weight_directions(generator)
    a = generator.layers[0].weight.detach().double()
    eigenvalues, eigenvectors = torch.linalg.eigh(a.T @ a)  # in rising order
    assert vectors.shape == (generator.latent_dim, generator.latent_dim)
    assert vectors.dtype == strengths.dtype == torch.float32
    assert torch.allclose(strengths.double(), eigenvalues.flip(0).sqrt(), atol=1e-4)
    assert same_lines(vectors.double(), eigenvectors.flip(1).T, least=0.999)
    assert not vectors.requires_grad
    assert (vectors.gather(1, vectors.abs().argmax(1, keepdim=True)) > 0).all()
    # What a strength is: how far one unit along the direction moves the first layer's output.
    assert torch.allclose((vectors.double() @ a.T).norm(dim=1), strengths.double(), atol=1e-4)


def test_directions_need_a_linear_layer():
    generator = nn.Conv1d(1, 1, 3)
    generator.latent_dim = 4
    for directions in (weight_directions, lambda g: activation_directions(g, 2)):
        with pytest.raises(ValueError, match=r"generator has no nn\.Linear layer"):
            directions(generator)
    generator = LinearToy(torch.eye(2))
    generator.latent_dim = 3
    with pytest.raises(ValueError, match="latent_dim = 3, and its first nn.Linear takes 2"):
        weight_directions(generator)


# directions of the activations


def test_activation_directions_of_a_linear_generator_are_those_of_its_weights():
    # h = A z + b with z ~ N(0, I): its components are A's left singular vectors, the standard
    # deviations A's singular values, and by least squares they are carried back to the right ones.
    matrix, right = matrix_of([8.0, 4.0, 2.0, 1.0, 0.5], units=12)
    vectors, strengths = activation_directions(LinearToy(matrix), count=4)
    assert vectors.shape == (4, 5) and strengths.shape == (4,)
    assert same_lines(vectors, right[:4], least=0.995)
    assert torch.allclose(strengths, torch.tensor([8.0, 4.0, 2.0, 1.0]), rtol=0.05)
    assert torch.allclose(vectors.norm(dim=1), torch.ones(4))


def test_activations_are_those_of_the_last_hidden_layer():
    # Two layers: the first alone would answer to e_0 most, both together answer to e_1.
    toy = LinearToy(torch.eye(2))
    toy.first = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    with torch.no_grad():
        toy.first[0].weight.copy_(torch.diag(torch.tensor([3.0, 1.0])))
        toy.first[1].weight.copy_(torch.diag(torch.tensor([0.1, 2.0])))
    assert same_lines(weight_directions(toy).vectors[:1], torch.eye(2)[:1])
    vectors, strengths = activation_directions(toy, count=2)
    assert same_lines(vectors, torch.eye(2).flip(0), least=0.99)
    assert torch.allclose(strengths, torch.tensor([2.0, 0.3]), rtol=0.05)


def test_activation_directions_leave_the_generator_and_the_random_state_alone():
    generator = initialise(Generator(8, (16,)), seed=0).train()
    kept = {key: tensor.clone() for key, tensor in generator.state_dict().items()}
    random = torch.get_rng_state()
    first = activation_directions(generator, 3, samples=100)
    assert generator.training
    assert (first.vectors.gather(1, first.vectors.abs().argmax(1, keepdim=True)) > 0).all()
    assert all(torch.equal(kept[key], now) for key, now in generator.state_dict().items())
    assert not any(layer._forward_pre_hooks for layer in generator.modules())
    assert torch.equal(torch.get_rng_state(), random)
    assert torch.equal(first.vectors, activation_directions(generator, 3, samples=100).vectors)


# networks of notebook 10


@pytest.mark.parametrize("classes", [0, 4])
@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
def test_a_convolutional_generator_has_directions_too(classes, upsampling):
    generator = new_network(lambda: ConvGenerator(8, 4, (3, 16, 16), classes, upsampling), seed=0)
    a = generator.layers[0].weight.detach()[:, :8]
    vectors, strengths = weight_directions(generator)
    assert torch.allclose((vectors @ a.T).norm(dim=1), strengths, atol=1e-4)
    vectors, strengths = activation_directions(generator, samples=600)  # more than one batch
    assert vectors.shape == (8, 8) and (strengths.diff() <= 0).all() and strengths[-1] > 0
    assert torch.allclose(vectors.norm(dim=1), torch.ones(8), atol=1e-5)
    # The maps follow the first direction more than a random one.
    z = torch.randn(50, 8, generator=torch.Generator().manual_seed(1))
    drawn = OneClass(generator, 1) if classes else generator
    with torch.no_grad():
        step = [(drawn.eval()(z + v) - drawn(z - v)).abs().mean() for v in vectors]
    assert step[0] > step[-1]


def test_the_class_moves_no_direction():
    # A class adds to the first layer's output, however large its numbers are.
    generator = new_network(lambda: Generator(5, (), classes=3), seed=0)
    vectors, strengths = weight_directions(generator)
    with torch.no_grad():
        generator.embedding.weight.mul_(1000)
    for one in (generator, OneClass(generator, 2)):
        found = weight_directions(one)
        assert torch.equal(found.vectors, vectors) and torch.equal(found.strengths, strengths)


def test_the_classes_means_are_no_component():
    # h = (z, the class's numbers): of 5 + 32 numbers only z varies within a class.
    generator = new_network(lambda: Generator(5, (), classes=3), seed=0)
    with torch.no_grad():
        generator.embedding.weight.mul_(1000)
    strengths = activation_directions(generator, samples=3000).strengths
    assert torch.allclose(strengths, torch.ones(5), atol=0.1)


# paths

A, B = torch.randn(2, 50, generator=torch.Generator().manual_seed(0))
T = torch.linspace(0, 1, 11)


@pytest.mark.parametrize("path", [lerp, slerp])
def test_a_path_begins_and_ends_at_its_z(path):
    for t, end in ((0.0, A), (1.0, B)):
        assert path(A, B, t).shape == (50,)
        assert torch.allclose(path(A, B, t), end, atol=1e-6)
    points = path(A, B, T)
    assert points.shape == (11, 50)
    assert torch.allclose(points[[0, -1]], torch.stack((A, B)), atol=1e-6)
    assert torch.allclose(points, path(B, A, 1 - T), atol=1e-5)


@pytest.mark.parametrize("path", [lerp, slerp])
def test_many_pairs_at_once_one_of_them_parallel(path):
    z_from, z_to = torch.randn(2, 6, 50, generator=torch.Generator().manual_seed(1))
    z_to[0] = z_from[0]
    together = path(z_from, z_to, 0.3)
    assert together.shape == (6, 50)
    for row, a, b in zip(together, z_from, z_to, strict=True):
        assert torch.allclose(row, path(a, b, 0.3), atol=1e-5)


def test_slerp_turns_steadily_and_keeps_the_length():
    a, b = 10 * A / A.norm(), 10 * B / B.norm()
    points = slerp(a, b, T)
    assert torch.allclose(points.norm(dim=1), torch.full((11,), 10.0), atol=1e-4)
    steps = (points[:-1] * points[1:]).sum(1).div(100).arccos()
    whole = ((a @ b) / 100).arccos()
    assert torch.allclose(steps, (whole / 10).expand(10), atol=1e-3)
    assert lerp(a, b, T)[5].norm() < 8  # the straight line leaves the shell


def test_slerp_of_a_quarter_turn_and_lerp():
    a, b, t = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 4.0]), torch.tensor([1 / 3])
    # 30 degrees: cos 30 of a, sin 30 of b
    assert torch.allclose(slerp(a, b, t), torch.tensor([[math.sqrt(3), 2.0]]), atol=1e-6)
    assert torch.allclose(lerp(a, b, t), torch.tensor([[4 / 3, 4 / 3]]))


@pytest.mark.parametrize("factor", [1.0, 2.5, 1 + 1e-6])
def test_slerp_of_parallel_z_is_lerp(factor):
    points = slerp(A, factor * A, T)
    assert torch.allclose(points, lerp(A, factor * A, T), atol=1e-5)
    near = A + 1e-5 * B  # an angle that float32 hardly tells from 0
    assert torch.allclose(slerp(A, near, T), lerp(A, near, T), atol=1e-4)


# means of classes


def seen_as(monkeypatch, digits, sure, is_digit):
    """``classify`` says that the pictures are ``digits``, each with these probabilities."""
    digits, sure = torch.tensor(digits), torch.tensor(sure)
    probabilities = ((1 - sure) / 9)[:, None].repeat(1, 10)
    probabilities[torch.arange(len(digits)), digits] = sure
    seen = Seen(torch.zeros(len(digits), 128), probabilities, torch.tensor(is_digit))
    monkeypatch.setattr(latent, "classify", lambda images: seen)


def test_class_means_are_exact(monkeypatch):
    digits = [*range(10), 3, 3, 3]
    seen_as(
        monkeypatch,
        digits,
        sure=[1.0] * 10 + [0.95, 0.89, 1.0],  # number 11 is not sure of its class
        is_digit=[1.0] * 10 + [0.95, 1.0, 0.89],  # number 12 is hardly a digit
    )
    z = torch.arange(26.0).view(13, 2)
    means = class_means(z, torch.zeros(13, 1, 28, 28, dtype=torch.uint8))
    expected = z[:10].clone()
    expected[3] = (z[3] + z[10]) / 2
    assert torch.equal(means, expected)
    means = class_means(z, torch.zeros(13, 1, 28, 28, dtype=torch.uint8), confidence=0.85)
    assert torch.allclose(means[3], z[[3, 10, 11, 12]].mean(0))


def test_class_means_need_a_picture_of_each_digit_and_look_at_them(monkeypatch):
    images = torch.randint(0, 256, (10, 1, 28, 28), dtype=torch.uint8)
    with pytest.raises(ValueError, match="No picture is surely a 0"):
        class_means(torch.randn(10, 2), images)
    seen_as(monkeypatch, list(range(10)), [1.0] * 7 + [0.5, 1.0, 1.0], [1.0] * 10)
    with pytest.raises(ValueError, match="No picture is surely a 7"):
        class_means(torch.randn(10, 2), images)
