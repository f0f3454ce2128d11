"""Search the convolutional recipe: which change gives better pictures in the same time?

Each candidate changes some lines of BEFORE, the recipe that the course had before; "dense" is
COURSE. It trains on the training images 0 to 49,999 until one thread has used 60 and then 180
seconds of a CPU, and is judged at both times on the training images 50,000 to 59,999, as in
search_recipe.py: the Frechet distance of notebook 06, 10,000 samples, of the averaged generator.
The test images are left for the report of what was chosen. What stands in the file is not made
again. Waiting is not counted, but a CPU that is shared makes fewer steps in a second, so the steps
stand beside each distance. (The rows with batches of 32 and 64 and "rates 4e-3, 1e-3" were made by
this procedure before the script had its present form. All rows have seed 0 only, and only the
chosen candidate went on to 180 seconds.) The classifier has seen the images 50,000 to 59,999.

    python recordings/search_convolutional.py --only before --seeds 0 1 2 --seconds 60 180
    python recordings/search_convolutional.py --only before --data fashion-mnist
"""

import argparse
import json
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from search_recipe import TRAINED_ON

from gan_helpers.data import load_dataset
from gan_helpers.metrics import classify, frechet_distance
from gan_helpers.models import ConvDiscriminator, ConvGenerator, draw
from gan_helpers.training import COURSE, Recipe, advance, start_run

FILE = Path(__file__).with_suffix(".json")
G, D = partial(partial, ConvGenerator, latent_dim=32), partial(partial, ConvDiscriminator, width=16)
BEFORE = Recipe(
    build_generator=G(width=16),
    build_discriminator=D(dropout=0.2),
    learning_rate=2e-3,
    d_learning_rate=5e-4,
    average_decay=0.999,
    average_warm_up=True,
)
D_256 = D(hidden=(256,), dropout=0.2)
DROP_3 = {"build_discriminator": D(hidden=(256,), dropout=0.3)}
FAST, D_2 = {"learning_rate": 4e-3}, {"d_learning_rate": 2.5e-4}  # D's is 5e-4 in BEFORE

CANDIDATES = {
    "before": {},
    "dense": {f: getattr(COURSE, f) for f in ("build_generator", "build_discriminator")} | FAST,
    "rates 4e-3, 5e-4": FAST,
    "rates 4e-3, 2.5e-4": FAST | D_2,
    "rates 4e-3, 1e-3": FAST | {"d_learning_rate": 1e-3},
    "rates 4e-3, 5e-4; D 256, dropout 0.3": FAST | DROP_3,
    "rates 6e-3, 5e-4; D 256": {"learning_rate": 6e-3, "build_discriminator": D_256},
    "batch 64; rates 6e-3, 5e-4; D 256": {
        "learning_rate": 6e-3,
        "build_discriminator": D_256,
        "batch_size": 64,
    },
    "rates 4e-3, 2.5e-4; D 256, dropout 0.3": FAST | D_2 | DROP_3,
    "batch 64; rates 4e-3, 1e-3": FAST | {"d_learning_rate": 1e-3, "batch_size": 64},
    "batch 64; rates 4e-3, 2.5e-4; D 256, dropout 0.3": FAST | D_2 | DROP_3 | {"batch_size": 64},
    "batch 64; rates 4e-3, 1e-3; D 256, dropout 0.3": FAST
    | DROP_3
    | {"d_learning_rate": 1e-3, "batch_size": 64},
    "batch 64; rates 4e-3, 5e-4; D 256, dropout 0.5": FAST
    | {"build_discriminator": D(hidden=(256,), dropout=0.5), "batch_size": 64},
    "batch 32; rates 3e-3, 7.5e-4": {
        "learning_rate": 3e-3,
        "d_learning_rate": 7.5e-4,
        "batch_size": 32,
    },
    "batch 64; rates 4e-3, 5e-4; dense D": FAST
    | {"build_discriminator": COURSE.build_discriminator, "batch_size": 64},
}


def judge(name: str, seed: int, seconds: list[float], data: str) -> dict[str, list]:
    """After each of ``seconds`` of one thread: the steps, and the distance to the images held."""
    images = load_dataset(data, progress=False).images
    held_back = classify(images[TRAINED_ON:], data).features
    run, used, found = start_run(replace(BEFORE, **CANDIDATES[name]), seed), 0.0, {}
    for end in sorted(seconds):
        start = time.process_time() - used
        while (used := time.process_time() - start) < end:
            advance(run, images[:TRAINED_ON], frame_every=10**9)
        drawn = classify(draw(run.sampler, 10_000, seed=1), data).features
        found[f"{end:g}"] = [run.history.steps, round(frechet_distance(drawn, held_back), 1)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=CANDIDATES, default=list(CANDIDATES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--seconds", nargs="+", type=float, default=[60])
    parser.add_argument("--data", choices=("mnist", "fashion-mnist"), default="mnist")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    kept = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    for seed in arguments.seeds:
        for name in arguments.only:
            found = kept.setdefault(arguments.data, {}).setdefault(name, {})
            if any(f"{end:g}" not in found.get(str(seed), {}) for end in arguments.seconds):
                found[str(seed)] = judge(name, seed, arguments.seconds, arguments.data)
                FILE.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
            print(f"{arguments.data} {name}, seed {seed}: {found[str(seed)]}", flush=True)


if __name__ == "__main__":
    main()
