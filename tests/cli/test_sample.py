"""``sample`` on the command line: images from a generator's weights, whole or not at all."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from gan_helpers.cli import main
from gan_helpers.cli import sample as command_line
from gan_helpers.metrics import read_images
from gan_helpers.models import ArticleGenerator, Generator, draw, initialise
from gan_helpers.plots import grid_image
from gan_helpers.training import load_generator, save_generator


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
    return main(["sample", weights, "--out", str(out), *more])


def images_in(file: Path) -> np.ndarray:
    with np.load(file, allow_pickle=False) as arrays:
        assert list(arrays) == ["images"]
        return arrays["images"]


def assert_one_sentence(capsys, *parts: str) -> None:
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("python -m gan_helpers")
    assert captured.err.count("\n") == 1 and captured.err.endswith("\n")
    for part in parts:
        assert part in captured.err


# what works


def test_images_in_an_npz_file_are_those_that_are_evaluated(weights, out, capsys):
    assert sampled(weights, out / "images.npz", "--n", "1234", "--seed", "5") == 0
    captured = capsys.readouterr()
    assert captured.out == f"1,234 images: {out / 'images.npz'}\n"
    assert captured.err == ""
    images = images_in(out / "images.npz")
    assert (images.dtype, images.shape) == (np.uint8, (1234, 28, 28))
    expected = draw(load_generator(weights)[0], 1234, seed=5)
    assert np.array_equal(images, expected.numpy()[:, 0])
    assert torch.equal(read_images(out / "images.npz"), expected)  # `evaluate` reads it
    assert [path.name for path in out.iterdir()] == ["images.npz"]


def test_one_seed_one_set_of_images(weights, out):
    torch.manual_seed(1)
    assert sampled(weights, out / "one.npz", "--n", "20") == 0
    torch.manual_seed(2)
    assert sampled(weights, out / "two.npz", "--n", "20", "--seed", "0") == 0
    assert sampled(weights, out / "other.npz", "--n", "20", "--seed", "1") == 0
    one, two, other = (images_in(out / f"{name}.npz") for name in ("one", "two", "other"))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_without_a_number_an_npz_file_gets_10_000_images(weights, out):
    assert sampled(weights, out / "images.npz") == 0
    assert len(images_in(out / "images.npz")) == 10_000


@pytest.mark.parametrize(("more", "count"), [([], 100), (["--n", "25"], 25), (["--n", "1"], 1)])
def test_a_grid_as_png(weights, out, capsys, more, count):
    assert sampled(weights, out / "grid.png", *more) == 0
    expected = grid_image(draw(load_generator(weights)[0], count, seed=0))
    with Image.open(out / "grid.png") as grid:
        assert (grid.format, grid.size, grid.mode) == ("PNG", expected.size, "L")
        assert grid.tobytes() == expected.tobytes()
    assert capsys.readouterr().out.startswith(f"{count} images: ")
    assert [path.name for path in out.iterdir()] == ["grid.png"]


def test_the_articles_generator(tmp_path, out):
    generator = initialise(ArticleGenerator(latent_dim=5), seed=0)
    save_generator(generator, tmp_path / "article.safetensors", {})
    assert sampled(str(tmp_path / "article.safetensors"), out / "images.npz", "--n", "3") == 0
    assert images_in(out / "images.npz").shape == (3, 28, 28)


def test_a_name_without_a_folder_is_in_the_working_directory(weights, out, monkeypatch):
    monkeypatch.chdir(out)
    (out / "images.npz").write_text("an older file")
    assert main(["sample", weights, "--out", "images.npz", "--n", "2"]) == 0
    assert len(images_in(out / "images.npz")) == 2


# what does not


@pytest.mark.parametrize("name", ["images", "images.jpg", "images.npy", "images.npz.zip", ".npz"])
def test_another_ending_is_refused(weights, out, capsys, name):
    assert sampled(weights, out / name) == 1
    assert_one_sentence(capsys, f"--out {out / name} ends in neither .npz nor .png")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("name", ["images.npz", "grid.png"])
def test_a_missing_folder(weights, tmp_path, capsys, name):
    assert sampled(weights, tmp_path / "absent" / name) == 1
    assert_one_sentence(capsys, "The folder of --out", "absent", "does not exist; make it")
    assert not (tmp_path / "absent").exists()


def test_weights_that_are_missing_damaged_or_of_something_else(weights, out, tmp_path, capsys):
    assert sampled(str(tmp_path / "absent.safetensors"), out / "images.npz") == 1
    assert_one_sentence(capsys, "absent.safetensors does not exist")
    tensors = load_file(weights)
    del tensors["layers.0.bias"]
    save_file(tensors, weights, metadata={"generator": "Generator"})
    assert sampled(weights, out / "images.npz") == 1
    assert_one_sentence(capsys, "does not hold the weights of a whole Generator")
    save_file(tensors, weights)
    assert sampled(weights, out / "images.npz") == 1
    assert_one_sentence(capsys, "holds no generator of this course")
    Path(weights).write_text("no weights")
    assert sampled(weights, out / "grid.png") == 1
    assert_one_sentence(capsys, "generator.safetensors is damaged")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("more", [["--n", "0"], ["--n", "-1"], ["--n", "x"], ["--seed", "x"]])
def test_a_bad_number(weights, out, capsys, more):
    with pytest.raises(SystemExit) as stopped:
        sampled(weights, out / "images.npz", *more)
    assert stopped.value.code == 2
    assert_one_sentence(capsys, more[0], "sample --help explains")
    assert list(out.iterdir()) == []


def test_without_a_file_to_write(weights, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["sample", weights])
    assert stopped.value.code == 2
    assert_one_sentence(capsys, "--out")


def test_a_generator_that_draws_nan(tmp_path, out, capsys):
    generator = Generator(latent_dim=3, hidden=(4,))
    with torch.no_grad():
        generator.layers[0].bias.fill_(float("nan"))
    save_generator(generator, tmp_path / "generator.safetensors", {})
    assert sampled(str(tmp_path / "generator.safetensors"), out / "images.npz") == 1
    assert_one_sentence(capsys, "NaN")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("name", ["images.npz", "grid.png"])
@pytest.mark.parametrize("when", ["written", "moved"])
def test_a_full_disk_leaves_the_older_file_and_nothing_half_written(
    weights, out, monkeypatch, capsys, name, when
):
    (out / name).write_text("old")

    def half(file, **arrays):
        Path(file).write_text("half")
        raise OSError(28, "No space left on device")

    def moved(*arguments):
        raise OSError(28, "No space left on device")

    if when == "moved":
        monkeypatch.setattr(command_line.os, "replace", moved)
    elif name == "images.npz":
        monkeypatch.setattr(command_line.np, "savez_compressed", half)
    else:
        monkeypatch.setattr(Image.Image, "save", lambda picture, file: half(file))
    assert sampled(weights, out / name, "--n", "2") == 1
    assert_one_sentence(capsys, "No space left on device")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {name: b"old"}


def test_a_folder_of_that_name(weights, out, capsys):
    (out / "images.npz").mkdir()
    assert sampled(weights, out / "images.npz", "--n", "2") == 1
    assert_one_sentence(capsys, str(out / "images.npz"))
    assert [path.name for path in out.iterdir()] == ["images.npz"]
