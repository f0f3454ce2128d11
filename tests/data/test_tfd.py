"""The Toronto Face Database, on a generated file of its layout: the real one is not free."""

import re

import numpy as np
import pytest
from scipy.io import savemat

from gan_helpers.data import load_dataset, memory


def faces(**changes: object) -> dict[str, np.ndarray]:
    """Ten faces: four unlabelled, then 3 train, 2 valid and 1 test; in fold 1 the other way."""
    images = np.arange(10 * 48 * 48).reshape(10, 48, 48) % 251
    folds = np.zeros((10, 5), np.uint8)
    folds[4:] = np.array([[1], [1], [1], [2], [2], [3]])
    folds[4:, 1] = [3, 2, 2, 1, 1, 1]
    labels = np.array([-1, -1, -1, -1, 1, 7, 4, 2, 3, 5], np.int16)[:, None]
    arrays = {"images": images.astype(np.uint8), "folds": folds, "labs_ex": labels}
    arrays |= {"labs_id": labels} | changes
    return {name: array for name, array in arrays.items() if array is not None}


@pytest.fixture
def file(tmp_path):
    (tmp_path / "tfd").mkdir()
    return tmp_path / "tfd" / "TFD_48x48.mat"


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    ("split", "fold", "rows", "labels"),
    [
        ("train", 0, [4, 5, 6], [0, 6, 3]),
        ("valid", 0, [7, 8], [1, 2]),
        ("test", 0, [9], [4]),
        ("train", 1, [7, 8, 9], [1, 2, 4]),
        ("unlabelled", 4, [0, 1, 2, 3], None),
    ],
)
def test_a_split_of_a_fold_upright(file, dtype, compressed, split, fold, rows, labels):
    arrays = faces(images=faces()["images"].astype(dtype))
    savemat(file, arrays, do_compression=compressed)
    found = load_dataset("tfd", split, fold=fold, download_to=file.parents[1])
    assert found.name == "tfd"
    assert (found.images[:, 0].numpy() == faces()["images"][rows]).all()
    assert (found.labels is None) == (labels is None) == (found.classes == ())
    if labels is not None:
        assert found.labels.tolist() == labels
        assert found.classes[0] == "anger" and found.classes[6] == "neutral"


def test_the_path_of_a_copy(tmp_path):
    savemat(tmp_path / "copy.mat", faces())
    found = load_dataset(tmp_path / "copy.mat", size=24, grey=False)
    assert found.name == "tfd" and found.images.shape == (3, 3, 24, 24)


def test_without_the_file_the_authors_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="on request only") as caught:
        load_dataset("tfd", download_to=tmp_path)
    assert str(tmp_path / "tfd" / "TFD_48x48.mat") in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"images": None}, "which holds these arrays: folds (10, 5), labs_ex"),
        ({"folds": None}, "expected images of shape (n, 48, 48), folds (n, 5)"),
        ({"images": np.zeros((48, 48, 10))}, "images (48, 48, 10)"),
        ({"labs_ex": np.zeros((9, 1))}, "labs_ex (9, 1)"),
        ({"images": faces()["images"] / 255.0}, "expected 0 to 255"),
        ({"images": faces()["images"] * np.nan}, "values from nan"),
        ({"labs_ex": np.zeros((10, 1))}, "labs_ex has values from 0.0 to 0.0"),
        ({"folds": np.zeros((10, 5))}, "at least one 1 in column 0"),
    ],
)
def test_other_arrays_are_refused(file, changes, part):
    savemat(file, faces(**changes))
    with pytest.raises(ValueError, match=re.escape(part)) as caught:
        load_dataset("tfd", download_to=file.parents[1])
    assert "source" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + b"\x89HDF", "version 7.3"),
        (b"<html>", "a web page; expected a MATLAB file of version 5"),
        (b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM\x0f\0\0\0\xff\0\0\0abc", "is damaged"),
    ],
)
def test_files_of_another_kind(file, content, part):
    file.write_bytes(content)
    with pytest.raises(OSError, match=part):
        load_dataset(file)


def test_a_file_that_is_cut_off_or_has_a_wrong_byte_is_reported(file):
    savemat(file, faces(labs_id=None), do_compression=True)
    whole = file.read_bytes()
    for position in range(130, len(whole), 97):
        flipped = whole[:position] + bytes([whole[position] ^ 255]) + whole[position + 1 :]
        for content in (whole[:position], flipped):
            file.write_bytes(content)
            with pytest.raises((OSError, ValueError), match="^source is .*(damaged|cut off)"):
                load_dataset(file)


def test_what_does_not_fit_into_memory_is_not_read(file, monkeypatch):
    savemat(file, faces(images=faces()["images"].astype(float)))
    monkeypatch.setattr(memory, "available_memory", lambda: 8 * 23040 - 1)
    monkeypatch.setattr("scipy.io.loadmat", lambda *a, **b: pytest.fail("it was read"))
    with pytest.raises(ValueError, match="source is .*10 images of 48 x 48 pixels.* are free"):
        load_dataset(file)
