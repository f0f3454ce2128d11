"""Panels in a page that is loaded again, in a second tab, and without the kernel that made them.

The page is shared with the tests of other files. This file comes after them, by its name, because
it ends the kernel.
"""

import pytest

from browser import lab
from browser.conftest import PANELS
from gan_helpers.widgets.place import WHAT_TO_DO

NAME = "panels.ipynb"


@pytest.fixture(scope="module")
def page(panels_page, folder):
    """The notebook of all panels, run and saved, with the explorer's first slider at 0."""
    panels_page.locator(".gan-panel").first.get_by_role("button", name="reset").click()
    lab.wait_until(lambda: value(panels_page) == 0, panels_page, "the explorer is not reset")
    lab.save(panels_page, folder / "notebooks" / NAME)
    return panels_page


def run_until_they_live(page):
    lab.run_all(page)
    count = page.locator(".gan-panel").count
    lab.wait_until(lambda: count() == len(PANELS), page, "the panels do not live")
    lab.wait_for_kernel(page)


def expect_stills(page):
    """In each panel's place: its still picture, and what to do."""
    places = page.locator(".gan-place")
    sentences = places.get_by_text(WHAT_TO_DO)
    everywhere = "the still pictures do not show"
    lab.wait_until(
        lambda: [one.is_visible() for one in sentences.all()] == [True] * len(PANELS),
        page,
        everywhere,
    )
    assert page.locator(".gan-panel").count() == 0
    assert page.get_by_text("Error displaying widget").count() == 0
    for place in places.all():
        assert place.locator("img").is_visible() and place.get_by_role("img").count() == 1
        assert lab.unnamed_controls(place) == []


def expect_names(page):
    panels = page.locator(".gan-panel")
    lab.wait_until(lambda: panels.count() == len(PANELS), page, "the panels do not live")
    for panel in panels.all():
        lab.wait_until(lambda p=panel: lab.unnamed_controls(p) == [], page, "names are missing")


def first_slider(page):
    return page.locator(".gan-panel").first.get_by_role("slider").first


def value(page):
    return float(first_slider(page).get_attribute("aria-valuenow"))


def test_loaded_again_every_control_and_picture_has_its_name_and_the_panels_live(page):
    lab.press(first_slider(page), "ArrowRight")
    lab.wait_until(
        lambda: lab.ask(page, "round(explorer._sliders[0].value, 1)") == "0.1", page, "not moved"
    )
    page.reload()
    lab.wait_for_kernel(page)
    expect_names(page)
    assert value(page) == 0.1
    lab.press(first_slider(page), "ArrowRight")
    lab.wait_until(
        lambda: lab.ask(page, "round(explorer._sliders[0].value, 1)") == "0.2", page, "it is dead"
    )


def test_a_second_tab_has_the_names_and_its_sliders_follow(page, new_page, address):
    second = new_page()
    lab.open_notebook(second, address, NAME, workspace="second")
    expect_names(second)
    for one, other, key in ((page, second, "End"), (second, page, "Home")):
        lab.press(first_slider(one), key)
        end = 4 if key == "End" else -4
        lab.wait_until(lambda o=other, end=end: value(o) == end, other, "the tabs differ")
    second.close()


def test_after_a_restart_the_page_says_what_to_do(page):
    lab.restart_kernel(page)
    expect_stills(page)
    lab.choose_theme(page, "JupyterLab Dark")
    found = [lab.found_by_axe(place) for place in page.locator(".gan-place").all()]
    lab.choose_theme(page, "JupyterLab Light")
    assert found == [[]] * len(PANELS)
    run_until_they_live(page)
    expect_names(page)


def test_opened_again_with_another_kernel_the_notebook_says_what_to_do(
    page, new_page, address, folder
):
    lab.save(page, folder / "notebooks" / NAME)
    lab.shut_kernel_down(page)
    expect_stills(page)
    page.goto("about:blank")
    again = new_page()
    lab.open_notebook(again, address, NAME)
    expect_stills(again)
    run_until_they_live(again)
    expect_names(again)
    again.close()
