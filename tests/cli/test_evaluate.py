"""``evaluate``, and what all commands share: prints, writes, and errors in one sentence."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from helping import FABRICATED, assert_one_sentence, status_of
from safetensors.torch import load_file, save_file

from gan_helpers.cli import evaluate as command_line
from gan_helpers.metrics import Scores
from gan_helpers.models import Generator
from gan_helpers.training import Recipe, save_generator


@pytest.fixture
def calls(monkeypatch) -> list:
    """The arguments that reach the evaluation, which is replaced by made-up numbers."""
    calls = []

    def evaluate(generator, n, seed):
        calls.append((generator, n, seed))
        return replace(FABRICATED, samples=n)

    def evaluate_images(images):
        calls.append(images)
        return replace(FABRICATED, samples=len(images))

    monkeypatch.setattr(command_line, "evaluate", evaluate)
    monkeypatch.setattr(command_line, "evaluate_images", evaluate_images)
    return calls


@pytest.fixture
def weights(tmp_path) -> str:
    file = tmp_path / "generator.safetensors"
    save_generator(Generator(latent_dim=3, hidden=(4,)), file, {"seed": "7"})
    return str(file)


@pytest.fixture
def pictures(tmp_path) -> str:
    images = np.random.default_rng(0).integers(0, 256, (30, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "pictures.npz", images=images)
    return str(tmp_path / "pictures.npz")


# what works


def test_the_table_of_a_generator_is_printed(calls, weights, capsys):
    assert status_of("evaluate", weights) == 0
    assert capsys.readouterr() == (f"{FABRICATED}\n", "")
    [(generator, n, seed)] = calls
    assert (type(generator), generator.latent_dim) == (Generator, 3)
    assert (n, seed) == (10_000, 0)


@pytest.mark.parametrize(("more", "count"), [([], 30), (["--n", "12"], 12)])
def test_the_table_of_the_first_images_is_printed(calls, pictures, capsys, more, count):
    assert status_of("evaluate", pictures, *more) == 0
    assert capsys.readouterr().out == f"{replace(FABRICATED, samples=count)}\n"
    assert (calls[0].dtype, calls[0].shape) == (torch.uint8, (count, 1, 28, 28))
    with np.load(pictures) as arrays:
        assert np.array_equal(calls[0].numpy()[:, 0], arrays["images"][:count])


def test_the_numbers_are_written_as_json(calls, weights, tmp_path, capsys):
    out = tmp_path / "scores.json"
    assert status_of("evaluate", weights, "--n", "2000", "--seed", "5", "--json", out) == 0
    assert calls[0][1:] == (2000, 5)
    record = json.loads(out.read_text(encoding="utf-8"))
    assert Scores(**record["scores"]) == replace(FABRICATED, samples=2000)
    assert (record["file"], record["seed of z"], record["weights"]) == (weights, 5, {"seed": "7"})
    assert torch.__version__.startswith(record["torch"])
    assert "threads" in record["machine"]
    assert "2,000" in capsys.readouterr().out  # and the table all the same
    assert [file for file in tmp_path.iterdir() if "unfinished" in file.name] == []


def test_the_json_of_images_replaces_an_older_one(calls, pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a name without a folder
    (tmp_path / "scores.json").write_text("old")
    assert status_of("evaluate", "pictures.npz", "--json", "scores.json") == 0
    record = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert (record["file"], record["scores"]["samples"]) == ("pictures.npz", 30)
    assert "seed of z" not in record


# what does not


@pytest.mark.parametrize("name", ["bad.safetensors", "bad.npz", "bad.txt"])
@pytest.mark.parametrize("content", [None, "neither images nor weights"])
def test_a_missing_or_damaged_file(calls, tmp_path, capsys, name, content):
    if content:
        (tmp_path / name).write_text(content)
    assert status_of("evaluate", tmp_path / name) == 1
    assert_one_sentence(capsys, name, "" if content else "not exist")
    assert calls == []


@pytest.mark.parametrize(("name", "words"), [("absent/a.json", "not exist"), ("", "is a folder")])
def test_json_that_cannot_be_written_is_reported_before_the_work(
    calls, weights, tmp_path, capsys, name, words
):
    assert status_of("evaluate", weights, "--json", tmp_path / name) == 1
    assert_one_sentence(capsys, "--json", str(tmp_path / name), words)
    assert calls == []


def test_a_failed_write_of_json_leaves_the_older_file(calls, weights, tmp_path, monkeypatch):
    out = tmp_path / "scores.json"
    out.write_text("old")

    def broken(*arguments):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.replace", broken)
    assert status_of("evaluate", weights, "--json", out) == 1
    assert out.read_text() == "old"


def test_weights_that_lack_a_layer_and_files_without_images_or_with_others(
    calls, weights, pictures, capsys
):
    tensors = load_file(weights)
    del tensors["layers.0.bias"]
    save_file(tensors, weights, metadata={"generator": "Generator"})
    for file, arrays, words in (
        (weights, None, "does not hold the weights of a whole Generator"),
        (pictures, {"pictures": np.zeros((30, 28, 28), np.uint8)}, "no readable array 'images'"),
        (pictures, {"images": np.zeros((30, 28, 28), np.float32)}, "float32"),
    ):
        if arrays:
            np.savez(file, **arrays)
        assert status_of("evaluate", file) == 1
        assert_one_sentence(capsys, words)
    assert calls == []


@pytest.mark.parametrize(
    ("file", "more", "words"),
    [
        ("pictures", [], "number of images is 30; expected at least 1,000"),
        ("pictures", ["--n", "0"], "expected"),
        ("pictures", ["--n", "-1"], "--n is -1"),  # and counts from no end
        ("weights", ["--n", "999"], "n is 999; expected at least 1,000"),
        ("weights", ["--n", "-1"], "n is -1"),
    ],
)
def test_too_few_images_are_reported(pictures, weights, capsys, file, more, words):
    assert status_of("evaluate", pictures if file == "pictures" else weights, *more) == 1
    assert_one_sentence(capsys, words)


@pytest.mark.parametrize(
    "arguments",
    [[], ["measure"], ["evaluate"], ["evaluate", "f", "--n", "many"], ["train"], ["sample", "f"]],
)
def test_wrong_arguments_end_with_one_sentence_and_status_2(arguments, capsys):
    assert status_of(*arguments) == 2
    assert_one_sentence(capsys, " --help explains.")


@pytest.mark.parametrize("command", [[], ["train"], ["sample"], ["evaluate"], ["recipes"]])
def test_each_command_has_its_help(command, capsys):
    assert status_of(*command, "--help") == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(" ".join(["usage: python -m gan_helpers", *command]))
    assert captured.err == ""


def test_the_recipes_are_listed_with_their_numbers(capsys):
    assert status_of("recipes") == 0
    captured = capsys.readouterr()
    names, *rows = captured.out.splitlines()
    assert names.split() == ["course", "article", "descent"]
    assert [row.split()[0] for row in rows] == list(Recipe.__dataclass_fields__)
    assert "ArticleGenerator" in captured.out and "<function" not in captured.out
    assert ["learning_rate", "0.0015", "0.0002", "0.03"] in [row.split() for row in rows]
    assert captured.err == ""


def test_help_from_a_shell():
    command = [sys.executable, "-m", "gan_helpers", "evaluate", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: python -m gan_helpers evaluate")
