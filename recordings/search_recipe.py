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
CANDIDATES = {
    "course": {},
    "average 0.995": {"average_decay": 0.995},
    "average 0.998": {"average_decay": 0.998},
    "G 256-256": {"build_generator": G(hidden=(256, 256))},
    "G 128-512": {"build_generator": G(hidden=(128, 512))},
    "G 256-384": {"build_generator": G(hidden=(256, 384))},
    "G 512": {"build_generator": G(hidden=(512,))},
    "z of 50": {"build_generator": G(latent_dim=50)},
    "D 192-192": {"build_discriminator": D(hidden=(192, 192))},
    "D 256-128": {"build_discriminator": D(hidden=(256, 128))},
    "D 384-256": {"build_discriminator": D(hidden=(384, 256))},
    "dropout 0.1": {"build_discriminator": D(dropout=0.1)},
    "dropout 0.3": {"build_discriminator": D(dropout=0.3)},
    "batch 64": {"batch_size": 64},
    "batch 96": {"batch_size": 96},
    "batch 192": {"batch_size": 192},
    "rate 1e-3": {"learning_rate": 1e-3},
    "rate 2e-3": {"learning_rate": 2e-3},
    "D's rate 1e-3": {"d_learning_rate": 1e-3},
    "D's rate 2e-3": {"d_learning_rate": 2e-3},
    "beta2 0.9": {"betas": (0.0, 0.9)},
    "beta2 0.999": {"betas": (0.0, 0.999)},
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
                f"{name:<14} cost {kept[name]['cost']:.2f}  {kept[name]['distances']}", flush=True
            )


if __name__ == "__main__":
    main()
