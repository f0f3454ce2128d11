"""Live training in the browser: the run that is watched is the run that the buttons made."""

import base64
import re

import ipywidgets
import pytest

from browser import lab
from gan_helpers.data import load_mnist
from gan_helpers.training import COURSE, start_run
from gan_helpers.widgets.live_training import live_training

PANEL = "live"


@pytest.fixture(scope="module")
def twin():
    """The same panel in the test's own process."""
    return live_training(start_run(COURSE), load_mnist()[0])


def click(panel, name):
    panel.get_by_role("button", name=name).click()  # its icon is part of a button's name


def expect_twin(panel, twin):
    pictures = lab.parts(twin, ipywidgets.Image)
    for k, picture in enumerate(pictures):
        lab.expect_picture(panel.locator("img").nth(k), lab.pixels(picture.value))


def steps(panel):
    text = panel.get_by_role("status").inner_text()
    return int(re.search(r"([\d,]+) whole steps", text)[1].replace(",", ""))


def test_single_steps_move_the_player_that_they_name(panels_page, panel, twin):
    expect_twin(panel, twin)
    for player, words in (("Step D", "the discriminator"), ("Step G", "the generator")):
        click(panel, player)
        lab.part(twin, player).click()
        panel.get_by_role("status").get_by_text(f"Last to move: {words}, alone.").wait_for()
        expect_twin(panel, twin)


def test_training_starts_takes_orders_and_pauses(panels_page, panel):
    click(panel, "Start")
    lab.wait_until(lambda: steps(panel) > 5, panels_page, "the run does not start")
    # In the middle of the run: another loss, another learning rate, and a look at the history.
    panel.get_by_role("radio", name="saturating", exact=True).check()
    lab.press(lab.slider(panel, "G's learning rate"), "ArrowLeft")
    loss = "run.recipe.generator_loss.__name__"
    lab.wait_until(
        lambda: lab.ask(panels_page, loss) == "'saturating_generator_loss'",
        panels_page,
        "the run keeps its loss",
    )
    lab.wait_until(
        lambda: lab.ask(panels_page, "rate != run.g_optimizer.param_groups[0]['lr']") == "True",
        panels_page,
        "the run keeps its learning rate",
    )
    click(panel, "Pause")
    panel.get_by_role("status").get_by_text("Paused").wait_for()
    made = int(lab.ask(panels_page, "run.history.steps"))
    panels_page.wait_for_timeout(500)
    assert int(lab.ask(panels_page, "run.history.steps")) == made == steps(panel)
    # What is shown was drawn beside the frame, and the page may show it a moment after the words.
    frame = "base64.b64encode(plots.samples_png(run.history.frames[-1], 5)).decode()"
    last = lab.pixels(base64.b64decode(lab.ask(panels_page, frame).strip("'")))
    lab.expect_picture(panel.locator("img").first, last)
