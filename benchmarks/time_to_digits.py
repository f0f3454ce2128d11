"""How long until there are digits? Quality against wall-clock time, for five recipes.

1. course             the course's recipe, as ``train`` runs it on this machine
2. course, float32    the same without bfloat16 (left out where the processor has none)
3. before             what the course had before: the plain recipe, with PyTorch's dropout
4. starting point     discriminator 784-512-256-1 with dropout 0.3, betas (0.5, 0.999), float32,
                      PyTorch's dropout, at the plain recipe's learning rate (at 1e-3 no better)
5. article            the article's recipe

Quality is the Frechet distance of notebook 06: 10,000 samples of the run's generator against
MNIST's test set, on the classifier's 128 features; real training images come to about 2. The clock
runs for training alone, with everything that ``train`` records, and stands still for measuring.
Beside the last distance stands the Parzen log-likelihood, the measure of the 2014 paper. The seeds
take turns, so that a slow minute of the machine meets all recipes.

    python benchmarks/time_to_digits.py           (about 25 minutes on two quiet CPU cores)
    python benchmarks/time_to_digits.py --keep    the same, and keep the numbers and the figure
    OMP_NUM_THREADS=1 python benchmarks/time_to_digits.py --only course before    with one thread
"""

import argparse
import json
import platform
import statistics
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import nn

from gan_helpers import plots
from gan_helpers.data import ASSETS, load_mnist
from gan_helpers.metrics import choose_sigma, classify, frechet_distance, parzen_log_likelihood
from gan_helpers.models import Discriminator, draw
from gan_helpers.training import ARTICLE, COURSE, PLAIN, Recipe, advance, start_run

SECONDS = (5, 10, 15, 20, 30, 40, 50, 60)
PART = 20  # steps between two looks at the clock


class PyTorchsDropout(Discriminator):
    """The discriminator with the dropout that it had before."""

    def __init__(self, **sizes):
        super().__init__(**sizes)
        layers = (nn.Dropout(m.p) if isinstance(m, nn.Dropout) else m for m in self.layers)
        self.layers = nn.Sequential(*layers)


BEFORE = replace(PLAIN, build_discriminator=PyTorchsDropout)
STARTING_POINT = replace(
    PLAIN,
    build_discriminator=partial(PyTorchsDropout, hidden=(512, 256), dropout=0.3),
    betas=(0.5, 0.999),
    bfloat16=False,
)
RECIPES = {
    "course": (COURSE, plots.NON_SATURATING, "-", "o"),
    "course, float32": (replace(COURSE, bfloat16=False), plots.REAL, "-.", "s"),
    "before": (BEFORE, plots.SATURATING, "--", "D"),
    "starting point": (STARTING_POINT, plots.FAKE, "--", "^"),
    "article": (ARTICLE, "#000000", ":", "v"),
}
FILE = Path(__file__).parent / "time_to_digits.json"
FIGURE = ASSETS / "time_to_digits.png"


def measure(recipe: Recipe, seed: int, images: torch.Tensor, real: torch.Tensor) -> list[dict]:
    """Train for the last of SECONDS; steps, distance and share of digits at each of them, and the
    Parzen log-likelihood at the last, with the protocol of the 2014 paper."""
    run = start_run(recipe, seed)
    clock, points = 0.0, []
    for second in SECONDS:
        while clock < second:
            start = time.perf_counter()
            for _ in range(PART):
                advance(run, images, frame_every=10**9)
            clock += time.perf_counter() - start
        drawn = draw(run.sampler, 10_000, seed=0)
        seen = classify(drawn)
        points.append(
            {
                "seconds": round(clock, 2),
                "steps": run.history.steps,
                "frechet": round(frechet_distance(seen.features, real), 2),
                "digits": round((seen.digit > 0.5).double().mean().item(), 4),
            }
        )
    sigma, _ = choose_sigma(images[50_000:51_000], drawn, progress=False)
    nats = parzen_log_likelihood(load_mnist("test")[0], drawn, sigma, progress=False)
    points[-1]["parzen"] = round(nats.mean().item(), 1)
    return points


def table(results: dict[str, list[list[dict]]]) -> str:
    """Frechet distance, mean over the seeds (lowest to highest), at some of the times."""
    columns = [SECONDS.index(second) for second in (10, 20, 30, 60)]
    head = "".join(f"{SECONDS[c]} s".rjust(27) for c in columns)
    lines = [f"{'recipe':<15}{head}   steps in {SECONDS[-1]} s   digits   nats"]
    for name, runs in results.items():
        cells = []
        for column in columns:
            values = [run[column]["frechet"] for run in runs]
            spread = f"({min(values):,.0f} to {max(values):,.0f})"
            cells.append(f"{statistics.mean(values):,.0f} {spread}".rjust(27))
        steps = statistics.mean(run[-1]["steps"] for run in runs)
        digits = statistics.mean(run[-1]["digits"] for run in runs)
        nats = statistics.mean(run[-1]["parzen"] for run in runs)
        lines.append(f"{name:<15}{''.join(cells)}   {steps:13,.0f}   {digits:6.3f}   {nats:4.0f}")
    return "\n".join(lines)


def draw_figure(results: dict[str, list[list[dict]]]) -> None:
    figure, (axes,) = plots.new_figure(width=6.0, height=3.6)
    for name, runs in results.items():
        _, colour, line, marker = RECIPES[name]
        distances = list(zip(*[[point["frechet"] for point in run] for run in runs], strict=True))
        middle = [statistics.mean(values) for values in distances]
        axes.loglog(SECONDS, middle, color=colour, ls=line, marker=marker, ms=5, label=name)
        low, high = [min(v) for v in distances], [max(v) for v in distances]
        axes.fill_between(SECONDS, low, high, color=colour, alpha=0.18, lw=0)
    axes.axhline(2.2, **plots.REFERENCE_LINE)
    axes.text(5, 2.45, "real training images", fontsize=9, color="0.35")
    axes.set_xticks(SECONDS, [str(second) for second in SECONDS], minor=False)
    axes.set_xticks([], minor=True)
    plots.finish(axes, "seconds of training", "Frechet distance (lower is better)", legend=False)
    axes.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1), fontsize=9, frameon=False)
    FIGURE.write_bytes(plots.figure_png(figure))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--keep", action="store_true", help=f"write {FILE.name}, {FIGURE.name}")
    arguments = parser.parse_args()

    images, real = load_mnist()[0], classify(load_mnist("test")[0]).features
    recipes = {name: RECIPES[name][0] for name in arguments.only}
    if not start_run(COURSE).bfloat16:
        recipes.pop("course, float32", None)  # it would be the same run again
    results: dict[str, list[list[dict]]] = {name: [] for name in recipes}
    for seed in arguments.seeds:
        for name, recipe in recipes.items():
            results[name].append(measure(recipe, seed, images, real))
            last = results[name][-1][-1]
            print(
                f"seed {seed}, {name}: {last['frechet']:.1f}, {last['steps']:,} steps", flush=True
            )
    about = {
        "command": "python benchmarks/time_to_digits.py --keep",
        "machine": f"{platform.machine()} CPU, {torch.get_num_threads()} threads, "
        f"{'bfloat16' if start_run(COURSE).bfloat16 else 'float32 only'}",
        "torch": torch.__version__.split("+")[0],
        "seeds": arguments.seeds,
    }
    print(f"\n{about['machine']}, torch {about['torch']}, seeds {arguments.seeds}")
    print("Frechet distance, 10,000 samples: mean over the seeds (lowest to highest)\n")
    print(table(results))
    print()
    for name, target in (("before", 0.5), ("starting point", 0.4)):
        if not {"course", name} <= results.keys():
            continue
        pairs = zip(results["course"], results[name], strict=True)
        ratio = statistics.mean(new[-1]["frechet"] / old[-1]["frechet"] for new, old in pairs)
        print(f"course / {name} at {SECONDS[-1]} s: {ratio:.2f}   (target: at most {target:.2f})")
    if arguments.keep:
        FILE.write_text(json.dumps({**about, "results": results}, indent=1) + "\n", "utf-8")
        draw_figure(results)


if __name__ == "__main__":
    main()
