"""The latent explorer in the browser shows the digit of its z, however z was moved."""

import re

import pytest
import torch

from browser import lab
from gan_helpers import plots
from gan_helpers.latent import weight_directions
from gan_helpers.metrics import classify
from gan_helpers.models import ConvGenerator, new_network, sample
from gan_helpers.training import load_discriminator
from gan_helpers.widgets.common import enlarged_png

PANEL = "explorer"


@pytest.fixture(scope="module")
def draws():
    """The z_0 that the explorer of seed 0 draws, first to third."""
    rng = torch.Generator().manual_seed(0)
    return [torch.randn(1, 100, generator=rng) for _ in range(3)]


def expect_digit(panel, generator, z):
    lab.expect_digit(panel.locator("img").first, sample(generator, z)[0, 0])


def moved(z, amounts):
    z = z.clone()
    for k, amount in amounts.items():
        z[0, k] += amount
    return z


def click(panel, name):
    panel.get_by_role("button", name=name, exact=True).click()


def test_keys_move_one_coordinate_each_and_reset_puts_them_back(
    panels_page, panel, generator, draws
):
    expect_digit(panel, generator, draws[0])
    lab.press(lab.slider(panel, "z[0]"), *["ArrowRight"] * 4)
    expect_digit(panel, generator, moved(draws[0], {0: 0.4}))
    lab.press(lab.slider(panel, "z[7]"), "Home")
    expect_digit(panel, generator, moved(draws[0], {0: 0.4, 7: -4}))
    click(panel, "reset")
    expect_digit(panel, generator, draws[0])


def test_the_mouse_drags_a_coordinate(panels_page, panel, generator, draws):
    amount = lab.drag(lab.slider(panel, "z[3]"), -50)
    assert amount < -0.5
    expect_digit(panel, generator, moved(draws[0], {3: amount}))
    click(panel, "reset")


def test_strip_shows_the_digits_along_the_slider_that_moved(panels_page, panel, generator, draws):
    lab.press(lab.slider(panel, "z[5]"), "ArrowRight")
    along = torch.cat([moved(draws[0], {5: amount}) for amount in range(-4, 5)])
    png = enlarged_png(plots.grid_image(sample(generator, along), 9), 3)
    lab.expect_picture(panel.locator("img").nth(1), lab.pixels(png), tolerance=1)
    panel.get_by_text("Along z[5], from -4 to 4").wait_for()
    click(panel, "reset")


def test_gauge_and_words_say_what_the_networks_say(panels_page, panel, generator, draws):
    discriminator, _ = load_discriminator(lab.DISCRIMINATOR)
    seen = classify(sample(generator, draws[0]))
    digit = seen.probabilities[0].argmax().item()
    panel.get_by_role("status").get_by_text(f"Nearest class: {digit} ").wait_for()
    panel.get_by_role("status").get_by_text(f"|z| = {draws[0].norm():.1f}.").wait_for()
    with torch.no_grad():
        d = discriminator(generator.eval()(draws[0])).sigmoid().item()
    gauge = panel.get_by_role("meter", name="D(G(z))")
    lab.wait_until(  # the kernel may still be at the reset of the test before
        lambda: gauge.evaluate("bar => bar.value") == pytest.approx(d, abs=1e-3),
        panels_page,
        "the gauge does not show D's opinion",
    )
    panel.get_by_text(re.compile(rf"D\(G\(z\)\).*{d:.2f}")).wait_for()


def test_other_directions_start_from_the_digit_that_is_shown(panels_page, panel, generator, draws):
    panel.get_by_role("combobox", name="move along").select_option("directions of the weights")
    panel.get_by_role("textbox", name="numbers").fill("9, 1, 2, 3, 4, 5, 6, 7")
    panel.get_by_role("textbox", name="numbers").press("Enter")
    lab.press(lab.slider(panel, "v[9]"), "End")
    direction = weight_directions(generator).vectors[9]
    expect_digit(panel, generator, draws[0] + 4 * direction)
    panel.get_by_role("textbox", name="numbers").fill("9, 1")
    panel.get_by_role("textbox", name="numbers").press("Enter")
    panel.get_by_role("status").get_by_text("expected 8 whole numbers").wait_for()
    click(panel, "reset")
    expect_digit(panel, generator, draws[0])


def test_new_z_and_save_z(panels_page, panel, generator, draws):
    click(panel, "new z")
    expect_digit(panel, generator, draws[1])
    click(panel, "save z")
    panel.get_by_role("status").get_by_text("Saved as number 1").wait_for()
    saved = enlarged_png(plots.grid_image(sample(generator, draws[1]), 9), 2)
    lab.expect_picture(panel.locator("img").nth(2), lab.pixels(saved), tolerance=1)
    assert lab.ask(panels_page, "explorer.saved.shape == (1, 100)") == "True"
    saved = float(lab.ask(panels_page, "explorer.saved.norm().item()"))
    assert saved == pytest.approx(draws[1].norm().item(), abs=1e-4)


@pytest.mark.parametrize("panel", ["classes"], indirect=True)
def test_the_class_menu_by_keyboard_of_pictures_in_colour(panels_page, panel):
    generator = new_network(lambda: ConvGenerator(8, 4, (3, 16, 16), classes=4), seed=0)
    z = torch.randn(1, 8, generator=torch.Generator().manual_seed(0))
    menu = panel.get_by_role("combobox", name="class")
    for key, label, name in (("End", 3, "dog"), ("ArrowUp", 2, "cat"), ("ArrowDown", 3, "dog")):
        menu.press(key)
        panel.get_by_role("status").get_by_text(f"Asked for: {name}. |z| = ").wait_for()
        image = plots.picture(sample(generator, z, torch.tensor([label]))[0])
        expected = lab.pixels(enlarged_png(image, 14)).astype(int)
        lab.expect_picture(panel.locator("img").first, expected, tolerance=1)
