"""Search the course's recipe: which changed line gives better digits after a minute?

Each candidate changes some lines of COURSE. How many steps it may make follows from what a step
costs: COURSE makes as many as its float32 row of benchmarks/time_to_digits.json made in 60 seconds,
a candidate that takes half the time for a step twice as many. The costs are measured in turns with
COURSE, one thread, before any training, so nothing else should run at that time.

It trains on the training images 0 to 49,999 and is judged on 50,000 to 59,999: the Frechet distance
of notebook 06, 10,000 samples. The test images are left for the report of what was chosen. Two
limits: the 4,200 steps were made with two threads, so the minute is approximate; and the classifier
behind the distance has seen the images held back, though the networks have not.

    python recordings/search_recipe.py                     (hours; nothing else should run)
    python recordings/search_recipe.py --only "batch 64" "batch 256" --seeds 0 1 2
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

from gan_helpers.data import load_mnist
from gan_helpers.metrics import classify, frechet_distance
from gan_helpers.models import Discriminator, Generator, sample
from gan_helpers.training import COURSE, advance, start_run

FILE = Path(__file__).with_suffix(".json")
STEPS = 4200  # of COURSE in float32, in a minute
TRAINED_ON = 50_000
BLOCK, ROUNDS = 20, 15  # steps timed together, and how often each candidate has its turn
G, D = partial(partial, Generator), partial(partial, Discriminator)
SMALL = {"latent_dim": 32, "hidden": (256, 256)}
FOUND = {  # together the best of a first look, one seed each
    "build_generator": G(**SMALL),
    "build_discriminator": D(dropout=0.1),
    "learning_rate": 4e-3,
    "d_learning_rate": 5e-4,
    "average_decay": 0.998,
}
CANDIDATES = {
    "course": {},
    # One line of COURSE changed.
    "average 0.998": {"average_decay": 0.998},
    "dropout 0.1": {"build_discriminator": D(dropout=0.1)},
    "z of 32": {"build_generator": G(latent_dim=32)},
    "G 256-256": {"build_generator": G(hidden=(256, 256))},
    "D's rate 5e-4": {"d_learning_rate": 5e-4},
    "G's rate 4e-3": {"learning_rate": 4e-3, "d_learning_rate": 1.5e-3},
    # FOUND, and one line of it changed.
    "found": FOUND,
    "found, average 0.99": FOUND | {"average_decay": 0.99},
    "found, average 0.999": FOUND | {"average_decay": 0.999},
    "found, dropout 0.2": FOUND | {"build_discriminator": D(dropout=0.2)},
    "found, z of 100": FOUND | {"build_generator": G(hidden=(256, 256))},
    "found, z of 20": FOUND | {"build_generator": G(**SMALL | {"latent_dim": 20})},
    "found, G 256-384": FOUND | {"build_generator": G(**SMALL | {"hidden": (256, 384)})},
    "found, G 256-512": FOUND | {"build_generator": G(**SMALL | {"hidden": (256, 512)})},
    "found, D's rate 7.5e-4": FOUND | {"d_learning_rate": 7.5e-4},
    "found, G's rate 3e-3": FOUND | {"learning_rate": 3e-3},
    "found, G's rate 6e-3": FOUND | {"learning_rate": 6e-3},
    "found, batch 64": FOUND | {"batch_size": 64},
    "found, batch 96": FOUND | {"batch_size": 96},
}


def recipe_of(name: str):
    return replace(COURSE, bfloat16=False, **CANDIDATES[name])


def cost(names: list[str], images: torch.Tensor) -> dict[str, float]:
    """Time of a step as a ratio to COURSE's: the median over turns of the block's ratio."""
    runs = {name: start_run(recipe_of(name), seed=0) for name in ["course", *names]}
    ratios: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        seconds = {}
        for name, run in runs.items():
            start = time.perf_counter()
            for _ in range(BLOCK):
                advance(run, images)
            seconds[name] = time.perf_counter() - start
        for name in names:
            ratios[name].append(seconds[name] / seconds["course"])
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
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    images, _ = load_mnist()
    kept = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    for name, ratio in cost(arguments.only, images[:TRAINED_ON]).items():
        kept[name] = {"cost": round(ratio, 2), "distances": {}}  # other steps, other distances
    with ProcessPoolExecutor(arguments.workers) as pool:
        runs = [(name, seed) for seed in arguments.seeds for name in arguments.only]
        jobs = [pool.submit(judge, n, round(STEPS / kept[n]["cost"]), s) for n, s in runs]
        for (name, seed), job in zip(runs, jobs, strict=True):
            kept[name]["distances"][str(seed)] = round(job.result(), 1)
            FILE.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
            print(
                f"{name:<22} cost {kept[name]['cost']:.2f}  {kept[name]['distances']}", flush=True
            )


if __name__ == "__main__":
    main()
