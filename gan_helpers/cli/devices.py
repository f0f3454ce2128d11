"""``train --devices``: start the processes of one run, pass on what they say, notice their end."""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch.multiprocessing import ProcessExitedException
from tqdm.auto import tqdm

from gan_helpers.cli.options import at_least
from gan_helpers.cli.plan import chosen_device
from gan_helpers.cli.shell import command_line, ended_like_ctrl_c
from gan_helpers.training import RECIPES, anyone, check_shares, stop_button

if TYPE_CHECKING:  # an extra, and its import takes seconds
    from lightning_fabric import Fabric

NODE = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK")  # where the nodes meet, and which this one is
PATIENCE = 5  # seconds; a second Ctrl-C after them no longer waits for the present step

# They tell of every process that begins or is ended; the command has its own sentences.
for _name in ("lightning_fabric.utilities.distributed", "lightning_fabric.utilities.rank_zero"):
    logging.getLogger(_name).setLevel(logging.WARNING)
logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)


@dataclass
class Team:
    """The processes that train one run, as one of them sees it; without ``fabric`` it is alone."""

    fabric: Fabric | None = None
    stopped: list[int] = field(default_factory=list)  # the signals that asked this one to stop

    @property
    def first(self) -> bool:
        """Whether this process writes the files and speaks to the reader: only one does."""
        return self.fabric is None or self.fabric.global_rank == 0

    def anyone(self, own: bool) -> bool:
        """Return whether ``own`` is true in any process; each asks at the same place."""
        return own if self.fabric is None else anyone(self.fabric, own)


def add_device_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--device`` and what several of them need."""
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    group = parser.add_argument_group(
        "several devices, which need pip install 'gan-helpers[fabric]'",
        "--batch-size is that of all devices together; each takes an equal share.",
    )
    group.add_argument(
        "--devices", type=at_least(int, 1), default=1, metavar="N", help="GPUs or CPU processes (1)"
    )
    group.add_argument("--strategy", choices=("ddp",), default="ddp", help="(ddp)")
    group.add_argument(
        "--nodes",
        type=at_least(int, 1),
        default=1,
        metavar="M",
        help=f"machines with N devices each (1); give each machine {', '.join(NODE)}",
    )


def launch(arguments: argparse.Namespace, work: Callable[[argparse.Namespace, Team], int]) -> int:
    """Call ``work`` in each process of the command line and return the first one's exit status.

    This process only waits: it passes on Ctrl-C and SIGTERM. When one of the others ends early, it
    ends them all. Raises ``ValueError`` for devices that are not there and for a batch that cannot
    be divided, and ``OSError`` with the sentence of a process that failed, or that one was killed.
    """
    kind = _checked_kind(arguments)
    if not arguments.resume:  # Otherwise the checkpoint knows the batch.
        recipe = RECIPES[arguments.recipe or "course"]
        check_shares(arguments.batch_size or recipe.batch_size, arguments.devices * arguments.nodes)
    fabric = _fabric(arguments, kind)
    said, asked = multiprocessing.get_context("spawn").SimpleQueue(), []
    try:
        with stop_button(lambda number: _pass_on(asked)), ended_like_ctrl_c():
            return fabric.launch(_take_part, arguments, work, said)
    except ProcessExitedException as error:
        if not said.empty():
            raise OSError(said.get()) from error
        file = arguments.out / "checkpoint.safetensors"
        go_on = f" Go on with: {resuming(arguments)}" if file.exists() else ""
        if asked:
            print(f"\nStopped.{go_on}")
            return 130
        how = error.signal_name or f"status {error.exit_code}"
        raise OSError(
            f"process {error.error_index} of {arguments.devices} has ended ({how}), so the others "
            f"were ended, too: was it killed, or is the memory full?{go_on}"
        ) from error


def resuming(arguments: argparse.Namespace, *more: str) -> str:
    """Return the command that goes on with the run in ``--out``, on as many devices."""
    # argparse would take a name that begins with a dash for an option.
    out = str(arguments.out)
    words = [f"--out={out}"] if out.startswith("-") else ["--out", out]
    for name in ("devices", "nodes"):
        number = getattr(arguments, name)
        words += [f"--{name}", str(number)] if number > 1 else []
    return command_line("train", "--resume", *words, *more)


def _checked_kind(arguments: argparse.Namespace) -> str:
    """Return cpu or cuda; raises ``ValueError`` when not all that is asked for is there."""
    devices, nodes = arguments.devices, arguments.nodes
    kind = chosen_device(arguments.device).type
    if kind == "mps":
        raise ValueError(
            f"--devices {devices} --nodes {nodes} need CUDA or the CPU, and an Apple GPU (mps) is "
            "one device: leave them out, or add --device cpu."
        )
    here = torch.cuda.device_count() if kind == "cuda" else max(2, os.cpu_count() or 1)
    if devices > here:
        what = "GPUs here" if kind == "cuda" else "CPU cores here, or 2"
        raise ValueError(f"--devices is {devices}; expected at most {here}, the number of {what}.")
    for name in NODE if nodes > 1 else ():
        if not os.environ.get(name, "").strip() or name != NODE[0] and not _is_whole(name):
            raise ValueError(
                f"--nodes {nodes} needs the environment variable {name}; set {', '.join(NODE)} on "
                "each machine: the address and a free port of the first one, and 0, 1, ..."
            )
    return kind


def _fabric(arguments: argparse.Namespace, kind: str) -> Fabric:
    """Return the launcher of as many processes as the command line asks for."""
    try:
        from lightning_fabric import Fabric
        from lightning_fabric.plugins.environments import LightningEnvironment
        from lightning_fabric.strategies import DDPStrategy
    except ImportError as error:
        raise ValueError(
            "--devices and --nodes need Lightning Fabric: pip install 'gan-helpers[fabric]'."
        ) from error
    if arguments.nodes == 1:  # A batch system may have set them for its own processes.
        for name in (*NODE, "GROUP_RANK", "LOCAL_RANK", "WORLD_SIZE"):
            os.environ.pop(name, None)
    return Fabric(
        accelerator=kind,
        devices=arguments.devices,
        num_nodes=arguments.nodes,
        # New processes that this one watches. Otherwise it would be one of them, and Fabric would
        # end it without a sentence when another is killed.
        strategy=DDPStrategy(start_method="spawn"),
        plugins=[LightningEnvironment()],
    )


def _is_whole(name: str) -> bool:
    return os.environ[name].isdecimal()


def _take_part(
    fabric: Fabric,
    arguments: argparse.Namespace,
    work: Callable[[argparse.Namespace, Team], int],
    said: multiprocessing.SimpleQueue,
) -> int:
    """Do ``work`` in a process that ``launch`` has started."""
    team = Team(fabric)
    # tqdm's lock for several processes would be reported as lost when this one is killed.
    tqdm.set_lock(threading.RLock())
    try:
        # No KeyboardInterrupt here: all stop after the same step, or one would wait for ever.
        with stop_button(team.stopped.append), ended_like_ctrl_c():
            return work(arguments, team)
    except ConnectionError:
        time.sleep(3)  # Let ``launch`` notice first the process that is gone, and name it.
        sys.exit(1)
    except (OSError, TypeError, ValueError) as error:
        said.put(str(error))
        sys.exit(1)


def _pass_on(asked: list[float]) -> None:
    """Ask the processes to stop, and note the time in ``asked``."""
    asked.append(time.monotonic())
    for process in multiprocessing.active_children():
        # A batch system may ask twice at once; a reader who asks again has waited.
        process.kill() if asked[-1] - asked[0] > PATIENCE else process.terminate()
