"""A small digit classifier: the eyes of the metrics, as Inception is for photographs."""

from functools import lru_cache
from importlib import resources
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from gan_helpers.data import scale_images

CLASSIFIER_FILE = Path(str(resources.files("gan_helpers") / "assets" / "classifier.safetensors"))
FEATURES, CLASSES = 128, 10


class DigitClassifier(nn.Module):
    """Image -> 128 features -> 10 class logits: two convolutions and one hidden layer.

    Input: float in [-1, 1], shape (N, 1, 28, 28). Output: features, float at least 0, shape
    (N, 128), and logits, unbounded, shape (N, 10).

    Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition".
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
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(FEATURES, CLASSES)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.body(images)  # (N, 1, 28, 28) -> (N, 128)
        return features, self.head(self.dropout(features))


@lru_cache(maxsize=1)
def load_classifier() -> DigitClassifier:
    """The classifier that the package ships, in evaluation mode; read once, then kept.

    Trained by ``python benchmarks/train_classifier.py``, which prints its accuracy on the test
    set. Raises ``OSError`` when the file is missing or damaged.
    Introduced in notebook 06, "A classifier's eyes".
    """
    classifier = DigitClassifier()
    try:
        classifier.load_state_dict(load_file(CLASSIFIER_FILE))
    except (SafetensorError, RuntimeError, OSError) as error:
        raise OSError(
            f"The classifier {CLASSIFIER_FILE} is missing or damaged ({error}). Install the "
            "package again, or restore the file from the repository."
        ) from error
    return classifier.eval().requires_grad_(False)


@torch.inference_mode()
def classify(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Features and class probabilities of ``images``, as the shipped classifier sees them.

    ``images``: uint8 in [0, 255], shape (N, 1, 28, 28), N at least 1. Returns float32 tensors of
    shapes (N, 128), at least 0, and (N, 10), in [0, 1], rows summing to 1.

    Raises ``TypeError`` when ``images`` is not uint8, ``ValueError`` when its shape is another.
    Introduced in notebook 06, "A classifier's eyes".
    """
    check_images(images, "images")
    classifier = load_classifier()
    features, probabilities = [], []
    for part in images.split(500):
        part_features, logits = classifier(scale_images(part))
        features.append(part_features)
        probabilities.append(logits.softmax(dim=1))
    return torch.cat(features), torch.cat(probabilities)


def check_images(images: torch.Tensor, name: str) -> None:
    """Raise unless ``images`` is uint8 of shape (N, 1, 28, 28), N at least 1."""
    if images.dtype != torch.uint8:
        raise TypeError(
            f"{name} has dtype {images.dtype}; expected torch.uint8 with pixels in [0, 255]. "
            "gan_helpers.data.to_uint8 converts images in [-1, 1]."
        )
    if images.ndim != 4 or images.shape[1:] != (1, 28, 28) or len(images) == 0:
        raise ValueError(
            f"{name} has shape {tuple(images.shape)}; expected (N, 1, 28, 28) with N at least 1. "
            "images.unsqueeze(1) adds the channel to (N, 28, 28)."
        )
