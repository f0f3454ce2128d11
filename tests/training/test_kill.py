"""A run that is killed at a hundred random moments, and always goes on from its last checkpoint."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = 100
SECONDS = 0.2  # the longest that a process lives before it is killed
STEPS = 3  # from one checkpoint to the next

# One process imports PyTorch; each process that trains is a fork of it, which takes milliseconds.
DRIVER = f"""
import os
import random
import re
import select
import signal
import struct
import sys
import threading
import time
import traceback
from pathlib import Path

import torch
from tqdm import tqdm

from helping import TINY, assert_same_run
from gan_helpers.training import load_checkpoint, save_checkpoint, start_run, train

torch.set_num_threads(1)
tqdm.monitor_interval = 0  # no thread of its own: a fork may not have one
# tqdm's own lock lies in memory that all forks share: a process killed while it holds the lock
# would leave it shut, and each later one would wait for ever.
tqdm.set_lock(threading.RLock())
FILE = Path(sys.argv[1])
UNFINISHED = re.compile(re.escape(FILE.name) + "[.][0-9a-f]{{8}}[.]unfinished")
IMAGES = torch.randint(
    0, 256, (70, 1, 28, 28), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
)


def go_on(run, steps):
    train(run, IMAGES, steps=steps, progress=False)
    del run.history.frames[1:], run.history.frame_steps[1:]  # pictures are large


def begun_or_resumed():
    return load_checkpoint(FILE) if FILE.exists() else start_run(TINY, seed=3)


def train_for_ever(tell):
    run = begun_or_resumed()
    while True:
        go_on(run, {STEPS})
        save_checkpoint(run, FILE)
        os.write(tell, struct.pack("q", run.history.steps))


def fork(work):
    hear, tell = os.pipe()
    child = os.fork()
    if child:
        os.close(tell)
        return child, hear
    try:
        os.close(hear)
        work(tell)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(1)


def heard(hear, first=b""):
    with os.fdopen(hear, "rb") as pipe:
        told = first + pipe.read()
    return [value for (value,) in struct.iter_unpack("q", told[: len(told) // 8 * 8])]


def main():
    go_on(start_run(TINY), 1)  # PyTorch imports the rest of itself at the first step
    rng = random.Random(0)
    steps = halves = 0
    for kill in range({KILLS}):
        child, hear = fork(train_for_ever)
        # Every other process is given the time for one checkpoint, however slow the machine.
        first = b""
        if kill % 2 and select.select([hear], [], [], 20)[0]:
            first = os.read(hear, 8)
        if kill % 10 == 9:  # one in ten strikes while a file is being written
            end = time.monotonic() + 5
            before = len(os.listdir(FILE.parent))
            while len(os.listdir(FILE.parent)) <= before and time.monotonic() < end:
                pass
        else:
            time.sleep(rng.uniform(0, {SECONDS}))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"process {{kill}} failed before it was killed"
        left = [path for path in FILE.parent.iterdir() if path != FILE]
        assert len(left) - halves in (0, 1) and all(UNFINISHED.fullmatch(p.name) for p in left)
        halves = len(left)
        told = heard(hear, first)
        least = max(told, default=steps)  # complete before the kill, so it must still be there
        # The whole file is read, and its checksum compared.
        found = load_checkpoint(FILE).history.steps if FILE.exists() else 0
        assert steps <= least <= found <= least + {STEPS}, (kill, steps, told, found)
        assert found % {STEPS} == 0
        steps = found
    assert steps >= {STEPS * KILLS // 2}
    assert halves > 0, "no kill struck while a file was being written"

    run, whole = begun_or_resumed(), start_run(TINY, seed=3)
    assert run.history.steps == steps
    go_on(run, 10)
    go_on(whole, steps + 10)
    assert_same_run(run, whole)
    for path in left:
        os.utime(path, (0, 0))
    save_checkpoint(run, FILE)  # and what the kills left is removed, as nobody touches it any more
    assert [path.name for path in FILE.parent.iterdir()] == [FILE.name]


main()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork, which Windows has not")
def test_a_run_that_is_killed_a_hundred_times_loses_no_checkpoint(tmp_path):
    (tmp_path / "run").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(tmp_path / "run" / "checkpoint.safetensors")],
        capture_output=True,
        text=True,
        timeout=900,
        cwd=Path(__file__).parents[1],  # for helping
    )
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("", "")
