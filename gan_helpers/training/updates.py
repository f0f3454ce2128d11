"""One update of the discriminator, of the generator, or of both at once."""

import torch
from torch import nn

from gan_helpers.losses import GeneratorLoss, discriminator_loss, non_saturating_generator_loss

HOPELESS = 1e9  # nats; no loss in the failed runs of notebook 08 was larger than 2e4


def discriminator_step(
    discriminator: nn.Module,
    d_optimizer: torch.optim.Optimizer,
    real: torch.Tensor,
    fake: torch.Tensor,
    bfloat16: bool = False,
    labels: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Make one step of the discriminator, which lowers ``discriminator_loss``.

    ``real``, ``fake``: float images, shape (N, 1, 28, 28) or another; no gradient flows into
    ``fake``. ``bfloat16``: multiply matrices in 16 bits; logits, loss and weights stay in 32 bits.
    ``labels``: with classes, those of ``real`` and of ``fake``, int64, (N,). Returns the values
    before the step: ``d_loss`` (scalar), ``real_logits`` and ``fake_logits`` (N, 1).

    Raises ``FloatingPointError`` when the loss is not finite or beyond 1e9, ``TypeError`` when the
    images are not floats and ``ValueError`` when their shapes differ; then no weight has changed.

    Source: Goodfellow et al. 2014, algorithm 1. Introduced in notebook 02, "The discriminator's
    step".
    """
    _check_alike(real, fake)
    # One pass for real and fake images together: half as many calls for the same result.
    asked = None if labels is None else torch.cat((labels, labels))
    logits = forward(discriminator, torch.cat((real, fake.detach())), bfloat16, asked)
    real_logits, fake_logits = logits.split((len(real), len(fake)))
    d_loss = discriminator_loss(real_logits, fake_logits)
    check_finite("discriminator", d_loss)
    d_optimizer.zero_grad()
    d_loss.backward()
    d_optimizer.step()
    return d_loss.detach(), real_logits.detach(), fake_logits.detach()


def _check_alike(real: torch.Tensor, fake: torch.Tensor) -> None:
    """Raise ``TypeError`` unless both are floats and ``ValueError`` unless of one shape."""
    # Without this check, torch.cat would convert uint8 pixels to floats from 0 to 255 silently.
    if not (real.is_floating_point() and fake.is_floating_point()):
        raise TypeError(
            f"real has dtype {real.dtype} and fake has {fake.dtype}; expected floats in [-1, 1]. "
            "gan_helpers.data.scale_images converts uint8 pixels."
        )
    if real.shape[1:] != fake.shape[1:]:
        raise ValueError(
            f"real has shape {tuple(real.shape)} and fake has {tuple(fake.shape)}; expected images "
            "of one shape, (N, channels, height, width)."
        )


def _check_drawn(fake: torch.Tensor) -> None:
    if not fake.requires_grad:
        raise ValueError(
            "fake carries no gradient, so the generator cannot learn from it; expected what the "
            "generator has just drawn, without detach() and outside of torch.no_grad()."
        )


def generator_step(
    discriminator: nn.Module,
    g_optimizer: torch.optim.Optimizer,
    fake: torch.Tensor,
    generator_loss: GeneratorLoss = non_saturating_generator_loss,
    bfloat16: bool = False,
    labels: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Make one step of the generator, which lowers ``generator_loss``; D passes the gradient back.

    ``fake``: images that the generator drew with gradients on, shape (N, 1, 28, 28) or another.
    ``bfloat16``, ``labels``: as for ``discriminator_step``.
    Returns the values before the step: ``g_loss`` (scalar) and ``fake_logits`` (N, 1).

    Raises ``FloatingPointError`` when the loss is not finite or beyond 1e9, and ``ValueError`` for
    fakes without gradients; the weights then stay as they were.

    Source: Goodfellow et al. 2014, algorithm 1. Introduced in notebook 02, "The generator's step".
    """
    _check_drawn(fake)
    # The gradient passes through the discriminator, but the gradients of its weights are not
    # needed. Without them, the discriminator does a third less work in this step.
    discriminator.requires_grad_(False)
    try:
        fake_logits = forward(discriminator, fake, bfloat16, labels)
        g_loss = generator_loss(fake_logits)
        check_finite("generator", g_loss)
        g_optimizer.zero_grad()
        g_loss.backward()
        g_optimizer.step()
    finally:
        discriminator.requires_grad_(True)
    return g_loss.detach(), fake_logits.detach()


def simultaneous_step(
    players: tuple[nn.Module, nn.Module],
    optimizers: tuple[torch.optim.Optimizer, torch.optim.Optimizer],
    real: torch.Tensor,
    fake: torch.Tensor,
    generator_loss: GeneratorLoss = non_saturating_generator_loss,
    bfloat16: bool = False,
    labels: torch.Tensor | None = None,
) -> tuple[tuple[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]:
    """Make one step of both players, whose two gradients are taken at the same weights.

    The discriminator sees the fakes once, with one dropout mask for both losses. ``players``: the
    generator and the discriminator; ``optimizers``: theirs, in this order; ``real``: float images,
    shape (N, 1, 28, 28) or another; ``fake``: what the generator drew with gradients on;
    ``bfloat16``, ``labels``: as for ``discriminator_step``. Returns the values before the step: the
    losses (``d_loss``, ``g_loss``) and the logits (real, fake), of shape (N, 1).

    Raises ``FloatingPointError`` when a loss is not finite or beyond 1e9, ``TypeError`` when the
    images are not floats and ``ValueError`` when their shapes differ or the fakes carry no
    gradient; then no weight has changed.

    Source: the published code of Goodfellow et al. 2014. Introduced in notebook 11, "Both at once".
    """
    _check_alike(real, fake)
    _check_drawn(fake)
    generator, discriminator = players
    fake_logits = forward(discriminator, fake, bfloat16, labels)
    real_logits = forward(discriminator, real, bfloat16, labels)
    d_loss = discriminator_loss(real_logits, fake_logits)
    g_loss = generator_loss(fake_logits)
    check_finite("discriminator", d_loss)
    check_finite("generator", g_loss)
    # Each loss is derived with respect to the weights of its own player only.
    for loss, network in ((g_loss, generator), (d_loss, discriminator)):
        weights = list(network.parameters())
        # G's gradient leaves the graph for D's, which passes through the same images.
        gradients = torch.autograd.grad(loss, weights, retain_graph=loss is g_loss)
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = gradient
    for optimizer in optimizers:
        optimizer.step()
    losses = (d_loss.detach(), g_loss.detach())
    return losses, (real_logits.detach(), fake_logits.detach())


def forward(
    network: nn.Module, inputs: torch.Tensor, bfloat16: bool, labels: torch.Tensor | None = None
) -> torch.Tensor:
    """Return ``network(inputs)`` in float32, with its matrix products in ``bfloat16`` if true.

    With ``labels``, the network is told these classes: ``network(inputs, labels)``.
    bfloat16 keeps float32's range and 8 of its 24 significant bits, so no loss has to be scaled.
    Introduced in notebook 04, "The recipe".
    """
    # PyTorch's cache of 16-bit weights is emptied only at the end of the outermost autocast block,
    # so after a step it would hold old weights. One pass uses each weight once and needs no cache.
    with torch.autocast(inputs.device.type, torch.bfloat16, enabled=bfloat16, cache_enabled=False):
        return (network(inputs) if labels is None else network(inputs, labels)).float()


def check_finite(player: str, loss: torch.Tensor) -> None:
    """Raise ``FloatingPointError`` unless the loss of ``player`` is finite and below 1e9."""
    if not abs(loss.item()) < HOPELESS:  # In this form, NaN raises, too.
        raise FloatingPointError(
            f"The {player}'s loss became {loss.item():.4g}: the networks' outputs have grown "
            "without bound. The weights are those of before this step. Start again with a smaller "
            "learning_rate, and check that the images are in [-1, 1]."
        )
