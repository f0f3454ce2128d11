"""The film of a run: each step's samples, and what is refused."""

import ipywidgets
import pytest
from helping import control, parts, pictures

from gan_helpers import plots
from gan_helpers.training import History
from gan_helpers.widgets import film

STEPS = (0, 10, 1500)


@pytest.fixture
def history(images):
    made = History()
    for step in STEPS:
        made.append(frames=images.roll(step, 0)[:20], frame_steps=step)
    return made


def test_the_slider_shows_the_samples_of_its_step(history):
    panel = film(history, alt="Strokes.")
    slider = control(panel, "step")
    assert [label for label, _ in slider.options] == ["0", "10", "1,500"]
    (picture,) = pictures(panel)
    for index in (0, 2, 1):
        slider.index = index
        assert picture.value == plots.samples_png(history.frames[index])
    assert picture.alt == "Strokes."


def test_play_goes_through_all_frames_in_the_seconds_that_it_was_given(history):
    panel = film(history, alt="Strokes.", seconds=6)
    (play,) = [part for part in parts(panel) if isinstance(part, ipywidgets.Play)]
    assert (play.min, play.max, play.step, play.interval) == (0, 2, 1, 2000)
    assert not play.playing  # nothing moves before the reader wants it


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"alt": " "}, "alt is empty; expected a sentence"),
        ({"seconds": 0}, "seconds is 0; expected a number, above 0"),
        ({"scale": -1}, "scale is -1; expected a number, above 0"),
        ({"history": History()}, "history has no frames"),
    ],
)
def test_bad_arguments_are_named(history, changed, words):
    with pytest.raises(ValueError, match=words):
        film(**({"history": history, "alt": "Strokes."} | changed))
