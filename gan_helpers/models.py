"""The generators and discriminators of the course, fully connected."""

import contextlib
import math
from collections.abc import Callable, Iterator

import torch
from torch import nn

from gan_helpers.data import to_uint8

IMAGE_SHAPE = (1, 28, 28)
PIXELS = math.prod(IMAGE_SHAPE)  # 784


class Generator(nn.Module):
    """The course's generator: z -> image, an MLP with BatchNorm and tanh.

    Each hidden layer is Linear, BatchNorm1d, LeakyReLU(0.2); the output is tanh(Linear).

    Input ``z``: float, shape (N, latent_dim). Output: float in [-1, 1], shape (N, 1, 28, 28).
    Raises ``ValueError`` when ``z`` has another shape.

    Source: Goodfellow et al. 2014, section 3 (the MLP generator); Radford et al. 2016, section 3
    (BatchNorm, tanh). Introduced in notebook 02, "The generator".
    """

    def __init__(self, latent_dim: int = 100, hidden: tuple[int, ...] = (256, 512)):
        super().__init__()
        self.latent_dim = latent_dim
        self.sizes = {"latent_dim": latent_dim, "hidden": tuple(hidden)}
        layers: list[nn.Module] = []
        width = latent_dim
        for units in hidden:
            layers += [nn.Linear(width, units), nn.BatchNorm1d(units), _leaky_relu()]
            width = units
        self.layers = nn.Sequential(*layers, nn.Linear(width, PIXELS), nn.Tanh())

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        check_z(z, self.latent_dim)
        return self.layers(z).view(-1, *IMAGE_SHAPE)  # (N, latent_dim) -> (N, 1, 28, 28)


class Discriminator(nn.Module):
    """The course's discriminator: image -> logit, an MLP with dropout.

    Each hidden layer is Linear, LeakyReLU(0.2), Dropout; the output is one Linear unit, the logit
    l, with D(x) = sigmoid(l).

    Input: float in [-1, 1], shape (N, 1, 28, 28). Output: logits, shape (N, 1), unbounded.
    Raises ``ValueError`` when an image has not 784 pixels.

    Source: Goodfellow et al. 2014, section 5 (dropout in the discriminator). Introduced in
    notebook 02, "The discriminator".
    """

    def __init__(self, hidden: tuple[int, ...] = (256, 256), dropout: float = 0.2):
        super().__init__()
        self.sizes = {"hidden": tuple(hidden), "dropout": dropout}
        layers: list[nn.Module] = []
        width = PIXELS
        for units in hidden:
            layers += [nn.Linear(width, units), _leaky_relu(), nn.Dropout(dropout)]
            width = units
        self.layers = nn.Sequential(*layers, nn.Linear(width, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(flatten_images(images))  # (N, 1, 28, 28) -> (N, 1)


class ArticleGenerator(nn.Module):
    """The article's generator, layer for layer as published: no output activation.

    100 -> 128 -> 256 -> 512 -> 1024 -> 784, each hidden layer Linear, LeakyReLU(0.2),
    BatchNorm1d(momentum=0.8). PyTorch's momentum is the share of the *new* batch: 0.8 forgets
    almost at once (Keras counts the other way round, where 0.8 keeps four fifths of the old).

    Input ``z``: float, shape (N, latent_dim). Output: float, **unbounded**, shape (N, 1, 28, 28).
    Raises ``ValueError`` when ``z`` has another shape.

    Source: EmjayAhn/GAN-pytorch, main.ipynb. Introduced in notebook 03, "The article's networks".
    """

    def __init__(self, latent_dim: int = 100):
        super().__init__()
        self.latent_dim = latent_dim
        self.sizes = {"latent_dim": latent_dim}
        layers: list[nn.Module] = []
        width = latent_dim
        for units in (128, 256, 512, 1024):
            layers += [
                nn.Linear(width, units),
                _leaky_relu(),
                nn.BatchNorm1d(units, momentum=0.8),
            ]
            width = units
        self.layers = nn.Sequential(*layers, nn.Linear(width, PIXELS))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        check_z(z, self.latent_dim)
        return self.layers(z).view(-1, *IMAGE_SHAPE)  # (N, latent_dim) -> (N, 1, 28, 28)


class ArticleDiscriminator(nn.Module):
    """The article's discriminator, layer for layer as published, up to its sigmoid.

    784 -> 256 -> 128 -> 1 with LeakyReLU(0.2). The article ends in a sigmoid and uses ``BCELoss``;
    here the sigmoid is part of the loss (``gan_helpers.losses``): the same function, without its
    loss of digits.

    Input: float, shape (N, 1, 28, 28). Output: logits, shape (N, 1), unbounded.
    Raises ``ValueError`` when an image has not 784 pixels.

    Source: EmjayAhn/GAN-pytorch, main.ipynb. Introduced in notebook 03, "The article's networks".
    """

    def __init__(self):
        super().__init__()
        self.sizes = {}
        self.layers = nn.Sequential(
            nn.Linear(PIXELS, 256),
            _leaky_relu(),
            nn.Linear(256, 128),
            _leaky_relu(),
            nn.Linear(128, 1),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(flatten_images(images))  # (N, 1, 28, 28) -> (N, 1)


# The networks that files name. ``sizes`` of a network are the arguments that build it again.
GENERATORS = {kind.__name__: kind for kind in (Generator, ArticleGenerator)}
DISCRIMINATORS = {kind.__name__: kind for kind in (Discriminator, ArticleDiscriminator)}


def _leaky_relu() -> nn.LeakyReLU:
    # In place: Linear's backward pass does not need its output, so no memory is spent on a copy.
    return nn.LeakyReLU(0.2, inplace=True)


def check_z(z: torch.Tensor, latent_dim: int) -> None:
    """Raise ``ValueError`` unless ``z`` has shape (N, latent_dim)."""
    if z.ndim != 2 or z.shape[1] != latent_dim:
        raise ValueError(
            f"z has shape {tuple(z.shape)}; expected (N, {latent_dim}): N latent vectors of "
            f"latent_dim = {latent_dim}. Draw them with torch.randn(N, {latent_dim})."
        )


def flatten_images(images: torch.Tensor) -> torch.Tensor:
    """(N, 1, 28, 28) -> (N, 784); raises ``ValueError`` when an image has not 784 pixels."""
    if images.ndim < 2 or math.prod(images.shape[1:]) != PIXELS:
        raise ValueError(
            f"images has shape {tuple(images.shape)}; expected (N, 1, 28, 28). A single image "
            "needs a batch dimension: image.unsqueeze(0)."
        )
    return images.flatten(1)


def initialise(network: nn.Module, seed: int) -> nn.Module:
    """Give ``network`` the starting weights that belong to ``seed``, in place, and return it.

    Linear layers: weights and biases uniform in +-1/sqrt(fan_in), PyTorch's own default, drawn
    from a generator of their own, so that no other random number shifts them. BatchNorm: scale 1,
    shift 0, running mean 0, running variance 1. Deterministic on the CPU, also across devices:
    initialise first, then move.

    Raises ``TypeError`` for a layer that has parameters and is neither.

    Source: LeCun et al. 1998, "Efficient BackProp", section 4.6 (the order of magnitude).
    Introduced in notebook 02, "The generator".
    """
    rng = torch.Generator().manual_seed(seed)
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            bound = 1 / math.sqrt(layer.in_features)
            with torch.no_grad():
                layer.weight.uniform_(-bound, bound, generator=rng)
                if layer.bias is not None:
                    layer.bias.uniform_(-bound, bound, generator=rng)
        elif isinstance(layer, nn.BatchNorm1d):
            layer.reset_parameters()
        elif any(True for _ in layer.parameters(recurse=False)):
            raise TypeError(
                f"network holds a {type(layer).__name__}, which initialise() does not know; "
                "expected Linear and BatchNorm1d layers. Add its rule to gan_helpers/models.py."
            )
    return network


def new_network(build: Callable[[], nn.Module], seed: int | None = None) -> nn.Module:
    """``build()``, its weights from ``seed`` where one is given; no other random number moves.

    PyTorch draws first weights for each layer, which ``initialise`` or a file then replaces: the
    global random state is put back. Introduced in notebook 02, "The generator", by way of
    ``initialise``.
    """
    with torch.random.fork_rng(devices=[]):
        network = build()
    return network if seed is None else initialise(network, seed)


def count_parameters(network: nn.Module) -> int:
    """Number of trainable values in ``network``: a Linear layer n -> m has n m + m.

    Introduced in notebook 02, "Counting parameters".
    """
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def sample(generator: nn.Module, z: torch.Tensor) -> torch.Tensor:
    """Draw images from ``z`` in eval mode, so that one z always gives one picture.

    ``z``: shape (N, latent_dim). Returns uint8, shape (N, 1, 28, 28), on the CPU. The generator's
    mode is put back.

    Raises ``ValueError`` for a wrong shape or a generator whose output is NaN.
    Introduced in notebook 02, "BatchNorm".
    """
    with evaluating(generator), torch.no_grad():
        return to_uint8(generator(z)).cpu()


def draw(generator: nn.Module, n: int, seed: int) -> torch.Tensor:
    """``n`` images of ``generator`` from z ~ N(0, I): uint8, shape (n, 1, 28, 28).

    Introduced in notebook 06, "One table", by way of ``evaluate``.
    """
    rng = torch.Generator().manual_seed(seed)
    z = torch.randn(n, generator.latent_dim, generator=rng)
    device = next(generator.parameters()).device
    return torch.cat([sample(generator, part.to(device)) for part in z.split(1000)])


@contextlib.contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Lend ``network`` in eval mode, so that one z always gives one picture, and without gradients
    for its weights; then put both back."""
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
