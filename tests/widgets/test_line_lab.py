"""The one-dimensional lab, driven as a reader would, without a browser."""

import asyncio
import io
import re

import ipywidgets
import numpy as np
import pytest
import torch
from PIL import Image

from gan_helpers import widgets
from gan_helpers.games import LINE_RECIPES, Bars, start_toy, toy_step
from gan_helpers.losses import saturating_generator_loss
from gan_helpers.widgets import running


def every_widget(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from every_widget(child)


class Reader:
    """Finds the controls by the names that a reader sees."""

    def __init__(self, seed=0):
        self.lab = widgets.one_dimensional_lab(seed)
        self.all = list(every_widget(self.lab))
        (self.picture,) = (w for w in self.all if isinstance(w, ipywidgets.Image))
        self.bars = [w for w in self.all if getattr(w, "orientation", "") == "vertical"]
        (self.bars_row,) = (w for w in self.all if getattr(w, "children", ()) == tuple(self.bars))

    def control(self, name):
        (found,) = (w for w in self.all if getattr(w, "description", None) == name)
        return found

    def press(self, name):
        self.control(name).click()

    @property
    def words(self):
        return " ".join(w.value for w in self.all if isinstance(w, ipywidgets.HTML))

    def steps(self):
        made = re.search(r"Steps made: D (\d+), G (\d+)", self.words)
        return tuple(map(int, made.groups()))

    def pixels(self):
        return np.asarray(Image.open(io.BytesIO(self.picture.value)).convert("RGB"))


@pytest.fixture
def reader():
    return Reader()


def weights(network):
    return torch.nn.utils.parameters_to_vector(network.parameters()).detach().clone()


# --- what is shown ------------------------------------------------------------------------------


def test_every_control_has_a_name_and_a_hint(reader):
    kinds = (ipywidgets.Button, ipywidgets.Dropdown, ipywidgets.FloatLogSlider,
             ipywidgets.IntSlider)  # fmt: skip
    controls = [w for w in reader.all if isinstance(w, kinds)]
    assert len(controls) == 4 + 4 + 3 + 2 + 1 + 12
    assert all(w.description and w.tooltip for w in controls)
    assert len({w.description for w in controls}) == len(controls)
    assert reader.pixels().shape[1] <= 900


def test_the_words_are_the_numbers_of_the_state(reader):
    view = reader.lab.view
    assert reader.steps() == (0, 0)
    assert f"V(D, G) = {view.value:.3f}, -log 4 + 2 JSD = {view.bound:.3f} nats" in reader.words
    assert "Real: mean 1.50, std 0.70" in reader.words
    assert 'role="status"' in reader.words and "12 fakes" in reader.words


def test_the_still_picture_says_what_it_shows(reader):
    reader.press("Step G")
    data, about = reader.lab._repr_mimebundle_()
    alt = about["image/png"]["alt"]
    assert data["image/png"].startswith(b"\x89PNG") and "Steps made: D 0, G 1" in alt
    assert f"V(D, G) = {reader.lab.view.value:.3f}" in alt


# --- step by step -------------------------------------------------------------------------------


def test_one_step_of_either_player_moves_that_one_alone(reader):
    run = reader.lab.run
    d, g, before = weights(run.discriminator), weights(run.generator), reader.pixels()
    reader.press("Step D")
    assert reader.steps() == (1, 0) and "One step of D" in reader.words
    assert not torch.equal(d, weights(run.discriminator))
    assert torch.equal(g, weights(run.generator))
    assert (reader.pixels() != before).any()
    reader.press("Step G")
    assert reader.steps() == (1, 1) and "One step of G" in reader.words
    assert not torch.equal(g, weights(run.generator))


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
    assert isinstance(reader.lab.run.recipe.target, Bars)
    assert sum(reader.lab.run.recipe.target.heights) > 0
    reader.bars[3].value = 10  # the fourth of twelve between -3 and 3: from -1.5 to -1
    assert "raise one" not in reader.words
    assert "Real: mean -1.25, std 0.14" in reader.words
    reader.press("Step D")


@pytest.mark.parametrize("name", LINE_RECIPES)
def test_a_preset_sets_every_control_and_begins_anew(reader, name):
    reader.control("real data").value = "drawn below"
    reader.control("learning rate of D").value = 0.05
    reader.press("Step D")
    reader.press(name)
    recipe = LINE_RECIPES[name]
    assert reader.lab.run.recipe == recipe and reader.steps() == (0, 0)
    assert f"Set up: {name}" in reader.words and reader.bars_row.layout.display == "none"
    reader.lab._take_recipe()  # what the controls say is the same
    assert reader.lab.run.recipe == recipe
    assert reader.control("learning rate of D").value == recipe.d_rate


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
        reader.control("G's loss").value = "saturating"
        assert reader.lab.run.recipe.generator_loss is saturating_generator_loss
        reader.press("Pause")
        made = reader.lab.run.g_steps
        await asyncio.sleep(0.1)
        assert reader.lab.run.g_steps == made and reader.steps()[1] == made
        assert "Paused" in reader.words
        reader.press("Start")  # and on from there
        while reader.lab.run.g_steps == made:
            await asyncio.sleep(0)
        reader.press("Pause")

    asyncio.run(play())


def test_running_is_the_same_game_as_stepping(reader):
    async def play():
        reader.press("Start")
        while reader.lab.run.g_steps < 4:
            await asyncio.sleep(0)
        reader.press("Pause")

    asyncio.run(play())
    run = start_toy(LINE_RECIPES["healthy"], 0)
    for _ in range(reader.lab.run.g_steps):
        toy_step(run)
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
        while reader.lab._runner.running:
            await asyncio.sleep(0)

    asyncio.run(play())
    assert "Stopped. The discriminator's loss became nan" in reader.words
    assert reader.control("Start")
    reader.press("Step G")
    assert "The generator's loss became nan" in reader.words
    reader.control("D-steps per G-step").value = 5
    assert "the generator has diverged. Reset begins" in reader.words
    reader.press("Reset")
    assert reader.steps() == (0, 0)


def test_callbacks_print_nothing(reader, capsys):
    reader.press("Step D")
    reader.control("real data").value = "uniform"
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
