"""Checkpoints: a run that goes on from a file is, bit for bit, the run that was never stopped."""

import json
import pickle
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from helping import CALM, TINY, assert_same_run, assert_same_state, quietly, written_and_read

from gan_helpers.losses import saturating_generator_loss
from gan_helpers.models import Discriminator, Generator
from gan_helpers.training import (
    ARTICLE,
    COURSE,
    load_checkpoint,
    read_about,
    recipe_from_dict,
    recipe_to_dict,
    save_checkpoint,
    start_run,
)

DESCENDING = {
    "g_optimizer": torch.optim.SGD,
    "d_optimizer": torch.optim.SGD,
    "learning_rate": 0.05,
}
RECIPES = {
    "course": TINY,
    "no dropout": CALM,
    "fresh z": replace(TINY, fresh_z=True),
    "no average": replace(TINY, average_decay=None),
    "warm-up": replace(TINY, average_decay=0.8, average_warm_up=True, d_learning_rate=1e-3),
    "saturating": replace(TINY, generator_loss=saturating_generator_loss),
    "weight decay": replace(TINY, weight_decay=0.01, betas=(0.9, 0.99), average_decay=0.8),
    "two layers": replace(TINY, build_generator=partial(Generator, latent_dim=3, hidden=(5, 7))),
    "gradient descent": replace(TINY, **DESCENDING, momentum=0.5, head_start=3),
    "without momentum": replace(TINY, **DESCENDING, head_start=2),
    "one of each": replace(TINY, d_optimizer=torch.optim.SGD, d_learning_rate=0.1, momentum=0.9),
}


@pytest.mark.parametrize("first", [1, 3, 4, 5, 8])
def test_two_calls_of_train_are_one_also_in_the_middle_of_an_epoch(images, first):
    twice, once = start_run(TINY), start_run(TINY)
    for run, calls in ((twice, (first, 10 - first)), (once, (10,))):
        for steps in calls:
            quietly(run, images, steps=steps, frame_every=1, measure_every=2)
    assert_same_run(twice, once)


def test_an_epoch_in_several_calls_shows_each_image_at_most_once(images):
    run = start_run(TINY)
    for step in range(1, 5):
        quietly(run, images, steps=1)
        assert run.position == 16 * step
        if step == 1:
            order = run.order.clone()
        assert torch.equal(run.order, order)
    assert sorted(order.tolist()) == list(range(70))
    quietly(run, images, steps=1)  # the six left over are left out: a new epoch
    assert run.position == 16
    assert not torch.equal(run.order, order)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("stop", [0, 1, 3, 4, 6, 8])  # an epoch has four steps
def test_a_resumed_run_is_the_uninterrupted_one(images, tmp_path, name, stop):
    options = {"frame_every": 2, "measure_every": 3}
    stopped, whole = start_run(RECIPES[name], seed=5), start_run(RECIPES[name], seed=5)
    if stop:
        quietly(stopped, images, steps=stop, **options)
    resumed = written_and_read(stopped, tmp_path / "run.safetensors")
    assert_same_run(resumed, stopped)
    quietly(resumed, images, steps=11 - stop, **options)
    quietly(whole, images, steps=11, **options)
    assert_same_state(resumed, whole)
    if stop % 2 == 0:  # else it has one frame more: of where it stopped
        assert_same_run(resumed, whole)


def test_a_run_that_is_stopped_twice_in_a_row(images, tmp_path):
    run, whole = start_run(TINY), start_run(TINY)
    for steps in (3, 2, 0, 5):
        if steps:
            quietly(run, images, steps=steps, frame_every=1)
        run = written_and_read(written_and_read(run, tmp_path / "a"), tmp_path / "b")
    quietly(whole, images, steps=10, frame_every=1)
    assert_same_run(run, whole)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_was_changed_by_hand_is_kept(images, tmp_path):
    # Notebook 03's exercise slows the discriminator down like this.
    run, whole = (start_run(replace(TINY, generator_loss=saturating_generator_loss)) for _ in "ab")
    for each in (run, whole):
        each.d_optimizer.param_groups[0]["lr"] = 2e-5
        quietly(each, images, steps=2, frame_every=1)
        each.recipe = TINY  # with another loss
    run = written_and_read(run, tmp_path / "run.safetensors")
    for each in (run, whole):
        quietly(each, images, steps=2, frame_every=1)
    assert_same_run(run, whole)
    assert min(run.history.g_loss[2:]) > 0 > max(run.history.g_loss[:2])


def test_saving_and_loading_change_neither_the_run_nor_the_global_random_state(images, tmp_path):
    run, left_alone = start_run(TINY), start_run(TINY)
    for each in (run, left_alone):
        quietly(each, images, steps=3)
    before = torch.get_rng_state()
    resumed = written_and_read(run, tmp_path / "run.safetensors")
    assert torch.equal(torch.get_rng_state(), before)
    quietly(resumed, images, steps=3)  # it shares no tensor with the run it was written from
    assert_same_run(run, left_alone)


def test_the_file_is_one_move_and_replaces_the_older_one(images, tmp_path):
    file = tmp_path / "deep" / "er" / "run.safetensors"
    run = start_run(TINY)
    save_checkpoint(run, str(file))
    quietly(run, images, steps=2)
    run.history.about["note"] = 'ünïcödé, \n"quotes"'
    save_checkpoint(run, str(file), {"minutes": 1.5, "command": "train", "none": None})
    assert [path.name for path in file.parent.iterdir()] == ["run.safetensors"]
    assert_same_run(load_checkpoint(str(file)), run)
    assert read_about(file) == {"minutes": 1.5, "command": "train", "none": None}
    save_checkpoint(run, file)
    assert read_about(file) == {}


def test_loading_unpickles_nothing(images, tmp_path, monkeypatch):
    run = start_run(TINY)
    quietly(run, images, steps=2)
    save_checkpoint(run, tmp_path / "run.safetensors")

    def refused(*arguments, **options):
        raise AssertionError("something is unpickled")

    for module, name in ((torch, "load"), *((pickle, n) for n in ("load", "loads", "Unpickler"))):
        monkeypatch.setattr(module, name, refused)
    assert_same_run(load_checkpoint(tmp_path / "run.safetensors"), run)


@pytest.mark.parametrize(
    "recipe", [COURSE, ARTICLE, *RECIPES.values()], ids=["COURSE", "ARTICLE", *RECIPES]
)
def test_a_recipe_goes_through_json_and_back(recipe):
    written = json.loads(json.dumps(recipe_to_dict(recipe)))
    read = recipe_from_dict(written)
    assert json.loads(json.dumps(recipe_to_dict(read))) == written
    for field in recipe.__dataclass_fields__:
        ours, theirs = getattr(read, field), getattr(recipe, field)
        if isinstance(theirs, partial):  # two partials are never equal
            assert (ours.func, ours.keywords, ours.args) == (theirs.func, theirs.keywords, ())
        else:
            assert ours == theirs and type(ours) is type(theirs), field
    assert_same_state(start_run(read, seed=2), start_run(recipe, seed=2))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"build_generator": lambda: Generator(8, (16,))}, "build_generator"),
        ({"build_generator": partial(Generator, 8)}, "build_generator"),
        ({"build_discriminator": partial(lambda: Discriminator())}, "build_discriminator"),
        ({"build_generator": type("Generator", (Generator,), {})}, "build_generator"),
        ({"generator_loss": lambda logits: -logits.mean()}, "generator_loss"),
        ({"build_generator": partial(Generator, latent_dim=np.int64(8))}, "build_generator"),
    ],
    ids=["lambda", "positional", "partial of a lambda", "namesake", "loss", "not JSON"],
)
def test_a_recipe_that_no_name_stands_for_is_refused_before_anything_is_written(
    tmp_path, changes, field
):
    recipe = replace(TINY, **changes)
    for write in (
        lambda: recipe_to_dict(recipe),
        lambda: save_checkpoint(start_run(recipe), tmp_path / "run.safetensors"),
    ):
        with pytest.raises(ValueError, match=f"{field} is .* cannot be written"):
            write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"build_generator": ["StyleGAN", {}]}, "build_generator is 'StyleGAN'"),
        ({"generator_loss": ["print", {}]}, "generator_loss is 'print'"),
        ({"optimizer": "SGD"}, "unknown entry 'optimizer'"),
        ({"build_generator": ["Generator", {"width": 3}]}, "build_generator.*width"),
    ],
    ids=["network", "loss", "entry", "argument"],
)
def test_a_written_recipe_with_unknown_names_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        recipe_from_dict(recipe_to_dict(COURSE) | changes)
