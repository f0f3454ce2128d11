"""The convolutional pair: a generator and a discriminator for small grey or colour pictures."""

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
from gan_helpers.models.dense import Dropout, leaky_relu, widths

UPSAMPLINGS = ("transposed", "resize")


class ConvGenerator(nn.Module):
    """A convolutional generator: z -> 2w maps of a quarter of the size -> w maps of half -> image.

    A Linear layer makes the first maps; two layers double their size, each a transposed convolution
    of kernel 4 and stride 2, or with ``upsampling="resize"`` a doubling of every pixel and a
    convolution of kernel 3. BatchNorm2d and LeakyReLU(0.2) stand between them, tanh at the end.

    ``width``: w, the maps before the last layer; ``image_shape``: (channels, height, width), height
    and width divisible by 4; ``classes``: 0, or how many classes it is told. Input ``z``: float,
    (N, latent_dim), and with classes ``labels``: int64, (N,). Output: float in [-1, 1],
    (N, *image_shape). Raises ``TypeError`` and ``ValueError`` for other sizes and inputs.

    Source: Radford et al. 2016, section 3; Odena et al. 2016 (resize and convolve). Introduced in
    notebook 10, "A convolutional generator".
    """

    def __init__(
        self,
        latent_dim: int = 64,
        width: int = 32,
        image_shape: tuple[int, int, int] = IMAGE_SHAPE,
        classes: int = 0,
        upsampling: str = "transposed",
    ):
        super().__init__()
        self.latent_dim = latent_dim = whole_number(latent_dim, "latent_dim", 1)
        width = whole_number(width, "width", 1)
        self.image_shape = channels, *size = _divisible_shape(image_shape)
        if upsampling not in UPSAMPLINGS:
            raise ValueError(f"upsampling is {upsampling!r}; expected 'transposed' or 'resize'.")
        self.sizes = {
            "latent_dim": latent_dim,
            "width": width,
            "image_shape": self.image_shape,
            "classes": classes,
            "upsampling": upsampling,
        }
        self.embedding, self.classes = class_embedding(classes, EMBEDDED), classes
        height, across = (side // 4 for side in size)
        up = {"transposed": _transposed, "resize": _resized}[upsampling]
        joined = latent_dim + (EMBEDDED if classes else 0)
        self.layers = nn.Sequential(
            nn.Linear(joined, 2 * width * height * across),
            nn.Unflatten(1, (2 * width, height, across)),
            nn.BatchNorm2d(2 * width),
            leaky_relu(),
            *up(2 * width, width),
            nn.BatchNorm2d(width),
            leaky_relu(),
            *up(width, channels),
            nn.Tanh(),
        )

    def forward(self, z: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        check_z(z, self.latent_dim, self)
        return self.layers(join_class(z, self.embedding, labels))


class ConvDiscriminator(nn.Module):
    """A convolutional discriminator: image -> w maps of half the size -> 2w of a quarter -> logit.

    Two convolutions of kernel 4 and stride 2 see pieces of 10 x 10 pixels; the ``hidden`` Linear
    layers after them are the first to see the whole image; the last layer is one Linear unit, the
    logit. LeakyReLU(0.2) follows all but the last; dropout stands before and in the Linear layers.
    With ``classes``, the vector of the class is projected on the features before the last layer.

    Input: float in [-1, 1], (N, *image_shape), and with classes ``labels``: int64, (N,). Output:
    logits, (N, 1), unbounded. Raises ``TypeError`` and ``ValueError`` for other sizes and inputs.

    Source: Radford et al. 2016, section 3 (strided convolutions); Chen et al. 2016, appendix C.1
    (the Linear layer); Miyato and Koyama 2018, section 3 (projection). Introduced in notebook 10,
    "A convolutional discriminator".
    """

    def __init__(
        self,
        width: int = 32,
        hidden: tuple[int, ...] = (128,),
        dropout: float = 0.3,
        image_shape: tuple[int, int, int] = IMAGE_SHAPE,
        classes: int = 0,
    ):
        super().__init__()
        width, hidden = whole_number(width, "width", 1), widths(hidden)
        dropout = number(dropout, "dropout", least=0, below=1)
        self.image_shape = channels, *size = _divisible_shape(image_shape)
        self.sizes = {
            "width": width,
            "hidden": hidden,
            "dropout": dropout,
            "image_shape": self.image_shape,
            "classes": classes,
        }
        features = 2 * width * (size[0] // 4) * (size[1] // 4)
        layers: list[nn.Module] = [
            nn.Conv2d(channels, width, kernel_size=4, stride=2, padding=1),
            leaky_relu(),
            nn.Conv2d(width, 2 * width, kernel_size=4, stride=2, padding=1),
            leaky_relu(),
            nn.Flatten(),
            Dropout(dropout),
        ]
        for units in hidden:
            layers += [nn.Linear(features, units), leaky_relu(), Dropout(dropout)]
            features = units
        self.embedding, self.classes = class_embedding(classes, features), classes
        self.layers = nn.Sequential(*layers, nn.Linear(features, 1))

    def forward(self, images: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        check_input_images(images, self.image_shape, self)
        images = images.reshape(-1, *self.image_shape)
        return judge(self.layers, images, self.embedding, labels)


def _divisible_shape(image_shape: tuple[int, int, int]) -> tuple[int, int, int]:
    channels, height, width = image_shape = check_image_shape(image_shape)
    if height % 4 or width % 4:
        raise ValueError(
            f"image_shape is {image_shape}; expected a height and a width divisible by 4, because "
            "two layers halve or double them. load_dataset(..., size=32) resizes pictures."
        )
    return image_shape


def _transposed(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return (nn.ConvTranspose2d(inputs, outputs, kernel_size=4, stride=2, padding=1),)


def _resized(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return (nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, kernel_size=3, padding=1))
