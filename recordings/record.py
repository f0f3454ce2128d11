"""Make the recorded runs that the notebooks show, and keep them as histories in the package.

python recordings/record.py saturation   five seeds, both losses, the article's networks,
                                         10 epochs each (about 15 minutes on two quiet cores)
python recordings/record.py momentum     the same with betas (0, 0.999) in place of (0.9, 0.999)
                                         (about 20 minutes of one core)
python recordings/record.py descent      notebook 03's failure: the recipe descent with both losses,
                                         1,000 steps, ten seeds (about 15 minutes of one core)
python recordings/record.py optimizers   its saturating half for 500 steps, with Adam for the
                                         generator, for the discriminator and for both (3 minutes)
python recordings/record.py long         keeps what is small of the three long runs, which the
                                         train command makes first (with one thread, so that two
                                         of them share two cores: 75 minutes, as long as wanted,
                                         30 minutes):

   export OMP_NUM_THREADS=1
   python -m gan_helpers train --recipe article --epochs 300 --grid-every 20 --out runs/article
   python -m gan_helpers train --recipe article --loss saturating --epochs 1000 --grid-every 20 \\
       --out runs/article_saturating
   python -m gan_helpers train --recipe plain --epochs 300 --grid-every 20 --out runs/plain

python recordings/record.py budgets      keeps the networks of two runs by the clock (one thread):

   export OMP_NUM_THREADS=1
   python -m gan_helpers train --recipe plain --learning-rate 1e-3 --average-decay 0.999 \\
       --minutes 10 --out runs/ten
   python -m gan_helpers train --recipe plain --learning-rate 1e-3 --average-decay 0.999 \\
       --minutes 60 --out runs/hour

python recordings/record.py generators   the weights that notebooks 04 and 06 measure: the course's,
                                         the plain and the article's recipe, 10 epochs each, five
                                         seeds (about 20 minutes)
python recordings/record.py first_layers what notebook 05 shows of some of these generators and of
                                         the long runs' (a second)
python recordings/record.py scores       every metric of those weights, of real images and of
                                         noise, in assets/scores.json (about 10 minutes)
"""

import argparse
import dataclasses
import json
import platform
import statistics
import time
from importlib import resources
from pathlib import Path

import torch
from safetensors.torch import save

from gan_helpers.data import load_mnist
from gan_helpers.losses import non_saturating_generator_loss, saturating_generator_loss
from gan_helpers.metrics import evaluate, evaluate_images
from gan_helpers.metrics.evaluation import SCORES_FILE
from gan_helpers.training import (
    ARTICLE,
    DESCENT,
    PLAIN,
    RECIPES,
    History,
    Run,
    load_checkpoint,
    load_generator,
    save_discriminator,
    save_generator,
    save_history,
    start_run,
    train,
)
from gan_helpers.training.files import write_whole

FOLDER = Path(str(resources.files("gan_helpers") / "assets"))
# Generators that no chapter loads whole; they would be a quarter of the package.
OUTSIDE = Path(__file__).parent / "weights"
EPOCH = 60_000 // ARTICLE.batch_size  # 468 steps
LONG_RUNS = ("article", "article_saturating", "plain")
BUDGETS = ("ten", "hour")
LOSSES = {
    "saturating": saturating_generator_loss,
    "non_saturating": non_saturating_generator_loss,
}


def record(
    run: Run, name: str, command: str, epochs: int, keep: set[int], steps: int | None = None
) -> History:
    """Train, and keep the frames of the steps in ``keep`` only: pictures are most of the size."""
    images, _ = load_mnist()
    start = time.perf_counter()
    if steps:
        history = train(run, images, steps=steps, frame_every=steps)
    else:
        history = train(run, images, epochs=epochs, frame_every=EPOCH)
    keep_frames(history, keep)
    history.about = {
        "command": f"python recordings/record.py {command}",
        "recipe": f"{name}, {run.recipe.generator_loss.__name__}",
        "epochs": str(history.steps // EPOCH),
        "seed": str(run.seed),
        "minutes": f"{(time.perf_counter() - start) / 60:.1f}",
        "machine": f"{platform.machine()} CPU, {torch.get_num_threads()} threads, "
        f"{'bfloat16' if run.bfloat16 else 'float32'}",
        "torch": torch.__version__.split("+")[0],
    }
    return history


def keep_frames(history: History, steps: set[int]) -> None:
    """Drop all frames but those of ``steps``, and the real images: they are MNIST's."""
    history.real = None
    pairs = zip(history.frame_steps, history.frames, strict=True)
    kept = [(step, frame) for step, frame in pairs if step in steps]
    history.frame_steps, history.frames = [step for step, _ in kept], [frame for _, frame in kept]


def saturation(seeds: list[int], command: str, title: str, **change: object) -> None:
    for seed in seeds:
        for name, loss in LOSSES.items():
            run = start_run(dataclasses.replace(ARTICLE, generator_loss=loss, **change), seed)
            history = record(run, title, command, 10, {0, 5 * EPOCH, 10 * EPOCH})
            prefix = "no_momentum" if change else "saturation"
            save_history(history, FOLDER / f"{prefix}_{name}_{seed}.safetensors")


def descent(seeds: list[int]) -> None:
    for seed in seeds:
        for name, loss in LOSSES.items():
            run = start_run(dataclasses.replace(DESCENT, generator_loss=loss), seed)
            history = record(run, "descent", "descent", 0, {0, 1000}, steps=1000)
            save_history(history, FOLDER / "descent" / f"{name}_{seed}.safetensors")


def optimizers(seeds: list[int]) -> None:
    """One change at a time in the failing run, then both; Adam with the plain recipe's numbers."""
    saturating = dataclasses.replace(DESCENT, generator_loss=saturating_generator_loss)
    adam, rate = torch.optim.Adam, PLAIN.learning_rate
    recipes = {
        "g_adam": dataclasses.replace(saturating, g_optimizer=adam, learning_rate=rate),
        "d_adam": dataclasses.replace(saturating, d_optimizer=adam, d_learning_rate=rate),
    }
    recipes["both_adam"] = dataclasses.replace(
        recipes["g_adam"], d_optimizer=adam, d_learning_rate=rate
    )
    for seed in seeds:
        for name, recipe in recipes.items():
            history = record(start_run(recipe, seed), name, "optimizers", 0, {0, 500}, steps=500)
            save_history(history, FOLDER / "descent" / f"{name}_{seed}.safetensors")


def long(folder: Path) -> None:
    """Histories, the pictures of some epochs, the last weights and what run.json says of them."""
    for name in LONG_RUNS:
        run = load_checkpoint(folder / name / "checkpoint.safetensors")
        about = json.loads((folder / name / "run.json").read_text(encoding="utf-8"))
        keep = {epoch * EPOCH for epoch in (0, 20, 100, 300)}  # the article's pictures
        keep |= {run.history.steps}
        keep_frames(run.history, keep)
        run.history.about = about | {"epochs": str(run.history.steps // EPOCH)}
        save_history(run.history, FOLDER / f"long_{name}.safetensors")
        save_weights(run, OUTSIDE / f"long_{name}_generator.safetensors")


def budgets(folder: Path) -> None:
    """The generators of the runs by the clock, and the discriminator of the hour's."""
    for name in BUDGETS:
        run = load_checkpoint(folder / name / "checkpoint.safetensors")
        about = json.loads((folder / name / "run.json").read_text(encoding="utf-8"))
        command, _, _ = about["command"].rpartition(" --out ")  # the folder is this machine's
        run.history.about = about | {"command": f"{command} --out runs/{name}"}
        save_weights(run, FOLDER / f"{name}_generator.safetensors")
    about = run.history.about
    save_discriminator(
        run.discriminator, FOLDER / f"{name}_discriminator.safetensors", about, half=True
    )


def generators(seeds: list[int], recipes: list[str]) -> None:
    for seed in seeds:
        for name in recipes:
            run = start_run(RECIPES[name], seed)
            history = record(run, name, "generators", 10, {0, 5 * EPOCH, 10 * EPOCH})
            folder = OUTSIDE if name == "article" and seed else FOLDER
            save_weights(run, folder / f"{name}_10_epochs_generator_{seed}.safetensors")
            if seed == 0:
                save_history(history, FOLDER / f"{name}_10_epochs_{seed}.safetensors")


def save_weights(run: Run, file: Path) -> None:
    """Keep the generator that samples are drawn from, and what its losses ended at."""
    history, last = run.history, slice(-EPOCH, None)
    losses = {
        f"{name} in the last epoch": f"{statistics.mean(values[last]):.3f}"
        for name, values in (("d_loss", history.d_loss), ("g_loss", history.g_loss))
    }
    save_generator(run.sampler, file, {**history.about, **losses}, half=True)


def first_layers() -> None:
    """The first matrix of each generator, and by what BatchNorm multiplies each of its units."""
    kept = {}
    names = ("plain_10_epochs", "article_10_epochs", "long_plain", "long_article")
    for file in recorded_generators(*names):
        (generator, _), name = load_generator(file), file.stem.replace("_generator", "")
        norm = next(layer for layer in generator.layers if isinstance(layer, torch.nn.BatchNorm1d))
        kept[f"{name}.weight"] = generator.layers[0].weight.detach().half()  # as in the file
        kept[f"{name}.scale"] = (norm.weight / norm.running_var.sqrt()).detach()
    about = {"command": "python recordings/record.py first_layers"}
    write_whole(FOLDER / "first_layers.safetensors", save(kept, about))


def recorded_generators(*names: str) -> list[Path]:
    """The files of the generators with such names, in the package and outside, by name."""
    found = [file for folder in (FOLDER, OUTSIDE) for name in names
             for file in folder.glob(f"{name}_generator*.safetensors")]  # fmt: skip
    return sorted(found, key=lambda file: file.name)


def scores(only: list[str]) -> None:
    """Measure the groups named in ``only``, or all of them, and keep the others as they are."""
    images, _ = load_mnist()
    rng = torch.Generator().manual_seed(0)
    order = torch.stack([torch.randperm(10_000, generator=rng) for _ in range(784)], dim=1)
    # Each pixel from another training image: the right brightness at each place, no strokes.
    noise = images[:10_000].flatten(1).gather(0, order).view(-1, 1, 28, 28)
    groups = {
        "real": [("training images 0 to 9,999", images[:10_000])],
        "noise": [("each pixel from another of these", noise)],
        **{n: recorded_generators(f"{n}_10_epochs") for n in ("article", "plain", "course")},
        **{f"long {n}": recorded_generators(f"long_{n}") for n in LONG_RUNS},
        **{n: recorded_generators(n) for n in BUDGETS},
    }
    recorded: dict[str, list[dict]] = {}
    for name, sources in groups.items():
        if only and name not in only:
            recorded[name] = json.loads(SCORES_FILE.read_text(encoding="utf-8"))["scores"][name]
            continue
        recorded[name] = []
        for source in sources:
            if isinstance(source, Path):
                generator, about = load_generator(source)
                result, text = evaluate(generator, seed=0), f"{source.name}, z of seed 0"
            else:
                (text, pictures), about = source, {}
                result = evaluate_images(pictures)
            recorded[name].append(
                {"of": text, "about": about, "scores": dataclasses.asdict(result)}
            )
            print(name, text, f"Frechet {result.frechet:.1f}", sep=", ")
    about = {
        "command": "python recordings/record.py scores",
        "machine": f"{platform.machine()} CPU, {torch.get_num_threads()} threads",
        "torch": torch.__version__.split("+")[0],
    }
    text = json.dumps({**about, "scores": recorded}, indent=1) + "\n"
    SCORES_FILE.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = (
        "saturation",
        "momentum",
        "descent",
        "optimizers",
        "long",
        "budgets",
        "generators",
        "first_layers",
        "scores",
    )
    parser.add_argument("what", choices=kinds)
    parser.add_argument("--seeds", type=int, nargs="+", help="(0 to 4; of descent 0 to 9, of "
                        "optimizers 0 to 2)")  # fmt: skip
    parser.add_argument(
        "--recipes", nargs="+", choices=RECIPES, default=["course", "plain", "article"]
    )
    parser.add_argument("--groups", nargs="+", default=[], help="of the scores (all)")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the long runs")
    arguments = parser.parse_args()
    if arguments.what == "long":
        long(arguments.runs)
    elif arguments.what == "budgets":
        budgets(arguments.runs)
    elif arguments.what == "saturation":
        saturation(arguments.seeds or list(range(5)), "saturation", "article")
    elif arguments.what == "momentum":
        title, betas = "article with betas (0, 0.999)", (0.0, 0.999)
        saturation(arguments.seeds or list(range(5)), "momentum", title, betas=betas)
    elif arguments.what == "descent":
        descent(arguments.seeds or list(range(10)))
    elif arguments.what == "optimizers":
        optimizers(arguments.seeds or list(range(3)))
    elif arguments.what == "generators":
        generators(arguments.seeds or list(range(5)), arguments.recipes)
    elif arguments.what == "first_layers":
        first_layers()
    else:
        scores(arguments.groups)


if __name__ == "__main__":
    main()
