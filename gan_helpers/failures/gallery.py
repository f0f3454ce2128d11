"""Failures of training on MNIST, each made on demand by one named change of the plain recipe's run.

What a recipe can say is said by ``dataclasses.replace``; the rest is in ``mistakes``. All of them
record the ordinary ``History``.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch

from gan_helpers.checks import whole_number
from gan_helpers.data import ASSETS
from gan_helpers.failures.mistakes import (
    SigmoidDiscriminator,
    few_images_step,
    five_d_steps,
    generator_without_batchnorm,
    give_momentum,
    multiply_rate,
    multiply_weights,
    one_optimizer,
    sort_by_class,
    step_with_mistakes,
)
from gan_helpers.kinds import check_function, check_kind
from gan_helpers.losses import saturating_generator_loss
from gan_helpers.models import Discriminator
from gan_helpers.progress import progress_bar
from gan_helpers.training import (
    ARTICLE,
    PLAIN,
    History,
    Recipe,
    Run,
    advance,
    check_training,
    load_history,
    play_step,
    record_frame,
    start_run,
)

RECORDED = ASSETS / "failures"
Step = Callable[[Run, torch.Tensor, bool], None]  # as play_step: run, images, measure


@dataclass(frozen=True)
class Failure:
    """One way to train: the plain recipe's, with one thing or two changed.

    Raises ``TypeError`` for a value of another kind and ``ValueError`` when ``steps`` is below 1.
    Introduced in notebook 08.
    """

    change: str  # what is changed, in words
    recipe: Recipe = PLAIN
    prepare: Callable[[Run], None] | None = None  # done to the run before its first step
    step: Step = play_step
    steps: int = 936  # two epochs of MNIST; one, where that shows it

    def __post_init__(self) -> None:
        check_kind(self.change, "change", str, "It says in words what is changed.")
        check_kind(self.recipe, "recipe", Recipe, "gan_helpers.training.PLAIN is one.")
        if self.prepare is not None:
            check_function(self.prepare, "prepare", "It gets the run before its first step.")
        check_function(self.step, "step", "gan_helpers.training.play_step is one.")
        whole_number(self.steps, "steps", 1)


_NO_DROPOUT = partial(Discriminator, dropout=0.0)
_SATURATING = replace(PLAIN, generator_loss=saturating_generator_loss)
_NO_BATCHNORM = replace(PLAIN, build_generator=generator_without_batchnorm)
_NO_DETACH = partial(step_with_mistakes, detach=False)
FAILURES = {
    "healthy": Failure("nothing: the plain recipe"),
    "healthy_saturating": Failure("the saturating loss", _SATURATING),
    # A discriminator that wins, or that cannot.
    "article_saturating": Failure(
        "the article's networks and optimisers, with the saturating loss",
        replace(ARTICLE, generator_loss=saturating_generator_loss),
    ),
    "default_betas_saturating": Failure(
        "the saturating loss, and Adam's default betas", replace(_SATURATING, betas=(0.9, 0.999))
    ),
    "slow_generator": Failure(
        "a generator at a thirtieth of the learning rate",
        prepare=partial(multiply_rate, player="g", factor=1 / 30),
    ),
    "five_d_steps": Failure(
        "a discriminator without dropout, five steps of it for one of the generator",
        replace(PLAIN, build_discriminator=_NO_DROPOUT),
        step=five_d_steps,
    ),
    "slow_discriminator": Failure(
        "a discriminator at a hundredth of the learning rate",
        prepare=partial(multiply_rate, player="d", factor=1 / 100),
    ),
    "tiny_discriminator": Failure(
        "a discriminator with two hidden units",
        replace(PLAIN, build_discriminator=partial(Discriminator, hidden=(2,))),
    ),
    "few_images": Failure(
        "the first 300 images only, again and again", step=partial(few_images_step, count=300)
    ),
    # Numbers badly chosen.
    "high_rate": Failure(
        "ten times the learning rate", replace(PLAIN, learning_rate=1.5e-2), steps=468
    ),
    "default_betas": Failure(
        "Adam's default betas, at the same rate", replace(PLAIN, betas=(0.9, 0.999))
    ),
    "zero_weights": Failure(
        "all weights zero at the start", prepare=partial(multiply_weights, factor=0), steps=468
    ),
    "large_weights": Failure(
        "all weights ten times as large at the start",
        prepare=partial(multiply_weights, factor=10),
        steps=468,
    ),
    "no_batchnorm": Failure("no BatchNorm in the generator", _NO_BATCHNORM),
    "range_0_1": Failure(
        "real images in [0, 1]", step=partial(step_with_mistakes, scale=lambda x: x.float() / 255)
    ),
    "range_0_255": Failure(
        "real images in [0, 255]",
        step=partial(step_with_mistakes, scale=lambda x: x.float()),
        steps=468,
    ),
    # Lines forgotten or doubled.
    "no_detach": Failure(
        "fake is not detached, and both zero_grad stand at the top: D's loss pulls at G too",
        step=_NO_DETACH,
    ),
    "no_detach_saturating": Failure(
        "as no_detach, with the saturating loss", _SATURATING, step=_NO_DETACH, steps=468
    ),
    "one_optimizer": Failure(
        "as no_detach, and D's optimiser moves the weights of both networks",
        prepare=one_optimizer,
        step=_NO_DETACH,
    ),
    "no_zero_grad": Failure(
        "gradients are never set to zero",
        step=partial(step_with_mistakes, zero_grad=False),
        steps=468,
    ),
    "sigmoid_twice": Failure(
        "the discriminator ends in a sigmoid, and the loss takes another",
        replace(PLAIN, build_discriminator=SigmoidDiscriminator),
        steps=468,
    ),
    # Mode collapse.
    "not_shuffled": Failure(
        "images sorted by class and never shuffled; no averaging, which would mix the last classes",
        replace(PLAIN, average_decay=None),
        sort_by_class,
        steps=468,
    ),
    "one_picture": Failure(
        "no BatchNorm in the generator, Adam's default betas",
        replace(_NO_BATCHNORM, betas=(0.9, 0.999)),
    ),
    "classes_missing": Failure(
        "no BatchNorm in the generator, a discriminator at a tenth of the learning rate",
        _NO_BATCHNORM,
        partial(multiply_rate, player="d", factor=1 / 10),
    ),
}
# Half of a change, a change undone, a cure that does not help: what failures are compared with.
COMPARISONS = {
    "d_rate_tenth": Failure(
        "a discriminator at a tenth of the learning rate",
        prepare=partial(multiply_rate, player="d", factor=1 / 10),
    ),
    "no_averaging": Failure(
        "no averaging of the generator's weights", replace(PLAIN, average_decay=None), steps=468
    ),
    "no_detach_late_zero": Failure(
        "fake is not detached, and G's zero_grad stands before its backward, as in notebook 02",
        step=partial(step_with_mistakes, detach=False, zero_late=True),
    ),
    "no_momentum": Failure(
        "Adam's default betas but for the first: (0, 0.999)", replace(PLAIN, betas=(0.0, 0.999))
    ),
    "momentum_d_alone": Failure(
        "betas (0.9, 0.999) for the discriminator, (0, 0.999) for the generator",
        replace(PLAIN, betas=(0.0, 0.999)),
        partial(give_momentum, player="d", beta1=0.9),
    ),
    "momentum_g_alone": Failure(
        "betas (0, 0.999) for the discriminator, (0.9, 0.999) for the generator",
        replace(PLAIN, betas=(0.0, 0.999)),
        partial(give_momentum, player="g", beta1=0.9),
    ),
    "default_betas_slow_d": Failure(
        "Adam's default betas, and a discriminator at a tenth of the learning rate",
        replace(PLAIN, betas=(0.9, 0.999)),
        partial(multiply_rate, player="d", factor=1 / 10),
    ),
}


def produce(
    failure: Failure,
    images: torch.Tensor,
    seed: int = 0,
    steps: int | None = None,
    progress: bool = True,
) -> Run:
    """Make the failure: train for ``steps`` (the failure's own) and return the run, with history.

    ``images``: uint8, shape (N, 1, 28, 28). Frames: before the first step, in the middle and at the
    end. A run whose loss or whose samples become NaN ends there, and its history says so
    in ``about["stopped"]``. Same failure, seed and images: same run.

    Raises ``TypeError`` for another failure, other images or what is no whole number, and
    ``ValueError`` for fewer than one step, or too few images. Introduced in notebook 08.
    """
    hint = "FAILURES['healthy'] is one; its keys are the names of the others."
    check_kind(failure, "failure", Failure, hint)
    steps = failure.steps if steps is None else whole_number(steps, "steps", 1)
    run = start_run(failure.recipe, seed)
    check_training(run, images)
    if failure.prepare is not None:
        failure.prepare(run)
    if run.order is not None and len(run.order) != len(images):
        raise ValueError(
            f"there are {len(images):,} images, and the order prepared is of {len(run.order):,}; "
            "pass all images of load_mnist(), in their order."
        )
    bar = progress_bar(total=steps, unit="step", disable=not progress, mininterval=0.5)
    with torch.random.fork_rng(devices=[]), bar:
        torch.manual_seed(seed)  # what dropout draws in step_with_mistakes
        try:
            for done in range(1, steps + 1):
                advance(run, images, frame_every=steps, step=failure.step)
                bar.update()
                if done == steps // 2:
                    record_frame(run)
        except FloatingPointError as error:
            run.history.about["stopped"] = str(error)
    return run


def load_recorded(name: str, seed: int) -> History:
    """The history of a key of ``FAILURES`` or ``COMPARISONS``, as it was recorded with this seed.

    Made by ``python recordings/record_failures.py``, with seeds 0 to 3.
    Raises ``TypeError`` for a seed that is no whole number and ``ValueError`` for another name or
    seed. Introduced in notebook 08, "The dashboard".
    """
    known = [*FAILURES, *COMPARISONS]
    if name not in known:
        raise ValueError(f"name is {name!r}; expected one of {', '.join(known)}.")
    seed = whole_number(seed, "seed", 0, 3, "Others are not recorded; produce() makes them.")
    return load_history(RECORDED / f"{name}_{seed}.safetensors")
