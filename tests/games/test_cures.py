"""The cures for games on points: each does what its paper says, and leaves the rest alone."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from helping import clone, weights

from gan_helpers.games import (
    BatchSpread,
    NormalMixture,
    ToyRecipe,
    modes_found,
    penalised_toy_step,
    ring,
    show_batch_spread,
    start_toy,
    toy_step,
    toy_step_with,
    unrolled_toy_step,
)
from gan_helpers.losses import discriminator_loss, non_saturating_generator_loss

PLANE = ToyRecipe(target=ring(std=0.1), latent_dim=2, hidden=(8, 8), batch_size=16)
Z = torch.randn(2500, 2, generator=torch.Generator().manual_seed(0))


def test_without_gamma_the_penalised_step_is_the_plain_one():
    plain, other = (start_toy(replace(PLANE, d_steps=2), 0) for _ in range(2))
    for _ in range(3):
        assert toy_step(plain) == pytest.approx(penalised_toy_step(other, gamma=0.0), abs=1e-6)
    assert torch.allclose(weights(plain.discriminator), weights(other.discriminator), atol=1e-6)
    assert (other.d_steps, other.g_steps) == (6, 3)


def test_the_penalty_is_half_gamma_times_the_squared_slope():
    """On D with the logit w . x + c, R1 adds gamma w to the gradient by w, and nothing by c."""
    gradients = []
    for gamma in (0.0, 3.0):
        run = start_toy(PLANE, 0)
        run.discriminator = torch.nn.Linear(2, 1)
        run.discriminator.load_state_dict(
            {"weight": torch.tensor([[0.5, -2]]), "bias": torch.zeros(1)}
        )
        run.d_optimizer = torch.optim.Adam(run.discriminator.parameters())
        penalised_toy_step(run, gamma)
        gradients.append([p.grad.clone() for p in run.discriminator.parameters()])
    (weight, bias), (weight_r1, bias_r1) = gradients
    assert torch.allclose(weight_r1 - weight, 3 * torch.tensor([[0.5, -2.0]]), atol=1e-5)
    assert torch.allclose(bias_r1, bias, atol=1e-6)


# --- minibatch statistics -----------------------------------------------------------------------


def test_batch_spread_is_the_standard_deviation_of_each_group():
    tight, wide = torch.zeros(4, 2), torch.tensor([[3.0, 1], [-3, 1], [3, 1], [-3, 1]])
    seen = BatchSpread(4)(torch.cat((tight, wide)))
    assert seen.shape == (8, 3)
    assert torch.equal(seen[:, :2], torch.cat((tight, wide)))
    assert torch.allclose(seen[:4, 2], torch.zeros(4), atol=2e-4)
    assert torch.allclose(seen[4:, 2], torch.full((4,), 1.5), atol=1e-3)  # mean of 3 and 0


def test_batch_spread_pulls_collapsed_points_apart_without_nan():
    points = torch.zeros(4, 2, requires_grad=True)
    BatchSpread(4)(points)[:, 2].sum().backward()
    assert points.grad.isfinite().all()
    points = torch.tensor([[0.0, 0], [1, 0], [2, 0], [3, 0]], requires_grad=True)
    BatchSpread(4)(points)[:, 2].sum().backward()
    assert points.grad[0, 0] < 0 < points.grad[3, 0]


def test_a_game_with_batch_spread_plays_and_keeps_real_and_generated_apart():
    run, again, other = (show_batch_spread(start_toy(PLANE, 0), seed) for seed in (0, 0, 1))
    before = weights(run.discriminator)
    assert torch.equal(before, weights(again.discriminator))
    assert not torch.equal(before, weights(other.discriminator))
    toy_step(run)
    assert not torch.equal(before, weights(run.discriminator))
    real, fake = PLANE.target.sample(16, run.rng), run.generator(Z[:16])
    together = run.discriminator(torch.cat((real, fake)))
    apart = torch.cat((run.discriminator(real), run.discriminator(fake)))
    assert torch.allclose(together, apart, atol=1e-6)
    with pytest.raises(ValueError, match="made 1 steps of D"):
        show_batch_spread(run)


# --- unrolling ----------------------------------------------------------------------------------


def test_unrolling_moves_only_g_beyond_ds_own_steps():
    plain, run = start_toy(PLANE, 0), start_toy(PLANE, 0)
    toy_step(plain)
    before = weights(run.generator)
    unrolled_toy_step(run, 3, 0.3)
    assert torch.equal(weights(run.discriminator), weights(plain.discriminator))
    assert not torch.equal(weights(run.generator), before)
    assert (run.d_steps, run.g_steps) == (1, 1)


@pytest.mark.parametrize("through", [True, False])
def test_the_slope_of_unrolling_is_that_of_differences(through):
    """G's gradient against the loss computed again with each weight of G moved a little."""
    recipe = ToyRecipe(NormalMixture((1.0,)), hidden=(3,), batch_size=8, g_rate=1e-9)
    run = start_toy(recipe, 0)
    for network in (run.generator, run.discriminator):
        network.double()
    rng = clone(run.rng)

    class Doubled(NormalMixture):
        def sample(self, count, rng):
            return super().sample(count, rng).double()

    run.recipe = replace(recipe, target=Doubled((1.0,)))
    draw = run.generator.forward
    run.generator.forward = lambda z: draw(z.double())
    unrolled_toy_step(run, 2, 0.3, through)
    slope = torch.cat([p.grad.flatten() for p in run.generator.parameters()])

    run.recipe.target.sample(8, rng), torch.randn(8, 1, generator=rng)  # D's own step
    real, z = run.recipe.target.sample(8, rng), torch.randn(8, 1, generator=rng)

    def loss_ahead(fake, seen):
        ahead = deepcopy(run.discriminator)
        for _ in range(2):
            ahead.zero_grad()
            discriminator_loss(ahead(real), ahead(seen)).backward()
            with torch.no_grad():
                for p in ahead.parameters():
                    p -= 0.3 * p.grad
        return recipe.generator_loss(ahead(fake)).item()

    kept = run.generator(z).detach()
    for index, p in enumerate(parameters := list(run.generator.parameters())):
        values = []
        for move in (1e-5, -1e-5):
            with torch.no_grad():
                p.view(-1)[0] += move
                fake = run.generator(z).detach()
                p.view(-1)[0] -= move
            values.append(loss_ahead(fake, fake if through else kept))
        place = sum(q.numel() for q in parameters[:index])
        assert slope[place].item() == pytest.approx((values[0] - values[1]) / 2e-5, abs=1e-6)


def test_looking_ahead_brings_back_the_modes_that_a_slow_d_loses():
    slow = ToyRecipe(ring(std=0.1), d_rate=5e-4, g_rate=1e-2, latent_dim=2)
    found = []
    for play in (toy_step, lambda run: unrolled_toy_step(run, 3, 0.3, through=False)):
        run = start_toy(slow, 1)
        for _ in range(150):
            play(run)
        with torch.no_grad():
            found.append(modes_found(run.generator(Z), slow.target.centres, 0.1).modes)
    assert found[1] >= 6 and found[1] >= found[0] + 2


def test_any_pair_of_losses_makes_the_step_of_the_vanilla_pair_when_it_is_the_vanilla_pair():
    plain, other = (start_toy(PLANE, 0) for _ in range(2))
    told = toy_step(plain)
    found = toy_step_with(
        other, discriminator_loss, lambda real, fake: non_saturating_generator_loss(fake)
    )
    assert told[0] == pytest.approx(found[0], abs=1e-6)
    assert torch.allclose(weights(plain.discriminator), weights(other.discriminator), atol=1e-6)
    assert not torch.equal(weights(other.generator), weights(start_toy(PLANE, 0).generator))
    assert (other.d_steps, other.g_steps) == (1, 1)


def test_the_penalty_comes_on_top_of_any_loss():
    plain, other = (start_toy(PLANE, 0) for _ in range(2))
    penalised_toy_step(plain, 2.0)
    toy_step_with(other, discriminator_loss, lambda real, fake: fake.mean(), gamma=2.0)
    assert torch.allclose(weights(plain.discriminator), weights(other.discriminator), atol=1e-6)
