"""Games on points: the targets, one step of each player, what is measured, the four presets."""

import math
from dataclasses import replace

import pytest
import torch
from helping import clone, weights

from gan_helpers.games import (
    LINE,
    Bars,
    NormalMixture,
    ToyRecipe,
    even_z,
    grid,
    look,
    measured_value,
    modes_found,
    pull_on_fakes,
    ring,
    sample_density,
    start_toy,
    toy_d_step,
    toy_g_step,
    toy_step,
)
from gan_helpers.games import densities as theory
from gan_helpers.losses import (
    discriminator_loss,
    non_saturating_generator_loss,
    saturating_generator_loss,
)

ON_THE_LINE = [
    NormalMixture(),
    NormalMixture((-1.0, 3.0), (0.4, 0.5), (1.0, 3.0)),
    Bars((1.0,), -2.0, 2.0),
    Bars((0.0, 3.0, 1.0, 0.0, 2.0, 0.5)),
]


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


# --- targets ------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ON_THE_LINE)
def test_density_has_area_1_and_is_that_of_the_samples(target):
    p = target.density(LINE)
    assert torch.trapezoid(p, LINE).item() == pytest.approx(1, abs=1e-6)
    samples = target.sample(40_000, rng())
    assert samples.shape == (40_000, 1) and samples.dtype == torch.float32
    share = (torch.cumsum(p, 0) * 0.05)[:, None]  # of the density left of each cell's right edge
    counted = (samples.double().T <= LINE[:, None] + 0.025).double().mean(1, keepdim=True)
    assert (share - counted).abs().max() < 0.012  # Kolmogorov: 5 standard errors


def test_mixture_weights_are_scaled_and_bars_stand_where_they_were_drawn():
    mixture = NormalMixture((-1.0, 3.0), (0.4, 0.5), (1.0, 3.0))
    x = torch.tensor([3.0], dtype=torch.float64)
    assert mixture.density(x).item() == pytest.approx(0.75 / (0.5 * math.sqrt(2 * math.pi)))
    bars = Bars((1.0, 3.0), -1.0, 1.0)
    x = torch.tensor([-1.01, -0.99, -0.01, 0.01, 0.99, 1.01], dtype=torch.float64)
    assert bars.density(x).tolist() == [0.0, 0.25, 0.25, 0.75, 0.75, 0.0]


def test_ring_and_grid_stand_where_the_papers_put_them():
    eight, twenty_five = ring(), grid()
    assert (eight.std, twenty_five.std) == (0.02, 0.05)
    assert eight.centres.shape == (8, 2) and twenty_five.centres.shape == (25, 2)
    assert torch.allclose(eight.centres.norm(dim=1), torch.tensor(2.0))
    assert torch.allclose(eight.centres[2], torch.tensor([0.0, 2.0]), atol=1e-6)
    assert twenty_five.centres.unique().tolist() == [-4.0, -2.0, 0.0, 2.0, 4.0]
    samples = twenty_five.sample(20_000, rng())
    found = modes_found(samples, twenty_five.centres, twenty_five.std)
    assert found.modes == 25
    assert found.high_quality == pytest.approx(1 - math.exp(-4.5), abs=0.004)
    assert found.counts.min() > 640  # 800 each


def test_modes_found_on_samples_made_by_hand():
    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    samples = torch.tensor([[0.0, 0.299], [0.0, -0.1], [10.2, 0.0], [0.0, 9.69], [5.0, 5.0]])
    found = modes_found(samples, centres, std=0.1)
    assert found.modes == 2 and found.counts.tolist() == [2, 1, 0]
    assert found.high_quality == pytest.approx(3 / 5)
    assert modes_found(torch.full((4, 2), 5.0), centres, 0.1)[:2] == (0, 0.0)


# --- players and steps --------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_game_and_another_another():
    first, again, other = runs = [start_toy(ToyRecipe(), seed) for seed in (1, 1, 2)]
    assert not torch.equal(weights(first.discriminator), weights(other.discriminator))
    assert not torch.equal(first.rng.get_state(), other.rng.get_state())
    for seed, run in enumerate(runs):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)  # the global state changes nothing
            for _ in range(3):
                toy_step(run)
    assert torch.equal(weights(first.generator), weights(again.generator))
    assert not torch.equal(weights(first.generator), weights(other.generator))


def test_each_step_moves_its_player_alone_down_its_loss():
    run = start_toy(ToyRecipe(ring(), d_rate=1e-3, latent_dim=4), 0)
    d, g = weights(run.discriminator), weights(run.generator)
    again = clone(run.rng)
    d_loss = toy_d_step(run)
    d_after = weights(run.discriminator)
    assert not torch.equal(d, d_after) and torch.equal(g, weights(run.generator))
    with torch.no_grad():  # the same points again: real first, then z
        real = run.recipe.target.sample(128, again)
        fake = run.generator(torch.randn(128, 4, generator=again))
        assert discriminator_loss(run.discriminator(real), run.discriminator(fake)) < d_loss
    toy_g_step(run)
    assert torch.equal(d_after, weights(run.discriminator))
    assert not torch.equal(g, weights(run.generator))
    assert (run.d_steps, run.g_steps) == (1, 1)


def test_a_recipe_changed_in_the_middle_is_followed():
    run = start_toy(ToyRecipe(d_steps=3), 0)
    toy_step(run)
    assert (run.d_steps, run.g_steps) == (3, 1)
    before = weights(run.generator)
    run.recipe = replace(run.recipe, d_steps=1, g_rate=0.0, betas=(0.9, 0.99))
    toy_step(run)
    assert run.d_steps == 4 and torch.equal(before, weights(run.generator))
    for optimizer in (run.g_optimizer, run.d_optimizer):
        assert optimizer.param_groups[0]["betas"] == (0.9, 0.99)


# --- what is measured ---------------------------------------------------------------------------


def test_histogram_of_even_z_is_the_normal_density_and_keeps_what_is_beyond_the_grid():
    p = sample_density(even_z(20_000))
    assert torch.trapezoid(p, LINE).item() == pytest.approx(1, abs=1e-12)
    assert (p - theory.normal_density(LINE)).abs().max() < 2e-3
    p = sample_density(torch.tensor([[-50.0], [0.0], [1e30], [50.0]]))
    assert torch.trapezoid(p, LINE).item() == pytest.approx(1)
    assert p[0] * 0.025 == pytest.approx(0.25) and p[-1] * 0.025 == pytest.approx(0.5)


def logit_of(slope):
    """A discriminator with the logit ``slope`` x."""
    discriminator = torch.nn.Linear(1, 1)
    torch.nn.init.constant_(discriminator.weight, slope)
    torch.nn.init.zeros_(discriminator.bias)
    return discriminator


def test_measured_value_of_the_best_discriminator_is_the_closed_form():
    """p_data = N(1, 1), p_g = N(-1, 1): the best logit is the straight line 2 x."""
    target, fake = NormalMixture((1.0,)), even_z(8000) - 1
    p_data, p_g = target.density(LINE), theory.normal_density(LINE, -1.0)
    bound = 2 * theory.js_divergence(p_data, p_g, LINE).item() - math.log(4)
    assert measured_value(logit_of(2.0), target, fake) == pytest.approx(bound, abs=2e-4)
    assert measured_value(logit_of(1.0), target, fake) < bound - 0.02
    assert measured_value(logit_of(0.0), target, fake) == pytest.approx(-math.log(4))


def test_pulls_are_the_slopes_of_the_losses():
    """On D with logit 3 x: 3 (1 - D) for the non-saturating loss, 3 D for the saturating one."""
    fake = torch.tensor([[-1.0], [0.0], [1.0]])
    d = torch.sigmoid(3 * fake)
    for loss, expected in (
        (non_saturating_generator_loss, 3 * (1 - d)),
        (saturating_generator_loss, 3 * d),
    ):
        assert torch.allclose(pull_on_fakes(logit_of(3.0), loss, fake), expected)


def test_looking_leaves_the_game_as_it_is():
    run, other = start_toy(ToyRecipe(), 3), start_toy(ToyRecipe(), 3)
    for _ in range(3):
        view = look(run)
        assert toy_step(run) == toy_step(other)
    assert view.real == pytest.approx((0.0, 1.0), abs=1e-6)
    assert view.value <= view.bound + 1e-3
    assert len(view.points) == len(view.pulls) == 12 and (view.points.diff() != 0).all()
