"""One run on several devices: each process has its copy, and they average their gradients."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import distributed, nn

from gan_helpers.kinds import check_kind
from gan_helpers.training.run import Run

if TYPE_CHECKING:  # Lightning Fabric is an extra, which one device does not need.
    from lightning_fabric import Fabric


def check_shares(batch_size: int, processes: int) -> None:
    """Check that ``processes`` can have equal shares of a batch, of two images at least.

    Raises ``ValueError`` when they cannot. Introduced in notebook 10, "Several devices".
    """
    if batch_size % processes or batch_size < 2 * processes:
        raise ValueError(
            f"batch_size is {batch_size}, which {processes} processes cannot divide among them; "
            f"expected a multiple of {processes}, at least {2 * processes}: each process takes an "
            "equal share of the batch, and BatchNorm needs two images in it."
        )


def join_run(run: Run, fabric: Fabric) -> None:
    """Make ``run`` this process's copy of a run that all processes of ``fabric`` train together.

    Call it once in each process, for the same run, before the first step. From then on, a process
    takes its share of each batch: the rows ``rank``, ``rank + processes``, ... of the images and of
    z. All copies draw from the same random state, so a checkpoint of one is a checkpoint of all,
    for any number of processes. Only dropout draws other numbers in each. Before an optimiser moves
    the weights, the gradients are averaged, so all copies move alike. So are the running statistics
    of BatchNorm, which otherwise knows its own share only.

    Raises ``TypeError`` when ``run`` is not a run and ``ValueError`` when its batch cannot be
    divided by the number of processes. Source: Goyal et al. 2017, "Accurate, Large Minibatch SGD",
    section 3. Introduced in notebook 10, "Several devices".
    """
    check_kind(run, "run", Run, "start_run(COURSE) returns one.")
    check_shares(run.recipe.batch_size, fabric.world_size)
    run.rank, run.processes = fabric.global_rank, fabric.world_size
    players = ((run.generator, run.g_optimizer), (run.discriminator, run.d_optimizer))
    for network, optimizer in players:
        # Processors of different kinds round differently, so the first weights are sent, too.
        _send_weights(network, fabric)
        # The steps of the course stay as they are: PyTorch calls this where optimizer.step begins.
        optimizer.register_step_pre_hook(partial(_average_gradients, network, fabric))
    if run.average is not None:
        _send_weights(run.average, fabric)


def anyone(fabric: Fabric, own: bool) -> bool:
    """Return whether ``own`` is true in any process; each has to call it at the same place.

    Raises ``ConnectionError`` when a process is gone. Introduced in notebook 10, "Several devices".
    """
    return _sum(torch.tensor([float(own)], device=fabric.device)).item() > 0


def _send_weights(network: nn.Module, fabric: Fabric) -> None:
    weights = {name: tensor.cpu() for name, tensor in network.state_dict().items()}
    with _in_company():
        network.load_state_dict(fabric.broadcast(weights))


@torch.no_grad()
def _average_gradients(network: nn.Module, fabric: Fabric, *hook: object) -> None:
    """Replace the gradients and the running statistics by their means over all processes."""
    parts = [p.grad for p in network.parameters() if p.grad is not None]
    parts += [buffer for buffer in network.buffers() if buffer.is_floating_point()]
    # One message for all: each has to wait for the slowest process.
    mean = _sum(torch.cat([part.flatten() for part in parts])) / fabric.world_size
    for part, new in zip(parts, mean.split([part.numel() for part in parts]), strict=True):
        part.copy_(new.view_as(part))


def _sum(values: torch.Tensor) -> torch.Tensor:
    with _in_company():
        # fabric.all_reduce would first wait at a barrier, which doubles the time.
        distributed.all_reduce(values)
    return values


@contextlib.contextmanager
def _in_company() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # PyTorch's, in several lines
        raise ConnectionError("another process of this run is gone.") from error
