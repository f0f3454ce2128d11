"""The steps of a run: its next batch, both players, the average, and what is recorded."""

import contextlib
from collections.abc import Iterator

import torch

from gan_helpers.data import scale_images
from gan_helpers.models import PaperGenerator, classes_of, each_class
from gan_helpers.training.recording import (
    flat_weights,
    gradient_norm,
    record_measured,
    record_step,
)
from gan_helpers.training.run import FIXED_Z_COUNT, Run
from gan_helpers.training.updates import (
    discriminator_step,
    forward,
    generator_step,
    simultaneous_step,
)

LEAST_RATE = 1e-6  # of the paper's code; the recipe's 250 epochs end far above it


def play_step(
    run: Run, images: torch.Tensor, measure: bool = False, labels: torch.Tensor | None = None
) -> None:
    """Make one whole step of ``run`` (D, then G, or both at once; then the average); record it.

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
        if isinstance(run.generator, PaperGenerator):
            run.generator.start_at_means(images)
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

    follow_schedule(run)
    if recipe.simultaneous:
        fake = forward(generator, _draw_z(run, len(real)), run.bfloat16, labels)
        optimizers = (run.g_optimizer, run.d_optimizer)
        (d_loss, g_loss), (real_logits, fake_logits) = simultaneous_step(
            (generator, discriminator),
            optimizers,
            real,
            fake,
            recipe.generator_loss,
            run.bfloat16,
            labels,
        )
        fake_logits_after = fake_logits  # the generator's step has seen no others
        _move_average(run)
    else:
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


def follow_schedule(run: Run) -> None:
    """Give both optimisers the learning rate and the momentum of the run's next step.

    After n steps, a rate is the recipe's, divided by ``rate_divisor``^n, at least 1e-6; a momentum
    has gone n / ``momentum_steps`` of the way to ``final_momentum``. What the recipe keeps constant
    is not touched. Introduced in notebook 11, "Schedules".
    """
    recipe, n = run.recipe, run.history.steps
    for optimizer, rate in zip((run.g_optimizer, run.d_optimizer), recipe.rates(), strict=True):
        (group,) = optimizer.param_groups
        if recipe.rate_divisor > 1:
            group["lr"] = max(rate / recipe.rate_divisor**n, LEAST_RATE)
        if recipe.momentum_steps and "momentum" in group:
            way = min(n / recipe.momentum_steps, 1)
            group["momentum"] = recipe.momentum + way * (recipe.final_momentum - recipe.momentum)


def _move_generator(
    run: Run, fake: torch.Tensor, labels: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    g_loss, fake_logits = generator_step(
        run.discriminator, run.g_optimizer, fake, run.recipe.generator_loss, run.bfloat16, labels
    )
    _move_average(run)
    return g_loss, fake_logits


def _move_average(run: Run) -> None:
    if run.average is not None:
        run.average.update_parameters(run.generator)


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
