"""``python -m gan_helpers evaluate``: the metrics of notebook 06 on a generator or on images."""

import argparse
import json
import platform
from dataclasses import asdict
from pathlib import Path

import torch

from gan_helpers.cli.options import seed
from gan_helpers.cli.shell import check_place, find_generator, holds_generator
from gan_helpers.metrics import SAMPLES, evaluate, evaluate_images, range_remark, read_images
from gan_helpers.training import write_whole

DESCRIPTION = """Measure a generator, or images from anywhere, with the metrics of notebook 06.

FILE is a generator: a file of weights (.safetensors, as notebook 04 and the course's commands
write them) or the folder of a run, also of one under way. Or it is images: an .npz or .npy file,
N x 28 x 28, with the channel or without, or a folder of PNG or JPEG pictures of 28 x 28 pixels.
Their values are 0 to 255 as uint8; of floats, --range says which is black and which is white.

10,000 images are measured against MNIST's test set; of more, 10,000 that are spread evenly over
the file. A minute on two CPU cores.
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
    command.add_argument("--seed", type=seed, default=0, help="of z, for a generator (0)")
    command.add_argument(
        "--range",
        type=float,
        nargs=2,
        metavar=("LOW", "HIGH"),
        help="black and white, for images that are no uint8: 0 1, for example, or -1 1",
    )
    command.add_argument("--array", metavar="NAME", help="of an .npz that holds several arrays")
    command.add_argument("--json", metavar="OUT", type=Path, help="write the numbers there as well")
    command.set_defaults(run=run_evaluate)


def run_evaluate(arguments: argparse.Namespace) -> None:
    """Print the scores of the command line's file, and write them as JSON where that is asked."""
    file, n = arguments.file, arguments.n
    if arguments.json:
        check_place("--json", arguments.json)
    if not 0 <= n < 10**6:
        raise ValueError(f"--n is {n}; expected at least 1,000, and less than 1,000,000.")
    source, remarks = {"file": str(file)}, []
    if holds_generator(file):
        for option in ("range", "array"):
            if getattr(arguments, option) is not None:
                raise ValueError(f"--{option} is for images, and {file} holds a generator.")
        generator, about = find_generator(file)
        scores = evaluate(generator, n, arguments.seed)
        source |= {"seed of z": arguments.seed, "weights": about}
    else:
        images = read_images(file, arguments.range and tuple(arguments.range), arguments.array)
        remark = range_remark(images)
        if remark:
            remarks.append(remark)
        if len(images) > n:
            remarks.append(
                f"Of the {len(images):,} images {n:,} were measured, spread evenly over all."
            )
            images = images[torch.arange(n) * len(images) // n]
        scores = evaluate_images(images)
    print("\n".join([str(scores), *remarks]))
    if arguments.json:
        machine = f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
        record = {**source, "scores": asdict(scores), "machine": machine}
        record["torch"] = torch.__version__.split("+")[0]
        write_whole(arguments.json, (json.dumps(record, indent=2) + "\n").encode())
