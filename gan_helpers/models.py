"""The generators and discriminators of the course, fully connected."""

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import nn

from gan_helpers.checks import (
    IMAGE_SHAPE,
    check_input_images,
    check_network,
    check_seed,
    check_z,
    latent_dim_of,
    number,
    whole_number,
)
from gan_helpers.data import to_uint8

PIXELS = math.prod(IMAGE_SHAPE)  # 784


class Generator(nn.Module):
    """The course's generator: z -> image, an MLP with BatchNorm and tanh.

    Each hidden layer is Linear, BatchNorm1d, LeakyReLU(0.2); the output is tanh(Linear).

    Input ``z``: float, shape (N, latent_dim). Output: float in [-1, 1], shape (N, 1, 28, 28).
    Raises ``ValueError`` when ``z`` has another shape, or holds one vector in train mode, and
    ``TypeError`` when it has another dtype than the weights.

    Source: Goodfellow et al. 2014, section 3 (the MLP generator); Radford et al. 2016, section 3
    (BatchNorm, tanh). Introduced in notebook 02, "The generator".
    """

    def __init__(self, latent_dim: int = 100, hidden: tuple[int, ...] = (256, 512)):
        super().__init__()
        self.latent_dim = latent_dim = whole_number(latent_dim, "latent_dim", 1)
        hidden = _widths(hidden)
        self.sizes = {"latent_dim": latent_dim, "hidden": hidden}
        layers: list[nn.Module] = []
        width = latent_dim
        for units in hidden:
            layers += [nn.Linear(width, units), nn.BatchNorm1d(units), _leaky_relu()]
            width = units
        self.layers = nn.Sequential(*layers, nn.Linear(width, PIXELS), nn.Tanh())

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        check_z(z, self.latent_dim, self)
        return self.layers(z).view(-1, *IMAGE_SHAPE)  # (N, latent_dim) -> (N, 1, 28, 28)


class Dropout(nn.Dropout):
    """nn.Dropout with cheaper random numbers: 16 random bits decide about a unit, on the CPU.

    In train mode a unit is 0 with probability p, rounded to a multiple of 2^-16, and otherwise
    divided by 1 - p; PyTorch's own draws a whole random number for each unit, which takes five
    times as long. Any shape; the random bits come from PyTorch's global random state. Raises
    ``TypeError`` when ``p`` is no number and ``ValueError`` unless it is in [0, 1).

    Source: Srivastava et al. 2014, section 4. Introduced in notebook 02, "The discriminator".
    """

    def __init__(self, p: float = 0.5):
        super().__init__(number(p, "p", least=0, below=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        dropped = round(self.p * 2**16)  # of 2^16 numbers
        if not self.training or x.device.type != "cpu" or not 0 < dropped < 2**16:
            return super().forward(x)
        bits = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
        drawn = bits.view(torch.int16)[: x.numel()].view(x.shape)  # from -2^15 to 2^15 - 1
        # Compared in place, so that no booleans are made: those are slow to multiply with.
        keep = drawn.ge_(dropped - 2**15).to(x.dtype).mul_(2**16 / (2**16 - dropped))
        return x * keep


class Discriminator(nn.Module):
    """The course's discriminator: image -> logit, an MLP with dropout.

    Each hidden layer is Linear, LeakyReLU(0.2), Dropout; the output is one Linear unit, the logit
    l, with D(x) = sigmoid(l).

    Input: float in [-1, 1], shape (N, 1, 28, 28). Output: logits, shape (N, 1), unbounded.
    Raises ``ValueError`` when an image has not 784 pixels and ``TypeError`` when ``images`` has
    another dtype than the weights.

    Source: Goodfellow et al. 2014, section 5 (dropout in the discriminator). Introduced in
    notebook 02, "The discriminator".
    """

    def __init__(self, hidden: tuple[int, ...] = (256, 256), dropout: float = 0.2):
        super().__init__()
        hidden, dropout = _widths(hidden), number(dropout, "dropout", least=0, below=1)
        self.sizes = {"hidden": hidden, "dropout": dropout}
        layers: list[nn.Module] = []
        width = PIXELS
        for units in hidden:
            layers += [nn.Linear(width, units), _leaky_relu(), Dropout(dropout)]
            width = units
        self.layers = nn.Sequential(*layers, nn.Linear(width, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        check_input_images(images, PIXELS, self)
        return self.layers(images.flatten(1))  # (N, 1, 28, 28) -> (N, 1)


class ArticleGenerator(nn.Module):
    """The article's generator, layer for layer as published: no output activation.

    100 -> 128 -> 256 -> 512 -> 1024 -> 784, each hidden layer Linear, LeakyReLU(0.2),
    BatchNorm1d(momentum=0.8). PyTorch's momentum is the share of the *new* batch: 0.8 forgets
    almost at once (Keras counts the other way round, where 0.8 keeps four fifths of the old).

    Input ``z``: float, shape (N, latent_dim). Output: float, **unbounded**, shape (N, 1, 28, 28).
    Raises ``ValueError`` and ``TypeError`` as for ``Generator``.

    Source: EmjayAhn/GAN-pytorch, main.ipynb. Introduced in notebook 03, "The article's networks".
    """

    def __init__(self, latent_dim: int = 100):
        super().__init__()
        self.latent_dim = latent_dim = whole_number(latent_dim, "latent_dim", 1)
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
        check_z(z, self.latent_dim, self)
        return self.layers(z).view(-1, *IMAGE_SHAPE)  # (N, latent_dim) -> (N, 1, 28, 28)


class ArticleDiscriminator(nn.Module):
    """The article's discriminator, layer for layer as published, up to its sigmoid.

    784 -> 256 -> 128 -> 1 with LeakyReLU(0.2). The article ends in a sigmoid and uses ``BCELoss``;
    here the sigmoid is part of the loss (``gan_helpers.losses``): the same function, without its
    loss of digits.

    Input: float, shape (N, 1, 28, 28). Output: logits, shape (N, 1), unbounded.
    Raises ``ValueError`` and ``TypeError`` as for ``Discriminator``.

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
        check_input_images(images, PIXELS, self)
        return self.layers(images.flatten(1))  # (N, 1, 28, 28) -> (N, 1)


# The networks that files name. ``sizes`` of a network are the arguments that build it again.
GENERATORS = {kind.__name__: kind for kind in (Generator, ArticleGenerator)}
DISCRIMINATORS = {kind.__name__: kind for kind in (Discriminator, ArticleDiscriminator)}


def _widths(hidden: Iterable[int]) -> tuple[int, ...]:
    """The units of the hidden layers, checked."""
    if not isinstance(hidden, Iterable) or isinstance(hidden, str):
        raise TypeError(
            f"hidden is {hidden!r}; expected the units of each hidden layer, such as (256, 512)."
        )
    return tuple(whole_number(units, "a number of hidden units", 1) for units in hidden)


def _leaky_relu() -> nn.LeakyReLU:
    # In place: Linear's backward pass does not need its output, so no memory is spent on a copy.
    return nn.LeakyReLU(0.2, inplace=True)


def initialise(network: nn.Module, seed: int) -> nn.Module:
    """Give ``network`` the starting weights that belong to ``seed``, in place, and return it.

    Linear layers: weights and biases uniform in +-1/sqrt(fan_in), PyTorch's own default, drawn
    from a generator of their own, so that no other random number shifts them. BatchNorm: scale 1,
    shift 0, running mean 0, running variance 1. Deterministic on the CPU, also across devices:
    initialise first, then move.

    Raises ``TypeError`` for a layer that has parameters and is neither, and for a ``seed`` that is
    no whole number; ``ValueError`` for one outside 0 to 2^63 - 1.

    Source: LeCun et al. 1998, "Efficient BackProp", section 4.6 (the order of magnitude).
    Introduced in notebook 02, "The generator".
    """
    check_network(network, "network")
    rng = torch.Generator().manual_seed(check_seed(seed))
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
    global random state is put back. Raises ``TypeError`` when ``build`` builds no network.
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
    """Number of trainable values in ``network``: a Linear layer n -> m has n m + m.

    Raises ``TypeError`` when ``network`` is none. Introduced in notebook 02, "Counting parameters".
    """
    check_network(network, "network")
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def sample(generator: nn.Module, z: torch.Tensor) -> torch.Tensor:
    """Draw images from ``z`` in eval mode, so that one z always gives one picture.

    ``z``: shape (N, latent_dim). Returns uint8, shape (N, 1, 28, 28), on the CPU. The generator's
    mode is put back.

    Raises ``TypeError`` for a wrong dtype or what is no network, ``ValueError`` for a wrong shape
    or a generator whose output is NaN.
    Introduced in notebook 02, "BatchNorm".
    """
    check_network(generator, "generator")
    with evaluating(generator), torch.no_grad():
        return to_uint8(generator(z)).cpu()


def draw(generator: nn.Module, n: int, seed: int) -> torch.Tensor:
    """``n`` images of ``generator`` from z ~ N(0, I): uint8, shape (n, 1, 28, 28).

    ``generator``: a network that takes z, shape (N, latent_dim), gives images in [-1, 1] and has
    the number ``latent_dim``. Raises ``TypeError`` for another, or when ``n`` or ``seed`` is no
    whole number; ``ValueError`` for ``n`` below 1, a ``seed`` below 0 or images that are NaN.

    Introduced in notebook 06, "One table", by way of ``evaluate``.
    """
    latent_dim, n = latent_dim_of(generator), whole_number(n, "n", 1)
    rng = torch.Generator().manual_seed(check_seed(seed))
    z = torch.randn(n, latent_dim, generator=rng)
    device = next(generator.parameters()).device
    return torch.cat([sample(generator, part.to(device)) for part in z.split(1000)])


@contextlib.contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Lend ``network`` in eval mode, so that one z always gives one picture, and without gradients
    for its weights; then put both back. Raises ``TypeError`` for what is no network."""
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
