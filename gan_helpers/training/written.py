"""Recipes as numbers and names, which checkpoints hold as JSON."""

import inspect
import json
from dataclasses import fields
from functools import partial

import torch

from gan_helpers.kinds import check_kind
from gan_helpers.losses import GENERATOR_LOSSES
from gan_helpers.models import DISCRIMINATORS, GENERATORS
from gan_helpers.training.recipes import COURSE, Recipe

# The parts of a recipe that can be written to a file; partial(...) sets their arguments.
PARTS = {
    **GENERATORS,
    **DISCRIMINATORS,
    **{loss.__name__: loss for loss in GENERATOR_LOSSES.values()},
    **{kind.__name__: kind for kind in (torch.optim.Adam, torch.optim.SGD)},
}


def recipe_to_dict(recipe: Recipe) -> dict:
    """Return ``recipe`` as numbers and names, which JSON can hold and ``recipe_from_dict`` reads.

    Networks, losses and optimisers are written as ``[name, arguments]``. Raises ``TypeError`` when
    ``recipe`` is not a recipe and ``ValueError`` when one of these is not the course's own (a
    lambda, for example). Introduced in notebook 04, "Stop it, resume it".
    """
    check_kind(recipe, "recipe", Recipe, "COURSE is one.")
    written = {}
    for name in (f.name for f in fields(recipe)):
        value = getattr(recipe, name)
        if callable(value):
            part, arguments = (
                (value.func, value.keywords) if isinstance(value, partial) else (value, {})
            )
            known = PARTS.get(getattr(part, "__name__", "")) is part
            if not known or getattr(value, "args", ()) or not _is_plain(arguments):
                raise ValueError(
                    f"{name} is {value!r}, which cannot be written to a file; expected one of "
                    f"{', '.join(PARTS)}, or functools.partial of one with named arguments that "
                    "are plain numbers."
                )
            value = [part.__name__, arguments]
        written[name] = value
    return written


def recipe_from_dict(written: dict) -> Recipe:
    """Return the recipe that ``recipe_to_dict`` wrote.

    Raises ``TypeError`` when ``written`` is not a dict and ``ValueError`` when a name or an
    argument is unknown or an entry is missing. Introduced in notebook 04, "Stop it, resume it".
    """
    check_kind(written, "written", dict, "recipe_to_dict(COURSE) is one.")
    values = {}
    known = {f.name for f in fields(Recipe)}
    if missing := sorted(known - set(written)):
        raise ValueError(
            f"the written recipe lacks {', '.join(missing)}."
        )  # A default would not do: it may have been another when this was written.
    for name, value in written.items():
        if name not in known:
            raise ValueError(
                f"the written recipe has an unknown entry {name!r}; known are {sorted(known)}."
            )
        if callable(getattr(COURSE, name)):  # a network, a loss or an optimiser
            part, arguments = value
            if part not in PARTS:
                raise ValueError(f"{name} is {part!r}; expected one of {', '.join(PARTS)}.")
            arguments = {k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()}
            try:
                inspect.signature(PARTS[part]).bind_partial(**arguments)
            except TypeError as error:
                raise ValueError(f"{name} is {part!r} with {arguments}: {error}.") from error
            value = partial(PARTS[part], **arguments) if arguments else PARTS[part]
        elif isinstance(value, list):
            value = tuple(value)
        values[name] = value
    return Recipe(**values)


def _is_plain(arguments: dict) -> bool:
    try:
        json.dumps(arguments)
    except (TypeError, ValueError):
        return False
    return True
