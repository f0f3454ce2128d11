"""``train``, ``sample`` on pictures of one's own and on classes, in small."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helping import status_of
from PIL import Image

from gan_helpers.cli import evaluate
from gan_helpers.models import OneClass, draw
from gan_helpers.training import load_checkpoint, load_generator, read_about

SHORT = ["--epochs", "1", "--batch-size", "8", "--latent-dim", "6", "--device", "cpu"]
NETWORKS = {
    "course": ["--generator-hidden", "16", "--discriminator-hidden", "16"],
    "convolutional": ["--width", "4", "--discriminator-hidden", "8"],
}


@pytest.fixture
def pictures(tmp_path):
    """Sixteen red and sixteen blue pictures of 40 x 24 pixels, each class in its folder."""
    rng = np.random.default_rng(0)
    for place, name in ((0, "red"), (2, "blue")):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for number in range(16):
            array = np.zeros((24, 40, 3), np.uint8)
            array[..., place] = rng.integers(100, 255)
            Image.fromarray(array).save(tmp_path / "pictures" / name / f"{number}.png")
    return tmp_path / "pictures"


@pytest.mark.parametrize("recipe", NETWORKS)
@pytest.mark.parametrize("conditional", [False, True])
def test_a_folder_is_trained_on_resumed_and_drawn_from(tmp_path, pictures, recipe, conditional):
    out = tmp_path / "run"
    options = ["--data", pictures, "--size", "16", "--recipe", recipe, *NETWORKS[recipe], *SHORT]
    options += ["--conditional"] * conditional
    assert status_of("train", "--out", out, *options) == 0
    assert status_of("train", "--out", out, "--resume", "--epochs", "3") == 0
    run = load_checkpoint(out / "checkpoint.safetensors")
    assert run.history.steps == 3 * 32 // 8
    assert run.history.frames[-1].shape == (40, 3, 16, 16)
    generator, about = load_generator(out / "generator.safetensors")
    assert (about["data"], generator.image_shape) == (str(pictures), (3, 16, 16))
    assert status_of("sample", out, "--n", "6", "--out", tmp_path / "drawn.npz") == 0
    with np.load(tmp_path / "drawn.npz") as arrays:
        drawn = torch.from_numpy(arrays["images"]).permute(0, 3, 1, 2)
        assert ("labels" in arrays) == conditional
        if conditional:
            assert arrays["labels"].tolist() == [0, 1, 0, 1, 0, 1]
    torch.testing.assert_close(drawn, draw(generator, 2000, 0)[:6], atol=1, rtol=0)
    with pytest.MonkeyPatch.context() as patched:  # evaluate takes the run's own pictures
        asked = []
        patched.setattr(
            evaluate, "load_dataset", lambda source, *rest, **more: asked.append(source)
        )
        patched.setattr(evaluate, "reference_of", lambda *given, **more: SimpleNamespace(shape=()))
        patched.setattr(evaluate, "evaluate", lambda *given, **more: "measured")
        assert status_of("evaluate", out) == 0
    assert asked == [str(pictures)] * 2


def test_one_class_is_drawn_by_name_or_number(tmp_path, pictures, capsys):
    out, drawn = tmp_path / "run", {}
    options = ["--data", pictures, "--size", "16", *NETWORKS["course"], *SHORT, "--conditional"]
    assert status_of("train", "--out", out, *options) == 0
    for name in ("red", "1", "blue"):
        file = tmp_path / f"{name}.npz"
        assert status_of("sample", out, "--class", name, "--n", "4", "--out", file) == 0
        drawn[name] = torch.from_numpy(np.load(file)["images"])
    generator, _ = load_generator(out / "generator.safetensors")
    red = draw(OneClass(generator, 1), 2000, 0)[:4].permute(0, 2, 3, 1)
    torch.testing.assert_close(drawn["red"], red, atol=1, rtol=0)
    assert torch.equal(drawn["red"], drawn["1"]) and not torch.equal(drawn["red"], drawn["blue"])
    (out / "generator.safetensors").unlink()  # as while it trains
    assert status_of("sample", out, "--class", "red", "--out", tmp_path / "again.png") == 0
    capsys.readouterr()
    for name in ("green", "2", "-1"):
        assert status_of("sample", out, f"--class={name}", "--out", tmp_path / "x.png") == 1
        assert "expected blue, red, or a number from 0 to 1" in capsys.readouterr().err


def test_what_cannot_be_told_classes_says_so(tmp_path, pictures, capsys):
    flat = pictures / "red"
    options = ["--size", "16", *NETWORKS["course"], *SHORT]
    status = status_of("train", "--out", tmp_path / "a", "--data", flat, *options, "--conditional")
    assert status == 1 and "has none; put the pictures of each class" in capsys.readouterr().err
    assert status_of("train", "--out", tmp_path / "b", "--data", flat, *options) == 0
    capsys.readouterr()
    more = ["--class", "red", "--out", tmp_path / "x.png"]
    assert status_of("sample", tmp_path / "b", *more) == 1
    assert "this generator has no classes; train one with --conditional" in capsys.readouterr().err
    assert read_about(tmp_path / "b" / "checkpoint.safetensors")["classes"] == []


def test_a_resumed_run_notices_that_its_classes_have_changed(tmp_path, pictures, capsys):
    options = ["--data", pictures, "--size", "16", *NETWORKS["course"], *SHORT, "--conditional"]
    assert status_of("train", "--out", tmp_path / "run", *options) == 0
    (pictures / "red").rename(pictures / "scarlet")
    capsys.readouterr()
    assert status_of("train", "--out", tmp_path / "run", "--resume", "--epochs", "2") == 1
    assert "blue, scarlet; the run was told blue, red" in capsys.readouterr().err
