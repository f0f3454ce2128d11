"""The command line: ``python -m gan_helpers train | sample | evaluate | recipes``."""

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import numpy as np
import torch

from gan_helpers import train_command
from gan_helpers.evaluation import SAMPLES, draw, evaluate, evaluate_images, read_images
from gan_helpers.files import write_whole
from gan_helpers.options import at_least, recipe_table
from gan_helpers.plots import grid_image
from gan_helpers.weights import load_generator

EVALUATE = """Measure a generator, or images from anywhere, with the metrics of notebook 06.

FILE is a generator's weights (.safetensors, as notebook 04 and the course's commands write them)
or an .npz file that holds `images`, uint8, N x 28 x 28. The first 10,000 images are measured
against MNIST's test set; a minute on two CPU cores.
"""
DESCRIPTION = "Train a generator, draw from it and measure it; each COMMAND has its own --help."
SAMPLE = """Draw images from a generator's weights, always in eval mode: the same seed, the same
images. FILE.npz gets `images`, uint8, N x 28 x 28 (10,000 of them), FILE.png a grid of 100."""


class Parser(argparse.ArgumentParser):
    """argparse, but a bad argument gets one sentence, not the whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. {self.prog} --help explains.\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status. Bad input: one sentence on stderr."""
    parser = Parser(prog="python -m gan_helpers", description=DESCRIPTION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    train_command.add_parser(commands)
    command = commands.add_parser(
        "sample", help="draw images from a generator's weights", description=SAMPLE
    )
    command.add_argument("file", metavar="WEIGHTS", type=Path)
    command.add_argument("--n", type=at_least(int, 1), help="images (10,000)")
    command.add_argument("--seed", type=int, default=0, help="of z (0)")
    command.add_argument("--out", metavar="FILE", type=Path, required=True, help=".npz or .png")
    command.set_defaults(run=run_sample)
    command = commands.add_parser(
        "evaluate",
        help="measure a generator or a file of images",
        description=EVALUATE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("file", metavar="FILE", type=Path)
    command.add_argument("--n", type=int, default=SAMPLES, help="images to measure (10,000)")
    command.add_argument("--seed", type=int, default=0, help="of z, for a generator (0)")
    command.add_argument("--json", metavar="OUT", type=Path, help="write the numbers there as well")
    command.set_defaults(run=run_evaluate)
    command = commands.add_parser("recipes", help="list the recipes with their numbers")
    command.set_defaults(run=lambda arguments: print(recipe_table()))
    chosen = parser.parse_args(arguments)
    try:
        return chosen.run(chosen) or 0
    except (OSError, TypeError, ValueError) as error:
        print(f"python -m gan_helpers: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # Ctrl-C while nothing is lost: a half-made file has been removed
        return 130


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


def run_evaluate(arguments: argparse.Namespace) -> None:
    if arguments.json and not arguments.json.absolute().parent.is_dir():
        # Before the minute of work, not after it.
        raise FileNotFoundError(f"The folder of --json {arguments.json} does not exist; make it.")
    if arguments.json and arguments.json.is_dir():
        raise IsADirectoryError(f"--json {arguments.json} is a folder; name a file.")
    if arguments.n < 0:
        raise ValueError(f"--n is {arguments.n}; expected at least 1,000.")
    source = {"file": str(arguments.file)}
    if arguments.file.suffix == ".npz":
        scores = evaluate_images(read_images(arguments.file)[: arguments.n])
    else:
        generator, about = load_generator(arguments.file)
        scores = evaluate(generator, arguments.n, arguments.seed)
        source |= {"seed of z": arguments.seed, "weights": about}
    print(scores)
    if arguments.json:
        machine = f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
        record = {**source, "scores": asdict(scores), "machine": machine}
        record["torch"] = torch.__version__.split("+")[0]
        write_whole(arguments.json, (json.dumps(record, indent=2) + "\n").encode())


if __name__ == "__main__":
    sys.exit(main())
