"""How much faster are two processes on the CPU than one, at the same total batch?

One thread for each process, interleaved in one run: a block of steps of one process alone, while
the other waits, then a block of both with half of the batch each, as ``train --devices 2`` makes
them. The ratio is that of the blocks of a round. What limits it:

1. all-reduce   the part of a step in which a process waits for the other, or sends and adds numbers
2. the rest     half of the batch takes more than half of the time: the optimiser, and each call's
                own cost, do not depend on the batch

    python benchmarks/scaling.py              (about a minute on two CPU cores, both of them free)
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy
from torch import distributed

from gan_helpers.data import load_mnist
from gan_helpers.training import RECIPES, Run, advance, anyone, join_run, start_run

BLOCK = 20  # steps timed together
NAMES = ("course", "convolutional")


def timed(act: Callable[..., None], seconds: list[float]) -> Callable[..., None]:
    """Return ``act``, which from now on adds to ``seconds`` how long each call takes."""

    def timing(*arguments: object) -> None:
        start = time.perf_counter()
        act(*arguments)
        seconds.append(time.perf_counter() - start)

    return timing


def block(run: Run, images: torch.Tensor, fabric: Fabric | None = None) -> float:
    """Return the milliseconds that a step takes."""
    start = time.perf_counter()
    for _ in range(BLOCK):
        if fabric is not None:
            anyone(fabric, False)  # as the command asks before each step
        advance(run, images, BLOCK, measure_every=10**9)
    return (time.perf_counter() - start) / BLOCK * 1000


def measure(fabric: Fabric, name: str, batch_size: int, blocks: int) -> dict[str, list[float]]:
    """Return the first process's milliseconds a step, block by block: alone, both, all-reduce."""
    torch.set_num_threads(1)
    images, _ = load_mnist()
    recipe = replace(RECIPES[name], bfloat16=False)
    recipe = replace(recipe, batch_size=batch_size or recipe.batch_size)
    alone, both = start_run(recipe), start_run(recipe)
    join_run(both, fabric)
    waited: list[float] = []
    distributed.all_reduce = timed(distributed.all_reduce, waited)
    times: dict[str, list[float]] = {"one process": [], "two processes": [], "all-reduce": []}
    for number in range(blocks + 2):
        fabric.barrier()
        one = block(alone, images) if fabric.global_rank == 0 else 0.0
        fabric.barrier()
        waited.clear()
        two = block(both, images, fabric)
        if number >= 2:  # the first two warm up
            for key, value in zip(times, (one, two, sum(waited) / BLOCK * 1000), strict=True):
                times[key].append(value)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=20, help=f"blocks of {BLOCK} steps (20)")
    parser.add_argument("--batch-size", type=int, default=0, help="in all (that of the recipe)")
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=NAMES, metavar="RECIPE")
    given = parser.parse_args()
    print(f"{platform.machine()}, one thread a process, torch {torch.__version__}, gloo, float32")
    for name in given.recipes:
        strategy = DDPStrategy(start_method="spawn")
        fabric = Fabric(accelerator="cpu", devices=2, strategy=strategy)
        times = fabric.launch(measure, name, given.batch_size, given.blocks)
        print(f"\n{name}, {given.blocks} blocks of {BLOCK} steps each, interleaved\n")
        print("way              median ms   quartiles ms")
        for way, values in times.items():
            low, middle, high = statistics.quantiles(values, n=4)
            print(f"{way:<16} {middle:9.2f}   {low:.2f} to {high:.2f}")
        rounds = list(zip(*times.values(), strict=True))
        faster = statistics.median(one / two for one, two, _ in rounds)
        without = statistics.median(one / (two - waiting) for one, two, waiting in rounds)
        print(f"\none / two processes           {faster:.2f}   (2 would be perfect)")
        print(f"the same without all-reduce   {without:.2f}")


if __name__ == "__main__":
    main()
