"""Record notebook 10: what the recipes give on one data set after another, by the clock.

Each recipe trains for the same time of one core, float32 or bfloat16 as the recipe and the
processor allow, and is measured on the way: the Frechet distance of 10,000 samples to the test set,
through the classifier of that data set; at the end also precision, recall and coverage, whether D
knows its own images (the shares of shown and of held-out images that it calls real), the Parzen
log-likelihood of MNIST, and with classes the share of samples of the class that was asked for. The
time is that of the process on the processor, without the measuring, so that another program beside
it does not change the result much. The generators of the first seed are kept. "real" and "noise"
are no runs: 10,000 training images and 10,000 pictures of random pixels, measured in the same way.

    python recordings/record_beyond.py --data mnist fashion-mnist --minutes 1 3 --seeds 0 1 2
    python recordings/record_beyond.py --data mnist --recipe classes --minutes 1 3 --seeds 0
    python recordings/record_beyond.py --data cifar10 --file cifar10_jpeg.npz \\
        --recipe real noise --seeds 0
    python recordings/record_beyond.py --data cifar10 --file cifar10_jpeg.npz \\
        --recipe course convolutional conv-classes --minutes 1 3 6 --seeds 0

What stands in the file is not made again. --file: JPEG copies of CIFAR-10 in an .npz, for who has
no originals (see train_classifier.py). Two runs at a time, one thread each.
"""

import argparse
import json
import platform
import time
from concurrent.futures import ProcessPoolExecutor, as_completed

import torch
from train_classifier import load

from gan_helpers.data import ASSETS, DATASETS
from gan_helpers.failures import compare_held_out
from gan_helpers.metrics import (
    choose_sigma,
    class_accuracy,
    classify,
    frechet_distance,
    mean_and_error,
    parzen_log_likelihood,
    prdc,
)
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
RECIPES = {
    "course": (COURSE, 0),
    "convolutional": (CONVOLUTIONAL, 0),
    "classes": (COURSE, 10),
    "conv-classes": (CONVOLUTIONAL, 10),
}
BLOCK = 20  # steps between two looks at the clock


def measure(
    samples: torch.Tensor,
    asked: torch.Tensor | None,
    data: str,
    images: torch.Tensor,
    test: torch.Tensor,
) -> dict:
    """All that is measured of the last samples only; ``test``: the test set."""
    eyes = [classify(pictures, data).features for pictures in (test, samples)]
    near = prdc(*eyes)
    found = {"precision": near.precision, "recall": near.recall, "coverage": near.coverage}
    if asked is not None:
        found["accuracy"] = class_accuracy(samples, asked, data)
    if data == "mnist":
        sigma, _ = choose_sigma(images[50_000:51_000], samples, progress=False)
        nats = parzen_log_likelihood(test, samples, sigma, progress=False)
        found["parzen"], found["parzen_error"] = mean_and_error(nats)
    return {name: round(value, 3) for name, value in found.items()}


def measure_pictures(data: str, name: str, file: str | None) -> list[dict]:
    """Measure 10,000 training images, or as much noise, as samples are measured."""
    (images, labels), (test, _) = (load(data, split, file) for split in ("train", "test"))
    pictures, asked = images[:10_000], labels[:10_000]
    if name == "noise":
        rng = torch.Generator().manual_seed(0)
        pictures = torch.randint(256, pictures.shape, dtype=torch.uint8, generator=rng)
    eyes = [classify(one, data).features for one in (pictures, test)]
    found = {"distance": round(frechet_distance(*eyes), 1)}
    return [found | measure(pictures, asked, data, images, test)]


def train_for(
    data: str, name: str, seed: int, minutes: list[float], keep: bool, file: str | None
) -> list[dict]:
    """Train, and measure after each of ``minutes``; the last generator is kept if asked for."""
    torch.set_num_threads(1)
    (images, labels), (test, _) = (load(data, split, file) for split in ("train", "test"))
    real = classify(test, data).features
    recipe, classes = RECIPES[name]
    run = start_run(for_images(recipe, tuple(images.shape[1:]), classes), seed)
    told = {"labels": labels} if classes else {}
    seconds, found = 0.0, []
    for end in sorted(minutes):
        while seconds < 60 * end:
            start = time.process_time()
            for _ in range(BLOCK):
                advance(run, images, frame_every=10**9, **told)
            seconds += time.process_time() - start
        drawn = classify(draw(run.sampler, 10_000, seed=1), data).features
        distance = round(frechet_distance(drawn, real), 1)
        found.append({"minutes": end, "steps": run.history.steps, "distance": distance})
    asked = torch.arange(10_000) % 10 if classes else None
    found[-1] |= measure(draw(run.sampler, 10_000, seed=1), asked, data, images, test)
    if not classes:
        known = compare_held_out(run, images[:10_000], test)
        shares = {"shown_real": known.shown, "held_out_real": known.held_out}
        found[-1] |= {name: round(value, 3) for name, value in shares.items()}
    if keep:
        about = {
            "command": f"python recordings/record_beyond.py --data {data} --recipe {name} "
            f"--minutes {end:g} --seeds {seed}" + (" --file cifar10_jpeg.npz" if file else ""),
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
    parser.add_argument("--file", help="JPEG copies of CIFAR-10, an .npz")
    parser.add_argument("--recipe", nargs="+", choices=[*RECIPES, "real", "noise"])
    parser.add_argument("--minutes", nargs="+", type=float, default=[1, 3])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    arguments = parser.parse_args()
    arguments.recipe = arguments.recipe or ["course", "convolutional"]
    kept = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    with ProcessPoolExecutor(2) as pool:
        jobs = {}
        for seed in arguments.seeds:
            for data in arguments.data:
                file = arguments.file if data == "cifar10" else None
                for name in arguments.recipe:
                    if f"{data} {name} {seed}" in kept:
                        continue
                    if name in RECIPES:
                        keep = seed == arguments.seeds[0]
                        more = (seed, arguments.minutes, keep, file)
                        job = pool.submit(train_for, data, name, *more)
                    else:
                        job = pool.submit(measure_pictures, data, name, file)
                    jobs[job] = f"{data} {name} {seed}"
        for job in as_completed(jobs):
            name = jobs[job]
            found = job.result()
            # Another command may have written in the meantime.
            kept = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
            kept[name] = found
            FILE.parent.mkdir(exist_ok=True)
            FILE.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
            print(name, kept[name], flush=True)


if __name__ == "__main__":
    main()
