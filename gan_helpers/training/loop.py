"""The training loop of notebook 02, with what a real run needs: history, frames, a stop button."""

import contextlib
import signal
from collections.abc import Callable, Iterator

import torch

from gan_helpers.checks import check_images, whole_number
from gan_helpers.models import evaluating
from gan_helpers.progress import progress_bar
from gan_helpers.training.history import History
from gan_helpers.training.recording import record_frame
from gan_helpers.training.run import Run
from gan_helpers.training.steps import play_step

FRAME_EVERY, MEASURE_EVERY = 100, 20  # steps


def advance(
    run: Run,
    images: torch.Tensor,
    frame_every: int = FRAME_EVERY,
    measure_every: int = MEASURE_EVERY,
    step: Callable[[Run, torch.Tensor, bool], None] = play_step,
) -> bool:
    """One whole step of ``run``, measured and drawn where that is due; whether it was drawn.

    ``images``: uint8, shape (N, 1, 28, 28), on the run's device. The first call checks them and
    draws a frame before its step; no later one does. ``frame_every`` and ``measure_every`` count
    steps and do not change the result. ``step``: a function with the arguments of ``play_step``,
    whose errors are raised.

    Introduced in notebook 04, "The run", by way of ``train_in_parts``.
    """
    history = run.history
    if not history.frames:
        check_training(run, images)
        record_frame(run)
    step(run, images, history.steps % measure_every == 0)
    drawn = history.steps % frame_every == 0
    if drawn:
        record_frame(run)
    return drawn


def train(
    run: Run,
    images: torch.Tensor,
    *,
    epochs: int | None = None,
    steps: int | None = None,
    frame_every: int = FRAME_EVERY,
    measure_every: int = MEASURE_EVERY,
    progress: bool = True,
) -> History:
    """Train ``run`` on ``images`` for so many epochs or steps and return its history.

    ``images``: uint8, shape (N, 1, 28, 28). A call on a run that has been trained goes on from
    there, in the middle of an epoch too; with ``run.recipe`` replaced in between, it goes on with
    another loss. ``frame_every`` and ``measure_every`` count steps and do not change the result; a
    frame is also drawn before the first step and after the last.

    The stop button (KeyboardInterrupt) ends the run after the current step and returns the
    history so far; the networks are usable and ``train`` can be called again.

    Raises ``TypeError`` for what is no uint8 tensor, no whole number or no run, ``ValueError`` for
    images of another shape and bad numbers, and ``FloatingPointError`` when a loss is not finite
    (the weights of the player concerned are those of before the step) or when a sample is not (the
    generator's weights have diverged). The history ends with the last complete step.

    Source: Goodfellow et al. 2014, algorithm 1 with k = 1. Introduced in notebook 02, "The loop".
    """
    if (epochs is None) == (steps is None):
        raise ValueError(f"epochs is {epochs} and steps is {steps}; expected exactly one of them.")
    check_training(run, images)
    frame_every = whole_number(frame_every, "frame_every", 1)
    measure_every = whole_number(measure_every, "measure_every", 1)
    if steps is None:
        steps = whole_number(epochs, "epochs", 1) * _steps_an_epoch(run, images)
    total = whole_number(steps, "steps", 1)
    for _ in _train(run, images, total, frame_every, measure_every, progress):
        pass
    return run.history


def train_in_parts(
    run: Run, images: torch.Tensor, epochs: int, frame_every: int = FRAME_EVERY
) -> Iterator[History]:
    """``train`` for so many epochs, handing the history over after each new frame of samples.

    For watching a run: ``for history in train_in_parts(...): show(history.frames[-1])``.
    Arguments and errors as for ``train``. Introduced in notebook 04, "The run".
    """
    check_training(run, images)
    frame_every = whole_number(frame_every, "frame_every", 1)
    total = whole_number(epochs, "epochs", 1) * _steps_an_epoch(run, images)
    return _train(run, images, total, frame_every, MEASURE_EVERY, progress=True)


def check_training(run: Run, images: torch.Tensor) -> None:
    """Raise unless ``run`` can train on ``images``: uint8, as its generator draws them, a batch.

    Raises ``TypeError`` for what is no run, or no uint8 tensor, and ``ValueError`` for images of
    another shape or fewer than a batch.
    """
    if not isinstance(run, Run):
        raise TypeError(
            f"run is of type {type(run).__name__}; expected a Run: start_run(COURSE) returns one."
        )
    with evaluating(run.sampler), torch.no_grad():
        drawn = run.sampler(run.fixed_z[:1])
    check_images(images, "images", tuple(drawn.shape[1:]))
    if run.recipe.batch_size > len(images):
        raise ValueError(
            f"batch_size is {run.recipe.batch_size}; expected at most {len(images)}, the number of "
            "images. Choose a smaller batch or pass more images."
        )


def _steps_an_epoch(run: Run, images: torch.Tensor) -> int:
    return len(images) // run.recipe.batch_size


def _train(
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
    stopped: list[int] = []
    # Each update is several messages to the notebook: ten times a second fill its queue in minutes.
    with progress_bar(total=total, unit="step", disable=not progress, mininterval=0.5) as bar:
        if not history.steps and run.recipe.head_start:
            bar.set_postfix_str("the discriminator's head start")
        while history.steps < end and not stopped:
            with stop_button(stopped):
                drawn = False
                while history.steps < end and not (stopped or drawn):
                    drawn = advance(run, images, frame_every, measure_every)
                    bar.update()
                    if history.steps % MEASURE_EVERY == 1:
                        bar.set_postfix_str(
                            f"D loss {history.d_loss[-1]:.2f}, G loss {history.g_loss[-1]:.2f}",
                            refresh=False,
                        )
            if not drawn:
                record_frame(run)
            yield history


@contextlib.contextmanager
def stop_button(stopped: list[int]) -> Iterator[None]:
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
