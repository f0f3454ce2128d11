"""The picture that changes while its cell runs."""

import re

import pytest
from IPython.core.interactiveshell import InteractiveShell

from gan_helpers.widgets import LivePicture

ALT = "Forty samples, as they are now & then"


@pytest.fixture
def sent(monkeypatch):
    """(what the page is given, where it goes), in order."""
    found = []
    shell = InteractiveShell.instance()
    monkeypatch.setattr(
        shell.display_pub,
        "publish",
        lambda data, transient=None, **rest: found.append((data, transient["display_id"])),
    )
    yield found
    InteractiveShell.clear_instance()


def test_the_page_keeps_the_last_picture_with_its_words_and_no_widget(sent):
    picture = LivePicture(ALT, width=540)
    picture.show(b"one")
    picture.show(b"two")
    (first, place), *_ = sent
    for (data, where), source in zip(sent, ("iVBOR.*", "b25l", "dHdv"), strict=True):
        assert where == place and data["text/plain"] == ALT and data.keys() == first.keys()
        words = 'alt="Forty samples, as they are now &amp; then" width="540"'
        assert re.fullmatch(
            f'<img class="" src="data:image/png;base64,{source}" {words}>', data["text/html"]
        )


def test_it_needs_words(sent):
    with pytest.raises(ValueError, match="alt is empty; expected a sentence"):
        LivePicture(" ", width=540)
    assert not sent
