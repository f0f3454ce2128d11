"""The latent explorer, driven as a reader would, without a browser."""

import asyncio

import numpy as np
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
    sliders,
    texts,
)
from torch import nn

from gan_helpers.latent import weight_directions
from gan_helpers.models import Generator, initialise, sample
from gan_helpers.widgets import LatentExplorer


@pytest.fixture(params=GENERATORS)
def any_generator(request):
    return build_generator(request.param)


@pytest.fixture
def explorer():
    return LatentExplorer(build_generator(), build_discriminator())


def check_explorer(explorer, generator):
    """What is shown is what the generator draws from ``.z``."""
    digit, strip, _ = pictures(explorer)
    assert explorer.z.shape == (1, generator.latent_dim)
    assert_shows(digit, sample(generator, explorer.z)[0, 0], 8)
    assert f"|z| = {explorer.z.norm():.1f}" in texts(explorer)
    assert pixels(strip).shape == (3 * 32, 3 * (9 * 30 + 2))


def test_a_slider_moves_its_coordinate_and_reset_puts_all_back(any_generator):
    explorer = LatentExplorer(any_generator)
    check_explorer(explorer, any_generator)
    start = explorer.z
    control(explorer, "z[3]").value = 1.5
    control(explorer, "z[5]").value = -2.0
    expected = start.clone()
    expected[0, 3] += 1.5
    expected[0, 5] -= 2.0
    assert torch.allclose(explorer.z, expected)
    check_explorer(explorer, any_generator)
    assert not torch.equal(sample(any_generator, start), sample(any_generator, explorer.z))
    control(explorer, "reset").click()
    assert torch.equal(explorer.z, start)
    assert all(one.value == 0 for one in sliders(explorer))
    check_explorer(explorer, any_generator)


def test_the_strip_follows_the_slider_that_was_moved_last(explorer):
    assert "Along z[0], from -4 to 4" in texts(explorer)
    control(explorer, "z[0]").value = 1.0
    control(explorer, "z[6]").value = -3.0
    assert "Along z[6]" in texts(explorer)
    strip = pictures(explorer)[1]
    small = pixels(strip)[::3, ::3]
    for column in range(9):  # z[6] at -4, -3, ..., 4; z[0] as it stands
        z = explorer.z
        z[0, 6] += 3 + column - 4
        tile = small[2:30, 30 * column + 2 : 30 * column + 30]
        off = sample(build_generator(), z)[0, 0].numpy().astype(int) - tile
        assert abs(off).max() <= 1  # a batch of nine rounds in another order
    before = strip.value
    control(explorer, "z[6]").value = 2.0  # moves along the strip: it stays
    assert strip.value == before
    control(explorer, "z[0]").value = 0.0
    assert strip.value != before and "Along z[0]" in texts(explorer)


def test_switching_kinds_keeps_the_digit(any_generator):
    explorer = LatentExplorer(any_generator)
    control(explorer, "z[2]").value = 2.5
    for kind in ("directions of the weights", "directions of the activations", "coordinates"):
        before, shown = explorer.z, pictures(explorer)[0].value
        control(explorer, "move along").value = kind
        assert torch.equal(explorer.z, before)
        assert pictures(explorer)[0].value == shown
        one = control(explorer, "z[1]" if kind == "coordinates" else "v[1]")
        assert one.value == 0
        one.value = 1.0
        check_explorer(explorer, any_generator)
        step = (explorer.z - before)[0]
        assert step.norm().item() == pytest.approx(1, abs=1e-4)
        if kind == "directions of the weights":
            direction = weight_directions(any_generator).vectors[1]
            assert torch.allclose(step, direction, atol=1e-5)


def test_other_numbers(explorer):
    control(explorer, "z[0]").value = 1.0
    before = explorer.z
    control(explorer, "numbers").value = "7,6, 5,4,3,2,1,  0"
    assert torch.equal(explorer.z, before)  # what the sliders did before is kept
    assert [one.description for one in sliders(explorer)] == [f"z[{k}]" for k in range(7, -1, -1)]
    sliders(explorer)[0].value = 2.0
    assert (explorer.z - before)[0, 7].item() == pytest.approx(2)
    check_explorer(explorer, build_generator())


@pytest.mark.parametrize(
    "text",
    ["", "1, 2", "0,1,2,3,4,5,6,8", "0,1,2,3,4,5,6,-7", "0 1 2 3 4 5 6 7", "0,1,2,3,4,5,6,7,"],
)
def test_bad_numbers_are_explained_and_change_nothing(explorer, text):
    control(explorer, "z[1]").value = 1.0
    z, shown = explorer.z, pictures(explorer)[0].value
    control(explorer, "numbers").value = text
    words = f"numbers is {text!r}; expected 8 whole numbers from 0 to 7"
    assert words in texts(explorer)
    assert torch.equal(explorer.z, z) and pictures(explorer)[0].value == shown
    assert control(explorer, "z[1]").value == 1.0
    control(explorer, "z[1]").value = 0.5  # and it goes on
    assert words not in texts(explorer)
    check_explorer(explorer, build_generator())


def test_the_explorer_refuses_bad_arguments():
    with pytest.raises(ValueError, match="kind is 'pixels'; expected one of 'coordinates'"):
        LatentExplorer(build_generator(), kind="pixels")
    for numbers in (range(7), range(1, 9), [0, 1, 2, 3, 4, 5, 6, 0.5]):
        with pytest.raises(ValueError, match="numbers is .* from 0 to 7"):
            LatentExplorer(build_generator(), numbers=numbers)


@pytest.mark.parametrize(("latent_dim", "rows"), [(1, "one row of"), (2, "two rows"), (9, "eight")])
@pytest.mark.parametrize("kind", ["coordinates", "directions of the activations"])
def test_there_are_as_many_sliders_as_coordinates_at_most_eight(latent_dim, rows, kind):
    generator = initialise(Generator(latent_dim, (16,)), seed=0)
    explorer = LatentExplorer(generator, kind=kind)
    assert len(sliders(explorer)) == min(8, latent_dim)
    sliders(explorer)[-1].value = 2.0
    check_explorer(explorer, generator)
    assert f"Beside it {rows}" in explorer._repr_mimebundle_()["text/html"]
    control(explorer, "numbers").value = "5, 99"
    assert f"expected {min(8, latent_dim)} whole numbers from 0 to {latent_dim - 1}" in texts(
        explorer
    )


def test_what_is_no_generator_is_told_the_interface():
    with pytest.raises(TypeError, match="a Linear with no latent_dim; expected a network that"):
        LatentExplorer(nn.Linear(2, 784))


def test_new_z_is_another_and_the_seed_decides():
    explorer, same, other = (LatentExplorer(build_generator(), seed=seed) for seed in (4, 4, 5))
    assert torch.equal(explorer.z, same.z) and not torch.equal(explorer.z, other.z)
    control(explorer, "z[1]").value = 1.0
    before = explorer.z
    control(explorer, "new z").click()
    assert not (explorer.z == before).any()
    assert control(explorer, "z[1]").value == 0
    check_explorer(explorer, build_generator())


def test_saved_z_are_kept_in_order(explorer):
    assert explorer.saved.shape == (0, 8)
    first = explorer.z
    control(explorer, "save z").click()
    control(explorer, "z[0]").value = 3.0
    control(explorer, "save z").click()
    assert "Saved as number 2 of .saved" in texts(explorer)
    assert torch.equal(explorer.saved, torch.cat((first, explorer.z)))


def test_saved_z_are_shown_and_written_to_a_new_file_each_time(explorer, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    saved = pictures(explorer)[2]
    (part,) = [one for one in parts(explorer) if saved in getattr(one, "children", ())]
    assert part.layout.display == "none"
    control(explorer, "write file").click()
    assert "press save z first" in texts(explorer) and not list(tmp_path.iterdir())
    control(explorer, "save z").click()
    control(explorer, "z[0]").value = 3.0
    control(explorer, "save z").click()
    assert part.layout.display != "none"
    small = pixels(saved)[::2, ::2]
    for k, digit in enumerate(sample(build_generator(), explorer.saved)):
        shown = small[2:30, 30 * k + 2 : 30 * k + 30]
        assert abs(digit[0].numpy().astype(int) - shown).max() <= 1

    (tmp_path / "saved_z_1.npy").write_text("mine")
    control(explorer, "write file").click()
    control(explorer, "write file").click()
    for number in (2, 3):
        read = np.load(tmp_path / f"saved_z_{number}.npy")
        assert read.dtype == np.float32 and torch.equal(torch.from_numpy(read), explorer.saved)
    assert f"Wrote 2 z to {tmp_path / 'saved_z_3.npy'}" in texts(explorer)
    assert (tmp_path / "saved_z_1.npy").read_text() == "mine"


def test_a_file_that_cannot_be_written_is_said_and_not_left_half_written(
    explorer, monkeypatch, tmp_path
):
    def full(file, *arguments, **options):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(np, "save", full)
    control(explorer, "save z").click()
    control(explorer, "write file").click()
    assert "could not be written: No space left on device" in texts(explorer)
    assert not list(tmp_path.iterdir()) and len(explorer.saved) == 1


def test_the_gauge_and_the_still_picture_are_of_the_present_z(explorer):
    before = explorer._repr_mimebundle_()["text/html"]
    control(explorer, "z[2]").value = 4.0
    (expected,) = opinion(build_discriminator(), build_generator(), explorer.z)
    assert f' value="{expected:.4f}" ' in texts(explorer)
    assert f"</meter> {expected:.2f}<" in texts(explorer)
    after = explorer._repr_mimebundle_()["text/html"]
    assert after.split("alt=")[0] != before.split("alt=")[0]  # another picture
    assert f"|z| = {explorer.z.norm():.1f}" in after
    assert "<meter" not in texts(LatentExplorer(build_generator()))


def test_words_of_a_moment_ago_do_not_replace_an_error(explorer):
    async def move_then_mistype():
        control(explorer, "z[1]").value = 1.0  # the words follow when the slider rests
        control(explorer, "numbers").value = "1, 2"
        await asyncio.sleep(0.3)

    asyncio.run(move_then_mistype())
    assert "expected 8 whole numbers" in texts(explorer)
