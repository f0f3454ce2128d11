"""``python -m gan_helpers sample``: draw images from a generator's weights."""

import argparse
import io
from pathlib import Path

import numpy as np

from gan_helpers.cli.options import at_least, seed
from gan_helpers.cli.shell import check_place, find_generator
from gan_helpers.metrics import SAMPLES, draw_samples
from gan_helpers.plots import samples_png
from gan_helpers.training import write_whole

DESCRIPTION = """Draw images from a generator's weights, always in eval mode. The same seed gives
the same images; a smaller N gives the first N of them. WEIGHTS may be the folder of a run, also
while it trains. An .npz file holds the array `images`, uint8, N x 28 x 28 (default: 10,000); a .png
file holds a grid of them (default: 100)."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add ``sample`` to the command line."""
    command = commands.add_parser(
        "sample", help="draw images from a generator's weights", description=DESCRIPTION
    )
    command.add_argument("weights", metavar="WEIGHTS", type=Path, help="a file, or a run's folder")
    command.add_argument("--n", type=at_least(int, 1, below=10**6), help="number of images")
    command.add_argument("--seed", type=seed, default=0, help="seed of z (0)")
    command.add_argument("--out", metavar="FILE", type=Path, required=True, help=".npz or .png")
    command.set_defaults(run=run_sample)


def run_sample(arguments: argparse.Namespace) -> None:
    """Write a generator's images: the array ``images`` in an .npz file, or a grid in a .png."""
    out = arguments.out
    if out.suffix.lower() not in (".npz", ".png"):
        raise ValueError(f"--out {out} ends in neither .npz nor .png; name one of them.")
    check_place("--out", out)
    picture = out.suffix.lower() == ".png"
    generator, _ = find_generator(arguments.weights)
    images = draw_samples(generator, arguments.n or (100 if picture else SAMPLES), arguments.seed)
    if picture:
        content = samples_png(images)
    else:
        archive = io.BytesIO()
        np.savez_compressed(archive, images=images.squeeze(1).numpy())
        content = archive.getvalue()
    write_whole(out, content)
    print(f"{len(images):,} images: {out}")
