"""Make the recorded runs that the notebooks show, and keep them as histories in the package.

python benchmarks/record.py saturation   five seeds, both losses, the article's networks,
                                         10 epochs each (about 15 minutes on two quiet cores)
python benchmarks/record.py rescue       the saturating loss for 3 epochs, then the other to
                                         epoch 20 (about 3 minutes)
python benchmarks/record.py article      the article's recipe to its picture of epoch 100
                                         (about 15 minutes)
"""

import argparse
import dataclasses
import platform
import time
from importlib import resources
from pathlib import Path

import torch

from gan_helpers.data import load_mnist
from gan_helpers.history import History, save_history
from gan_helpers.losses import non_saturating_generator_loss, saturating_generator_loss
from gan_helpers.recipes import ARTICLE, Run, start_run
from gan_helpers.training import train

FOLDER = Path(str(resources.files("gan_helpers") / "assets"))
EPOCH = 60_000 // ARTICLE.batch_size  # 468 steps


def record(run: Run, command: str, epochs: int, keep: set[int]) -> History:
    """Train, and keep the frames of the steps in ``keep`` only: pictures are most of the size."""
    images, _ = load_mnist()
    start = time.perf_counter()
    history = train(run, images, epochs=epochs, frame_every=EPOCH)
    pairs = zip(history.frame_steps, history.frames, strict=True)
    kept = [(step, frame) for step, frame in pairs if step in keep]
    history.frame_steps, history.frames = [step for step, _ in kept], [frame for _, frame in kept]
    history.about = {
        "command": f"python benchmarks/record.py {command}",
        "recipe": f"article, {run.recipe.generator_loss.__name__}",
        "seed": str(run.seed),
        "minutes": f"{(time.perf_counter() - start) / 60:.1f}",
        "machine": f"{platform.machine()} CPU, {torch.get_num_threads()} threads",
        "torch": torch.__version__.split("+")[0],
    }
    return history


def saturation(seeds: list[int]) -> None:
    for seed in seeds:
        for name, loss in (
            ("saturating", saturating_generator_loss),
            ("non_saturating", non_saturating_generator_loss),
        ):
            recipe = dataclasses.replace(ARTICLE, generator_loss=loss)
            run = start_run(recipe, seed)
            history = record(run, "saturation", 10, {0, 5 * EPOCH, 10 * EPOCH})
            save_history(history, FOLDER / f"saturation_{name}_{seed}.safetensors")


def rescue() -> None:
    saturating = dataclasses.replace(ARTICLE, generator_loss=saturating_generator_loss)
    run = start_run(saturating, seed=0)
    images, _ = load_mnist()
    train(run, images, epochs=3, frame_every=EPOCH)
    run.recipe = ARTICLE  # the one changed line
    keep = {0, 3 * EPOCH, 10 * EPOCH, 20 * EPOCH}
    save_history(record(run, "rescue", 17, keep), FOLDER / "rescue.safetensors")


def article() -> None:
    # The article draws after its epochs 0, 20 and 100, counted from 0: after 1, 21 and 101.
    keep = {0, EPOCH, 21 * EPOCH, 101 * EPOCH}
    history = record(start_run(ARTICLE, seed=0), "article", 101, keep)
    save_history(history, FOLDER / "article_101_epochs.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("saturation", "rescue", "article"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    arguments = parser.parse_args()
    if arguments.what == "saturation":
        saturation(arguments.seeds)
    else:
        {"rescue": rescue, "article": article}[arguments.what]()


if __name__ == "__main__":
    main()
