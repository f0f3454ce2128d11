"""One step of each player: against the textbook, and what it leaves alone."""

import copy
import math
from dataclasses import replace

import pytest
import torch
from helping import (
    clone,
    quietly,
    same,
    same_run,
    state,
    weights,
)
from torch import nn

from gan_helpers.data import load_mnist, to_uint8
from gan_helpers.losses import saturating_generator_loss
from gan_helpers.models import sample
from gan_helpers.training import (
    ARTICLE,
    Run,
    discriminator_step,
    generator_step,
    gradient_norm,
    play_discriminator_step,
    start_run,
)

# a head start


def test_a_head_start_is_so_many_steps_of_the_discriminator_before_the_first(recipe, images):
    ahead, plain = start_run(replace(recipe, head_start=3)), start_run(recipe)
    for _ in range(3):
        play_discriminator_step(plain, images)
    assert same(state(plain.generator), state(start_run(recipe).generator))
    for run in (ahead, plain):
        quietly(run, images, steps=3)
    assert same_run(ahead, plain)
    assert ahead.history.steps == 3


# parity with the textbook's loop


def textbook(run: Run, images: torch.Tensor, steps: int) -> tuple[nn.Module, nn.Module, list]:
    """The same steps from the same state as the plainest loop would make them."""
    recipe = run.recipe
    generator, discriminator = copy.deepcopy(run.generator), copy.deepcopy(run.discriminator)
    rng = clone(run.rng)
    settings = {
        "lr": recipe.learning_rate,
        "weight_decay": recipe.weight_decay,
        "fused": False,
        "foreach": False,
    }
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


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_a_step_equals_the_textbooks(images, changes):
    recipe = replace(ARTICLE, batch_size=16, **changes)
    run = start_run(recipe, seed=1)
    before_g, before_d = weights(run.generator), weights(run.discriminator)
    generator, discriminator, losses = textbook(run, images, steps=1)
    history = quietly(run, images, steps=1)
    assert history.d_loss[0] == pytest.approx(losses[0][0], rel=1e-5)
    assert history.g_loss[0] == pytest.approx(losses[0][1], rel=1e-5)
    for ours, theirs, before in (
        (run.generator, generator, before_g),
        (run.discriminator, discriminator, before_d),
    ):
        step, error = weights(theirs) - before, weights(ours) - weights(theirs)
        # Adam divides each gradient by its size: of a few weights, whose gradient is hardly more
        # than rounding, the step is rounding too. Over all of them that is a ten-thousandth.
        assert error.norm() < 1e-3 * step.norm()
        assert (error.abs() > 1e-2 * recipe.learning_rate).float().mean() < 1e-3
        for name, buffer in theirs.named_buffers():
            assert torch.allclose(ours.get_buffer(name), buffer, atol=1e-5)


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_four_steps_follow_the_textbooks(images, changes):
    run = start_run(replace(ARTICLE, batch_size=16, **changes), seed=1)
    generator, discriminator, losses = textbook(run, images, steps=4)
    before_g, before_d = weights(run.generator), weights(run.discriminator)
    history = quietly(run, images, epochs=1)
    assert history.d_loss == pytest.approx([d_loss for d_loss, _ in losses], rel=1e-4)
    assert history.g_loss == pytest.approx([g_loss for _, g_loss in losses], rel=1e-4)
    for ours, theirs, before in (
        (run.generator, generator, before_g),
        (run.discriminator, discriminator, before_d),
    ):
        step, error = weights(theirs) - before, weights(ours) - weights(theirs)
        # A unit on the other side of LeakyReLU's kink is enough to part them by a hundredth.
        assert error.norm() < 5e-2 * step.norm()


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


def test_steps_return_logits_of_before_the_step_in_the_right_order(calm):
    run = start_run(replace(calm, learning_rate=0.1))
    real, fake = torch.rand(16, 1, 28, 28), run.generator(torch.randn(16, 8))
    with torch.no_grad():
        expected_real, expected_fake = run.discriminator(real), run.discriminator(fake)
    _, real_logits, fake_logits = discriminator_step(run.discriminator, run.d_optimizer, real, fake)
    torch.testing.assert_close(real_logits, expected_real)
    torch.testing.assert_close(fake_logits, expected_fake)
    with torch.no_grad():
        assert not torch.allclose(run.discriminator(real), expected_real, atol=0.01)


def test_gradients_do_not_add_up_over_steps(calm):
    run = start_run(replace(calm, learning_rate=1e-12))  # the weights stay as they are
    real, z = torch.rand(16, 1, 28, 28), torch.randn(16, 8)
    norms = []
    for _ in range(3):
        fake = run.generator(z)
        discriminator_step(run.discriminator, run.d_optimizer, real, fake)
        generator_step(run.discriminator, run.g_optimizer, fake)
        norms.append((gradient_norm(run.discriminator), gradient_norm(run.generator)))
    assert norms[1] == pytest.approx(norms[0], rel=1e-4)
    assert norms[2] == pytest.approx(norms[0], rel=1e-4)


def test_the_discriminators_step_keeps_batches_of_unequal_size_apart(calm):
    run = start_run(calm)
    real, fake = torch.rand(10, 1, 28, 28), torch.rand(6, 1, 28, 28)
    with torch.no_grad():
        expected = run.discriminator(real), run.discriminator(fake)
    _, *logits = discriminator_step(run.discriminator, run.d_optimizer, real, fake)
    for one, other in zip(logits, expected, strict=True):
        torch.testing.assert_close(one, other)


# gradient_norm and sample


def test_the_gradient_norm_is_the_length_over_all_weights():
    network = nn.Linear(2, 2)
    network.weight.grad = torch.tensor([[1.0, -2.0], [2.0, 4.0]])
    network.bias.grad = torch.tensor([-10.0, 10.0])
    assert gradient_norm(network) == pytest.approx(15.0)
    network.bias.grad = None
    assert gradient_norm(network) == pytest.approx(5.0)


def test_the_gradient_norm_without_gradients():
    with pytest.raises(ValueError, match="network has no gradients.*backward"):
        gradient_norm(nn.Linear(2, 2))


@pytest.mark.parametrize("training", [True, False])
def test_sample_draws_in_eval_mode_and_restores_the_mode(recipe, training):
    generator = recipe.build_generator().train(training)
    before = state(generator)
    z = torch.randn(6, 8)
    drawn = sample(generator, z)
    assert drawn.shape == (6, 1, 28, 28)
    assert drawn.dtype == torch.uint8
    assert all(module.training is training for module in generator.modules())
    assert same(state(generator), before)  # BatchNorm's statistics too
    expected = to_uint8(copy.deepcopy(generator).eval()(z).detach())
    assert torch.equal(drawn, expected)


@pytest.mark.parametrize("training", [True, False])
def test_sample_restores_the_mode_after_an_error(recipe, training):
    generator = recipe.build_generator().train(training)
    with pytest.raises(ValueError, match="z has shape"):
        sample(generator, torch.randn(6, 9))
    assert generator.training is training
    with torch.no_grad():
        generator.layers[0].weight.fill_(math.nan)
    with pytest.raises(ValueError, match="images holds NaN"):
        sample(generator, torch.randn(6, 8))
    assert generator.training is training


# it learns


def test_the_discriminator_learns_to_tell_digits_from_noise(recipe):
    images, _ = load_mnist("test")
    run = start_run(replace(recipe, batch_size=32))
    history = quietly(run, images[:320], steps=30, measure_every=1)
    assert history.d_loss[0] == pytest.approx(2 * math.log(2), abs=0.3)
    assert sum(history.d_accuracy[-5:]) / 5 > 0.9
    assert sum(history.d_real[-5:]) > sum(history.d_fake[-5:]) + 1
