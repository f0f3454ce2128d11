"""The site: every page in a browser as wide as a telephone, and what is live in the pages."""

import functools
import http.server
import subprocess
import sys
import threading

import pytest

from browser import lab
from gan_helpers.widgets import density_game_numbers

SITE = lab.ROOT / "build" / "site"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


@pytest.fixture(scope="module")
def site():
    """The address of the pages, made of the notebooks as they are stored."""
    made = subprocess.run(
        [sys.executable, "tools/make_site.py"], cwd=lab.ROOT, capture_output=True, text=True
    )
    assert (made.returncode, made.stderr) == (0, "")
    handler = functools.partial(Quiet, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def page(new_page, site):
    page = new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    yield page
    page.close()


def test_every_page_loads_asks_no_other_host_and_fits_a_telephone(page, site):
    asked, problems = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda r: r.status >= 400 and problems.append((r.status, r.url)))
    names = [file.relative_to(SITE).as_posix() for file in SITE.rglob("*.html")]
    names = [name for name in names if not name.startswith("_static")]
    chapters = [name for name in names if name.startswith("notebooks/")]
    assert len(chapters) == sum(
        len(list(lab.ROOT.glob(f"notebooks/{part}*_*.ipynb"))) for part in ("", "solutions/")
    )
    for name in names:
        page.goto(site + name)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append(("wider than the page", name))
        assert page.locator("[role=main]").count() == 1
        if page.locator('[role=main] img:not([alt]), [role=main] img[alt=""]').count():
            problems.append(("pictures without words", name))
    assert problems == []
    assert [url for url in asked if not url.startswith((site, "data:"))] == []


def test_a_formula_is_shown_without_a_script(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}notebooks/01_the_adversarial_game.html")
    formulas = page.locator("math[display=block]")
    assert formulas.count() > 5
    assert formulas.first.bounding_box()["height"] > 15
    assert page.locator("[role=main]").get_by_text("\\frac").count() == 0
    context.close()


def test_the_explorers_sliders_change_its_digit(page, site):
    page.goto(f"{site}notebooks/05_exploring_the_latent_space.html")
    explorer = page.frame_locator("iframe.explorer")
    digit = explorer.locator("canvas").first
    before = digit.evaluate("canvas => canvas.toDataURL()")
    lab.press(explorer.get_by_role("slider", name="z[3]", exact=True), "End")
    lab.wait_until(
        lambda: digit.evaluate("canvas => canvas.toDataURL()") != before, page, "nothing moved"
    )


def test_the_density_game_says_what_the_panel_says(page, site):
    page.goto(f"{site}notebooks/01_the_adversarial_game.html")
    game = page.locator(".density-game")
    moves = (("mean", None, 0.0, 2.0), ("mean", "End", 8.0, 2.0), ("std", "Home", 8.0, 0.3))
    for name, key, mean, std in moves:
        before = game.locator("path.fake").get_attribute("d")
        if key:
            lab.press(game.get_by_role("slider", name=f"{name} of p_g"), key)
            assert game.locator("path.fake").get_attribute("d") != before
        value, jsd = density_game_numbers(mean, std)
        words = f"p_g: mean {mean:.1f}, std {std:.1f}. V(D*, G) = {value:.3f}, JSD = {jsd:.3f}, "
        game.get_by_role("status").get_by_text(words).wait_for()
    game.get_by_role("button", name="Reset").click()
    game.get_by_role("status").get_by_text("p_g: mean 0.0, std 2.0.").wait_for()
    assert lab.found_by_axe(game) == [] and lab.unnamed_controls(game) == []


def test_the_film_plays_pauses_and_follows_its_slider(page, site):
    page.goto(f"{site}notebooks/04_training_on_mnist.html")
    film = page.locator(".film")
    button, slider = film.get_by_role("button"), film.get_by_role("slider", name="step")
    picture = film.locator("canvas")
    seen = {"noise": picture.evaluate("canvas => canvas.toDataURL()")}
    assert film.locator("output").inner_text() == "0"  # nothing moves by itself
    button.click()
    lab.wait_until(lambda: film.locator("output").inner_text() != "0", page, "it does not play")
    button.click()
    assert button.inner_text() == "Play"
    step = film.locator("output").inner_text()
    page.wait_for_timeout(500)
    assert film.locator("output").inner_text() == step
    lab.press(slider, "End")
    assert film.locator("output").inner_text() == "4,680"  # ten epochs
    assert slider.get_attribute("aria-valuetext") == "step 4,680"
    seen["digits"] = picture.evaluate("canvas => canvas.toDataURL()")
    assert seen["noise"] != seen["digits"]
    assert lab.found_by_axe(film) == [] and lab.unnamed_controls(film) == []


def test_the_moving_picture_of_the_first_page_can_be_stopped(page, site):
    page.goto(site)
    film = page.locator(".film")
    film.get_by_role("button", name="Pause").click()
    assert film.locator("img").count() == 0 and film.locator("canvas").count() == 1
    film.get_by_role("button", name="Play").click()
    assert film.locator("img").count() == 1
    page.emulate_media(reduced_motion="reduce")
    page.goto(site)
    film.get_by_role("button", name="Play").wait_for()
    assert film.locator("img").count() == 0


def test_the_search_finds_a_chapter(page, site):
    page.goto(f"{site}search.html?q=quantisation")
    page.locator("#search-results").get_by_role("link").first.wait_for()
    found = page.locator("#search-results").inner_text()
    assert "Exploring the latent space" in found
