"""Checkpoints that are missing, damaged or of something else: one clear OSError."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from helping import TINY, assert_same_run, quietly
from safetensors import safe_open
from safetensors.torch import save_file

from gan_helpers.training import (
    Recipe,
    Run,
    checkpoints,
    load_checkpoint,
    read_about,
    save_checkpoint,
    save_generator,
    save_history,
    start_run,
)


@pytest.fixture
def run(images) -> Run:
    run = start_run(TINY)
    quietly(run, images, steps=3, frame_every=2, measure_every=2)
    return run


@pytest.fixture
def file(run, tmp_path) -> Path:
    save_checkpoint(run, tmp_path / "run.safetensors", {"epochs": 2})
    return tmp_path / "run.safetensors"


def assert_refused(file: Path, *parts: str, error: type[OSError] = OSError) -> None:
    with pytest.raises(error) as caught:
        load_checkpoint(file)
    message = str(caught.value)
    assert str(file) in message
    assert "\n" not in message
    for part in parts:
        assert part in message


@pytest.fixture
def rewrite(file, monkeypatch) -> Callable:
    """Change a checkpoint's state and tensors, and have its checksum agree."""

    def rewrite(change: Callable[[dict, dict[str, torch.Tensor]], None]) -> None:
        with safe_open(file, framework="pt") as opened:
            state = json.loads(opened.metadata()["checkpoint"])
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}
        change(state, tensors)
        save_file(tensors, file, metadata={"checkpoint": json.dumps(state)})
        monkeypatch.setattr(checkpoints, "_sha256", lambda *arguments: state["sha256"])

    return rewrite


# reading


def test_a_missing_file(tmp_path):
    assert_refused(tmp_path / "absent.safetensors", "does not exist", error=FileNotFoundError)
    assert_refused(tmp_path, "does not exist", error=FileNotFoundError)  # a folder
    with pytest.raises(FileNotFoundError, match="absent.safetensors does not exist"):
        read_about(tmp_path / "absent.safetensors")


def test_a_file_cut_short_or_with_more_at_its_end(file):
    content = file.read_bytes()
    rng = random.Random(0)
    lengths = [0, 1, 7, 8, 9, 100, len(content) // 2, len(content) - 1]
    for length in lengths + [rng.randrange(len(content)) for _ in range(50)]:
        file.write_bytes(content[:length])
        assert_refused(file, "is damaged or no safetensors file")
    file.write_bytes(content + b"more")
    assert_refused(file, "damaged")
    with pytest.raises(OSError, match="run.safetensors is damaged"):
        read_about(file)


def test_one_bit_that_is_not_as_it_was_in_the_tensors(file, run):
    content = file.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    rng = random.Random(0)
    places = [header, len(content) - 1] + [rng.randrange(header, len(content)) for _ in range(60)]
    for place in places:
        changed = bytearray(content)
        changed[place] ^= 1 << rng.randrange(8)
        file.write_bytes(changed)
        assert_refused(file, "is damaged: its checksum is not that of its contents")
    file.write_bytes(content)
    assert_same_run(load_checkpoint(file), run)


def test_one_bit_that_is_not_as_it_was_in_the_header(file):
    # The header holds the seed, the position and the recipe as well: none of them may change.
    content = file.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    state = content.index(b'"checkpoint"')
    accepted = []
    rng = random.Random(0)
    for place in [*range(state, state + 800, 2), *rng.sample(range(header), 100)]:
        changed = bytearray(content)
        changed[place] ^= 1  # a digit stays a digit, a letter a letter
        file.write_bytes(changed)
        try:
            load_checkpoint(file)
        except OSError as error:
            assert str(file) in str(error) and "\n" not in str(error)
        else:
            accepted.append(bytes(changed[place - 12 : place + 12]))
    assert accepted == []


def test_foreign_files(run, file):
    file.write_text("step, d_loss\n1, 1.38\n")
    assert_refused(file, "is damaged or no safetensors file")
    save_history(run.history, file)
    assert_refused(file, "is no checkpoint; save_checkpoint writes such files")
    save_generator(run.generator, file, {"seed": "0"})
    assert_refused(file, "is no checkpoint")
    for metadata in (None, {}, {"checkpoint": "{"}, {"checkpoint": "[]"}, {"checkpoint": "{}"}):
        save_file({"layers.0.weight": torch.zeros(3)}, file, metadata=metadata)
        assert_refused(file, "is no checkpoint")


def test_a_checkpoint_from_before_gradient_descent(file, run, rewrite):
    def age(state: dict, tensors: dict[str, torch.Tensor]) -> None:
        for entry in ("g_optimizer", "d_optimizer", "d_learning_rate", "momentum", "head_start"):
            del state["recipe"][entry]
        state["adams"] = state.pop("optimizers")
        state["format"] = 2

    rewrite(age)
    assert_same_run(load_checkpoint(file), run)


@pytest.mark.parametrize("version", [1, 4])  # 1: before bfloat16, and with other networks
def test_a_checkpoint_of_an_older_or_a_newer_package(file, rewrite, version):
    rewrite(lambda state, tensors: state.update(format=version))
    message = f"is a checkpoint of format {version}; this package reads format 3. Go on with"
    assert_refused(file, message)
    with pytest.raises(OSError, match=f"format {version}"):
        read_about(file)


@pytest.mark.parametrize(
    ("part", "arguments"),
    [
        ("build_generator", {"latent_dim": 9, "hidden": [16]}),
        ("build_generator", {"latent_dim": 8, "hidden": [17]}),
        ("build_generator", {"latent_dim": 8, "hidden": [16, 16]}),
        ("build_generator", {"latent_dim": 8, "width": 16}),
        ("build_generator", {"latent_dim": -1}),
        ("build_discriminator", {"hidden": [15]}),
        ("build_discriminator", {"hidden": [16], "dropout": 3}),
    ],
    ids=str,
)
def test_a_recipe_of_other_sizes_than_the_tensors(file, rewrite, part, arguments):
    rewrite(lambda state, tensors: state["recipe"][part].__setitem__(1, arguments))
    assert_refused(file, "does not hold a whole run of this recipe")


@pytest.mark.parametrize(
    "changes",
    [
        {"build_generator": ["StyleGAN", {}]},
        {"build_generator": "Generator"},
        {"build_generator": ["saturating_generator_loss", {}]},
        {"average_decay": 2},
        {"surprise": 1},
    ],
    ids=str,
)
def test_a_recipe_that_is_none(file, rewrite, changes):
    rewrite(lambda state, tensors: state["recipe"].update(changes))
    assert_refused(file, "does not hold a whole run of this recipe")


@pytest.mark.parametrize("entry", Recipe.__dataclass_fields__)
def test_a_recipe_that_lacks_an_entry_does_not_get_the_default(file, rewrite, entry):
    rewrite(lambda state, tensors: state["recipe"].pop(entry))
    assert_refused(file, f"does not hold a whole run of this recipe (the recipe lacks {entry}.)")


@pytest.mark.parametrize("key", ["recipe", "seed", "position", "history", "optimizers"])
def test_a_state_that_lacks_an_entry(file, rewrite, key):
    rewrite(lambda state, tensors: state.pop(key))
    assert_refused(file, "does not hold a whole run", key)


MISSING = """generator/layers.0.weight generator/layers.1.running_mean discriminator/layers.0.bias
average/n_averaged average/module.layers.0.weight average/ g_optimizer/0/exp_avg g_optimizer/1/step
g_optimizer/0/ random/rng random/dropout data/fixed_z history/d_loss history/frames""".split()
# A run before its first step has none of these, so that only the checksum tells.
MISSING_UNNOTICED = ["d_optimizer/", "data/order"]


@pytest.mark.parametrize("name", MISSING + MISSING_UNNOTICED)
@pytest.mark.parametrize("signed", [False, True])
def test_missing_tensors(file, rewrite, monkeypatch, name, signed):
    def remove(state: dict, tensors: dict[str, torch.Tensor]) -> None:
        gone = [key for key in tensors if key.startswith(name)]
        assert gone
        for key in gone:
            del tensors[key]

    rewrite(remove)
    if not signed:
        monkeypatch.undo()
        assert_refused(file, "is damaged: its checksum is not that of its contents")
    elif name in MISSING:
        assert_refused(file)


@pytest.mark.parametrize(
    "name",
    ["generator/layers.0.weight", "g_optimizer/0/exp_avg", "g_optimizer/0/exp_avg_sq"]
    + ["random/rng", "data/fixed_z", "history/g_loss"],
)
def test_tensors_of_another_shape(file, rewrite, name):
    rewrite(lambda state, tensors: tensors.update({name: tensors[name][:-1].clone()}))
    assert_refused(file)
