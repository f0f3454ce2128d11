"""Checkpoints that are damaged, of something else, or cannot be written: one clear OSError."""

import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
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
    files,
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
    assert "\n" not in message
    for part in (str(file), *parts):
        assert part in message


def with_flips(file: Path, flips: list[tuple[int, int]]) -> Iterator[None]:
    """Write ``file`` with one of ``flips`` at a time: the place, and the bits that change there."""
    content = file.read_bytes()
    for place, bits in flips:
        changed = bytearray(content)
        changed[place] ^= bits
        file.write_bytes(changed)
        yield
    file.write_bytes(content)


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


def test_a_missing_file_and_a_folder(tmp_path):
    for path, fault in ((tmp_path / "absent", "does not exist"), (tmp_path, "is a folder")):
        assert_refused(path, fault, error=FileNotFoundError)
        with pytest.raises(FileNotFoundError, match=fault):
            read_about(path)


def test_a_file_cut_short_or_with_more_at_its_end(file):
    content = file.read_bytes()
    rng = random.Random(0)
    lengths = [0, 1, 7, 8, 9, 100, len(content) // 2, len(content) - 1]
    lengths += [rng.randrange(len(content)) for _ in range(50)]
    for damaged in [content[:length] for length in lengths] + [content + b"more"]:
        file.write_bytes(damaged)
        assert_refused(file, "is damaged")
    with pytest.raises(OSError, match="run.safetensors is damaged"):
        read_about(file)


def test_one_bit_that_is_not_as_it_was_in_the_tensors(file, run):
    size, rng = file.stat().st_size, random.Random(0)
    header = 8 + int.from_bytes(file.read_bytes()[:8], "little")
    places = [header, size - 1] + [rng.randrange(header, size) for _ in range(60)]
    for _ in with_flips(file, [(place, 1 << rng.randrange(8)) for place in places]):
        assert_refused(file, "is damaged: its checksum")
    assert_same_run(load_checkpoint(file), run)


def test_one_bit_that_is_not_as_it_was_in_the_header(file):
    # The header holds the seed, the position and the recipe as well: none of them may change.
    content = file.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    state = content.index(b'"checkpoint"')
    places = [*range(state, state + 800, 2), *random.Random(0).sample(range(header), 100)]
    for _ in with_flips(file, [(place, 1) for place in places]):  # a digit stays a digit
        assert_refused(file)


def test_foreign_files(run, file):
    file.write_text("step, d_loss\n1, 1.38\n")
    assert_refused(file, "is damaged")
    save_history(run.history, file)
    assert_refused(file, "is no checkpoint")
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


def test_a_checkpoint_from_before_the_history_held_real_images(file, run, rewrite):
    def age(state: dict, tensors: dict[str, torch.Tensor]) -> None:
        del tensors["history/real"]
        state["format"] = 3

    rewrite(age)
    loaded = load_checkpoint(file)
    assert_same_run(loaded, run)
    assert loaded.history.real is None and run.history.real.shape == (40, 1, 28, 28)


def test_a_checkpoint_from_before_schedules_and_the_simultaneous_step(file, run, rewrite):
    new = ("rate_divisor", "final_momentum", "momentum_steps", "simultaneous")

    def age(state: dict, tensors: dict[str, torch.Tensor]) -> None:
        for entry in new:
            state["recipe"].pop(entry, None)
        state["format"] = 4

    rewrite(age)
    assert_same_run(load_checkpoint(file), run)
    # What format 2 may lack, format 4 may not.
    rewrite(lambda state, tensors: state["recipe"].pop("momentum"))
    assert_refused(file, "lacks momentum")


def into(*path: str, value: object) -> Callable[[dict, dict], None]:
    """A change of one value in a checkpoint's state, or of one of its tensors."""

    def change(state: dict, tensors: dict[str, torch.Tensor]) -> None:
        *outer, last = path
        place = tensors if last in tensors else state
        for key in outer:
            place = place[key]
        place[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        *((into("recipe", "batch_size", value=n), "batch_size is") for n in (0, 1, -2, 2.5, "16")),
        *((into("position", value=n), "position is") for n in (-1, 71, 0.5, None)),
        *((into("seed", value=n), "") for n in ("0", 2**70, 1.5, None)),
        (into("data/order", value=torch.zeros(70, dtype=torch.int64)), "order of the images"),
        (into("data/order", value=torch.arange(1, 71)), "order of the images"),
        (into("data/order", value=torch.randperm(70).double()), "order of the images"),
        (into("history", value={"seed": 0}), "not a text"),
        (into("data/fixed_z", value=torch.zeros(40, 8, dtype=torch.float64)), "fixed_z"),
        *(
            (into("optimizers", 0, name, value=number), "")
            for name, number in (("lr", "0.1"), ("lr", -1), ("lr", float("nan")), ("betas", [0.5]))
        ),
        *(
            (into("history/frames", value=frames), words)
            for frames, words in (
                (torch.zeros(3, 40, 1, 14, 14, dtype=torch.uint8), "frames have shape"),
                (torch.zeros(3, 20, 1, 28, 28, dtype=torch.uint8), "frames have shape"),
                (torch.zeros(3, 40, 1, 28, 28), "no history has"),
            )
        ),
        (into("history/real", value=torch.zeros(40, dtype=torch.uint8)), "no history has"),
        (into("history/d_loss", value=torch.zeros(3, 2)), "no history has"),
    ],
)
def test_values_that_no_run_has_are_refused_when_read_though_the_checksum_agrees(
    file, rewrite, change, words
):
    rewrite(change)
    assert_refused(file, words)


def test_what_was_read_stays_as_it_was_when_the_file_is_written_over_in_place(file, run):
    loaded = load_checkpoint(file)
    if sys.platform == "linux":  # Windows refuses to replace a file that is mapped
        assert str(file) not in Path("/proc/self/maps").read_text()
    with open(file, "r+b") as opened:
        opened.write(bytes(file.stat().st_size))
    assert_same_run(loaded, run)
    assert torch.equal(loaded.history.real, run.history.real)


def test_two_programs_that_write_one_file_do_not_meet_and_no_file_of_the_users_is_touched(
    file, run, monkeypatch
):
    own = file.with_name(file.name + ".unfinished")
    own.write_text("the user's own")
    replace, content = os.replace, file.read_bytes()

    def in_between(*names):
        monkeypatch.setattr(os, "replace", replace)
        files.write_whole(file, b"the other program's")
        assert file.read_bytes() == b"the other program's"
        replace(*names)

    monkeypatch.setattr(os, "replace", in_between)
    files.write_whole(file, content)
    assert contents(file.parent) == {file.name: content, own.name: b"the user's own"}


def test_what_a_killed_program_left_is_removed_when_nobody_has_touched_it_for_an_hour(file):
    left, young = (file.with_name(f"{file.name}.{n}.unfinished") for n in ("0123abcd", "89abcdef"))
    for one in (left, young):
        one.write_text("half")
    os.utime(left, (0, 0))
    files.write_whole(file, b"whole")
    assert set(contents(file.parent)) == {file.name, young.name}


@pytest.mark.parametrize("version", [1, 6])  # 1: before bfloat16, and with other networks
def test_a_checkpoint_of_an_older_or_a_newer_package(file, rewrite, version):
    rewrite(lambda state, tensors: state.update(format=version))
    assert_refused(file, f"format {version}")
    with pytest.raises(OSError, match=f"format {version}"):
        read_about(file)


@pytest.mark.parametrize(
    "changes",
    [
        {"build_generator": ["Generator", {"latent_dim": 9, "hidden": [16]}]},
        {"build_generator": ["Generator", {"latent_dim": 8, "hidden": [17]}]},
        {"build_generator": ["Generator", {"latent_dim": 8, "hidden": [16, 16]}]},
        {"build_generator": ["Generator", {"latent_dim": 8, "width": 16}]},
        {"build_generator": ["Generator", {"latent_dim": -1}]},
        {"build_discriminator": ["Discriminator", {"hidden": [15]}]},
        {"build_discriminator": ["Discriminator", {"hidden": [16], "dropout": 3}]},
        {"build_generator": ["StyleGAN", {}]},
        {"build_generator": "Generator"},
        {"build_generator": ["saturating_generator_loss", {}]},
        {"average_decay": 2},
        {"surprise": 1},
    ],
    ids=str,
)
def test_a_recipe_that_is_none_or_of_other_sizes_than_the_tensors(file, rewrite, changes):
    rewrite(lambda state, tensors: state["recipe"].update(changes))
    assert_refused(file, "does not hold a whole run of this recipe")


@pytest.mark.parametrize("entry", Recipe.__dataclass_fields__)
def test_a_recipe_that_lacks_an_entry_does_not_get_the_default(file, rewrite, entry):
    rewrite(lambda state, tensors: state["recipe"].pop(entry))
    assert_refused(file, "does not hold a whole run", f"the written recipe lacks {entry}")


@pytest.mark.parametrize("key", ["recipe", "seed", "position", "history", "optimizers"])
def test_a_state_that_lacks_an_entry(file, rewrite, key):
    rewrite(lambda state, tensors: state.pop(key))
    assert_refused(file, "does not hold a whole run", key)


MISSING = """generator/layers.0.weight generator/layers.1.running_mean discriminator/layers.0.bias
average/n_averaged average/module.layers.0.weight average/ g_optimizer/0/exp_avg g_optimizer/1/step
g_optimizer/0/ random/rng random/dropout data/fixed_z data/order history/d_loss
history/frames""".split()
# A run before its first step has none of these, so that only the checksum tells.
MISSING_UNNOTICED = ["d_optimizer/"]


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
        assert_refused(file, "is damaged: its checksum")
    elif name in MISSING:
        assert_refused(file)


def test_without_what_was_given_beside_the_run_there_is_nothing_beside_it(file, rewrite):
    rewrite(lambda state, tensors: state.pop("about"))
    assert read_about(file) == {}


def test_a_type_that_numpy_has_not_does_not_fit_the_checksum(file, rewrite, monkeypatch):
    name = "generator/layers.0.weight"
    rewrite(lambda state, tensors: tensors.update({name: tensors[name].bfloat16()}))
    monkeypatch.undo()
    assert_refused(file, "is damaged: its checksum")


@pytest.mark.parametrize(
    "name",
    ["generator/layers.0.weight", "g_optimizer/0/exp_avg", "g_optimizer/0/exp_avg_sq"]
    + ["random/rng", "data/fixed_z", "history/g_loss"],
)
def test_tensors_of_another_shape(file, rewrite, name):
    rewrite(lambda state, tensors: tensors.update({name: tensors[name][:-1].clone()}))
    assert_refused(file)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class HalfWritten(io.BytesIO):
    """An open file on a disk that fills up while it is written to."""

    def __init__(self, file: Path, mode: str):
        super().__init__()
        self.file = file

    def write(self, content: bytes) -> int:
        self.file.write_bytes(content[: len(content) // 2])
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("older", [True, False])
def test_a_full_disk(run, images, tmp_path, monkeypatch, older):
    file = tmp_path / "run.safetensors"
    if older:
        save_checkpoint(run, file)
    before = contents(tmp_path)
    monkeypatch.setattr(files, "open", HalfWritten, raising=False)
    quietly(run, images, steps=1)
    kept = "the checkpoint before it is untouched" if older else "there is none yet"
    with pytest.raises(OSError, match=f"could not be written .*space.*; {kept}"):
        save_checkpoint(run, file)
    assert contents(tmp_path) == before
    if older:
        assert load_checkpoint(file).history.steps == 3


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()])
def test_a_crash_between_writing_and_replacing_leaves_the_older_one(
    run, images, tmp_path, monkeypatch, error
):
    def crash(*arguments):
        raise error

    file = tmp_path / "run.safetensors"
    save_checkpoint(run, file)
    before = contents(tmp_path)
    quietly(run, images, steps=1)
    with monkeypatch.context() as patched, pytest.raises(type(error)):
        patched.setattr(os, "replace", crash)
        save_checkpoint(run, file)
    assert contents(tmp_path) == before
    save_checkpoint(run, file)
    assert load_checkpoint(file).history.steps == 4


FULL_DISK = """
import resource, sys
import torch
torch.set_num_threads(1)
from helping import TINY
from gan_helpers.training import load_checkpoint, save_checkpoint, start_run

file, run = sys.argv[1], start_run(TINY)
save_checkpoint(run, file)
run.position = 99
for size in (0, 10_000, 100_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        save_checkpoint(run, file)
    except OSError as error:
        print(error)
    assert load_checkpoint(file).position == 0
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's limit of a file's size")
def test_a_file_that_the_system_does_not_let_grow(tmp_path):
    file = tmp_path / "run.safetensors"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(file)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[1],
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    for line in lines:
        assert f"{file} could not be written" in line
        assert "the checkpoint before it is untouched. Is the disk full?" in line
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert load_checkpoint(file).history.steps == 0


@pytest.mark.parametrize("times", [2, 9])
def test_a_file_that_another_program_is_reading_is_replaced_a_moment_later(
    file, monkeypatch, times
):
    replace, refusals = os.replace, iter(range(times))

    def refused(*names):  # as Windows does
        if next(refusals, None) is None:
            return replace(*names)
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(os, "replace", refused)
    monkeypatch.setattr(files.time, "sleep", lambda seconds: None)
    before = file.read_bytes()
    if times == 2:
        files.write_whole(file, b"new")
    else:
        with pytest.raises(PermissionError):
            files.write_whole(file, b"new")
    assert contents(file.parent) == {file.name: b"new" if times == 2 else before}
