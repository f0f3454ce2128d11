"""The stop button, and losses that are not finite."""

import copy
import math
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from helping import assert_columns_match, is_finite, quietly, same, same_run, state, weights

from gan_helpers.models import sample
from gan_helpers.training import (
    COURSE,
    Run,
    discriminator_step,
    generator_step,
    start_run,
    train_in_parts,
)
from gan_helpers.training import run as run_module


@pytest.fixture
def own_handler() -> Iterator[list[int]]:
    """A SIGINT handler of the caller's, which notes the signals that reach it."""
    reached: list[int] = []

    def handler(number: int, frame: object) -> None:
        reached.append(number)

    previous = signal.signal(signal.SIGINT, handler)
    yield reached
    assert signal.getsignal(signal.SIGINT) is handler, "the caller's handler was not put back"
    signal.signal(signal.SIGINT, previous)


def press_stop_after(run: Run, step: int) -> threading.Thread:
    """Press the stop button from another thread once ``run`` has made ``step`` steps."""

    def press() -> None:
        deadline = time.monotonic() + 120
        while run.history.steps < step and time.monotonic() < deadline:
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    return thread


def test_the_stop_button_ends_the_run_after_a_whole_step(images, recipe, own_handler):
    run = start_run(recipe)
    presser = press_stop_after(run, 5)
    history = quietly(run, images, steps=20_000, frame_every=20_000)  # the button listens all along
    presser.join()
    stopped_at = history.steps
    assert 5 <= stopped_at < 20_000
    assert own_handler == []  # it was the run's to handle
    assert history is run.history
    assert_columns_match(history)
    assert history.frame_steps[-1] == stopped_at
    assert torch.equal(history.frames[-1], sample(run.sampler, run.fixed_z))
    assert is_finite(run.generator) and is_finite(run.discriminator)

    # It stands where an undisturbed run of so many steps stands,
    undisturbed = start_run(recipe)
    quietly(undisturbed, images, steps=stopped_at)
    assert same_run(run, undisturbed)
    # and goes on.
    assert quietly(run, images, steps=2).steps == stopped_at + 2
    assert_columns_match(history)


def test_the_stop_button_ends_a_watched_run(images, recipe, own_handler):
    run = start_run(recipe)
    presser = press_stop_after(run, 5)
    for _ in train_in_parts(run, images, epochs=25_000, frame_every=1000):
        pass
    presser.join()
    assert 5 <= run.history.steps < 100_000
    assert own_handler == []


def test_between_the_parts_after_a_run_and_after_an_error_the_button_is_the_callers(
    images, recipe, own_handler
):
    run = start_run(recipe)
    for _ in train_in_parts(run, images, epochs=1, frame_every=2):
        os.kill(os.getpid(), signal.SIGINT)  # while the caller looks at the pictures
    assert run.history.steps == 4
    quietly(run, images, steps=2)
    os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(TypeError):
        quietly(run, images.float(), steps=1)
    os.kill(os.getpid(), signal.SIGINT)
    assert own_handler == [signal.SIGINT] * 4


def test_in_another_thread_a_run_trains_on_and_the_button_is_the_callers(
    images, recipe, own_handler
):
    threaded, plain = start_run(recipe), start_run(recipe)
    thread = threading.Thread(target=quietly, args=(threaded, images), kwargs={"steps": 60})
    presser = press_stop_after(threaded, 5)
    thread.start()
    thread.join()
    presser.join()
    assert own_handler == [signal.SIGINT]
    quietly(plain, images, steps=60)
    assert same_run(threaded, plain)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_fakes_that_are_not_finite_stop_the_run_before_the_weights_change(images, recipe, value):
    run = start_run(recipe)
    quietly(run, images, steps=3)
    g_before, d_before = weights(run.generator), weights(run.discriminator)
    average = state(run.sampler)
    hook = run.generator.register_forward_hook(
        lambda module, inputs, output: output + value if module.training else output
    )
    message = "The discriminator's loss became (nan|inf): .*smaller learning_rate"
    with pytest.raises(FloatingPointError, match=message):
        quietly(run, images, steps=3)
    assert torch.equal(weights(run.generator), g_before)
    assert torch.equal(weights(run.discriminator), d_before)
    assert same(state(run.sampler), average)
    assert run.history.steps == 3
    assert_columns_match(run.history)
    hook.remove()
    assert quietly(run, images, steps=2).steps == 5
    assert is_finite(run.generator) and is_finite(run.discriminator)


def test_a_generators_loss_that_is_not_finite_leaves_generator_and_average_alone(images, recipe):
    run = start_run(recipe)
    quietly(run, images, steps=3)
    before = weights(run.generator), weights(run.sampler)
    run.recipe = replace(recipe, generator_loss=lambda fake_logits: fake_logits.mean() / 0)
    with pytest.raises(FloatingPointError, match="The generator's loss became"):
        quietly(run, images, steps=3)
    assert torch.equal(weights(run.generator), before[0])
    assert torch.equal(weights(run.sampler), before[1])
    assert run.history.steps == 3
    assert_columns_match(run.history)


@pytest.mark.parametrize("bfloat16", [True, False])
def test_weights_that_diverge_while_the_losses_are_finite(images, monkeypatch, bfloat16):
    monkeypatch.setattr(run_module, "has_bfloat16", lambda device: True)
    # A step's losses are computed before its update: here the update, not the loss, overflows.
    recipe = replace(COURSE, learning_rate=1e10, batch_size=16, bfloat16=bfloat16)
    run = start_run(recipe, seed=0)
    with pytest.raises(FloatingPointError, match="smaller learning_rate"):
        quietly(run, images, steps=10, frame_every=1)
    assert_columns_match(run.history)


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_a_step_that_is_not_finite_touches_nothing(calm, player):
    run = start_run(calm)
    network, optimizer = getattr(run, player), getattr(run, f"{player[0]}_optimizer")

    def step(factor: float) -> None:
        real, fake = torch.rand(16, 1, 28, 28), run.generator(torch.randn(16, 8)) * factor
        if player == "discriminator":
            discriminator_step(network, optimizer, real, fake)
        else:
            generator_step(run.discriminator, optimizer, fake)

    step(1)
    before, memory = weights(network), copy.deepcopy(optimizer.state_dict())
    with pytest.raises(FloatingPointError, match=f"The {player}'s loss became nan"):
        step(math.nan)
    assert torch.equal(weights(network), before)
    assert str(optimizer.state_dict()) == str(memory)
    assert all(p.requires_grad for p in run.discriminator.parameters())


def test_the_discriminator_learns_again_after_an_error_in_the_generators_step(images, recipe):
    run = start_run(replace(recipe, generator_loss=lambda fake_logits: 1 / 0))
    random_state = torch.get_rng_state()
    with pytest.raises(ZeroDivisionError):
        quietly(run, images, steps=1)
    assert all(p.requires_grad for p in run.discriminator.parameters())
    assert torch.equal(torch.get_rng_state(), random_state)
    assert run.history.steps == 0
    before, run.recipe = weights(run.discriminator), recipe
    quietly(run, images, steps=1)
    assert not torch.equal(weights(run.discriminator), before)
