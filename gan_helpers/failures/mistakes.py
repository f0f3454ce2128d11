"""Mistakes that the failures of notebook 08 are made of, each a function or a module of its own.

What has to be done to a run that has just been started is a function of the run; what must go wrong
inside the loop is a step of its own, written out in ``step_with_mistakes``.
"""

from collections.abc import Callable

import torch
from torch import nn

from gan_helpers.data import load_mnist, scale_images
from gan_helpers.losses import discriminator_loss
from gan_helpers.models import Discriminator, Generator
from gan_helpers.training import (
    Run,
    flat_weights,
    forward,
    gradient_norm,
    play_discriminator_step,
    play_step,
    record_measured,
    record_step,
)


class SigmoidDiscriminator(Discriminator):
    """The course's discriminator with a sigmoid at its end, which the loss then takes again.

    Input as for ``Discriminator``. Output: probabilities in (0, 1), shape (N, 1), where logits are
    expected. Introduced in notebook 08, "A gallery of small mistakes".
    """

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images).sigmoid()


def generator_without_batchnorm() -> Generator:
    """The course's generator, its BatchNorm layers taken out. Introduced in notebook 08."""
    generator = Generator()
    kept = (layer for layer in generator.layers if not isinstance(layer, nn.BatchNorm1d))
    generator.layers = nn.Sequential(*kept)
    return generator


# --- done to a run before its first step ----------------------------------------------------------


def multiply_weights(run: Run, factor: float) -> None:
    """Bad initialisation: all weights of both networks times ``factor`` (0: all of them zero)."""
    with torch.no_grad():
        # Without averaging the sampler is the generator: once each.
        for network in {run.generator, run.discriminator, run.sampler}:
            for parameter in network.parameters():
                parameter.mul_(factor)


def multiply_rate(run: Run, player: str, factor: float) -> None:
    """The learning rate of one player, ``"d"`` or ``"g"``, times ``factor``; the other's stays.

    Raises ``ValueError`` for another player.
    """
    for group in _optimizer(run, player).param_groups:
        group["lr"] *= factor


def give_momentum(run: Run, player: str, beta1: float) -> None:
    """Adam's first beta of one player, ``"d"`` or ``"g"``; the other's stays.

    Raises ``ValueError`` for another player.
    """
    for group in _optimizer(run, player).param_groups:
        group["betas"] = (beta1, group["betas"][1])


def _optimizer(run: Run, player: str) -> torch.optim.Optimizer:
    optimizers = {"d": run.d_optimizer, "g": run.g_optimizer}
    if player not in optimizers:
        raise ValueError(f"player is {player!r}; expected 'd' or 'g'.")
    return optimizers[player]


def one_optimizer(run: Run) -> None:
    """Let the discriminator's optimiser move the generator's weights too."""
    run.d_optimizer.add_param_group({"params": list(run.generator.parameters())})


def sort_by_class(run: Run) -> None:
    """Show MNIST class by class in the first epoch, as folders give it that nobody shuffles."""
    _, labels = load_mnist()
    run.order, run.position = labels.argsort(stable=True), 0


# --- changed steps --------------------------------------------------------------------------------


def five_d_steps(run: Run, images: torch.Tensor, measure: bool) -> None:
    """Five steps of the discriminator for one of the generator."""
    for _ in range(4):
        play_discriminator_step(run, images)
    play_step(run, images, measure)


def few_images_step(run: Run, images: torch.Tensor, measure: bool, count: int) -> None:
    """``play_step`` on the first ``count`` images only, again and again."""
    play_step(run, images[:count], measure)


def step_with_mistakes(
    run: Run,
    images: torch.Tensor,
    measure: bool = False,
    *,
    scale: Callable[[torch.Tensor], torch.Tensor] = scale_images,
    detach: bool = True,
    zero_grad: bool = True,
    zero_late: bool = False,
) -> None:
    """The step of notebook 02 with three places to go wrong; without a mistake it is in order.

    ``scale``: how uint8 pixels become floats. ``detach``: whether the discriminator's loss sees
    the fakes detached. ``zero_grad``: whether gradients are set to zero before ``backward``.
    ``zero_late``: whether G's are set to zero once more between the two, as in notebook 02.
    Raises ``FloatingPointError`` when a loss is not finite. Introduced in notebook 08.
    """
    generator, discriminator = run.generator, run.discriminator
    z = torch.randn(run.recipe.batch_size, generator.latent_dim, generator=run.rng)
    chosen = torch.randint(len(images), (len(z),), generator=run.rng)
    real = scale(images[chosen])  # (N, 1, 28, 28)
    before = (flat_weights(discriminator), flat_weights(generator))
    if zero_grad:  # both at once, as many programs do
        run.d_optimizer.zero_grad()
        run.g_optimizer.zero_grad()

    # The discriminator's step: real up, generated down.
    fake = forward(generator, z, run.bfloat16)
    inputs = torch.cat((real, fake.detach() if detach else fake))
    logits = forward(discriminator, inputs, run.bfloat16)
    real_logits, fake_logits = logits.chunk(2)
    d_loss = discriminator_loss(real_logits, fake_logits)
    # Without detach the gradient runs on into the generator, whose graph is needed once more.
    d_loss.backward(retain_graph=not detach)
    d_norm = gradient_norm(discriminator)
    run.d_optimizer.step()

    # The generator's step: generated up, through the discriminator.
    if zero_late:
        run.g_optimizer.zero_grad()
    fake_logits_after = forward(discriminator, fake, run.bfloat16)
    g_loss = run.recipe.generator_loss(fake_logits_after)
    g_loss.backward()
    run.g_optimizer.step()
    if run.average is not None:
        run.average.update_parameters(generator)
    if not (d_loss.isfinite() and g_loss.isfinite()):
        raise FloatingPointError(f"d_loss is {d_loss.item()} and g_loss is {g_loss.item()}.")

    logits = (real_logits, fake_logits, fake_logits_after)
    if measure:
        record_measured(run, real, logits, before, d_norm)
    record_step(run, (d_loss.detach(), g_loss.detach()), logits)
