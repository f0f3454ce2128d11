"""The code that notebook 02 shows is what the module runs: one seeded step gives equal weights."""

import ast
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
import torch

from gan_helpers import losses, models
from gan_helpers.data import batches, load_mnist
from gan_helpers.training import ARTICLE, COURSE, start_run, train

NOTEBOOK = "02_building_the_generator_and_the_discriminator.ipynb"
NAMES = {
    "Generator",
    "Discriminator",
    "discriminator_loss",
    "non_saturating_generator_loss",
    "train_epoch",
}
# What the notebook's loop leaves out: averaging, and products in 16 bits.
PLAIN = replace(COURSE, average_decay=None, bfloat16=False)


@pytest.fixture(scope="module")
def shown() -> dict:
    """The definitions of ``NAMES`` as they stand in the notebook's cells, executed."""
    path = Path(__file__).parents[2] / "notebooks" / NOTEBOOK
    namespace = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "batches": batches}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            for node in ast.parse(cell.source).body:
                if getattr(node, "name", None) in NAMES:
                    exec(compile(ast.Module([node], []), NOTEBOOK, "exec"), namespace)
    assert set(namespace) >= NAMES
    return namespace


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return load_mnist("train")[0][:384]


def weights(network: torch.nn.Module) -> torch.Tensor:
    return torch.nn.utils.parameters_to_vector(network.parameters()).detach()


def one_step_as_shown(shown: dict, run, networks, images, fused: bool) -> None:
    optimizers = [
        torch.optim.Adam(
            network.parameters(),
            lr=run.recipe.learning_rate,
            betas=run.recipe.betas,
            weight_decay=run.recipe.weight_decay,
            fused=fused,
        )
        for network in networks
    ]
    rng = torch.Generator()
    rng.set_state(run.rng.get_state())
    with torch.random.fork_rng():
        torch.set_rng_state(run.dropout_rng.get_state())
        shown["train_epoch"](*networks, *optimizers, images, run.recipe.batch_size, rng)


def test_one_seeded_step_gives_the_same_weights(shown, images):
    run = start_run(PLAIN, seed=5)
    networks = [shown["Generator"](), shown["Discriminator"]()]
    for network, theirs in zip(networks, (run.generator, run.discriminator), strict=True):
        network.load_state_dict(theirs.state_dict())
    start = [weights(network).clone() for network in networks]
    one_step_as_shown(shown, run, networks, images[:128], fused=True)
    train(run, images[:128], steps=1, progress=False)
    for mine, theirs, before in zip(
        networks, (run.generator, run.discriminator), start, strict=True
    ):
        assert not torch.equal(weights(mine), before)
        assert torch.equal(weights(mine), weights(theirs))


def test_the_step_also_agrees_with_the_articles_networks_and_plain_adam(shown, images):
    # Without BatchNorm's redundant biases in the way, unfused Adam agrees to rounding: compare D.
    run = start_run(replace(ARTICLE, fresh_z=False), seed=5)
    networks = [models.ArticleGenerator(), models.ArticleDiscriminator()]
    for network, theirs in zip(networks, (run.generator, run.discriminator), strict=True):
        network.load_state_dict(theirs.state_dict())
    one_step_as_shown(shown, run, networks, images[:128], fused=False)
    train(run, images[:128], steps=1, progress=False)
    torch.testing.assert_close(
        weights(networks[1]), weights(run.discriminator), atol=1e-6, rtol=1e-4
    )


def test_an_epoch_as_shown_is_an_epoch_of_the_module(shown, images):
    run = start_run(PLAIN, seed=6)
    networks = [shown["Generator"](), shown["Discriminator"]()]
    for network, theirs in zip(networks, (run.generator, run.discriminator), strict=True):
        network.load_state_dict(theirs.state_dict())
    one_step_as_shown(shown, run, networks, images, fused=True)
    train(run, images, epochs=1, progress=False)
    assert run.history.steps == 3
    assert torch.equal(weights(networks[0]), weights(run.generator))


@pytest.mark.parametrize("name", ["discriminator_loss", "non_saturating_generator_loss"])
def test_the_losses_as_shown_are_those_of_the_module(shown, name):
    logits = torch.linspace(-50, 50, 101).unsqueeze(1)
    arguments = (logits, logits.flip(0) * 0.5)[: 2 if name == "discriminator_loss" else 1]
    assert torch.equal(shown[name](*arguments), getattr(losses, name)(*arguments))


@pytest.mark.parametrize("name", ["Generator", "Discriminator"])
def test_the_networks_as_shown_have_the_weights_of_the_module(shown, name):
    mine, theirs = shown[name](), getattr(models, name)()
    assert [(k, v.shape) for k, v in mine.state_dict().items()] == [
        (k, v.shape) for k, v in theirs.state_dict().items()
    ]
    assert [type(layer) for layer in mine.layers] == [type(layer) for layer in theirs.layers]
