"""What holds for every panel: names, the Tab key, axe, the width of a page, the still picture."""

import re

import pytest

from browser import lab
from browser.conftest import PANELS

# How many pixels of a text reach out of it, or of the slider that it belongs to.
CUT_OFF = """text => Math.max(
    text.scrollWidth - text.clientWidth,
    text.getBoundingClientRect().bottom - text.parentElement.getBoundingClientRect().bottom
)"""
every_panel = pytest.mark.parametrize("panel", PANELS, indirect=True)


@every_panel
def test_every_control_and_picture_has_a_name(panels_page, panel):
    assert lab.unnamed_controls(panel) == []


@every_panel
def test_tab_reaches_every_control(panels_page, panel):
    assert lab.missed_by_tab(panel) == []


@pytest.fixture
def any_width(panels_page):
    """Sets the width of the window, and puts it back."""
    yield lambda *width: lab.set_width(panels_page, *width)
    lab.set_width(panels_page, lab.VIEWPORT["width"], True)


@every_panel
def test_nothing_is_cut_off_in_a_narrow_window(panels_page, panel, any_width):
    # A window of 1280 pixels at 200 % zoom has 640.
    for width, side_bar in ((1280, True), (900, True), (900, False), (640, False), (600, False)):
        any_width(width, side_bar)
        assert lab.wider_than_their_place(panel) == [], (width, side_bar)


@pytest.mark.parametrize("panel", ["explorer", "classes"], indirect=True)
def test_at_200_percent_the_picture_stands_beside_the_sliders(panels_page, panel, any_width):
    any_width(640, False)
    picture = panel.get_by_role("img").first.bounding_box()
    for slider in panel.locator(".widget-hslider").all():
        box = slider.bounding_box()
        assert box["x"] + box["width"] <= picture["x"]
        assert slider.locator(".slider-container").bounding_box()["width"] > 100
    first = panel.locator(".widget-hslider").first.bounding_box()
    assert abs(first["y"] - picture["y"]) < 10


@pytest.mark.parametrize("panel", ["interpolation"], indirect=True)
def test_the_two_pictures_stand_side_by_side(panels_page, panel, any_width):
    for width, side_bar in ((1280, True), (900, True), (640, False)):
        any_width(width, side_bar)
        one, other = (panel.get_by_role("img").nth(k).bounding_box() for k in (0, 1))
        assert one["y"] == other["y"] and one["x"] + one["width"] < other["x"], width


@pytest.mark.parametrize("panel", ["live"], indirect=True)
def test_samples_and_curves_stand_side_by_side(panels_page, panel, any_width):
    any_width(1280, True)
    samples, curves = (picture.bounding_box() for picture in panel.locator("img").all())
    assert samples["y"] == curves["y"] and samples["x"] + samples["width"] < curves["x"]
    assert max(samples["height"], curves["height"]) <= 520  # all in one window


@pytest.mark.parametrize("panel", ["lab"], indirect=True)
def test_rates_can_be_moved_and_bars_seen(panels_page, panel, any_width):
    panel.get_by_role("combobox", name="real data").select_option("drawn below")
    panel.locator(".widget-vslider").first.wait_for()
    for width, side_bar in ((1280, True), (900, True), (600, False)):
        any_width(width, side_bar)
        rate = panel.locator(".widget-hslider", has_text="learning rate of D")
        assert rate.locator(".slider-container").bounding_box()["width"] > 100
        place, bars = panel.bounding_box(), panel.locator(".widget-vslider").all()
        assert len(bars) == 12
        for bar in bars:
            box = bar.bounding_box()
            assert place["x"] <= box["x"] and box["x"] + box["width"] <= place["x"] + place["width"]
            for text in bar.locator(".widget-label, .widget-readout").all():
                assert text.evaluate(CUT_OFF) <= 1, (width, text.inner_text())
    panel.get_by_role("button", name="healthy").click()


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_axe_finds_nothing_serious(panels_page, theme):
    lab.choose_theme(panels_page, theme)
    for panel in panels_page.locator(".gan-place").all():
        panel.scroll_into_view_if_needed()
        assert lab.found_by_axe(panel) == []


def test_still_pictures_with_their_words_are_saved_and_no_widgets(panels_page, folder):
    _, *cells = lab.save(panels_page, folder / "notebooks" / "panels.ipynb").cells
    for cell in cells:
        (output,) = cell.outputs
        assert output.data.keys() == {"text/html", "text/plain"}
        assert re.search('<img [^>]*alt="[^"]{60}', output.data["text/html"])
