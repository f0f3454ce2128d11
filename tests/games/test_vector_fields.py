"""Games of two numbers against what the papers prove about them."""

import cmath
import math
from functools import partial

import pytest
import torch

from gan_helpers.games import bilinear_field, dirac_field, eigenvalues, game_update, trajectory
from gan_helpers.losses import (
    discriminator_loss,
    non_saturating_generator_loss,
    saturating_generator_loss,
)

ZERO = torch.zeros(2, dtype=torch.float64)
START = torch.tensor([1.0, 0.5], dtype=torch.float64)


def of_update(field, rate, **how):
    return eigenvalues(lambda point: game_update(field, point, rate, **how), ZERO)


def same(values, expected):
    def in_order(numbers):
        return torch.tensor(sorted((value.real, value.imag) for value in numbers))

    return torch.allclose(in_order(values.tolist()), in_order(expected), atol=1e-6)


# --- the bilinear game --------------------------------------------------------------------------


def test_bilinear_field_turns():
    assert torch.equal(bilinear_field(START), torch.tensor([-0.5, 1.0], dtype=torch.float64))
    assert same(eigenvalues(bilinear_field, ZERO), [1j, -1j])
    assert bilinear_field(torch.zeros(4, 3, 2)).shape == (4, 3, 2)


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_simultaneous_updates_spiral_outward_as_the_eigenvalue_says(rate):
    sizes = of_update(bilinear_field, rate, alternating=False).abs()
    growth = math.sqrt(1 + rate**2)
    assert torch.allclose(sizes, torch.tensor(growth, dtype=torch.float64))
    radii = trajectory(bilinear_field, START, rate, 30, alternating=False).norm(dim=1)
    assert torch.allclose(radii[1:] / radii[:-1], torch.tensor(growth, dtype=torch.float64))


@pytest.mark.parametrize("d_steps", [1, 5])
def test_alternating_updates_stay_on_an_ellipse(d_steps):
    rate = 0.2
    sizes = of_update(bilinear_field, rate, d_steps=d_steps).abs()
    assert torch.allclose(sizes, torch.ones(2, dtype=torch.float64))
    a, b = trajectory(bilinear_field, START, rate, 500, d_steps=d_steps).unbind(1)
    # The update (a, b) -> (a - rate b', b' = b + n rate a) keeps n a^2 + b^2 + n rate a b.
    kept = d_steps * a**2 + b**2 + d_steps * rate * a * b
    assert torch.allclose(kept, kept[0])


def test_the_order_of_the_players_steps():
    """D first, then G against the new D; or against the old one."""
    point = torch.tensor([1.0, 0.0], dtype=torch.float64)
    alternating = game_update(bilinear_field, point, 0.1)
    simultaneous = game_update(bilinear_field, point, 0.1, alternating=False)
    assert torch.allclose(alternating, torch.tensor([0.99, 0.1], dtype=torch.float64))
    assert torch.allclose(simultaneous, torch.tensor([1.0, 0.1], dtype=torch.float64))
    assert game_update(bilinear_field, point, 0.1, d_steps=5)[1].item() == pytest.approx(0.5)
    late = game_update(bilinear_field, START, 0.1, d_steps=5, alternating=False)
    assert late.tolist() == pytest.approx([1 - 0.1 * 0.5, 0.5 + 0.5])  # G answers D's first number


# --- the Dirac-GAN ------------------------------------------------------------------------------


@pytest.mark.parametrize("saturating", [False, True])
def test_dirac_field_is_minus_the_slopes_of_the_courses_losses(saturating):
    theta, psi = (v.clone().requires_grad_() for v in START)
    loss = saturating_generator_loss if saturating else non_saturating_generator_loss
    data, fake = torch.zeros(1, 1, dtype=torch.float64), theta.view(1, 1)
    (theta_slope,) = torch.autograd.grad(loss(psi * fake), theta)
    penalty = 0.7 / 2 * psi**2  # R1: the logit's slope at the data is psi
    (psi_slope,) = torch.autograd.grad(discriminator_loss(psi * data, psi * fake) + penalty, psi)
    field = dirac_field(START, saturating, gradient_penalty=0.7)
    assert torch.allclose(field, -torch.stack((theta_slope, psi_slope)))


def test_noise_is_averaged_exactly():
    rng = torch.Generator().manual_seed(0)
    noise = 0.8 * torch.randn(400_000, 2, generator=rng, dtype=torch.float64)
    noise = torch.cat((noise, -noise))
    theta, psi = START
    fake, real = theta + noise[:, 0], noise[:, 1]
    d_fake, d_real = torch.sigmoid(psi * fake), torch.sigmoid(psi * real)
    drawn = torch.stack(
        ((psi * (1 - d_fake)).mean(), (real * (1 - d_real)).mean() - (fake * d_fake).mean())
    )
    assert torch.allclose(dirac_field(START, noise_std=0.8), drawn, atol=2e-3)


def test_noise_is_integrated_as_well_as_the_docstring_says():
    x = torch.linspace(-8, 8, 40_001, dtype=torch.float64)
    weights = torch.exp(-(x**2) / 2)
    weights /= weights.sum()
    for psi, error in ((2.0, 1e-6), (6.0, 5e-3)):
        point = torch.tensor([1.0, psi], dtype=torch.float64)
        expected = (weights * torch.sigmoid(psi * (1 + x))).sum()  # the mean D on fakes
        found = 1 - dirac_field(point, noise_std=1.0)[0] / psi
        assert abs(found - expected) < error


@pytest.mark.parametrize("saturating", [False, True])
@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0, 3.0])
def test_eigenvalues_under_a_gradient_penalty(saturating, gamma):
    """-gamma / 2 +- sqrt(gamma^2 / 4 - f'(0)^2), with f'(0) = 1/2; purely imaginary without."""
    root = cmath.sqrt(gamma**2 / 4 - 0.25)
    field = partial(dirac_field, saturating=saturating, gradient_penalty=gamma)
    assert same(eigenvalues(field, ZERO), [-gamma / 2 + root, -gamma / 2 - root])


@pytest.mark.parametrize("std", [0.5, 1.0, 2.0])
def test_eigenvalues_under_instance_noise(std):
    """f''(0) std^2 +- sqrt(f''(0)^2 std^4 - f'(0)^2), with f''(0) = -1/4."""
    real = -(std**2) / 4
    root = cmath.sqrt(real**2 - 0.25)
    assert same(eigenvalues(partial(dirac_field, noise_std=std), ZERO), [real + root, real - root])


def test_dirac_updates_circle_without_a_penalty_and_come_home_with_one():
    rate = 0.2
    sizes = of_update(dirac_field, rate, alternating=False).abs()
    assert torch.allclose(sizes, torch.tensor(math.sqrt(1 + rate**2 / 4), dtype=torch.float64))
    assert torch.allclose(of_update(dirac_field, rate).abs(), torch.ones(2, dtype=torch.float64))

    home = partial(dirac_field, gradient_penalty=1.0)
    assert (of_update(home, rate).abs() < 1).all()
    free = trajectory(partial(dirac_field, saturating=True), START, rate, 300).norm(dim=1)
    tamed = trajectory(home, START, rate, 300).norm(dim=1)
    assert 0.9 < free[-60:].max() / free[:60].max() < 1.1
    assert tamed[-1] < 1e-6


def test_the_saturating_flow_circles_and_the_other_falls_inward_ever_more_slowly():
    """d/dt (theta^2 + psi^2) / 2 = 0, or theta psi (1 - 2 D) <= 0: what no eigenvalue shows."""
    points = torch.randn(200, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    theta, psi = points.unbind(1)
    inward = theta * psi * (1 - 2 * torch.sigmoid(theta * psi))
    for saturating, expected in ((True, torch.zeros_like(inward)), (False, inward)):
        assert torch.allclose((points * dirac_field(points, saturating)).sum(1), expected)
    both = trajectory(dirac_field, torch.stack((2 * START, START)), 0.2, 900)  # two at once
    radii = both[:, 1].norm(dim=1)
    assert both.shape == (901, 2, 2) and torch.equal(both[0, 1], START)
    shares = radii[300::300] / radii[:-300:300]
    assert (shares < 1).all() and (shares.diff() > 0).all()


@pytest.mark.parametrize(("beta", "size"), [(0.9, 1.057), (0.5, 1.032), (0.0, 1.0), (-0.5, 0.987)])
def test_momentum_drives_alternating_steps_outward_as_gidel_et_al_say(beta, size):
    def update(state, rate=0.2):
        a, b, mean_a, mean_b = state
        mean_b = beta * mean_b + (1 - beta) * a
        mean_a = beta * mean_a - (1 - beta) * (b + rate * mean_b)
        return torch.stack((a + rate * mean_a, b + rate * mean_b, mean_a, mean_b))

    found = eigenvalues(update, torch.zeros(4, dtype=torch.float64)).abs().max().item()
    assert found == pytest.approx(size, abs=5e-4)
