"""``python -m gan_helpers evaluate``: the metrics of notebook 06 on a generator or on images."""

import argparse
import json
import platform
from dataclasses import asdict
from pathlib import Path

import torch

from gan_helpers.metrics import SAMPLES, evaluate, evaluate_images, read_images
from gan_helpers.training import load_generator, write_whole

DESCRIPTION = """Measure a generator, or images from anywhere, with the metrics of notebook 06.

FILE is a generator's weights (.safetensors, as notebook 04 and the course's commands write them)
or an .npz file that holds `images`, uint8, N x 28 x 28. The first 10,000 images are measured
against MNIST's test set; a minute on two CPU cores.
"""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add ``evaluate`` to the command line."""
    command = commands.add_parser(
        "evaluate",
        help="measure a generator or a file of images",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("file", metavar="FILE", type=Path)
    command.add_argument("--n", type=int, default=SAMPLES, help="images to measure (10,000)")
    command.add_argument("--seed", type=int, default=0, help="of z, for a generator (0)")
    command.add_argument("--json", metavar="OUT", type=Path, help="write the numbers there as well")
    command.set_defaults(run=run_evaluate)


def run_evaluate(arguments: argparse.Namespace) -> None:
    """Print the scores of the command line's file, and write them as JSON where that is asked."""
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
