"""``python -m gan_helpers train``: a long run that can be stopped, killed and resumed."""

import argparse
import json
import math
import platform
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from tqdm.auto import tqdm

from gan_helpers.cli.options import (
    RECIPE_OPTIONS,
    above,
    add_recipe_options,
    at_least,
    chosen_recipe,
    seed,
)
from gan_helpers.cli.shell import command_line, ended_like_ctrl_c
from gan_helpers.data import DATASETS, Dataset, load_dataset
from gan_helpers.failures import FEWEST, diagnose
from gan_helpers.plots import samples_png
from gan_helpers.training import (
    COLUMNS,
    RECIPES,
    Run,
    advance,
    best_device,
    check_training,
    draw_frame,
    load_checkpoint,
    read_about,
    save_checkpoint,
    save_generator,
    start_run,
    stop_button,
    write_whole,
)

DESCRIPTION = """Train a generator, as notebooks 04 and 10 do, for as long as you like.

  python -m gan_helpers train --out runs/first --minutes 1
  python -m gan_helpers train --out runs/mine --data my_pictures --recipe convolutional
  python -m gan_helpers train --out runs/article --recipe article --epochs 300
  python -m gan_helpers train --out runs/article --resume

The folder holds the checkpoint (everything that the next step depends on), the sample grids of
forty fixed z and, at the end, generator.safetensors, history.json and run.json. Ctrl-C, or SIGTERM
from a batch system, stops the run after the present step. --resume goes on with a run that was
stopped or killed; the result is the same, bit for bit, as without the stop. Defaults are in
brackets.
"""
# The files of a run beside its checkpoint; without a checkpoint, their run is unknown.
LEFT = ("generator.safetensors", "history.json", "run.json", "samples")


DATA_OPTIONS = ("data", "size", "grey", "conditional")


@dataclass
class Plan:
    """The length of a run and how often it writes files; the checkpoint stores it for --resume."""

    epochs: int | None
    minutes: float | None
    grid_every: int  # epochs
    checkpoint_every: int  # steps
    command: str
    seconds: float = 0.0  # of training so far
    data: str = "mnist"  # a name or a path for load_dataset, with its size and grey
    size: int | None = None
    grey: bool | None = None
    classes: tuple[str, ...] = ()  # the names of the classes that the networks are told

    def __post_init__(self):
        self.classes = tuple(self.classes)  # JSON made a list of it
        by_time = self.epochs is None
        whole = [self.grid_every, self.checkpoint_every, 1 if by_time else self.epochs]
        times = [self.seconds, self.minutes if by_time else 1]
        if not (
            all(isinstance(number, int) and number >= 1 for number in whole)
            and all(isinstance(number, int | float) and math.isfinite(number) for number in times)
            and times[0] >= 0
            and times[1] > 0
            and (by_time or self.minutes is None)
            and isinstance(self.command, str)
            and isinstance(self.data, str)
            and all(isinstance(name, str) for name in self.classes)
        ):
            raise ValueError(f"a run cannot be planned like this: {asdict(self)}")


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
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--grid-every", type=at_least(int, 1), metavar="EPOCHS", help="(1)")
    parser.add_argument(
        "--checkpoint-every", type=at_least(int, 1), metavar="STEPS", help="(one epoch)"
    )
    add_recipe_options(parser)
    parser.set_defaults(run=run_train)


def run_train(arguments: argparse.Namespace) -> int:
    """Begin or resume the run of the command line and return the exit status."""
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
    begun = None if arguments.resume else _begun(arguments)
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
    with held, ended_like_ctrl_c():
        run, plan, data = begun or _resumed(arguments)
        return _train(run, plan, data, folder)


def _device(name: str) -> torch.device:
    if name == "auto":
        return best_device()
    backend = {"cuda": torch.cuda, "mps": torch.backends.mps}.get(name)
    if backend is not None and not backend.is_available():
        raise ValueError(f"--device {name} is not available here; use --device auto.")
    return torch.device(name)


def _begun(arguments: argparse.Namespace) -> tuple[Run, Plan, Dataset]:
    data = load_dataset(arguments.data or "mnist", size=arguments.size, grey=arguments.grey)
    classes = data.classes if arguments.conditional else ()
    if arguments.conditional and not classes:
        raise ValueError(
            f"--conditional needs classes, and {arguments.data} has none; put the pictures of each "
            "class into a folder of its own."
        )
    recipe = chosen_recipe(arguments, tuple(data.images.shape[1:]), len(classes))
    images = len(data.images)
    if recipe.batch_size > images:
        raise ValueError(f"--batch-size is {recipe.batch_size}; there are {images:,} images.")
    device = _device(arguments.device)
    try:
        run = start_run(recipe, arguments.seed or 0, device)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"the networks do not fit into the memory ({reason}).") from error
    by_time = arguments.minutes is not None
    plan = Plan(
        epochs=None if by_time else arguments.epochs or 10,
        minutes=arguments.minutes,
        grid_every=arguments.grid_every or 1,
        checkpoint_every=arguments.checkpoint_every or images // recipe.batch_size,
        command=arguments.command,
        data=arguments.data or "mnist",
        size=arguments.size,
        grey=arguments.grey,
        classes=classes,
    )
    return run, plan, data


def _resumed(arguments: argparse.Namespace) -> tuple[Run, Plan, Dataset]:
    kept = (*RECIPE_OPTIONS, *DATA_OPTIONS)
    given = [name for name in kept if getattr(arguments, name) is not None]
    if given:
        option = "--" + given[0].replace("_", "-")
        raise ValueError(f"{option} cannot be changed by --resume; begin another run for that.")
    file = arguments.out / "checkpoint.safetensors"
    run = load_checkpoint(file, _device(arguments.device))
    about = read_about(file)
    try:
        plan = Plan(**about)
    except (TypeError, ValueError) as error:
        raise OSError(
            f"{file} was not written by this command, so its length is unknown ({error})."
        ) from error
    before = asdict(plan)
    if arguments.epochs or arguments.minutes:  # A new length replaces the old one.
        plan.epochs, plan.minutes = arguments.epochs, arguments.minutes
    plan.grid_every = arguments.grid_every or plan.grid_every
    plan.checkpoint_every = arguments.checkpoint_every or plan.checkpoint_every
    if asdict(plan) != before:  # The two commands, one after the other, give this run.
        plan.command += " && " + arguments.command
    data = load_dataset(plan.data, size=plan.size, grey=plan.grey)
    if plan.classes and data.classes != plan.classes:
        raise ValueError(
            f"{plan.data} now has the classes {', '.join(data.classes) or 'none'}; the run was "
            f"told {', '.join(plan.classes)}. Restore the folders, or begin another run."
        )
    return run, plan, data


def _train(run: Run, plan: Plan, data: Dataset, folder: Path) -> int:
    images = data.images.to(run.fixed_z.device)
    labels = data.labels.to(run.fixed_z.device) if plan.classes else None
    check_training(run, images, labels)
    epoch = len(images) // run.recipe.batch_size
    history, before = run.history, plan.seconds
    end = plan.epochs * epoch if plan.epochs else 10**9
    limit = 60 * plan.minutes if plan.minutes else float("inf")
    # argparse would take a name that begins with a dash for an option.
    out = [f"--out={folder}"] if str(folder).startswith("-") else ["--out", str(folder)]
    again = command_line("train", "--resume", *out)
    go_on = f"Go on with: {again}"
    samples = folder / "samples"
    if samples.exists() and not samples.is_dir():
        raise NotADirectoryError(f"{samples} is a file; move it away: a folder has to be there.")

    def save() -> None:
        save_checkpoint(run, folder / "checkpoint.safetensors", asdict(plan))

    if history.steps == 0:
        save()  # This way, a run that is killed at once can be resumed, too.
    bar = tqdm(
        total=limit if plan.minutes else end,
        initial=min(before, limit) if plan.minutes else min(history.steps, end),
        unit="step",
        mininterval=0.5,
    )
    if plan.minutes:
        bar.bar_format = "{l_bar}{bar}| {n:.0f} of {total:.0f} s{postfix}"
    if history.steps >= end or plan.seconds >= limit:
        length = f"{plan.minutes:g} minutes" if plan.minutes else f"{plan.epochs} epochs"
        more = f"{again} {'--minutes' if plan.minutes else '--epochs'} N"
        print(f"The run has had its {length}. To give it N in all: {more}")
    start, stopped = time.perf_counter(), []
    try:
        with bar, stop_button(stopped):
            while history.steps < end and plan.seconds < limit and not stopped:
                drawn = advance(run, images, frame_every=epoch * plan.grid_every, labels=labels)
                plan.seconds = before + time.perf_counter() - start
                bar.set_postfix_str(
                    f"step {history.steps:,}, D loss {history.d_loss[-1]:.2f}, "
                    f"G loss {history.g_loss[-1]:.2f}",
                    refresh=False,
                )
                bar.update((min(plan.seconds, limit) if plan.minutes else history.steps) - bar.n)
                if drawn:
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
    about = {
        "command": plan.command,
        "seed": str(run.seed),
        "steps": str(run.history.steps),
        "minutes": f"{plan.seconds / 60:.1f}",
        "machine": f"{platform.machine()} {run.fixed_z.device.type}, "
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
