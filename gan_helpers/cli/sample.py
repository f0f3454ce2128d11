"""``python -m gan_helpers sample``: images from a generator's weights."""

import argparse
import os
from pathlib import Path

import numpy as np

from gan_helpers.cli.options import at_least
from gan_helpers.metrics import SAMPLES
from gan_helpers.models import draw
from gan_helpers.plots import grid_image
from gan_helpers.training import load_generator

DESCRIPTION = """Draw images from a generator's weights, always in eval mode: the same seed, the
same images. FILE.npz gets `images`, uint8, N x 28 x 28 (10,000 of them), FILE.png a grid of 100."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add ``sample`` to the command line."""
    command = commands.add_parser(
        "sample", help="draw images from a generator's weights", description=DESCRIPTION
    )
    command.add_argument("file", metavar="WEIGHTS", type=Path)
    command.add_argument("--n", type=at_least(int, 1), help="images (10,000)")
    command.add_argument("--seed", type=int, default=0, help="of z (0)")
    command.add_argument("--out", metavar="FILE", type=Path, required=True, help=".npz or .png")
    command.set_defaults(run=run_sample)


def run_sample(arguments: argparse.Namespace) -> None:
    """Write images of a generator: ``images`` in an .npz file, or a grid of them as .png."""
    if arguments.out.suffix not in (".npz", ".png"):
        raise ValueError(f"--out {arguments.out} ends in neither .npz nor .png; name one of them.")
    if not arguments.out.absolute().parent.is_dir():
        raise FileNotFoundError(f"The folder of --out {arguments.out} does not exist; make it.")
    generator, _ = load_generator(arguments.file)
    picture = arguments.out.suffix == ".png"
    images = draw(generator, arguments.n or (100 if picture else SAMPLES), arguments.seed)
    # A name of the same ending, which decides the format.
    unfinished = arguments.out.with_name("unfinished_" + arguments.out.name)
    try:
        if picture:
            grid_image(images).save(unfinished)
        else:
            np.savez_compressed(unfinished, images=images.squeeze(1).numpy())
        os.replace(unfinished, arguments.out)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    print(f"{len(images):,} images: {arguments.out}")
