import copy

import pytest
import torch
from safetensors.torch import save_file

from gan_helpers.training import COLUMNS, History, load_history, save_history, start_run, train


@pytest.fixture
def history(images, recipe) -> History:
    """A short run's: 5 steps, 3 measured, 3 frames."""
    run = start_run(recipe)
    return train(run, images, steps=5, measure_every=2, frame_every=3, progress=False)


def assert_equal(one: History, other: History) -> None:
    for name in COLUMNS:
        assert getattr(one, name) == getattr(other, name), name
    assert len(one.frames) == len(other.frames)
    assert all(torch.equal(a, b) for a, b in zip(one.frames, other.frames, strict=True))
    assert one.about == other.about


def test_steps_and_append():
    history = History()
    assert history.steps == 0
    frame = torch.zeros(40, 1, 28, 28, dtype=torch.uint8)
    history.append(d_loss=1.5, g_loss=0.5)
    history.append(d_loss=1.25, frames=frame)
    assert history.steps == 2
    assert (history.d_loss, history.g_loss) == ([1.5, 1.25], [0.5])
    assert history.frames[0] is frame


def test_append_refuses_a_column_that_does_not_exist():
    with pytest.raises(AttributeError, match="d_los"):
        History().append(d_los=1.0)


def test_two_histories_share_nothing():
    one, other = History(), History()
    one.append(d_loss=1.0)
    one.about["seed"] = "0"
    assert other == History()


def test_what_is_saved_is_loaded(history, tmp_path):
    history.about = {"command": "train --seed 0", "seed": "0", "note": 'ünïcödé, \n"quotes"'}
    kept = copy.deepcopy(history)
    file = tmp_path / "run.safetensors"
    save_history(history, file)
    loaded = load_history(file)
    assert_equal(loaded, history)
    assert_equal(history, kept)  # saving has left it alone
    assert loaded.steps == 5
    assert loaded.measured_steps == [0, 2, 4]
    assert loaded.frame_steps == [0, 3, 5]
    assert all(type(step) is int for step in loaded.measured_steps + loaded.frame_steps)
    assert all(type(loss) is float for loss in loaded.d_loss)
    assert loaded.frames[0].dtype == torch.uint8


def test_a_history_can_be_saved_again_under_the_same_name_given_as_text(history, tmp_path):
    file = str(tmp_path / "run.safetensors")
    save_history(history, file)
    history.about = {"seed": "1"}
    save_history(history, file)
    assert load_history(file).about == {"seed": "1"}


def test_a_loaded_history_can_grow(history, images, recipe, tmp_path):
    save_history(history, tmp_path / "run.safetensors")
    run = start_run(recipe)
    run.history = load_history(tmp_path / "run.safetensors")
    assert train(run, images, steps=2, progress=False).steps == 7
    save_history(run.history, tmp_path / "run.safetensors")
    assert load_history(tmp_path / "run.safetensors").frame_steps == [0, 3, 5, 7]


def test_a_history_before_the_first_step_can_be_saved(tmp_path):
    history = History(frames=[torch.zeros(40, 1, 28, 28, dtype=torch.uint8)], frame_steps=[0])
    save_history(history, tmp_path / "run.safetensors")
    loaded = load_history(tmp_path / "run.safetensors")
    assert_equal(loaded, history)
    assert loaded.steps == 0


def test_an_empty_history_is_not_saved(tmp_path):
    with pytest.raises(ValueError, match="history is empty; train the run"):
        save_history(History(), tmp_path / "run.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent.safetensors does not exist"):
        load_history(tmp_path / "absent.safetensors")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_history(tmp_path)  # a folder


def test_damaged_files(history, tmp_path):
    file = tmp_path / "run.safetensors"
    save_history(history, file)
    content = file.read_bytes()
    for length in (0, 7, 8, 100, len(content) // 2, len(content) - 1):
        file.write_bytes(content[:length])
        with pytest.raises(OSError, match="run.safetensors is damaged or no safetensors file"):
            load_history(file)
    file.write_bytes(content + b"more")
    with pytest.raises(OSError, match="damaged"):
        load_history(file)


def test_any_flipped_byte_of_the_header_is_an_oserror_or_harmless(tmp_path):
    file = tmp_path / "run.safetensors"
    frame = torch.zeros(1, 1, 2, 2, dtype=torch.uint8)
    save_history(History(frames=[frame], frame_steps=[0], about={"seed": "0"}), file)
    content = file.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    escaped = {}
    for position in range(header):
        changed = bytearray(content)
        changed[position] ^= 0xFF
        file.write_bytes(changed)
        try:
            load_history(file)
        except OSError:
            continue
        except Exception as error:
            escaped[position] = repr(error)
    assert escaped == {}


def test_foreign_files(history, tmp_path):
    file = tmp_path / "run.safetensors"
    file.write_text("d_loss, g_loss\n1.38, 0.69\n")
    with pytest.raises(OSError, match="damaged or no safetensors file"):
        load_history(file)
    save_file({"layers.0.weight": torch.zeros(3)}, file)  # a network's weights
    with pytest.raises(OSError, match=r"holds \['layers.0.weight'\]; a history holds .*'d_loss'"):
        load_history(file)


@pytest.mark.parametrize("change", ["one less", "one more"])
def test_a_file_with_other_columns(history, tmp_path, change):
    tensors = {name: torch.as_tensor(getattr(history, name)) for name in COLUMNS}
    tensors["frames"] = torch.stack(history.frames)
    if change == "one less":
        del tensors["g_loss"]
    else:
        tensors["fid"] = torch.zeros(5)
    save_file(tensors, tmp_path / "run.safetensors")
    with pytest.raises(OSError, match="a history holds"):
        load_history(tmp_path / "run.safetensors")


def test_a_file_with_columns_of_unequal_length(history, tmp_path):
    history.g_loss.pop()
    save_file(
        {name: torch.as_tensor(getattr(history, name)) for name in COLUMNS}
        | {"frames": torch.stack(history.frames)},
        tmp_path / "run.safetensors",
    )
    with pytest.raises(OSError, match="g_loss|length"):
        load_history(tmp_path / "run.safetensors")
