"""Checkpoints that cannot be written: the error says so, and the one before stays as it was."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helping import TINY, quietly

from gan_helpers.training import Run, files, load_checkpoint, save_checkpoint, start_run


@pytest.fixture
def run(images) -> Run:
    run = start_run(TINY)
    quietly(run, images, steps=3)
    return run


@pytest.fixture
def file(run, tmp_path) -> Path:
    save_checkpoint(run, tmp_path / "run.safetensors")
    return tmp_path / "run.safetensors"


class HalfWritten(io.BytesIO):
    """An open file on a disk that fills up while it is written to."""

    def __init__(self, file: Path, mode: str):
        super().__init__()
        self.file = file

    def write(self, content: bytes) -> int:
        self.file.write_bytes(content[: len(content) // 2])
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("older", [True, False])
def test_a_full_disk(run, images, tmp_path, monkeypatch, older):
    file = tmp_path / "run.safetensors"
    if older:
        save_checkpoint(run, file)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(files, "open", HalfWritten, raising=False)
    quietly(run, images, steps=1)
    kept = "the checkpoint before it is untouched" if older else "there is none yet"
    with pytest.raises(OSError, match=f"could not be written .*space.*; {kept}.*disk full"):
        save_checkpoint(run, file)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    if older:
        assert load_checkpoint(file).history.steps == 3


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()])
def test_a_crash_between_writing_and_replacing_leaves_the_older_one(
    run, images, file, monkeypatch, error
):
    before = file.read_bytes()

    def crash(*arguments):
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", crash)
        quietly(run, images, steps=1)
        with pytest.raises(type(error)):
            save_checkpoint(run, file)
    assert file.read_bytes() == before
    save_checkpoint(run, file)  # what the crash may have left is in nobody's way
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert load_checkpoint(file).history.steps == 4


FULL_DISK = """
import resource, sys
import torch
torch.set_num_threads(1)
from helping import TINY
from gan_helpers.training import load_checkpoint, save_checkpoint, start_run

file, run = sys.argv[1], start_run(TINY)
save_checkpoint(run, file)
run.position = 99
for size in (0, 10_000, 100_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        save_checkpoint(run, file)
    except OSError as error:
        print(error)
    assert load_checkpoint(file).position == 0
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's limit of a file's size")
def test_a_file_that_the_system_does_not_let_grow(tmp_path):
    file = tmp_path / "run.safetensors"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(file)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[1],
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    for line in lines:
        assert f"{file} could not be written" in line
        assert "the checkpoint before it is untouched. Is the disk full?" in line
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert load_checkpoint(file).history.steps == 0
