"""MNIST in memory: loading, checking, scaling and batching."""

import hashlib
import zipfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import numpy as np
import torch

from gan_helpers.checks import check_rng, check_tensor, whole_number
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


NPZ, NPY = "an .npz archive", "a numpy array (.npy)"  # two answers of file_kind
STARTS = {
    b"\x93NUMPY": NPY,
    b"\x1f\x8b": "compressed with gzip",
    b"\0\0\x08\x01": "an IDX file of labels, as MNIST was published",
    b"\0\0\x08\x03": "an IDX file of images, as MNIST was published",
    b"\x89PNG": "a single PNG picture",
    b"\xff\xd8\xff": "a single JPEG picture",
    b"\x80": "a pickle (.pkl, or .pt of PyTorch), which could run any program if it were read",
    b"version https://git-lfs": "a Git LFS pointer in place of the file: 'git lfs pull' fetches it",
    b"<": "a web page",
    b"{": "JSON text",
}


def file_kind(file: str | Path) -> str:
    """Say what kind of file ``file`` is, for an error message: "a web page", for example.

    The first bytes decide, not the name, and nothing is unpickled. Introduced in notebook 02, "The
    images", by way of ``load_mnist``.
    """
    with open(file, "rb") as opened:
        start = opened.read(512)
    if not start:
        return "an empty file"
    if start.startswith(b"PK"):
        try:
            with zipfile.ZipFile(file) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
            return "a damaged .npz or .zip archive"
        if any(name.endswith("data.pkl") for name in names):
            return "a PyTorch file (.pt), which could run any program if it were read"
        return NPZ if any(name.endswith(".npy") for name in names) else "a .zip archive"
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") < 10**8:
        return "a safetensors file"
    for first, kind in STARTS.items():
        if start.removeprefix(b"\xef\xbb\xbf").lstrip(b" \r\n\t").startswith(first):
            return kind
    printable = sum(byte >= 32 or byte in b"\r\n\t" for byte in start)
    return "text" if printable == len(start) else "no kind of file that is known here"


def _idx_sha256(array: np.ndarray) -> str:
    """Return the sha256 of an array as an IDX file: type 8 (uint8), big-endian sizes, the bytes."""
    if array.dtype != np.uint8:
        return "not uint8"
    header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, dtype=">u4").tobytes()
    return hashlib.sha256(header + array.tobytes()).hexdigest()


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
