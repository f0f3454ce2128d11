"""``train --devices 2``: two real processes on the CPU, stopped, killed, resumed, and refused."""

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helping import SMALL, assert_one_sentence, status_of
from torch.multiprocessing import ProcessExitedException

from gan_helpers.cli import devices
from gan_helpers.training import load_checkpoint

real = pytest.mark.skipif(os.name == "nt", reason="signals of Unix")


@pytest.fixture
def options(tmp_path) -> list[str]:
    """330 images of noise in a file, because the other processes load them, too: ten steps."""
    pytest.importorskip("lightning_fabric")
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "noise.npz", images=rng.integers(0, 256, (330, 28, 28), dtype=np.uint8))
    return ["--data", str(tmp_path / "noise.npz"), *SMALL, "--device", "cpu"]


def until(happens) -> bool:
    end = time.monotonic() + 120
    while not happens() and time.monotonic() < end:
        time.sleep(0.02)
    return happens()


def loaded(folder: Path):
    return load_checkpoint(folder / "checkpoint.safetensors")


@real
def test_a_killed_process_ends_the_command_and_one_device_goes_on(tmp_path, options, capsys):
    folder, killed = tmp_path / "run", []
    assert status_of("train", "--out", folder, *options, "--epochs", "1") == 0  # one begins
    capsys.readouterr()

    def kill() -> None:
        if until((folder / "samples" / "epoch_0003.png").exists):
            *_, last = sorted(multiprocessing.active_children(), key=lambda one: one.pid)
            last.kill()
            killed.append(last)

    thread = threading.Thread(target=kill)
    thread.start()
    more = ["--resume", "--devices", "2", "--device", "cpu", "--epochs", "100000"]
    status = status_of("train", "--out", folder, *more)
    thread.join()
    assert status == 1 and killed
    go_on = f"Go on with: python -m gan_helpers train --resume --out {folder} --devices 2"
    assert_one_sentence(capsys, "process 1 of 2 has ended (SIGKILL)", go_on)
    assert multiprocessing.active_children() == []

    steps = loaded(folder).history.steps
    assert steps >= 20 and steps % 10 == 0  # the last checkpoint: one each epoch
    epochs = steps // 10 + 1
    assert status_of("train", "--out", folder, "--resume", "--epochs", epochs) == 0
    run = loaded(folder)
    assert (run.history.steps, run.recipe.batch_size) == (10 * epochs, 32)
    assert torch.tensor(run.history.d_loss + run.history.g_loss).isfinite().all()


@real
def test_sigterm_stops_all_after_the_same_step_and_the_run_is_saved(tmp_path, options):
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "gan_helpers", "train", "--out", folder, *options]
    command += ["--devices", "2", "--epochs", "100000", "--checkpoint-every", "1000000"]
    process = subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    )
    assert until((folder / "samples" / "epoch_0002.png").exists)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    done = loaded(folder).history.steps
    assert done >= 20 and "Traceback" not in err, err
    go_on = f"Go on with: python -m gan_helpers train --resume --out {folder} --devices 2"
    assert (process.returncode, out) == (130, f"Stopped after step {done:,}. {go_on}\n")
    # Only the progress bar: nothing of Fabric's or PyTorch's own.
    assert all("step" in part for part in re.split(r"[\r\n]", err) if part), err
    assert '2 processes of 1 threads"' in (folder / "run.json").read_text().replace(", float32", "")


class Here:
    """Stands for Fabric: the first process's work is done in this one, which takes no seconds."""

    global_rank, world_size, device = 0, 2, torch.device("cpu")

    def launch(self, function, *given):
        try:
            return function(self, *given)
        except SystemExit as error:
            raise ProcessExitedException("ended", 0, 0, error.code) from error


def test_what_goes_wrong_in_a_process_is_said_once(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(devices, "_fabric", lambda arguments, kind: Here())
    absent, given = tmp_path / "absent.npz", ["--devices", "2", "--device", "cpu"]
    assert status_of("train", "--out", tmp_path / "run", "--data", absent, *given) == 1
    assert_one_sentence(capsys, str(absent))
    assert not (tmp_path / "run").exists()


def test_processes_that_are_stopped_before_they_listen_say_nothing_more(
    tmp_path, capsys, monkeypatch
):
    def launch(function, *given):
        signal.raise_signal(signal.SIGINT)
        raise ProcessExitedException("ended", 0, 0, -15, "SIGTERM")

    monkeypatch.setattr(devices, "_fabric", lambda arguments, kind: SimpleNamespace(launch=launch))
    given = ["--devices", "2", "--device", "cpu"]
    assert status_of("train", "--out", tmp_path / "run", *given) == 130
    assert capsys.readouterr() == ("\nStopped.\n", "")


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ("--devices 0", "argument --devices: '0'; expected a whole number, at least 1"),
        ("--devices -1", "argument --devices: '-1'; expected a whole number, at least 1"),
        ("--devices two", "argument --devices: 'two'; expected a whole number"),
        ("--devices 2 --strategy fsdp", "argument --strategy: invalid choice: 'fsdp'"),
        ("--devices 2 --device cpu --batch-size 33", "batch_size is 33, which 2 processes cannot"),
        ("--devices 2 --device cpu --batch-size 2", "expected a multiple of 2, at least 4"),
        ("--devices 1000000 --device cpu", "--devices is 1000000; expected at most"),
        ("--nodes 2 --device cpu", "--nodes 2 needs the environment variable MASTER_ADDR; set"),
        ("--nodes 0", "argument --nodes: '0'; expected a whole number, at least 1"),
    ],
)
def test_a_bad_option_is_one_sentence(tmp_path, capsys, monkeypatch, given, part):
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    assert status_of("train", "--out", tmp_path / "run", *given.split()) in (1, 2)
    assert_one_sentence(capsys, part)
    assert not (tmp_path / "run").exists()


def test_a_node_that_is_no_number_is_named(tmp_path, capsys, monkeypatch):
    for name, value in zip(devices.NODE, ("10.0.0.1", "29500", "first"), strict=True):
        monkeypatch.setenv(name, value)
    assert status_of("train", "--out", tmp_path / "run", "--nodes", 2, "--device", "cpu") == 1
    assert_one_sentence(capsys, "needs the environment variable NODE_RANK")


def test_the_missing_extra_is_named_with_its_installation(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightning_fabric", None)
    assert status_of("train", "--out", tmp_path / "run", "--devices", 2, "--device", "cpu") == 1
    assert_one_sentence(capsys, "Lightning Fabric: pip install 'gan-helpers[fabric]'.")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("kind", "gpus", "part"),
    [
        ("mps", 0, "an Apple GPU (mps) is one device: leave them out, or add --device cpu."),
        ("cuda", 1, "--devices is 2; expected at most 1, the number of GPUs here."),
    ],
)
def test_devices_that_are_not_there_are_named(tmp_path, capsys, monkeypatch, kind, gpus, part):
    monkeypatch.setattr(devices, "chosen_device", lambda name: torch.device(kind))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    assert status_of("train", "--out", tmp_path / "run", "--devices", 2) == 1
    assert_one_sentence(capsys, part)
