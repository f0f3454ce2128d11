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

    def evaluate(generator, n, seed, data):
        assert data == "mnist"
        calls.append((generator, n, seed))
        return replace(FABRICATED, samples=n)

    def evaluate_images(images, data):
        assert data == "mnist"
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


def test_all_images_of_a_file_are_measured_where_there_are_not_too_many(calls, pictures, capsys):
    assert status_of("evaluate", pictures) == 0
    assert capsys.readouterr().out == f"{replace(FABRICATED, samples=30)}\n"
    assert (calls[0].dtype, calls[0].shape) == (torch.uint8, (30, 1, 28, 28))
    with np.load(pictures) as arrays:
        assert np.array_equal(calls[0].numpy()[:, 0], arrays["images"])


@pytest.mark.parametrize(("more", "n"), [([], 10_000), (["--n", "12"], 12)])
def test_of_more_images_those_measured_are_spread_evenly_and_it_is_said(
    calls, tmp_path, capsys, more, n
):
    images = np.zeros((20_000, 784), np.uint8)
    images[:, 0] = np.arange(20_000) // 2000  # sorted by class
    images[:, 1] = 255
    np.save(tmp_path / "sorted.npy", images)
    assert status_of("evaluate", tmp_path / "sorted.npy", *more) == 0
    counts = calls[0][:, 0, 0, 0].int().bincount(minlength=10)
    assert counts.sum() == n and counts.max() - counts.min() <= 1
    table, remark = capsys.readouterr().out.rsplit("\n", 2)[:2]
    assert table == str(replace(FABRICATED, samples=n))
    assert remark == f"{n:,} of the 20,000 images were measured, spread evenly over all."


@pytest.mark.parametrize("more", [[], ["--range", "0", "1"]])
def test_a_range_that_looks_mistaken_is_remarked_beside_the_table(calls, tmp_path, capsys, more):
    np.save(tmp_path / "dark.npy", np.ones((5, 28, 28), np.uint8))
    assert status_of("evaluate", tmp_path / "dark.npy", *more) == 0
    table = f"{replace(FABRICATED, samples=5)}\n"
    rest = capsys.readouterr().out.removeprefix(table)
    if more:  # white, as most of no digits' pixels are
        assert "most frequent value is 255" in rest and calls[0].min() == 255
    else:
        assert rest.startswith("All pixels are 0 or 1 of 255") and "--range 0 1" in rest


def test_floats_and_one_of_several_arrays_are_measured_when_they_are_named(calls, tmp_path, capsys):
    floats = np.full((20, 28, 28, 1), -1, np.float32)
    floats[:, 3] = 1
    np.savez(tmp_path / "samples.npz", floats, np.arange(20))
    (tmp_path / "samples.npz").rename(tmp_path / "SAMPLES.NPZ")
    for more in ([], ["--array", "arr_0"], ["--array", "arr_0", "--range", "-1", "1"]):
        assert status_of("evaluate", tmp_path / "SAMPLES.NPZ", *more) == (
            0 if len(more) == 5 else 1
        )
        if len(more) < 5:
            assert_one_sentence(capsys, "--range" if more else "arr_0, arr_1; name", "--")
    assert calls[0].unique().tolist() == [0, 255] and (calls[0][:, 0, 3] == 255).all()


@pytest.mark.parametrize("more", [["--range", "0", "1"], ["--array", "images"]])
def test_what_is_said_of_images_is_refused_for_a_generator(calls, weights, capsys, more):
    assert status_of("evaluate", weights, *more) == 1
    assert_one_sentence(capsys, f"{more[0]} is for images")


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


@pytest.mark.parametrize(
    ("name", "words"), [("absent/a.json", "not exist"), ("", "is a folder"), ("a.json", "may not")]
)
def test_json_that_cannot_be_written_is_reported_before_the_work(
    calls, weights, tmp_path, monkeypatch, capsys, name, words
):
    monkeypatch.setattr("os.access", lambda folder, mode: False)
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
        (pictures, {"a": np.zeros((30, 28, 28), np.uint8), "b": np.zeros(30)}, "a, b; name the"),
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
        ("weights", ["--n", "9" * 20], f"n is {'9' * 20}"),
        ("pictures", ["--n", "9" * 20], f"n is {'9' * 20}"),
    ],
)
def test_too_few_images_and_too_many_are_reported(pictures, weights, capsys, file, more, words):
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
    assert names.split() == ["course", "plain", "convolutional", "article", "descent", "paper"]
    assert [row.split()[0] for row in rows] == list(Recipe.__dataclass_fields__)
    assert "ArticleGenerator" in captured.out and "<function" not in captured.out
    assert (
        "Discriminator(hidden=(192, 192), dropout=0.1)" in captured.out
        and "partial" not in captured.out
    )
    assert ["learning_rate", "0.004", "0.0015", "0.006", "0.0002", "0.03", "0.1"] in [
        row.split() for row in rows
    ]
    assert captured.err == ""


def test_help_from_a_shell():
    command = [sys.executable, "-m", "gan_helpers", "evaluate", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: python -m gan_helpers evaluate")
