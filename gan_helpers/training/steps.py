"""One step of training: of either player on its own, and of a whole run."""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from gan_helpers.data import scale_images
from gan_helpers.losses import GeneratorLoss, discriminator_loss, non_saturating_generator_loss
from gan_helpers.training.recording import (
    flat_weights,
    gradient_norm,
    record_measured,
    record_step,
)
from gan_helpers.training.run import FIXED_Z_COUNT, Run

HOPELESS = 1e9  # nats; of the failures recorded for notebook 08 none went beyond 2e4


def discriminator_step(
    discriminator: nn.Module,
    d_optimizer: torch.optim.Optimizer,
    real: torch.Tensor,
    fake: torch.Tensor,
    bfloat16: bool = False,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """One step of the discriminator: down the gradient of ``discriminator_loss``.

    ``real``, ``fake``: float images, shape (N, 1, 28, 28); no gradient flows into ``fake``.
    ``bfloat16``: multiply matrices in 16 bits; logits, loss and weights stay in 32.
    Returns ``d_loss`` (scalar), ``real_logits`` and ``fake_logits`` (N, 1), all of before the step.

    Raises ``FloatingPointError`` when the loss is not finite, or beyond 1e9, ``TypeError`` for
    images that are no floats and ``ValueError`` for two shapes; the weights are then untouched.

    Source: Goodfellow et al. 2014, algorithm 1. Introduced in notebook 02, "The discriminator's
    step".
    """
    _check_alike(real, fake)
    # One pass for both halves: half as many calls for the same products.
    logits = forward(discriminator, torch.cat((real, fake.detach())), bfloat16)
    real_logits, fake_logits = logits.split((len(real), len(fake)))
    d_loss = discriminator_loss(real_logits, fake_logits)
    check_finite("discriminator", d_loss)
    d_optimizer.zero_grad()
    d_loss.backward()
    d_optimizer.step()
    return d_loss.detach(), real_logits.detach(), fake_logits.detach()


def _check_alike(real: torch.Tensor, fake: torch.Tensor) -> None:
    # torch.cat would take uint8 pixels, 0 to 255, for floats in [-1, 1] without a word.
    if not (real.is_floating_point() and fake.is_floating_point()):
        raise TypeError(
            f"real has dtype {real.dtype} and fake has {fake.dtype}; expected floats in [-1, 1]. "
            "gan_helpers.data.scale_images makes them of uint8 pixels."
        )
    if real.shape[1:] != fake.shape[1:]:
        raise ValueError(
            f"real has shape {tuple(real.shape)} and fake has {tuple(fake.shape)}; expected images "
            "of one shape, (N, 1, 28, 28)."
        )


def generator_step(
    discriminator: nn.Module,
    g_optimizer: torch.optim.Optimizer,
    fake: torch.Tensor,
    generator_loss: GeneratorLoss = non_saturating_generator_loss,
    bfloat16: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """One step of the generator: down the gradient of ``generator_loss``, which comes through D.

    ``fake``: images that the generator drew with gradients on, shape (N, 1, 28, 28).
    ``bfloat16``: as for ``discriminator_step``.
    Returns ``g_loss`` (scalar) and ``fake_logits`` (N, 1), of before the step.

    Raises ``FloatingPointError`` when the loss is not finite, or beyond 1e9, and ``ValueError`` for
    fakes without gradients. The weights are then untouched.

    Source: Goodfellow et al. 2014, algorithm 1. Introduced in notebook 02, "The generator's step".
    """
    if not fake.requires_grad:
        raise ValueError(
            "fake carries no gradient, so the generator cannot learn from it; expected what the "
            "generator has just drawn, without detach() and outside of torch.no_grad()."
        )
    # The gradient passes through the discriminator, but its weights' own gradients are not
    # needed: leaving them out saves a third of the discriminator's work in this step.
    discriminator.requires_grad_(False)
    try:
        fake_logits = forward(discriminator, fake, bfloat16)
        g_loss = generator_loss(fake_logits)
        check_finite("generator", g_loss)
        g_optimizer.zero_grad()
        g_loss.backward()
        g_optimizer.step()
    finally:
        discriminator.requires_grad_(True)
    return g_loss.detach(), fake_logits.detach()


def forward(network: nn.Module, inputs: torch.Tensor, bfloat16: bool) -> torch.Tensor:
    """``network(inputs)`` in float32, its matrix products in bfloat16 where that is asked for.

    bfloat16 keeps float32's range and 8 of its 24 significant bits, so no loss has to be scaled.
    Introduced in notebook 04, "The recipe".
    """
    # Not PyTorch's cache of 16-bit weights: a step makes it stale, and only the end of the
    # outermost block, which may be a caller's, empties it. A pass uses each weight but once.
    with torch.autocast(inputs.device.type, torch.bfloat16, enabled=bfloat16, cache_enabled=False):
        return network(inputs).float()


def check_finite(player: str, loss: torch.Tensor) -> None:
    """Raise ``FloatingPointError`` unless the loss of ``player`` is finite, and not hopeless."""
    if not abs(loss.item()) < HOPELESS:  # NaN fails too
        raise FloatingPointError(
            f"The {player}'s loss became {loss.item():.4g}: the networks' outputs have grown "
            "without bound. The weights are those of before this step. Start again with a smaller "
            "learning_rate, and check that the images are in [-1, 1]."
        )


# --- the steps of a run ---------------------------------------------------------------------------


def play_step(run: Run, images: torch.Tensor, measure: bool = False) -> None:
    """One whole step of ``run``: D, then G, then the average, recorded in its history.

    Before the first, the discriminator makes the ``head_start`` steps of the recipe alone.
    ``images``: uint8, shape (N, 1, 28, 28), on the run's device. ``measure``: record what costs
    more, too (see ``History``). Randomness comes from the run alone. Errors as for the two steps.

    Source: Goodfellow et al. 2014, algorithm 1. Introduced in notebook 02, "The loop".
    """
    if run.history.steps == 0:
        spread = torch.arange(FIXED_Z_COUNT) * len(images) // FIXED_Z_COUNT  # sorted or not
        run.history.real = images[spread].cpu()
        for _ in range(run.recipe.head_start):
            play_discriminator_step(run, images)
    with _dropout_randomness(run):
        _step(run, _next_batch(run, images), measure)


def play_discriminator_step(run: Run, images: torch.Tensor) -> float:
    """One step of D alone, on the next batch and on new fakes, not recorded; returns ``d_loss``.

    Nothing of G changes, nor the statistics in its BatchNorm layers. ``images``: as for
    ``play_step``. With k - 1 of these before each ``play_step``, D makes k steps for one of G.

    Source: Goodfellow et al. 2014, algorithm 1, k. Introduced in notebook 04, "The run".
    """
    with _dropout_randomness(run):
        real = _next_batch(run, images)
        fake = draw_unnoticed(run, _draw_z(run, len(real)))
        d_loss, _, _ = discriminator_step(
            run.discriminator, run.d_optimizer, real, fake, run.bfloat16
        )
    return d_loss.item()


def play_generator_step(run: Run) -> float:
    """One step of G alone, on a batch of new z, and of the average, not recorded; returns
    ``g_loss``. Nothing of D changes.

    Source: Goodfellow et al. 2014, algorithm 1. Introduced in notebook 04, "The run".
    """
    with _dropout_randomness(run):
        fake = forward(run.generator, _draw_z(run, run.recipe.batch_size), run.bfloat16)
        g_loss = _move_generator(run, fake)[0]
    return g_loss.item()


@torch.no_grad()
def draw_unnoticed(run: Run, z: torch.Tensor) -> torch.Tensor:
    """What G draws from ``z`` in training, (N, latent_dim) -> (N, 1, 28, 28), without a trace.

    In train mode BatchNorm uses the statistics of the batch, and also keeps an average of them;
    here it forgets. Introduced in notebook 04, "The run".
    """
    statistics = [buffer.clone() for buffer in run.generator.buffers()]
    fake = forward(run.generator, z, run.bfloat16)
    for buffer, before in zip(run.generator.buffers(), statistics, strict=True):
        buffer.copy_(before)
    return fake


def _step(run: Run, real: torch.Tensor, measure: bool) -> None:
    """One step of each player, recorded."""
    recipe, generator, discriminator = run.recipe, run.generator, run.discriminator
    d_before = flat_weights(discriminator) if measure else None
    g_before = flat_weights(generator) if measure else None

    with torch.set_grad_enabled(not recipe.fresh_z):
        fake = forward(generator, _draw_z(run, len(real)), run.bfloat16)
    d_loss, real_logits, fake_logits = discriminator_step(
        discriminator, run.d_optimizer, real, fake, run.bfloat16
    )
    if recipe.fresh_z:
        fake = forward(generator, _draw_z(run, len(real)), run.bfloat16)
    g_loss, fake_logits_after = _move_generator(run, fake)

    logits = (real_logits, fake_logits, fake_logits_after)
    if measure:
        record_measured(run, real, logits, (d_before, g_before), gradient_norm(discriminator))
    record_step(run, (d_loss, g_loss), logits)


def _move_generator(run: Run, fake: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    g_loss, fake_logits = generator_step(
        run.discriminator, run.g_optimizer, fake, run.recipe.generator_loss, run.bfloat16
    )
    if run.average is not None:
        run.average.update_parameters(run.generator)
    return g_loss, fake_logits


def _draw_z(run: Run, count: int) -> torch.Tensor:
    z = torch.randn(count, run.generator.latent_dim, generator=run.rng)
    return z.to(run.fixed_z.device)


def _next_batch(run: Run, images: torch.Tensor) -> torch.Tensor:
    """The next batch of the epoch, as ``batches`` gives them; the run keeps its place in it."""
    size = run.recipe.batch_size
    if run.order is None or len(run.order) != len(images) or run.position + size > len(images):
        run.order = torch.randperm(len(images), generator=run.rng)
        run.position = 0
    chosen = run.order[run.position : run.position + size].to(images.device)
    run.position += size
    return scale_images(images.index_select(0, chosen))


@contextlib.contextmanager
def _dropout_randomness(run: Run) -> Iterator[None]:
    """Dropout draws from PyTorch's global random state: lend it the run's own, then put it back."""
    device = run.fixed_z.device
    if device.type == "cpu":
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(run.dropout_rng.get_state())
            try:
                yield
            finally:
                run.dropout_rng.set_state(torch.get_rng_state())
        return
    with torch.random.fork_rng([device], device_type=device.type):
        # The state of a GPU's generator fits no other device: a seed for it, which the run draws.
        seed = torch.randint(2**62, (), generator=run.dropout_rng).item()
        lent = torch.Generator(device).manual_seed(seed).get_state()
        torch.get_device_module(device).set_rng_state(lent, device)
        yield
