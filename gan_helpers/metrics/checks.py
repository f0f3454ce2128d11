"""Checks of what only the metrics take: features, pixels as points, two sets of one width."""

import torch

from gan_helpers.checks import check_tensor


def check_features(features: torch.Tensor, name: str) -> torch.Tensor:
    """``features`` as float64 on the CPU; raises unless it is floats, finite, shape (N, d)."""
    check_tensor(features, name)
    if not features.is_floating_point() or features.ndim != 2 or features.numel() == 0:
        kind = ValueError if features.is_floating_point() else TypeError
        raise kind(
            f"{name} is {features.dtype} of shape {tuple(features.shape)}; expected floats of "
            "shape (N, d). gan_helpers.metrics.classify gives the features of images."
        )
    if not features.isfinite().all():
        raise ValueError(f"{name} holds NaN or infinite values; expected finite ones.")
    return features.detach().double().cpu()


def check_same_width(a: torch.Tensor, b: torch.Tensor, name_a: str, name_b: str) -> None:
    """Raise ``ValueError`` unless the points of both sets have equally many dimensions."""
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"{name_a} has {a.shape[1]} values a row and {name_b} has {b.shape[1]}; expected the "
            "same number in both."
        )


def check_pixels(images: torch.Tensor, name: str) -> torch.Tensor:
    """``images``, (N, ...) with N above 0, uint8 or floats, as rows on the CPU, or an error."""
    check_tensor(images, name)
    if images.dtype != torch.uint8 and not images.is_floating_point():
        raise TypeError(f"{name} has dtype {images.dtype}; expected uint8, or floats in [0, 1].")
    if images.ndim < 2 or images.numel() == 0:
        raise ValueError(f"{name} has shape {tuple(images.shape)}; expected (N, ...), N above 0.")
    return images.detach().flatten(1).cpu()


def pixel_rows(images: torch.Tensor, name: str) -> torch.Tensor:
    """Images (N, ...) as rows of float64 pixels in [0, 1]: uint8 is divided by 255.

    Raises ``TypeError`` for another dtype, ``ValueError`` for floats outside [0, 1] or no images.
    """
    rows = check_pixels(images, name).double()
    if images.dtype == torch.uint8:
        return rows.div_(255)
    if not (rows.min() >= 0 and rows.max() <= 1):  # NaN fails too
        raise ValueError(
            f"{name} has floats in [{rows.min():.2f}, {rows.max():.2f}]; expected [0, 1]. Pixels "
            "in [-1, 1] would move a log-likelihood by hundreds of nats: convert them with "
            "gan_helpers.data.to_uint8."
        )
    return rows


def check_labels(labels: torch.Tensor, name: str, classes: int) -> torch.Tensor:
    """``labels`` on the CPU; raises unless they are whole numbers in [0, classes), shape (N,)."""
    check_tensor(labels, name)
    whole = labels.dtype in (torch.int64, torch.int32, torch.uint8)
    if labels.ndim != 1 or len(labels) == 0 or not whole:
        kind = ValueError if whole else TypeError
        raise kind(
            f"{name} is {labels.dtype} of shape {tuple(labels.shape)}; expected int64, (N,). "
            "Probabilities become labels by argmax(dim=1)."
        )
    for bad in labels[(labels < 0) | (labels >= classes)][:1].tolist():
        raise ValueError(f"{name} holds {bad}; expected 0 to {classes - 1}.")
    return labels.cpu()
