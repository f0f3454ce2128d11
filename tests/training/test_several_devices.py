"""One run in two processes, which are really started: what they share and what each has alone."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from helping import TINY, assert_same_run, quietly, same, state, weights
from torch import nn

from gan_helpers.models import Discriminator
from gan_helpers.training import (
    Run,
    anyone,
    check_shares,
    join_run,
    load_checkpoint,
    play_discriminator_step,
    play_generator_step,
    save_checkpoint,
    start_run,
    steps,
)

BEFORE, AFTER = 6, 4  # steps; four make an epoch


class NoBatchNorm(nn.Module):
    """A generator whose images do not depend on the others of the batch."""

    latent_dim, image_shape = 8, (1, 28, 28)

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 784)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.layer(z).tanh().unflatten(1, self.image_shape)


# Gradient descent, because Adam makes as large a step of a rounding error as of a gradient.
LINEAR = replace(
    TINY,
    build_generator=NoBatchNorm,
    build_discriminator=partial(Discriminator, hidden=(16,), dropout=0.0),
    g_optimizer=torch.optim.SGD,
    d_optimizer=torch.optim.SGD,
    learning_rate=0.05,
    head_start=2,
)


def noise() -> torch.Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (70, 1, 28, 28), generator=rng, dtype=torch.uint8)


def first_inputs(run: Run) -> dict[str, torch.Tensor]:
    """Make a step, and return the z and the real images that the networks were given in it."""
    seen = {}

    def see(name: str, network: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        seen.setdefault(name, inputs[0].detach().clone())

    networks = {"z": run.generator, "images": run.discriminator}
    hooks = [one.register_forward_pre_hook(partial(see, name)) for name, one in networks.items()]
    quietly(run, noise(), steps=1)
    for hook in hooks:
        hook.remove()
    seen["images"] = seen["images"][: len(seen["z"])]  # the fakes follow
    return seen


def take_part(fabric, folder: Path) -> None:
    """What each process does; the test looks at the file that it leaves."""
    first, facts = fabric.global_rank == 0, {}
    run = start_run(TINY)
    join_run(run, fabric)
    facts["seen"] = first_inputs(run)
    quietly(run, noise(), steps=BEFORE - 1)
    facts["statistics"] = [buffer.clone() for buffer in run.generator.buffers()]
    if first:
        save_checkpoint(run, folder / "before")
    fabric.barrier()
    quietly(run, noise(), steps=AFTER)
    facts["states"] = [state(one) for one in (run.generator, run.discriminator, run.sampler)]
    facts["d_loss"] = run.history.d_loss

    resumed = load_checkpoint(folder / "before")
    join_run(resumed, fabric)
    quietly(resumed, noise(), steps=AFTER)
    if first:
        save_checkpoint(run, folder / "whole")
        save_checkpoint(resumed, folder / "resumed")

    linear = start_run(LINEAR)
    join_run(linear, fabric)
    train_linear(linear)
    facts["linear"] = [weights(linear.generator), weights(linear.discriminator)]
    facts["anyone"] = [anyone(fabric, False), anyone(fabric, not first)]
    torch.save(facts, folder / f"{fabric.global_rank}.pt")


def train_linear(run: Run) -> None:
    quietly(run, noise(), steps=3)
    play_discriminator_step(run, noise())
    play_generator_step(run)
    quietly(run, noise(), steps=3)


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> SimpleNamespace:
    """The folder of two processes that have taken part, and what each has left."""
    fabric_module = pytest.importorskip("lightning_fabric")
    from lightning_fabric.strategies import DDPStrategy

    folder = tmp_path_factory.mktemp("pair")
    strategy = DDPStrategy(start_method="spawn")
    fabric_module.Fabric(accelerator="cpu", devices=2, strategy=strategy).launch(take_part, folder)
    facts = [torch.load(folder / f"{rank}.pt") for rank in (0, 1)]
    return SimpleNamespace(folder=folder, facts=facts)


def test_the_two_share_the_batch_and_the_z_of_one(pair):
    alone = first_inputs(start_run(TINY))
    for name, whole in alone.items():
        zero, one = (facts["seen"][name] for facts in pair.facts)
        assert len(zero) == len(one) == TINY.batch_size // 2
        assert torch.equal(torch.stack((zero, one), dim=1).flatten(0, 1), whole)
        assert not torch.equal(zero, one)


def test_weights_statistics_and_averages_stay_the_same_in_both(pair):
    zero, one = (facts["states"] for facts in pair.facts)
    assert all(same(*both) for both in zip(zero, one, strict=True))
    start = start_run(TINY)
    assert not same(state(start.generator), zero[0]) and not same(state(start.generator), zero[2])
    assert pair.facts[0]["d_loss"] != pair.facts[1]["d_loss"]  # each records that of its share


def test_without_batchnorm_and_dropout_the_run_is_that_of_one_device(pair):
    alone = start_run(LINEAR)
    before = weights(alone.generator)
    train_linear(alone)
    expected = [weights(alone.generator), weights(alone.discriminator)]
    assert (expected[0] - before).norm() > 0.01
    for facts in pair.facts:
        torch.testing.assert_close(facts["linear"], expected, atol=1e-5, rtol=1e-4)


def test_a_run_is_resumed_by_as_many_bit_for_bit(pair):
    whole, resumed = (load_checkpoint(pair.folder / name) for name in ("whole", "resumed"))
    assert whole.history.steps == BEFORE + AFTER
    assert_same_run(whole, resumed)


def test_a_run_is_resumed_by_one_with_the_order_and_the_statistics_of_both(pair):
    run = load_checkpoint(pair.folder / "before")
    assert (run.rank, run.processes, run.recipe.batch_size) == (0, 1, TINY.batch_size)
    for facts in pair.facts:
        assert all(map(torch.equal, run.generator.buffers(), facts["statistics"]))
    quietly(run, noise(), steps=AFTER)
    whole = load_checkpoint(pair.folder / "whole")
    assert torch.equal(run.order, whole.order) and run.position == whole.position
    assert torch.equal(run.rng.get_state(), whole.rng.get_state())


def test_dropout_draws_other_numbers_in_each_from_a_state_that_all_share():
    drawn, states = [], []
    for rank in (0, 1):
        run = start_run(TINY)
        run.rank, run.processes = rank, 2
        before = torch.get_rng_state()
        with steps._dropout_randomness(run):
            drawn.append(torch.rand(9))
        assert torch.equal(torch.get_rng_state(), before)
        states.append(run.dropout_rng.get_state())
    assert not torch.equal(*drawn) and torch.equal(*states)
    assert not torch.equal(states[0], start_run(TINY).dropout_rng.get_state())


def test_what_one_says_all_hear(pair):
    assert [facts["anyone"] for facts in pair.facts] == [[False, True]] * 2


@pytest.mark.parametrize(("batch_size", "processes"), [(16, 3), (4, 4), (2, 2)])
def test_a_batch_that_cannot_be_divided_is_refused(batch_size, processes):
    with pytest.raises(ValueError, match=f"batch_size is {batch_size}.* at least {2 * processes}:"):
        check_shares(batch_size, processes)
