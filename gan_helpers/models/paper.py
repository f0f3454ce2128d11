"""The two networks of 2014: a generator of ReLU units and a discriminator of maxout units."""

import math

import torch
from torch import nn

from gan_helpers.checks import (
    IMAGE_SHAPE,
    check_image_shape,
    check_images,
    check_input_images,
    check_z,
    number,
    whole_number,
)
from gan_helpers.models.dense import Dropout, leaky_relu, widths

G_BOUND, D_BOUND = 0.05, 0.005  # the first weights are uniform in +- these, and the biases 0


class Maxout(nn.Module):
    """A layer of units, each of which is the largest of several affine functions of the input.

    h_i(x) = max_j (x^T W_ij + b_ij), j from 1 to ``pieces``. Input: float, (N, inputs). Output:
    float, (N, units). Raises ``TypeError`` and ``ValueError`` unless all three are whole numbers of
    at least 1.

    Source: Goodfellow et al. 2013, "Maxout Networks", section 3. Introduced in notebook 11,
    "Maxout".
    """

    def __init__(self, inputs: int, units: int, pieces: int = 5):
        super().__init__()
        inputs, units = whole_number(inputs, "inputs", 1), whole_number(units, "units", 1)
        self.pieces = whole_number(pieces, "pieces", 1)
        self.linear = _linear(inputs, units * self.pieces, D_BOUND)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        # (N, inputs) -> (N, units * pieces) -> (N, units, pieces) -> (N, units)
        return self.linear(features).unflatten(1, (-1, self.pieces)).max(2).values


class PaperGenerator(nn.Module):
    """The generator of 2014: Linear and ReLU, twice, then Linear and a sigmoid.

    The sigmoid gives pixels p in [0, 1], as in 2014; the output is 2 p - 1, as the course has it.
    With ``uniform_z``, z from N(0, I) is turned into uniform numbers in +-sqrt(3), of the same
    variance: sqrt(3) (2 Phi(z) - 1), where Phi is the normal distribution function.

    Input ``z``: float, shape (N, latent_dim). Output: float in [-1, 1], (N, *image_shape). Raises
    ``ValueError`` and ``TypeError`` as for ``Generator``.

    Source: Goodfellow et al. 2014, section 5, and its published code. Introduced in notebook 11,
    "The two networks".
    """

    def __init__(
        self,
        latent_dim: int = 100,
        hidden: tuple[int, ...] = (1200, 1200),
        image_shape: tuple[int, int, int] = IMAGE_SHAPE,
        uniform_z: bool = True,
    ):
        super().__init__()
        self.latent_dim = width = whole_number(latent_dim, "latent_dim", 1)
        hidden, self.image_shape = widths(hidden), check_image_shape(image_shape)
        if not isinstance(uniform_z, bool):
            raise TypeError(f"uniform_z is {uniform_z!r}; expected True or False.")
        self.uniform_z = uniform_z
        self.sizes = {
            "latent_dim": width,
            "hidden": hidden,
            "image_shape": self.image_shape,
            "uniform_z": self.uniform_z,
        }
        layers: list[nn.Module] = []
        for units in hidden:
            layers += [_linear(width, units, G_BOUND), nn.ReLU()]
            width = units
        self.layers = nn.Sequential(
            *layers, _linear(width, math.prod(self.image_shape), G_BOUND), nn.Sigmoid()
        )

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        check_z(z, self.latent_dim, self)
        if self.uniform_z:
            z = math.sqrt(3) * torch.erf(z / math.sqrt(2))  # erf(z / sqrt 2) = 2 Phi(z) - 1
        # In float32, also when the products are in bfloat16, whose numbers near -1 are 1/256 apart:
        # that would round away most of a dark pixel.
        pixels = self.layers[:-1](z).to(z.dtype).sigmoid()
        return (2 * pixels - 1).view(-1, *self.image_shape)

    @torch.no_grad()
    def start_at_means(self, images: torch.Tensor) -> None:
        """Set the output's bias so that G's first image is near the mean of ``images``.

        The bias is the logit log(m / (1 - m)) of each pixel's mean m in [0, 1], which is first
        clipped to [1e-7, 1 - 1e-7]. ``images``: uint8, shape (N, *image_shape). ``play_step`` calls
        it before a run's first step. Introduced in notebook 11, "The two networks".
        """
        check_images(images, "images", shape=self.image_shape)
        means = images.flatten(1).double().mean(0) / 255
        self.layers[-2].bias.copy_(means.logit(eps=1e-7))


class PaperDiscriminator(nn.Module):
    """The discriminator of 2014: two layers of maxout units with dropout on every layer's input.

    It sees pixels in [0, 1]. Each pixel is dropped with probability ``input_dropout``, each input
    of a later layer, of the last one too, with ``dropout``; what is kept is divided by the
    probability to be kept. The last layer is one Linear unit, the logit. ``pieces`` of 1 would make
    a unit linear, and LeakyReLU(0.2) then follows it.

    Input: float in [-1, 1], (N, *image_shape). Output: logits, shape (N, 1), unbounded. Raises
    ``ValueError`` and ``TypeError`` as for ``Discriminator``.

    Source: Goodfellow et al. 2014, section 5, and its published code. Introduced in notebook 11,
    "The two networks".
    """

    def __init__(
        self,
        hidden: tuple[int, ...] = (240, 240),
        pieces: int = 5,
        input_dropout: float = 0.2,
        dropout: float = 0.5,
        image_shape: tuple[int, int, int] = IMAGE_SHAPE,
    ):
        super().__init__()
        hidden, self.image_shape = widths(hidden), check_image_shape(image_shape)
        drop = number(input_dropout, "input_dropout", least=0, below=1)
        dropout = number(dropout, "dropout", least=0, below=1)
        pieces = whole_number(pieces, "pieces", 1)
        self.sizes = {
            "hidden": hidden,
            "pieces": pieces,
            "input_dropout": drop,
            "dropout": dropout,
            "image_shape": self.image_shape,
        }
        width = math.prod(self.image_shape)
        layers: list[nn.Module] = []
        for units in hidden:
            layers += [Dropout(drop), Maxout(width, units, pieces)]
            layers += [leaky_relu()] if pieces == 1 else []
            width, drop = units, dropout
        self.layers = nn.Sequential(*layers, Dropout(drop), _linear(width, 1, D_BOUND))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        check_input_images(images, self.image_shape, self)
        return self.layers((images.flatten(1) + 1) / 2)


def _linear(inputs: int, outputs: int, bound: float) -> nn.Linear:
    """A Linear layer to which ``initialise`` gives weights in +-bound and biases of 0."""
    layer = nn.Linear(inputs, outputs)
    layer.bound = bound
    return layer
