"""Read numbers and recipes from the command line."""

import argparse
import inspect
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial

import torch

from gan_helpers.checks import IMAGE_SHAPE
from gan_helpers.losses import GENERATOR_LOSSES
from gan_helpers.models import ArticleDiscriminator, ArticleGenerator
from gan_helpers.training import RECIPES, Recipe, for_images

OPTIMIZERS = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
# The options that determine the recipe and the seed; --resume takes both from the checkpoint.
RECIPE_OPTIONS = (
    "recipe seed loss batch_size optimizer learning_rate d_learning_rate betas momentum "
    "weight_decay head_start fresh_z average_decay average_warm_up bfloat16 latent_dim "
    "generator_hidden discriminator_hidden width dropout"
).split()


# The options for the sizes of each network, and what the network calls them.
NETWORK_OPTIONS = {
    "build_generator": {"latent_dim": "latent_dim", "generator_hidden": "hidden", "width": "width"},
    "build_discriminator": {
        "discriminator_hidden": "hidden",
        "width": "width",
        "dropout": "dropout",
    },
}


def add_recipe_options(parser: argparse.ArgumentParser) -> None:
    """Add the hyperparameters of ``Recipe``; the named recipe gives those that are left out.

    The simultaneous step and the schedules of the recipe "paper" have no option.
    """
    recipe = parser.add_argument_group("hyperparameters that replace the recipe's")
    recipe.add_argument("--loss", choices=GENERATOR_LOSSES, help="the generator's loss")
    recipe.add_argument("--batch-size", type=at_least(int, 2), metavar="N")
    recipe.add_argument("--optimizer", choices=OPTIMIZERS, help="of both players")
    recipe.add_argument("--learning-rate", type=above(0), metavar="X", help="of both players")
    recipe.add_argument(
        "--d-learning-rate",
        type=above(0),
        metavar="X",
        help="of the discriminator alone; the recipe course has one of its own",
    )
    recipe.add_argument("--betas", type=share, nargs=2, metavar=("B1", "B2"), help="Adam's betas")
    recipe.add_argument("--momentum", type=share, metavar="X", help="for gradient descent (sgd)")
    recipe.add_argument("--weight-decay", type=at_least(float, 0), metavar="X")
    recipe.add_argument(
        "--head-start",
        type=at_least(int, 0),
        metavar="STEPS",
        help="steps that the discriminator makes alone before the first step of both",
    )
    recipe.add_argument("--fresh-z", action=argparse.BooleanOptionalAction, default=None)
    recipe.add_argument("--average-decay", type=share_or_none, metavar="X", help="a share, or none")
    recipe.add_argument(
        "--average-warm-up",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="begin with a short memory of the average",
    )
    recipe.add_argument(
        "--bfloat16",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="multiply in 16 bits where the CPU supports it",
    )
    recipe.add_argument("--latent-dim", type=at_least(int, 1), metavar="N")
    recipe.add_argument("--generator-hidden", type=at_least(int, 1), nargs="+", metavar="N")
    recipe.add_argument("--discriminator-hidden", type=at_least(int, 1), nargs="+", metavar="N")
    recipe.add_argument(
        "--width", type=at_least(int, 1), metavar="N", help="maps of both convolutional networks"
    )
    recipe.add_argument("--dropout", type=share, metavar="X")


def chosen_recipe(
    arguments: argparse.Namespace, image_shape: tuple[int, ...] = IMAGE_SHAPE, classes: int = 0
) -> Recipe:
    """Return the named recipe with the changes of the command line, for images of this shape.

    ``classes``: how many the networks are told, 0 for none. Raises ``ValueError`` for a size that
    the recipe's networks do not have, for other images than the article's networks take, and when
    an option belongs to another optimiser than the run's.
    """
    recipe = RECIPES[arguments.recipe or "course"]
    plain = (
        "batch_size learning_rate d_learning_rate momentum weight_decay head_start fresh_z "
        "average_warm_up bfloat16"
    ).split()
    changes = {k: getattr(arguments, k) for k in plain if getattr(arguments, k) is not None}
    changes |= _chosen_optimizers(arguments, recipe)
    if arguments.betas:
        changes["betas"] = tuple(arguments.betas)
    if arguments.loss:
        changes["generator_loss"] = GENERATOR_LOSSES[arguments.loss]
    if arguments.average_decay:
        value = arguments.average_decay
        changes["average_decay"] = None if value == "none" else value
    for name, options in NETWORK_OPTIONS.items():
        build = getattr(recipe, name)
        kind = getattr(build, "func", build)
        given = {size: getattr(arguments, option) for option, size in options.items()}
        given = {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}
        given = {k: v for k, v in given.items() if v is not None}
        takes = inspect.signature(kind).parameters
        if given and kind in (ArticleGenerator, ArticleDiscriminator):
            raise ValueError(
                f"the sizes of the recipe {arguments.recipe!r} are fixed by the article; "
                f"{' and '.join(map(_flag, options))} are for the other recipes: course, for "
                "example."
            )
        if foreign := [o for o, size in options.items() if size in given and size not in takes]:
            has = [o for o, size in options.items() if size in takes]
            known = f"has {' and '.join(map(_flag, has))}" if has else "has fixed sizes"
            raise ValueError(
                f"{_flag(foreign[0])} is no size of the recipe "
                f"{arguments.recipe or 'course'!r}: its {kind.__name__} {known}."
            )
        if given:
            changes[name] = partial(build, **given)  # the recipe's other sizes stay
    recipe = replace(recipe, **changes)
    usual = image_shape == IMAGE_SHAPE and not classes
    return recipe if usual else for_images(recipe, image_shape, classes)


def _chosen_optimizers(arguments: argparse.Namespace, recipe: Recipe) -> dict:
    """Return the changes to the optimisers; raises ``ValueError`` for options without effect."""
    changes = {}
    kind = OPTIMIZERS.get(arguments.optimizer, recipe.g_optimizer)
    if kind is not recipe.g_optimizer:
        if arguments.learning_rate is None:
            raise ValueError(
                f"--optimizer {arguments.optimizer} needs a --learning-rate of its own: the "
                f"recipe's {recipe.learning_rate} is meant for {recipe.g_optimizer.__name__}."
            )
        changes = {"g_optimizer": kind, "d_optimizer": kind, "d_learning_rate": None}
        if arguments.d_learning_rate is not None:
            changes["d_learning_rate"] = arguments.d_learning_rate
    if kind is torch.optim.Adam and arguments.momentum is not None:
        raise ValueError("--momentum is for gradient descent (--optimizer sgd); Adam has --betas.")
    if kind is torch.optim.SGD and arguments.betas is not None:
        raise ValueError("--betas are Adam's; gradient descent (sgd) has --momentum.")
    return changes


def recipe_table() -> str:
    """Return a table of the recipes' hyperparameters, with one column for each recipe."""
    rows = [["", *RECIPES]]
    for field in fields(Recipe):
        values = [getattr(recipe, field.name) for recipe in RECIPES.values()]
        rows.append([field.name, *map(_in_words, values)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _flag(option: str) -> str:
    return "--" + option.replace("_", "-")


def _in_words(value: object) -> str:
    """Return a recipe's entry as it is written in Python, without modules."""
    if isinstance(value, partial):
        sizes = ", ".join(f"{name}={size}" for name, size in value.keywords.items())
        return f"{value.func.__name__}({sizes})"
    return getattr(value, "__name__", str(value))


def at_least(kind: type, least: float, below: float | None = None) -> Callable[[str], float]:
    """Return a type for argparse: a number of ``kind``, at least ``least`` and below ``below``."""
    if below is None:
        below = 10**15 if kind is int else float("inf")  # A mistyped number must not reach PyTorch.

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not least <= value < below:
            what = "a whole number" if kind is int else "a number"
            told = below < 10**15 or value is not None and value >= below
            most = f" and below {below}" if told else ""
            raise argparse.ArgumentTypeError(f"{text!r}; expected {what}, at least {least}{most}")
        return value

    return parse


def above(least: float) -> Callable[[str], float]:
    """Return a type for argparse: a number above ``least``."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = least
        if not least < value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text!r}; expected a number above {least}")
        return value

    return parse


share = at_least(float, 0, below=1)
seed = at_least(int, 0, below=2**62)  # start_run multiplies it by 4


def share_or_none(text: str) -> float | str:
    """Read, for argparse, a number between 0 and 1 or the word none."""
    if text == "none":
        return text
    value = above(0)(text)
    if value >= 1:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a number below 1, or none")
    return value
