"""One JupyterLab and one Chromium for all tests in this folder."""

import contextlib
import os
import re

import pytest
from playwright.sync_api import Error, Page

from browser import lab
from gan_helpers.training import load_generator

SCREENSHOTS = lab.ROOT / "build" / "browser"  # git ignores build/
NO_CHROMIUM = "no Chromium or Chrome was found on PATH"

SETUP = f"""
import base64
from gan_helpers import data, models, plots, training, widgets
from gan_helpers.games import LINE_RECIPES
from gan_helpers.training import COURSE, start_run
from gan_helpers.widgets import live_training, one_dimensional_lab
generator, _ = training.load_generator({str(lab.GENERATOR)!r})
discriminator, _ = training.load_discriminator({str(lab.DISCRIMINATOR)!r})
images, _ = data.load_mnist()
run = start_run(COURSE)
made = training.train(start_run(COURSE), images, steps=8, frame_every=4, progress=False)
colour = models.new_network(lambda: models.ConvGenerator(8, 4, (3, 16, 16), classes=4), seed=0)
rate = run.g_optimizer.param_groups[0]["lr"]
"""
# Each ends with a panel, in the order of the page.
PANELS = {
    "explorer": "explorer = widgets.LatentExplorer(generator, discriminator)\nexplorer",
    "interpolation": "widgets.Interpolation(generator, discriminator)",
    "inversion": "widgets.Inversion(generator, images[:20])",
    "film": "widgets.film(made, alt='Forty squares. ' + 'Grey noise turns into strokes. ' * 2)",
    "live": "live_training(run, images)",
    "lab": "line = one_dimensional_lab()\nline",
    "classes": "widgets.LatentExplorer(colour, classes=['ant', 'bee', 'cat', 'dog'])",
    "page": "in_page = widgets.PageExplorer(generator)\nin_page",
    "game": "widgets.density_game()",
}


# Not for the session: Playwright keeps an event loop running, which nbval does not expect.
@pytest.fixture(scope="package")
def browser():
    path = lab.find_chromium()
    if path is None and os.environ.get("CI") == "true":
        pytest.fail(f"{NO_CHROMIUM}, and CI must not skip these tests")
    if path is None:
        pytest.skip(NO_CHROMIUM)
    with lab.chromium(path) as browser:
        yield browser


@pytest.fixture(scope="package")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="package")
def address(browser, folder):
    with lab.jupyter_lab(folder) as address:
        yield address


@pytest.fixture(scope="package")
def console():
    """What the browser's console reported as an error."""
    return []


@pytest.fixture(scope="package")
def new_page(browser, console):
    def make():
        page = browser.new_page(viewport=lab.VIEWPORT)
        page.set_default_timeout(lab.WAIT * 1e3)
        page.on("console", lambda message: _keep_error(message, console))
        page.on("pageerror", lambda error: console.append(str(error)))
        return page

    return make


def _keep_error(message, console):
    if message.type == "error":
        console.append(f"{message.text} ({message.location['url']})")


@pytest.fixture(autouse=True)
def nothing_in_the_console(console):
    yield
    found = console[:]
    console.clear()
    assert found == []


@pytest.fixture(scope="package")
def panels_page(new_page, address, folder):
    """A notebook with one cell for each of ``PANELS``, run."""
    lab.write_notebook(folder / "notebooks" / "panels.ipynb", SETUP, *PANELS.values())
    page = new_page()
    lab.open_notebook(page, address, "panels.ipynb")
    lab.run_all(page)
    assert lab.errors_in(page) == []
    yield page
    page.close()


@pytest.fixture(scope="package")
def generator():
    """The one that the panels show, in the test's own process."""
    return load_generator(lab.GENERATOR)[0]


@pytest.fixture
def panel(panels_page, request):
    """The panel that the test names by ``@pytest.mark.parametrize("panel", ..., indirect=True)``,
    or its module by ``PANEL``."""
    name = getattr(request, "param", None) or request.module.PANEL
    panel = panels_page.locator(".jp-Cell").nth(1 + list(PANELS).index(name)).locator(".gan-panel")
    panel.wait_for(timeout=lab.WAIT * 1e3)
    panel.scroll_into_view_if_needed()
    return panel


# --- reports ------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """After a failure, keep what the page looked like."""
    report = yield
    if report.failed:
        pages = [value for value in item.funcargs.values() if isinstance(value, Page)]
        for page in pages:
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            name = re.sub(r"[^\w-]+", "_", f"{item.name}_{call.when}")
            file = SCREENSHOTS / f"{name}.png"
            with contextlib.suppress(Error):  # the last test's teardown closes the browser
                page.screenshot(path=file)
                report.sections.append(("screenshot", str(file)))
    return report
