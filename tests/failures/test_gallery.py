"""Each failure is the course's run with exactly the mistake that its name says."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from helping import (
    MEASURED_COLUMNS,
    STEP_COLUMNS,
    assert_columns_match,
    same,
    same_run,
    state,
    weights,
)
from torch import nn

from gan_helpers.data import load_mnist
from gan_helpers.failures import COMPARISONS, FAILURES, Failure, load_recorded, mistakes, produce
from gan_helpers.failures.mistakes import (
    SigmoidDiscriminator,
    five_d_steps,
    generator_without_batchnorm,
    give_momentum,
    multiply_rate,
    multiply_weights,
    one_optimizer,
    sort_by_class,
    step_with_mistakes,
)
from gan_helpers.losses import saturating_generator_loss
from gan_helpers.models import Generator
from gan_helpers.training import play_step, start_run


def test_without_a_mistake_it_is_the_step_of_the_course(calm, images):
    images = images[:1].repeat(70, 1, 1, 1)  # whichever are chosen, the batch is the same
    ours, theirs = (start_run(calm, seed=3) for _ in range(2))
    theirs.order, theirs.position = torch.arange(70), 0  # so that z is drawn first in both
    step_with_mistakes(ours, images, measure=True)
    play_step(theirs, images, measure=True)
    for network in ("generator", "discriminator", "sampler"):
        torch.testing.assert_close(state(getattr(ours, network)), state(getattr(theirs, network)))
    assert_columns_match(ours.history)
    for name in STEP_COLUMNS + MEASURED_COLUMNS:
        pair = [getattr(run.history, name) for run in (ours, theirs)]
        assert len(pair[0]) == 1 and pair[0] == pytest.approx(pair[1], rel=1e-4), name


def first_g_gradient(recipe, images, **mistake) -> float:
    """The length of G's gradient in the first step, with a discriminator that does not move."""
    run = start_run(recipe, seed=1)
    multiply_rate(run, "d", 0.0)
    step_with_mistakes(run, images, measure=True, **mistake)
    return run.history.g_grad_norm[0]


def test_without_detach_both_losses_pull_at_the_generator(calm, images):
    # -log(1 - D) and log(1 - D) are pulled down at once: with the same D nothing is left.
    saturating = replace(calm, generator_loss=saturating_generator_loss)
    right = first_g_gradient(saturating, images)
    assert first_g_gradient(saturating, images, detach=False) < 1e-5 * right
    # With the other loss the slopes are D and -(1 - D), and D is near 1/2 at the start.
    right = first_g_gradient(calm, images)
    assert first_g_gradient(calm, images, detach=False) < 0.3 * right
    # G's zero_grad right before its backward throws D's pull away: notebook 02's loop forgives.
    late = first_g_gradient(calm, images, detach=False, zero_late=True)
    assert late == pytest.approx(right, rel=1e-4)


def test_without_zero_grad_the_gradients_pile_up(calm, images):
    lengths = {}
    for zero_grad in (True, False):
        run = start_run(replace(calm, learning_rate=0.0), seed=0)
        for _ in range(20):  # of networks that stay as they are
            step_with_mistakes(run, images, measure=True, zero_grad=zero_grad)
        lengths[zero_grad] = run.history.g_grad_norm
    assert lengths[False][0] == pytest.approx(lengths[True][0])
    assert lengths[False][19] > 10 * lengths[True][19]


def test_the_scale_is_what_the_discriminator_sees(calm, images):
    answers = []
    for scale in (lambda x: x.float(), lambda x: 0 * x.float()):
        run = start_run(calm, seed=0)
        step_with_mistakes(run, images, scale=scale)
        answers.append(run.history.d_real[0])
    assert abs(answers[0] - answers[1]) > 0.1


# what is done to networks and runs


def test_the_second_sigmoid_confines_d_to_a_quarter(recipe, images):
    twice = replace(recipe, build_discriminator=lambda: SigmoidDiscriminator(hidden=(16,)))
    history = produce(Failure("", twice), images, steps=20).history
    assert all(0.5 <= d <= 0.7311 for d in history.d_real + history.d_fake)


def test_only_batchnorm_is_taken_out():
    kinds = [type(layer) for layer in Generator().layers if not isinstance(layer, nn.BatchNorm1d)]
    assert [type(layer) for layer in generator_without_batchnorm().layers] == kinds
    assert generator_without_batchnorm()(torch.zeros(2, 100)).shape == (2, 1, 28, 28)


@pytest.mark.parametrize("factor", [3.0, 0.0])
@pytest.mark.parametrize("decay", [0.9, None])  # without averaging the sampler is the generator
def test_weights_are_multiplied_once(recipe, factor, decay):
    run, plain = (start_run(replace(recipe, average_decay=decay), 0) for _ in range(2))
    multiply_weights(run, factor)
    for name in ("generator", "discriminator", "sampler"):
        assert torch.equal(weights(getattr(run, name)), factor * weights(getattr(plain, name)))


@pytest.mark.parametrize(("player", "rates"), [("d", (0.01, 1)), ("g", (1, 0.01))])
def test_one_players_rate_is_changed(recipe, player, rates):
    run = start_run(recipe, 0)
    multiply_rate(run, player, 0.01)
    found = [part.param_groups[0]["lr"] for part in (run.d_optimizer, run.g_optimizer)]
    assert found == pytest.approx([rate * recipe.learning_rate for rate in rates])
    with pytest.raises(ValueError, match="player is 'x'"):
        multiply_rate(run, "x", 0.01)


@pytest.mark.parametrize(("player", "firsts"), [("d", (0.9, 0)), ("g", (0, 0.9))])
def test_one_player_is_given_momentum(recipe, player, firsts):
    run = start_run(replace(recipe, betas=(0.0, 0.999)), 0)
    give_momentum(run, player, 0.9)
    found = [part.param_groups[0]["betas"] for part in (run.d_optimizer, run.g_optimizer)]
    assert found == [(first, 0.999) for first in firsts]
    with pytest.raises(ValueError, match="player is 'x'"):
        give_momentum(run, "x", 0.9)


@pytest.mark.parametrize("both", [False, True])
def test_one_optimiser_moves_both_networks(calm, images, both):
    run = start_run(replace(calm, average_decay=None), 0)
    if both:
        one_optimizer(run)
    multiply_rate(run, "g", 0.0)  # the generator's own optimiser moves nothing
    step_with_mistakes(run, images, measure=True, detach=False)
    assert (run.history.g_update_norm[0] > 0) == both


def test_five_steps_of_d_are_one_step_in_the_history(recipe, images, monkeypatch):
    alone = []

    def counted(*arguments, done=mistakes.play_discriminator_step):
        alone.append(done(*arguments))

    monkeypatch.setattr(mistakes, "play_discriminator_step", counted)
    run = start_run(recipe, 0)
    five_d_steps(run, images, True)
    assert (run.history.steps, len(alone)) == (1, 4)


def test_sorted_images_come_class_by_class(recipe, images, monkeypatch):
    labels = torch.arange(70) % 10
    monkeypatch.setattr(mistakes, "load_mnist", lambda: (images, labels))
    run = start_run(recipe, 0)
    sort_by_class(run)
    play_step(run, images)
    assert labels[run.order].tolist() == sorted(labels.tolist())
    assert run.position == recipe.batch_size


# produce


def test_the_same_failure_and_seed_give_the_same_run(recipe, images):
    failure = Failure("", recipe, step=partial(step_with_mistakes, detach=False))
    runs = []
    for seed in (1, 1, 2):
        torch.rand(1)  # the rest of the program draws too, and must not notice
        before = torch.get_rng_state()
        runs.append(produce(failure, images, seed, steps=25))
        assert torch.equal(torch.get_rng_state(), before)
    assert same_run(runs[0], runs[1])
    assert not same(state(runs[0].generator), state(runs[2].generator))


def test_the_history_of_a_failure_is_an_ordinary_one(recipe, images):
    history = produce(Failure("", recipe), images, steps=50).history
    assert_columns_match(history)
    assert (history.steps, history.frame_steps) == (50, [0, 25, 50])
    assert history.measured_steps == [0, 20, 40] and "stopped" not in history.about


def test_a_run_that_breaks_down_ends_and_says_why(recipe, images):
    def break_down(run, images, measure):
        play_step(run, images, measure)
        if run.history.steps == 3:
            raise FloatingPointError("d_loss is nan")

    history = produce(Failure("", recipe, step=break_down), images, steps=50).history
    assert history.steps == 3
    assert history.about["stopped"] == "d_loss is nan"


def test_the_order_that_a_failure_prepares_is_that_of_the_images(images):
    with pytest.raises(ValueError, match="140 images, and the order prepared is of 60,000"):
        produce(FAILURES["not_shuffled"], images[[0] * 140], steps=1)


def test_measuring_does_not_change_a_step_with_mistakes(recipe, images):
    runs = [start_run(recipe, 0) for _ in range(2)]
    for run in runs:
        torch.manual_seed(0)
        for _ in range(3):
            step_with_mistakes(run, images, measure=run is runs[1])
    assert same(state(runs[0].discriminator), state(runs[1].discriminator))


@pytest.fixture(scope="module")
def mnist():
    return load_mnist()[0]


@pytest.mark.parametrize("name", FAILURES | COMPARISONS)
def test_the_first_steps_are_those_of_the_recorded_run(name, mnist):
    """The recorded histories were made by the failures as they are written down now."""
    kept = load_recorded(name, seed=1)
    history = produce((FAILURES | COMPARISONS)[name], mnist, seed=1, steps=2).history
    for column in ("d_loss", "g_loss", "d_real", "g_update_norm", "d_update_norm"):
        found = getattr(history, column)
        expected = getattr(kept, column)[: len(found)]
        assert found == pytest.approx(expected, rel=0.05, abs=2e-3), column
