"""Record notebook 10: the dense and the convolutional recipe on one data set after another.

Each recipe trains for the same time of one core, float32 or bfloat16 as the recipe and the
processor allow, and is measured on the way: the Frechet distance of 10,000 samples to the test set,
through the classifier of that data set. The time is that of the process on the processor, without
the measuring, so that another program beside it does not change the result much. The generators of
the first seed are kept at the end.

    python recordings/record_beyond.py --data mnist fashion-mnist --minutes 1 3 --seeds 0 1 2

What stands in the file is not made again. Two runs at a time, one thread each: 3 minutes, two data
sets, two recipes and three seeds take about 25 minutes on two cores.
"""

import argparse
import json
import platform
import time
from concurrent.futures import ProcessPoolExecutor

import torch

from gan_helpers.data import ASSETS, DATASETS, load_dataset
from gan_helpers.metrics import classify, frechet_distance
from gan_helpers.models import draw
from gan_helpers.training import (
    CONVOLUTIONAL,
    COURSE,
    advance,
    for_images,
    save_generator,
    start_run,
)

FOLDER = ASSETS / "beyond"
FILE = FOLDER / "minutes.json"
RECIPES = {"course": COURSE, "convolutional": CONVOLUTIONAL}
BLOCK = 20  # steps between two looks at the clock


def train_for(data: str, name: str, seed: int, minutes: list[float], keep: bool) -> list[dict]:
    """Train, and measure after each of ``minutes``; the last generator is kept if asked for."""
    torch.set_num_threads(1)
    images, test = (load_dataset(data, split, progress=False).images for split in ("train", "test"))
    real = classify(test, data).features
    run = start_run(for_images(RECIPES[name], tuple(images.shape[1:])), seed)
    seconds, found = 0.0, []
    for end in sorted(minutes):
        while seconds < 60 * end:
            start = time.process_time()
            for _ in range(BLOCK):
                advance(run, images, frame_every=10**9)
            seconds += time.process_time() - start
        samples = draw(run.sampler, 10_000, seed=1)
        distance = frechet_distance(classify(samples, data).features, real)
        steps = run.history.steps
        found.append({"minutes": end, "steps": steps, "distance": round(distance, 1)})
    if keep:
        about = {
            "command": f"python recordings/record_beyond.py --data {data} --minutes {end:g}",
            "recipe": name,
            "seed": str(seed),
            "steps": str(run.history.steps),
            "minutes": f"{end:g} of one core",
            "machine": f"{platform.machine()} CPU, {'bfloat16' if run.bfloat16 else 'float32'}",
            "torch": torch.__version__.split("+")[0],
        }
        save_generator(run.sampler, FOLDER / f"{data}_{name}.safetensors", about, half=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", nargs="+", choices=DATASETS[:3], default=["mnist"])
    parser.add_argument("--recipe", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--minutes", nargs="+", type=float, default=[1, 3])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    arguments = parser.parse_args()
    kept = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    with ProcessPoolExecutor(2) as pool:
        jobs = {}
        for seed in arguments.seeds:
            for data in arguments.data:
                for name in arguments.recipe:
                    if f"{data} {name} {seed}" not in kept:
                        keep = seed == arguments.seeds[0]
                        job = pool.submit(train_for, data, name, seed, arguments.minutes, keep)
                        jobs[f"{data} {name} {seed}"] = job
        for name, job in jobs.items():
            kept[name] = job.result()
            FILE.parent.mkdir(exist_ok=True)
            FILE.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
            print(name, kept[name], flush=True)


if __name__ == "__main__":
    main()
