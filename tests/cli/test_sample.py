"""``sample`` on the command line: images from a generator's weights, whole or not at all."""

from pathlib import Path

import numpy as np
import pytest
import torch
from helping import assert_one_sentence, status_of
from PIL import Image
from safetensors.torch import load_file, save_file

from gan_helpers.metrics import draw_samples, read_images
from gan_helpers.models import ArticleGenerator, Generator, draw, initialise
from gan_helpers.plots import grid_image
from gan_helpers.training import files, load_generator, save_generator


@pytest.fixture
def weights(tmp_path) -> str:
    file = tmp_path / "generator.safetensors"
    save_generator(initialise(Generator(latent_dim=3, hidden=(4,)), seed=1), file, {"seed": "7"})
    return str(file)


@pytest.fixture
def out(tmp_path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def sampled(weights: str, out: Path, *more: str) -> int:
    return status_of("sample", weights, "--out", out, *more)


def images_in(file: Path) -> np.ndarray:
    with np.load(file, allow_pickle=False) as arrays:
        assert list(arrays) == ["images"]
        return arrays["images"]


# what works


def test_images_in_an_npz_file_are_those_that_are_evaluated(weights, out, capsys):
    assert sampled(weights, out / "images.npz", "--n", "1234", "--seed", "5") == 0
    assert capsys.readouterr() == (f"1,234 images: {out / 'images.npz'}\n", "")
    images = images_in(out / "images.npz")
    assert (images.dtype, images.shape) == (np.uint8, (1234, 28, 28))
    expected = draw_samples(load_generator(weights)[0], 1234, seed=5)
    assert np.array_equal(images, expected.numpy()[:, 0])
    assert torch.equal(read_images(out / "images.npz"), expected)  # `evaluate` reads it
    assert [path.name for path in out.iterdir()] == ["images.npz"]


def test_without_a_number_an_npz_file_gets_10_000_images_of_seed_0(weights, out):
    assert sampled(weights, out / "images.npz") == 0
    expected = draw(load_generator(weights)[0], 10_000, seed=0)
    assert np.array_equal(images_in(out / "images.npz"), expected.numpy()[:, 0])


@pytest.mark.parametrize(("more", "count"), [([], 100), (["--n", "25"], 25), (["--n", "1"], 1)])
def test_a_grid_as_png(weights, out, capsys, more, count):
    assert sampled(weights, out / "grid.png", *more) == 0
    expected = grid_image(draw_samples(load_generator(weights)[0], count, seed=0))
    with Image.open(out / "grid.png") as grid:
        assert (grid.format, grid.size, grid.mode) == ("PNG", expected.size, "L")
        assert grid.tobytes() == expected.tobytes()
    assert capsys.readouterr().out.startswith(f"{count} images: ")
    assert [path.name for path in out.iterdir()] == ["grid.png"]


@pytest.mark.parametrize("latent_dim", [3, 100])  # numbers are drawn in blocks of 16
def test_fewer_images_are_the_first_of_more(tmp_path, out, latent_dim):
    generator = initialise(Generator(latent_dim, hidden=(4,)), seed=1)
    save_generator(generator, tmp_path / "generator.safetensors", {})
    counts = (1, 2, 10, 15, 16, 17, 100, 999, 2000, 2001, 5000)
    for count in counts:
        more = ["--n", str(count), "--seed", "3"]
        assert sampled(tmp_path / "generator.safetensors", out / f"{count}.npz", *more) == 0
    most = images_in(out / f"{counts[-1]}.npz")
    for count in counts:
        assert np.array_equal(images_in(out / f"{count}.npz"), most[:count]), count
    assert len(np.unique(most, axis=0)) > 4990


@pytest.mark.parametrize("name", ["IMAGES.NPZ", "Grid.Png"])
def test_an_ending_in_capitals_is_the_same_ending(weights, out, name):
    assert sampled(weights, out / name, "--n", "2") == 0
    assert [path.name for path in out.iterdir()] == [name]
    if name.endswith("NPZ"):
        assert read_images(out / name).shape == (2, 1, 28, 28)


def test_the_articles_generator_into_the_working_directory(tmp_path, out, monkeypatch):
    save_generator(initialise(ArticleGenerator(5), seed=0), tmp_path / "article.safetensors", {})
    monkeypatch.chdir(out)
    Path("images.npz").write_text("an older file")
    assert sampled(tmp_path / "article.safetensors", "images.npz", "--n", "3") == 0
    assert images_in(out / "images.npz").shape == (3, 28, 28)


# what does not


@pytest.mark.parametrize("name", ["images", "images.jpg", "images.npy", "images.npz.zip", ".npz"])
def test_another_ending_is_refused(weights, out, capsys, name):
    assert sampled(weights, out / name) == 1
    assert_one_sentence(capsys, f"--out {out / name} ends in neither .npz nor .png")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("name", ["images.npz", "grid.png"])
def test_a_missing_folder(weights, tmp_path, capsys, name):
    assert sampled(weights, tmp_path / "absent" / name) == 1
    assert_one_sentence(capsys, "--out", "absent", "does not exist")
    assert not (tmp_path / "absent").exists()


def test_weights_that_are_missing_damaged_of_something_else_or_nan(weights, out, capsys):
    def assert_refused(file: str, words: str) -> None:
        assert sampled(file, out / "images.npz") == 1
        assert_one_sentence(capsys, words)
        assert list(out.iterdir()) == []

    assert_refused(f"{weights}.absent", "absent does not exist")
    tensors = load_file(weights)
    tensors["layers.0.bias"].fill_(float("nan"))
    save_generator(Generator(latent_dim=3, hidden=(4,)), weights, {})
    save_file(load_file(weights) | tensors, weights, metadata={"generator": "Generator"})
    assert_refused(weights, "NaN")
    del tensors["layers.0.bias"]
    save_file(tensors, weights, metadata={"generator": "Generator"})
    assert_refused(weights, "does not hold the weights of a whole Generator")
    save_file(tensors, weights)
    assert_refused(weights, "holds no generator of this course")
    Path(weights).write_text("no weights")
    assert_refused(weights, "generator.safetensors is damaged")


@pytest.mark.parametrize(
    "more", ["--n 0", "--n -1", "--n x", "--seed x", f"--n {'9' * 20}", f"--seed {'9' * 20}"]
)
def test_a_bad_argument(weights, out, capsys, more):
    assert sampled(weights, out / "images.npz", *more.split()) == 2
    assert_one_sentence(capsys, more.split()[0], "sample --help explains")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("name", ["images.npz", "grid.png"])
@pytest.mark.parametrize("when", ["fsync", "replace"])
def test_a_full_disk_leaves_the_older_file_and_nothing_half_written(
    weights, out, monkeypatch, capsys, name, when
):
    (out / name).write_text("old")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, when, full)
    assert sampled(weights, out / name, "--n", "2") == 1
    assert_one_sentence(capsys, "No space left on device")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {name: b"old"}


def test_two_commands_that_write_one_file_leave_a_whole_one(weights, out, monkeypatch):
    """And a file of the user's that is called unfinished stays where it is."""
    (out / "unfinished_images.npz").write_text("the user's own")
    replace = files.os.replace

    def in_between(*names):
        monkeypatch.setattr(files.os, "replace", replace)
        assert sampled(weights, out / "images.npz", "--n", "3") == 0
        assert len(images_in(out / "images.npz")) == 3
        replace(*names)

    monkeypatch.setattr(files.os, "replace", in_between)
    assert sampled(weights, out / "images.npz", "--n", "5") == 0
    assert len(images_in(out / "images.npz")) == 5
    names = sorted(path.name for path in out.iterdir())
    assert names == ["images.npz", "unfinished_images.npz"]


def test_a_folder_of_that_name(weights, out, capsys):
    (out / "images.npz").mkdir()
    assert sampled(weights, out / "images.npz", "--n", "2") == 1
    assert_one_sentence(capsys, f"--out {out / 'images.npz'} is a folder; name a file")
    assert [path.name for path in out.iterdir()] == ["images.npz"]


def test_a_folder_that_may_not_be_written(weights, out, monkeypatch, capsys):
    monkeypatch.setattr("os.access", lambda folder, mode: False)
    assert sampled(weights, out / "images.npz", "--n", "2") == 1
    assert_one_sentence(capsys, "--out", str(out), "may not be written; name a file in another one")
