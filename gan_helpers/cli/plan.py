"""What a run of ``train`` begins or goes on with: the run, its plan, its data."""

import argparse
import math
from dataclasses import asdict, dataclass

import torch

from gan_helpers.cli.options import RECIPE_OPTIONS, chosen_recipe
from gan_helpers.data import Dataset, load_dataset
from gan_helpers.training import Run, best_device, load_checkpoint, read_about, start_run

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


def chosen_device(name: str) -> torch.device:
    """Return the device of ``--device``; raises ``ValueError`` when it is not available."""
    if name == "auto":
        return best_device()
    backend = {"cuda": torch.cuda, "mps": torch.backends.mps}.get(name)
    if backend is not None and not backend.is_available():
        raise ValueError(f"--device {name} is not available here; use --device auto.")
    return torch.device(name)


def begun(
    arguments: argparse.Namespace, device: torch.device, progress: bool = True
) -> tuple[Run, Plan, Dataset]:
    """Return a new run, its plan and its data; raises ``ValueError`` for a bad option."""
    data = load_dataset(
        arguments.data or "mnist", size=arguments.size, grey=arguments.grey, progress=progress
    )
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


def resumed(
    arguments: argparse.Namespace, device: torch.device, progress: bool = True
) -> tuple[Run, Plan, Dataset]:
    """Return the run of a folder, its plan and its data; raises ``OSError`` for a bad file."""
    kept = (*RECIPE_OPTIONS, *DATA_OPTIONS)
    given = [name for name in kept if getattr(arguments, name) is not None]
    if given:
        option = "--" + given[0].replace("_", "-")
        raise ValueError(f"{option} cannot be changed by --resume; begin another run for that.")
    file = arguments.out / "checkpoint.safetensors"
    run = load_checkpoint(file, device)
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
    data = load_dataset(plan.data, size=plan.size, grey=plan.grey, progress=progress)
    if plan.classes and data.classes != plan.classes:
        raise ValueError(
            f"{plan.data} now has the classes {', '.join(data.classes) or 'none'}; the run was "
            f"told {', '.join(plan.classes)}. Restore the folders, or begin another run."
        )
    return run, plan, data
