"""Build a network, give it its first weights, count them."""

import math
from collections.abc import Callable

import torch
from torch import nn

from gan_helpers.checks import check_network, check_seed


def initialise(network: nn.Module, seed: int) -> nn.Module:
    """Give ``network`` the starting weights that belong to ``seed``, in place, and return it.

    Linear and convolutional layers: weights and biases are uniform in +-1/sqrt(fan_in), where
    fan_in is the number of inputs that one output is computed from (of a transposed convolution:
    in_channels kernel^2 / stride^2). A layer with a ``bound`` of its own, as in notebook 11, gets
    weights in +-bound and biases of 0. Embedding: N(0, 1). All come from a random generator of
    their own, so that they depend on ``seed`` alone. BatchNorm: scale 1, shift 0, running mean 0,
    running variance 1. For the same weights on every device, initialise on the CPU and move the
    network afterwards.

    Raises ``TypeError`` for any other layer with parameters and when ``seed`` is not a whole
    number, and ``ValueError`` when it is outside 0 to 2^63 - 1.

    Source: LeCun et al. 1998, "Efficient BackProp", section 4.6 (the order of magnitude).
    Introduced in notebook 02, "The generator".
    """
    check_network(network, "network")
    rng = torch.Generator().manual_seed(check_seed(seed))
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            own = getattr(layer, "bound", None)
            bound = 1 / math.sqrt(_fan_in(layer)) if own is None else own
            with torch.no_grad():
                layer.weight.uniform_(-bound, bound, generator=rng)
                if layer.bias is not None and own is not None:
                    layer.bias.zero_()
                elif layer.bias is not None:
                    layer.bias.uniform_(-bound, bound, generator=rng)
        elif isinstance(layer, nn.Embedding):
            with torch.no_grad():
                layer.weight.normal_(generator=rng)
        elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layer.reset_parameters()
        elif any(True for _ in layer.parameters(recurse=False)):
            raise TypeError(
                f"network holds a {type(layer).__name__}, which initialise() does not know; "
                "expected Linear, Conv2d, ConvTranspose2d, Embedding and BatchNorm layers. Add its "
                "rule to gan_helpers/models/building.py."
            )
    return network


def _fan_in(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d) -> float:
    """Return the number of inputs that one output of ``layer`` is computed from."""
    if isinstance(layer, nn.Linear):
        return layer.in_features
    kernel = math.prod(layer.kernel_size)
    if isinstance(layer, nn.ConvTranspose2d):
        # PyTorch counts one input's outputs here; an output sees kernel / stride inputs a side.
        kernel = kernel / math.prod(layer.stride)
    return layer.in_channels / layer.groups * kernel


def new_network(build: Callable[[], nn.Module], seed: int | None = None) -> nn.Module:
    """Return ``build()``, with the weights that belong to ``seed`` if one is given.

    PyTorch draws weights for each new layer, which ``initialise`` or a file then replaces; the
    global random state stays as it was. Raises ``TypeError`` when ``build`` builds no network.
    Introduced in notebook 02, "The generator", by way of ``initialise``.
    """
    if isinstance(build, nn.Module) or not callable(build):
        raise TypeError(
            f"build is of type {type(build).__name__}; expected a function that builds a network: "
            "Generator without brackets, or functools.partial(Generator, hidden=(256,))."
        )
    with torch.random.fork_rng(devices=[]):
        network = build()
    check_network(network, "what build returns")
    return network if seed is None else initialise(network, seed)


def count_parameters(network: nn.Module) -> int:
    """Return the number of trainable values in ``network``: n m + m for a Linear layer n -> m.

    Raises ``TypeError`` if it is no network. Introduced in notebook 02, "Counting parameters".
    """
    check_network(network, "network")
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
