"""Images that other programs left: arrays and folders of pictures, in the forms that are common."""

import math
from numbers import Real
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from gan_helpers.checks import IMAGE_SHAPE, check_tensor
from gan_helpers.data import NPY, NPZ, file_kind
from gan_helpers.kinds import check_file, check_kind

PICTURES = (".png", ".jpg", ".jpeg")


def read_images(
    file: str | Path,
    value_range: tuple[float, float] | None = None,
    array: str | None = None,
    shape: tuple[int, int, int] = IMAGE_SHAPE,
) -> torch.Tensor:
    """Read images from an ``.npz`` or ``.npy`` file, or from a folder of PNG or JPEG pictures.

    Arrays: shape (N, 28, 28), (N, 1, 28, 28), (N, 28, 28, 1) or (N, 784), or these of another
    ``shape`` of one image, channels, height and width; (N, C * H * W) holds one channel after the
    other. uint8 is taken as it is; of other numbers ``value_range`` says which is black and which
    is white, (0, 1) or (-1, 1): it is never guessed. ``array``: which one of an ``.npz``, where it
    holds several and none is called ``images``. Pictures: height x width pixels each, in the
    order of their names, also those in folders within the folder; colours become grey where
    ``shape`` has one channel.

    Returns uint8, shape (N, *shape). Raises ``TypeError`` for what is no name or no number,
    ``FileNotFoundError`` when there is no such file, ``OSError`` when it is damaged or of another
    kind (nothing is unpickled), and ``ValueError`` for other images. Introduced in notebook 06,
    "One table".
    """
    path = check_file(file)
    if array is not None:
        check_kind(array, "array", str, "It is a name in the .npz file.")
    if value_range is not None:
        pair = isinstance(value_range, (tuple, list)) and len(value_range) == 2
        if not pair or not all(isinstance(value, Real) for value in value_range):
            raise TypeError(
                f"value_range is {value_range!r}; expected two numbers, the values of black and of "
                "white, such as (-1, 1)."
            )
    check_kind(shape, "shape", tuple, "(3, 32, 32) is one: channels, height, width.")
    whole = len(shape) == 3 and all(type(size) is int and size > 0 for size in shape)
    if not whole or shape[0] not in (1, 3):
        raise ValueError(
            f"shape is {shape!r}; expected channels, 1 or 3, height and width, such as (3, 32, 32)."
        )
    if not path.exists():
        raise FileNotFoundError(f"The file {file} does not exist.")
    images = _read_pictures(path, shape) if path.is_dir() else _read_array(path, array)
    channels, height, width = shape
    forms = [shape, (height, width, channels), (channels * height * width,)]
    if channels == 1:
        forms.insert(0, (height, width))
    if images.shape[1:] not in forms or len(images) == 0:
        raise _other_shape(file, images.shape, shape, forms)
    if images.dtype != np.uint8 or value_range is not None:
        images = _scaled(images, file, value_range)
    if images.shape[1:] == (height, width, channels):
        images = images.transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(images).reshape(-1, *shape))


def _other_shape(
    file: str | Path, found: tuple[int, ...], shape: tuple[int, ...], forms: list[tuple[int, ...]]
) -> ValueError:
    channels, height, width = shape
    hint = ""
    if channels == 1 and len(found) == 4 and 3 in (found[1], found[3]):
        axis = 1 if found[1] == 3 else 3
        hint = f" Make colours grey first: images.mean(axis={axis})."
    elif channels == 3 and found[-2:] == (height, width):
        hint = " Copy grey to three channels first: images.reshape(-1, 1, H, W).repeat(3, axis=1)."
    elif len(found) >= 2:
        hint = (
            f" Bring pictures of another size to {height} x {width} first (Image.resize of Pillow)."
        )
    *first, last = [f"(N, {', '.join(map(str, form))})" for form in forms]
    return ValueError(
        f"The images in {file} have shape {found}; expected {', '.join(first)} or {last}, N at "
        f"least 1.{hint}"
    )


def _read_array(file: Path, name: str | None) -> np.ndarray:
    kind = file_kind(file)
    if kind not in (NPY, NPZ):
        raise OSError(
            f"{file} is {kind}; expected images as an .npz or .npy file, which "
            "numpy.save('images.npy', images) writes (of a tensor: images.cpu().numpy()), or a "
            "folder of PNG or JPEG pictures."
        )
    try:
        found = np.load(file, allow_pickle=False)
        if kind == NPY:
            return found
        with found as arrays:
            names = arrays.files
            if name is None:
                name = "images" if "images" in names else names[0] if len(names) == 1 else ""
            if name in names:
                return arrays[name]
    except Exception as error:  # numpy and zipfile report damage in a dozen ways
        # Not numpy's own words: of pickled objects, they advise to load them "unsafely".
        array = f"array {name}" if name else "array"
        raise OSError(
            f"{file} holds no readable {array}: it is damaged, or what it holds are pickled "
            "objects, which are not read. Write it again with numpy.save."
        ) from error
    asked = f"no array {name}, but" if name else "several arrays,"
    raise ValueError(
        f"{file} holds {asked} {', '.join(names)}; name the one of the images with --array NAME "
        "(in Python: array=NAME)."
    )


def _read_pictures(folder: Path, shape: tuple[int, int, int]) -> np.ndarray:
    channels, height, width = shape
    files = [
        file
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in PICTURES and not file.name.startswith(".")
    ]
    if not files:
        raise FileNotFoundError(
            f"The folder {folder} holds neither a run nor PNG or JPEG pictures to measure."
        )
    images = np.empty((len(files), height, width, channels), dtype=np.uint8)
    for place, file in zip(images, files, strict=True):
        try:
            with Image.open(file) as picture:
                size, mode = picture.size, picture.mode
                if size == (width, height) and mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
                    pixels = np.asarray(picture.convert("L" if channels == 1 else "RGB"))
                    place[:] = pixels.reshape(height, width, channels)
                    continue
        except Exception as error:  # Pillow reports damage in as many ways
            raise OSError(f"{file} is damaged, or no picture at all ({error}).") from error
        raise ValueError(
            f"{file} is a picture of {size[0]} x {size[1]} pixels, mode {mode}; expected "
            f"{width} x {height} pixels of 8 bits, one image in each file. Bring it to that size "
            "first (Image.resize of Pillow), and take grids of several images out of the folder."
        )
    return images


def _scaled(
    images: np.ndarray, file: str | Path, value_range: tuple[float, float] | None
) -> np.ndarray:
    """Numbers from black to white, ``value_range``, as uint8."""
    if images.dtype.kind not in "buif":
        raise ValueError(f"The images in {file} are {images.dtype}; expected numbers.")
    least, most = float(images.min()), float(images.max())
    if value_range is None:
        raise ValueError(
            f"The images in {file} are {images.dtype} from {least:.4g} to {most:.4g}; say which "
            "value is black and which is white: --range 0 1, for example, or --range -1 1 "
            "(in Python: value_range=(-1, 1)). It is not guessed."
        )
    low, high = value_range
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"--range is {low:g} {high:g}; expected black, then white, low to high.")
    beyond = (high - low) / 1000  # what rounding may have added
    if not low - beyond <= least <= most <= high + beyond:  # NaN fails too
        raise ValueError(
            f"The images in {file} have values from {least:.4g} to {most:.4g}; expected none "
            f"outside --range {low:g} {high:g}."
        )
    scaled = (images.astype(np.float32) - low) * (255 / (high - low))
    return scaled.round().clip(0, 255).astype(np.uint8)


def range_remark(images: torch.Tensor, data: str = "mnist") -> str | None:
    """A sentence on pixels that look as if their range had been mistaken; None where they do not.

    Digits as in MNIST are white on black: most pixels are 0, and some are 255. Of other ``data``
    nothing is said of the background, which photographs have in any colour. ``images``: uint8,
    at least one; raises ``TypeError`` and ``ValueError`` otherwise. Introduced in notebook 06, "One
    table", by way of ``evaluate_images``.
    """
    check_tensor(images, "images")
    if images.dtype != torch.uint8:
        raise TypeError(f"images has dtype {images.dtype}; expected torch.uint8.")
    if images.numel() == 0:
        raise ValueError(f"images has shape {tuple(images.shape)}; expected at least one pixel.")
    counts = torch.bincount(images.flatten().int(), minlength=256)
    brightest, most = counts.nonzero().max().item(), counts.argmax().item()
    background = counts[most] > 0.2 * images.numel()  # of MNIST's pixels four in five are 0
    bright = "MNIST's" if data == "mnist" else "those of most pictures"
    if brightest <= 1:
        return (
            "All pixels are 0 or 1 of 255, black to the eye. If 1 is meant to be white, say "
            "--range 0 1; if they were floats once, save the floats."
        )
    if brightest < 128:
        return (
            f"No pixel is brighter than {brightest} of 255; {bright} reach 255. If {brightest} is "
            f"meant to be white, say --range 0 {brightest}."
        )
    if data != "mnist":
        return None
    if background and 120 <= most <= 136:
        return (
            f"The most frequent value is {most} of 255, a middle grey; in MNIST it is 0, black. "
            "Floats in [-1, 1] look so when they are made whole numbers as if they were in [0, 1], "
            "or the other way round. Save the floats and say --range -1 1, or --range 0 1."
        )
    if background and most >= 200:
        return (
            f"The most frequent value is {most} of 255, white; in MNIST it is 0, black. If the "
            "digits are black on white, save 255 - images; or else floats may have been made "
            "whole numbers in a wrong way: save the floats and say --range."
        )
    if background and most > 0:
        return (
            f"The most frequent value is {most} of 255; in MNIST it is 0, black. Floats in [-1, 1] "
            "look so when they are multiplied by 255, and what is below 0 begins again at 255. "
            "Save the floats and say --range -1 1."
        )
    return None
