"""What every panel owes its reader: names, words for its pictures, a still one, a quiet cell."""

import asyncio
import base64
import html
import io
import re
import sys
import threading

import ipywidgets
import pytest
from helping import TINY, build_discriminator, build_generator, parts, pictures, texts
from PIL import Image

from gan_helpers import widgets
from gan_helpers.training import History, start_run
from gan_helpers.widgets import Interpolation, Inversion, LatentExplorer, inversion, live_training
from gan_helpers.widgets.place import WHAT_TO_DO, Place
from gan_helpers.widgets.screen_reader import Names

# How many controls it has, words of its still picture's alt text, and how it is built.
PANELS = {
    "density game": (3, "V(D*, G) = ", lambda images: widgets.density_game()),
    "lab": (26, "V(D, G) = ", lambda images: widgets.one_dimensional_lab()),
    "explorer": (
        14, "|z| = ", lambda images: LatentExplorer(build_generator(), build_discriminator())
    ),
    "interpolation": (4, "has length ", lambda images: Interpolation(build_generator())),
    "inversion": (3, "error 0.", lambda images: Inversion(build_generator(), images)),
    "film": (2, "Noise turns into strokes", lambda images: film_of(images)),
    "live training": (7, "not known yet", lambda images: live_training(start_run(TINY), images)),
}  # fmt: skip


def film_of(images):
    history = History()
    for step in (0, 200, 900):
        history.append(frames=images.roll(step, 0)[:40], frame_steps=step)
    alt = "Forty squares of a run. Noise turns into strokes, and strokes turn into digits."
    return widgets.film(history, alt)


@pytest.fixture(params=PANELS)
def case(request, images, monkeypatch):
    monkeypatch.setattr(inversion, "STEPS", 12)
    count, words, build = PANELS[request.param]
    return count, words, build(images)


@pytest.fixture
def panel(case):
    return case[-1]


def test_every_control_has_a_name_and_a_hint(case):
    count, _, panel = case
    controls = [part for part in parts(panel) if hasattr(part, "disabled")]
    assert len({part.description for part in controls}) == len(controls) == count
    for part in parts(panel):
        if part in controls:
            assert part.description or isinstance(part, ipywidgets.Play)
            assert part.tooltip or len(part.tooltips) == len(part.options), part.description


def test_every_picture_has_its_words(panel):
    alts = [picture.alt for picture in pictures(panel)]
    assert len(set(alts)) == len(alts) >= 1 and all(alts)
    (names,) = [part for part in parts(panel) if isinstance(part, Names)]
    assert names.alts == alts  # in the order in which the page has them


def test_what_happens_is_read_aloud(case):
    count, _, panel = case
    if count > 2:  # the film's slider says the step by itself
        assert 'role="status"' in texts(panel)


def test_nothing_is_printed(panel, capfd, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # a button writes a file
    for part in list(parts(panel)):
        if isinstance(part, ipywidgets.Button):
            part.click()
        elif isinstance(part, ipywidgets.Text):
            part.value = "bad"
        elif isinstance(part, ipywidgets.ToggleButton):
            part.value = True
        elif isinstance(part, ipywidgets.FloatLogSlider):
            part.value = 10**part.max
        elif hasattr(part, "max") and hasattr(part, "disabled"):
            part.value = part.max
        elif hasattr(part, "options"):
            part.index = len(part.options) - 1
    panel._repr_mimebundle_()
    assert capfd.readouterr() == ("", "")


def test_a_notebook_stores_a_still_picture_and_no_widget_that_could_be_lost(case):
    _, words, panel = case
    data = panel._repr_mimebundle_()
    # The same wherever it is run: notebooks are tested against the text that they store.
    assert data["text/plain"] == "A panel to move in JupyterLab; here is a still picture of it."
    assert data.keys() == {"text/html", "text/plain"}
    before, picture, after = re.split("(<img [^>]*>)", data["text/html"])
    assert (before, after) == ('<div class="gan-place">', f"<p>{WHAT_TO_DO}</p></div>")
    name, png, alt, width = re.fullmatch(
        r'<img class="(.*)" src="data:image/png;base64,(.*)" alt="(.*)" width="(\d+)">', picture
    ).groups()
    assert name == f"panel-{panel.model_id}" and html.unescape(alt) == panel._still()[1]
    shown = Image.open(io.BytesIO(base64.b64decode(png)))
    assert 300 < int(width) <= 900 <= 3 * shown.width
    assert len(alt) > 60 and words in html.unescape(alt) and alt.endswith(".")
    assert panel.layout.max_width == "900px"
    places = [one for one in widgets_made() if isinstance(one, Place)]
    assert [one.panel for one in places].count(panel.model_id) == 1  # and is kept while it lives


def widgets_made():
    return list(ipywidgets.widget._instances.values())


@pytest.mark.parametrize("where", ["Colab", "VS Code"])
def test_where_each_output_is_a_page_of_its_own_a_panel_is_stored_as_a_widget(monkeypatch, where):
    if where == "Colab":
        monkeypatch.setitem(sys.modules, "google.colab", object())
    else:
        monkeypatch.setenv("VSCODE_PID", "1")
    panel = widgets.density_game()
    data = panel._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == panel.model_id
    assert "<img " in data["text/html"]


@pytest.mark.parametrize("name", PANELS)
def test_the_page_is_answered_between_two_steps_and_not_beside_them(name, images, monkeypatch):
    monkeypatch.setattr(inversion, "STEPS", 12)
    threads = []

    async def build_and_hear_from_another_thread():
        controls = [part for part in parts(PANELS[name][-1](images)) if hasattr(part, "disabled")]
        for control in controls:
            control.observe(lambda change: threads.append(threading.get_ident()), "tooltip")
            data = {"method": "update", "state": {"tooltip": "another"}, "buffer_paths": []}
            message = {"content": {"data": data}, "buffers": []}
            await asyncio.to_thread(control.comm.handle_msg, message)
        return len(controls)

    assert asyncio.run(build_and_hear_from_another_thread()) == len(threads) == PANELS[name][0]
    assert set(threads) == {threading.get_ident()}
