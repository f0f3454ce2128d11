"""``python -m gan_helpers sample``: draw images from a generator's weights."""

import argparse
import io
import json
from pathlib import Path

import numpy as np
from torch import nn

from gan_helpers.cli.options import at_least, seed
from gan_helpers.cli.shell import check_place, find_generator
from gan_helpers.metrics import SAMPLES, draw_samples
from gan_helpers.models import OneClass, classes_of, each_class
from gan_helpers.plots import samples_png
from gan_helpers.training import write_whole

DESCRIPTION = """Draw images from a generator's weights, always in eval mode. The same seed gives
the same images; a smaller N gives the first N of them. WEIGHTS may be the folder of a run, also
while it trains. An .npz file holds the array `images`, uint8, N x height x width, with x 3 for
colour, and `labels` if the generator is told classes, which it then draws in turn (default: 10,000
images); a .png file holds a grid of them (default: 100)."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add ``sample`` to the command line."""
    command = commands.add_parser(
        "sample", help="draw images from a generator's weights", description=DESCRIPTION
    )
    command.add_argument("weights", metavar="WEIGHTS", type=Path, help="a file, or a run's folder")
    command.add_argument("--n", type=at_least(int, 1, below=10**6), help="number of images")
    command.add_argument("--seed", type=seed, default=0, help="seed of z (0)")
    command.add_argument(
        "--class",
        dest="label",
        metavar="CLASS",
        help="draw only this class, by name or number, with a generator that is told classes",
    )
    command.add_argument("--out", metavar="FILE", type=Path, required=True, help=".npz or .png")
    command.set_defaults(run=run_sample)


def run_sample(arguments: argparse.Namespace) -> None:
    """Write a generator's images: the array ``images`` in an .npz file, or a grid in a .png."""
    out = arguments.out
    if out.suffix.lower() not in (".npz", ".png"):
        raise ValueError(f"--out {out} ends in neither .npz nor .png; name one of them.")
    check_place("--out", out)
    picture = out.suffix.lower() == ".png"
    generator, about = find_generator(arguments.weights)
    if arguments.label is not None:
        generator = OneClass(generator, _number_of(arguments.label, generator, about))
    images = draw_samples(generator, arguments.n or (100 if picture else SAMPLES), arguments.seed)
    if picture:
        content = samples_png(images)
    else:
        archive = io.BytesIO()
        # Grey pictures are (N, height, width), colour is (N, height, width, 3), as usual in files.
        arrays = {"images": images.permute(0, 2, 3, 1).squeeze(3).numpy()}
        if (labels := each_class(len(images), classes_of(generator))) is not None:
            arrays["labels"] = labels.numpy()
        np.savez_compressed(archive, **arrays)
        content = archive.getvalue()
    write_whole(out, content)
    print(f"{len(images):,} images: {out}")


def _number_of(label: str, generator: nn.Module, about: dict[str, str]) -> int:
    """Return the number of the class that ``label`` names; the names stand in the weights' file."""
    count = classes_of(generator)
    if not count:
        raise ValueError(
            f"--class is {label}, and this generator has no classes; train one with --conditional."
        )
    names = json.loads(about.get("classes", "[]"))
    if label in names:
        return names.index(label)
    if label.isdecimal() and int(label) < count:
        return int(label)
    known = f"{', '.join(names)}, or " if names else ""
    raise ValueError(f"--class is {label!r}; expected {known}a number from 0 to {count - 1}.")
