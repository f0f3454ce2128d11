"""The panel that trains a run: its steps are those of ``train``, whoever presses what when."""

import asyncio
import signal
from dataclasses import replace

import pytest
import torch
from helping import CALM, TINY, Watcher, assert_same_run, moved, pixels, quietly, same_run, weights

from gan_helpers.losses import saturating_generator_loss
from gan_helpers.models import sample
from gan_helpers.training import load_checkpoint, save_checkpoint, start_run, steps
from gan_helpers.widgets import running


@pytest.fixture
def reader(images) -> Watcher:
    return Watcher(start_run(TINY, seed=3), images)


@pytest.fixture
def single_slices(monkeypatch) -> None:
    """One step between two turns of the loop: tests can pause at any step."""
    monkeypatch.setattr(running, "BURST", 1e-9)


@pytest.fixture
def trained(images):
    """A run of as many steps by ``train``; each part ends with a picture."""

    def make(*parts: int):
        run = start_run(TINY, seed=3)
        for part in parts:
            quietly(run, images, steps=part)
        return run

    return make


# --- the panel's steps are train's --------------------------------------------------------------


@pytest.mark.usefixtures("single_slices")
@pytest.mark.parametrize(("k", "count"), [(1, 200), (3, 4)])
def test_steps_of_the_panel_are_those_of_train_and_print_nothing(
    reader, images, trained, capfd, k, count
):
    reader.control("steps of D for one of G").value = k
    reader.play(count)
    assert capfd.readouterr() == ("", "")
    if k == 1:
        assert_same_run(reader.run, trained(count))
        return
    plain = trained()
    for _ in range(count):
        steps.play_discriminator_step(plain, images)
        steps.play_discriminator_step(plain, images)
        steps.play_step(plain, images)
    assert same_run(reader.run, plain) and reader.run.history.steps == count


@pytest.mark.usefixtures("single_slices")
def test_paused_saved_and_trained_on_is_as_never_paused(reader, images, trained, tmp_path):
    reader.play(3)
    reader.play(4)
    save_checkpoint(reader.run, tmp_path / "run.safetensors")
    for run in (reader.run, load_checkpoint(tmp_path / "run.safetensors")):
        quietly(run, images, steps=5)
        assert_same_run(run, trained(3, 4, 5))


def test_cells_run_meanwhile_and_do_not_disturb(reader, images, trained):
    async def act():
        torch.manual_seed(5)
        reader.toggle.value = True
        drawn = []
        for _ in range(4):
            await reader.until(reader.run.history.steps + 3)
            drawn.append(torch.randn(3))
            quietly(reader.run, images, steps=2)  # even this
        reader.toggle.value = False
        await reader.paused()
        return drawn

    drawn = asyncio.run(act())
    torch.manual_seed(5)
    assert all(torch.equal(numbers, torch.randn(3)) for numbers in drawn)
    assert reader.run.history.steps >= 20
    assert same_run(reader.run, trained(reader.run.history.steps))


# --- one player alone ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "who"), [("Step D", {"discriminator"}), ("Step G", {"generator", "sampler"})]
)
def test_a_single_step_moves_one_player_alone(reader, name, who):
    before = pixels(reader.curves)
    assert moved(reader.run, reader.control(name).click) == who
    assert reader.run.history.steps == 0 and not reader.run.history.frames
    assert f"{'discriminator' if name == 'Step D' else 'generator'}, alone" in reader.words
    assert (pixels(reader.curves) != before).any()


def test_a_single_step_is_the_textbooks(images):
    reader, run = Watcher(start_run(CALM, seed=3), images), start_run(CALM, seed=3)
    reader.press("Step D", "Step G")
    real = steps._next_batch(run, images, None)[0]
    fake = run.generator(torch.randn(16, 8, generator=run.rng)).detach()
    steps.discriminator_step(run.discriminator, run.d_optimizer, real, fake)
    fake = run.generator(torch.randn(16, 8, generator=run.rng))
    steps.generator_step(run.discriminator, run.g_optimizer, fake)
    run.average.update_parameters(run.generator)
    for name in ("generator", "discriminator", "sampler"):
        assert torch.equal(weights(getattr(reader.run, name)), weights(getattr(run, name))), name


def test_single_steps_draw_from_the_run_and_its_dropout(images):
    runs = [start_run(TINY, seed=3) for _ in range(3)]
    for global_seed, run in enumerate(runs[:2]):
        torch.manual_seed(global_seed)
        Watcher(run, images).press(*["Step D", "Step G"] * 3)
        assert torch.equal(torch.get_rng_state(), torch.manual_seed(global_seed).get_state())
    one, two, fresh = runs
    assert_same_run(one, two)
    assert not torch.equal(one.rng.get_state(), fresh.rng.get_state())
    assert not torch.equal(one.dropout_rng.get_state(), fresh.dropout_rng.get_state())


# --- steering -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("single_slices")
def test_the_loss_is_switched_in_the_middle(reader, images, trained):
    switch = reader.control("G's loss")
    assert switch.label == "non-saturating"

    async def act():
        reader.toggle.value = True
        await reader.until(5)
        switch.label = "saturating"
        await reader.until(10)
        reader.toggle.value = False
        await reader.paused()

    asyncio.run(act())
    plain = trained(5)
    plain.recipe = replace(TINY, generator_loss=saturating_generator_loss)
    quietly(plain, images, steps=5)
    assert same_run(reader.run, plain)


def test_a_loss_of_ones_own_stays_until_another_is_chosen(images):
    own = torch.mean
    reader = Watcher(start_run(replace(TINY, generator_loss=own)), images)
    switch = reader.control("G's loss")
    assert switch.label == "the recipe's own" and reader.run.recipe.generator_loss is own
    switch.label = "saturating"
    assert reader.run.recipe.generator_loss is saturating_generator_loss


def test_learning_rates_reach_the_optimisers_when_they_are_moved(reader):
    optimizers = {"D": reader.run.d_optimizer, "G": reader.run.g_optimizer}
    for player, optimizer in optimizers.items():
        rate = reader.control(f"{player}'s learning rate")
        assert rate.value == optimizer.param_groups[0]["lr"] == TINY.learning_rate
        # Shown in JupyterLab, a slider that updates while it is dragged rounds its value.
        assert not rate.continuous_update
        rate.value = 1e-4
        assert optimizer.param_groups[0]["lr"] == pytest.approx(1e-4)


@pytest.mark.parametrize("rate", [0.0, 1e-9, 0.7, 1e30])
def test_learning_rates_out_of_the_ordinary_are_left_alone(images, rate):
    run = start_run(replace(TINY, learning_rate=rate))
    reader = Watcher(run, images)
    assert run.d_optimizer.param_groups[0]["lr"] == rate
    if 1e-6 <= rate:
        assert reader.control("D's learning rate").value == rate


# --- start and pause ----------------------------------------------------------------------------


def test_the_toggle_shows_the_state(reader):
    async def act():
        assert (reader.toggle.description, reader.toggle.value) == ("Start", False)
        reader.toggle.value = True
        assert reader.toggle.description == "Pause" and reader.toggle.tooltip
        assert reader.control("Step D").disabled and reader.control("Step G").disabled
        await reader.until(1)
        assert "Training" in reader.words
        reader.toggle.value = False
        await reader.paused()

    asyncio.run(act())
    assert reader.toggle.description == "Start" and "Paused" in reader.words
    assert not reader.control("Step D").disabled
    assert f"{reader.run.history.steps} whole steps" in reader.words
    assert "Last to move: both players" in reader.words
    frame = sample(reader.run.sampler, reader.run.fixed_z)
    assert (pixels(reader.samples)[2:30, 2:30] == frame[0, 0].numpy()).all()


def test_started_paused_and_started_at_once_there_is_one_loop(reader):
    async def act():
        for on in (True, False, True, False, True):
            reader.toggle.value = on
        await reader.until(2)
        tasks = len(asyncio.all_tasks())
        reader.toggle.value = False
        await reader.paused()
        return tasks

    assert asyncio.run(act()) == 2  # this one, and the panel's


@pytest.mark.usefixtures("single_slices")
def test_a_second_panel_pauses_the_first(reader, images, trained):
    async def act():
        reader.toggle.value = True
        await reader.until(4)
        second = Watcher(reader.run, images)
        assert not reader.toggle.value  # its picture may be gone: nobody could pause it
        second.toggle.value = True
        reader.toggle.value = True
        assert not second.toggle.value
        await reader.until(8)
        second.toggle.value = True
        assert not reader.toggle.value
        await second.until(12)
        assert len(asyncio.all_tasks()) == 2
        second.toggle.value = False
        await second.paused()

    asyncio.run(act())
    assert reader.run.history.steps >= 12
    assert same_run(reader.run, trained(reader.run.history.steps))


def test_without_a_loop_start_says_what_it_needs(reader):
    reader.toggle.value = True
    assert not reader.toggle.value and reader.toggle.description == "Start"
    assert "none is running here" in reader.words and "train(run, images" in reader.words
    reader.press("Step D")  # needs none
    assert "discriminator, alone" in reader.words
    reader.play(2)
    assert reader.run.history.steps >= 2


def test_the_kernels_stop_button_pauses_after_a_whole_step(reader, trained, monkeypatch):
    done = steps._step

    def pressing(run, *more):
        if run.history.steps == 5:
            signal.raise_signal(signal.SIGINT)
        done(run, *more)

    with monkeypatch.context() as patched:
        patched.setattr(steps, "_step", pressing)
        reader.play()
    assert reader.run.history.steps == 6 and "Paused" in reader.words
    assert same_run(reader.run, trained(6))
