"""The code that notebook 02 shows is what the module runs: one seeded step gives equal weights."""

import ast
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
import torch
from helping import weights

from gan_helpers import losses
from gan_helpers.data import batches, load_mnist
from gan_helpers.training import PLAIN, start_run, train

NOTEBOOK = "02_building_the_networks.ipynb"
NAMES = {
    "Generator",
    "Discriminator",
    "discriminator_loss",
    "non_saturating_generator_loss",
    "train_epoch",
}
# What the notebook's loop leaves out: averaging, and products in 16 bits.
RECIPE = replace(PLAIN, average_decay=None, bfloat16=False)


@pytest.fixture(scope="module")
def shown() -> dict:
    """The definitions of ``NAMES`` as they stand in the notebook's cells, executed."""
    path = Path(__file__).parents[2] / "notebooks" / NOTEBOOK
    namespace = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "batches": batches}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and cell.id != "setup-cell":  # that of tools/publish.py
            for node in ast.parse(cell.source).body:
                if getattr(node, "name", None) in NAMES:
                    exec(compile(ast.Module([node], []), NOTEBOOK, "exec"), namespace)
    assert set(namespace) >= NAMES
    return namespace


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


@pytest.mark.parametrize("name", ["discriminator_loss", "non_saturating_generator_loss"])
def test_the_losses_as_shown_are_those_of_the_module(shown, name):
    logits = torch.linspace(-50, 50, 101).unsqueeze(1)
    arguments = (logits, logits.flip(0) * 0.5)[: 2 if name == "discriminator_loss" else 1]
    assert torch.equal(shown[name](*arguments), getattr(losses, name)(*arguments))
