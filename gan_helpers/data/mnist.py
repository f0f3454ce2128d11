"""MNIST in memory: loading and checking."""

import hashlib
from importlib import resources
from pathlib import Path

import numpy as np
import torch

from gan_helpers.data.file_kinds import NPZ, file_kind
from gan_helpers.kinds import check_file

ASSETS = Path(str(resources.files("gan_helpers") / "assets"))  # data, weights, recorded runs
MNIST_FILE = ASSETS / "mnist.npz"

# The sha256 of the IDX files (header and bytes) in which MNIST was published. _idx_sha256 rebuilds
# the header, so that these checksums are those of the original files, not of our copy.
MNIST_SHA256 = {
    "x_train": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "y_train": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "x_test": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "y_test": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
REINSTALL = (
    "Install the package again, or restore gan_helpers/assets/mnist.npz from the repository."
)
NEEDS_NO_FILE = (
    "needs no file, because MNIST comes with the package. Your own images need no loader: "
    "train(run, images) takes any uint8 tensor of shape (N, 1, 28, 28)."
)


def load_mnist(
    split: str = "train", file: str | Path = MNIST_FILE
) -> tuple[torch.Tensor, torch.Tensor]:
    """Load one split of the bundled MNIST into memory and verify its checksum.

    Returns ``images``, uint8 in [0, 255], shape (N, 1, 28, 28), and ``labels``, int64 in [0, 9],
    shape (N,); N is 60,000 for ``"train"`` and 10,000 for ``"test"``.

    Raises ``TypeError`` when ``file`` is not the name of a file, ``ValueError`` for an unknown
    split, ``FileNotFoundError`` when the file is missing and ``OSError`` when it is damaged or
    holds anything but the published MNIST.

    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".
    Introduced in notebook 02, "The images".
    """
    if split not in ("train", "test"):
        raise ValueError(f"split is {split!r}; expected 'train' or 'test'.")
    if not check_file(file).is_file():
        way_on = REINSTALL if Path(file) == MNIST_FILE else f"load_mnist {NEEDS_NO_FILE}"
        raise FileNotFoundError(f"The MNIST file {file} does not exist. {way_on}")
    x, y = f"x_{split}", f"y_{split}"
    try:
        with np.load(str(file), allow_pickle=False) as arrays:
            images, labels = arrays[x], arrays[y]
    except Exception as error:  # numpy and zipfile report damage in a dozen ways
        # numpy's own message is not shown: for some files it advises to load them "unsafely".
        kind = file_kind(file)
        lacks = f" without readable arrays {x} and {y}" if kind == NPZ else ""
        raise _not_mnist(file, f"it is {kind}{lacks}") from error
    for name, array in ((x, images), (y, labels)):
        if _idx_sha256(array) != MNIST_SHA256[name]:
            raise _not_mnist(file, f"the checksum of {name} is not that of the published file")
    return torch.from_numpy(images).unsqueeze(1), torch.from_numpy(labels.astype(np.int64))


def _not_mnist(file: str | Path, reason: str) -> OSError:
    if Path(file) == MNIST_FILE:
        return OSError(f"The MNIST file {file} is damaged: {reason}. {REINSTALL}")
    return OSError(
        f"{file} does not hold the published MNIST: {reason}. load_mnist accepts nothing else, and "
        f"{NEEDS_NO_FILE}"
    )


def _idx_sha256(array: np.ndarray) -> str:
    """Return the sha256 of an array as an IDX file: type 8 (uint8), big-endian sizes, the bytes."""
    if array.dtype != np.uint8:
        return "not uint8"
    header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, dtype=">u4").tobytes()
    return hashlib.sha256(header + array.tobytes()).hexdigest()
