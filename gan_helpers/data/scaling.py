"""Pixels as the networks take them: scaling, there and back, and batches."""

from collections.abc import Iterator

import torch

from gan_helpers.checks import check_rng, check_tensor, whole_number


def scale_images(images: torch.Tensor) -> torch.Tensor:
    """Scale uint8 pixels to floats: x / 127.5 - 1, from [0, 255] to [-1, 1], any shape.

    Raises ``TypeError`` when ``images`` is not a uint8 tensor.
    Introduced in notebook 02, "The images".
    """
    check_tensor(images, "images")
    if images.dtype != torch.uint8:
        raise TypeError(
            f"images has dtype {images.dtype}; expected torch.uint8 with pixels in [0, 255]. "
            "Images that are already floats in [-1, 1] need no scaling."
        )
    # Multiplying and subtracting in place saves one pass over the pixels.
    return images.float().mul_(1 / 127.5).sub_(1.0)


def to_uint8(images: torch.Tensor) -> torch.Tensor:
    """Undo ``scale_images``: floats in [-1, 1] to uint8 in [0, 255], rounded, any shape.

    Values outside [-1, 1] are clipped: the article's generator has no output activation, so it
    draws such values.

    Raises ``TypeError`` when ``images`` is not a tensor of floats, ``ValueError`` for NaN.
    Introduced in notebook 02, "The generator".
    """
    check_tensor(images, "images")
    if not images.is_floating_point():
        raise TypeError(f"images has dtype {images.dtype}; expected floats in [-1, 1].")
    if images.isnan().any():
        raise ValueError(
            "images holds NaN; expected floats in [-1, 1]. The generator that drew them has "
            "diverged: start its training again with a smaller learning rate."
        )
    return images.float().add(1.0).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


def batches(
    images: torch.Tensor, batch_size: int, generator: torch.Generator
) -> Iterator[torch.Tensor]:
    """Yield one epoch of shuffled batches, scaled to [-1, 1].

    ``images`` is uint8, shape (N, ...); each batch is float32 in [-1, 1], shape
    (batch_size, ...). The last, incomplete batch is left out, so that every step sees the same
    number of images. The order comes from ``generator`` alone: the same state gives the same
    batches, and two epochs from one generator differ.

    Raises ``TypeError`` when ``images`` is not a uint8 tensor, ``batch_size`` not a whole number or
    ``generator`` not a ``torch.Generator``, and ``ValueError`` unless 1 <= ``batch_size`` <= N.
    Introduced in notebook 02, "The images".
    """
    check_tensor(images, "images")
    if images.dtype != torch.uint8:
        raise TypeError(
            f"images has dtype {images.dtype}; expected torch.uint8 with pixels in [0, 255], "
            "as load_mnist returns them: batches() does the scaling itself."
        )
    if images.ndim == 0 or len(images) == 0:
        raise ValueError(f"images has shape {tuple(images.shape)}; expected (N, ...), N above 0.")
    hint = f"There are {len(images)} images: choose a smaller batch, or pass more of them."
    batch_size = whole_number(batch_size, "batch_size", 1, len(images), hint)
    check_rng(generator, "generator")
    return _batches(images, batch_size, generator)


def _batches(
    images: torch.Tensor, batch_size: int, generator: torch.Generator
) -> Iterator[torch.Tensor]:
    # This is not part of batches(), so that the call, not the first batch, reports bad arguments.
    order = torch.randperm(len(images), generator=generator, device=generator.device)
    order = order.to(images.device)
    for start in range(0, len(images) - batch_size + 1, batch_size):
        yield scale_images(images.index_select(0, order[start : start + batch_size]))
