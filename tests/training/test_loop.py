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
from torch import nn

from gan_helpers.data import batches, to_uint8
from gan_helpers.models import sample
from gan_helpers.training import (
    ARTICLE,
    COLUMNS,
    COURSE,
    History,
    advance,
    loop,
    start_run,
    train,
    train_in_parts,
)
from gan_helpers.widgets import live_training


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


def test_with_a_warm_up_the_average_begins_with_a_short_memory_and_ends_at_its_decay(
    images, recipe
):
    run = start_run(replace(recipe, average_decay=0.5, average_warm_up=True, learning_rate=0.01))
    by_hand, shares = None, []
    for n in range(12):  # n updates were made before
        quietly(run, images, steps=1)
        weights = {k: t.double() for k, t in state(run.generator).items() if t.is_floating_point()}
        shares.append(min(0.5, (1 + n) / (10 + n)))
        by_hand = by_hand or weights
        by_hand = {k: shares[-1] * by_hand[k] + (1 - shares[-1]) * t for k, t in weights.items()}
    for name, tensor in by_hand.items():
        average = state(run.sampler)[name].double()
        torch.testing.assert_close(average, tensor, rtol=1e-5, atol=1e-6)
        assert not torch.allclose(average, weights[name], rtol=1e-5, atol=1e-6)
    assert shares[1] == 2 / 11 and shares[8:] == [0.5] * 4


def test_averaging_does_not_change_the_training(images, recipe):
    averaged, plain = start_run(recipe), start_run(replace(recipe, average_decay=None))
    quietly(averaged, images, steps=5)
    quietly(plain, images, steps=5)
    assert averaged.history.d_loss == plain.history.d_loss
    assert same(state(averaged.generator), state(plain.generator))


STEP_COUNTS = ("epochs", "steps", "frame_every", "measure_every")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, ValueError, "epochs is None and steps is None"),
        ({"epochs": 1, "steps": 1}, ValueError, "epochs is 1 and steps is 1"),
        *(
            ({name: value}, error, f"^{name} is {value!r}; expected a whole number, at least 1")
            for name in STEP_COUNTS
            for value, error in ((0, ValueError), (-3, ValueError), (2.5, TypeError))
        ),
        ({"steps": math.nan}, TypeError, "steps is nan"),
        ({"steps": "10"}, TypeError, "steps is '10'; .*without quotes"),
        ({"steps": 1}, ValueError, "batch_size is 71; expected at most 70"),
        ({"epochs": 1}, ValueError, "batch_size is 71; expected at most 70"),
    ],
)
def test_bad_numbers_are_reported(images, recipe, options, error, message):
    run = start_run(replace(recipe, batch_size=71) if "batch_size" in message else recipe)
    if options.keys() & {"frame_every", "measure_every"}:
        options = options | {"steps": 1}
    with pytest.raises(error, match=message):
        quietly(run, images, **options)
    # A watched run reports them at the call, not at the first part.
    if "epochs" in options and "steps" not in options:
        with pytest.raises(error, match=message):
            train_in_parts(run, images, **options)
    assert run.history == History()


def test_a_watched_runs_frames_are_counted_at_the_call(images, recipe):
    with pytest.raises(ValueError, match="frame_every is 0"):
        train_in_parts(start_run(recipe), images, epochs=1, frame_every=0)


@pytest.mark.parametrize(
    "start",
    [
        lambda run, images: train(run, images, steps=1),
        lambda run, images: train_in_parts(run, images, epochs=1),
        advance,
        live_training,
    ],
    ids=["train", "train_in_parts", "advance", "live_training"],
)
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda x: x / 127.5 - 1, TypeError, "images has dtype torch.float32; .*to_uint8"),
        (lambda x: x[:, 0], ValueError, r"\(70, 28, 28\); .*images.unsqueeze\(1\)"),
        (lambda x: x.numpy(), TypeError, r"NumPy array.*torch.from_numpy\(images\)"),
        (lambda x: x[:0], ValueError, "N at least 1"),
        (lambda x: x[:15], ValueError, "batch_size is 16; expected at most 15, the number of"),
    ],
)
def test_images_are_looked_at_where_a_run_begins(images, recipe, start, change, error, message):
    run = start_run(recipe)
    with pytest.raises(error, match=message):
        start(run, change(images))
    assert run.history == History()


def test_a_recipe_is_no_run(images, recipe):
    with pytest.raises(TypeError, match="run is of type Recipe; expected a Run"):
        train(recipe, images, steps=1)


class Small(nn.Module):
    """Draws pictures of (3, 4, 4)."""

    def __init__(self):
        super().__init__()
        self.latent_dim, self.layer = 5, nn.Linear(5, 48)

    def forward(self, z):
        return self.layer(z).tanh().view(-1, 3, 4, 4)


def test_the_size_of_the_images_is_that_of_the_runs_generator(images, recipe):
    def judge():
        return nn.Sequential(nn.Flatten(), nn.Linear(48, 1))

    run = start_run(replace(recipe, build_generator=Small, build_discriminator=judge))
    assert quietly(run, images.flatten(1)[:, :48].reshape(-1, 3, 4, 4), steps=2).steps == 2
    with pytest.raises(ValueError, match=r"expected \(N, 3, 4, 4\)"):
        quietly(run, images, steps=1)


def test_looking_at_the_images_is_not_a_matter_of_the_steps(images, recipe, monkeypatch):
    looked = []
    monkeypatch.setattr(loop, "check_training", lambda run, *images: looked.append(run))
    run = start_run(recipe)
    for _ in range(3):
        advance(run, images)
    assert len(looked) == 1
    quietly(run, images, steps=3)
    assert len(looked) == 2
