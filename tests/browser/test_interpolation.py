"""The interpolation panel in the browser: both digits follow the sliders between the corners."""

import pytest
import torch

from browser import lab
from gan_helpers.latent import lerp, slerp
from gan_helpers.models import sample

PANEL = "interpolation"


@pytest.fixture(scope="module")
def corners():
    """The corners that seed 0 draws, then those after "new corners"."""
    rng = torch.Generator().manual_seed(0)
    return [torch.randn(4, 100, generator=rng) for _ in range(2)]


def expect_digits(panel, generator, linear, spherical):
    images = sample(generator, torch.cat((linear, spherical)))[:, 0]
    for k, image in enumerate(images):
        lab.expect_digit(panel.locator("img").nth(k), image, factor=6)
    lengths = [f"{z.norm():.1f}" for z in (linear, spherical)]
    words = panel.get_by_role("status")
    words.get_by_text(f"linear: |z| = {lengths[0]}").wait_for()
    words.get_by_text(f"spherical: |z| = {lengths[1]}").wait_for()


def between(corners, t, s=None):
    """z at t, and s of the way down, by both paths."""
    t, found = torch.tensor([t]), []
    for path in (lerp, slerp):
        upper, lower = path(corners[0], corners[1], t), path(corners[2], corners[3], t)
        found.append(upper if s is None else path(upper, lower, s))
    return found


def test_t_moves_both_digits_from_one_corner_to_the_other(panels_page, panel, generator, corners):
    expect_digits(panel, generator, *between(corners[0], 0.5))
    lab.press(lab.slider(panel, "t"), *["ArrowRight"] * 3)
    expect_digits(panel, generator, *between(corners[0], 0.53))
    lab.press(lab.slider(panel, "t"), "End")
    expect_digits(panel, generator, *between(corners[0], 1.0))


def test_four_corners_and_new_ones(panels_page, panel, generator, corners):
    before = lab.png_shown(panel.locator("img").nth(2))
    panel.get_by_role("button", name="four corners").click()
    lab.press(lab.slider(panel, "s"), "End", "ArrowLeft")
    lab.press(lab.slider(panel, "t"), "Home", "ArrowRight")
    expect_digits(panel, generator, *between(corners[0], 0.01, 0.99))
    lab.wait_until(  # the page may show it a moment after the digits
        lambda: lab.png_shown(panel.locator("img").nth(2)) != before,
        panels_page,
        "the paths stay as they were",
    )
    panel.get_by_role("button", name="new corners").click()
    expect_digits(panel, generator, *between(corners[1], 0.01, 0.99))
