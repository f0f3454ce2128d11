"""``python -m gan_helpers train``: a long run that can be stopped, killed and resumed."""

import argparse
import json
import platform
import time
from dataclasses import asdict, replace
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from tqdm.auto import tqdm

from gan_helpers.cli.devices import Team, add_device_options, launch, resuming
from gan_helpers.cli.options import above, add_recipe_options, at_least, seed
from gan_helpers.cli.plan import Plan, begun, chosen_device, resumed
from gan_helpers.cli.shell import ended_like_ctrl_c
from gan_helpers.data import DATASETS, Dataset
from gan_helpers.failures import FEWEST, diagnose
from gan_helpers.plots import samples_png
from gan_helpers.training import (
    COLUMNS,
    RECIPES,
    Run,
    advance,
    check_training,
    draw_frame,
    join_run,
    save_checkpoint,
    save_generator,
    stop_button,
    write_whole,
)

DESCRIPTION = """Train a generator, as notebooks 04 and 10 do, for as long as you like.

  python -m gan_helpers train --out runs/first --minutes 1
  python -m gan_helpers train --out runs/mine --data my_pictures --recipe convolutional
  python -m gan_helpers train --out runs/article --recipe article --epochs 300
  python -m gan_helpers train --out runs/article --resume
  python -m gan_helpers train --out runs/wide --devices 2 --device cpu

The folder holds the checkpoint (everything that the next step depends on), the sample grids of
forty fixed z and, at the end, generator.safetensors, history.json and run.json. Ctrl-C, or SIGTERM
from a batch system, stops the run after the present step. --resume goes on with a run that was
stopped or killed; the result is the same, bit for bit, as without the stop. Defaults are in
brackets.
"""
# The files of a run beside its checkpoint; without a checkpoint, their run is unknown.
LEFT = ("generator.safetensors", "history.json", "run.json", "samples")


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add ``train`` to the command line."""
    parser = commands.add_parser(
        "train",
        help="train a generator; stop and resume at any time",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the run's folder")
    parser.add_argument("--resume", action="store_true", help="go on with the run in DIR")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=at_least(int, 1), metavar="N", help="length (10)")
    length.add_argument(
        "--minutes", type=above(0), metavar="M", help="length in minutes instead of epochs"
    )
    parser.add_argument(
        "--data",
        metavar="DATA",
        help=f"{', '.join(DATASETS)}, a folder of pictures, or an .npz file (mnist)",
    )
    parser.add_argument(
        "--size", type=at_least(int, 4, below=513), metavar="PIXELS", help="resize the pictures"
    )
    parser.add_argument(
        "--grey",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="grey or colour, whatever the pictures are",
    )
    parser.add_argument(
        "--conditional",
        action="store_true",
        default=None,
        help="tell both networks the classes of the pictures",
    )
    parser.add_argument("--recipe", choices=RECIPES, help="named hyperparameters (course)")
    parser.add_argument("--seed", type=seed, help="seed of all random numbers (0)")
    parser.add_argument("--grid-every", type=at_least(int, 1), metavar="EPOCHS", help="(1)")
    parser.add_argument(
        "--checkpoint-every", type=at_least(int, 1), metavar="STEPS", help="(one epoch)"
    )
    add_device_options(parser)
    add_recipe_options(parser)
    parser.set_defaults(run=run_train)


def run_train(arguments: argparse.Namespace) -> int:
    """Begin or resume the run of the command line and return the exit status."""
    if arguments.devices * arguments.nodes > 1:
        return launch(arguments, _train_in_team)
    with ended_like_ctrl_c():
        return _train_in_team(arguments, Team())


def _train_in_team(arguments: argparse.Namespace, team: Team) -> int:
    """Do what ``run_train`` does in one process of its team."""
    device = chosen_device(arguments.device) if team.fabric is None else team.fabric.device
    if not team.first:
        prepared = resumed if arguments.resume else begun
        return _train(*prepared(arguments, device, progress=False), arguments, team)
    folder = arguments.out
    there = [name for name in LEFT if (folder / name).exists()]
    if not arguments.resume and (folder / "checkpoint.safetensors").exists():
        raise ValueError(
            f"{folder} already holds a run: --resume goes on with it, or name another --out."
        )
    if not arguments.resume and there:
        raise ValueError(
            f"{folder} holds {' and '.join(there)} but no checkpoint, and a new run would write "
            "over them: name another --out, or move them to another folder first."
        )
    if arguments.resume and not folder.is_dir():  # A mistyped name must not create a folder.
        raise FileNotFoundError(
            f"The checkpoint {folder / 'checkpoint.safetensors'} does not exist."
        )
    # Bad options raise here, before a folder is created.
    new = None if arguments.resume else begun(arguments, device)
    lock = FileLock(folder / "lock")  # The system releases it if this process is killed.
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = lock.acquire(timeout=0)
    except Timeout as error:
        raise OSError(f"another run is writing into {folder}; name another --out.") from error
    except OSError as error:
        raise OSError(
            f"--out {folder} cannot hold a run ({error.strerror or error}): name a folder, not a "
            "file, and one in which you may write."
        ) from error
    with held:
        return _train(*(new or resumed(arguments, device)), arguments, team)


def _train(run: Run, plan: Plan, data: Dataset, arguments: argparse.Namespace, team: Team) -> int:
    if team.fabric is not None:
        join_run(run, team.fabric)
    folder = arguments.out
    images = data.images.to(run.fixed_z.device)
    labels = data.labels.to(run.fixed_z.device) if plan.classes else None
    check_training(run, images, labels)
    epoch = len(images) // run.recipe.batch_size
    history, before = run.history, plan.seconds
    end = plan.epochs * epoch if plan.epochs else 10**9
    limit = 60 * plan.minutes if plan.minutes else float("inf")
    again = resuming(arguments)
    go_on = f"Go on with: {again}"
    samples = folder / "samples"
    if samples.exists() and not samples.is_dir():
        raise NotADirectoryError(f"{samples} is a file; move it away: a folder has to be there.")

    def save() -> None:
        if team.first:
            save_checkpoint(run, folder / "checkpoint.safetensors", asdict(plan))

    if history.steps == 0:
        save()  # This way, a run that is killed at once can be resumed, too.
    bar = tqdm(
        total=limit if plan.minutes else end,
        initial=min(before, limit) if plan.minutes else min(history.steps, end),
        unit="step",
        mininterval=0.5,
        disable=not team.first,
    )
    if plan.minutes:
        bar.bar_format = "{l_bar}{bar}| {n:.0f} of {total:.0f} s{postfix}"
    if team.first and (history.steps >= end or plan.seconds >= limit):
        length = f"{plan.minutes:g} minutes" if plan.minutes else f"{plan.epochs} epochs"
        more = f"{again} {'--minutes' if plan.minutes else '--epochs'} N"
        print(f"The run has had its {length}. To give it N in all: {more}")
    start, stopped = time.perf_counter(), team.stopped

    def over() -> bool:  # One clock is enough: the first process asks it, and tells the others.
        return bool(stopped) or team.first and plan.seconds >= limit

    try:
        with bar, stop_button(stopped.append):
            while history.steps < end and not team.anyone(over()):
                drawn = advance(run, images, frame_every=epoch * plan.grid_every, labels=labels)
                plan.seconds = before + time.perf_counter() - start
                bar.set_postfix_str(
                    f"step {history.steps:,}, D loss {history.d_loss[-1]:.2f}, "
                    f"G loss {history.g_loss[-1]:.2f}",
                    refresh=False,
                )
                bar.update((min(plan.seconds, limit) if plan.minutes else history.steps) - bar.n)
                if drawn and team.first:
                    try:
                        name = f"epoch_{history.steps // epoch:04d}"
                        _write_grid(history.frames[-1], folder, name)
                    except OSError as error:
                        save()
                        saved = f"All {history.steps:,} steps are saved."
                        raise OSError(f"{error} {saved} {go_on}") from error
                if history.steps % plan.checkpoint_every == 0:
                    save()
        save()
    except KeyboardInterrupt:  # It came outside the loop; the last checkpoint stays valid.
        print(f"\nStopped. {go_on}")
        return 130
    except FloatingPointError as error:
        raise ValueError(
            f"{error} The last good state is {folder / 'checkpoint.safetensors'}; begin a run in "
            "another folder with a smaller --learning-rate."
        ) from error
    if not team.first:
        return 0
    done = history.steps >= end or plan.seconds >= limit
    _leave(run, plan, folder)
    if not done:
        print(f"Stopped after step {history.steps:,}. {go_on}")
        return 130
    print(f"{history.steps:,} steps in {plan.seconds / 60:.1f} minutes: {folder}")
    if history.steps >= FEWEST and plan.data == "mnist":  # its rules were found on digits
        now = {"frame_steps": [history.steps], "frames": [draw_frame(run)]}
        print(f"Diagnosis: {diagnose(replace(history, **now))}")
    return 0


def _write_grid(frame: torch.Tensor, folder: Path, name: str) -> None:
    file = folder / "samples" / f"{name}.png"
    try:
        write_whole(file, samples_png(frame))
    except OSError as error:
        raise OSError(f"The picture {file} could not be written ({error}).") from error


def _leave(run: Run, plan: Plan, folder: Path) -> None:
    """Write the results of the run: the generator, the history, and how they were made."""
    several = f"{run.processes} processes of " if run.processes > 1 else ""
    about = {
        "command": plan.command,
        "seed": str(run.seed),
        "steps": str(run.history.steps),
        "minutes": f"{plan.seconds / 60:.1f}",
        "machine": f"{platform.machine()} {run.fixed_z.device.type}, {several}"
        f"{torch.get_num_threads()} threads, "
        f"{'bfloat16' if run.bfloat16 else 'float32'}",
        "torch": torch.__version__.split("+")[0],
        "python": platform.python_version(),
        "data": plan.data,
    }
    if plan.classes:
        about["classes"] = json.dumps(plan.classes)
    save_generator(run.sampler, folder / "generator.safetensors", about)
    _write_grid(draw_frame(run), folder, "last")
    columns = {name: getattr(run.history, name) for name in COLUMNS}
    for name, content in (("history", columns), ("run", about)):
        write_whole(folder / f"{name}.json", (json.dumps(content, indent=1) + "\n").encode())
