"""The one-dimensional lab in the browser: buttons and controls move the game that is shown."""

import re

import ipywidgets
import pytest

from browser import lab
from gan_helpers.games import LINE_RECIPES
from gan_helpers.widgets.line_lab import one_dimensional_lab

PANEL = "lab"


@pytest.fixture
def twin():
    """The same panel in the test's own process, at its start."""
    return one_dimensional_lab(0)


def click(panel, name):
    panel.get_by_role("button", name=name, exact=True).click()


def expect_twin(panel, twin):
    (picture,) = lab.parts(twin, ipywidgets.Image)
    lab.expect_picture(panel.locator("img"), lab.pixels(picture.value))


def steps(panel):
    """Steps of D and of G."""
    text = panel.get_by_text("Steps made:").inner_text()
    return tuple(map(int, re.search(r"D (\d+), G (\d+)", text).groups()))


def test_single_steps_move_one_player(panels_page, panel, twin):
    click(panel, "healthy")
    expect_twin(panel, twin)
    for k, player in enumerate(("Step D", "Step G", "Step D"), 1):
        click(panel, player)
        lab.part(twin, player).click()
        lab.wait_until(lambda k=k: sum(steps(panel)) == k, panels_page, f"{player} does nothing")
        expect_twin(panel, twin)
    assert steps(panel) == (2, 1)


@pytest.mark.parametrize("name", ["oscillation", "saturation", "collapse"])
def test_presets_set_up_their_game(panels_page, panel, twin, name):
    click(panel, name)
    lab.part(twin, name).click()
    panel.get_by_text(f"Set up: {name}.").wait_for()
    expect_twin(panel, twin)
    panels_page.wait_for_timeout(500)  # the page has shown the new values, and might send others
    panel.get_by_text(f"Set up: {name}.").wait_for()
    assert lab.ask(panels_page, f"line.run.recipe == LINE_RECIPES[{name!r}]") == "True"
    click(panel, "Step D")  # as the reader goes on
    panel.get_by_text("One step of D").wait_for()
    assert lab.ask(panels_page, f"line.run.recipe == LINE_RECIPES[{name!r}]") == "True"
    rates = [panel.get_by_role("textbox", name=f"learning rate of {p}") for p in "DG"]
    recipe = LINE_RECIPES[name]
    assert [float(rate.inner_text()) for rate in rates] == [recipe.d_rate, recipe.g_rate]


def test_a_target_is_drawn_with_bars(panels_page, panel, twin):
    click(panel, "healthy")
    panel.get_by_role("combobox", name="real data").select_option("drawn below")
    lab.part(twin, "real data").value = "drawn below"
    expect_twin(panel, twin)
    bar = lab.parts(twin, ipywidgets.IntSlider)[-1]
    assert bar.tooltip == "height of bar 12 of 12, around x = 2.75"
    lab.press(lab.slider(panel, bar.tooltip), "ArrowUp", "ArrowUp")
    bar.value = 2
    expect_twin(panel, twin)


def test_training_runs_until_paused(panels_page, panel):
    click(panel, "healthy")
    click(panel, "Start")
    lab.wait_until(lambda: min(steps(panel)) > 20, panels_page, "nothing is trained")
    click(panel, "Pause")
    panel.get_by_text("Paused").wait_for()
    made = steps(panel)
    panels_page.wait_for_timeout(500)
    assert steps(panel) == made
    click(panel, "Reset")
    panel.get_by_text("New networks, from seed").wait_for()
    assert steps(panel) == (0, 0)
