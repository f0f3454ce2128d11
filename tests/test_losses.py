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


def random_logits(seed: int, count: int) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    logits = 8 * torch.randn(count, 1, generator=rng, dtype=torch.float64)
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


def test_losses_are_pytorchs_binary_cross_entropy_and_take_any_shape():
    real, fake = random_logits(1, 12).view(3, 4), random_logits(2, 10)  # batches of two sizes
    ones, zeros = torch.ones_like, torch.zeros_like
    bce = F.binary_cross_entropy_with_logits
    close = torch.testing.assert_close
    close(discriminator_loss(real, fake), bce(real, ones(real)) + bce(fake, zeros(fake)))
    close(non_saturating_generator_loss(fake), bce(fake, ones(fake)))
    close(saturating_generator_loss(fake), -bce(fake, zeros(fake)))


# gradients


def test_gradients_in_float32_far_out():
    logits = torch.tensor(LOGITS, requires_grad=True)
    exact = np.array(LOGITS, dtype=np.float32).astype(np.float64)
    d, one_minus_d = np.exp(log_d(exact)), np.exp(log_one_minus_d(exact))
    for loss, reference in (
        (discriminator_loss(logits, torch.zeros(1)), -one_minus_d),
        (discriminator_loss(torch.zeros(1), logits), d),
        (saturating_generator_loss(logits), -d),
        (non_saturating_generator_loss(logits), -one_minus_d),
    ):
        ours = slopes(loss, logits).double().numpy()
        np.testing.assert_allclose(ours, reference / len(LOGITS), rtol=1e-5, atol=1e-37)
