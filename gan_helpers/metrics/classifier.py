"""Small classifiers, one for each data set: the eyes of the metrics, as Inception is for photos."""

from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from gan_helpers.checks import IMAGE_SHAPE, check_images, check_input_images
from gan_helpers.data import ASSETS, scale_images
from gan_helpers.kinds import check_kind
from gan_helpers.metrics.checks import check_labels
from gan_helpers.models import new_network

CLASSIFIER_FILE = ASSETS / "classifier.safetensors"
FEATURES, CLASSES = 128, 10
# The data sets that a classifier is shipped for, and the shape of their images.
SHAPES = {"mnist": IMAGE_SHAPE, "fashion-mnist": IMAGE_SHAPE, "cifar10": (3, 32, 32)}
# The names of its classes in the order of its labels, as load_dataset gives them with the images.
CLASS_NAMES = {
    "mnist": tuple("0123456789"),
    "fashion-mnist": (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ),
    "cifar10": (
        "airplane", "automobile", "bird", "cat", "deer",
        "dog", "frog", "horse", "ship", "truck",
    ),
}  # fmt: skip


class DigitClassifier(nn.Module):
    """Image -> 128 features -> 11 logits: two convolutions and one hidden layer.

    Ten logits are the classes', the last one stands for "none of them", "no digit" for MNIST: a
    network that was only ever shown digits takes grey noise for one. ``deep``: five convolutions
    with BatchNorm in place of the two, which digits do not need and photographs do.

    Input: float in [-1, 1], shape (N, *image_shape), (N, 1, 28, 28) by default; height and width
    are multiples of 4. Output: features, float at least 0, shape (N, 128), and logits, unbounded,
    shape (N, 11). Raises ``TypeError`` and ``ValueError`` as for ``models.Discriminator``.

    Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition";
    Hendrycks et al. 2019, "Deep anomaly detection with outlier exposure" (the last logit's idea).
    Introduced in notebook 06, "A classifier's eyes".
    """

    def __init__(self, image_shape: tuple[int, int, int] = IMAGE_SHAPE, deep: bool = False):
        super().__init__()
        self.image_shape = check_shape(image_shape)
        self.body = nn.Sequential(*(_deep if deep else _two_convolutions)(*image_shape))
        self.dropout = nn.Dropout(0.25)
        self.head = nn.Linear(FEATURES, CLASSES + 1)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        check_input_images(images, self.image_shape, self)
        features = self.body(images.reshape(-1, *self.image_shape))  # (N, C, H, W) -> (N, 128)
        return features, self.head(self.dropout(features))


def check_shape(shape: object, name: str = "image_shape") -> tuple[int, int, int]:
    """Return ``shape`` if it is that of images a classifier can take; raises otherwise."""
    check_kind(shape, name, tuple, "(3, 32, 32) is one: channels, height, width.")
    whole = len(shape) == 3 and all(type(size) is int and size > 0 for size in shape)
    if not whole or shape[1] % 4 or shape[2] % 4 or min(shape[1:]) < 16:
        raise ValueError(
            f"{name} is {shape!r}; expected channels, height and width, such as (3, 32, 32), the "
            "last two multiples of 4 and at least 16. Bring the images to such a size first."
        )
    return shape


def _two_convolutions(channels: int, height: int, width: int) -> list[nn.Module]:
    return [
        nn.Conv2d(channels, 16, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * (height // 4) * (width // 4), FEATURES),
        nn.ReLU(),
    ]


def _deep(channels: int, height: int, width: int) -> list[nn.Module]:
    # Squares of 2 x 2 pixels become channels first: at full size, a convolution costs four times
    # as much, and most of the time would go into the first two.
    layers, before = [nn.PixelUnshuffle(2)], 4 * channels
    for units, pool in ((48, False), (48, True), (96, False), (128, True), (128, True)):
        # BatchNorm adds its own constant.
        layers += [nn.Conv2d(before, units, 3, padding=1, bias=False), nn.BatchNorm2d(units)]
        layers += [nn.ReLU(inplace=True)] + [nn.MaxPool2d(2)] * pool
        before = units
    side = (height // 16) * (width // 16)
    return [*layers, nn.Flatten(), nn.Linear(before * side, FEATURES), nn.ReLU()]


def check_data(data: object) -> str:
    """Return ``data`` if a classifier is shipped for it; raises otherwise."""
    names = "'mnist', 'fashion-mnist' or 'cifar10'"
    check_kind(data, "data", str, f"The names are {names}.")
    if data not in SHAPES:
        raise ValueError(
            f"data is {data!r}; expected {names}: a classifier is shipped for these. For other "
            "pictures, evaluate_images(images, reference, features='inception') needs none."
        )
    return data


def classifier_file(data: str) -> Path:
    """The file of the classifier of ``data``; that of MNIST was there first and has no suffix."""
    if data == "mnist":
        return CLASSIFIER_FILE
    return ASSETS / f"classifier_{data.replace('-', '_')}.safetensors"


def load_classifier(data: str = "mnist") -> DigitClassifier:
    """The classifier that the package ships for ``data``, in evaluation mode; read once, then kept.

    ``data``: ``"mnist"``, ``"fashion-mnist"`` or ``"cifar10"``. Trained by ``python
    recordings/train_classifier.py``, which prints its accuracy on the test set and keeps it in the
    file: 0.991 for digits, 0.925 for clothes, 0.807 for photographs, trained and tested on JPEG
    copies. Raises ``TypeError`` and ``ValueError`` for another ``data``, ``OSError`` when the
    file is missing or damaged.
    Introduced in notebook 06, "A classifier's eyes".
    """
    return _load(check_data(data))


@lru_cache
def _load(data: str) -> DigitClassifier:
    file = classifier_file(data)
    classifier = new_network(partial(DigitClassifier, SHAPES[data], deep=data != "mnist"))
    try:
        classifier.load_state_dict(load_file(file))  # float16 of the larger ones becomes float32
    except (SafetensorError, RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())  # PyTorch's own has several lines
        raise OSError(
            f"The classifier {file} is missing or damaged ({reason}). Install the "
            "package again, or restore the file from the repository."
        ) from error
    # With each pixel's channels side by side in memory, PyTorch convolves and pools in less than
    # half the time.
    classifier = classifier.to(memory_format=torch.channels_last)
    return classifier.eval().requires_grad_(False)


class Seen(NamedTuple):
    """What ``classify`` returns, float32."""

    features: torch.Tensor  # (N, 128), at least 0
    probabilities: torch.Tensor  # (N, 10), of each class, if it is one of them; rows sum to 1
    digit: torch.Tensor  # (N,), probability that it is a digit, or of any of the classes, at all


@torch.no_grad()
def classify(images: torch.Tensor, data: str = "mnist") -> Seen:
    """Features, class probabilities and "is it a digit" of ``images``, by the shipped classifier.

    With the logits l_0 to l_9 of the digits and l_10 of "no digit": probabilities are
    softmax(l_0 ... l_9), digit is 1 - softmax(l_0 ... l_10)_10. Of other ``data`` the ten are its
    classes, in its own order, and l_10 is "none of them".

    ``images``: uint8 in [0, 255], shape (N, 1, 28, 28), for ``data="cifar10"`` (N, 3, 32, 32), N at
    least 1. Raises ``TypeError`` when ``images`` is not uint8, ``ValueError`` when its shape is
    another, and both for another ``data``, as ``load_classifier``.
    Introduced in notebook 06, "A classifier's eyes".
    """
    check_images(images, "images", SHAPES[check_data(data)])
    classifier = load_classifier(data)
    parts = []
    for part in images.split(250):
        features, logits = classifier(scale_images(part))
        digit = 1 - logits.softmax(dim=1)[:, CLASSES]
        parts.append((features, logits[:, :CLASSES].softmax(dim=1), digit))
    return Seen(*(torch.cat(column) for column in zip(*parts, strict=True)))


def class_accuracy(images: torch.Tensor, labels: torch.Tensor, data: str = "mnist") -> float:
    """Share of ``images`` that the classifier puts into the class that was asked for, in [0, 1].

    mean over i of [argmax_c l_c(x_i) = y_i], over all eleven logits l: an image that it takes for
    none of the ten counts as wrong. Of a data set's own test images it is the classifier's own
    accuracy, which is what to compare with: a generator need not exceed it.

    ``images`` as for ``classify``; ``labels``: int64 in [0, 9], shape (N,), what the generator was
    asked for. Raises ``TypeError`` and ``ValueError`` for others.

    Source: Shmelkov et al. 2018, "How good is my GAN?", section 3 (GAN-test, there with a
    classifier of their own). Introduced in notebook 10, "Measuring other pictures".
    """
    return _right(images, labels, data).double().mean().item()


def class_accuracies(
    images: torch.Tensor, labels: torch.Tensor, data: str = "mnist"
) -> torch.Tensor:
    """``class_accuracy`` of each class alone: float64 in [0, 1], shape (10,).

    Where no image of a class was asked for, its value is NaN. Arguments and errors as for
    ``class_accuracy``. Introduced in notebook 10, "Measuring other pictures".
    """
    right = _right(images, labels, data)
    asked = torch.bincount(labels.cpu(), minlength=CLASSES).double()
    return torch.bincount(labels.cpu()[right], minlength=CLASSES) / asked


def _right(images: torch.Tensor, labels: torch.Tensor, data: str) -> torch.Tensor:
    """Which images the classifier puts into their class, (N,)."""
    seen = classify(images, data)
    labels = check_labels(labels, "labels", CLASSES)
    if len(labels) != len(images):
        raise ValueError(
            f"labels has {len(labels)} values and images has {len(images)} images; expected one "
            "label for each image, the class that the generator was asked for."
        )
    sure, found = seen.probabilities.max(dim=1)
    # Of the eleven: the best class's probability is p * digit, that of none of them 1 - digit.
    return (found == labels) & (sure * seen.digit > 1 - seen.digit)
