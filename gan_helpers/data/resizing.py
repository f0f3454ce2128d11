"""Images of another size, or grey ones of coloured ones and the other way round."""

import math

import torch

from gan_helpers.data.memory import check_memory, in_words

AT_ONCE = 1000  # images; what is computed on the way then stays small beside the result


def resized(images: torch.Tensor, size: int | None) -> torch.Tensor:
    """Cut the middle square out of each image and bring it to ``size`` x ``size`` pixels.

    ``images``: uint8, shape (N, C, H, W); returns uint8, shape (N, C, size, size), by antialiased
    bicubic interpolation, and ``images`` itself where size is None or theirs already. Raises
    ``ValueError`` when the result does not fit into memory. Introduced in notebook 10, "Other
    pictures", by way of ``load_dataset``.
    """
    count, channels, *sides = images.shape
    if size is None or sides == [size, size]:
        return images
    # Imported here because this takes two seconds.
    from torchvision.transforms.v2 import InterpolationMode
    from torchvision.transforms.v2 import functional as F

    shape = (count, channels, size, size)
    subject = f"size is {size}, which makes {in_words(shape)}"
    check_memory(subject, math.prod(shape), "Choose a smaller size.")
    result = torch.empty(shape, dtype=torch.uint8)
    for start in range(0, count, AT_ONCE):
        squares = F.center_crop(images[start : start + AT_ONCE], [min(sides), min(sides)])
        result[start : start + AT_ONCE] = F.resize(
            squares, [size, size], interpolation=InterpolationMode.BICUBIC, antialias=True
        )
    return result


def recoloured(images: torch.Tensor, grey: bool | None) -> torch.Tensor:
    """Make coloured images grey (``grey=True``), or give grey ones three channels (False).

    ``images``: uint8, shape (N, C, H, W); returns uint8, shape (N, 1 or 3, H, W), and ``images``
    itself where grey is None. Source: the luma of ITU-R BT.601, which Pillow uses, too. Introduced
    in notebook 10, "Other pictures", by way of ``load_dataset``.
    """
    channels = images.shape[1]
    if grey is False and channels == 1:
        shape = (len(images), 3, *images.shape[2:])
        remedy = "Choose a smaller size, or leave the images grey."
        check_memory(f"grey is False, which makes {in_words(shape)}", math.prod(shape), remedy)
        return images.repeat(1, 3, 1, 1)
    if not grey or channels == 1:
        return images
    # Whole numbers: the weights sum to 2 ** 16, so that white stays white.
    weights = torch.tensor([19595, 38470, 7471], dtype=torch.int32).view(3, 1, 1)
    parts = [
        ((part.int() * weights).sum(dim=1, keepdim=True) + 2**15 >> 16).to(torch.uint8)
        for part in images.split(AT_ONCE)
    ]
    return torch.cat(parts)
