"""Notebook 01 as a reader runs it, to its second panel, and the first panel that they meet."""

import pytest

from browser import lab
from gan_helpers import plots, widgets

NAME = "01_the_adversarial_game.ipynb"


@pytest.fixture(scope="package")
def notebook_page(new_page, address, folder):
    # What follows are games of half a minute, which nbval runs.
    lab.copy_without_outputs(
        lab.ROOT / "notebooks" / NAME,
        folder / "notebooks" / NAME,
        last="one_dimensional_lab().advance(30)",
    )
    page = new_page()
    lab.open_notebook(page, address, NAME)
    yield page
    page.close()


@pytest.fixture(scope="package")
def game(notebook_page):
    lab.run_all(notebook_page)
    cell = notebook_page.locator(".jp-Cell", has=notebook_page.get_by_text("mean of p_g"))
    panel = cell.locator(".gan-panel")
    panel.wait_for(timeout=lab.WAIT * 1e3)
    return panel


def expect_game(game, mean, std):
    """The panel shows picture and numbers for p_g = N(mean, std^2)."""
    value, jsd = widgets.density_game_numbers(mean, std)
    words = f"p_g: mean {mean:.1f}, std {std:.1f}. V(D*, G) = {value:.3f}, JSD = {jsd:.3f}"
    game.get_by_role("status").get_by_text(words).wait_for()
    figure = widgets.density_game_figure(mean, std)
    lab.expect_picture(game.locator("img"), lab.pixels(plots.figure_png(figure)))


def test_opens_without_a_question_and_runs_without_an_error(notebook_page, game):
    assert notebook_page.locator(".jp-Dialog, .Toastify__toast").count() == 0
    assert lab.errors_in(notebook_page) == []


def test_arrow_keys_move_p_g_and_reset_puts_it_back(notebook_page, game):
    expect_game(game, 0.0, 2.0)
    lab.press(lab.slider(game, "mean of p_g"), *["ArrowRight"] * 3)
    expect_game(game, 0.3, 2.0)
    lab.press(lab.slider(game, "std of p_g"), "ArrowLeft", "ArrowDown")
    expect_game(game, 0.3, 1.8)
    lab.press(game.get_by_role("button", name="Reset"), "Enter")
    expect_game(game, 0.0, 2.0)


def test_the_mouse_drags_p_g(notebook_page, game):
    mean = lab.drag(lab.slider(game, "mean of p_g"), 40)
    assert mean > 0.5
    expect_game(game, mean, 2.0)
    game.get_by_role("button", name="Reset").click()
    expect_game(game, 0.0, 2.0)


def test_controls_are_named_and_reached_by_tab(notebook_page, game):
    assert lab.unnamed_controls(game) == []
    assert lab.missed_by_tab(game) == []


def test_every_figure_is_described_in_the_page(notebook_page, game):
    figures = notebook_page.locator(".jp-OutputArea-output img")
    described = figures.evaluate_all("all => all.map(figure => figure.alt)")
    assert len(described) >= 7 and all(len(alt) > 30 for alt in described)
