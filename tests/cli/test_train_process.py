"""``train`` as a process of its own: ended from outside, and with nobody who reads what it says."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helping import SMALL, assert_same_run, status_of

from gan_helpers.training import load_checkpoint

# The command, on 330 images of noise (as the fixture small_mnist has them), which load at once.
PROGRAM = """
import sys
import torch
from gan_helpers import __main__, data

rng = torch.Generator().manual_seed(0)
images = torch.randint(0, 256, (330, 1, 28, 28), generator=rng, dtype=torch.uint8)
data.loading.load_mnist = lambda split: (images, torch.zeros(330, dtype=torch.int64))
torch.set_num_threads(1)
sys.exit(__main__.run())
"""
SAVED = ["--device", "cpu", "--checkpoint-every", "1000000"]  # at the start and at the end only

pytestmark = [
    pytest.mark.usefixtures("small_mnist"),
    pytest.mark.skipif(os.name == "nt", reason="signals and shells of Unix"),
]


def begun(folder: Path, *more: str, shell: str = "", **options) -> subprocess.Popen:
    command = [sys.executable, "-c", PROGRAM, "train", "--out", str(folder), *SMALL, *SAVED, *more]
    if shell:
        command = ["bash", "-c", f'"$@" {shell}', "bash", *command]
    return subprocess.Popen(command, text=True, **options)


def until(happens) -> None:
    end = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.02)


def steps(folder: Path) -> int:
    return load_checkpoint(folder / "checkpoint.safetensors").history.steps


def test_a_run_that_a_batch_system_ends_is_saved_after_the_present_step(tmp_path):
    folder, whole = tmp_path / "ended", tmp_path / "whole"
    process = begun(folder, "--epochs", "100000", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until(lambda: (folder / "samples" / "epoch_0003.png").exists())
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err
    done = steps(folder)
    assert done >= 30
    go_on = f"Go on with: python -m gan_helpers train --resume --out {folder}"
    assert out == f"Stopped after step {done:,}. {go_on}\n"
    assert json.loads((folder / "run.json").read_text())["steps"] == str(done)
    assert not [path for path in folder.iterdir() if "unfinished" in path.name]

    epochs = str(-(-done // 10))
    assert status_of("train", "--out", folder, "--resume", "--epochs", epochs) == 0
    assert status_of("train", "--out", whole, "--epochs", epochs, *SMALL, *SAVED) == 0
    ended, uninterrupted = (
        load_checkpoint(one / "checkpoint.safetensors") for one in (folder, whole)
    )
    assert_same_run(ended, uninterrupted)


@pytest.mark.parametrize("shell", ["<&- >&- 2>&-", "2>&1 | true", "2>/dev/full"])
def test_a_run_whose_words_nobody_hears_is_trained_and_saved(tmp_path, shell):
    if "full" in shell and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    folder = tmp_path / "run"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    process = begun(folder, "--epochs", "20", shell=shell, **quiet)
    _, err = process.communicate(timeout=120)
    assert (steps(folder), process.returncode) == (200, 0)
    assert "Traceback" not in err and "rror" not in err
    assert (folder / "generator.safetensors").exists()


def test_ctrl_c_while_the_program_is_still_being_imported_says_nothing(tmp_path):
    code = """
import signal, sys, threading
import gan_helpers.__main__ as start
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
sys.argv = ["gan_helpers", "recipes"]
class Slow:  # Ctrl-C comes while the command line is imported
    def find_spec(self, name, *rest):
        if name == "gan_helpers.cli":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Slow())
sys.exit(start.run())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize(("asked", "threads"), [(None, 1), ("2", 2)])
def test_commands_compute_with_one_thread_unless_asked_for_more(asked, threads):
    program = "from gan_helpers import __main__; __main__.run()\n"
    program += "import torch; print(torch.get_num_threads())"
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    environment |= {"OMP_NUM_THREADS": asked} if asked else {}
    command = [sys.executable, "-c", program, "recipes"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == str(threads)
