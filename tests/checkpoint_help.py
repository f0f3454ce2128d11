"""What the tests of checkpoints share: a recipe that can be written, and whole runs compared."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from run_help import same, state

from gan_helpers.models import Discriminator, Generator
from gan_helpers.training import (
    COLUMNS,
    Recipe,
    Run,
    load_checkpoint,
    recipe_to_dict,
    save_checkpoint,
)

# The recipe of conftest.py, without its lambdas; dropout is on, and all is in float32.
TINY = Recipe(
    build_generator=partial(Generator, latent_dim=8, hidden=(16,)),
    build_discriminator=partial(Discriminator, hidden=(16,)),
    batch_size=16,
    bfloat16=False,
)
CALM = replace(TINY, build_discriminator=partial(Discriminator, hidden=(16,), dropout=0.0))


def written_and_read(run: Run, file: Path) -> Run:
    save_checkpoint(run, file)
    return load_checkpoint(file)


def assert_same_state(one: Run, other: Run) -> None:
    """All that the next step depends on, bit for bit."""
    assert recipe_to_dict(one.recipe) == recipe_to_dict(other.recipe)
    assert (one.seed, one.position) == (other.seed, other.position)
    for name in ("generator", "discriminator", "average"):
        ours, theirs = getattr(one, name), getattr(other, name)
        assert (ours is None) == (theirs is None), name
        if ours is not None:
            assert same(state(ours), state(theirs)), name
            assert ours.training == theirs.training, name
    for name in ("g_optimizer", "d_optimizer"):
        ours, theirs = getattr(one, name).state_dict(), getattr(other, name).state_dict()
        assert ours["param_groups"] == theirs["param_groups"], name
        assert ours["state"].keys() == theirs["state"].keys(), name
        assert all(same(ours["state"][i], theirs["state"][i]) for i in ours["state"]), name
    for name in ("rng", "dropout_rng"):
        assert torch.equal(getattr(one, name).get_state(), getattr(other, name).get_state()), name
    assert torch.equal(one.fixed_z, other.fixed_z)
    assert (one.order is None) == (other.order is None)
    assert one.order is None or torch.equal(one.order, other.order)


def assert_same_run(one: Run, other: Run) -> None:
    """The state and all that was recorded, bit for bit."""
    assert_same_state(one, other)
    for name in COLUMNS:
        ours, theirs = getattr(one.history, name), getattr(other.history, name)
        assert ours == theirs, name
        assert [type(value) for value in ours] == [type(value) for value in theirs], name
    assert len(one.history.frames) == len(other.history.frames)
    for ours, theirs in zip(one.history.frames, other.history.frames, strict=True):
        assert ours.dtype == theirs.dtype == torch.uint8
        assert torch.equal(ours, theirs)
    assert one.history.about == other.history.about
