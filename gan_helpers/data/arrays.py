"""Data sets in an .npz file: as Keras writes them, or images and labels."""

from pathlib import Path

import numpy as np
import torch

from gan_helpers.data.dataset import CHANNELS, Dataset
from gan_helpers.data.memory import check_memory

MOST_CLASSES = 10_000  # more than in any known set of pictures; such labels are something else
LAYOUTS = "x_train, y_train, x_test and y_test, or images and labels"


def read_npz(file: Path, split: str) -> Dataset:
    """Read the arrays x_train and y_train (or x_test and y_test), or images and labels.

    Images: uint8, shape (N, H, W), (N, H, W, 1 or 3) or (N, 1 or 3, H, W); labels: whole numbers
    from 0, shape (N,) or (N, 1); they may be missing. The classes are called "0", "1" and so on.
    Raises ``OSError`` when the file is damaged or holds pickled objects (nothing is unpickled) and
    ``ValueError`` for other arrays. Introduced in notebook 10, "Other pictures", by way of
    ``load_dataset``.
    """
    sizes = _sizes(file)
    if "x_train" in sizes or "x_test" in sizes:
        x, labelled = f"x_{split}", [name for name in ("y_train", "y_test") if name in sizes]
        y = f"y_{split}"
    else:
        x, y, labelled = "images", "labels", ["labels"] if "labels" in sizes else []
    if x not in sizes:
        raise ValueError(
            f"source is {str(file)!r}, which holds {', '.join(sizes) or 'nothing'}, and not {x} "
            f"for the split {split!r}; expected {LAYOUTS}. numpy.savez('images.npz', "
            "images=images, labels=labels) writes them."
        )
    if x == "images" and split != "train":
        raise ValueError(
            f"split is {split!r}, and source, {file}, is not divided; expected 'train', or an .npz "
            "file with x_train and x_test."
        )
    remedy = "Save fewer images, or smaller ones."
    check_memory(f"source is {str(file)!r}, with an array {x}", sizes[x], remedy)
    images = _as_tensor(_read(file, x), file, x)
    numbers = {name: _labels(_read(file, name), file, name) for name in labelled}
    if y not in numbers:
        return Dataset(file.stem, images)
    if len(numbers[y]) != len(images):
        raise ValueError(
            f"source is {str(file)!r}, whose {y} has {len(numbers[y])} labels for {len(images)} "
            f"images; expected as many as images. Save {x} and {y} of the same images."
        )
    # Counted over both splits, so that a class has the same number in each.
    classes = 1 + max(int(array.max()) for array in numbers.values() if len(array))
    return Dataset(file.stem, images, torch.from_numpy(numbers[y]), tuple(map(str, range(classes))))


def _sizes(file: Path) -> dict[str, int]:
    """The names of the arrays and their bytes, which the archive says before they are read."""
    with np.load(file, allow_pickle=False) as arrays:
        return {
            info.filename.removesuffix(".npy"): info.file_size
            for info in arrays.zip.infolist()
            if info.filename.endswith(".npy")
        }


def _read(file: Path, name: str) -> np.ndarray:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return arrays[name]
    except Exception as error:  # numpy and zipfile report damage in a dozen ways
        # Not numpy's own words: of pickled objects, they advise to load them "unsafely".
        raise OSError(
            f"source is {str(file)!r}, whose {name} cannot be read: it is damaged, or pickled "
            "objects, which are not read, are in it; expected an array of numbers. Write it "
            "again with numpy.savez."
        ) from error


def _as_tensor(images: np.ndarray, file: Path, name: str) -> torch.Tensor:
    """As uint8, shape (N, C, H, W)."""
    subject = f"source is {str(file)!r}, whose {name}"
    if images.dtype != np.uint8:
        hint = f"{name}.astype('uint8') converts whole numbers in [0, 255]."
        if images.dtype.kind == "f":
            hint = (
                f"For floats in [0, 1], save ({name} * 255).round().astype('uint8'), for floats in "
                f"[-1, 1] (({name} + 1) * 127.5).round().astype('uint8')."
            )
        if images.dtype.kind == "b":
            hint = f"255 * {name}.astype('uint8') turns them into black and white."
        raise ValueError(f"{subject} is {images.dtype}; expected uint8 in [0, 255]. {hint}")
    shape = images.shape
    if len(shape) == 3:
        images = images[:, None]
    elif len(shape) == 4 and shape[1] not in CHANNELS and shape[3] in CHANNELS:
        images = images.transpose(0, 3, 1, 2)
    if images.ndim != 4 or images.shape[1] not in CHANNELS or images.size == 0:
        hint = ""
        if len(shape) == 2:
            hint = f" {name}.reshape(-1, height, width) undoes a flattening."
        if len(shape) == 4 and shape[3] == 4:
            hint = f" {name}[..., :3] leaves the fourth channel out, which is usually opacity."
        raise ValueError(
            f"{subject} has shape {shape}; expected (N, H, W), (N, H, W, 1 or 3) or "
            f"(N, 1 or 3, H, W), N at least 1.{hint}"
        )
    return torch.from_numpy(np.ascontiguousarray(images))


def _labels(labels: np.ndarray, file: Path, name: str) -> np.ndarray:
    """As int64, shape (N,)."""
    subject = f"source is {str(file)!r}, whose {name}"
    flat = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if flat.ndim != 1:
        hint = f" {name}.argmax(axis=1) undoes a one-hot code." if flat.ndim == 2 else ""
        raise ValueError(f"{subject} has shape {labels.shape}; expected (N,) or (N, 1).{hint}")
    if flat.dtype.kind not in "iu":
        raise ValueError(
            f"{subject} is {labels.dtype}; expected whole numbers from 0. "
            f"numpy.unique({name}, return_inverse=True)[1] numbers the classes."
        )
    if len(flat) and not (0 <= flat.min() and flat.max() < MOST_CLASSES):
        raise ValueError(
            f"{subject} has values from {flat.min()} to {flat.max()}; expected 0 to at most "
            f"{MOST_CLASSES - 1}. numpy.unique({name}, return_inverse=True)[1] numbers the classes."
        )
    return flat.astype(np.int64)
