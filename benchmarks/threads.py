"""What do more threads bring, alone and beside a busy program?

Times a training step of the recipes "course" and "article" with 1 and 2 threads in turns, first
alone, then beside as many processes that only compute as the machine has cores.

    python benchmarks/threads.py            (about two minutes; nothing else should run)
"""

import multiprocessing
import os
import platform
import statistics
import time

import torch

from gan_helpers.data import load_mnist
from gan_helpers.training import RECIPES, advance, start_run

BLOCK, ROUNDS = 20, 12  # steps timed together, and how often each has its turn


def compute() -> None:
    while True:
        sum(range(10**6))


def step_times() -> dict[str, float]:
    """Milliseconds a step by recipe and number of threads: the median over the rounds."""
    images, _ = load_mnist()
    cases = [(name, threads) for name in ("course", "article") for threads in (1, 2)]
    runs = {case: start_run(RECIPES[case[0]], seed=0) for case in cases}
    found: dict[tuple, list[float]] = {case: [] for case in cases}
    for _ in range(ROUNDS + 1):
        for case, run in runs.items():
            torch.set_num_threads(case[1])
            start = time.perf_counter()
            for _ in range(BLOCK):
                advance(run, images, frame_every=10**9)
            found[case].append(1000 * (time.perf_counter() - start) / BLOCK)
    return {f"{n}, {t} threads": statistics.median(found[n, t][1:]) for n, t in cases}


def main() -> None:
    cores = os.cpu_count()
    print(f"{platform.machine()}, {cores} cores, torch {torch.__version__}; ms a step")
    alone = step_times()
    others = [multiprocessing.Process(target=compute, daemon=True) for _ in range(cores)]
    for other in others:
        other.start()
    beside = step_times()
    for name, value in alone.items():
        ratio = beside[name] / value
        print(f"{name:<20} alone {value:6.1f}, beside others {beside[name]:6.1f} ({ratio:.1f} x)")


if __name__ == "__main__":
    main()
