"""The explorer in the page: as one file without a server, and in JupyterLab with a busy kernel."""

import ast

import numpy as np
import pytest
import torch

from browser import lab
from gan_helpers.latent import weight_directions
from gan_helpers.models import Generator, new_network
from gan_helpers.widgets import draw_quantised, quantise, write_page

PANEL = "page"
FIRST, LAST = "z[0]", "z[7]"


@pytest.fixture(scope="module")
def network(generator):
    return quantise(generator)


@pytest.fixture(scope="module")
def start():
    """The first z of seed 0."""
    return torch.randn(1, 100, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def asked_for():
    """The addresses that the file's page asks for."""
    return []


@pytest.fixture(scope="module")
def opened(new_page, generator, tmp_path_factory, asked_for):
    """The file, opened as one that came by mail."""
    file = tmp_path_factory.mktemp("page") / "page.html"
    write_page(generator, file)
    page = new_page()
    page.on("request", lambda request: asked_for.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_function("window.explorer")
    yield page
    page.close()


@pytest.fixture
def explorer(opened):
    """The file's explorer, put back where it started."""
    explorer = opened.locator(".page-explorer")
    explorer.get_by_role("combobox", name="move along").select_option("coordinates")
    click(explorer, "reset")
    return explorer


def click(explorer, name):
    explorer.get_by_role("button", name=name, exact=True).click()


def shown(explorer, number=0):
    """The grey levels of a canvas, (height, width): 0 is the digit, 1 the strip."""
    levels = (
        explorer.locator("canvas")
        .nth(number)
        .evaluate(
            """canvas => {
            const { width, height } = canvas;
            const image = canvas.getContext("2d").getImageData(0, 0, width, height);
            return [height, width, [...image.data].filter((_, i) => i % 4 === 0)];
        }"""
        )
    )
    height, width, grey = levels
    return np.array(grey).reshape(height, width)


def drawn(network, z, label=None):
    labels = None if label is None else torch.tensor([label])
    return draw_quantised(network, z, labels)[0, 0].numpy().astype(int)


def expect_digit(explorer, network, z, label=None):
    lab.wait_until(
        lambda: np.abs(shown(explorer) - drawn(network, z, label)).max() <= 1,
        explorer.page,
        "the digit is not the one that NumPy draws",
    )


def z_of(page):
    return torch.tensor([list(page.evaluate("[...explorer.z]"))])


def moved(z, **amounts):
    z = z.clone()
    for name, amount in amounts.items():
        z[0, int(name[1:])] += amount
    return z


# --- the file -----------------------------------------------------------------------------------


def test_keys_move_the_digit_and_the_page_draws_what_numpy_draws(explorer, network, start):
    expect_digit(explorer, network, start)
    before = shown(explorer)
    lab.press(lab.slider(explorer, FIRST), *["ArrowRight"] * 9)
    assert torch.allclose(z_of(explorer.page), moved(start, z0=0.9), atol=1e-6)
    assert np.abs(shown(explorer) - before).mean() > 1
    expect_digit(explorer, network, moved(start, z0=0.9))
    lab.press(lab.slider(explorer, LAST), "Home")
    expect_digit(explorer, network, moved(start, z0=0.9, z7=-4))
    explorer.get_by_role("status").get_by_text("z[7] moved by -4. |z| = ").wait_for()
    click(explorer, "reset")
    expect_digit(explorer, network, start)


def test_every_new_z_is_drawn_as_numpy_draws_it(explorer, network):
    seen = []
    for _ in range(20):
        click(explorer, "new z")
        seen.append(z_of(explorer.page))
        assert np.abs(shown(explorer) - drawn(network, seen[-1])).max() <= 1
    numbers = torch.cat(seen)
    assert abs(numbers.mean()) < 0.1 and abs(numbers.std() - 1) < 0.1  # 2,000 of N(0, 1)
    words = f"A new z. |z| = {seen[-1].norm():.1f}."
    explorer.get_by_role("status").get_by_text(words).wait_for()


def test_other_coordinates_and_directions_start_from_the_same_digit(explorer, network, generator):
    click(explorer, "new z")
    z = z_of(explorer.page)
    explorer.get_by_role("combobox", name="which").select_option("z[96] to z[99]")
    assert explorer.get_by_role("slider").count() == 4
    lab.press(lab.slider(explorer, "z[98]"), "End")
    z = moved(z, z98=4)
    expect_digit(explorer, network, z)
    explorer.get_by_role("combobox", name="move along").select_option("directions of the weights")
    expect_digit(explorer, network, z)
    lab.press(lab.slider(explorer, "v[3]"), "End")
    expect_digit(explorer, network, z + 4 * weight_directions(generator).vectors[3])


def test_the_strip_runs_along_the_slider_that_was_moved_last(explorer, network):
    z = z_of(explorer.page)
    lab.press(lab.slider(explorer, "z[5]"), "ArrowRight")
    explorer.get_by_text("Along z[5], from \u22124 to 4").wait_for()
    strip = shown(explorer, 1)
    assert strip.shape == (32, 9 * 30 + 2)
    for column, amount in enumerate(range(-4, 5)):
        tile = strip[2:30, 30 * column + 2 : 30 * column + 30]
        assert np.abs(tile - drawn(network, moved(z, z5=amount))).max() <= 1


def test_a_network_without_classes_has_no_menu_of_them(explorer):
    assert explorer.get_by_role("combobox", name="class").count() == 0


def test_the_menu_changes_the_class_and_nothing_else(new_page, tmp_path):
    generator = new_network(lambda: Generator(8, (16,), classes=4), seed=0)
    network, names = quantise(generator), ["ant", "bee", "cat", "<b>dog</b>"]
    write_page(generator, tmp_path / "page.html", classes=names)
    page = new_page()
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_function("window.explorer")
    explorer, z = page.locator(".page-explorer"), z_of(page)
    expect_digit(explorer, network, z, 0)
    lab.press(lab.slider(explorer, "z[5]"), "End")
    z = moved(z, z5=4)
    menu = explorer.get_by_role("combobox", name="class")
    assert menu.locator("option").all_text_contents() == names
    for label in (3, 1):
        menu.focus()
        page.keyboard.press("Home")
        for _ in range(label):
            page.keyboard.press("ArrowDown")
        expect_digit(explorer, network, z, label)
        assert np.abs(drawn(network, z, label) - drawn(network, z, 0)).max() > 2
        explorer.get_by_role("status").get_by_text(f"Class {names[label]}.").wait_for()
        assert torch.allclose(z_of(page), z) and lab.slider(explorer, "z[5]").input_value() == "4"
    lab.wait_until(  # the strip is of the class, too, along the slider moved last
        lambda: np.abs(shown(explorer, 1)[2:30, 242:270] - drawn(network, z, 1)).max() <= 1,
        page,
        "the strip is of another class",
    )
    body = page.locator("body")
    assert lab.found_by_axe(body) == [] == lab.unnamed_controls(body) == lab.missed_by_tab(body)
    page.close()


def test_a_finger_moves_a_slider(browser, opened, network):
    context = browser.new_context(
        has_touch=True, is_mobile=True, viewport={"width": 360, "height": 640}
    )
    page = context.new_page()
    page.set_default_timeout(lab.WAIT * 1e3)
    page.goto(opened.url)
    page.wait_for_function("window.explorer")
    handle = page.get_by_role("slider", name=LAST, exact=True)
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box["height"] >= 40
    page.touchscreen.tap(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
    lab.wait_until(lambda: float(handle.input_value()) > 2, page, "the slider did not move")
    digit = page.locator("canvas").first  # and it stays in sight
    assert digit.bounding_box()["y"] >= 0
    expect_digit(page.locator(".page-explorer"), network, z_of(page))
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1000])
def test_nothing_is_wider_than_the_page_and_axe_finds_nothing_serious(opened, width, scheme):
    opened.set_viewport_size({"width": width, "height": 900})
    opened.emulate_media(color_scheme=scheme)
    wide = """() => [...document.querySelectorAll("body *")]
        .filter(e => e.getBoundingClientRect().right > innerWidth || e.scrollWidth > innerWidth)
        .map(e => e.outerHTML.slice(0, 100))"""
    assert opened.evaluate(wide) == []
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page = opened.locator("body")
    dark = "getComputedStyle(document.body).backgroundColor !== 'rgb(255, 255, 255)'"
    assert opened.evaluate(dark) == (scheme == "dark")
    assert lab.found_by_axe(page) == []
    assert lab.unnamed_controls(page) == []
    assert lab.missed_by_tab(page) == []


def test_the_file_asks_for_nothing_but_itself(opened, asked_for):
    assert asked_for == [opened.url]


def test_an_old_browser_is_told_so(new_page, opened):
    page = new_page()
    page.add_init_script("delete globalThis.DecompressionStream")
    page.goto(opened.url)
    page.get_by_text("This browser is too old for the explorer").wait_for()
    page.close()


# --- in JupyterLab ------------------------------------------------------------------------------


def kernels_z(page):
    z = lab.ask(page, "[round(number, 5) for number in in_page.z[0].tolist()]")
    return torch.tensor([ast.literal_eval(z)])


def expect_heard(page, z):
    lab.wait_until(
        lambda: torch.allclose(kernels_z(page), z, atol=1e-4),
        page,
        "the kernel does not know the z that the page shows",
    )


def test_the_kernel_hears_where_the_page_stands(panels_page, panel, network, start):
    expect_digit(panel, network, start)
    lab.press(lab.slider(panel, "z[1]"), *["ArrowRight"] * 5, "ArrowUp")
    expect_digit(panel, network, moved(start, z1=0.6))
    expect_heard(panels_page, moved(start, z1=0.6))
    click(panel, "reset")
    expect_heard(panels_page, start)


def test_the_digit_does_not_wait_for_a_busy_kernel(panels_page, panel, network, start):
    status = "jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.status"
    panels_page.evaluate(
        """() => void jupyterapp.shell.currentWidget.context.sessionContext.session.kernel
            .requestExecute({ code: "import time; time.sleep(8)" })"""
    )
    lab.wait_until(lambda: panels_page.evaluate(status) == "busy", panels_page, "it is not busy")
    lab.press(lab.slider(panel, "z[2]"), *["ArrowLeft"] * 7)
    expect_digit(panel, network, moved(start, z2=-0.7))
    assert panels_page.evaluate(status) == "busy"
    expect_heard(panels_page, moved(start, z2=-0.7))
    click(panel, "reset")
