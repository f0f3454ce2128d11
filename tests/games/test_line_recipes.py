"""Each recipe of the lab does what its name says, from three seeds."""

from dataclasses import replace

import pytest
import torch

from gan_helpers.games import LINE_RECIPES, even_z, look, start_toy, toy_step
from gan_helpers.losses import non_saturating_generator_loss

SEEDS = range(3)


def watch(run, steps, every):
    views = [look(run)]
    for step in range(1, steps + 1):
        toy_step(run)
        if step % every == 0:
            views.append(look(run))
    return views


def jsd(view):
    return (view.bound + 1.386294) / 2


@pytest.mark.parametrize("seed", SEEDS)
def test_healthy_finds_the_data(seed):
    first, last = watch(start_toy(LINE_RECIPES["healthy"], seed), 400, 400)
    assert jsd(first) > 0.5 and jsd(last) < 0.02
    assert last.fake == pytest.approx(last.real, abs=0.15)
    assert last.value == pytest.approx(-1.386, abs=0.05)


@pytest.mark.parametrize("seed", SEEDS)
def test_saturation_stops_the_generator_and_the_other_loss_does_not(seed):
    recipe = LINE_RECIPES["saturation"]
    run = start_toy(recipe, seed)
    first, middle, last = watch(run, 120, 60)
    assert last.g_grad_norm < 0.05 * first.g_grad_norm
    assert abs(last.fake[0] - first.fake[0]) < 0.1  # the data are at 4
    assert abs(last.fake[0] - middle.fake[0]) < 0.02  # and it has stopped
    assert last.value > -0.01 and jsd(last) == pytest.approx(0.693, abs=0.001)

    # The same networks, the loss switched: thousands of times the gradient, and G moves.
    run.recipe = replace(recipe, generator_loss=non_saturating_generator_loss)
    assert last.g_grad_norm < 1e-3 * look(run).g_grad_norm
    *_, moved = watch(run, 60, 60)
    assert moved.fake[0] - last.fake[0] > 0.2


@pytest.mark.parametrize("seed", SEEDS)
def test_oscillation_does_not_die_out(seed):
    views = watch(start_toy(LINE_RECIPES["oscillation"], seed), 300, 3)
    away = torch.tensor([view.fake[0] - view.real[0] for view in views])
    last_half = away[len(away) // 2 :]
    crossings = ((last_half[1:] > 0) != (last_half[:-1] > 0)).sum().item()
    assert crossings >= 4
    assert last_half.abs().max() > 0.3 and last_half[-25:].abs().max() > 0.3  # one real std
    # D's losses look like an equilibrium's; the densities say that it is none.
    assert views[-1].value == pytest.approx(-1.386, abs=0.1) and jsd(views[-1]) > 0.2


@pytest.mark.parametrize("seed", SEEDS)
def test_collapse_leaves_one_of_two_modes_out(seed):
    run = start_toy(LINE_RECIPES["collapse"], seed)
    *_, last = watch(run, 150, 150)
    with torch.no_grad():
        share = (run.generator(even_z(2000)) > 1).float().mean().item()  # 1: halfway
    assert share < 0.05
    assert last.fake[1] < 0.3 * last.real[1]
    assert jsd(last) > 0.2  # 0.216 when one of two equal modes is all there is
