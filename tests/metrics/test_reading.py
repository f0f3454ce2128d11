"""Images from other programs: what is read, what is refused, and what is said of odd ranges."""

import io
import pickle
import re

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from gan_helpers.data import load_mnist
from gan_helpers.metrics import range_remark, read_images


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return load_mnist("test")[0][:50, 0].numpy()


def as_tensor(digits: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(digits).unsqueeze(1)


# what is read

SHAPES = [(-1, 28, 28), (-1, 1, 28, 28), (-1, 28, 28, 1), (-1, 784)]
RANGES = {
    (0, 1): lambda x: x / 255,
    (-1, 1): lambda x: x / 127.5 - 1,
    (0, 255): lambda x: x,
    (-0.5, 0.5): lambda x: x / 255 - 0.5,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["a.npy", "a.npz", "A.NPZ", "a"])
def test_an_array_of_any_usual_shape_whatever_its_file_is_called(digits, tmp_path, shape, name):
    file = tmp_path / name
    with open(file, "wb") as opened:  # numpy would append an ending
        save = np.save if name == "a.npy" else np.savez
        save(opened, digits.reshape(shape))
    images = read_images(str(file))
    assert images.is_contiguous() and images.dtype == torch.uint8
    assert torch.equal(images, as_tensor(digits))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
@pytest.mark.parametrize("value_range", RANGES)
def test_floats_whose_range_is_said_come_back_as_they_were(digits, tmp_path, dtype, value_range):
    floats = RANGES[value_range](digits.astype(np.float64)).astype(dtype)
    np.save(tmp_path / "a.npy", floats)
    read = read_images(tmp_path / "a.npy", value_range).int() - as_tensor(digits).int()
    assert read.abs().max() <= (1 if dtype is np.float16 else 0)


@pytest.mark.parametrize(
    ("dtype", "value_range"), [(np.int64, (0, 255)), (bool, (0, 1)), (np.uint8, (0, 1))]
)
def test_whole_numbers_and_truth_values_too(digits, tmp_path, dtype, value_range):
    numbers = (digits > 99).astype(dtype) * dtype(value_range[1])
    np.save(tmp_path / "a.npy", numbers)
    assert torch.equal(read_images(tmp_path / "a.npy", value_range), (as_tensor(digits) > 99) * 255)


def test_images_is_the_array_of_several_unless_another_is_named(digits, tmp_path):
    np.savez(tmp_path / "a.npz", images=digits, labels=np.zeros(50), others=digits[:7])
    assert len(read_images(tmp_path / "a.npz")) == 50
    assert len(read_images(tmp_path / "a.npz", array="others")) == 7
    np.savez(tmp_path / "a.npz", digits, np.zeros(50))
    for array, words in ((None, "several arrays, arr_0, arr_1"), ("arr_2", "no array arr_2, but")):
        with pytest.raises(ValueError, match=f"{words}.*--array NAME"):
            read_images(tmp_path / "a.npz", array=array)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "LA"])
def test_a_folder_of_pictures_in_the_order_of_their_names(digits, tmp_path, mode):
    for i in reversed(range(12)):
        folder = tmp_path / f"class_{i // 4}"
        folder.mkdir(exist_ok=True)
        picture = Image.fromarray(digits[i]).convert(mode)
        picture.save(folder / f"{i:02}.{'PNG' if i % 2 else 'png'}")
    (tmp_path / "about.txt").write_text("made elsewhere")
    (tmp_path / "._hidden.png").write_text("of another system")
    assert torch.equal(read_images(tmp_path), as_tensor(digits[:12]))


def test_jpeg_pictures_nearly(digits, tmp_path):
    for i in range(3):
        Image.fromarray(digits[i]).save(tmp_path / f"{i}.jpg", quality=95)
    difference = read_images(tmp_path).int() - as_tensor(digits[:3]).int()
    assert difference.abs().double().mean() < 5


# what is refused


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((50, 3, 28, 28), "mean.axis=1."),
        ((50, 28, 28, 3), "mean.axis=3."),
        ((50, 32, 32), "Image.resize"),
        ((28, 28), "N at least 1"),
        ((784,), "N at least 1"),
        ((0, 28, 28), "N at least 1"),
        ((), "N at least 1"),
    ],
)
def test_another_shape_is_named_with_what_to_do(tmp_path, shape, words):
    np.save(tmp_path / "a.npy", np.zeros(shape, np.uint8))
    with pytest.raises(ValueError, match=f"a.npy have shape .*; expected .*{words}"):
        read_images(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("values", "value_range", "words"),
    [
        ((-1.0, 1.0), None, "float64 from -1 to 1; say .*--range -1 1"),
        ((0, 200), None, "int64 from 0 to 200; say"),
        ((-1.0, 1.0), (0, 1), "values from -1 to 1; expected none outside --range 0 1"),
        ((0.0, 255.0), (-1, 1), "values from 0 to 255"),
        ((0.0, np.nan), (0, 1), "values from nan"),
        ((0.0, np.inf), (0, 1), "to inf"),
        ((0.0, 1.0), (1, 0), "--range is 1 0"),
        ((0.0, 1.0), (0, np.nan), "--range is 0 nan"),
        ((0j, 1j), (0, 1), "complex128; expected numbers"),
        (("a", "b"), (0, 1), "expected numbers"),
    ],
)
def test_a_range_is_never_guessed_and_must_hold(tmp_path, values, value_range, words):
    images = np.full((2, 28, 28), values[0])
    images[1] = values[1]
    np.save(tmp_path / "a.npy", images)
    with pytest.raises(ValueError, match=words):
        read_images(tmp_path / "a.npy", value_range)


def pickled(value: object) -> bytes:
    content = io.BytesIO()
    torch.save(value, content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (pickled(torch.zeros(5, 28, 28)), "a PyTorch file"),
        (pickle.dumps(np.zeros((5, 28, 28))), "a pickle"),
        (b"\x89PNG\r\n\x1a\n", "a single PNG picture"),
        (b"<html>", "a web page"),
        (b"1,2,3\n", "text"),
        (b"", "an empty file"),
        (b"PK\x03\x04" + bytes(50), "a damaged .npz"),
    ],
)
@pytest.mark.parametrize("name", ["a.pt", "a.npz"])
def test_what_is_not_read_is_called_by_its_right_name(tmp_path, content, kind, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OSError, match=f"{name} is {kind}.*numpy.save") as caught:
        read_images(tmp_path / name)
    assert "unsafe" not in str(caught.value)


def test_nothing_is_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("a program in the file was run",))

    for name in ("a.npy", "a.npz"):
        with open(tmp_path / name, "wb") as opened:
            save = np.save if name == "a.npy" else np.savez
            save(opened, np.array([Trap()], dtype=object))
        with pytest.raises(OSError, match="pickled objects, which are not read") as caught:
            read_images(tmp_path / name)
        assert "unsafe" not in str(caught.value)
    (tmp_path / "a.pt").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(OSError, match="a pickle"):
        read_images(tmp_path / "a.pt")


def test_a_missing_file_an_empty_folder_and_weights(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent does not exist"):
        read_images(tmp_path / "absent")
    with pytest.raises(FileNotFoundError, match="neither a run nor PNG or JPEG pictures"):
        read_images(tmp_path)
    save_file({"images": torch.zeros(2)}, tmp_path / "a.safetensors")
    with pytest.raises(OSError, match="is a safetensors file; expected images"):
        read_images(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (Image.new("L", (32, 30)), "32 x 30 pixels, mode L; expected 28 x 28"),
        (Image.new("I;16", (28, 28)), "mode I;16; expected 28 x 28 pixels of 8 bits"),
        (None, "damaged"),
    ],
)
def test_a_picture_that_does_not_fit_is_named(digits, tmp_path, picture, words):
    Image.fromarray(digits[0]).save(tmp_path / "0.png")
    if picture:
        picture.save(tmp_path / "1.png")
    else:
        (tmp_path / "1.png").write_bytes((tmp_path / "0.png").read_bytes()[:60])
    with pytest.raises((OSError, ValueError), match=f"1.png .*{words}"):
        read_images(tmp_path)


# other shapes of an image


@pytest.fixture(scope="module")
def photos() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 3, 20, 24), dtype=np.uint8)


def read_photos(file, shape=(3, 20, 24)) -> np.ndarray:
    return read_images(file, shape=shape).numpy()


def test_arrays_in_colour_have_their_channels_first_last_or_one_after_the_other(photos, tmp_path):
    for form in (photos, photos.transpose(0, 2, 3, 1), photos.reshape(7, -1)):
        np.save(tmp_path / "a.npy", form)
        assert np.array_equal(read_photos(tmp_path / "a.npy"), photos)


def test_pictures_in_colour_and_grey_ones_in_three_equal_channels(photos, tmp_path):
    Image.fromarray(photos[0].transpose(1, 2, 0)).save(tmp_path / "0.png")
    Image.fromarray(photos[1, 0]).save(tmp_path / "1.png")
    read = read_photos(tmp_path)
    assert np.array_equal(read[0], photos[0]) and (read[1] == photos[1, :1]).all()
    assert read_photos(tmp_path, (1, 20, 24)).shape == (2, 1, 20, 24)
    with pytest.raises(ValueError, match="24 x 20 pixels, mode RGB; expected 20 x 24"):
        read_photos(tmp_path, (3, 24, 20))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ((7, 20, 24), "Copy grey to three channels first"),
        ((7, 3, 28, 28), r"expected \(N, 3, 20, 24\), .* or \(N, 1440\).* to 20 x 24 first"),
    ],
)
def test_another_shape_than_the_one_asked_for(tmp_path, found, words):
    np.save(tmp_path / "a.npy", np.zeros(found, np.uint8))
    with pytest.raises(ValueError, match=words):
        read_photos(tmp_path / "a.npy")


# what is said of odd ranges


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x / 255, "All pixels are 0 or 1 of 255"),
        (lambda x: x / 4, "No pixel is brighter than 63 of 255; .* --range 0 63"),
        (lambda x: (x / 127.5 - 1) * 127.5, "value is 129 of 255, a middle grey"),  # wrapped
        (lambda x: (x / 127.5 - 1) * 255, "value is 1 of 255; .*multiplied by 255.*--range -1 1"),
        (lambda x: (x / 255 + 1) * 127.5, "value is 127 of 255, a middle grey"),
        (lambda x: x / 127.5 - 1, "value is 255 of 255, white"),
        (lambda x: 255 - x, "value is 255 of 255, white; .*255 - images"),
    ],
)
def test_pixels_whose_range_was_mistaken_are_remarked(digits, change, words):
    changed = change(digits.astype(np.float64)).astype(np.int64).astype(np.uint8)
    assert re.search(words, range_remark(torch.from_numpy(changed)))


def test_digits_and_noise_are_not_remarked(images):
    assert range_remark(images) is None
    assert range_remark(load_mnist("test")[0][:1000]) is None


def test_a_photographs_background_may_have_any_colour_but_not_its_range(digits):
    white = as_tensor(255 - digits)
    assert range_remark(white) and range_remark(white, "cifar10") is None
    assert "most pictures reach 255" in range_remark(as_tensor(digits // 4), "cifar10")
