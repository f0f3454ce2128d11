"""Draw images with a generator, always in eval mode."""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from gan_helpers.checks import check_network, check_seed, latent_dim_of, whole_number
from gan_helpers.data import to_uint8
from gan_helpers.models.classes import classes_of, each_class


def sample(
    generator: nn.Module, z: torch.Tensor, labels: torch.Tensor | None = None
) -> torch.Tensor:
    """Draw images from ``z`` in eval mode, so that the same z always gives the same image.

    ``z``: shape (N, latent_dim); ``labels``: int64, shape (N,), for a generator with classes.
    Returns uint8, shape (N, channels, height, width), on the CPU. Afterwards the generator is in
    the mode that it was in before.

    Raises ``TypeError`` for a wrong dtype and when ``generator`` is not a network, ``ValueError``
    for a wrong shape and when the output is NaN. Introduced in notebook 02, "BatchNorm".
    """
    check_network(generator, "generator")
    with evaluating(generator), torch.no_grad():
        return to_uint8(generator(z) if labels is None else generator(z, labels)).cpu()


def draw(generator: nn.Module, n: int, seed: int) -> torch.Tensor:
    """Draw ``n`` images with ``generator`` from z ~ N(0, I): uint8, (n, channels, height, width).

    ``generator``: a network that takes z, shape (N, latent_dim), gives images in [-1, 1] and has
    the attribute ``latent_dim``. One with classes draws them in turn, 0, 1, ..., 0, 1, ...: image i
    has the class i % classes. Raises ``TypeError`` for another, or when ``n`` or ``seed`` is not
    a whole number; ``ValueError`` for ``n`` below 1, a ``seed`` below 0 or images that are NaN.

    Introduced in notebook 06, "One table", by way of ``evaluate``.
    """
    latent_dim, n = latent_dim_of(generator), whole_number(n, "n", 1)
    rng = torch.Generator().manual_seed(check_seed(seed))
    z = torch.randn(n, latent_dim, generator=rng)
    device = next(generator.parameters()).device
    parts = [part.to(device) for part in z.split(1000)]
    labels = each_class(n, classes_of(generator))
    if labels is None:
        return torch.cat([sample(generator, part) for part in parts])
    asked = [part.to(device) for part in labels.split(1000)]
    return torch.cat([sample(generator, *pair) for pair in zip(parts, asked, strict=True)])


@contextlib.contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Put ``network`` into eval mode, without gradients for its weights, inside a ``with`` block.

    Afterwards both are as before. Raises ``TypeError`` when ``network`` is not a network.
    """
    check_network(network, "network")
    modes = [(module, module.training) for module in network.modules()]
    needed = [parameter.requires_grad for parameter in network.parameters()]
    network.eval().requires_grad_(False)
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
        for parameter, need in zip(network.parameters(), needed, strict=True):
            parameter.requires_grad_(need)
