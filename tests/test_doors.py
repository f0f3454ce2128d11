"""A table of doors: what each public name is given wrongly, and what it answers.

The rows are in ``tests/doors``, a file for each room. A door stands there with its good arguments,
of which a row makes one wrong: (argument, what is given, the error, a part of what it says).
"""

import importlib
import inspect
import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from doors import commands, failures, games, latent, metrics, networks, panels, plots, training
from doors.given import BYTES, DISCRIMINATOR, GENERATOR, HISTORY, RUN
from helping import assert_one_sentence, status_of

import gan_helpers
from gan_helpers.training import (
    save_checkpoint,
    save_discriminator,
    save_generator,
    save_history,
)

PACKAGE = Path(gan_helpers.__file__).parent
ROOMS = (networks, training, plots, games, metrics, latent, failures, panels)
DOORS = {door: rows for room in ROOMS for door, rows in room.DOORS.items()}
CHAPTERS = sorted(file.stem for file in (PACKAGE / "exercises").glob("chapter_*.py"))

# Public names without rows.
HOLDS_RESULTS = """Diagnosis Directions Facts HeldOut History LineView ModeCoverage PRDC Reference
Run Scores Search Seen ToyRun""".split()
TAKES_NOTHING = "best_device density_game".split()
# In each step of a loop: what they are given was checked where the run, the recipe or the loop was
# made. What is wrong with images shows in the networks, which have rows.
IN_THE_LOOP = """advance anyone check_finite draw_frame each_class follow_schedule forward
play_discriminator_step play_generator_step play_step record_frame record_measured record_step
stop_button toy_d_step toy_g_step toy_step""".split()
# They make the sentences that the other doors say.
SAYS_IT = "check_frames check_history check_training file_kind".split()
WITHOUT_ROWS = {*HOLDS_RESULTS, *TAKES_NOTHING, *IN_THE_LOOP, *SAYS_IT}


def name_of(door: object) -> str:
    """That of a function or class; of a network or a method, that of its class."""
    if inspect.isfunction(door) or inspect.isclass(door):
        return door.__name__
    return type(getattr(door, "__self__", door)).__name__


def public_names() -> set[str]:
    """What the faces offer: functions and classes of the package."""
    names = set()
    for face in "data losses models training plots games metrics latent failures widgets".split():
        module = importlib.import_module(f"gan_helpers.{face}")
        home = module.__name__ + ("." if hasattr(module, "__path__") else "")
        names |= {
            name
            for name, value in vars(module).items()
            if inspect.isfunction(value) or inspect.isclass(value)
            if value.__module__.startswith(home) and not name.startswith("_")
        }
    return names


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, str]:
    """A folder, and files of every kind, by the names that the rows use."""
    folder = tmp_path_factory.mktemp("doors")
    names = "checkpoint history generator discriminator images text".split()
    files = {name: str(folder / "files" / name) for name in names}
    files["images"] += ".npz"
    save_checkpoint(RUN, files["checkpoint"])
    save_history(HISTORY, files["history"])
    save_generator(GENERATOR, files["generator"], {})
    save_discriminator(DISCRIMINATOR, files["discriminator"], {})
    np.savez(files["images"], images=BYTES.numpy())
    Path(files["text"]).write_text("a text")
    (folder / "empty").mkdir()
    return files | {"folder": str(folder / "empty")}


def test_every_public_name_has_rows_or_stands_among_those_without():
    found = {name_of(door) for door in DOORS} | WITHOUT_ROWS
    assert public_names() - found == set(), "a new door: give it rows"
    assert found - public_names() == set(), "no such door any more"
    assert sum(len(rows) - 1 for rows in DOORS.values()) >= 150


ROWS = [
    pytest.param(door, {**good}, *row, id=f"{name_of(door)}-{row[0]}-{number}")
    for door, (good, *rows) in DOORS.items()
    for number, row in enumerate(rows)
]


@pytest.mark.parametrize(("door", "arguments", "argument", "given", "error", "part"), ROWS)
def test_a_door_names_what_is_wrong(files, door, arguments, argument, given, error, part):
    arguments[argument] = given
    for name, value in arguments.items():
        arguments[name] = value.format_map(files) if isinstance(value, str) else value
    with pytest.raises((OSError, TypeError, ValueError)) as raised:
        answer = door(**arguments)
        if hasattr(answer, "__enter__"):
            answer.__enter__()
    said = str(raised.value)
    assert raised.type is error, said
    assert PACKAGE in Path(raised.traceback[-1].path).parents, f"not our own: {said}"
    named = (
        re.search(rf"\b{argument}", said) or argument == "file" and str(arguments["file"]) in said
    )
    assert named and part in said, said
    assert "\n" not in said and said[-1] in ".?"


@pytest.mark.usefixtures("small_mnist")
@pytest.mark.parametrize(
    ("line", "part"), [row for rows in commands.DOORS.values() for row in rows]
)
def test_a_command_answers_in_one_sentence(files, tmp_path, capsys, line, part):
    words = line.format_map(files | {"folder": tmp_path}).split()
    assert status_of(*words) in (1, 2)
    assert_one_sentence(capsys, part)
    assert [file.name for file in tmp_path.iterdir() if file.name != "lock"] == []


def test_every_command_has_rows(capsys):
    status_of("--help")
    offered = re.findall(r"^    (\w+)  ", capsys.readouterr().out, re.M)
    assert offered == list(commands.DOORS)


CHECKS = [
    check
    for chapter in CHAPTERS
    for name, check in vars(importlib.import_module(f"gan_helpers.exercises.{chapter}")).items()
    if name.startswith("check_")
]


@pytest.mark.parametrize(
    "answer", [float("nan"), "a text", [], {}, object(), 10**400], ids=lambda one: repr(one)[:12]
)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_an_answer_of_the_wrong_kind_is_not_right(check, answer):
    """Given as the answer itself, and from the function that the exercise asks for."""
    parameters = inspect.signature(check).parameters.values()
    takes_function = "Callable" in str([one.annotation for one in parameters])
    given = (lambda *arguments: answer) if takes_function else answer
    with redirect_stdout(StringIO()) as out:
        check(*[given] * len(parameters))
    assert re.fullmatch(r"not right, because .+\n", out.getvalue())
