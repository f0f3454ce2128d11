import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from gan_helpers.losses import (
    discriminator_loss,
    non_saturating_generator_loss,
    saturating_generator_loss,
)

LOGITS = [0.0, 1e-6, 1e-3, 0.1, 1.0, 5.0, 15.0, 16.7, 20.0, 50.0, 88.0, 89.0, 100.0, 1e3, 1e4]
LOGITS = sorted({sign * value for value in LOGITS for sign in (-1.0, 1.0)})


def log_d(logit: np.ndarray) -> np.ndarray:
    """log sigmoid(l) = -log(1 + exp(-l)) in float64."""
    return -np.logaddexp(0.0, -np.asarray(logit, dtype=np.float64))


def log_one_minus_d(logit: np.ndarray) -> np.ndarray:
    """log(1 - sigmoid(l)) = -log(1 + exp(l)) in float64."""
    return -np.logaddexp(0.0, np.asarray(logit, dtype=np.float64))


def close(value: torch.Tensor, reference: float) -> bool:
    # float32 has seven digits, and below 1e-37 fewer.
    return math.isfinite(value) and abs(value.item() - reference) <= 1e-6 * abs(reference) + 1e-37


def slopes(loss: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    return torch.autograd.grad(loss, logits)[0]


def random_logits(seed: int, scale: float = 8.0, count: int = 50) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    logits = scale * torch.randn(count, 1, generator=rng, dtype=torch.float64)
    return logits.clamp(-20, 20).requires_grad_()


# values


@pytest.mark.parametrize("logit", LOGITS)
def test_single_logits_from_minus_to_plus_ten_thousand(logit):
    one = torch.tensor([[logit]], dtype=torch.float32)
    exact = one.item()  # the float32 number, not the decimal one
    assert close(non_saturating_generator_loss(one), -log_d(exact))
    assert close(saturating_generator_loss(one), log_one_minus_d(exact))
    zero = torch.zeros(1, 1)
    assert close(discriminator_loss(one, zero), -log_d(exact) + math.log(2))
    assert close(discriminator_loss(zero, one), math.log(2) - log_one_minus_d(exact))


def test_means_over_a_batch():
    real = torch.tensor(LOGITS).unsqueeze(1)
    fake = real.flip(0)[:17] * 0.7  # batches of two sizes
    expected = -log_d(real.numpy()).mean() - log_one_minus_d(fake.numpy()).mean()
    assert discriminator_loss(real, fake).item() == pytest.approx(expected, rel=1e-6)
    expected = log_one_minus_d(fake.numpy()).mean()
    assert saturating_generator_loss(fake).item() == pytest.approx(expected, rel=1e-6)
    expected = -log_d(fake.numpy()).mean()
    assert non_saturating_generator_loss(fake).item() == pytest.approx(expected, rel=1e-6)


def test_losses_are_scalars_and_take_any_shape():
    logits = random_logits(0, count=12).detach()
    for loss in (saturating_generator_loss, non_saturating_generator_loss):
        assert loss(logits).shape == ()
        assert loss(logits.view(2, 3, 2)) == loss(logits)
    assert discriminator_loss(logits, logits.view(-1)).shape == ()


def test_a_confident_discriminator_costs_nothing_when_right():
    sure = torch.full((4, 1), 1e4)
    assert discriminator_loss(sure, -sure) == 0
    assert discriminator_loss(-sure, sure) == 2e4


def test_values_at_the_equilibrium():
    half = torch.zeros(8, 1)
    assert discriminator_loss(half, half).item() == pytest.approx(2 * math.log(2), rel=1e-6)
    assert non_saturating_generator_loss(half).item() == pytest.approx(math.log(2), rel=1e-6)
    assert saturating_generator_loss(half).item() == pytest.approx(-math.log(2), rel=1e-6)


def test_losses_equal_pytorchs_binary_cross_entropy():
    real, fake = random_logits(1), random_logits(2)
    ones, zeros = torch.ones_like(real), torch.zeros_like(fake)
    bce = F.binary_cross_entropy_with_logits
    torch.testing.assert_close(discriminator_loss(real, fake), bce(real, ones) + bce(fake, zeros))
    torch.testing.assert_close(non_saturating_generator_loss(fake), bce(fake, ones))
    torch.testing.assert_close(saturating_generator_loss(fake), -bce(fake, zeros))


# gradients


def test_gradients_are_those_of_the_closed_formulas():
    real, fake = random_logits(3, count=50), random_logits(4, count=40)
    d_real, d_fake = real.detach().sigmoid(), fake.detach().sigmoid()
    loss = discriminator_loss(real, fake)
    grad_real, grad_fake = torch.autograd.grad(loss, (real, fake))
    torch.testing.assert_close(grad_real, -(1 - d_real) / 50)
    torch.testing.assert_close(grad_fake, d_fake / 40)
    torch.testing.assert_close(slopes(saturating_generator_loss(fake), fake), -d_fake / 40)
    torch.testing.assert_close(
        slopes(non_saturating_generator_loss(fake), fake), -(1 - d_fake) / 40
    )


def test_gradients_are_those_of_the_textbook_forms():
    real, fake = random_logits(5), random_logits(6)
    ours = torch.autograd.grad(discriminator_loss(real, fake), (real, fake))
    textbook = -torch.log(torch.sigmoid(real)).mean() - torch.log(1 - torch.sigmoid(fake)).mean()
    # 1 - sigmoid(20) = 2e-9 has lost nine of float64's sixteen digits.
    for one, other in zip(ours, torch.autograd.grad(textbook, (real, fake)), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-15)
    torch.testing.assert_close(
        slopes(saturating_generator_loss(fake), fake),
        slopes(torch.log(1 - torch.sigmoid(fake)).mean(), fake),
        rtol=1e-6,
        atol=1e-15,
    )
    torch.testing.assert_close(
        slopes(non_saturating_generator_loss(fake), fake),
        slopes(-torch.log(torch.sigmoid(fake)).mean(), fake),
        rtol=1e-6,
        atol=1e-15,
    )


def test_gradients_in_float32_far_out():
    logits = torch.tensor(LOGITS, requires_grad=True)
    exact = np.array(LOGITS, dtype=np.float32).astype(np.float64)
    d, one_minus_d = np.exp(log_d(exact)), np.exp(log_one_minus_d(exact))
    grad_real = slopes(discriminator_loss(logits, torch.zeros(1)), logits)
    grad_fake = slopes(discriminator_loss(torch.zeros(1), logits), logits)
    grad_saturating = slopes(saturating_generator_loss(logits), logits)
    grad_non_saturating = slopes(non_saturating_generator_loss(logits), logits)
    n = len(LOGITS)
    for ours, reference in (
        (grad_real, -one_minus_d / n),
        (grad_fake, d / n),
        (grad_saturating, -d / n),
        (grad_non_saturating, -one_minus_d / n),
    ):
        np.testing.assert_allclose(ours.double().numpy(), reference, rtol=1e-5, atol=1e-37)


def test_the_saturating_gradient_vanishes_where_the_other_does_not():
    sure = torch.full((1, 1), -20.0, requires_grad=True)  # D is sure that the image is fake
    assert slopes(saturating_generator_loss(sure), sure).abs().item() < 1e-8
    assert slopes(non_saturating_generator_loss(sure), sure).item() == pytest.approx(-1)


# errors


@pytest.mark.parametrize("loss", [saturating_generator_loss, non_saturating_generator_loss])
def test_generator_losses_refuse_integers_and_empty_batches(loss):
    with pytest.raises(TypeError, match="fake_logits has dtype torch.int64; expected floats"):
        loss(torch.zeros(3, 1, dtype=torch.int64))
    with pytest.raises(ValueError, match="fake_logits is empty"):
        loss(torch.zeros(0, 1))


def test_the_discriminators_loss_names_the_argument_at_fault():
    good, integers, empty = torch.zeros(3, 1), torch.zeros(3, 1).long(), torch.zeros(0, 1)
    with pytest.raises(TypeError, match="real_logits has dtype torch.int64"):
        discriminator_loss(integers, good)
    with pytest.raises(TypeError, match="fake_logits has dtype torch.int64"):
        discriminator_loss(good, integers)
    with pytest.raises(ValueError, match="real_logits is empty"):
        discriminator_loss(empty, good)
    with pytest.raises(ValueError, match="fake_logits is empty"):
        discriminator_loss(good, empty)
