"""Data sets in .npz files."""

import pickle
import re

import numpy as np
import pytest

from gan_helpers.data import load_dataset, memory

GREY = np.arange(6 * 4 * 5, dtype=np.uint8).reshape(6, 4, 5)
COLOUR = np.arange(6 * 3 * 4 * 5, dtype=np.uint16).astype(np.uint8).reshape(6, 3, 4, 5)
LABELS = np.array([0, 2, 1, 0, 2, 1])


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (GREY, GREY[:, None]),
        (GREY[:, None], GREY[:, None]),
        (GREY[..., None], GREY[:, None]),
        (COLOUR, COLOUR),
        (COLOUR.transpose(0, 2, 3, 1), COLOUR),
    ],
)
@pytest.mark.parametrize("labels", [LABELS, LABELS[:, None].astype(np.uint8), None])
def test_the_usual_shapes(tmp_path, images, expected, labels):
    arrays = {"images": images} | ({} if labels is None else {"labels": labels})
    np.savez_compressed(tmp_path / "mine.npz", **arrays)
    found = load_dataset(tmp_path / "mine.npz")
    assert found.name == "mine" and found.images.is_contiguous()
    assert (found.images.numpy() == expected).all() and found.images.shape == expected.shape
    if labels is None:
        assert found.labels is None and found.classes == ()
    else:
        assert found.labels.tolist() == LABELS.tolist() and found.classes == ("0", "1", "2")


def test_the_layout_of_keras_has_the_same_classes_in_both_splits(tmp_path):
    file = tmp_path / "a"  # the content decides, not the name
    with open(file, "wb") as opened:
        np.savez(opened, x_train=GREY, y_train=LABELS, x_test=GREY[:2], y_test=np.array([[4], [0]]))
    train, test = load_dataset(file), load_dataset(str(file), "test", size=8)
    assert train.labels.tolist() == LABELS.tolist() and test.labels.tolist() == [4, 0]
    assert train.classes == test.classes == ("0", "1", "2", "3", "4")
    assert test.images.shape == (2, 1, 8, 8)


FLOATS = (GREY / 255).astype(np.float32)


@pytest.mark.parametrize(
    ("arrays", "split", "part"),
    [
        ({"images": FLOATS}, "train", "(images * 255).round().astype('uint8')"),
        ({"x_train": FLOATS}, "train", "((x_train + 1) * 127.5)"),
        ({"images": GREY.astype(int)}, "train", "images is int64; expected uint8"),
        ({"images": GREY > 3}, "train", "255 * images.astype('uint8')"),
        ({"images": GREY.reshape(6, 20)}, "train", "reshape(-1, height, width)"),
        ({"images": np.zeros((2, 5, 5, 4), np.uint8)}, "train", "images[..., :3]"),
        ({"images": GREY[:0]}, "train", "shape (0, 4, 5); expected (N, H, W)"),
        ({"images": GREY}, "test", "split is 'test', and source"),
        ({"x_train": GREY}, "test", "holds x_train, and not x_test for the split 'test'"),
        ({"a": GREY, "b": GREY}, "train", "which holds a, b, and not images"),
        ({"images": GREY, "labels": LABELS[:5]}, "train", "5 labels for 6 images"),
        ({"images": GREY, "labels": np.eye(6)}, "train", "labels.argmax(axis=1)"),
        ({"images": GREY, "labels": LABELS / 2}, "train", "numpy.unique(labels"),
        ({"images": GREY, "labels": np.array(list("abcabc"))}, "train", "return_inverse=True"),
        ({"images": GREY, "labels": LABELS - 1}, "train", "values from -1 to 1"),
        ({"images": GREY, "labels": LABELS.astype("u8") + 2**63}, "train", "at most 9999"),
    ],
)
def test_other_arrays_are_refused_with_the_line_that_mends_them(tmp_path, arrays, split, part):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=re.escape(part)) as caught:
        load_dataset(tmp_path / "a.npz", split)
    assert "source" in str(caught.value) and "\n" not in str(caught.value)


def test_the_line_for_floats_makes_the_images(tmp_path):
    images = GREY / np.float32(255)
    with pytest.raises(ValueError, match="save ") as caught:
        np.savez(tmp_path / "a.npz", images=images)
        load_dataset(tmp_path / "a.npz")
    line = re.search(r"save (.*?), for floats", str(caught.value))[1]
    assert (eval(line, {"images": images}) == GREY).all()


class Trap:
    def __reduce__(self):
        return (pytest.fail, ("a program in the file was run",))


def test_nothing_is_unpickled_and_damage_is_reported(tmp_path):
    file = tmp_path / "a.npz"
    np.savez(file, images=np.array([Trap()], dtype=object))
    with pytest.raises(OSError, match="images cannot be read.*pickled") as caught:
        load_dataset(file)
    assert "unsafe" not in str(caught.value)
    np.savez(file, images=GREY)
    content = bytearray(file.read_bytes())
    content[content.index(GREY.tobytes()) + 7] ^= 1
    file.write_bytes(content)
    with pytest.raises(OSError, match="images cannot be read"):
        load_dataset(file)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (pickle.dumps([1]), "a pickle"),
        (b"PK\x03\x04" + bytes(50), "a damaged .npz"),
        (b"\x89PNG\r\n\x1a\n", "a single PNG picture.*Give the folder"),
        (b"\x93NUMPY", "a numpy array.*numpy.savez"),
        (b"\x1f\x8b", "compressed with gzip.*Unpack it first"),
        (b"", "an empty file"),
    ],
)
def test_files_of_another_kind_are_called_by_their_right_name(tmp_path, content, part):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(OSError, match=f"source is .*a.npz', {part}"):
        load_dataset(tmp_path / "a.npz")


def test_what_does_not_fit_into_memory_is_not_read(tmp_path, monkeypatch):
    file = tmp_path / "a.npz"
    np.savez_compressed(file, images=np.zeros((100, 40, 50), np.uint8))
    monkeypatch.setattr(memory, "available_memory", lambda: 200_000)
    with pytest.raises(ValueError, match="source is .*array images, which takes 0.00 GB.*free"):
        load_dataset(file)
    monkeypatch.setattr(memory, "available_memory", lambda: 201_000)
    assert len(load_dataset(file).images) == 100
    with pytest.raises(ValueError, match="size is 64, which makes 100 images of 1 x 64 x 64"):
        load_dataset(file, size=64)
