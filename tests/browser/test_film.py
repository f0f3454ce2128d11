"""The film in the browser: played to its end, wound back by keys, and played again."""

import base64

from browser import lab

PANEL = "film"


def expect_frame(page, panel, index):
    frame = f"base64.b64encode(plots.samples_png(made.frames[{index}])).decode()"
    shown = lab.pixels(base64.b64decode(lab.ask(page, frame).strip("'")))
    lab.expect_picture(panel.locator("img"), shown)


def test_it_plays_to_its_end_and_can_be_played_again(panels_page, panel):
    play = panel.get_by_role("button", name="play or pause")
    readout = panel.locator(".widget-readout")
    expect_frame(panels_page, panel, 0)
    for _ in range(2):
        play.click()
        at_end = "the film does not come to its end"
        lab.wait_until(lambda: readout.inner_text() == "8", panels_page, at_end)
        expect_frame(panels_page, panel, 2)
        lab.wait_until(lambda: "play" in play.inner_html(), panels_page, "it does not stop")
    lab.press(lab.slider(panel, "step"), "ArrowLeft")
    expect_frame(panels_page, panel, 1)
