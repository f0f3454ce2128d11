"""``python -m gan_helpers evaluate``: measure a generator or images as notebook 06 does."""

import argparse
import json
import platform
from dataclasses import asdict
from pathlib import Path

import torch

from gan_helpers.cli.options import at_least, seed
from gan_helpers.cli.shell import check_place, find_generator, holds_generator
from gan_helpers.data import load_dataset
from gan_helpers.metrics import (
    EYES,
    SAMPLES,
    SHAPES,
    Reference,
    evaluate,
    evaluate_images,
    range_remark,
    read_images,
    reference_of,
)
from gan_helpers.training import write_whole

DESCRIPTION = """Measure a generator, or images from any program, with the metrics of notebook 06.

FILE is either a generator or images. A generator is a file of weights (.safetensors, as notebook 04
and `train` write them) or the folder of a run, also while it trains. Images are an .npz or .npy
file, N x 28 x 28 or N x 1 x 28 x 28, or a folder of PNG or JPEG pictures of 28 x 28 pixels. Values
are uint8 from 0 to 255; for floats, --range says which value is black and which is white.

The images are compared with MNIST's test set, or with that of --data: fashion-mnist or cifar10, or
the pictures of your own that a generator was trained on, a folder or an .npz file. Images then have
the shape of these. For your own, no classifier is shipped: only the pixels are compared, and with
--features inception the features of a network that was trained on photographs (pip install
'gan-helpers[inception]'; its weights are downloaded; without a GPU it takes an hour). Published
Frechet distances cannot be compared with these: they are of other numbers of images and of another
resizing, and grey images are copied to three channels here.

If a file holds more than 10,000, the command measures 10,000 of them, spread evenly over the file.
For MNIST this takes a minute on two CPU cores.
"""
NOT_PUBLISHED = (
    "Published Frechet distances cannot be compared with this one: they are of other numbers of "
    "images and of another resizing."
)


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
    command.add_argument("--seed", type=seed, default=0, help="seed of z, for a generator (0)")
    command.add_argument(
        "--range",
        type=float,
        nargs=2,
        metavar=("LOW", "HIGH"),
        help="values of black and white, for images that are not uint8, such as 0 1 or -1 1",
    )
    command.add_argument("--array", metavar="NAME", help="which array of an .npz with several")
    command.add_argument(
        "--data",
        metavar="NAME",
        help="the real images: mnist, fashion-mnist, cifar10, a folder or an .npz file (of a "
        "generator, what it was trained on; of images, mnist)",
    )
    command.add_argument(
        "--size",
        type=at_least(int, 4),
        metavar="PIXELS",
        help="height and width of your own pictures, as in training (32 for a folder)",
    )
    command.add_argument("--grey", action="store_true", help="make your own pictures grey")
    command.add_argument(
        "--features",
        choices=EYES,
        help="what the distances look through (the data's classifier, if there is one)",
    )
    command.add_argument("--json", metavar="OUT", type=Path, help="also write the numbers to OUT")
    command.set_defaults(run=run_evaluate)


def run_evaluate(arguments: argparse.Namespace) -> None:
    """Print the scores of the given file, and with ``--json`` write them to a file, too."""
    file, n = arguments.file, arguments.n
    if arguments.json:
        check_place("--json", arguments.json)
    if not 0 <= n < 10**6:
        raise ValueError(f"--n is {n}; expected at least 1,000, and less than 1,000,000.")
    source, remarks = {"file": str(file)}, []
    generator = None
    if holds_generator(file):
        for option in ("range", "array"):
            if getattr(arguments, option) is not None:
                raise ValueError(f"--{option} is for images, and {file} holds a generator.")
        generator, about = find_generator(file)
        arguments.data = arguments.data or about.get("data")
    arguments.data = arguments.data or "mnist"
    data, shape = _reference(arguments)
    if generator is not None:
        scores = evaluate(generator, n, arguments.seed, data=data)
        source |= {"seed of z": arguments.seed, "weights": about}
    else:
        value_range = arguments.range and tuple(arguments.range)
        images = read_images(file, value_range, arguments.array, shape)
        remark = range_remark(images, arguments.data)
        if remark:
            remarks.append(remark)
        if len(images) > n:
            remarks.append(
                f"{n:,} of the {len(images):,} images were measured, spread evenly over all."
            )
            images = images[torch.arange(n) * len(images) // n]
        scores = evaluate_images(images, data=data)
    if arguments.features == "inception":
        remarks.append(NOT_PUBLISHED)
    print("\n".join([str(scores), *remarks]))
    if arguments.json:
        machine = f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
        record = {**source, "scores": asdict(scores), "machine": machine}
        record["torch"] = torch.__version__.split("+")[0]
        write_whole(arguments.json, (json.dumps(record, indent=2) + "\n").encode())


def _reference(arguments: argparse.Namespace) -> tuple[str | Reference, tuple[int, ...]]:
    """The real images of the command line, by their name where that is enough, and their shape."""
    data, features = arguments.data, arguments.features
    if data in SHAPES:
        for option in ("size", "grey"):
            if getattr(arguments, option):
                raise ValueError(
                    f"--{option} is for your own pictures; the classifier of {data} has seen "
                    f"images of {SHAPES[data][1]} x {SHAPES[data][2]} pixels only. Leave it out."
                )
        # A name alone does not load the images before FILE has been read.
        return (reference_of(data, features=features) if features else data), SHAPES[data]
    load = load_dataset
    options = {"size": arguments.size, "grey": arguments.grey or None}
    train = load(data, "train", **options)
    try:
        held_out = load(data, "test", **options)
    except ValueError:  # it has no such split
        held_out = None
    reference = reference_of(train, held_out, features=features)
    return reference, reference.shape
