"""What holds for every panel: names, the Tab key, the width of a page, the still picture."""

import pytest

from browser import lab
from browser.conftest import PANELS

every_panel = pytest.mark.parametrize("panel", PANELS, indirect=True)


@every_panel
def test_every_control_and_picture_has_a_name(panels_page, panel):
    assert lab.unnamed_controls(panel) == []


@every_panel
def test_tab_reaches_every_control(panels_page, panel):
    assert lab.missed_by_tab(panel) == []


@every_panel
def test_nothing_scrolls_sideways_in_a_window_of_900_pixels(panels_page, panel):
    panels_page.set_viewport_size({"width": 900, "height": 900})
    panels_page.wait_for_timeout(300)
    wide = lab.wider_than_their_place(panel)
    panels_page.set_viewport_size(lab.VIEWPORT)
    assert wide == []


def test_still_pictures_are_saved_beside_the_widgets(panels_page, folder):
    _, *cells = lab.save(panels_page, folder / "notebooks" / "panels.ipynb").cells
    for cell in cells:
        (output,) = cell.outputs
        assert {"image/png", "application/vnd.jupyter.widget-view+json"} <= set(output.data)
        assert output.metadata["image/png"]["alt"]
