"""What a picture brings to the page: its bytes and, in the page itself, its description."""

import base64
import html
from html.parser import HTMLParser

import pytest
import torch

from gan_helpers import plots
from gan_helpers.training import History

ALT = 'Bars at 1 < 2 & "3".'


class Tag(HTMLParser):
    def handle_starttag(self, tag, attributes):
        self.tag, self.attributes = tag, dict(attributes)


@pytest.fixture
def outputs(monkeypatch):
    made = []
    monkeypatch.setattr(plots.style, "display", lambda data, raw: made.append(data))
    return made


def history():
    made = History()
    for step in (0, 10):
        frame = torch.full((4, 1, 28, 28), step, dtype=torch.uint8)
        made.append(frames=frame, frame_steps=step)
    return made


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.show(plots.new_figure()[0], ALT),
        lambda: plots.show_samples(torch.zeros(3, 1, 28, 28, dtype=torch.uint8), ALT),
        lambda: plots.show_film_strip(history(), (0, 10), ALT),
        lambda: plots.show_rows({"0": history().frames[0]}, ALT, columns="abcd"),
    ],
)
def test_the_description_reaches_the_page_and_those_who_read_text_only(draw, outputs):
    draw()
    tag, text = Tag(), outputs[0]["text/plain"]
    tag.feed(outputs[0]["text/html"])
    assert tag.tag == "img" and tag.attributes["alt"] == text == ALT
    kind, data = tag.attributes["src"].split(",")
    assert kind == "data:image/png;base64" and base64.b64decode(data).startswith(b"\x89PNG")
    assert int(tag.attributes["width"]) > 50


def test_the_tag_ends_where_the_comparison_of_notebooks_takes_it_to_end():
    # tests/nbval_sanitize.cfg: pixels are not compared; a ">" in the description would end early.
    assert ">" not in plots.picture_html(b"", "1 > 0", 10)[:-1]
    assert html.escape(ALT) in plots.picture_html(b"", ALT, 10)
