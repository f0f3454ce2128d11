"""The fully connected generators and discriminators."""

import math
from collections.abc import Iterable

import torch
from torch import nn

from gan_helpers.checks import (
    IMAGE_SHAPE,
    check_image_shape,
    check_input_images,
    check_z,
    number,
    whole_number,
)
from gan_helpers.models.classes import EMBEDDED, class_embedding, join_class, judge

PIXELS = math.prod(IMAGE_SHAPE)  # 784


class Generator(nn.Module):
    """The course's generator, which turns z into an image: an MLP with BatchNorm and tanh.

    Each hidden layer is Linear, BatchNorm1d, LeakyReLU(0.2); the output is tanh(Linear).

    Input ``z``: float, shape (N, latent_dim). Output: float in [-1, 1], shape (N, *image_shape),
    (N, 1, 28, 28) if no other is chosen. A generator with ``classes`` (notebook 10) also takes
    ``labels``: int64, shape (N,). Raises ``ValueError`` when ``z`` has another shape, or holds a
    single vector in train mode, and ``TypeError`` when its dtype is not that of the weights.

    Source: Goodfellow et al. 2014, section 3 (the MLP generator); Radford et al. 2016, section 3
    (BatchNorm, tanh). Introduced in notebook 02, "The generator".
    """

    def __init__(
        self,
        latent_dim: int = 100,
        hidden: tuple[int, ...] = (256, 512),
        image_shape: tuple[int, int, int] = IMAGE_SHAPE,
        classes: int = 0,
    ):
        super().__init__()
        self.latent_dim = latent_dim = whole_number(latent_dim, "latent_dim", 1)
        hidden, self.image_shape = widths(hidden), check_image_shape(image_shape)
        self.embedding, self.classes = class_embedding(classes, EMBEDDED), classes
        self.sizes = {"latent_dim": latent_dim, "hidden": hidden} | _unusual(self)
        layers: list[nn.Module] = []
        width = latent_dim + (EMBEDDED if classes else 0)
        for units in hidden:
            layers += [nn.Linear(width, units), nn.BatchNorm1d(units), leaky_relu()]
            width = units
        self.layers = nn.Sequential(
            *layers, nn.Linear(width, math.prod(self.image_shape)), nn.Tanh()
        )

    def forward(self, z: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        check_z(z, self.latent_dim, self)
        pixels = self.layers(join_class(z, self.embedding, labels))
        return pixels.view(-1, *self.image_shape)  # (N, 784) -> (N, 1, 28, 28)


class Dropout(nn.Dropout):
    """Dropout with 16 random bits for each feature, which cost less than PyTorch's random floats.

    In train mode each feature is 0 with probability q and is divided by 1 - q otherwise, where q is
    ``p`` rounded to a multiple of 2^-16, so that the expected value is that of the input. In eval
    mode it does nothing; on a GPU, where floats are cheap, it is PyTorch's. Input and output:
    float, any shape. Raises ``TypeError`` when ``p`` is no number, ``ValueError`` outside [0, 1).

    Source: Srivastava et al. 2014, section 4. Introduced in notebook 02, "The same loop in the
    module".
    """

    def __init__(self, p: float = 0.5):
        super().__init__(number(p, "p", least=0, below=1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        dropped = min(round(self.p * 2**16), 2**16 - 1)  # so many of the 65,536 values of 16 bits
        if not self.training or dropped == 0 or features.device.type != "cpu":
            return super().forward(features)
        words = torch.empty(-(-features.numel() // 4), dtype=torch.int64)
        bits = words.random_(-(2**63), None).view(torch.int16)[: features.numel()]
        kept = (bits >= dropped - 2**15).to(features.dtype).view(features.shape)
        return features * (kept * (2**16 / (2**16 - dropped)))


class Discriminator(nn.Module):
    """The course's discriminator, which turns an image into a logit: an MLP with dropout.

    Each hidden layer is Linear, LeakyReLU(0.2), Dropout; the output is one Linear unit, the logit
    l, with D(x) = sigmoid(l).

    Input: float in [-1, 1], shape (N, *image_shape), (N, 1, 28, 28) if no other is chosen; with
    ``classes`` (notebook 10) also ``labels``: int64, shape (N,). Output: logits, shape (N, 1),
    unbounded. Raises ``ValueError`` when an image does not have so many pixels and ``TypeError``
    when the dtype of ``images`` is not that of the weights.

    Source: Goodfellow et al. 2014, section 5 (dropout in the discriminator). Introduced in
    notebook 02, "The discriminator".
    """

    def __init__(
        self,
        hidden: tuple[int, ...] = (256, 256),
        dropout: float = 0.2,
        image_shape: tuple[int, int, int] = IMAGE_SHAPE,
        classes: int = 0,
    ):
        super().__init__()
        hidden, dropout = widths(hidden), number(dropout, "dropout", least=0, below=1)
        self.image_shape = check_image_shape(image_shape)
        width = math.prod(self.image_shape)
        self.embedding = class_embedding(classes, hidden[-1] if hidden else width)
        self.classes = classes
        self.sizes = {"hidden": hidden, "dropout": dropout} | _unusual(self)
        layers: list[nn.Module] = []
        for units in hidden:
            layers += [nn.Linear(width, units), leaky_relu(), Dropout(dropout)]
            width = units
        self.layers = nn.Sequential(*layers, nn.Linear(width, 1))

    def forward(self, images: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        check_input_images(images, self.image_shape, self)
        # (N, 1, 28, 28) -> (N, 784) -> (N, 1)
        return judge(self.layers, images.flatten(1), self.embedding, labels)


class ArticleGenerator(nn.Module):
    """The article's generator, with the same layers as published and no output activation.

    The widths are 100 -> 128 -> 256 -> 512 -> 1024 -> 784; each hidden layer is Linear,
    LeakyReLU(0.2), BatchNorm1d(momentum=0.8). PyTorch's momentum is the weight of the *new* batch,
    so 0.8 soon forgets the old ones (in Keras it is the weight of the old average).

    Input ``z``: float, shape (N, latent_dim). Output: float, **unbounded**, shape (N, 1, 28, 28).
    Raises ``ValueError`` and ``TypeError`` as for ``Generator``.

    Source: EmjayAhn/GAN-pytorch, main.ipynb. Introduced in notebook 03, "The article's networks".
    """

    def __init__(self, latent_dim: int = 100):
        super().__init__()
        self.latent_dim = latent_dim = whole_number(latent_dim, "latent_dim", 1)
        self.image_shape = IMAGE_SHAPE
        self.sizes = {"latent_dim": latent_dim}
        layers: list[nn.Module] = []
        width = latent_dim
        for units in (128, 256, 512, 1024):
            layers += [
                nn.Linear(width, units),
                leaky_relu(),
                nn.BatchNorm1d(units, momentum=0.8),
            ]
            width = units
        self.layers = nn.Sequential(*layers, nn.Linear(width, PIXELS))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        check_z(z, self.latent_dim, self)
        return self.layers(z).view(-1, *IMAGE_SHAPE)  # (N, latent_dim) -> (N, 1, 28, 28)


class ArticleDiscriminator(nn.Module):
    """The article's discriminator, with the same layers as published except the final sigmoid.

    The widths are 784 -> 256 -> 128 -> 1, with LeakyReLU(0.2). The article ends in a sigmoid and
    uses ``BCELoss``; here the sigmoid is part of the loss (``gan_helpers.losses``), which is the
    same function with smaller rounding errors.

    Input: float, shape (N, 1, 28, 28). Output: logits, shape (N, 1), unbounded.
    Raises ``ValueError`` and ``TypeError`` as for ``Discriminator``.

    Source: EmjayAhn/GAN-pytorch, main.ipynb. Introduced in notebook 03, "The article's networks".
    """

    def __init__(self):
        super().__init__()
        self.sizes = {}
        self.layers = nn.Sequential(
            nn.Linear(PIXELS, 256),
            leaky_relu(),
            nn.Linear(256, 128),
            leaky_relu(),
            nn.Linear(128, 1),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        check_input_images(images, IMAGE_SHAPE, self)
        return self.layers(images.flatten(1))  # (N, 1, 28, 28) -> (N, 1)


def widths(hidden: Iterable[int]) -> tuple[int, ...]:
    """Return the widths of the hidden layers as checked integers."""
    if not isinstance(hidden, Iterable) or isinstance(hidden, str):
        raise TypeError(
            f"hidden is {hidden!r}; expected the units of each hidden layer, such as (256, 512)."
        )
    return tuple(whole_number(units, "a number of hidden units", 1) for units in hidden)


def _unusual(network: nn.Module) -> dict:
    """Return the shape of the images and the number of classes, where they are not the usual."""
    shape = {} if network.image_shape == IMAGE_SHAPE else {"image_shape": network.image_shape}
    return shape | ({"classes": network.classes} if network.classes else {})


def leaky_relu() -> nn.LeakyReLU:
    # It works in place and saves a copy: Linear's backward pass does not need Linear's output.
    return nn.LeakyReLU(0.2, inplace=True)
