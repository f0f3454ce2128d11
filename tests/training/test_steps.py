"""One step of each player: against the textbook, and what it leaves alone."""

import contextlib
import copy
import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from helping import clone, quietly, same, same_run, state, weights
from torch import nn

from gan_helpers.data import to_uint8
from gan_helpers.losses import saturating_generator_loss
from gan_helpers.models import sample
from gan_helpers.training import (
    ARTICLE,
    PAPER,
    Run,
    discriminator_step,
    generator_step,
    gradient_norm,
    load_checkpoint,
    play_discriminator_step,
    play_step,
    save_checkpoint,
    simultaneous_step,
    start_run,
)
from gan_helpers.training import steps as steps_module


def test_a_head_start_is_so_many_steps_of_the_discriminator_before_the_first(recipe, images):
    ahead, plain = start_run(replace(recipe, head_start=3)), start_run(recipe)
    for _ in range(3):
        play_discriminator_step(plain, images)
    assert same(state(plain.generator), state(start_run(recipe).generator))
    for run in (ahead, plain):
        quietly(run, images, steps=3)
    assert same_run(ahead, plain)
    assert ahead.history.steps == 3


@pytest.mark.parametrize("step", [play_step, play_discriminator_step])
def test_fewer_images_than_a_batch_meet_as_many_fakes(recipe, images, monkeypatch, step):
    pairs = []
    d_step = steps_module.discriminator_step

    def spy(discriminator, optimizer, real, fake, *more):
        pairs.append((len(real), len(fake)))
        return d_step(discriminator, optimizer, real, fake, *more)

    monkeypatch.setattr(steps_module, "discriminator_step", spy)
    few = images[: recipe.batch_size - 3]
    step(start_run(recipe), few)
    assert pairs == [(len(few), len(few))]


def textbook(run: Run, images: torch.Tensor, steps: int) -> tuple[nn.Module, nn.Module, list]:
    """The same steps from the same state as the plainest loop would make them."""
    recipe = run.recipe
    generator, discriminator = copy.deepcopy(run.generator), copy.deepcopy(run.discriminator)
    rng = clone(run.rng)
    settings = {"lr": recipe.learning_rate, "weight_decay": recipe.weight_decay}
    settings |= {"fused": False, "foreach": False}
    own = {torch.optim.Adam: {"betas": recipe.betas}, torch.optim.SGD: {"momentum": 0.5}}
    g_kind, d_kind = recipe.g_optimizer, recipe.d_optimizer
    g_optimizer = g_kind(generator.parameters(), **settings, **own[g_kind])
    d_optimizer = d_kind(discriminator.parameters(), **settings, **own[d_kind])
    bce = nn.BCEWithLogitsLoss()
    size = recipe.batch_size
    ones, zeros = torch.ones(size, 1), torch.zeros(size, 1)
    losses = []
    order = torch.randperm(len(images), generator=rng)
    for step in range(steps):
        real = images[order[step * size : (step + 1) * size]].float() / 127.5 - 1

        fake = generator(torch.randn(size, generator.latent_dim, generator=rng))
        d_loss = bce(discriminator(real), ones) + bce(discriminator(fake.detach()), zeros)
        d_optimizer.zero_grad()
        d_loss.backward()
        d_optimizer.step()

        if recipe.fresh_z:
            fake = generator(torch.randn(size, generator.latent_dim, generator=rng))
        if recipe.generator_loss is saturating_generator_loss:
            g_loss = -bce(discriminator(fake), zeros)
        else:
            g_loss = bce(discriminator(fake), ones)
        g_optimizer.zero_grad()
        g_loss.backward()
        g_optimizer.step()
        losses.append((d_loss.item(), g_loss.item()))
    return generator, discriminator, losses


VARIANTS = {
    "article": {},
    "same z": {"fresh_z": False},
    "saturating": {"generator_loss": saturating_generator_loss},
    "other Adam": {"betas": (0.5, 0.9), "weight_decay": 0.1, "learning_rate": 1e-3},
    "gradient descent": {
        "g_optimizer": torch.optim.SGD,
        "d_optimizer": torch.optim.SGD,
        "momentum": 0.5,
    },
}


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_steps_equal_the_textbooks(images, changes, steps):
    recipe = replace(ARTICLE, batch_size=16, **changes)
    run = start_run(recipe, seed=1)
    before = {name: weights(getattr(run, name)) for name in ("generator", "discriminator")}
    *networks, losses = textbook(run, images, steps)
    history = quietly(run, images, steps=steps)
    recorded = list(zip(history.d_loss, history.g_loss, strict=True))
    for pair, expected in zip(recorded, losses, strict=True):
        assert pair == pytest.approx(expected, rel=1e-5 if steps == 1 else 1e-4)
    for theirs, name in zip(networks, before, strict=True):
        ours = getattr(run, name)
        step, error = weights(theirs) - before[name], weights(ours) - weights(theirs)
        if steps > 1:  # a unit on the other side of LeakyReLU's kink parts them by a hundredth
            assert error.norm() < 5e-2 * step.norm()
            continue
        # Adam divides each gradient by its size: of a few weights, whose gradient is hardly more
        # than rounding, the step is rounding too. Over all of them that is a ten-thousandth.
        assert error.norm() < 1e-3 * step.norm()
        assert (error.abs() > 1e-2 * recipe.learning_rate).float().mean() < 1e-3
        for key, buffer in theirs.named_buffers():
            assert torch.allclose(ours.get_buffer(key), buffer, atol=1e-5)


def test_the_simultaneous_step_takes_both_gradients_at_the_same_weights(images):
    recipe = replace(PAPER, batch_size=16, simultaneous=True)
    run = start_run(recipe, seed=1)
    run.discriminator.eval()  # without dropout, so that the plain formulas below see the same
    real, z = images[:16].float() / 127.5 - 1, torch.randn(16, 100)
    players = (run.generator, run.discriminator)
    theirs = copy.deepcopy(players)
    fake = theirs[0](z)
    bce, ones, zeros = nn.BCEWithLogitsLoss(), torch.ones(16, 1), torch.zeros(16, 1)
    g_loss = bce(theirs[1](fake), ones)
    d_loss = bce(theirs[1](real), ones) + bce(theirs[1](fake.detach()), zeros)
    wanted = [
        torch.autograd.grad(loss, list(network.parameters()))
        for loss, network in ((g_loss, theirs[0]), (d_loss, theirs[1]))
    ]
    optimizers = (run.g_optimizer, run.d_optimizer)
    losses, logits = simultaneous_step(players, optimizers, real, run.generator(z))
    assert torch.allclose(torch.stack(losses), torch.stack((d_loss, g_loss)))
    assert [tuple(one.shape) for one in logits] == [(16, 1), (16, 1)]
    for ours, before, gradients, rate in zip(players, theirs, wanted, (0.1, 0.05), strict=True):
        for new, old, gradient in zip(
            ours.parameters(), before.parameters(), gradients, strict=True
        ):
            assert torch.allclose(new, old - rate * gradient, rtol=1e-4, atol=1e-8)


def test_rates_and_momentum_follow_the_recipes_schedule(images):
    changes = {"batch_size": 16, "momentum_steps": 4, "rate_divisor": 1.5}
    run = start_run(replace(PAPER, **changes))
    followed = []
    for _ in range(6):
        play_step(run, images)
        groups = [one.param_groups[0] for one in (run.g_optimizer, run.d_optimizer)]
        followed.append([groups[0]["lr"], groups[1]["lr"], groups[1]["momentum"]])
    momenta = [0.5, 0.55, 0.6, 0.65, 0.7, 0.7]
    for n, found in enumerate(followed):
        assert found == pytest.approx([0.1 / 1.5**n, 0.05 / 1.5**n, momenta[n]])


def test_a_run_of_the_papers_recipe_is_resumed_bit_for_bit(images, tmp_path):
    changes = {"batch_size": 16, "momentum_steps": 4, "rate_divisor": 1.5}
    whole, parted = (start_run(replace(PAPER, **changes), seed=2) for _ in range(2))
    quietly(whole, images, steps=4)
    quietly(parted, images, steps=2)
    save_checkpoint(parted, tmp_path / "run")
    resumed = load_checkpoint(tmp_path / "run")
    quietly(resumed, images, steps=2)
    assert same(state(resumed.generator), state(whole.generator))
    assert same(state(resumed.discriminator), state(whole.discriminator))
    assert resumed.history.d_loss == whole.history.d_loss


def test_without_a_schedule_a_rate_set_by_hand_stays(recipe, images):
    run = start_run(recipe)
    run.g_optimizer.param_groups[0]["lr"] = 0.125
    play_step(run, images)
    assert run.g_optimizer.param_groups[0]["lr"] == 0.125


def test_the_papers_generator_starts_at_the_images_means(images):
    run = start_run(replace(PAPER, batch_size=16, learning_rate=0.0))
    play_step(run, images)
    means = (images.double().mean(0) / 255).clip(1e-7, 1 - 1e-7)
    bias = run.generator.layers[-2].bias.detach().double()
    assert torch.allclose(bias.sigmoid().view(1, 28, 28), means, atol=1e-6)


def test_the_discriminators_step_leaves_the_generator_alone(calm):
    run = start_run(calm)
    before, trained = state(run.generator), weights(run.discriminator)
    fake = run.generator(torch.randn(16, 8))
    drawn = state(run.generator)  # drawing has moved BatchNorm's statistics
    real = torch.rand(16, 1, 28, 28)
    d_loss, real_logits, fake_logits = discriminator_step(
        run.discriminator, run.d_optimizer, real, fake
    )
    assert not same(before, drawn)
    assert same(state(run.generator), drawn)
    assert all(p.grad is None for p in run.generator.parameters())
    assert not torch.equal(weights(run.discriminator), trained)
    assert (d_loss.shape, real_logits.shape, fake_logits.shape) == ((), (16, 1), (16, 1))
    assert not any(t.requires_grad for t in (d_loss, real_logits, fake_logits))
    assert fake.requires_grad


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (to_uint8, TypeError, "real has dtype torch.uint8 .*scale_images"),
        (lambda x: x[:, 0], ValueError, r"real has shape \(16, 28, 28\) and fake has \(16, 1, 28"),
        (lambda x: x.double(), TypeError, "images has dtype torch.float64"),
    ],
)
def test_the_discriminators_step_takes_no_images_of_another_kind(calm, change, error, message):
    run = start_run(calm)
    before, fake = weights(run.discriminator), run.generator(torch.randn(16, 8))
    with pytest.raises(error, match=message):
        discriminator_step(run.discriminator, run.d_optimizer, change(fake.detach()), fake)
    assert torch.equal(weights(run.discriminator), before)


def test_the_generators_step_leaves_the_discriminator_alone(calm):
    run = start_run(calm)
    before, trained = state(run.discriminator), weights(run.generator)
    fake = run.generator(torch.randn(16, 8))
    g_loss, fake_logits = generator_step(run.discriminator, run.g_optimizer, fake)
    assert same(state(run.discriminator), before)
    assert all(p.grad is None for p in run.discriminator.parameters())
    assert all(p.requires_grad for p in run.discriminator.parameters())
    assert not torch.equal(weights(run.generator), trained)
    assert (g_loss.shape, fake_logits.shape) == ((), (16, 1))
    assert not any(t.requires_grad for t in (g_loss, fake_logits))


@pytest.mark.parametrize("n_fake", [16, 6])
def test_a_step_returns_the_logits_of_before_it_those_of_the_real_images_first(calm, n_fake):
    run = start_run(replace(calm, learning_rate=0.1))
    real, fake = torch.rand(16, 1, 28, 28), run.generator(torch.randn(n_fake, 8))
    with torch.no_grad():
        expected = run.discriminator(real), run.discriminator(fake)
    _, *logits = discriminator_step(run.discriminator, run.d_optimizer, real, fake)
    for one, other in zip(logits, expected, strict=True):
        torch.testing.assert_close(one, other)
    with torch.no_grad():
        assert not torch.allclose(run.discriminator(real), expected[0], atol=0.01)


def test_on_another_device_dropout_draws_from_seeds_of_the_runs_and_the_devices_state_is_put_back(
    monkeypatch,
):
    """Without a GPU: its state is kept in a list, its generator is one of the CPU."""
    build, device = torch.Generator, torch.device("cuda", 0)
    theirs = build().manual_seed(99).get_state()
    now = [theirs]
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: now[-1])
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, device: now.append(state))
    monkeypatch.setattr(torch, "Generator", lambda device: build())
    before, lent = torch.get_rng_state(), []
    for seed in (5, 5, 6):
        rng = build().manual_seed(seed)
        place = SimpleNamespace(device=device)
        run = SimpleNamespace(fixed_z=place, dropout_rng=rng, rank=0, processes=1)
        for _ in range(2):
            with contextlib.suppress(FloatingPointError), steps_module._dropout_randomness(run):
                lent.append(now[-1])
                raise FloatingPointError
            assert torch.equal(now[-1], theirs)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(lent[:2], lent[2:4], strict=True))
    assert len({tuple(state.tolist()) for state in lent}) == 4  # another for each step and seed


def test_the_gradient_norm_is_the_length_over_all_weights():
    network = nn.Linear(2, 2)
    network.weight.grad = torch.tensor([[1.0, -2.0], [2.0, 4.0]])
    network.bias.grad = torch.tensor([-10.0, 10.0])
    assert gradient_norm(network) == pytest.approx(15.0)
    network.bias.grad = None
    assert gradient_norm(network) == pytest.approx(5.0)
    with pytest.raises(ValueError, match="network has no gradients"):
        gradient_norm(nn.Linear(2, 2))


@pytest.mark.parametrize("training", [True, False])
def test_sample_draws_in_eval_mode_and_restores_the_mode_after_an_error_too(recipe, training):
    generator = recipe.build_generator().train(training)
    before = state(generator)
    z = torch.randn(6, 8)
    drawn = sample(generator, z)
    assert (drawn.shape, drawn.dtype) == ((6, 1, 28, 28), torch.uint8)
    assert same(state(generator), before)  # BatchNorm's statistics too
    assert torch.equal(drawn, to_uint8(copy.deepcopy(generator).eval()(z).detach()))
    assert all(module.training is training for module in generator.modules())
    with pytest.raises(ValueError, match="z has shape"):
        sample(generator, torch.randn(6, 9))
    assert all(module.training is training for module in generator.modules())
    with torch.no_grad():
        generator.layers[0].weight.fill_(math.nan)
    with pytest.raises(ValueError, match="images holds NaN"):
        sample(generator, z)
    assert all(module.training is training for module in generator.modules())
