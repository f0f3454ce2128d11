import gzip
import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from gan_helpers.data import MNIST_FILE, load_mnist, mnist

TRAIN_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST_COUNTS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.fixture(scope="module")
def test_arrays() -> dict[str, np.ndarray]:
    with np.load(str(MNIST_FILE)) as arrays:
        return {name: arrays[name] for name in ("x_test", "y_test")}


@pytest.mark.parametrize(
    ("split", "count", "counts"), [("train", 60_000, TRAIN_COUNTS), ("test", 10_000, TEST_COUNTS)]
)
def test_mnist_has_the_published_sizes_and_class_counts(split, count, counts):
    images, labels = load_mnist(split)
    assert images.shape == (count, 1, 28, 28)
    assert images.dtype == torch.uint8
    assert (images.min(), images.max()) == (0, 255)
    assert labels.shape == (count,)
    assert labels.dtype == torch.int64
    assert labels.bincount().tolist() == counts


def test_splits_are_loaded_alone(tmp_path, test_arrays):
    file = tmp_path / "mnist.npz"
    np.savez(file, **test_arrays)
    assert load_mnist("test", file)[0].shape == (10_000, 1, 28, 28)
    assert load_mnist("test", str(file))[1].shape == (10_000,)
    with pytest.raises(OSError, match="x_train"):
        load_mnist("train", file)


def test_an_unknown_split_and_a_missing_file(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="split is 'validation'; expected 'train' or 'test'"):
        load_mnist("validation")
    with pytest.raises(FileNotFoundError, match=r"absent.npz does not.*train\(run, images\)"):
        load_mnist("test", tmp_path / "absent.npz")
    monkeypatch.setattr(mnist, "MNIST_FILE", tmp_path / "mnist.npz")
    with pytest.raises(FileNotFoundError, match="mnist.npz does not exist.*restore"):
        load_mnist("test", tmp_path / "mnist.npz")


def refused(file: Path, split: str = "test") -> str:
    """The message of the error that ``file`` causes; it must name the file and a way on."""
    with pytest.raises(OSError, match="does not hold the published MNIST: ") as caught:
        load_mnist(split, file)
    message = str(caught.value)
    assert message.startswith(str(file)) and "train(run, images)" in message
    # numpy's own advice, of whatever is no archive.
    assert "unsafe" not in message and "pickle=" not in message
    return message


def pickled(value: object) -> bytes:
    """``value`` as torch.save writes it."""
    content = io.BytesIO()
    torch.save(value, content)
    return content.getvalue()


CONTENTS = {
    "an empty file": b"",
    "a web page": b"\n<!DOCTYPE html><html>403 Forbidden</html>",
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 11\n",
    "compressed with gzip": gzip.compress(b"\0\0\x08\x03"),
    "an IDX file of images": b"\0\0\x08\x03" + bytes(100),
    "a damaged .npz": MNIST_FILE.read_bytes()[:-1],
    "a PyTorch file": pickled({"images": torch.zeros(2)}),
    "a pickle": pickle.dumps([1, 2]),
    "a safetensors file": save({"images": torch.zeros(2)}),
    "a single PNG picture": b"\x89PNG\r\n\x1a\n",
    "text": b"label,pixel1,pixel2\n",
    "no kind of file that is known here": bytes(range(1, 256)),
}


@pytest.mark.parametrize("kind", CONTENTS)
@pytest.mark.parametrize("name", ["mnist.npz", "MNIST.NPZ", "mnist"])
def test_a_file_that_is_no_archive_is_called_by_its_right_name(tmp_path, kind, name):
    file = tmp_path / name
    file.write_bytes(CONTENTS[kind])
    assert f": it is {kind}" in refused(file)


def test_the_packages_own_file_when_damaged_comes_with_a_cure(tmp_path, monkeypatch):
    file = tmp_path / "mnist.npz"
    monkeypatch.setattr(mnist, "MNIST_FILE", file)
    file.write_bytes(CONTENTS["a Git LFS pointer"])
    message = f"{file} is damaged: it is a Git LFS pointer.*Install the package again"
    with pytest.raises(OSError, match=message):
        load_mnist("test", file)


def one_changed(array: np.ndarray) -> np.ndarray:
    changed = array.copy()
    changed.flat[1234] ^= 1
    return changed


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("x_test", one_changed),
        ("y_test", one_changed),
        ("x_test", lambda images: images[::-1]),
        ("x_test", lambda images: images.reshape(-1, 784)),
        ("x_test", lambda images: images[:-1]),
        ("x_test", lambda images: images + 0.5),
        ("y_test", lambda labels: labels + 0.5),
        ("x_test", lambda images: np.array([{"a": 1}], dtype=object)),
        ("x_test", None),
        ("y_test", None),
    ],
)
def test_arrays_that_are_not_the_published_ones(tmp_path, test_arrays, name, change):
    arrays = {key: array for key, array in test_arrays.items() if key != name}
    if change is not None:
        arrays[name] = change(test_arrays[name])
    np.savez(tmp_path / "mnist.npz", **arrays)
    message = refused(tmp_path / "mnist.npz")
    unreadable = change is None or arrays[name].dtype == object
    assert ("without readable arrays" if unreadable else f"checksum of {name}") in message


@pytest.mark.parametrize("flip", [0x01, 0xFF])
def test_any_flipped_byte_of_an_archive_is_reported(tmp_path, flip):
    # A small archive, so that every byte of its headers and its directory can be flipped in turn.
    # Its arrays are not MNIST's: whatever the byte, load_mnist must refuse it.
    small = np.arange(4, dtype=np.uint8)
    file = tmp_path / "mnist.npz"
    np.savez_compressed(file, x_test=small, y_test=small)
    content = file.read_bytes()
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= flip
        file.write_bytes(changed)
        refused(file)
