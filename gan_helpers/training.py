"""The training loop of notebook 02, with what a real run needs: history, frames, a stop button."""

import contextlib
import math
import signal
from collections.abc import Iterator

import torch
from torch import nn
from tqdm.auto import tqdm

from gan_helpers.data import scale_images, to_uint8
from gan_helpers.history import History
from gan_helpers.losses import discriminator_loss, non_saturating_generator_loss
from gan_helpers.recipes import GeneratorLoss, Run


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

    Raises ``FloatingPointError`` when the loss is not finite; the weights are then untouched.

    Source: Goodfellow et al. 2014, algorithm 1. Introduced in notebook 02, "The discriminator's
    step".
    """
    # One pass for both halves: half as many calls for the same products.
    logits = forward(discriminator, torch.cat((real, fake.detach())), bfloat16)
    real_logits, fake_logits = logits.split((len(real), len(fake)))
    d_loss = discriminator_loss(real_logits, fake_logits)
    _check_finite("discriminator", d_loss)
    d_optimizer.zero_grad()
    d_loss.backward()
    d_optimizer.step()
    return d_loss.detach(), real_logits.detach(), fake_logits.detach()


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

    Raises ``FloatingPointError`` when the loss is not finite; the weights are then untouched.

    Source: Goodfellow et al. 2014, algorithm 1. Introduced in notebook 02, "The generator's step".
    """
    # The gradient passes through the discriminator, but its weights' own gradients are not
    # needed: leaving them out saves a third of the discriminator's work in this step.
    discriminator.requires_grad_(False)
    try:
        fake_logits = forward(discriminator, fake, bfloat16)
        g_loss = generator_loss(fake_logits)
        _check_finite("generator", g_loss)
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


def _check_finite(player: str, loss: torch.Tensor) -> None:
    if not math.isfinite(loss.item()):
        raise FloatingPointError(
            f"The {player}'s loss became {loss.item()}: the networks' outputs have grown without "
            "bound. The weights are those of before this step. Start again with a smaller "
            "learning_rate, and check that the images are in [-1, 1]."
        )


def train(
    run: Run,
    images: torch.Tensor,
    *,
    epochs: int | None = None,
    steps: int | None = None,
    frame_every: int = 100,
    measure_every: int = 20,
    progress: bool = True,
) -> History:
    """Train ``run`` on ``images`` for so many epochs or steps and return its history.

    ``images``: uint8, shape (N, 1, 28, 28). A call on a run that has been trained goes on from
    there, in the middle of an epoch too; with ``run.recipe`` replaced in between, it goes on with
    another loss. ``frame_every`` and ``measure_every`` count steps and do not change the result.

    The stop button (KeyboardInterrupt) ends the run after the current step and returns the
    history so far; the networks are usable and ``train`` can be called again.

    Raises ``ValueError`` for bad numbers and ``FloatingPointError`` when a loss is not finite (the
    weights of the player concerned are those of before the step) or when a sample is not (the
    generator's weights have diverged). The history ends with the last complete step.

    Source: Goodfellow et al. 2014, algorithm 1 with k = 1. Introduced in notebook 02, "The loop".
    """
    for _ in train_in_parts(
        run,
        images,
        epochs=epochs,
        steps=steps,
        frame_every=frame_every,
        measure_every=measure_every,
        progress=progress,
    ):
        pass
    return run.history


def train_in_parts(
    run: Run,
    images: torch.Tensor,
    *,
    epochs: int | None = None,
    steps: int | None = None,
    frame_every: int = 100,
    measure_every: int = 20,
    progress: bool = True,
) -> Iterator[History]:
    """``train``, as an iterator that hands the history over after each new frame of samples.

    For watching a run: ``for history in train_in_parts(...): show(history.frames[-1])``.
    Arguments and errors as for ``train``. Introduced in notebook 04, "The run".
    """
    total = _total_steps(run, images, epochs, steps)
    for name, value in (("frame_every", frame_every), ("measure_every", measure_every)):
        if value < 1:
            raise ValueError(f"{name} is {value}; expected a number of steps, at least 1.")
    return _train_in_parts(run, images, total, frame_every, measure_every, progress)


def _total_steps(run: Run, images: torch.Tensor, epochs: int | None, steps: int | None) -> int:
    if (epochs is None) == (steps is None):
        raise ValueError(f"epochs is {epochs} and steps is {steps}; expected exactly one of them.")
    name, value = ("epochs", epochs) if steps is None else ("steps", steps)
    if value < 1:
        raise ValueError(f"{name} is {value}; expected at least 1.")
    batch_size = run.recipe.batch_size
    if not 1 <= batch_size <= len(images):
        raise ValueError(
            f"batch_size is {batch_size}; expected 1 to {len(images)}, the number of images. "
            "Choose a smaller batch or pass more images."
        )
    return value if steps is not None else value * (len(images) // batch_size)


def _train_in_parts(
    run: Run,
    images: torch.Tensor,
    total: int,
    frame_every: int,
    measure_every: int,
    progress: bool,
) -> Iterator[History]:
    history = run.history
    end = history.steps + total
    images = images.to(run.fixed_z.device)
    if not history.frames:
        _record_frame(run)
    stopped: list[int] = []
    with tqdm(total=total, unit="step", disable=not progress) as bar:
        while history.steps < end and not stopped:
            with _stop_button(stopped), _dropout_randomness(run):
                while history.steps < end and not stopped:
                    measure = history.steps % measure_every == 0
                    _step(run, _next_batch(run, images), measure)
                    bar.update()
                    if measure:
                        bar.set_postfix_str(
                            f"D loss {history.d_loss[-1]:.2f}, G loss {history.g_loss[-1]:.2f}",
                            refresh=False,
                        )
                    if history.steps % frame_every == 0:
                        break
            _record_frame(run)
            yield history


def _step(run: Run, real: torch.Tensor, measure: bool) -> None:
    """One step of each player, recorded."""
    recipe, generator, discriminator = run.recipe, run.generator, run.discriminator
    d_before = _flat_weights(discriminator) if measure else None
    g_before = _flat_weights(generator) if measure else None

    with torch.set_grad_enabled(not recipe.fresh_z):
        fake = forward(generator, _draw_z(run, len(real)), run.bfloat16)
    d_loss, real_logits, fake_logits = discriminator_step(
        discriminator, run.d_optimizer, real, fake, run.bfloat16
    )
    if recipe.fresh_z:
        fake = forward(generator, _draw_z(run, len(real)), run.bfloat16)
    g_loss, fake_logits_after = generator_step(
        discriminator, run.g_optimizer, fake, recipe.generator_loss, run.bfloat16
    )
    if run.average is not None:
        run.average.update_parameters(generator)

    # One transfer for all numbers: on a GPU each one would wait for the device.
    means = torch.stack((real_logits, fake_logits, fake_logits_after)).sigmoid().mean((1, 2))
    values = torch.cat((torch.stack((d_loss, g_loss)), means)).tolist()
    names = ("d_loss", "g_loss", "d_real", "d_fake", "d_fake_after")
    if measure:
        run.history.append(**_measure(run, real, real_logits, fake_logits, d_before, g_before))
    run.history.append(**dict(zip(names, values, strict=True)))


@torch.no_grad()
def _measure(
    run: Run,
    real: torch.Tensor,
    real_logits: torch.Tensor,
    fake_logits: torch.Tensor,
    d_before: torch.Tensor,
    g_before: torch.Tensor,
) -> dict[str, float]:
    right = torch.cat((real_logits > 0, fake_logits < 0)).float().mean()
    with torch.random.fork_rng(devices=[]):  # dropout's draws here must not shift the run's
        d_real_after = run.discriminator(real).sigmoid().mean().item()
    return {
        "measured_steps": run.history.steps,
        "d_real_after": d_real_after,
        "d_accuracy": right.item(),
        "d_grad_norm": gradient_norm(run.discriminator),
        "g_grad_norm": gradient_norm(run.generator),
        "d_update_norm": (_flat_weights(run.discriminator) - d_before).norm().item(),
        "g_update_norm": (_flat_weights(run.generator) - g_before).norm().item(),
    }


def gradient_norm(network: nn.Module) -> float:
    """Length of the gradient over all weights of ``network``: the root of the sum of squares.

    Raises ``ValueError`` when there is no gradient. Introduced in notebook 03, "One run, two
    losses", where it is what ``History`` records.
    """
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    if not gradients:
        raise ValueError("network has no gradients; call loss.backward() first.")
    return nn.utils.get_total_norm(gradients).item()


def sample(generator: nn.Module, z: torch.Tensor) -> torch.Tensor:
    """Draw images from ``z`` in eval mode, so that one z always gives one picture.

    ``z``: shape (N, latent_dim). Returns uint8, shape (N, 1, 28, 28), on the CPU. The generator's
    mode is put back.

    Raises ``ValueError`` for a wrong shape or a generator whose output is NaN.
    Introduced in notebook 02, "BatchNorm".
    """
    was_training = generator.training
    generator.eval()
    try:
        with torch.no_grad():
            return to_uint8(generator(z)).cpu()
    finally:
        generator.train(was_training)


def _draw_z(run: Run, count: int) -> torch.Tensor:
    z = torch.randn(count, run.generator.latent_dim, generator=run.rng)
    return z.to(run.fixed_z.device)


def _flat_weights(network: nn.Module) -> torch.Tensor:
    return nn.utils.parameters_to_vector(network.parameters()).detach()


def _record_frame(run: Run) -> None:
    try:
        frame = sample(run.sampler, run.fixed_z)
    except ValueError as error:
        raise FloatingPointError(
            "The generator draws NaN: its weights have grown without bound. Start again with a "
            "smaller learning_rate, and check that the images are in [-1, 1]."
        ) from error
    run.history.append(frame_steps=run.history.steps, frames=frame)


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
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(run.dropout_rng.get_state())
        try:
            yield
        finally:
            run.dropout_rng.set_state(torch.get_rng_state())


@contextlib.contextmanager
def _stop_button(stopped: list[int]) -> Iterator[None]:
    """Turn the stop button (SIGINT) into an entry in ``stopped``, which is read between two steps.

    Left alone, KeyboardInterrupt could strike in the middle of an update.
    """
    try:
        previous = signal.signal(signal.SIGINT, lambda number, frame: stopped.append(number))
    except ValueError:  # not the main thread: only that one receives signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
