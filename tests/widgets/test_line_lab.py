"""The one-dimensional lab, driven as a reader would, without a browser."""

import asyncio
import re

import pytest
import torch
from helping import control, parts, pictures, pixels, texts, weights

from gan_helpers import widgets
from gan_helpers.games import LINE_RECIPES, start_toy, toy_step
from gan_helpers.losses import saturating_generator_loss
from gan_helpers.widgets import running


class Reader:
    """Finds the controls by the names that a reader sees."""

    def __init__(self, seed=0):
        self.lab = widgets.one_dimensional_lab(seed)
        self.bars = [
            one for one in parts(self.lab) if getattr(one, "orientation", "") == "vertical"
        ]
        (self.bars_row,) = (
            one for one in parts(self.lab) if getattr(one, "children", ()) == tuple(self.bars)
        )

    def control(self, name):
        return control(self.lab, name)

    def press(self, name):
        self.control(name).click()

    @property
    def words(self):
        return texts(self.lab)

    def steps(self):
        return tuple(map(int, re.search(r"Steps made: D (\d+), G (\d+)", self.words).groups()))

    def pixels(self):
        return pixels(*pictures(self.lab))


@pytest.fixture
def reader():
    return Reader()


# --- step by step -------------------------------------------------------------------------------


def test_one_step_of_either_player_moves_that_one_alone_and_shows_it(reader):
    run = reader.lab.run
    d, g, before = weights(run.discriminator), weights(run.generator), reader.pixels()
    assert reader.steps() == (0, 0)
    reader.press("Step D")
    assert reader.steps() == (1, 0) and "One step of D" in reader.words
    assert not torch.equal(d, weights(run.discriminator))
    assert torch.equal(g, weights(run.generator))
    assert (reader.pixels() != before).any()
    reader.press("Step G")
    assert reader.steps() == (1, 1) and "One step of G" in reader.words
    assert not torch.equal(g, weights(run.generator))
    view = reader.lab.view
    numbers = f"V(D, G) = {view.value:.3f}, -log 4 + 2 JSD = {view.bound:.3f} nats"
    alt = reader.lab._still()[1]
    for words in (reader.words, alt):
        assert numbers in words and "Steps made: D 1, G 1" in words
        assert "Real: mean 1.50, std 0.70" in words and "12 fakes" in words
    assert 'role="status"' in reader.words


def test_reset_takes_the_next_seed_and_keeps_the_controls(reader):
    reader.control("G's loss").value = "saturating"
    before = weights(reader.lab.run.generator)
    reader.press("Reset")
    assert reader.lab.seed == 1 and "seed 1" in reader.words
    assert not torch.equal(before, weights(reader.lab.run.generator))
    assert torch.equal(weights(reader.lab.run.generator), weights(Reader(1).lab.run.generator))
    assert reader.lab.run.recipe.generator_loss is saturating_generator_loss


# --- steering -----------------------------------------------------------------------------------


def test_the_controls_steer_the_game_that_is_on(reader):
    reader.press("Step D")
    run, pulls = reader.lab.run, reader.lab.view.pulls
    reader.control("G's loss").value = "saturating"
    reader.control("learning rate of D").value = 0.01
    reader.control("learning rate of G").value = 0.02
    reader.control("D-steps per G-step").value = 7
    reader.control("Adam's beta 1").value = 0.9
    recipe = reader.lab.run.recipe
    assert reader.lab.run is run and run.d_steps == 1
    assert recipe.generator_loss is saturating_generator_loss
    assert (recipe.d_rate, recipe.g_rate, recipe.d_steps) == (0.01, 0.02, 7)
    assert recipe.betas == (0.9, 0.999)
    assert not torch.equal(pulls, reader.lab.view.pulls)  # the other loss pulls otherwise


def test_the_target_is_chosen_or_drawn(reader):
    assert reader.bars_row.layout.display == "none"
    before = reader.pixels()
    reader.control("real data").value = "two normals"
    assert "Real: mean 1.00, std 2.04" in reader.words
    assert (reader.pixels() != before).any()

    reader.control("real data").value = "drawn below"
    assert reader.bars_row.layout.display != "none" and len(reader.bars) == 12
    for bar in reader.bars:
        bar.value = 0
    assert "raise one" in reader.words  # nothing is drawn: the last target stays
    assert sum(reader.lab.run.recipe.target.heights) > 0
    reader.bars[3].value = 10  # the fourth of twelve between -3 and 3: from -1.5 to -1
    assert "raise one" not in reader.words
    assert "Real: mean -1.25, std 0.14" in reader.words


@pytest.mark.parametrize("name", LINE_RECIPES)
def test_a_preset_sets_every_control_and_begins_anew(reader, name):
    reader.control("real data").value = "drawn below"
    reader.control("learning rate of D").value = 0.05
    reader.press("Step D")
    reader.press(name)
    recipe = LINE_RECIPES[name]
    assert reader.lab.run.recipe == recipe and reader.steps() == (0, 0)
    assert f"Set up: {name}" in reader.words and reader.bars_row.layout.display == "none"
    reader.bars[0].value = 1  # all controls are read again: they say the same
    assert reader.lab.run.recipe == recipe


def test_rates_keep_their_value_and_bars_say_what_they_are(reader):
    for player in "DG":
        # Shown in JupyterLab, a slider that updates while it is dragged rounds its value.
        assert not reader.control(f"learning rate of {player}").continuous_update
    names = [bar.tooltip for bar in reader.bars]
    assert names[2] == "height of bar 3 of 12, around x = -1.75" and len(set(names)) == 12


# --- running ------------------------------------------------------------------------------------


def test_start_trains_while_the_kernel_stays_free_and_pause_ends_it(reader, monkeypatch):
    monkeypatch.setattr(running, "SHOW_EVERY", 0.0)  # a picture after each burst
    monkeypatch.setattr(running, "SHOW_SHARE", 1e9)
    monkeypatch.setattr(running, "BURST", 0.0)  # one step

    async def play():
        before, turns = reader.pixels(), 0
        reader.press("Start")
        assert reader.control("Pause")
        while reader.lab.run.g_steps < 6:
            await asyncio.sleep(0)
            turns += 1
        assert turns >= 5 * running.TURNS  # between two steps, others had so many
        assert reader.steps()[1] >= 5 and (reader.pixels() != before).any()  # and it was shown
        reader.press("Pause")
        made = reader.lab.run.g_steps
        await asyncio.sleep(0.1)
        assert reader.lab.run.g_steps == reader.steps()[1] == made
        assert "Paused" in reader.words
        reader.press("Start")  # and on from there
        while reader.lab.run.g_steps == made:
            await asyncio.sleep(0)
        reader.press("Pause")

    asyncio.run(play())
    run = start_toy(LINE_RECIPES["healthy"], 0)
    for _ in range(reader.lab.run.g_steps):
        toy_step(run)  # running is the same game as stepping
    assert torch.equal(weights(reader.lab.run.generator), weights(run.generator))


def test_starting_one_lab_pauses_the_other(reader):
    other = Reader(1)

    async def play():
        reader.press("Start")
        await asyncio.sleep(0)
        other.press("Start")
        assert reader.control("Start") and other.control("Pause")
        await asyncio.sleep(0)
        other.press("Pause")

    asyncio.run(play())


def test_without_an_event_loop_start_says_so(reader):
    reader.press("Start")
    assert "JupyterLab" in reader.words and reader.control("Start")


@pytest.mark.filterwarnings("error")
def test_a_generator_that_diverges_stops_the_run_and_is_said(reader):
    async def play():
        with torch.no_grad():
            reader.lab.run.generator.layers[0].weight.fill_(float("nan"))
        reader.press("Start")
        while "Stopped" not in reader.words:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(play(), timeout=60))
    assert "Stopped. The discriminator's loss became nan" in reader.words
    assert reader.control("Start")
    reader.press("Step G")
    assert "The generator's loss became nan" in reader.words
    reader.control("D-steps per G-step").value = 5
    assert "the generator has diverged. Reset begins" in reader.words
    reader.press("Reset")
    assert reader.steps() == (0, 0)
