"""``train`` on the command line: what it leaves, and that stopped and resumed is never stopped."""

import json
import re
import signal
from pathlib import Path

import pytest
import torch
from helping import SMALL, assert_same_run, assert_same_state, same, state, status_of
from PIL import Image

from gan_helpers.cli import plan
from gan_helpers.cli import train as train_command
from gan_helpers.failures import diagnose
from gan_helpers.models import sample
from gan_helpers.plots import grid_image
from gan_helpers.training import COLUMNS, load_checkpoint, load_generator, read_about

EPOCH = 10  # steps: 330 images, ten left over


pytestmark = pytest.mark.usefixtures("small_mnist")


def begin(folder: Path, *more: str) -> int:
    return status_of("train", "--out", folder, "--device", "cpu", *SMALL, *more)


def resume(folder: Path, *more: str) -> int:
    return status_of("train", "--out", folder, "--device", "cpu", "--resume", *more)


def checkpoint(folder: Path):
    return load_checkpoint(folder / "checkpoint.safetensors")


def before_step(monkeypatch, step: int, act) -> None:
    """Have ``act`` called before step number ``step`` (from 0) of the run, once."""
    advance = train_command.advance

    def stepping(run, images, **options):
        if run.history.steps == step:
            monkeypatch.setattr(train_command, "advance", advance)
            act()
        return advance(run, images, **options)

    monkeypatch.setattr(train_command, "advance", stepping)


def press_stop() -> None:
    signal.raise_signal(signal.SIGINT)


def crash() -> None:
    raise KeyboardInterrupt


# what a run leaves


def test_a_run_leaves_all_that_is_for_reading(tmp_path, capsys):
    folder = tmp_path / "runs" / "first"
    assert begin(folder, "--epochs", "3", "--grid-every", "2", "--seed", "4") == 0
    out = capsys.readouterr().out
    assert re.search(rf"^30 steps in \d+\.\d minutes: {re.escape(str(folder))}$", out, re.M), out
    assert {path.name for path in folder.iterdir()} - {"lock"} == {
        "checkpoint.safetensors",
        "generator.safetensors",
        "history.json",
        "run.json",
        "samples",
    }
    run = checkpoint(folder)
    assert (run.seed, run.history.steps) == (4, 3 * EPOCH)
    assert run.history.frame_steps == [0, 2 * EPOCH]

    generator, about = load_generator(folder / "generator.safetensors")
    assert same(state(generator), state(run.sampler))
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record == about
    assert (record["seed"], record["steps"]) == ("4", "30")
    assert re.fullmatch(r"\d+\.\d", record["minutes"])
    assert record["command"].startswith("python -m gan_helpers ")
    assert torch.__version__.startswith(record["torch"])

    history = json.loads((folder / "history.json").read_text(encoding="utf-8"))
    assert history == {name: getattr(run.history, name) for name in COLUMNS}
    assert len(history["d_loss"]) == 3 * EPOCH

    pictures = sorted(path.name for path in (folder / "samples").iterdir())
    assert pictures == ["epoch_0002.png", "last.png"]
    with Image.open(folder / "samples" / "last.png") as last:
        expected = grid_image(sample(run.sampler, run.fixed_z))
        assert (last.size, last.tobytes()) == (expected.size, expected.tobytes())


@pytest.mark.parametrize("checkpoint_every", [None, "1", "7", "100"])
def test_a_grid_is_drawn_after_each_epoch_however_often_the_run_is_saved(
    tmp_path, checkpoint_every
):
    more = ["--checkpoint-every", checkpoint_every] if checkpoint_every else []
    assert begin(tmp_path, "--epochs", "4", *more) == 0
    names = [f"epoch_000{epoch}.png" for epoch in (1, 2, 3, 4)]
    assert sorted(p.name for p in (tmp_path / "samples").iterdir()) == [*names, "last.png"]
    assert checkpoint(tmp_path).history.frame_steps == [0, 10, 20, 30, 40]


def test_a_checkpoint_is_written_at_the_start_every_so_many_steps_and_at_the_end(
    tmp_path, monkeypatch
):
    saved, save = [], train_command.save_checkpoint
    monkeypatch.setattr(
        train_command,
        "save_checkpoint",
        lambda run, *rest: (saved.append(run.history.steps), save(run, *rest)),
    )
    assert begin(tmp_path, "--epochs", "2", "--checkpoint-every", "6") == 0
    assert sorted(set(saved)) == [0, 6, 12, 18, 20]


def test_without_a_length_it_is_ten_epochs(tmp_path):
    assert begin(tmp_path) == 0
    assert checkpoint(tmp_path).history.steps == 10 * EPOCH


def test_a_time_budget_ends_a_run_and_is_counted_on_by_resume(tmp_path, monkeypatch):
    now = [0.0]

    def clock() -> float:
        now[0] += 1.0  # a second passes between two looks
        return now[0]

    monkeypatch.setattr(train_command.time, "perf_counter", clock)
    assert begin(tmp_path, "--minutes", "0.1") == 0  # six seconds
    steps = checkpoint(tmp_path).history.steps
    assert 6 <= steps <= 60
    about = read_about(tmp_path / "checkpoint.safetensors")
    assert (about["epochs"], about["minutes"], about["seconds"]) == (None, 0.1, 6.0)
    assert json.loads((tmp_path / "run.json").read_text())["minutes"] == "0.1"
    assert resume(tmp_path) == 0  # the time is up
    assert checkpoint(tmp_path).history.steps == steps
    assert resume(tmp_path, "--minutes", "0.2") == 0
    assert checkpoint(tmp_path).history.steps == 2 * steps


@pytest.mark.parametrize("more", [[], ["--minutes", "0.05"]])
def test_a_time_budget_that_is_used_up_is_said_with_how_to_give_more(
    tmp_path, monkeypatch, capsys, more
):
    now = [0.0]

    def clock() -> float:
        now[0] += 2.5  # the last step ends beyond the limit
        return now[0]

    monkeypatch.setattr(train_command.time, "perf_counter", clock)
    assert begin(tmp_path, "--minutes", "0.1") == 0
    steps = checkpoint(tmp_path).history.steps
    capsys.readouterr()
    assert resume(tmp_path, *more) == 0
    line, *_ = capsys.readouterr().out.splitlines()
    length = (more or ["--minutes", "0.1"])[1]
    again = f"python -m gan_helpers train --resume --out {tmp_path} --minutes N"
    assert line == f"The run has had its {length} minutes. To give it N in all: {again}"
    assert checkpoint(tmp_path).history.steps == steps


def test_a_run_ends_with_its_diagnosis_unless_it_was_too_short(tmp_path, capsys):
    assert begin(tmp_path, "--epochs", "19", "--grid-every", "19") == 0  # 190 steps
    assert "Diagnosis" not in capsys.readouterr().out
    assert resume(tmp_path, "--epochs", "30") == 0  # no grid is due at the end
    run = checkpoint(tmp_path)
    assert run.history.frame_steps[-1] == 190
    run.history.append(frame_steps=300, frames=sample(run.sampler, run.fixed_z))
    last_line = capsys.readouterr().out.splitlines()[-1]
    assert last_line == f"Diagnosis: {diagnose(run.history)}"


# stopped and resumed


def assert_same_folder(one: Path, other: Path) -> None:
    assert_same_run(checkpoint(one), checkpoint(other))
    for name in ("history.json", "samples/last.png", "samples/epoch_0001.png"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    pictures = [sorted(p.name for p in (folder / "samples").iterdir()) for folder in (one, other)]
    assert pictures[0] == pictures[1]
    ours, theirs = (load_generator(folder / "generator.safetensors")[0] for folder in (one, other))
    assert same(state(ours), state(theirs))


@pytest.mark.parametrize("act", [press_stop, crash])
@pytest.mark.parametrize("step", [0, 4, 9, 10, 17, 24])
def test_a_run_that_is_stopped_and_resumed_is_the_uninterrupted_one(
    tmp_path, monkeypatch, capsys, act, step
):
    stopped, whole = tmp_path / "stopped", tmp_path / "whole"
    options = ["--epochs", "3", "--checkpoint-every", "5", "--seed", "2"]
    assert begin(whole, *options) == 0
    before_step(monkeypatch, step, act)
    assert begin(stopped, *options) == 130
    assert f"python -m gan_helpers train --resume --out {stopped}" in capsys.readouterr().out
    if act is press_stop:
        load_generator(stopped / "generator.safetensors")  # a stopped run leaves one too
    # Ctrl-C ends the run after the step; what comes out of the middle of one loses some steps.
    assert checkpoint(stopped).history.steps == (step + 1 if act is press_stop else step // 5 * 5)
    before_step(monkeypatch, 27, press_stop)  # and a second time
    assert resume(stopped) == 130
    assert resume(stopped) == 0
    assert_same_folder(stopped, whole)


@pytest.mark.parametrize("name", ["save_checkpoint", "_leave", "load_dataset", "samples_png"])
def test_ctrl_c_at_any_other_moment_ends_the_program_quietly_too(tmp_path, monkeypatch, name):
    stopped, whole = tmp_path / "stopped", tmp_path / "whole"
    assert begin(whole, "--epochs", "2") == 0

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(plan if name == "load_dataset" else train_command, name, interrupted)
        try:
            assert begin(stopped, "--epochs", "2") == 130
        except KeyboardInterrupt:
            pytest.fail("a traceback")
    begun = (stopped / "checkpoint.safetensors").exists()
    assert (resume(stopped) if begun else begin(stopped, "--epochs", "2")) == 0
    assert_same_folder(stopped, whole)


def test_resuming_keeps_the_recipe_the_seed_and_the_length(tmp_path, monkeypatch):
    before_step(monkeypatch, 5, press_stop)
    more = "--seed 9 --loss saturating --fresh-z --average-decay none --learning-rate 0.003".split()
    assert begin(tmp_path, "--epochs", "2", "--grid-every", "2", *more) == 130
    recipe, command = checkpoint(tmp_path).recipe, read_about(tmp_path / "checkpoint.safetensors")
    assert resume(tmp_path) == 0
    run = checkpoint(tmp_path)
    assert (run.seed, run.history.steps, run.average) == (9, 2 * EPOCH, None)
    assert run.recipe.generator_loss is recipe.generator_loss
    assert (run.recipe.fresh_z, run.recipe.learning_rate) == (True, 0.003)
    about = read_about(tmp_path / "checkpoint.safetensors")
    assert {**about, "seconds": 0} == {**command, "seconds": 0}
    assert about["seconds"] > command["seconds"]


def test_the_record_of_a_run_says_the_commands_really_given(tmp_path):
    assert begin(tmp_path, "--epochs", "1") == 0
    for more in (["--epochs", "2"], [], ["--grid-every", "1"], ["--epochs", "3"]):
        assert resume(tmp_path, *more) == 0
    options = f"train --out {tmp_path} --device cpu"
    commands = json.loads((tmp_path / "run.json").read_text())["command"].split(" && ")
    assert commands == [  # those that changed nothing are left out
        "python -m gan_helpers " + " ".join([options, *SMALL, "--epochs 1"]),
        f"python -m gan_helpers {options} --resume --epochs 2",
        f"python -m gan_helpers {options} --resume --epochs 3",
    ]


def test_a_longer_length_extends_a_finished_run(tmp_path):
    extended, whole = tmp_path / "extended", tmp_path / "whole"
    assert begin(extended, "--epochs", "1") == 0
    assert resume(extended, "--epochs", "3") == 0
    assert begin(whole, "--epochs", "3") == 0
    assert_same_folder(extended, whole)
    assert resume(extended, "--epochs", "2") == 0  # already longer
    assert_same_state(checkpoint(extended), checkpoint(whole))
