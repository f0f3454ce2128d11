"""Interpolation and inversion, driven as a reader would, without a browser."""

import re

import ipywidgets
import pytest
import torch
from helping import (
    GENERATORS,
    assert_shows,
    build_discriminator,
    build_generator,
    control,
    opinion,
    parts,
    pictures,
    pixels,
    state,
    texts,
)

from gan_helpers.data import scale_images
from gan_helpers.latent import invert, slerp
from gan_helpers.models import sample
from gan_helpers.widgets import Interpolation, Inversion, LatentExplorer, inversion

STEPS = 12  # of a search, in place of 200


@pytest.fixture(params=GENERATORS)
def any_generator(request):
    return build_generator(request.param)


@pytest.fixture
def generator():
    return build_generator()


@pytest.fixture
def images(images, monkeypatch):
    monkeypatch.setattr(inversion, "STEPS", STEPS)
    return images[:5]


def test_a_panel_leaves_the_networks_and_the_random_state_alone(any_generator, images):
    discriminator = build_discriminator()
    networks = (any_generator, discriminator)
    kept = [state(network) for network in networks]
    random = torch.get_rng_state()
    control(LatentExplorer(any_generator, discriminator), "z[1]").value = 2.0
    control(Interpolation(any_generator, discriminator), "t").value = 0.2
    Inversion(any_generator, images)
    for network, before in zip(networks, kept, strict=True):
        assert all(torch.equal(before[k], now) for k, now in network.state_dict().items())
        assert all(part.training for part in network.modules())
        assert all(p.requires_grad and p.grad is None for p in network.parameters())
    assert torch.equal(torch.get_rng_state(), random)


# interpolation


def check_interpolation(panel, generator):
    """What is shown is what the generator draws from ``.z``: linear, then spherical."""
    linear, spherical, _ = pictures(panel)
    assert panel.z.shape == (2, generator.latent_dim)
    drawn = sample(generator, panel.z)
    assert_shows(linear, drawn[0, 0], 6)
    assert_shows(spherical, drawn[1, 0], 6)
    pattern = r'aria-label="\|z\|"[^>]* value="([\d.]+)"[^>]*></meter> ([\d.]+)<'
    gauges = re.findall(pattern, texts(panel))
    lengths = panel.z.norm(dim=1)
    assert [float(bar) for bar, _ in gauges] == pytest.approx(lengths.tolist(), abs=1e-4)
    assert [number for _, number in gauges] == [f"{length:.1f}" for length in lengths]
    assert f"linear: |z| = {lengths[0]:.1f}" in texts(panel)
    assert f"spherical: |z| = {lengths[1]:.1f}" in texts(panel)


def test_one_slider_goes_from_corner_to_corner_and_starts_halfway(any_generator):
    panel = Interpolation(any_generator)
    assert control(panel, "s").disabled and control(panel, "t").value == 0.5
    a, b = panel.corners[:2]
    for t in (0.5, 0.0, 0.37, 1.0):
        control(panel, "t").value = t
        assert torch.allclose(panel.z[0], (1 - t) * a + t * b, atol=1e-5)
        assert torch.allclose(panel.z[1], slerp(a, b, t), atol=1e-5)
        check_interpolation(panel, any_generator)
    assert not torch.equal(*sample(any_generator, panel.corners[:2]))


def test_four_corners_are_reached(any_generator):
    panel = Interpolation(any_generator)
    path = pictures(panel)[2].value
    before = panel.z
    control(panel, "between").value = "four corners"
    assert torch.equal(panel.z, before)  # s = 0: the upper side of the square
    assert not control(panel, "s").disabled
    assert pictures(panel)[2].value != path
    for k, (s, t) in enumerate(((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))):
        control(panel, "t").value, control(panel, "s").value = t, s
        assert torch.allclose(panel.z, panel.corners[k].expand(2, -1), atol=1e-5)
        check_interpolation(panel, any_generator)
    control(panel, "s").value, control(panel, "t").value = 0.25, 0.5
    a, b, c, d = panel.corners
    assert torch.allclose(panel.z[0], 0.75 * (a + b) / 2 + 0.25 * (c + d) / 2, atol=1e-5)
    assert torch.allclose(panel.z[1], slerp(slerp(a, b, 0.5), slerp(c, d, 0.5), 0.25), atol=1e-5)
    control(panel, "between").value = "two corners"
    assert pictures(panel)[2].value == path
    assert torch.equal(panel.z, before)  # s counts no longer


def test_new_corners(generator):
    panel, same = Interpolation(generator, seed=2), Interpolation(generator, seed=2)
    assert torch.equal(panel.corners, same.corners)
    before, path = panel.corners, pictures(panel)[2].value
    control(panel, "t").value = 0.2
    control(panel, "new corners").click()
    assert panel.corners.shape == (4, 8) and not (panel.corners == before).any()
    assert pictures(panel)[2].value != path
    assert control(panel, "t").value == 0.2
    check_interpolation(panel, generator)
    alt = panel._still()[1]  # of the whole path, wherever t stands
    middle = panel.corners[:2].mean(0).norm()
    assert f"the linear z has length {middle:.1f}; lengths near 3 are usual" in alt


def test_each_digit_stands_over_its_t(generator):
    *rows, curve = Interpolation(generator)._figure().axes
    for k in range(11):
        x, _ = curve.transData.transform((k / 10, 0))
        for one in rows:
            one.apply_aspect()
            middle, _ = one.transData.transform((30 * k + 2 + 14 - 0.5, 0))
            assert middle == pytest.approx(x, abs=3), k  # of 73 pixels to a digit


def test_ds_opinion_of_both_paths(generator):
    discriminator = build_discriminator()
    panel = Interpolation(generator, discriminator)
    control(panel, "t").value = 0.3
    linear, spherical = opinion(discriminator, generator, panel.z)
    numbers = re.findall(r"D = (\d\.\d\d)", texts(panel))
    assert numbers == [f"{linear:.2f}", f"{spherical:.2f}"]
    assert "D = " not in texts(Interpolation(generator))


# inversion


def check_inversion(panel, generator, real):
    """The real image, what the generator draws from the z of the present step, and the error."""
    step = control(panel, "step").value
    drawn = sample(generator, panel.searches[step].z)[0, 0]
    shown = pictures(panel)
    assert_shows(shown[0], real[0], 6)
    assert_shows(shown[1], drawn, 6)
    assert_shows(shown[2], (real[0].int() - drawn.int()).abs(), 6)
    error = (scale_images(real[0]) - scale_images(drawn)).square().mean().item()
    (said,) = re.findall(rf"Step {step}: mean squared error (\d\.\d+) per pixel", texts(panel))
    assert float(said) == pytest.approx(error, abs=0.003)


def test_the_slider_goes_through_the_search(any_generator, images):
    panel = Inversion(any_generator, images)
    assert len(panel.searches) == STEPS + 1
    first = pictures(panel)[1].value
    for step in (0, 5, STEPS):
        control(panel, "step").value = step
        check_inversion(panel, any_generator, images[0])
    assert pictures(panel)[1].value != first
    assert panel.searches[-1].losses < panel.searches[0].losses
    expected = invert(any_generator, scale_images(images[:1]), steps=STEPS)
    for search, own in zip(panel.searches, expected, strict=True):
        assert torch.equal(search.z, own.z)


def test_another_image_is_another_search(generator, images):
    panel = Inversion(generator, images)
    assert control(panel, "image").max == 4
    control(panel, "step").value = 7
    searches, curve = panel.searches, pictures(panel)[3].value
    control(panel, "image").value = 3
    assert control(panel, "step").value == 7
    assert pictures(panel)[3].value != curve
    assert not torch.equal(panel.searches[-1].z, searches[-1].z)
    check_inversion(panel, generator, images[3])


def test_the_button_plays_the_whole_search_and_the_alt_gives_its_last_error(generator, images):
    panel = Inversion(generator, images[:1])  # one image is enough
    check_inversion(panel, generator, images[0])
    (play,) = [part for part in parts(panel) if isinstance(part, ipywidgets.Play)]
    step = control(panel, "step")
    assert (play.min, play.max) == (step.min, step.max) == (0, STEPS)
    alt = panel._still()[1]
    error = f"{panel.searches[-1].losses.item():.3f} per pixel"
    assert f"mean squared error {error}" in alt and f"after {STEPS} steps" in alt


def test_the_curve_is_sharp_and_marks_the_present_step(generator, images):
    panel = Inversion(generator, images[:1])
    curve, figure = pictures(panel)[3], panel._figure
    marked = []
    for step in (0, 7, STEPS):
        control(panel, "step").value = step
        shown = pixels(curve)
        assert shown.shape[1] == 2 * int(curve.width)
        x, y = figure._axes.transData.transform((step, panel.searches[step].losses.item()))
        marked.append((round(x), shown.shape[0] - round(y)))
        assert [shown[y, x] == 0 for x, y in marked] == [False] * (len(marked) - 1) + [True]


def test_an_inversion_refuses_other_images(generator, images):
    with pytest.raises(TypeError, match="images has dtype torch.float32"):
        Inversion(generator, scale_images(images))
    for bad in (images[:0], images[0], images[..., :20]):
        with pytest.raises(ValueError, match="images has shape"):
            Inversion(generator, bad)
