"""How much does watching cost? Steps per second of a run in the live panel, and of the same run
without it, in turn.

The panel trains in slices of 40 ms on the kernel's loop and draws samples, curves and words in
between (gan_helpers/widgets/live_training.py); here on a plain loop, without a front end.

    python benchmarks/live_throughput.py       (about a minute and a half)
"""

import argparse
import asyncio
import statistics
import time

import torch

from gan_helpers.data import load_mnist
from gan_helpers.training import COURSE, start_run, train
from gan_helpers.widgets import live_training


def steps_per_second_alone(run, images: torch.Tensor, seconds: float) -> float:
    start, steps = time.perf_counter(), run.history.steps
    while time.perf_counter() - start < seconds:
        train(run, images, steps=100, progress=False)
    return (run.history.steps - steps) / (time.perf_counter() - start)


def steps_per_second_watched(panel, run, seconds: float) -> float:
    async def watch() -> float:
        (toggle,) = (one for one in panel.children[0].children if one.description == "Start")
        start, steps = time.perf_counter(), run.history.steps
        toggle.value = True
        await asyncio.sleep(seconds)
        toggle.value = False
        while asyncio.all_tasks() - {asyncio.current_task()}:  # the last slice and picture
            await asyncio.sleep(0)
        return (run.history.steps - steps) / (time.perf_counter() - start)

    return asyncio.run(watch())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each of the two, a round")
    arguments = parser.parse_args()
    images, _ = load_mnist()
    alone, watched = start_run(COURSE), start_run(COURSE)
    panel = live_training(watched, images)
    train(alone, images, steps=100, progress=False)  # warms up
    ratios = []
    print(f"{torch.get_num_threads()} threads, {'bfloat16' if alone.bfloat16 else 'float32'}")
    print("steps per second: alone, in the panel, ratio")
    for _ in range(arguments.rounds):
        first = steps_per_second_alone(alone, images, arguments.seconds)
        second = steps_per_second_watched(panel, watched, arguments.seconds)
        ratios.append(second / first)
        print(f"{first:10.0f} {second:10.0f} {ratios[-1]:10.2f}")
    print(f"median ratio {statistics.median(ratios):.2f}; the aim is at least 0.85")


if __name__ == "__main__":
    main()
