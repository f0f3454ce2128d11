"""One step of training: of the discriminator, of the generator, and of a whole run."""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from gan_helpers.data import scale_images
from gan_helpers.losses import GeneratorLoss, discriminator_loss, non_saturating_generator_loss
from gan_helpers.models import classes_of, each_class
from gan_helpers.training.recording import (
    flat_weights,
    gradient_norm,
    record_measured,
    record_step,
)
from gan_helpers.training.run import FIXED_Z_COUNT, Run

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
    if not fake.requires_grad:
        raise ValueError(
            "fake carries no gradient, so the generator cannot learn from it; expected what the "
            "generator has just drawn, without detach() and outside of torch.no_grad()."
        )
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


# --- the steps of a run ---------------------------------------------------------------------------


def play_step(
    run: Run, images: torch.Tensor, measure: bool = False, labels: torch.Tensor | None = None
) -> None:
    """Make one whole step of ``run`` (D, then G, then the average) and record it in its history.

    Before the run's first step, the discriminator alone makes the ``head_start`` steps of the
    recipe. ``images``: uint8, shape (N, 1, 28, 28) or another, on the run's device. ``measure``:
    also record the values of ``measured_steps`` (see ``History``). ``labels``: with classes, those
    of the images, int64, (N,), on the same device; each fake gets the class of a real image. All
    random numbers come from the run. Errors as for the two steps.

    Source: Goodfellow et al. 2014, algorithm 1. Introduced in notebook 02, "The loop".
    """
    if run.history.steps == 0:
        # Evenly spread, so that images sorted by class also give a mixture.
        spread = torch.arange(FIXED_Z_COUNT) * len(images) // FIXED_Z_COUNT
        run.history.real = images[spread].cpu()
        for _ in range(run.recipe.head_start):
            play_discriminator_step(run, images, labels)
    with _dropout_randomness(run):
        _step(run, *_next_batch(run, images, labels), measure)


def play_discriminator_step(
    run: Run, images: torch.Tensor, labels: torch.Tensor | None = None
) -> float:
    """Make one step of D alone on the next batch and new fakes, and return ``d_loss``.

    The history does not record it, and G does not change, not even its BatchNorm statistics. With
    k - 1 of these before each ``play_step``, D makes k steps for one of G. Arguments: as there.

    Source: Goodfellow et al. 2014, algorithm 1, k. Introduced in notebook 04, "The run".
    """
    with _dropout_randomness(run):
        real, labels = _next_batch(run, images, labels)
        fake = draw_unnoticed(run, _draw_z(run, len(real)), labels)
        d_loss, _, _ = discriminator_step(
            run.discriminator, run.d_optimizer, real, fake, run.bfloat16, labels
        )
    return d_loss.item()


def play_generator_step(run: Run) -> float:
    """Make one step of G alone on a batch of new z, update the average, and return ``g_loss``.

    The history does not record it, and D does not change. With classes, the batch has all of them
    in turn.

    Source: Goodfellow et al. 2014, algorithm 1. Introduced in notebook 04, "The run".
    """
    count = run.recipe.batch_size
    labels = each_class(count, classes_of(run.generator))
    labels = None if labels is None else labels[run.share].to(run.fixed_z.device)
    with _dropout_randomness(run):
        z = _draw_z(run, count // run.processes)
        fake = forward(run.generator, z, run.bfloat16, labels)
        g_loss = _move_generator(run, fake, labels)[0]
    return g_loss.item()


@torch.no_grad()
def draw_unnoticed(run: Run, z: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
    """Return G(z) as in training, (N, latent_dim) -> (N, 1, 28, 28), without changing G.

    In train mode, BatchNorm uses the statistics of the batch and adds them to a running average;
    here the average is restored. Introduced in notebook 04, "The run".
    """
    statistics = [buffer.clone() for buffer in run.generator.buffers()]
    fake = forward(run.generator, z, run.bfloat16, labels)
    for buffer, before in zip(run.generator.buffers(), statistics, strict=True):
        buffer.copy_(before)
    return fake


def _step(run: Run, real: torch.Tensor, labels: torch.Tensor | None, measure: bool) -> None:
    """Make one step of each player and record it."""
    recipe, generator, discriminator = run.recipe, run.generator, run.discriminator
    d_before = flat_weights(discriminator) if measure else None
    g_before = flat_weights(generator) if measure else None

    with torch.set_grad_enabled(not recipe.fresh_z):
        fake = forward(generator, _draw_z(run, len(real)), run.bfloat16, labels)
    d_loss, real_logits, fake_logits = discriminator_step(
        discriminator, run.d_optimizer, real, fake, run.bfloat16, labels
    )
    if recipe.fresh_z:
        fake = forward(generator, _draw_z(run, len(real)), run.bfloat16, labels)
    g_loss, fake_logits_after = _move_generator(run, fake, labels)

    logits = (real_logits, fake_logits, fake_logits_after)
    if measure:
        before, d_grad_norm = (d_before, g_before), gradient_norm(discriminator)
        record_measured(run, real, logits, before, d_grad_norm, labels)
    record_step(run, (d_loss, g_loss), logits)


def _move_generator(
    run: Run, fake: torch.Tensor, labels: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    g_loss, fake_logits = generator_step(
        run.discriminator, run.g_optimizer, fake, run.recipe.generator_loss, run.bfloat16, labels
    )
    if run.average is not None:
        run.average.update_parameters(run.generator)
    return g_loss, fake_logits


def _draw_z(run: Run, count: int) -> torch.Tensor:
    """Return ``count`` z: with several processes, this one's rows of what all of them draw."""
    z = torch.randn(count * run.processes, run.generator.latent_dim, generator=run.rng)
    return z[run.share].to(run.fixed_z.device)


def _next_batch(
    run: Run, images: torch.Tensor, labels: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the next batch, as ``batches`` yields them; the run keeps its place in the epoch."""
    size = run.recipe.batch_size
    if run.order is None or len(run.order) != len(images) or run.position + size > len(images):
        run.order = torch.randperm(len(images), generator=run.rng)
        run.position = 0
    chosen = run.order[run.position : run.position + size][run.share].to(images.device)
    run.position += size
    batch = scale_images(images.index_select(0, chosen))
    return batch, None if labels is None else labels[chosen]


@contextlib.contextmanager
def _dropout_randomness(run: Run) -> Iterator[None]:
    """Let dropout, which uses PyTorch's global random state, draw from the run's own instead."""
    device = run.fixed_z.device
    if device.type == "cpu" and run.processes == 1:
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(run.dropout_rng.get_state())
            try:
                yield
            finally:
                run.dropout_rng.set_state(torch.get_rng_state())
        return
    # A GPU's random state fits no other device, and each process needs numbers of its own from a
    # state that all have in common. So the run draws a new seed each time.
    seed = torch.randint(2**62, (), generator=run.dropout_rng).item() + run.rank
    lent = torch.Generator(device).manual_seed(seed).get_state()
    if device.type == "cpu":
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(lent)
            yield
        return
    with torch.random.fork_rng([device], device_type=device.type):
        torch.get_device_module(device).set_rng_state(lent, device)
        yield
