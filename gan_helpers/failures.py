"""Failures of training on MNIST, each made on demand by one named change of the course's run.

What a recipe can say is said by ``dataclasses.replace``; what has to be done to a run that has just
been started is a function of the run; what must go wrong inside the loop is a step of its own,
written out in ``step_with_mistakes``. All of them record the ordinary ``History``.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib import resources
from pathlib import Path

import torch
from torch import nn

from gan_helpers.data import load_mnist, scale_images
from gan_helpers.history import History, load_history
from gan_helpers.losses import discriminator_loss, saturating_generator_loss
from gan_helpers.models import Discriminator, Generator
from gan_helpers.recipes import ARTICLE, COURSE, Recipe, Run, start_run
from gan_helpers.steps import (
    flat_weights,
    forward,
    gradient_norm,
    play_discriminator_step,
    play_step,
)
from gan_helpers.training import MEASURE_EVERY, check_batch_size, record_frame

RECORDED = Path(str(resources.files("gan_helpers") / "assets" / "failures"))
Step = Callable[[Run, torch.Tensor, bool], None]  # as play_step: run, images, measure


class SigmoidDiscriminator(Discriminator):
    """The course's discriminator with a sigmoid at its end, which the loss then takes again.

    Input as for ``Discriminator``. Output: probabilities in (0, 1), shape (N, 1), where logits are
    expected. Introduced in notebook 07, "A gallery
    of small mistakes".
    """

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images).sigmoid()


def generator_without_batchnorm() -> Generator:
    """The course's generator, its BatchNorm layers taken out. Introduced in notebook 07."""
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
    optimizers = {"d": run.d_optimizer, "g": run.g_optimizer}
    if player not in optimizers:
        raise ValueError(f"player is {player!r}; expected 'd' or 'g'.")
    for group in optimizers[player].param_groups:
        group["lr"] *= factor


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


def step_with_mistakes(
    run: Run,
    images: torch.Tensor,
    measure: bool = False,
    *,
    scale: Callable[[torch.Tensor], torch.Tensor] = scale_images,
    detach: bool = True,
    zero_grad: bool = True,
) -> None:
    """The step of notebook 02 with three places to go wrong; without a mistake it is in order.

    ``scale``: how uint8 pixels become floats. ``detach``: whether the discriminator's loss sees
    the fakes detached. ``zero_grad``: whether gradients are set to zero before ``backward``.
    Raises ``FloatingPointError`` when a loss is not finite. Introduced in notebook 07.
    """
    generator, discriminator = run.generator, run.discriminator
    z = torch.randn(run.recipe.batch_size, generator.latent_dim, generator=run.rng)
    chosen = torch.randint(len(images), (len(z),), generator=run.rng)
    real = scale(images[chosen])  # (N, 1, 28, 28)
    before = [flat_weights(network) for network in (discriminator, generator)]
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
    fake_logits_after = forward(discriminator, fake, run.bfloat16)
    g_loss = run.recipe.generator_loss(fake_logits_after)
    g_loss.backward()
    run.g_optimizer.step()
    if run.average is not None:
        run.average.update_parameters(generator)
    if not (d_loss.isfinite() and g_loss.isfinite()):
        raise FloatingPointError(f"d_loss is {d_loss.item()} and g_loss is {g_loss.item()}.")

    if measure:
        after = [flat_weights(network) for network in (discriminator, generator)]
        moved = [(new - old).norm().item() for new, old in zip(after, before, strict=True)]
        with torch.no_grad(), torch.random.fork_rng(devices=[]):  # as play_step: no trace
            d_real_after = discriminator(real).sigmoid().mean().item()
        run.history.append(
            measured_steps=run.history.steps,
            d_real_after=d_real_after,
            d_accuracy=torch.cat((real_logits > 0, fake_logits < 0)).float().mean().item(),
            d_grad_norm=d_norm,
            g_grad_norm=gradient_norm(generator),
            d_update_norm=moved[0],
            g_update_norm=moved[1],
        )
    logits = (real_logits, fake_logits, fake_logits_after)
    real_d, fake_d, after_d = (values.detach().sigmoid().mean().item() for values in logits)
    run.history.append(
        d_loss=d_loss.item(),
        g_loss=g_loss.item(),
        d_real=real_d,
        d_fake=fake_d,
        d_fake_after=after_d,
    )


# --- the failures ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Failure:
    """One way to train: the course's, with one thing changed. Introduced in notebook 07."""

    change: str  # what is changed, in words
    recipe: Recipe = COURSE
    prepare: Callable[[Run], None] | None = None  # done to the run before its first step
    step: Step = play_step
    steps: int = 936  # two epochs of MNIST; one, where that shows it


_NO_DROPOUT = partial(Discriminator, dropout=0.0)
_SATURATING = replace(COURSE, generator_loss=saturating_generator_loss)
_NO_BATCHNORM = replace(COURSE, build_generator=generator_without_batchnorm)
_NO_DETACH = partial(step_with_mistakes, detach=False)
FAILURES = {
    "healthy": Failure("nothing: the course's recipe"),
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
        "a discriminator without dropout, a generator at a thirtieth of the learning rate",
        replace(COURSE, build_discriminator=_NO_DROPOUT),
        partial(multiply_rate, player="g", factor=1 / 30),
    ),
    "five_d_steps": Failure(
        "a discriminator without dropout, five steps of it for one of the generator",
        replace(COURSE, build_discriminator=_NO_DROPOUT),
        step=five_d_steps,
    ),
    "slow_discriminator": Failure(
        "a discriminator at a hundredth of the learning rate",
        prepare=partial(multiply_rate, player="d", factor=1 / 100),
    ),
    "tiny_discriminator": Failure(
        "a discriminator with two hidden units",
        replace(COURSE, build_discriminator=partial(Discriminator, hidden=(2,))),
    ),
    # Numbers badly chosen.
    "high_rate": Failure(
        "ten times the learning rate", replace(COURSE, learning_rate=1.5e-2), steps=468
    ),
    "default_betas": Failure(
        "Adam's default betas, at the course's rate", replace(COURSE, betas=(0.9, 0.999))
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
    "no_detach": Failure("fake is not detached, so that D's loss pulls at G too", step=_NO_DETACH),
    "no_detach_saturating": Failure(
        "the saturating loss, and fake is not detached", _SATURATING, step=_NO_DETACH, steps=468
    ),
    "one_optimizer": Failure(
        "fake is not detached, and D's optimiser moves the weights of both networks",
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
        replace(COURSE, build_discriminator=SigmoidDiscriminator),
        steps=468,
    ),
    # Mode collapse.
    "not_shuffled": Failure(
        "images sorted by class and never shuffled; no averaging, which would mix the last classes",
        replace(COURSE, average_decay=None),
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
# Half of a change, or a change undone by half: what two of the failures above are compared with.
COMPARISONS = {
    "d_rate_tenth": Failure(
        "a discriminator at a tenth of the learning rate",
        prepare=partial(multiply_rate, player="d", factor=1 / 10),
    ),
    "no_averaging": Failure(
        "no averaging of the generator's weights", replace(COURSE, average_decay=None), steps=468
    ),
}


def produce(failure: Failure, images: torch.Tensor, seed: int = 0, steps: int | None = None) -> Run:
    """Make the failure: train for ``steps`` (the failure's own) and return the run, with history.

    ``images``: uint8, shape (N, 1, 28, 28). Frames: before the first step, in the middle and at the
    end. A run whose loss or whose samples become NaN ends there, and its history says so
    in ``about["stopped"]``. Same failure, seed and images: same run.

    Raises ``ValueError`` for fewer than one step, or too few images. Introduced in notebook 07.
    """
    run = start_run(failure.recipe, seed)
    check_batch_size(run, images)
    steps = failure.steps if steps is None else steps
    if steps < 1:
        raise ValueError(f"steps is {steps}; expected at least 1.")
    if failure.prepare is not None:
        failure.prepare(run)
    if run.order is not None and len(run.order) != len(images):
        raise ValueError(
            f"there are {len(images):,} images, and the order prepared is of {len(run.order):,}; "
            "pass all images of load_mnist(), in their order."
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # what dropout draws in step_with_mistakes
        record_frame(run)
        try:
            for done in range(1, steps + 1):
                failure.step(run, images, (done - 1) % MEASURE_EVERY == 0)
                if done in (steps // 2, steps):
                    record_frame(run)
        except FloatingPointError as error:
            run.history.about["stopped"] = str(error)
    return run


def load_recorded(name: str, seed: int) -> History:
    """The history of a key of ``FAILURES`` or ``COMPARISONS``, as it was recorded with this seed.

    Made by ``python benchmarks/record_failures.py``, with seeds 0 to 3.
    Raises ``ValueError`` for another name or seed. Introduced in notebook 07, "The dashboard".
    """
    file = RECORDED / f"{name}_{seed}.safetensors"
    if not file.exists():
        known = ", ".join(FAILURES | COMPARISONS)
        raise ValueError(f"nothing is recorded of {name!r}, seed {seed}; expected one of {known}.")
    return load_history(file)
