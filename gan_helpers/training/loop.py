"""The training loop of notebook 02, with a history, frames of samples and a stop button."""

import contextlib
import signal
from collections.abc import Callable, Iterator

import torch

from gan_helpers.checks import check_images, check_labels, whole_number
from gan_helpers.models import classes_of, evaluating
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
    labels: torch.Tensor | None = None,
) -> bool:
    """Make one step of ``run``, record it, and return whether a frame was drawn after it.

    ``images``: uint8, shape (N, 1, 28, 28), on the run's device. Only a run's first call checks
    them and draws a frame before its step. ``frame_every`` and ``measure_every`` count steps and do
    not change the result. ``step``: a function with the arguments of ``play_step``. Its errors are
    passed on. ``labels``: with classes, those of the images.

    Introduced in notebook 04, "The run", by way of ``train_in_parts``.
    """
    history = run.history
    if not history.frames:
        check_training(run, images, labels)
        record_frame(run)
    told = {} if labels is None else {"labels": labels}
    step(run, images, history.steps % measure_every == 0, **told)
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
    labels: torch.Tensor | None = None,
) -> History:
    """Train ``run`` on ``images`` for ``epochs`` or ``steps``, and return its history.

    ``images``: uint8, shape (N, 1, 28, 28), or the shape of the run's networks; ``labels``: their
    classes, int64, (N,), for networks with classes. A run that has been trained goes on where it
    stopped, also in the middle of an epoch; if ``run.recipe`` was replaced in between, it goes on
    with another loss. ``frame_every`` and ``measure_every`` count steps and do not change the
    result; a frame is also drawn before the first step and after the last.

    The stop button (KeyboardInterrupt) ends the run after the current step and returns the
    history so far; the networks are usable and ``train`` can be called again.

    Raises ``TypeError`` when an argument is not a uint8 tensor, a whole number or a run,
    ``ValueError`` for images of another shape and numbers out of range, and ``FloatingPointError``
    when a loss is not finite (that player's weights stay as before the step) or a sample is not
    (the generator's weights have diverged). The history ends with the last complete step.

    Source: Goodfellow et al. 2014, algorithm 1 with k = 1. Introduced in notebook 02, "The loop".
    """
    if (epochs is None) == (steps is None):
        raise ValueError(f"epochs is {epochs} and steps is {steps}; expected exactly one of them.")
    check_training(run, images, labels)
    frame_every = whole_number(frame_every, "frame_every", 1)
    measure_every = whole_number(measure_every, "measure_every", 1)
    if steps is None:
        steps = whole_number(epochs, "epochs", 1) * _steps_an_epoch(run, images)
    total = whole_number(steps, "steps", 1)
    for _ in _train(run, images, total, frame_every, measure_every, progress, labels):
        pass
    return run.history


def train_in_parts(
    run: Run,
    images: torch.Tensor,
    epochs: int,
    frame_every: int = FRAME_EVERY,
    labels: torch.Tensor | None = None,
) -> Iterator[History]:
    """Train for ``epochs``, and yield the history after each new frame of samples.

    To watch a run: ``for history in train_in_parts(...): show(history.frames[-1])``.
    Arguments and errors as for ``train``. Introduced in notebook 04, "The run".
    """
    check_training(run, images, labels)
    frame_every = whole_number(frame_every, "frame_every", 1)
    total = whole_number(epochs, "epochs", 1) * _steps_an_epoch(run, images)
    return _train(run, images, total, frame_every, MEASURE_EVERY, True, labels)


def check_training(run: Run, images: torch.Tensor, labels: torch.Tensor | None = None) -> None:
    """Check that ``run`` can train on ``images``: uint8, of its generator's shape, enough of them.

    Raises ``TypeError`` when ``run`` is not a run, ``images`` not a uint8 tensor or ``labels`` not
    what its networks need, and ``ValueError`` for images of another shape or fewer than one batch.
    """
    if not isinstance(run, Run):
        raise TypeError(
            f"run is of type {type(run).__name__}; expected a Run: start_run(COURSE) returns one."
        )
    first = (run.fixed_z[:1],)
    if run.fixed_labels is not None:
        first = (*first, run.fixed_labels[:1])
    with evaluating(run.sampler), torch.no_grad():
        drawn = run.sampler(*first)
    check_images(images, "images", tuple(drawn.shape[1:]))
    check_labels(labels, len(images), classes_of(run.generator))
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
    labels: torch.Tensor | None,
) -> Iterator[History]:
    history = run.history
    end = history.steps + total
    images = images.to(run.fixed_z.device)
    labels = None if labels is None else labels.to(run.fixed_z.device)
    stopped: list[int] = []
    # An update sends several messages to the notebook; ten a second fill its queue in minutes.
    with progress_bar(total=total, unit="step", disable=not progress, mininterval=0.5) as bar:
        if not history.steps and run.recipe.head_start:
            bar.set_postfix_str("the discriminator's head start")
        while history.steps < end and not stopped:
            with stop_button(stopped.append):
                drawn = False
                while history.steps < end and not (stopped or drawn):
                    drawn = advance(run, images, frame_every, measure_every, labels=labels)
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
def stop_button(press: Callable[[int], object]) -> Iterator[None]:
    """Call ``press`` with the signal's number when the stop button is pressed (SIGINT), only that.

    With ``stopped.append`` a loop can read ``stopped`` between two steps; a KeyboardInterrupt could
    interrupt an update.
    """
    try:
        previous = signal.signal(signal.SIGINT, lambda number, frame: press(number))
    except ValueError:  # Another thread: only the main thread receives signals.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
