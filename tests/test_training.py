import copy
import inspect
import math
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import nn

from gan_helpers.data import batches, load_mnist, to_uint8
from gan_helpers.history import COLUMNS, History
from gan_helpers.losses import non_saturating_generator_loss, saturating_generator_loss
from gan_helpers.models import Discriminator
from gan_helpers.recipes import ARTICLE, COURSE, Recipe, Run, start_run
from gan_helpers.training import (
    discriminator_step,
    generator_step,
    gradient_norm,
    sample,
    train,
    train_in_parts,
)

STEP_COLUMNS = ("d_loss", "g_loss", "d_real", "d_fake", "d_fake_after")
MEASURED_COLUMNS = (
    "measured_steps",
    "d_real_after",
    "d_accuracy",
    "d_grad_norm",
    "g_grad_norm",
    "d_update_norm",
    "g_update_norm",
)


@pytest.fixture
def calm(recipe) -> Recipe:
    """The tiny recipe without dropout: its numbers can be computed again by hand."""
    return replace(recipe, build_discriminator=lambda: Discriminator(hidden=(16,), dropout=0.0))


def quietly(run: Run, images: torch.Tensor, **options) -> History:
    return train(run, images, progress=False, **options)


def state(network: nn.Module) -> dict[str, torch.Tensor]:
    """Weights and BatchNorm statistics, copied."""
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def weights(network: nn.Module) -> torch.Tensor:
    return nn.utils.parameters_to_vector(network.parameters()).detach().clone()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


def same_run(one: Run, other: Run) -> bool:
    return (
        same(state(one.generator), state(other.generator))
        and same(state(one.discriminator), state(other.discriminator))
        and same(state(one.sampler), state(other.sampler))
        and all(getattr(one.history, name) == getattr(other.history, name) for name in STEP_COLUMNS)
    )


def is_finite(network: nn.Module) -> bool:
    return all(tensor.isfinite().all() for tensor in network.state_dict().values())


def assert_columns_match(history: History) -> None:
    """Every column has one value for each step, measured step or frame."""
    assert {len(getattr(history, name)) for name in STEP_COLUMNS} == {history.steps}
    assert len({len(getattr(history, name)) for name in MEASURED_COLUMNS}) == 1
    assert len(history.frames) == len(history.frame_steps)


def clone(rng: torch.Generator) -> torch.Generator:
    copied = torch.Generator()
    copied.set_state(rng.get_state())
    return copied


# parity with the textbook's loop


def textbook(run: Run, images: torch.Tensor, steps: int) -> tuple[nn.Module, nn.Module, list]:
    """The same steps from the same state as the plainest loop would make them."""
    recipe = run.recipe
    generator, discriminator = copy.deepcopy(run.generator), copy.deepcopy(run.discriminator)
    rng = clone(run.rng)
    settings = {
        "lr": recipe.learning_rate,
        "betas": recipe.betas,
        "weight_decay": recipe.weight_decay,
        "fused": False,
        "foreach": False,
    }
    g_optimizer = torch.optim.Adam(generator.parameters(), **settings)
    d_optimizer = torch.optim.Adam(discriminator.parameters(), **settings)
    bce = nn.BCEWithLogitsLoss()
    size = recipe.batch_size
    ones, zeros = torch.ones(size, 1), torch.zeros(size, 1)
    losses = []
    order = torch.randperm(len(images), generator=rng)
    for step in range(steps):
        real = images[order[step * size : (step + 1) * size]].float() / 127.5 - 1

        fake = generator(torch.randn(size, generator.latent_dim, generator=rng))
        d_loss = bce(discriminator(real), ones) + bce(discriminator(fake.detach()), zeros)
        d_optimizer.zero_grad()
        d_loss.backward()
        d_optimizer.step()

        if recipe.fresh_z:
            fake = generator(torch.randn(size, generator.latent_dim, generator=rng))
        if recipe.generator_loss is saturating_generator_loss:
            g_loss = -bce(discriminator(fake), zeros)
        else:
            g_loss = bce(discriminator(fake), ones)
        g_optimizer.zero_grad()
        g_loss.backward()
        g_optimizer.step()
        losses.append((d_loss.item(), g_loss.item()))
    return generator, discriminator, losses


VARIANTS = {
    "article": {},
    "same z": {"fresh_z": False},
    "saturating": {"generator_loss": saturating_generator_loss},
    "other Adam": {"betas": (0.5, 0.9), "weight_decay": 0.1, "learning_rate": 1e-3},
}


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_a_step_equals_the_textbooks(images, changes):
    recipe = replace(ARTICLE, batch_size=16, **changes)
    run = start_run(recipe, seed=1)
    before_g, before_d = weights(run.generator), weights(run.discriminator)
    generator, discriminator, losses = textbook(run, images, steps=1)
    history = quietly(run, images, steps=1)
    assert history.d_loss[0] == pytest.approx(losses[0][0], rel=1e-5)
    assert history.g_loss[0] == pytest.approx(losses[0][1], rel=1e-5)
    for ours, theirs, before in (
        (run.generator, generator, before_g),
        (run.discriminator, discriminator, before_d),
    ):
        step, error = weights(theirs) - before, weights(ours) - weights(theirs)
        # Adam divides each gradient by its size: of a few weights, whose gradient is hardly more
        # than rounding, the step is rounding too. Over all of them that is a ten-thousandth.
        assert error.norm() < 1e-3 * step.norm()
        assert (error.abs() > 1e-2 * recipe.learning_rate).float().mean() < 1e-3
        for name, buffer in theirs.named_buffers():
            assert torch.allclose(ours.get_buffer(name), buffer, atol=1e-5)


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_four_steps_follow_the_textbooks(images, changes):
    run = start_run(replace(ARTICLE, batch_size=16, **changes), seed=1)
    generator, discriminator, losses = textbook(run, images, steps=4)
    before_g, before_d = weights(run.generator), weights(run.discriminator)
    history = quietly(run, images, epochs=1)
    assert history.d_loss == pytest.approx([d_loss for d_loss, _ in losses], rel=1e-4)
    assert history.g_loss == pytest.approx([g_loss for _, g_loss in losses], rel=1e-4)
    for ours, theirs, before in (
        (run.generator, generator, before_g),
        (run.discriminator, discriminator, before_d),
    ):
        step, error = weights(theirs) - before, weights(ours) - weights(theirs)
        # A unit on the other side of LeakyReLU's kink is enough to part them by a hundredth.
        assert error.norm() < 5e-2 * step.norm()


def test_the_discriminators_step_leaves_the_generator_alone(calm):
    run = start_run(calm)
    before, trained = state(run.generator), weights(run.discriminator)
    fake = run.generator(torch.randn(16, 8))
    drawn = state(run.generator)  # drawing has moved BatchNorm's statistics
    real = torch.rand(16, 1, 28, 28)
    d_loss, real_logits, fake_logits = discriminator_step(
        run.discriminator, run.d_optimizer, real, fake
    )
    assert not same(before, drawn)
    assert same(state(run.generator), drawn)
    assert all(p.grad is None for p in run.generator.parameters())
    assert not torch.equal(weights(run.discriminator), trained)
    assert (d_loss.shape, real_logits.shape, fake_logits.shape) == ((), (16, 1), (16, 1))
    assert not any(t.requires_grad for t in (d_loss, real_logits, fake_logits))
    assert fake.requires_grad


def test_the_generators_step_leaves_the_discriminator_alone(calm):
    run = start_run(calm)
    before, trained = state(run.discriminator), weights(run.generator)
    fake = run.generator(torch.randn(16, 8))
    g_loss, fake_logits = generator_step(run.discriminator, run.g_optimizer, fake)
    assert same(state(run.discriminator), before)
    assert all(p.grad is None for p in run.discriminator.parameters())
    assert all(p.requires_grad for p in run.discriminator.parameters())
    assert not torch.equal(weights(run.generator), trained)
    assert (g_loss.shape, fake_logits.shape) == ((), (16, 1))
    assert not any(t.requires_grad for t in (g_loss, fake_logits))


def test_steps_return_logits_of_before_the_step_in_the_right_order(calm):
    run = start_run(replace(calm, learning_rate=0.1))
    real, fake = torch.rand(16, 1, 28, 28), run.generator(torch.randn(16, 8))
    with torch.no_grad():
        expected_real, expected_fake = run.discriminator(real), run.discriminator(fake)
    _, real_logits, fake_logits = discriminator_step(run.discriminator, run.d_optimizer, real, fake)
    torch.testing.assert_close(real_logits, expected_real)
    torch.testing.assert_close(fake_logits, expected_fake)
    with torch.no_grad():
        assert not torch.allclose(run.discriminator(real), expected_real, atol=0.01)


def test_gradients_do_not_add_up_over_steps(calm):
    run = start_run(replace(calm, learning_rate=1e-12))  # the weights stay as they are
    real, z = torch.rand(16, 1, 28, 28), torch.randn(16, 8)
    norms = []
    for _ in range(3):
        fake = run.generator(z)
        discriminator_step(run.discriminator, run.d_optimizer, real, fake)
        generator_step(run.discriminator, run.g_optimizer, fake)
        norms.append((gradient_norm(run.discriminator), gradient_norm(run.generator)))
    assert norms[1] == pytest.approx(norms[0], rel=1e-4)
    assert norms[2] == pytest.approx(norms[0], rel=1e-4)


def test_the_discriminators_step_keeps_batches_of_unequal_size_apart(calm):
    run = start_run(calm)
    real, fake = torch.rand(10, 1, 28, 28), torch.rand(6, 1, 28, 28)
    with torch.no_grad():
        expected = run.discriminator(real), run.discriminator(fake)
    _, *logits = discriminator_step(run.discriminator, run.d_optimizer, real, fake)
    for one, other in zip(logits, expected, strict=True):
        torch.testing.assert_close(one, other)


# same seed, same run


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
    runs = [start_run(replace(recipe, batch_size=16), seed=0) for _ in range(2)]
    for run in runs:
        quietly(run, images, steps=3)
    assert same_run(*runs)


def test_dropout_is_on_while_training(images, recipe, calm):
    dropped, plain = start_run(recipe), start_run(calm)
    before = dropped.dropout_rng.get_state()
    quietly(dropped, images, steps=2)
    quietly(plain, images, steps=2)
    assert dropped.history.d_loss[0] != plain.history.d_loss[0]
    assert not torch.equal(dropped.dropout_rng.get_state(), before)
    assert dropped.discriminator.training
    assert dropped.generator.training


def test_dropout_is_the_same_for_no_two_steps(images, recipe):
    # With a learning rate of almost 0 and one batch, only dropout tells two steps apart.
    run = start_run(replace(recipe, learning_rate=1e-20, batch_size=70))
    d_real = quietly(run, images, steps=5).d_real
    assert len(set(d_real)) == 5


def test_train_leaves_the_global_random_state_alone(images, recipe):
    run = start_run(recipe)
    before = torch.get_rng_state()
    quietly(run, images, steps=5, frame_every=2, measure_every=2)
    assert torch.equal(torch.get_rng_state(), before)
    for _ in train_in_parts(run, images, steps=4, frame_every=2, progress=False):
        assert torch.equal(torch.get_rng_state(), before)  # also while the iterator waits


def test_the_callers_random_numbers_do_not_disturb_a_watched_run(images, recipe):
    watched, plain = start_run(recipe), start_run(recipe)
    for _ in train_in_parts(watched, images, steps=6, frame_every=2, progress=False):
        torch.rand(100)
    quietly(plain, images, steps=6, frame_every=2)
    assert same_run(watched, plain)


def test_train_leaves_the_images_alone(images, recipe):
    kept = images.clone()
    quietly(start_run(recipe), images, steps=5)
    assert torch.equal(images, kept)


# recording does not change the result


@pytest.mark.parametrize("frame_every", [1, 3, 5])
def test_frames_do_not_change_the_result(images, recipe, frame_every):
    plain, drawn = start_run(recipe), start_run(recipe)
    quietly(plain, images, steps=9)
    quietly(drawn, images, steps=9, frame_every=frame_every)
    assert same_run(plain, drawn)


def test_measuring_does_not_change_the_result_without_dropout(images, calm):
    plain, measured = start_run(calm), start_run(calm)
    quietly(plain, images, steps=9)
    quietly(measured, images, steps=9, measure_every=1)
    assert same_run(plain, measured)


def test_measuring_does_not_change_the_result_with_dropout(images, recipe):
    plain, measured = start_run(recipe), start_run(recipe)
    quietly(plain, images, steps=9)
    quietly(measured, images, steps=9, measure_every=1)
    assert same_run(plain, measured)


def test_progress_does_not_change_the_result_and_is_silent_when_off(images, recipe, capsys):
    plain, shown = start_run(recipe), start_run(recipe)
    quietly(plain, images, steps=5)
    assert capsys.readouterr() == ("", "")
    train(shown, images, steps=5)
    out, err = capsys.readouterr()
    assert out == ""
    assert "5/5" in err
    assert same_run(plain, shown)


# the history of a run


def test_what_is_recorded_and_when(images, recipe):
    run = start_run(recipe)
    history = quietly(run, images, steps=10, frame_every=4, measure_every=3)
    assert history is run.history
    assert history.steps == 10
    assert history.measured_steps == [0, 3, 6, 9]
    assert history.frame_steps == [0, 4, 8, 10]
    assert_columns_match(history)
    for frame in history.frames:
        assert frame.shape == (40, 1, 28, 28)
        assert frame.dtype == torch.uint8
    for name in ("d_real", "d_fake", "d_fake_after", "d_real_after", "d_accuracy"):
        assert all(0 <= value <= 1 for value in getattr(history, name))
    for name in ("d_loss", "g_loss", *MEASURED_COLUMNS[3:]):
        assert all(0 < value < math.inf for value in getattr(history, name))
    assert all(type(getattr(history, name)[0]) in (int, float) for name in COLUMNS)


def test_a_frame_is_not_drawn_twice_when_the_last_step_is_a_frames(images, recipe):
    assert quietly(start_run(recipe), images, steps=8, frame_every=4).frame_steps == [0, 4, 8]


def test_an_epoch_is_as_many_steps_as_there_are_whole_batches(images, recipe):
    assert quietly(start_run(recipe), images, epochs=2).steps == 2 * (70 // 16)


def test_steps_may_end_within_an_epoch(images, recipe):
    assert quietly(start_run(recipe), images, steps=6).steps == 6


def test_the_numbers_recorded_are_those_computed_by_hand(images, calm):
    run = start_run(replace(calm, learning_rate=0.01))
    for step in range(4):
        # What the step will draw, and the two players before it. Each call starts a new shuffle.
        rng = clone(run.rng)
        real = next(batches(images, 16, rng))
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


def test_measured_values_belong_to_the_step_named(images, calm):
    often, seldom = start_run(calm), start_run(calm)
    quietly(often, images, steps=7, measure_every=1)
    quietly(seldom, images, steps=7, measure_every=3)
    for name in MEASURED_COLUMNS:
        values = getattr(often.history, name)
        assert getattr(seldom.history, name) == [values[0], values[3], values[6]]


def test_frames_are_the_samplers_pictures_of_the_fixed_z_in_eval_mode(images, recipe):
    run = start_run(recipe)
    before = to_uint8(copy.deepcopy(run.sampler).eval()(run.fixed_z).detach())
    steps = []
    for history in train_in_parts(run, images, steps=5, frame_every=2, progress=False):
        steps.append(history.steps)
        eval_mode = copy.deepcopy(run.sampler).eval()
        assert torch.equal(history.frames[-1], to_uint8(eval_mode(run.fixed_z).detach()))
        assert torch.equal(history.frames[-1], sample(run.sampler, run.fixed_z))
    assert steps == [2, 4, 5]
    assert torch.equal(history.frames[0], before)
    assert not torch.equal(history.frames[0], history.frames[-1])


def test_parts_give_the_same_run_as_train(images, recipe):
    whole, parts = start_run(recipe), start_run(recipe)
    quietly(whole, images, epochs=2, frame_every=3)
    seen = list(train_in_parts(parts, images, epochs=2, frame_every=3, progress=False))
    assert all(history is parts.history for history in seen)
    assert len(seen) == len(parts.history.frames) - 1
    assert same_run(whole, parts)


# going on


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


def test_a_replaced_recipe_goes_on_with_the_other_loss(images, recipe):
    run = start_run(replace(recipe, generator_loss=saturating_generator_loss))
    assert max(quietly(run, images, steps=4).g_loss) < 0
    run.recipe = replace(run.recipe, generator_loss=non_saturating_generator_loss)
    assert min(quietly(run, images, steps=4).g_loss[4:]) > 0


# the average


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


# bad arguments


@pytest.mark.parametrize("function", [train, train_in_parts])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "epochs is None and steps is None; expected exactly one"),
        ({"epochs": 1, "steps": 1}, "epochs is 1 and steps is 1; expected exactly one"),
        ({"epochs": 0}, "epochs is 0; expected at least 1"),
        ({"steps": 0}, "steps is 0; expected at least 1"),
        ({"steps": -3}, "steps is -3; expected at least 1"),
        ({"steps": 1, "frame_every": 0}, "frame_every is 0; expected a number of steps"),
        ({"steps": 1, "measure_every": 0}, "measure_every is 0; expected a number of steps"),
    ],
)
def test_bad_numbers_are_reported_at_the_call(images, recipe, function, options, message):
    run = start_run(recipe)
    with pytest.raises(ValueError, match=message):
        function(run, images, progress=False, **options)
    assert run.history == History()


@pytest.mark.parametrize("options", [{"steps": 1}, {"epochs": 1}], ids=str)
def test_a_batch_larger_than_the_data(images, recipe, options):
    run = start_run(replace(recipe, batch_size=71))
    with pytest.raises(ValueError, match="batch_size is 71; expected 1 to 70"):
        quietly(run, images, **options)
    assert run.history.steps == 0


def test_images_that_are_floats_already(images, recipe):
    with pytest.raises(TypeError, match="images has dtype torch.float32; expected torch.uint8"):
        quietly(start_run(recipe), images / 127.5 - 1, steps=1)


def test_train_takes_its_options_by_name_only():
    for function in (train, train_in_parts):
        parameters = list(inspect.signature(function).parameters.values())
        assert [p.name for p in parameters[:2]] == ["run", "images"]
        assert all(p.kind is p.KEYWORD_ONLY for p in parameters[2:])


# the stop button


@pytest.fixture
def own_handler() -> Iterator[list[int]]:
    """A SIGINT handler of the caller's, which notes the signals that reach it."""
    reached: list[int] = []

    def handler(number: int, frame: object) -> None:
        reached.append(number)

    previous = signal.signal(signal.SIGINT, handler)
    yield reached
    assert signal.getsignal(signal.SIGINT) is handler, "the caller's handler was not put back"
    signal.signal(signal.SIGINT, previous)


def press_stop_after(run: Run, step: int) -> threading.Thread:
    """Press the stop button from another thread once ``run`` has made ``step`` steps."""

    def press() -> None:
        deadline = time.monotonic() + 20
        while run.history.steps < step and time.monotonic() < deadline:
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    return thread


def test_the_stop_button_ends_the_run_after_a_whole_step(images, recipe, own_handler):
    run = start_run(recipe)
    presser = press_stop_after(run, 5)
    history = quietly(run, images, steps=20_000)
    presser.join()
    stopped_at = history.steps
    assert 5 <= stopped_at < 20_000
    assert own_handler == []  # it was the run's to handle
    assert history is run.history
    assert_columns_match(history)
    assert history.frame_steps[-1] == stopped_at
    assert torch.equal(history.frames[-1], sample(run.sampler, run.fixed_z))
    assert is_finite(run.generator) and is_finite(run.discriminator)

    # It stands where an undisturbed run of so many steps stands,
    undisturbed = start_run(recipe)
    quietly(undisturbed, images, steps=stopped_at)
    assert same_run(run, undisturbed)
    # and goes on.
    assert quietly(run, images, steps=2).steps == stopped_at + 2
    assert_columns_match(history)


def test_the_stop_button_ends_a_watched_run(images, recipe, own_handler):
    run = start_run(recipe)
    presser = press_stop_after(run, 5)
    for _ in train_in_parts(run, images, steps=100_000, frame_every=1000, progress=False):
        pass
    presser.join()
    assert 5 <= run.history.steps < 100_000
    assert own_handler == []


def test_between_the_parts_the_button_is_the_callers(images, recipe, own_handler):
    run = start_run(recipe)
    for _ in train_in_parts(run, images, steps=6, frame_every=2, progress=False):
        os.kill(os.getpid(), signal.SIGINT)  # while the caller looks at the pictures
    assert run.history.steps == 6
    assert own_handler == [signal.SIGINT] * 3


def test_the_handler_is_put_back_after_a_part_a_run_and_an_error(images, recipe, own_handler):
    handler = signal.getsignal(signal.SIGINT)
    run = start_run(recipe)
    quietly(run, images, steps=2)
    assert signal.getsignal(signal.SIGINT) is handler
    parts = train_in_parts(run, images, steps=4, frame_every=1, progress=False)
    next(parts)
    assert signal.getsignal(signal.SIGINT) is handler
    parts.close()
    with pytest.raises(TypeError):
        quietly(run, images.float(), steps=1)
    assert signal.getsignal(signal.SIGINT) is handler


def test_training_in_another_thread(images, recipe, own_handler):
    # Only the main thread receives signals: elsewhere the run trains on and the button is the
    # caller's.
    threaded, plain = start_run(recipe), start_run(recipe)
    thread = threading.Thread(target=quietly, args=(threaded, images), kwargs={"steps": 60})
    presser = press_stop_after(threaded, 5)
    thread.start()
    thread.join()
    presser.join()
    assert own_handler == [signal.SIGINT]
    quietly(plain, images, steps=60)
    assert same_run(threaded, plain)


# numbers that are not finite


class Poisoned(Exception):
    """Raised by a network on purpose."""


def spoil_output(network: nn.Module, value: float) -> torch.utils.hooks.RemovableHandle:
    """From now on ``network`` answers ``value`` in train mode; ``remove()`` ends that."""
    return network.register_forward_hook(
        lambda module, inputs, output: output + value if module.training else output
    )


def raise_in_generators_step(network: nn.Module) -> torch.utils.hooks.RemovableHandle:
    def hook(module: nn.Module, inputs: tuple) -> None:
        if not any(p.requires_grad for p in module.parameters()):  # the generator's step
            raise Poisoned

    return network.register_forward_pre_hook(hook)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_fakes_that_are_not_finite_stop_the_run_before_the_weights_change(images, recipe, value):
    run = start_run(recipe)
    quietly(run, images, steps=3)
    g_before, d_before = weights(run.generator), weights(run.discriminator)
    average = state(run.sampler)
    hook = spoil_output(run.generator, value)
    message = "The discriminator's loss became (nan|inf): .*smaller learning_rate"
    with pytest.raises(FloatingPointError, match=message):
        quietly(run, images, steps=3)
    assert torch.equal(weights(run.generator), g_before)
    assert torch.equal(weights(run.discriminator), d_before)
    assert same(state(run.sampler), average)
    assert run.history.steps == 3
    assert_columns_match(run.history)
    assert all(p.requires_grad for p in run.discriminator.parameters())
    hook.remove()
    assert quietly(run, images, steps=2).steps == 5
    assert is_finite(run.generator) and is_finite(run.discriminator)


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_after_an_error_the_player_concerned_has_not_moved(images, recipe, player):
    run = start_run(recipe)
    quietly(run, images, steps=3)
    before = {name: weights(getattr(run, name)) for name in (player, "sampler")}
    if player == "discriminator":
        spoil_output(run.generator, math.nan)
    else:
        run.recipe = replace(recipe, generator_loss=lambda fake_logits: fake_logits.mean() / 0)
    with pytest.raises(FloatingPointError, match=f"The {player}'s loss became"):
        quietly(run, images, steps=3)
    for name, vector in before.items():
        assert torch.equal(weights(getattr(run, name)), vector)
    assert run.history.steps == 3
    assert_columns_match(run.history)


def test_a_huge_learning_rate_names_the_cure(images, recipe):
    run = start_run(replace(recipe, learning_rate=1e30))
    with pytest.raises(FloatingPointError, match="smaller learning_rate"):
        quietly(run, images, steps=5)
    assert_columns_match(run.history)


def test_weights_that_diverge_while_the_losses_are_finite(images):
    # A step's losses are computed before its update: here the update, not the loss, overflows.
    run = start_run(replace(COURSE, learning_rate=1e8, batch_size=16), seed=0)
    with pytest.raises(FloatingPointError, match="smaller learning_rate"):
        quietly(run, images, steps=10, frame_every=1)


def test_a_discriminator_step_that_is_not_finite_touches_nothing(calm):
    run = start_run(calm)
    real, fake = torch.rand(16, 1, 28, 28), run.generator(torch.randn(16, 8))
    discriminator_step(run.discriminator, run.d_optimizer, real, fake)
    before, memory = state(run.discriminator), copy.deepcopy(run.d_optimizer.state_dict())
    with pytest.raises(FloatingPointError, match="The discriminator's loss became nan"):
        discriminator_step(run.discriminator, run.d_optimizer, real * math.nan, fake)
    assert same(state(run.discriminator), before)
    assert str(run.d_optimizer.state_dict()) == str(memory)


def test_a_generator_step_that_is_not_finite_touches_nothing(calm):
    run = start_run(calm)
    generator_step(run.discriminator, run.g_optimizer, run.generator(torch.randn(16, 8)))
    fake = run.generator(torch.randn(16, 8)) * math.nan
    before, memory = state(run.generator), copy.deepcopy(run.g_optimizer.state_dict())
    with pytest.raises(FloatingPointError, match="The generator's loss became nan"):
        generator_step(run.discriminator, run.g_optimizer, fake)
    assert same(state(run.generator), before)
    assert str(run.g_optimizer.state_dict()) == str(memory)
    assert all(p.requires_grad for p in run.discriminator.parameters())


def test_the_discriminator_learns_again_after_an_error_in_the_generators_step(images, recipe):
    run = start_run(recipe)
    hook = raise_in_generators_step(run.discriminator)
    state_before = torch.get_rng_state()
    with pytest.raises(Poisoned):
        quietly(run, images, steps=1)
    assert all(p.requires_grad for p in run.discriminator.parameters())
    assert torch.equal(torch.get_rng_state(), state_before)
    assert run.history.steps == 0
    hook.remove()
    before = weights(run.discriminator)
    quietly(run, images, steps=1)
    assert not torch.equal(weights(run.discriminator), before)


# gradient_norm and sample


def test_the_gradient_norm_is_the_length_over_all_weights():
    network = nn.Linear(2, 2)
    network.weight.grad = torch.tensor([[1.0, -2.0], [2.0, 4.0]])
    network.bias.grad = torch.tensor([-10.0, 10.0])
    assert gradient_norm(network) == pytest.approx(15.0)
    network.bias.grad = None
    assert gradient_norm(network) == pytest.approx(5.0)


def test_the_gradient_norm_without_gradients():
    with pytest.raises(ValueError, match="network has no gradients.*backward"):
        gradient_norm(nn.Linear(2, 2))


@pytest.mark.parametrize("training", [True, False])
def test_sample_draws_in_eval_mode_and_restores_the_mode(recipe, training):
    generator = recipe.build_generator().train(training)
    before = state(generator)
    z = torch.randn(6, 8)
    drawn = sample(generator, z)
    assert drawn.shape == (6, 1, 28, 28)
    assert drawn.dtype == torch.uint8
    assert all(module.training is training for module in generator.modules())
    assert same(state(generator), before)  # BatchNorm's statistics too
    expected = to_uint8(copy.deepcopy(generator).eval()(z).detach())
    assert torch.equal(drawn, expected)


@pytest.mark.parametrize("training", [True, False])
def test_sample_restores_the_mode_after_an_error(recipe, training):
    generator = recipe.build_generator().train(training)
    with pytest.raises(ValueError, match="z has shape"):
        sample(generator, torch.randn(6, 9))
    assert generator.training is training
    with torch.no_grad():
        generator.layers[0].weight.fill_(math.nan)
    with pytest.raises(ValueError, match="images holds NaN"):
        sample(generator, torch.randn(6, 8))
    assert generator.training is training


# it learns


def test_the_discriminator_learns_to_tell_digits_from_noise(recipe):
    images, _ = load_mnist("test")
    run = start_run(replace(recipe, batch_size=32))
    history = quietly(run, images[:320], steps=30, measure_every=1)
    assert history.d_loss[0] == pytest.approx(2 * math.log(2), abs=0.3)
    assert sum(history.d_accuracy[-5:]) / 5 > 0.9
    assert sum(history.d_real[-5:]) > sum(history.d_fake[-5:]) + 1
