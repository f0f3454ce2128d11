"""A small digit classifier: the eyes of the metrics, as Inception is for photographs."""

from functools import lru_cache
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from gan_helpers.checks import IMAGE_SHAPE, check_images, check_input_images
from gan_helpers.data import ASSETS, scale_images
from gan_helpers.models import new_network

CLASSIFIER_FILE = ASSETS / "classifier.safetensors"
FEATURES, CLASSES = 128, 10


class DigitClassifier(nn.Module):
    """Image -> 128 features -> 11 logits: two convolutions and one hidden layer.

    Ten logits are the digits', the last one stands for "no digit": a network that was only ever
    shown digits takes grey noise for one.

    Input: float in [-1, 1], shape (N, 1, 28, 28). Output: features, float at least 0, shape
    (N, 128), and logits, unbounded, shape (N, 11). Raises ``TypeError`` and ``ValueError`` as for
    ``models.Discriminator``.

    Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition";
    Hendrycks et al. 2019, "Deep anomaly detection with outlier exposure" (the last logit's idea).
    Introduced in notebook 06, "A classifier's eyes".
    """

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(32 * 7 * 7, FEATURES),
            nn.ReLU(),
        )
        self.dropout = nn.Dropout(0.25)
        self.head = nn.Linear(FEATURES, CLASSES + 1)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        check_input_images(images, IMAGE_SHAPE, self)
        features = self.body(images.reshape(-1, *IMAGE_SHAPE))  # (N, 1, 28, 28) -> (N, 128)
        return features, self.head(self.dropout(features))


@lru_cache(maxsize=1)
def load_classifier() -> DigitClassifier:
    """The classifier that the package ships, in evaluation mode; read once, then kept.

    Trained by ``python recordings/train_classifier.py``, which prints its accuracy on the test
    set. Raises ``OSError`` when the file is missing or damaged.
    Introduced in notebook 06, "A classifier's eyes".
    """
    classifier = new_network(DigitClassifier)
    try:
        classifier.load_state_dict(load_file(CLASSIFIER_FILE))
    except (SafetensorError, RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())  # PyTorch's own has several lines
        raise OSError(
            f"The classifier {CLASSIFIER_FILE} is missing or damaged ({reason}). Install the "
            "package again, or restore the file from the repository."
        ) from error
    # With each pixel's channels side by side in memory, PyTorch convolves and pools in less than
    # half the time.
    classifier = classifier.to(memory_format=torch.channels_last)
    return classifier.eval().requires_grad_(False)


class Seen(NamedTuple):
    """What ``classify`` returns, float32."""

    features: torch.Tensor  # (N, 128), at least 0
    probabilities: torch.Tensor  # (N, 10), of each digit, if it is one; rows sum to 1
    digit: torch.Tensor  # (N,), probability that it is a digit at all


@torch.no_grad()
def classify(images: torch.Tensor) -> Seen:
    """Features, class probabilities and "is it a digit" of ``images``, by the shipped classifier.

    With the logits l_0 to l_9 of the digits and l_10 of "no digit": probabilities are
    softmax(l_0 ... l_9), digit is 1 - softmax(l_0 ... l_10)_10.

    ``images``: uint8 in [0, 255], shape (N, 1, 28, 28), N at least 1. Raises ``TypeError`` when
    ``images`` is not uint8, ``ValueError`` when its shape is another.
    Introduced in notebook 06, "A classifier's eyes".
    """
    check_images(images, "images")
    classifier = load_classifier()
    parts = []
    for part in images.split(250):
        features, logits = classifier(scale_images(part))
        digit = 1 - logits.softmax(dim=1)[:, CLASSES]
        parts.append((features, logits[:, :CLASSES].softmax(dim=1), digit))
    return Seen(*(torch.cat(column) for column in zip(*parts, strict=True)))
