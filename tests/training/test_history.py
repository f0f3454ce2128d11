import copy
from pathlib import Path

import pytest
import torch
from helping import assert_header_bears_flips
from safetensors.torch import save_file

from gan_helpers.training import COLUMNS, History, load_history, save_history, start_run, train


@pytest.fixture
def history(images, recipe) -> History:
    """A short run's: 5 steps, 3 measured, 3 frames."""
    run = start_run(recipe)
    return train(run, images, steps=5, measure_every=2, frame_every=3, progress=False)


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "run.safetensors"


def written(history: History) -> dict[str, torch.Tensor]:
    """What the file of ``history`` holds, in the test's own words."""
    columns = {name: torch.as_tensor(getattr(history, name)) for name in COLUMNS}
    return columns | {"frames": torch.stack(history.frames)}


def assert_equal(one: History, other: History) -> None:
    for name in COLUMNS:
        assert getattr(one, name) == getattr(other, name), name
    assert len(one.frames) == len(other.frames)
    assert all(torch.equal(a, b) for a, b in zip(one.frames, other.frames, strict=True))
    assert one.about == other.about


def test_steps_and_append():
    history, other = History(), History()
    assert history.steps == 0
    frame = torch.zeros(40, 1, 28, 28, dtype=torch.uint8)
    history.append(d_loss=1.5, g_loss=0.5)
    history.append(d_loss=1.25, frames=frame)
    history.about["seed"] = "0"
    assert history.steps == 2
    assert (history.d_loss, history.g_loss) == ([1.5, 1.25], [0.5])
    assert history.frames[0] is frame
    assert other == History()  # two histories share nothing
    with pytest.raises(AttributeError, match="d_los"):
        other.append(d_los=1.0)


def test_what_is_saved_is_loaded(history, file):
    save_history(history, str(file))
    history.about = {"command": "train --seed 0", "seed": "0", "note": 'ünïcödé, \n"quotes"'}
    kept = copy.deepcopy(history)
    save_history(history, str(file))  # over the older one
    loaded = load_history(str(file))
    assert_equal(loaded, history)
    assert_equal(history, kept)  # saving has left it alone
    assert loaded.steps == 5
    assert loaded.measured_steps == [0, 2, 4]
    assert loaded.frame_steps == [0, 3, 5]
    assert all(type(step) is int for step in loaded.measured_steps + loaded.frame_steps)
    assert all(type(loss) is float for loss in loaded.d_loss)
    assert loaded.frames[0].dtype == torch.uint8
    assert torch.equal(loaded.real, history.real) and loaded.real.shape == (40, 1, 28, 28)
    history.real = None  # as in those recorded before
    save_history(history, str(file))
    assert load_history(str(file)).real is None


def test_a_loaded_history_can_grow(history, images, recipe, file):
    save_history(history, file)
    run = start_run(recipe)
    run.history = load_history(file)
    assert train(run, images, steps=2, progress=False).steps == 7
    save_history(run.history, file)
    assert load_history(file).frame_steps == [0, 3, 5, 7]


def test_a_history_is_saved_from_its_first_frame_on(file):
    with pytest.raises(ValueError, match="history is empty"):
        save_history(History(), file)
    assert not file.exists()
    history = History(frames=[torch.zeros(40, 1, 28, 28, dtype=torch.uint8)], frame_steps=[0])
    save_history(history, file)
    loaded = load_history(file)
    assert_equal(loaded, history)
    assert loaded.steps == 0


def test_a_missing_file_and_a_folder(tmp_path):
    for path, fault in ((tmp_path / "absent", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(FileNotFoundError, match=f"{path} {fault}"):
            load_history(path)


def test_damaged_and_foreign_files(history, file):
    save_history(history, file)
    content = file.read_bytes()
    cut = [content[:length] for length in (0, 7, 8, 100, len(content) // 2, len(content) - 1)]
    for damaged in (*cut, content + b"more", b"d_loss, g_loss\n1.38, 0.69\n"):
        file.write_bytes(damaged)
        with pytest.raises(OSError, match="run.safetensors is damaged"):
            load_history(file)


def test_any_flipped_byte_of_the_header_is_an_oserror_or_harmless(file):
    frame = torch.zeros(1, 1, 2, 2, dtype=torch.uint8)
    save_history(History(frames=[frame], frame_steps=[0], about={"seed": "0"}), file)
    assert_header_bears_flips(file, load_history)


CHANGES = {
    "one less": lambda tensors: tensors.pop("g_loss"),
    "one more": lambda tensors: tensors.update(fid=torch.zeros(5)),
    "a network's": lambda tensors: tensors.clear() or tensors.update(weight=torch.zeros(3)),
    "floats as pictures": lambda tensors: tensors.update(frames=tensors["frames"].float()),
    "one picture": lambda tensors: tensors.update(frames=tensors["frames"][:, 0, 0].clone()),
    "a table": lambda tensors: tensors.update(g_loss=torch.zeros(5, 2)),
    "one shorter": lambda tensors: tensors.update(g_loss=tensors["g_loss"][:-1].clone()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_file_with_other_columns_or_of_unequal_length(history, file, change):
    tensors = written(history)
    change(tensors)
    save_file(tensors, file)
    with pytest.raises(OSError, match="a history holds|no history has|unequal length"):
        load_history(file)
