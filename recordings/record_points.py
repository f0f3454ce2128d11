"""Play the games on points of notebook 07 that would make it slow, and keep how many modes each
found, at every look, in the package.

python recordings/record_points.py              all of them, seeds 0 to 2, some also 3 and 4
                                                (with one thread, some 6 minutes on a quiet machine)
python recordings/record_points.py --only NAME  these, and keep the others as they are
"""

import argparse
import json
import math
import statistics
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from gan_helpers.data import ASSETS
from gan_helpers.games import (
    LINE_RECIPES,
    ToyRecipe,
    ToyRun,
    grid,
    look,
    modes_found,
    penalised_toy_step,
    ring,
    show_batch_spread,
    start_toy,
    toy_step,
    toy_step_with,
    unrolled_toy_step,
)

FILE = ASSETS / "points.json"
SEEDS = range(3)
MORE_SEEDS = range(5)  # of the three games that are drawn
LOOKS = 16  # at equal distances
FIXED_Z = torch.randn(2500, 2, generator=torch.Generator().manual_seed(0))
WORKS = ToyRecipe(target=ring(std=0.1), d_rate=1e-2, g_rate=1e-2, latent_dim=2, hidden=(32, 32))
SLOW_D = replace(WORKS, d_rate=WORKS.d_rate / 20)
SLOW_G = replace(WORKS, g_rate=WORKS.g_rate / 10)


def start_with_spread(recipe: ToyRecipe, seed: int) -> ToyRun:
    return show_batch_spread(start_toy(recipe, seed), seed)


def start_with_spectral_norm(recipe: ToyRecipe, seed: int) -> ToyRun:
    """A new run whose D has layers of spectral norm 1 (Miyato et al. 2018)."""
    run = start_toy(recipe, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # where the power iteration starts
        for layer in run.discriminator.layers[::2]:
            spectral_norm(layer)
    run.d_optimizer = torch.optim.Adam(run.discriminator.parameters(), fused=True)
    return run


def hinge(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def squares(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    return ((real - 1).square().mean() + (fake + 1).square().mean()) / 2


def relativistic(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    return F.softplus(fake - real).mean()


HINGE = partial(toy_step_with, d_loss=hinge, g_loss=lambda real, fake: -fake.mean())
SQUARES = partial(
    toy_step_with, d_loss=squares, g_loss=lambda real, fake: (fake - 1).square().mean() / 2
)
RELATIVISTIC = partial(
    toy_step_with, d_loss=relativistic, g_loss=lambda real, fake: relativistic(fake, real)
)
AHEAD = partial(unrolled_toy_step, look_ahead=3, rate=0.3)


def games() -> dict[str, tuple[ToyRecipe, Callable, Callable, int]]:
    """By name: the recipe, how to start, how to step, and the number of steps."""
    plain = (start_toy, toy_step, 400)
    found = {
        "slow D": (SLOW_D, *plain),
        "slow D, batch 512": (replace(SLOW_D, batch_size=512), *plain),
        "slow D, betas (0, 0.99)": (replace(SLOW_D, betas=(0.0, 0.99)), *plain),
        "slow D, 4 D steps": (replace(SLOW_D, d_steps=4), *plain),
        "slow D, batch spread": (SLOW_D, start_with_spread, toy_step, 400),
        "slow D, R1, gamma 1": (SLOW_D, start_toy, partial(penalised_toy_step, gamma=1.0), 400),
        "slow D, G's rate / 10": (replace(SLOW_D, g_rate=WORKS.g_rate / 10), *plain),
        "slow D, look ahead 3": (SLOW_D, start_toy, partial(AHEAD, through=False), 400),
        "slow D, unrolled 3": (SLOW_D, start_toy, AHEAD, 400),
    }
    # Both rates at a quarter, four times the steps: the ratio stays.
    for name, recipe in (("works", WORKS), ("slow D", SLOW_D), ("slow G", SLOW_G)):
        quarter = replace(recipe, d_rate=recipe.d_rate / 4, g_rate=recipe.g_rate / 4)
        found[f"{name}, both / 4"] = (quarter, start_toy, toy_step, 1600)
    found["works"], found["slow G"] = (WORKS, *plain), (SLOW_G, *plain)
    for name, recipe in (("slow D", SLOW_D), ("slow G", SLOW_G)):
        found[f"{name}, least squares"] = (recipe, start_toy, SQUARES, 400)
        found[f"{name}, hinge, spectral norm"] = (recipe, start_with_spectral_norm, HINGE, 400)
        found[f"{name}, relativistic"] = (recipe, start_toy, RELATIVISTIC, 400)
        with_r1 = partial(RELATIVISTIC, gamma=1.0)
        found[f"{name}, relativistic, R1"] = (recipe, start_toy, with_r1, 400)
    found["slow G, R1, gamma 1"] = (SLOW_G, start_toy, partial(penalised_toy_step, gamma=1.0), 400)
    square = replace(WORKS, target=grid(std=0.1), hidden=(64, 64))
    found["grid, the ring's rates"] = (square, *plain)
    calmer = replace(square, d_rate=2e-3, g_rate=1e-3, batch_size=256)
    found["grid, calmer"] = (calmer, *plain)
    found["works, std 0.02"] = (replace(WORKS, target=ring(std=0.02)), *plain)
    return found


def play(recipe: ToyRecipe, start: Callable, step: Callable, steps: int, seed: int) -> dict:
    """Modes, high quality and the share of the largest mode at each look, and the last losses."""
    run, seen = start(recipe, seed), {"modes": [], "high_quality": [], "largest": []}
    losses = []
    for number in range(1, steps + 1):
        losses.append(step(run))
        if number % (steps // LOOKS) == 0:
            with torch.no_grad():
                score = modes_found(
                    run.generator(FIXED_Z), recipe.target.centres, recipe.target.std
                )
            seen["modes"].append(score.modes)
            seen["high_quality"].append(round(score.high_quality, 4))
            seen["largest"].append(
                round((score.counts.max() / score.counts.sum().clamp(min=1)).item(), 4)
            )
    d_loss, g_loss = zip(*losses[steps // 2 :], strict=True)
    seen["d_loss"] = [round(statistics.mean(d_loss), 4), round(statistics.stdev(d_loss), 4)]
    seen["g_loss"] = [round(statistics.mean(g_loss), 4), round(statistics.stdev(g_loss), 4)]
    return seen


def line_games() -> dict[str, tuple[ToyRecipe, Callable, int]]:
    """Notebook 01's oscillation and changes of it: recipe, how to step, number of steps."""
    wild = LINE_RECIPES["oscillation"]
    slow_g = replace(wild, g_rate=wild.g_rate / 10)
    return {
        "as it is": (wild, toy_step, 300),
        "R1, gamma 1": (wild, partial(penalised_toy_step, gamma=1.0), 300),
        "R1, gamma 10": (wild, partial(penalised_toy_step, gamma=10.0), 300),
        "G's rate / 10": (slow_g, toy_step, 300),
        # A tenth of the rates, and ten times the steps.
        "both rates / 10": (replace(slow_g, d_rate=wild.d_rate / 10), toy_step, 3000),
        "batch 1,024": (replace(wild, batch_size=1024), toy_step, 300),
    }


def watch(recipe: ToyRecipe, step: Callable, steps: int, seed: int) -> dict:
    """How far the mean of the fakes is from the data's, and JSD, at sixty looks."""
    run, seen = start_toy(recipe, seed), {"away": [], "jsd": []}
    for number in range(1, steps + 1):
        step(run)
        if number % (steps // 60) == 0:
            view = look(run)
            seen["away"].append(round(view.fake[0] - view.real[0], 4))
            seen["jsd"].append(round((view.bound + 2 * math.log(2)) / 2, 4))
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known, lines = games(), {f"line, {name}": game for name, game in line_games().items()}
    names = [*known, *lines]
    parser.add_argument("--only", choices=names, nargs="+", default=names)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    kept = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    for name in arguments.only:
        if name in lines:
            kept[name] = [watch(*lines[name], seed) for seed in SEEDS]
        else:
            seeds = MORE_SEEDS if name in ("works", "slow D", "slow G") else SEEDS
            kept[name] = [play(*known[name], seed) for seed in seeds]
        print(name, flush=True)
        rows = (f"{json.dumps(game)}: {json.dumps(kept[game], allow_nan=False)}" for game in kept)
        FILE.write_text("{\n" + ",\n".join(rows) + "\n}\n", "utf-8")  # a line for each game


if __name__ == "__main__":
    main()
