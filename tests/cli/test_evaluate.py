"""The command line: what it prints, writes and returns, and its errors in one sentence."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from helping import FABRICATED
from safetensors.torch import load_file, save_file

from gan_helpers.cli import evaluate as command_line
from gan_helpers.cli import main
from gan_helpers.metrics import Scores
from gan_helpers.models import Generator
from gan_helpers.training import Recipe, save_generator


@pytest.fixture
def calls(monkeypatch) -> list:
    """The arguments that reach the evaluation, which is replaced by numbers made up above."""
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


def assert_one_sentence(capsys, *parts: str) -> None:
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("python -m gan_helpers: ")
    assert captured.err.count("\n") == 1 and captured.err.endswith("\n")
    assert "Traceback" not in captured.err
    for part in parts:
        assert part in captured.err


# what works


def test_the_table_of_a_generator_is_printed(calls, weights, capsys):
    assert main(["evaluate", weights]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{FABRICATED}\n"
    assert captured.err == ""
    [(generator, n, seed)] = calls
    assert (type(generator), generator.latent_dim) == (Generator, 3)
    assert (n, seed) == (10_000, 0)


def test_the_number_of_images_and_the_seed_are_passed_on(calls, weights, capsys):
    assert main(["evaluate", "--n", "2000", "--seed", "5", weights]) == 0
    assert calls[0][1:] == (2000, 5)
    assert "2,000" in capsys.readouterr().out


def test_the_table_of_images_is_printed(calls, pictures, capsys):
    assert main(["evaluate", pictures]) == 0
    assert capsys.readouterr().out == f"{replace(FABRICATED, samples=30)}\n"
    assert (calls[0].dtype, calls[0].shape) == (torch.uint8, (30, 1, 28, 28))


def test_the_first_n_images_are_measured(calls, pictures):
    assert main(["evaluate", pictures, "--n", "12"]) == 0
    with np.load(pictures) as arrays:
        assert np.array_equal(calls[0].numpy()[:, 0], arrays["images"][:12])


def test_the_numbers_are_written_as_json(calls, weights, tmp_path, capsys):
    out = tmp_path / "scores.json"
    assert main(["evaluate", weights, "--n", "2000", "--seed", "5", "--json", str(out)]) == 0
    record = json.loads(out.read_text(encoding="utf-8"))
    assert Scores(**record["scores"]) == replace(FABRICATED, samples=2000)
    assert (record["file"], record["seed of z"], record["weights"]) == (weights, 5, {"seed": "7"})
    assert torch.__version__.startswith(record["torch"])
    assert "threads" in record["machine"]
    assert "12.3" in capsys.readouterr().out  # and the table all the same
    assert [file for file in tmp_path.iterdir() if "unfinished" in file.name] == []


def test_the_json_of_images_replaces_an_older_one(calls, pictures, tmp_path):
    out = tmp_path / "scores.json"
    out.write_text("old")
    assert main(["evaluate", pictures, "--json", str(out)]) == 0
    record = json.loads(out.read_text(encoding="utf-8"))
    assert (record["file"], record["scores"]["samples"]) == (pictures, 30)
    assert "seed of z" not in record


def test_json_beside_the_working_directory_needs_no_folder(calls, pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", "pictures.npz", "--json", "scores.json"]) == 0
    assert (tmp_path / "scores.json").is_file()


# what does not


@pytest.mark.parametrize("name", ["absent.safetensors", "absent.npz", "absent"])
def test_a_missing_file(calls, tmp_path, capsys, name):
    assert main(["evaluate", str(tmp_path / name)]) == 1
    assert_one_sentence(capsys, name, "not exist")
    assert calls == []


def test_a_missing_folder_of_json_is_reported_before_the_work(calls, weights, tmp_path, capsys):
    out = tmp_path / "absent" / "scores.json"
    assert main(["evaluate", weights, "--json", str(out)]) == 1
    assert_one_sentence(capsys, "The folder of --json", "absent", "does not exist; make it")
    assert calls == []


def test_json_that_is_a_folder_is_reported_before_the_work(calls, weights, tmp_path, capsys):
    assert main(["evaluate", weights, "--json", str(tmp_path)]) == 1
    assert_one_sentence(capsys, str(tmp_path))
    assert calls == []


def test_a_failed_write_of_json_leaves_the_older_file(calls, weights, tmp_path, monkeypatch):
    out = tmp_path / "scores.json"
    out.write_text("old")

    def broken(*arguments):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.replace", broken)
    assert main(["evaluate", weights, "--json", str(out)]) == 1
    assert out.read_text() == "old"


@pytest.mark.parametrize("name", ["bad.npz", "bad.safetensors", "bad.txt"])
def test_a_damaged_file(calls, tmp_path, capsys, name):
    (tmp_path / name).write_text("neither images nor weights")
    assert main(["evaluate", str(tmp_path / name)]) == 1
    assert_one_sentence(capsys, name)
    assert calls == []


def test_weights_that_lack_a_layer(calls, weights, capsys):
    tensors = load_file(weights)
    del tensors["layers.0.bias"]
    save_file(tensors, weights, metadata={"generator": "Generator"})
    assert main(["evaluate", weights]) == 1
    assert_one_sentence(capsys, "does not hold the weights of a whole Generator")
    assert calls == []


def test_an_npz_file_without_images_or_with_others(calls, tmp_path, capsys):
    file = tmp_path / "pictures.npz"
    np.savez(file, pictures=np.zeros((30, 28, 28), np.uint8))
    assert main(["evaluate", str(file)]) == 1
    assert_one_sentence(capsys, "no readable array 'images'", "numpy.savez")
    np.savez(file, images=np.zeros((30, 28, 28), np.float32))
    assert main(["evaluate", str(file)]) == 1
    assert_one_sentence(capsys, "float32", "expected uint8")
    assert calls == []


def test_too_few_images_are_reported_by_the_evaluation_itself(pictures, weights, capsys):
    assert main(["evaluate", pictures]) == 1
    assert_one_sentence(capsys, "number of images is 30; expected at least 1,000")
    assert main(["evaluate", pictures, "--n", "0"]) == 1
    assert_one_sentence(capsys, "expected")
    assert main(["evaluate", weights, "--n", "999"]) == 1
    assert_one_sentence(capsys, "n is 999; expected at least 1,000")
    assert main(["evaluate", weights, "--n", "-1"]) == 1
    assert_one_sentence(capsys, "n is -1")


def test_a_negative_number_of_images_is_refused_and_counts_from_no_end(calls, pictures, capsys):
    assert main(["evaluate", pictures, "--n", "-1"]) == 1
    assert_one_sentence(capsys, "-1")
    assert calls == []


@pytest.mark.parametrize(
    "arguments", [[], ["measure"], ["evaluate"], ["evaluate", "f", "--n", "many"]]
)
def test_wrong_arguments_end_with_one_sentence_and_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("python -m gan_helpers")
    assert error.endswith(" --help explains.\n") and error.count("\n") == 1
    assert "usage" not in error


@pytest.mark.parametrize("command", [[], ["train"], ["sample"], ["evaluate"], ["recipes"]])
def test_each_command_has_its_help(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--help"])
    assert stopped.value.code == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(" ".join(["usage: python -m gan_helpers", *command]))
    assert captured.err == ""


def test_the_recipes_are_listed_with_their_numbers(capsys):
    assert main(["recipes"]) == 0
    captured = capsys.readouterr()
    names, *rows = captured.out.splitlines()
    assert names.split() == ["course", "article", "descent"]
    assert [row.split()[0] for row in rows] == list(Recipe.__dataclass_fields__)
    assert "ArticleGenerator" in captured.out and "<function" not in captured.out
    assert ["learning_rate", "0.0015", "0.0002", "0.03"] in [row.split() for row in rows]
    assert captured.err == ""


def test_help_from_a_shell():
    done = subprocess.run(
        [sys.executable, "-m", "gan_helpers", "evaluate", "--help"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: python -m gan_helpers evaluate")
    for word in ("FILE", "--n", "--seed", "--json", "notebook 06"):
        assert word in done.stdout
