"""Search the course's recipe: which changed line gives better digits after a minute?

Each candidate changes some lines of PLAIN, the recipe that the course had before. How many steps
it may make follows from what a step costs: "before", which is PLAIN with PyTorch's own dropout,
makes as many as it once made in 60 seconds with two threads, and a candidate that takes half the
time for a step makes twice as many. The costs are measured in turns with it, one thread, before any
training, so nothing else should run at that time. What stands in the file is not made again.

It trains on the training images 0 to 49,999 and is judged on 50,000 to 59,999: the Frechet distance
of notebook 06, 10,000 samples. The test images are left for the report of what was chosen. Two
limits: the 4,200 steps were made with two threads, so the minute is approximate; and the classifier
behind the distance has seen the images held back, though the networks have not.

    python recordings/search_recipe.py                     (hours; nothing else should run)
    python recordings/search_recipe.py --only "G 256-256" "z of 32" --seeds 0 1 2
    python recordings/search_recipe.py --only found "larger, longer average" --minutes 10 --seeds 0
"""

import argparse
import json
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import nn

from gan_helpers.data import load_mnist
from gan_helpers.metrics import classify, frechet_distance
from gan_helpers.models import Discriminator, Generator, sample
from gan_helpers.training import PLAIN, advance, start_run

FILE = Path(__file__).with_suffix(".json")
STEPS = 4200  # of "before" in float32, in a minute
TRAINED_ON = 50_000
BLOCK, ROUNDS = 20, 15  # steps timed together, and how often each candidate has its turn
G, D = partial(partial, Generator), partial(partial, Discriminator)
SMALL_G, SMALL_D = {"latent_dim": 32, "hidden": (256, 256)}, {"hidden": (192, 192), "dropout": 0.1}
FOUND = {
    "build_generator": G(**SMALL_G),
    "build_discriminator": D(**SMALL_D),
    "learning_rate": 4e-3,
    "d_learning_rate": 5e-4,
    "average_decay": 0.999,
    "average_warm_up": True,
}


def pytorchs_dropout() -> Discriminator:
    """The discriminator with the dropout that it had before, the same in distribution."""
    discriminator = Discriminator()
    for name, layer in discriminator.layers.named_children():
        if isinstance(layer, nn.Dropout):
            discriminator.layers[int(name)] = nn.Dropout(layer.p)
    return discriminator


CANDIDATES = {
    "before": {"build_discriminator": pytorchs_dropout},
    "plain": {},
    # One line of PLAIN changed.
    "z of 32": {"build_generator": G(latent_dim=32)},
    "G 256-256": {"build_generator": G(hidden=(256, 256))},
    "D 192-192": {"build_discriminator": D(hidden=(192, 192))},
    "dropout 0.1": {"build_discriminator": D(dropout=0.1)},
    "G's rate 4e-3": {"learning_rate": 4e-3, "d_learning_rate": 1.5e-3},
    "D's rate 5e-4": {"d_learning_rate": 5e-4},
    "average 0.999, warm-up": {"average_decay": 0.999, "average_warm_up": True},
    "average 0.998": {"average_decay": 0.998},
    # FOUND, one line of it as in PLAIN.
    "found": FOUND,
    "found, z of 100": FOUND | {"build_generator": G(hidden=(256, 256))},
    "found, G 256-512": FOUND | {"build_generator": G(latent_dim=32)},
    "found, D 256-256": FOUND | {"build_discriminator": D(dropout=0.1)},
    "found, dropout 0.2": FOUND | {"build_discriminator": D(hidden=(192, 192))},
    "found, G's rate 1.5e-3": FOUND | {"learning_rate": 1.5e-3},
    "found, D's rate 1.5e-3": FOUND | {"d_learning_rate": 1.5e-3},
    "found, average 0.99": FOUND | {"average_decay": 0.99, "average_warm_up": False},
    # FOUND, and another line of it changed.
    "found, average 0.998": FOUND | {"average_decay": 0.998},
    "found, D 128-128": FOUND | {"build_discriminator": D(**SMALL_D | {"hidden": (128, 128)})},
    "found, D 160-160": FOUND | {"build_discriminator": D(**SMALL_D | {"hidden": (160, 160)})},
    "found, D 192-256": FOUND | {"build_discriminator": D(**SMALL_D | {"hidden": (192, 256)})},
    # For longer runs: larger networks, more dropout, a longer average.
    "larger, longer average": FOUND
    | {
        "build_generator": G(latent_dim=32),
        "build_discriminator": D(),
        "learning_rate": 2e-3,
        "average_decay": 0.9995,
    },
    "found, G 192-256": FOUND | {"build_generator": G(**SMALL_G | {"hidden": (192, 256)})},
}


def recipe_of(name: str):
    return replace(PLAIN, bfloat16=False, **CANDIDATES[name])


def cost(names: list[str], images: torch.Tensor) -> dict[str, float]:
    """Time of a step as a ratio to that of "before": the median over turns of the block's ratio."""
    runs = {name: start_run(recipe_of(name), seed=0) for name in ["before", *names]}
    ratios: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        seconds = {}
        for name, run in runs.items():
            start = time.perf_counter()
            for _ in range(BLOCK):
                advance(run, images)
            seconds[name] = time.perf_counter() - start
        for name in names:
            ratios[name].append(seconds[name] / seconds["before"])
    return {name: statistics.median(ratios[name][1:]) for name in names}


def judge(name: str, steps: int, seed: int) -> float:
    """The Frechet distance to the images held back, after ``steps``."""
    torch.set_num_threads(1)
    images, _ = load_mnist()
    run = start_run(recipe_of(name), seed)
    for _ in range(steps):
        advance(run, images[:TRAINED_ON], frame_every=10**9)
    z = torch.randn(10_000, run.generator.latent_dim, generator=torch.Generator().manual_seed(1))
    held_back = classify(images[TRAINED_ON:]).features
    return frechet_distance(classify(sample(run.sampler, z)).features, held_back)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=CANDIDATES, default=list(CANDIDATES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--minutes", type=int, default=1, help="as many times the steps")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    images, _ = load_mnist()
    kept = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    new = [name for name in arguments.only if name not in kept]
    for name, ratio in cost(new, images[:TRAINED_ON]).items() if new else ():
        kept[name] = {"cost": round(ratio, 2), "distances": {}}
    minutes = arguments.minutes
    place = "distances" if minutes == 1 else f"distances after {minutes} minutes"
    with ProcessPoolExecutor(arguments.workers) as pool:
        runs = [(name, seed) for seed in arguments.seeds for name in arguments.only]
        runs = [(name, seed) for name, seed in runs if str(seed) not in kept[name].get(place, {})]
        steps = {name: round(minutes * STEPS / kept[name]["cost"]) for name, _ in runs}
        jobs = [pool.submit(judge, name, steps[name], seed) for name, seed in runs]
        for (name, seed), job in zip(runs, jobs, strict=True):
            kept[name].setdefault(place, {})[str(seed)] = round(job.result(), 1)
            FILE.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
            print(f"{name:<22} cost {kept[name]['cost']:.2f}  {kept[name][place]}", flush=True)


if __name__ == "__main__":
    main()
