"""What the commands share: the line to go on with, generators that are found, steady streams."""

import errno
import os
import shlex
import signal
import sys
from pathlib import Path

import pytest
from helping import CALM, assert_one_sentence, quietly, same, state, status_of

from gan_helpers.__main__ import Steady
from gan_helpers.cli.shell import command_line, ended_like_ctrl_c, find_generator
from gan_helpers.training import Run, save_checkpoint, save_generator, start_run

# lines to copy


@pytest.mark.parametrize(
    ("platform", "folder", "quoted"),
    [
        ("linux", "my runs/it's", "'my runs/it'\"'\"'s'"),
        ("win32", "my runs/it's", '"my runs/it\'s"'),  # cmd.exe knows no '
        ("win32", "r&d", '"r&d"'),  # & ends a command there, too
        ("win32", "r & d", '"r & d"'),
        ("win32", "plain", "plain"),
    ],
)
def test_a_command_is_quoted_for_the_shell_at_hand(monkeypatch, platform, folder, quoted):
    monkeypatch.setattr(sys, "platform", platform)
    line = command_line("train", "--out", folder)
    assert line == f"python -m gan_helpers train --out {quoted}"


@pytest.mark.usefixtures("small_mnist")
@pytest.mark.parametrize("name", ["-dash", "--two", "a name", "'quoted'", "plain"])
def test_the_line_to_go_on_with_goes_on(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    small = "--latent-dim 8 --generator-hidden 16 --discriminator-hidden 16 --batch-size 32"
    assert status_of("train", f"--out={name}", "--epochs", "1", *small.split()) == 0
    assert status_of("train", f"--out={name}", "--resume") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "1 epochs" in line]
    command = shlex.split(line[line.index("python") :].replace(" N", " 2"))
    assert status_of(*command[3:]) == 0
    assert "20 steps in" in capsys.readouterr().out


# signals


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("ignored", [False, True])
def test_a_signal_to_end_does_what_ctrl_c_would_do(monkeypatch, name, ignored):
    number = getattr(signal, name, None)
    if number is None:
        pytest.skip(f"there is no {name} here")
    before = signal.getsignal(number), signal.getsignal(signal.SIGINT)
    signal.signal(number, signal.SIG_DFL)  # nohup make test ignores it
    try:
        if ignored:  # as a shell has it in what it runs in the background
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        with ended_like_ctrl_c():
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(number)
            seen = []
            signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
            signal.raise_signal(number)
            assert seen == [signal.SIGINT]
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGINT, before[1])
        signal.signal(number, before[0])


def test_a_signal_that_is_ignored_stays_ignored():  # nohup
    if not hasattr(signal, "SIGHUP"):
        pytest.skip("there is no SIGHUP here")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_like_ctrl_c():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


# where a generator is


@pytest.fixture
def run(images) -> Run:
    run = start_run(CALM, seed=6)
    quietly(run, images, steps=2)
    return run


def leave(run: Run, folder: Path, *names: str) -> None:
    for name in names:
        if name == "checkpoint":
            save_checkpoint(run, folder / "checkpoint.safetensors")
        else:
            about = {"steps": str(run.history.steps)}
            save_generator(run.sampler, folder / "generator.safetensors", about)


@pytest.mark.parametrize("names", [["generator"], ["checkpoint"], ["generator", "checkpoint"]])
def test_a_runs_folder_holds_its_generator(run, tmp_path, names):
    leave(run, tmp_path, *names)
    generator, about = find_generator(tmp_path)
    assert same(state(generator), state(run.sampler)) and not generator.training
    assert about["steps"] == "2"


def test_of_a_run_that_goes_on_after_its_end_it_is_the_checkpoints(run, images, tmp_path):
    leave(run, tmp_path, "checkpoint", "generator")
    quietly(run, images, steps=1)
    leave(run, tmp_path, "checkpoint")
    generator, about = find_generator(tmp_path)
    assert same(state(generator), state(run.sampler))
    assert (about["steps"], about["seed"]) == ("3", "6")


def test_both_commands_take_a_runs_folder(run, tmp_path, monkeypatch, capsys):
    leave(run, tmp_path, "checkpoint")
    assert status_of("sample", tmp_path, "--out", tmp_path / "a.npz", "--n", "3") == 0
    measured = []
    monkeypatch.setattr(
        "gan_helpers.cli.evaluate.evaluate",
        lambda generator, *n, **data: measured.append(generator),
    )
    assert status_of("evaluate", tmp_path) == 0
    assert same(state(measured[0]), state(run.sampler))


@pytest.mark.parametrize("command", [["sample", "--out", "a.npz"], ["evaluate"]])
def test_a_folder_without_a_generator(tmp_path, monkeypatch, capsys, command):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    assert status_of(*command, "empty") == 1
    assert_one_sentence(capsys, "folder empty holds n")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


# streams


class Broken:
    def __init__(self, number: int, file: int):
        self.number, self.file = number, file

    def write(self, text: str) -> None:
        raise OSError(self.number, "broken")

    def flush(self) -> None:
        raise OSError(self.number, "broken")

    def fileno(self) -> int:
        return self.file


@pytest.mark.parametrize(
    ("number", "always"), [(errno.EPIPE, False), (errno.EIO, False), (errno.ENOSPC, True)]
)
def test_a_stream_that_nobody_reads_falls_silent(number, always):
    read, write = os.pipe()
    os.close(read)
    stream = Steady(Broken(number, write), always)
    assert stream.write("text") == 4
    stream.flush()
    os.write(write, b"what was in its buffer")  # no error: it goes to nowhere now
    os.close(write)


def test_a_stream_onto_a_full_disk_is_an_error_as_ever():
    with pytest.raises(OSError, match="broken"):
        Steady(Broken(errno.ENOSPC, 1)).write("text")
    assert Steady(sys.__stdout__).encoding == sys.__stdout__.encoding
