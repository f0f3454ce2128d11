"""What every data set is once it is loaded: images, labels and the names of the classes."""

from dataclasses import dataclass

import torch

from gan_helpers.checks import check_tensor
from gan_helpers.kinds import check_kind

CHANNELS = (1, 3)  # grey, or red, green and blue


@dataclass(frozen=True, eq=False)  # comparing tensors with == gives a tensor, not an answer
class Dataset:
    """Images in memory, with their labels and the names of the classes, if they have any.

    ``name``: a text; ``images``: uint8 in [0, 255], shape (N, C, H, W), N at least 1, C 1 (grey) or
    3 (red, green, blue); ``labels``: int64 in [0, len(classes)), shape (N,), or None; ``classes``:
    a tuple of texts, () without labels.

    Raises ``TypeError`` and ``ValueError`` for anything else. Introduced in notebook 10, "Other
    pictures".
    """

    name: str
    images: torch.Tensor
    labels: torch.Tensor | None = None
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_kind(self.name, "name", str, "'faces' is one.")
        if not self.name.strip():
            raise ValueError(f"name is {self.name!r}; expected a text that is not blank: 'faces'.")
        _check_pictures(self.images)
        check_kind(self.classes, "classes", tuple, "tuple(classes) makes one of a list.")
        for name in self.classes:
            check_kind(name, "a name in classes", str, "str(...) makes one.")
        if self.labels is not None:
            _check_labels(self.labels, len(self.images), len(self.classes))
        elif self.classes:
            raise ValueError(
                f"classes names {len(self.classes)} classes, and labels is None; expected () "
                "without labels, or labels of shape (N,)."
            )


def _check_pictures(images: torch.Tensor) -> None:
    check_tensor(images, "images")
    if images.dtype != torch.uint8:
        hint = "images.to(torch.uint8) converts whole numbers in that range."
        if images.is_floating_point():
            hint = "gan_helpers.data.to_uint8(images) converts floats in [-1, 1]."
        raise TypeError(
            f"images has dtype {images.dtype}; expected torch.uint8 with pixels in [0, 255]. {hint}"
        )
    if images.ndim != 4 or images.shape[1] not in CHANNELS or images.numel() == 0:
        hint = ""
        if images.ndim == 3:
            hint = " images.unsqueeze(1) gives grey images their channel."
        elif images.ndim == 4 and images.shape[3] in CHANNELS:
            hint = " images.permute(0, 3, 1, 2) puts the channels in their place."
        raise ValueError(
            f"images has shape {tuple(images.shape)}; expected (N, 1, H, W) for grey images or "
            f"(N, 3, H, W) for coloured ones, each size at least 1.{hint}"
        )


def _check_labels(labels: torch.Tensor, images: int, classes: int) -> None:
    check_tensor(labels, "labels")
    if labels.dtype != torch.int64:
        raise TypeError(
            f"labels has dtype {labels.dtype}; expected torch.int64. labels.long() converts it."
        )
    if labels.shape != (images,):
        raise ValueError(
            f"labels has shape {tuple(labels.shape)}; expected ({images},), one label an image."
        )
    least, most = labels.min().item(), labels.max().item()
    if least < 0 or most >= classes:
        raise ValueError(
            f"labels has values from {least} to {most}; expected 0 to {classes - 1}, as classes "
            f"names {classes} classes."
            if classes
            else "labels is given, and classes is empty; expected one name for each class."
        )
