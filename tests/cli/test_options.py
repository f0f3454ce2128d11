"""Every hyperparameter of a recipe can be chosen on the command line, and reaches it."""

import argparse
from dataclasses import replace
from functools import partial

import pytest
import torch

from gan_helpers.cli import options
from gan_helpers.cli.options import add_recipe_options, chosen_recipe
from gan_helpers.losses import saturating_generator_loss
from gan_helpers.models import Discriminator, Generator
from gan_helpers.training import COURSE, RECIPES, Recipe


def chosen(*arguments: str) -> Recipe:
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipe", choices=RECIPES)
    add_recipe_options(parser)
    return chosen_recipe(parser.parse_args(arguments))


@pytest.mark.parametrize(
    ("arguments", "changes"),
    [
        ("", {}),
        ("--loss non-saturating", {}),
        ("--loss saturating", {"generator_loss": saturating_generator_loss}),
        ("--batch-size 64", {"batch_size": 64}),
        ("--learning-rate 3e-4", {"learning_rate": 3e-4}),
        ("--betas 0 0.9", {"betas": (0.0, 0.9)}),
        ("--weight-decay 0.01", {"weight_decay": 0.01}),
        ("--fresh-z", {"fresh_z": True}),
        ("--no-fresh-z", {"fresh_z": False}),
        ("--average-decay 0.5", {"average_decay": 0.5}),
        ("--average-decay none", {"average_decay": None}),
        ("--average-warm-up", {"average_warm_up": True}),
        ("--no-average-warm-up", {"average_warm_up": False}),
        ("--bfloat16", {"bfloat16": True}),
        ("--no-bfloat16", {"bfloat16": False}),
        ("--d-learning-rate 0.01", {"d_learning_rate": 0.01}),
        ("--head-start 7", {"head_start": 7}),
        ("--optimizer adam", {}),
        (
            "--optimizer sgd --learning-rate 0.05 --momentum 0.5",
            {
                "g_optimizer": torch.optim.SGD,
                "d_optimizer": torch.optim.SGD,
                "learning_rate": 0.05,
                "d_learning_rate": None,
                "momentum": 0.5,
            },
        ),
    ],
)
@pytest.mark.parametrize("name", ["course", "plain", "article"])
def test_a_hyperparameter_replaces_the_recipes(name, arguments, changes):
    assert chosen("--recipe", name, *arguments.split()) == replace(RECIPES[name], **changes)


def test_gradient_descent_takes_its_momentum_and_adam_a_rate_of_its_own():
    assert chosen("--recipe", "descent", "--momentum", "0").momentum == 0
    changed = chosen(*"--recipe descent --optimizer adam --learning-rate 1e-3".split())
    adam = {"g_optimizer": torch.optim.Adam, "d_optimizer": torch.optim.Adam}
    assert changed == replace(RECIPES["descent"], learning_rate=1e-3, d_learning_rate=None, **adam)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--momentum 0.5", "--momentum is for gradient descent"),
        ("--recipe descent --betas 0 0.9", "--betas are Adam's"),
        ("--optimizer sgd", "--optimizer sgd needs a --learning-rate of its own"),
        ("--recipe descent --optimizer adam", "the recipe's 0.03 is meant for SGD"),
    ],
)
def test_a_number_that_would_not_be_used_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        chosen(*arguments.split())


def test_without_a_recipe_it_is_the_courses():
    assert chosen() == COURSE


@pytest.mark.parametrize(
    ("arguments", "field", "network", "keywords"),
    [
        ("--latent-dim 8", "build_generator", Generator, {"latent_dim": 8}),
        ("--generator-hidden 16 32", "build_generator", Generator, {"hidden": (16, 32)}),
        ("--discriminator-hidden 5", "build_discriminator", Discriminator, {"hidden": (5,)}),
        ("--dropout 0", "build_discriminator", Discriminator, {"dropout": 0.0}),
        ("--dropout 0.5", "build_discriminator", Discriminator, {"dropout": 0.5}),
    ],
)
@pytest.mark.parametrize("name", ["course", "plain"])
def test_a_size_builds_other_networks_and_the_recipes_other_sizes_stay(
    name, arguments, field, network, keywords
):
    recipe = chosen("--recipe", name, *arguments.split())
    built, before = getattr(recipe, field), getattr(RECIPES[name], field)
    assert isinstance(built, partial)
    assert (built.func, built.keywords) == (network, getattr(before, "keywords", {}) | keywords)
    assert replace(recipe, **{field: before}) == RECIPES[name]
    built()


def test_every_entry_of_a_recipe_has_an_option():
    parser = argparse.ArgumentParser()
    add_recipe_options(parser)
    given = set(vars(parser.parse_args([]))) | {"recipe", "seed"}
    assert given == set(options.RECIPE_OPTIONS)
