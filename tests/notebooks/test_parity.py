"""The code that notebooks 02 and 11 show is what the module runs: seeded steps, equal weights."""

import ast
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
import torch
from helping import weights

from gan_helpers import losses
from gan_helpers.data import batches, load_mnist
from gan_helpers.models import Maxout
from gan_helpers.training import PAPER, PLAIN, follow_schedule, simultaneous_step, start_run, train

NOTEBOOK = "02_building_the_networks.ipynb"
NAMES = {
    "Generator",
    "Discriminator",
    "discriminator_loss",
    "non_saturating_generator_loss",
    "train_epoch",
}
LOSSES = ("discriminator_loss", "non_saturating_generator_loss")
# What the notebook's loop leaves out: averaging, and products in 16 bits.
RECIPE = replace(PLAIN, average_decay=None, bfloat16=False)


def definitions(notebook: str, names: set[str], namespace: dict) -> dict:
    """``namespace`` and the definitions of ``names`` as they stand in the notebook's cells."""
    path = Path(__file__).parents[2] / "notebooks" / notebook
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and cell.id != "setup-cell":  # that of tools/publish.py
            for node in ast.parse(cell.source).body:
                if getattr(node, "name", None) in names:
                    exec(compile(ast.Module([node], []), notebook, "exec"), namespace)
    assert set(namespace) >= names
    return namespace


@pytest.fixture(scope="module")
def shown() -> dict:
    known = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "batches": batches}
    return definitions(NOTEBOOK, NAMES, known)


@pytest.fixture(scope="module")
def shown_of_2014() -> dict:
    known = {"torch": torch, "nn": torch.nn} | {name: getattr(losses, name) for name in LOSSES}
    return definitions("11_the_2014_recipe.ipynb", {"Maxout", "step_both", "schedule"}, known)


def epoch_as_shown(shown: dict, run, networks, images) -> None:
    optimizers = [
        torch.optim.Adam(
            network.parameters(),
            lr=run.recipe.learning_rate,
            betas=run.recipe.betas,
            weight_decay=run.recipe.weight_decay,
            fused=True,
        )
        for network in networks
    ]
    rng = torch.Generator()
    rng.set_state(run.rng.get_state())
    with torch.random.fork_rng():
        torch.set_rng_state(run.dropout_rng.get_state())
        shown["train_epoch"](*networks, *optimizers, images, run.recipe.batch_size, rng)


@pytest.mark.parametrize("count", [128, 384])
def test_seeded_steps_as_shown_give_the_same_weights(shown, count):
    images = load_mnist("train")[0][:count]
    run = start_run(RECIPE, seed=5)
    for place, layer in run.discriminator.layers.named_children():
        if isinstance(layer, torch.nn.Dropout):  # the module's draws other random numbers
            run.discriminator.layers[int(place)] = torch.nn.Dropout(layer.p)
    networks = [shown["Generator"](), shown["Discriminator"]()]
    for network, theirs in zip(networks, (run.generator, run.discriminator), strict=True):
        network.load_state_dict(theirs.state_dict())
    start = [weights(network) for network in networks]
    epoch_as_shown(shown, run, networks, images)
    train(run, images, epochs=1, progress=False)
    assert run.history.steps == count // 128
    for mine, theirs, before in zip(
        networks, (run.generator, run.discriminator), start, strict=True
    ):
        assert not torch.equal(weights(mine), before)
        assert torch.equal(weights(mine), weights(theirs))


@pytest.mark.parametrize("name", LOSSES)
def test_the_losses_as_shown_are_those_of_the_module(shown, name):
    logits = torch.linspace(-50, 50, 101).unsqueeze(1)
    arguments = (logits, logits.flip(0) * 0.5)[: 2 if name == "discriminator_loss" else 1]
    assert torch.equal(shown[name](*arguments), getattr(losses, name)(*arguments))


def test_maxout_as_shown_is_that_of_the_module(shown_of_2014):
    ours, theirs = shown_of_2014["Maxout"](7, 3, 4), Maxout(7, 3, 4)
    ours.load_state_dict(theirs.state_dict())
    features = torch.randn(5, 7, generator=torch.Generator().manual_seed(0))
    assert torch.equal(ours(features), theirs(features))


def test_both_at_once_as_shown_gives_the_same_weights(shown_of_2014):
    def play(step):
        run = start_run(PAPER, seed=1)
        with torch.random.fork_rng():
            torch.manual_seed(2)  # for dropout
            for _ in range(2):
                fake, real = run.generator(torch.randn(4, 100)), torch.rand(4, 1, 28, 28)
                players = run.generator, run.discriminator
                step(players, (run.g_optimizer, run.d_optimizer), real, fake)
        return [weights(player) for player in players]

    for ours, theirs in zip(play(shown_of_2014["step_both"]), play(simultaneous_step), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("steps", [0, 1, 62_500, 125_000, 200_000])
def test_schedules_as_shown_are_those_of_the_module(shown_of_2014, steps):
    run = start_run(PAPER)
    run.history.d_loss = [0.0] * steps
    follow_schedule(run)
    (group,) = run.g_optimizer.param_groups
    assert (group["lr"], group["momentum"]) == pytest.approx(shown_of_2014["schedule"](steps))
