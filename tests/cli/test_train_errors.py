"""``train`` on the command line: what is wrong is said in one sentence, and nothing is lost."""

import os
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from helping import SMALL, TINY, assert_one_sentence, is_finite, status_of

from gan_helpers.cli import train as train_command
from gan_helpers.losses import GENERATOR_LOSSES
from gan_helpers.training import COURSE, load_checkpoint, save_checkpoint, start_run
from gan_helpers.training.written import PARTS

pytestmark = pytest.mark.usefixtures("small_mnist")


def run(folder: Path, *more: str) -> int:
    return status_of("train", "--out", folder, *more)


# bad numbers


@pytest.mark.parametrize(
    "size", ["--latent-dim 8", "--generator-hidden 16", "--discriminator-hidden 5", "--dropout 0"]
)
def test_the_articles_networks_have_their_own_sizes(tmp_path, capsys, size):
    assert run(tmp_path / "run", "--recipe", "article", *size.split()) == 1
    assert_one_sentence(capsys, "'article'", size.split()[0], "fixed by the article")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--recipe article --size 32", ["ArticleGenerator", "has fixed sizes"]),
        ("--recipe convolutional --generator-hidden 9", ["--generator-hidden", "--width"]),
        ("--width 8", ["--width", "'course'", "--latent-dim and --generator-hidden"]),
        ("--recipe convolutional --size 30", ["(1, 30, 30)", "divisible by 4"]),
        ("--data nowhere", ["'nowhere'", "there is no such file"]),
        ("--size 2", ["--size", "at least 4"]),
    ],
)
def test_data_and_networks_that_do_not_fit_are_named(tmp_path, capsys, options, words):
    assert run(tmp_path / "run", *options.split()) != 0
    assert_one_sentence(capsys, *words)
    assert not (tmp_path / "run").exists()


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


WHOLE = """epochs seed grid-every checkpoint-every batch-size head-start latent-dim
generator-hidden discriminator-hidden""".split()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--batch-size 331", "--batch-size is 331; there are 330 images"),
        ("--seed 99999999999999999999999", "seed"),
        ("--latent-dim 9999999999999", "memory"),
        *((f"--{name} {'9' * 20}", "") for name in WHOLE),
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


@pytest.mark.parametrize("name", ["generator.safetensors", "history.json", "run.json", "samples"])
def test_files_of_the_users_are_not_written_over(tmp_path, capsys, name):
    (tmp_path / name).write_text("the user's own")
    assert run(tmp_path, *SMALL) == 1
    assert_one_sentence(capsys, f"{tmp_path} holds {name} but no checkpoint", "name another --out")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {name: "the user's own"}


@pytest.mark.parametrize("where", ["a file", "within a file", "not to be written", "no lock"])
def test_a_place_that_cannot_hold_a_run(tmp_path, monkeypatch, capsys, where):
    def forbidden(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    folder = tmp_path / "run.npz"
    if where == "not to be written":
        monkeypatch.setattr(Path, "mkdir", forbidden)
    elif where == "no lock":
        monkeypatch.setattr(FileLock, "acquire", forbidden)
    else:
        folder.write_text("a file")
    assert run(folder / "run" if where == "within a file" else folder, *SMALL) == 1
    reason = "Permission denied" if where[0] == "n" else ""
    assert_one_sentence(capsys, f"--out {folder}", f"cannot hold a run ({reason}", "name a folder")


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


GOOD = {"epochs": 2, "minutes": None, "grid_every": 1, "checkpoint_every": 10, "command": "a"}


@pytest.mark.parametrize(
    "change",
    [
        *({name: 0} for name in ("epochs", "grid_every", "checkpoint_every")),
        *({"checkpoint_every": number} for number in (-1, 2.5, "10", None)),
        *({"epochs": None, "minutes": number} for number in (0, -1, "1", None)),
        {"minutes": 1},  # and epochs too
        *({"seconds": number} for number in (-1, None, "0")),
        {"command": None},
        {"more": 1},
    ],
    ids=str,
)
def test_a_length_that_no_run_has_is_refused_when_it_is_read(tmp_path, capsys, change):
    file = tmp_path / "checkpoint.safetensors"
    save_checkpoint(start_run(TINY), file, GOOD | change)
    before = file.read_bytes()
    assert run(tmp_path, "--resume", "--device", "cpu") == 1
    assert_one_sentence(capsys, f"{file} was not written by this command", "length is unknown")
    assert file.read_bytes() == before
    save_checkpoint(start_run(TINY), file, GOOD)
    assert run(tmp_path, "--resume", "--device", "cpu") == 0


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


def test_a_loss_that_has_grown_hopeless_ends_the_run(tmp_path, capsys):
    more = "--learning-rate 1000 --d-learning-rate 1000 --checkpoint-every 1 --device cpu".split()
    assert run(tmp_path, *SMALL, *more) == 1
    file = tmp_path / "checkpoint.safetensors"
    assert_one_sentence(capsys, "loss became", "e+", str(file), "smaller --learning-rate")
    history = load_checkpoint(file).history
    assert history.steps < 100 and max(map(abs, history.d_loss + history.g_loss)) < 1e9


# pictures that cannot be written


@pytest.mark.parametrize("name", ["epoch_0001", "epoch_0002", "last"])
def test_a_picture_that_cannot_be_written_loses_no_step(tmp_path, monkeypatch, capsys, name):
    write = train_command.write_whole

    def full(file, content):
        if name in file.name:
            raise OSError(28, "No space left on device")
        write(file, content)

    more = ["--epochs", "2", "--checkpoint-every", "1000", "--device", "cpu"]
    with monkeypatch.context() as patched:
        patched.setattr(train_command, "write_whole", full)
        assert run(tmp_path, *SMALL, *more) == 1
    steps = 10 if name == "epoch_0001" else 20
    said = [str(tmp_path / "samples" / name), "No space left on device"]
    if name != "last":
        said += [f"All {steps} steps are saved", f"train --resume --out {tmp_path}"]
    assert_one_sentence(capsys, *said)
    assert load_checkpoint(tmp_path / "checkpoint.safetensors").history.steps == steps
    assert run(tmp_path, "--resume") == 0
    assert (tmp_path / "samples" / "last.png").exists()


def test_a_file_in_place_of_the_pictures_folder_is_reported_before_the_work(
    tmp_path, monkeypatch, capsys
):
    save_checkpoint(start_run(TINY), tmp_path / "checkpoint.safetensors", GOOD)
    (tmp_path / "samples").write_text("a file")
    monkeypatch.setattr(train_command, "advance", lambda *arguments: pytest.fail("trained"))
    assert run(tmp_path, "--resume") == 1
    assert_one_sentence(capsys, f"{tmp_path / 'samples'} is a file; move it away")


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
