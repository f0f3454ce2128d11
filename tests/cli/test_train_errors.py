"""``train`` on the command line: what is wrong is said in one sentence, and nothing is lost."""

import os
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from helping import SMALL, assert_one_sentence, is_finite, status_of

from gan_helpers.cli import train as train_command
from gan_helpers.losses import GENERATOR_LOSSES
from gan_helpers.training import COURSE, load_checkpoint, save_checkpoint, start_run
from gan_helpers.training.recipes import PARTS

pytestmark = pytest.mark.usefixtures("small_mnist")


def run(folder: Path, *more: str) -> int:
    return status_of("train", "--out", folder, *more)


# bad numbers


@pytest.mark.parametrize(
    "size", ["--latent-dim 8", "--generator-hidden 16", "--discriminator-hidden 5", "--dropout 0"]
)
def test_the_articles_networks_have_their_own_sizes(tmp_path, capsys, size):
    assert run(tmp_path / "run", "--recipe", "article", *size.split()) == 1
    option = size.split()[0][2:].removeprefix("generator-").removeprefix("discriminator-")
    assert_one_sentence(capsys, "'article'", option.replace("-", "_"), "course's networks only")


BAD = """--epochs 0|--epochs -1|--epochs 2.5|--epochs many|--minutes 0|--minutes -1|--minutes nan
--minutes inf|--minutes soon|--seed -1|--seed 1.5|--grid-every 0|--checkpoint-every 0
--batch-size 0|--batch-size 1|--batch-size 1e2|--learning-rate 0|--learning-rate -1
--learning-rate inf|--betas 0.5|--betas -0.1 0.9|--betas 0.5 x|--betas 0.5 1|--betas 2 0.9
--weight-decay -1|--average-decay 0|--average-decay 1|--average-decay no|--latent-dim 0
--generator-hidden 0|--generator-hidden 16 -1|--generator-hidden|--discriminator-hidden 0
--dropout -0.1|--dropout 1.5|--dropout nan|--loss hinge|--recipe dcgan|--device tpu
--epochs 1 --minutes 1|--epoches 3"""


@pytest.mark.parametrize("arguments", BAD.replace("\n", "|").split("|"))
def test_a_bad_number_is_one_sentence_and_status_2(tmp_path, capsys, arguments):
    assert run(tmp_path / "run", *arguments.split()) == 2
    assert_one_sentence(capsys, arguments.split()[0], " --help explains.")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--batch-size 331", "--batch-size is 331; there are 330 images"),
        ("--seed 99999999999999999999999", "seed"),
        ("--latent-dim 9999999999999", "memory"),
    ],
)
def test_a_number_that_is_too_large(tmp_path, capsys, arguments, message):
    assert run(tmp_path / "run", *arguments.split(), "--device", "cpu") in (1, 2)
    assert_one_sentence(capsys, message)


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_not_there(tmp_path, monkeypatch, capsys, device):
    backend = {"cuda": torch.cuda, "mps": torch.backends.mps}[device]
    monkeypatch.setattr(backend, "is_available", lambda: False)
    assert run(tmp_path / "run", "--device", device, *SMALL) == 1
    assert_one_sentence(capsys, f"--device {device} is not available here")


# the folder


def test_a_second_run_in_a_folder_is_refused(tmp_path, capsys):
    assert run(tmp_path, "--epochs", "1", "--device", "cpu", *SMALL) == 0
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}
    capsys.readouterr()
    assert run(tmp_path, "--epochs", "1", "--device", "cpu", *SMALL) == 1
    assert_one_sentence(capsys, f"{tmp_path} already holds a run: --resume goes on with it")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()} == before


@pytest.mark.parametrize("more", [SMALL, ["--resume"]], ids=["begin", "resume"])
def test_a_folder_that_another_run_is_writing_into_is_refused(tmp_path, capsys, more):
    with FileLock(tmp_path / "lock"):
        assert run(tmp_path, *more) == 1
    assert_one_sentence(capsys, f"another run is writing into {tmp_path}; name another --out")
    assert [p.name for p in tmp_path.iterdir() if p.name != "lock"] == []


@pytest.mark.parametrize("there", ["a folder", "a file", "nothing"])
def test_a_folder_without_a_run_is_not_resumed_and_a_file_is_no_folder(tmp_path, capsys, there):
    folder = tmp_path / "run"
    if there == "a file":
        folder.write_text("a file")
        assert run(folder, *SMALL) == 1
        assert_one_sentence(capsys, str(folder))
    elif there == "a folder":
        folder.mkdir()
    assert run(folder, "--resume") == 1
    assert_one_sentence(capsys, f"{folder / 'checkpoint.safetensors'} does not exist")
    assert folder.exists() == (there != "nothing")  # a mistyped name makes no folder


def test_resuming_from_a_damaged_or_foreign_checkpoint(tmp_path, capsys):
    file = tmp_path / "checkpoint.safetensors"
    file.write_bytes(b"half a checkpoint")
    assert run(tmp_path, "--resume") == 1
    assert_one_sentence(capsys, str(file), "damaged")
    save_checkpoint(start_run(COURSE), file)  # a notebook's: nobody said how long it is to be
    assert run(tmp_path, "--resume") == 1
    assert_one_sentence(capsys, f"{file} was not written by this command", "length is unknown")


@pytest.mark.parametrize(
    "arguments",
    """--recipe course|--seed 0|--loss saturating|--batch-size 64|--learning-rate 1e-3|--no-fresh-z
--betas 0.5 0.9|--weight-decay 0|--fresh-z|--average-decay none|--latent-dim 8|--dropout 0
--generator-hidden 16|--discriminator-hidden 16|--bfloat16|--no-bfloat16""".replace(
        "\n", "|"
    ).split("|"),
)
def test_what_makes_the_recipe_cannot_be_changed_by_resume(tmp_path, capsys, arguments):
    assert run(tmp_path, "--resume", *arguments.split()) == 1
    option = arguments.split()[0].replace("--no-", "--")
    assert_one_sentence(capsys, f"{option} cannot be changed by --resume")


# losses that are not finite


def test_a_loss_that_is_nan_leaves_the_last_good_checkpoint(tmp_path, monkeypatch, capsys):
    calls = []

    def saturating_generator_loss(fake_logits: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        return fake_logits.mean() * (float("nan") if len(calls) > 7 else 1)

    monkeypatch.setitem(GENERATOR_LOSSES, "saturating", saturating_generator_loss)
    monkeypatch.setitem(PARTS, "saturating_generator_loss", saturating_generator_loss)
    more = ["--loss", "saturating", "--checkpoint-every", "5", "--device", "cpu"]
    assert run(tmp_path, *SMALL, *more) == 1
    file = tmp_path / "checkpoint.safetensors"
    assert_one_sentence(capsys, "generator's loss became nan", str(file), "smaller --learning-rate")
    saved = load_checkpoint(file)
    assert saved.history.steps == 5
    assert is_finite(saved.generator) and is_finite(saved.discriminator)


def test_a_disk_that_is_full_at_the_end(tmp_path, monkeypatch, capsys):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        leave = train_command._leave

        def leaving(*arguments):
            patched.setattr(os, "replace", full)
            leave(*arguments)

        patched.setattr(train_command, "_leave", leaving)
        assert run(tmp_path, *SMALL, "--epochs", "1", "--device", "cpu") == 1
    assert_one_sentence(capsys, "No space left on device")
    assert [path.name for path in tmp_path.iterdir() if "unfinished" in path.name] == []
    assert run(tmp_path, "--resume") == 0  # nothing is lost
    assert (tmp_path / "generator.safetensors").is_file()
