"""The inversion panel in the browser: the chosen digit, the search for its z, and its film."""

import pytest
import torch

from browser import lab
from gan_helpers.data import load_mnist, scale_images
from gan_helpers.latent import invert
from gan_helpers.models import sample

PANEL = "inversion"


@pytest.fixture(scope="module")
def search(generator):
    """Image 1, and the states of the search for its z."""
    images, _ = load_mnist()
    return images[1, 0], list(invert(generator, scale_images(images[1:2]), steps=200))


def expect_three(panel, generator, real, state):
    drawn = sample(generator, state.z)[0, 0]
    difference = (real.int() - drawn.int()).abs().to(torch.uint8)
    for k, image in enumerate((real, drawn, difference)):
        lab.expect_digit(panel.locator("img").nth(k), image, factor=6, tolerance=2)
    words = f"mean squared error {state.losses.item():.3f} per pixel"
    panel.get_by_role("status").get_by_text(words).wait_for()


def test_choosing_an_image_searches_for_its_z(panels_page, panel, generator, search):
    real, states = search
    lab.press(lab.slider(panel, "image"), "ArrowRight")
    expect_three(panel, generator, real, states[0])
    lab.press(lab.slider(panel, "step"), "End")
    expect_three(panel, generator, real, states[200])
    assert states[200].losses < states[0].losses / 2


def test_play_goes_through_the_search(panels_page, panel):
    step = lab.slider(panel, "step")
    lab.press(step, "Home")
    panel.get_by_role("button", name="play").click()
    lab.wait_until(
        lambda: float(step.get_attribute("aria-valuenow")) >= 10, panels_page, "nothing is played"
    )
    panel.get_by_role("button", name="stop").click()
