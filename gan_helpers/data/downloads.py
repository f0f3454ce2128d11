"""Data sets that torchvision downloads: Fashion-MNIST and CIFAR-10."""

import contextlib
import gzip
import hashlib
import io
import socket
import zlib
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock

from gan_helpers.data.dataset import Dataset

# torchvision is imported where it is used, because this takes two seconds.

PATIENCE = 60  # seconds without a byte; without a limit, a dead connection would hold for ever
FASHION_FOLDER = Path("/usr/share/datasets/fashion-mnist")  # of Debian's dataset-fashion-mnist
# The sha256 of the published files without the compression: Debian compresses them again.
FASHION_SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def load_fashion_mnist(split: str, download_to: Path, progress: bool) -> Dataset:
    """Load Fashion-MNIST: 60,000 or 10,000 grey images of 28 x 28 pixels in 10 classes.

    Debian's files are taken where they are installed, otherwise those in
    ``download_to/FashionMNIST/raw``; what is missing or damaged there is downloaded. Raises
    ``OSError`` when it cannot be. Source: Xiao, Rasul and Vollgraf, "Fashion-MNIST". Introduced in
    notebook 10, "Other pictures", by way of ``load_dataset``.
    """
    from torchvision.datasets import FashionMNIST

    part, folder = {"train": "train", "test": "t10k"}[split], download_to / "FashionMNIST" / "raw"
    images, labels = f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"
    content = {name: _published(FASHION_FOLDER, name) for name in (images, labels)}
    if None in content.values():
        content = {name: _published(folder, name) for name in (images, labels)}
    for name in [name for name, found in content.items() if found is None]:
        hint = (
            f"{images}.gz and {labels}.gz in this folder (Debian and Ubuntu: the package "
            "dataset-fashion-mnist brings them)"
        )
        with _downloading("fashion-mnist", folder, hint, progress):
            content[name] = _download_fashion(name, folder)
    pixels = np.frombuffer(content[images], np.uint8, offset=16).reshape(-1, 1, 28, 28)
    numbers = np.frombuffer(content[labels], np.uint8, offset=8).astype(np.int64)
    return Dataset(
        "fashion-mnist",
        torch.from_numpy(pixels.copy()),  # a copy, because the bytes of a file cannot be changed
        torch.from_numpy(numbers),
        tuple(FashionMNIST.classes),
    )


def load_cifar10(split: str, download_to: Path, progress: bool) -> Dataset:
    """Load CIFAR-10: 50,000 or 10,000 coloured images of 32 x 32 pixels in 10 classes.

    Taken from ``download_to/cifar-10-batches-py``, whose checksums are verified; if it is missing
    or damaged, the archive is downloaded and unpacked. Raises ``OSError`` when that fails. Source:
    Krizhevsky, "Learning Multiple Layers of Features from Tiny Images". Introduced in notebook 10,
    "Other pictures", by way of ``load_dataset``.
    """
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import download_and_extract_archive

    train = split == "train"
    try:
        found = CIFAR10(download_to, train)
    except RuntimeError:  # missing or damaged; CIFAR10(download=True) would not repair all of it
        hint = f"{CIFAR10.filename} in this folder"
        with _downloading("cifar10", download_to, hint, progress):
            name, md5 = CIFAR10.filename, CIFAR10.tgz_md5
            download_and_extract_archive(CIFAR10.url, download_to, filename=name, md5=md5)
            found = CIFAR10(download_to, train)
    images = torch.from_numpy(found.data).permute(0, 3, 1, 2).contiguous()
    return Dataset("cifar10", images, torch.tensor(found.targets), tuple(found.classes))


def _published(folder: Path, name: str) -> bytes | None:
    """The content of a compressed file; None if it is missing or is not the published one."""
    try:
        content = gzip.decompress((folder / f"{name}.gz").read_bytes())
    except (OSError, EOFError, zlib.error):
        return None
    return content if hashlib.sha256(content).hexdigest() == FASHION_SHA256[name] else None


def _download_fashion(name: str, folder: Path) -> bytes:
    from torchvision.datasets import FashionMNIST
    from torchvision.datasets.utils import download_url

    for mirror in FashionMNIST.mirrors:
        try:
            md5 = dict(FashionMNIST.resources)[f"{name}.gz"]
            download_url(f"{mirror}{name}.gz", folder, md5=md5)
        except (OSError, HTTPException, RuntimeError):
            if mirror == FashionMNIST.mirrors[-1]:
                raise
        else:
            break
    content = _published(folder, name)
    if content is None:
        raise RuntimeError("the checksum is not that of the published file")
    return content


@contextlib.contextmanager
def _downloading(name: str, folder: Path, hint: str, progress: bool) -> Iterator[None]:
    """Download under a lock, and say in one sentence what to do when it fails."""
    patience = socket.getdefaulttimeout()
    # torchvision's bar cannot be turned off.
    quiet = contextlib.nullcontext() if progress else contextlib.redirect_stderr(io.StringIO())
    try:
        socket.setdefaulttimeout(PATIENCE)
        folder.mkdir(parents=True, exist_ok=True)
        # Two notebooks that begin at the same time would write into the same file.
        with FileLock(folder / ".gan_helpers.lock"), quiet:
            yield
    except (OSError, HTTPException, RuntimeError) as error:
        damaged = isinstance(error, RuntimeError)  # torchvision's, when a checksum is wrong
        reason = "what came is damaged" if damaged else getattr(error, "reason", error)
        raise OSError(
            f"source is {name!r}, which cannot be downloaded into {folder} "
            f"({' '.join(str(reason).split()) or type(error).__name__}); expected a network, or "
            f"{hint}. A download that was cut off or damaged is begun again at the next call."
        ) from error
    finally:
        socket.setdefaulttimeout(patience)
