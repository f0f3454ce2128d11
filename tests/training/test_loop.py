"""Whole runs: seeds, recording, history, going on, averaging, bad arguments."""

import copy
import math
from dataclasses import replace

import pytest
import torch
from helping import (
    MEASURED_COLUMNS,
    assert_columns_match,
    clone,
    quietly,
    same,
    same_run,
    state,
    weights,
)

from gan_helpers.data import batches, to_uint8
from gan_helpers.models import sample
from gan_helpers.training import ARTICLE, COLUMNS, COURSE, History, start_run, train, train_in_parts


def test_two_runs_from_one_seed_are_identical_and_ignore_the_global_random_state(images, recipe):
    runs = []
    for global_seed in (1, 2):
        torch.manual_seed(global_seed)
        run = start_run(recipe, seed=7)
        quietly(run, images, steps=10, measure_every=3, frame_every=4)
        runs.append(run)
    one, two = runs
    assert same_run(one, two)
    assert all(getattr(one.history, name) == getattr(two.history, name) for name in COLUMNS)
    assert torch.equal(torch.stack(one.history.frames), torch.stack(two.history.frames))
    other = start_run(recipe, seed=8)
    quietly(other, images, steps=10)
    assert one.history.d_loss != other.history.d_loss


@pytest.mark.parametrize("recipe", [COURSE, ARTICLE], ids=["course", "article"])
def test_two_runs_of_the_real_recipes_are_identical(images, recipe):
    runs = [start_run(replace(recipe, batch_size=16, bfloat16=False)) for _ in range(2)]
    for run in runs:
        quietly(run, images, steps=3)
    assert same_run(*runs)


def test_dropout_is_on_in_training_and_another_in_each_step(images, recipe):
    # With a learning rate of almost 0 and one batch, only dropout tells two steps apart.
    run = start_run(replace(recipe, learning_rate=1e-20, batch_size=70))
    assert len(set(quietly(run, images, steps=5).d_real)) == 5
    assert run.discriminator.training and run.generator.training


def test_train_leaves_the_global_random_state_and_the_images_alone(images, recipe):
    run, kept = start_run(recipe), images.clone()
    before = torch.get_rng_state()
    quietly(run, images, steps=5, frame_every=2, measure_every=2)
    assert torch.equal(torch.get_rng_state(), before)
    for _ in train_in_parts(run, images, epochs=1, frame_every=2):
        assert torch.equal(torch.get_rng_state(), before)  # also while the iterator waits
    assert torch.equal(images, kept)


@pytest.mark.parametrize("options", [{"frame_every": 1}, {"frame_every": 4}, {"measure_every": 1}])
@pytest.mark.parametrize("dropout", [True, False])
def test_frames_and_measuring_do_not_change_the_result(images, recipe, calm, dropout, options):
    plain, watched = (start_run(recipe if dropout else calm) for _ in range(2))
    quietly(plain, images, steps=9)
    quietly(watched, images, steps=9, **options)
    assert same_run(plain, watched)


def test_progress_does_not_change_the_result_and_is_silent_when_off(images, recipe, capsys):
    plain, shown = start_run(recipe), start_run(recipe)
    quietly(plain, images, steps=5)
    assert capsys.readouterr() == ("", "")
    train(shown, images, steps=5)
    out, err = capsys.readouterr()
    assert out == ""
    assert "5/5" in err
    assert same_run(plain, shown)


def test_what_is_recorded_and_when(images, recipe):
    run = start_run(recipe)
    history = quietly(run, images, steps=10, frame_every=4, measure_every=3)
    assert history is run.history
    assert history.steps == 10
    assert history.measured_steps == [0, 3, 6, 9]
    assert history.frame_steps == [0, 4, 8, 10]
    assert_columns_match(history)
    assert all(frame.shape == (40, 1, 28, 28) for frame in history.frames)
    assert all(frame.dtype == torch.uint8 for frame in history.frames)
    for name in ("d_real", "d_fake", "d_fake_after", "d_real_after", "d_accuracy"):
        assert all(0 <= value <= 1 for value in getattr(history, name))
    for name in ("d_loss", "g_loss", *MEASURED_COLUMNS[3:]):
        assert all(0 < value < math.inf for value in getattr(history, name))
    assert all(type(getattr(history, name)[0]) in (int, float) for name in COLUMNS)


def test_an_epoch_is_as_many_steps_as_there_are_whole_batches(images, recipe):
    history = quietly(start_run(recipe), images, epochs=2, frame_every=4)
    assert history.steps == 2 * (70 // 16)
    assert history.frame_steps == [0, 4, 8]  # none twice


def test_the_numbers_recorded_are_those_computed_by_hand(images, calm):
    run = start_run(replace(calm, learning_rate=0.01))
    for step in range(4):
        # What the step will draw, and the two players before it: four batches are one epoch.
        rng = clone(run.rng)
        if step == 0:
            epoch = list(batches(images, 16, rng))
        real = epoch[step]
        z = torch.randn(16, 8, generator=rng)
        g_before, d_before = copy.deepcopy(run.generator), copy.deepcopy(run.discriminator)
        history = quietly(run, images, steps=1, measure_every=1)
        g_after, d_after = run.generator, run.discriminator

        fake = g_before(z)
        real_logits, fake_logits = d_before(real), d_before(fake.detach())
        d_loss = -real_logits.sigmoid().log().mean() - (1 - fake_logits.sigmoid()).log().mean()
        d_gradient = torch.autograd.grad(d_loss, tuple(d_before.parameters()))
        logits_after = d_after(fake)
        g_loss = -logits_after.sigmoid().log().mean()
        g_gradient = torch.autograd.grad(g_loss, tuple(g_before.parameters()))
        right = (real_logits > 0).sum() + (fake_logits < 0).sum()

        def length(gradient: tuple[torch.Tensor, ...]) -> torch.Tensor:
            return torch.sqrt(sum((g.double() ** 2).sum() for g in gradient))

        expected = {
            "d_loss": d_loss,
            "g_loss": g_loss,
            "d_real": real_logits.sigmoid().mean(),
            "d_fake": fake_logits.sigmoid().mean(),
            "d_fake_after": logits_after.sigmoid().mean(),
            "measured_steps": torch.tensor(step),
            "d_real_after": d_after(real).sigmoid().mean(),
            "d_accuracy": right / 32,
            "d_grad_norm": length(d_gradient),
            "g_grad_norm": length(g_gradient),
            "d_update_norm": (weights(d_after) - weights(d_before)).norm(),
            "g_update_norm": (weights(g_after) - weights(g_before)).norm(),
        }
        for name, value in expected.items():
            recorded = getattr(history, name)[step]
            assert recorded == pytest.approx(value.item(), rel=1e-4), name
    assert len(set(history.d_accuracy)) > 1  # it moved: the comparison was not of constants


def test_frames_are_the_samplers_pictures_of_the_fixed_z_in_eval_mode(images, recipe):
    run = start_run(recipe)
    before = to_uint8(copy.deepcopy(run.sampler).eval()(run.fixed_z).detach())
    steps = []
    for history in train_in_parts(run, images, epochs=1, frame_every=3):
        steps.append(history.steps)
        eval_mode = copy.deepcopy(run.sampler).eval()
        assert torch.equal(history.frames[-1], to_uint8(eval_mode(run.fixed_z).detach()))
        assert torch.equal(history.frames[-1], sample(run.sampler, run.fixed_z))
    assert steps == [3, 4]
    assert torch.equal(history.frames[0], before)
    assert not torch.equal(history.frames[0], history.frames[-1])


def test_parts_give_the_same_run_as_train_whatever_random_numbers_the_caller_draws(images, recipe):
    whole, parts = start_run(recipe), start_run(recipe)
    quietly(whole, images, epochs=2, frame_every=3)
    seen = []
    for history in train_in_parts(parts, images, epochs=2, frame_every=3):
        assert history is parts.history
        seen.append(torch.rand(100))
    assert len(seen) == len(parts.history.frames) - 1
    assert same_run(whole, parts)


def test_a_second_call_goes_on_from_where_the_first_ended(images, recipe):
    run = start_run(recipe)
    first = copy.deepcopy(quietly(run, images, steps=5, frame_every=2, measure_every=2))
    history = quietly(run, images, steps=4, frame_every=2, measure_every=2)
    assert history.steps == 9
    assert history.d_loss[:5] == first.d_loss
    assert history.frame_steps == [0, 2, 4, 5, 6, 8, 9]
    assert history.measured_steps == [0, 2, 4, 6, 8]
    assert_columns_match(history)
    for optimizer in (run.g_optimizer, run.d_optimizer):  # Adam's memory is kept
        assert {int(entry["step"]) for entry in optimizer.state.values()} == {9}
    assert run.average.n_averaged == 9


def test_the_average_is_the_exponential_average_of_the_weights(images, recipe):
    run = start_run(replace(recipe, average_decay=0.8, learning_rate=0.01))
    after = []
    for _ in range(3):
        quietly(run, images, steps=1)
        after.append(state(run.generator))
    average = state(run.sampler)
    for name, tensor in average.items():
        if not tensor.is_floating_point():
            continue  # BatchNorm's count of batches
        first, second, third = (s[name].double() for s in after)
        # It begins with the weights after the first step: those of the start are left out.
        by_hand = 0.8 * (0.8 * first + 0.2 * second) + 0.2 * third
        torch.testing.assert_close(tensor.double(), by_hand, rtol=1e-5, atol=1e-6)
        assert not torch.allclose(by_hand, third, rtol=1e-5, atol=1e-6)
    assert {"layers.1.running_mean", "layers.1.running_var"} <= average.keys()


def test_averaging_does_not_change_the_training(images, recipe):
    averaged, plain = start_run(recipe), start_run(replace(recipe, average_decay=None))
    quietly(averaged, images, steps=5)
    quietly(plain, images, steps=5)
    assert averaged.history.d_loss == plain.history.d_loss
    assert same(state(averaged.generator), state(plain.generator))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "epochs is None and steps is None"),
        ({"epochs": 1, "steps": 1}, "epochs is 1 and steps is 1"),
        ({"epochs": 0}, "epochs is 0"),
        ({"steps": 0}, "steps is 0"),
        ({"steps": -3}, "steps is -3"),
        ({"steps": 1, "frame_every": 0}, "frame_every is 0"),
        ({"steps": 1, "measure_every": 0}, "measure_every is 0"),
        ({"steps": 1}, "batch_size is 71; expected at most 70"),
        ({"epochs": 1}, "batch_size is 71; expected at most 70"),
    ],
)
def test_bad_numbers_are_reported(images, recipe, options, message):
    run = start_run(replace(recipe, batch_size=71) if "batch_size" in message else recipe)
    with pytest.raises(ValueError, match=message):
        quietly(run, images, **options)
    assert run.history == History()


@pytest.mark.parametrize(
    ("batch_size", "options", "message"),
    [
        (16, {"epochs": 0}, "epochs is 0"),
        (16, {"epochs": 1, "frame_every": 0}, "frame_every is 0"),
        (71, {"epochs": 1}, "batch_size is 71"),
    ],
)
def test_bad_numbers_of_a_watched_run_are_reported_at_the_call(
    images, recipe, batch_size, options, message
):
    run = start_run(replace(recipe, batch_size=batch_size))
    with pytest.raises(ValueError, match=message):
        train_in_parts(run, images, **options)
    assert run.history == History()


def test_images_that_are_floats_already(images, recipe):
    with pytest.raises(TypeError, match="images has dtype torch.float32"):
        quietly(start_run(recipe), images / 127.5 - 1, steps=1)
