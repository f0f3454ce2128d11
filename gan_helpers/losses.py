"""The losses of the two players, computed from logits.

A logit l means D = sigmoid(l), so log D = logsigmoid(l) and log(1 - D) = logsigmoid(-l). In this
form nothing is rounded to log 0, however sure the discriminator is (notebook 02 shows what happens
otherwise).
"""

from collections.abc import Callable

import torch
from torch.nn import functional as F

from gan_helpers.checks import check_floats

GeneratorLoss = Callable[[torch.Tensor], torch.Tensor]


def discriminator_loss(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """Return the discriminator's loss, -V: -mean log D(x) - mean log(1 - D(G(z))), in nats.

    ``real_logits`` and ``fake_logits``: float, any shape, logits of a batch of real and of
    generated images. Returns a scalar in [0, inf), which is 2 log 2 = 1.386 when D is 1/2
    everywhere. Its derivative with respect to a logit is -(1 - D) / N for each of N real images and
    D / N for each of N fakes.

    Raises ``TypeError`` when the logits are not tensors of floats and ``ValueError`` when a batch
    is empty.

    Source: Goodfellow et al. 2014, equation 1 and algorithm 1. Introduced in notebook 01,
    "The value function".
    """
    _check_logits("real_logits", real_logits)
    _check_logits("fake_logits", fake_logits)
    return -F.logsigmoid(real_logits).mean() - F.logsigmoid(-fake_logits).mean()


def saturating_generator_loss(fake_logits: torch.Tensor) -> torch.Tensor:
    """Return the generator's loss in the minimax game: mean log(1 - D(G(z))), in nats.

    ``fake_logits``: float, any shape. Returns a scalar in (-inf, 0], which is -log 2 = -0.693 when
    D = 1/2. Its derivative with respect to a logit is -D / N, which vanishes where the
    discriminator is sure that the image is fake (D -> 0).

    Raises ``TypeError`` when the logits are not a tensor of floats and ``ValueError`` when the
    batch is empty.

    Source: Goodfellow et al. 2014, equation 1. Introduced in notebook 01, "Two losses for the
    generator".
    """
    _check_logits("fake_logits", fake_logits)
    return F.logsigmoid(-fake_logits).mean()


def non_saturating_generator_loss(fake_logits: torch.Tensor) -> torch.Tensor:
    """Return the generator's loss that is used in practice: -mean log D(G(z)), in nats.

    ``fake_logits``: float, any shape. Returns a scalar in [0, inf), which is log 2 = 0.693 when
    D = 1/2. Its derivative with respect to a logit is -(1 - D) / N, which is largest where the
    discriminator is sure that the image is fake (D -> 0).

    Raises ``TypeError`` when the logits are not a tensor of floats and ``ValueError`` when the
    batch is empty.

    Source: Goodfellow et al. 2014, section 3. Introduced in notebook 01, "Two losses for the
    generator".
    """
    _check_logits("fake_logits", fake_logits)
    return -F.logsigmoid(fake_logits).mean()


# The choices of the command line and of the panels.
GENERATOR_LOSSES = {
    "non-saturating": non_saturating_generator_loss,
    "saturating": saturating_generator_loss,
}


def _check_logits(name: str, logits: torch.Tensor) -> None:
    check_floats(logits, name, "Logits are the discriminator's raw output.")
    if logits.numel() == 0:
        raise ValueError(f"{name} is empty; expected at least one logit. Was the batch empty?")
