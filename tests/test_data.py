from pathlib import Path

import numpy as np
import pytest
import torch

from gan_helpers.data import MNIST_FILE, batches, load_mnist, scale_images, to_uint8

TRAIN_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST_COUNTS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.fixture(scope="module")
def test_arrays() -> dict[str, np.ndarray]:
    with np.load(str(MNIST_FILE)) as arrays:
        return {name: arrays[name] for name in ("x_test", "y_test")}


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def numbered(count: int) -> torch.Tensor:
    """``count`` images of one pixel each, the image's number: (count, 1)."""
    return torch.arange(count, dtype=torch.uint8).unsqueeze(1)


# load_mnist


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


def test_mnist_begins_with_the_published_labels():
    _, labels = load_mnist("test")
    assert labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_splits_are_loaded_alone(tmp_path, test_arrays):
    file = tmp_path / "mnist.npz"
    np.savez(file, **test_arrays)
    assert load_mnist("test", file)[0].shape == (10_000, 1, 28, 28)
    assert load_mnist("test", str(file))[1].shape == (10_000,)
    with pytest.raises(OSError, match="x_train"):
        load_mnist("train", file)


def test_unknown_split():
    with pytest.raises(ValueError, match="split is 'validation'; expected 'train' or 'test'"):
        load_mnist("validation")


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent.npz does not exist.*restore"):
        load_mnist("test", tmp_path / "absent.npz")


def damaged(file: Path, split: str = "test") -> str:
    """The message of the error that ``file`` causes; it must name the file and a cure."""
    with pytest.raises(OSError, match="damaged") as caught:
        load_mnist(split, file)
    assert str(file) in str(caught.value) and "Install the package again" in str(caught.value)
    return str(caught.value)


def flipped(content: bytes) -> bytes:
    changed = bytearray(content)
    changed[10_500_000] ^= 0xFF  # inside x_test
    return bytes(changed)


@pytest.mark.parametrize(
    "spoil",
    [
        *(lambda content, n=n: content[:n] for n in (0, 1000, 5_000_000, -1)),
        flipped,
        lambda content: b"<html>403 Forbidden</html>",
    ],
)
def test_a_file_that_was_cut_flipped_or_replaced(tmp_path, spoil):
    file = tmp_path / "mnist.npz"
    file.write_bytes(spoil(MNIST_FILE.read_bytes()))
    damaged(file)


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
        ("x_test", None),
        ("y_test", None),
    ],
)
def test_arrays_that_are_not_the_published_ones(tmp_path, test_arrays, name, change):
    arrays = {key: array for key, array in test_arrays.items() if key != name}
    if change is not None:
        arrays[name] = change(test_arrays[name])
    np.savez(tmp_path / "mnist.npz", **arrays)
    expected = name if change is None else f"checksum of {name}"
    assert expected in damaged(tmp_path / "mnist.npz")


def test_a_file_of_pickled_objects_or_of_one_array_is_refused(tmp_path, test_arrays):
    objects = np.array([{"a": 1}], dtype=object)
    np.savez(tmp_path / "mnist.npz", x_test=objects, y_test=objects)
    damaged(tmp_path / "mnist.npz")
    np.save(tmp_path / "array.npy", test_arrays["x_test"])
    damaged((tmp_path / "array.npy").rename(tmp_path / "mnist.npz"))


@pytest.mark.parametrize("flip", [0x01, 0xFF])
def test_any_flipped_byte_of_an_archive_is_reported_as_damage(tmp_path, flip):
    # A small archive, so that every byte of its headers and its directory can be flipped in turn.
    # Its arrays are not MNIST's: whatever the byte, load_mnist must answer "damaged".
    small = np.arange(4, dtype=np.uint8)
    np.savez_compressed(tmp_path / "small.npz", x_test=small, y_test=small)
    content = (tmp_path / "small.npz").read_bytes()
    file = tmp_path / "mnist.npz"
    escaped = {}
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= flip
        file.write_bytes(changed)
        try:
            load_mnist("test", file)
        except OSError:
            continue
        except Exception as error:
            escaped[position] = repr(error)
        else:
            escaped[position] = "no error"
    assert escaped == {}


# scale_images and to_uint8


def test_scaling_is_exact_at_the_ends_and_close_to_the_formula_between():
    pixels = torch.arange(256, dtype=torch.uint8)
    scaled = scale_images(pixels)
    assert scaled.dtype == torch.float32
    assert (scaled[0], scaled[255]) == (-1.0, 1.0)
    assert (scaled.diff() > 0).all()
    assert torch.allclose(scaled.double(), pixels.double() / 127.5 - 1, rtol=0, atol=2e-7)


def test_scaling_round_trip_is_exact_for_all_pixel_values():
    pixels = torch.arange(256, dtype=torch.uint8).reshape(4, 1, 8, 8)
    back = to_uint8(scale_images(pixels))
    assert back.dtype == torch.uint8
    assert torch.equal(back, pixels)
    assert pixels.flatten().tolist() == list(range(256))  # the argument is left as it was


def test_to_uint8_rounds_clips_and_leaves_its_argument_alone():
    grey_127 = 127 / 127.5 - 1
    floats = torch.tensor([-9.0, -1.0, grey_127 + 0.3 / 127.5, 1.0, 7.5, torch.inf, -torch.inf])
    kept = floats.clone()
    assert to_uint8(floats).tolist() == [0, 0, 127, 255, 255, 255, 0]
    assert torch.equal(floats, kept)
    assert to_uint8(floats.double()).tolist() == [0, 0, 127, 255, 255, 255, 0]


def test_what_is_no_image_is_refused():
    with pytest.raises(TypeError, match="images has dtype torch.float32; expected torch.uint8"):
        scale_images(torch.zeros(2, 1, 28, 28))
    with pytest.raises(TypeError, match="images has dtype torch.uint8; expected floats"):
        to_uint8(torch.zeros(2, 1, 28, 28, dtype=torch.uint8))
    with pytest.raises(ValueError, match="images holds NaN.*smaller learning rate"):
        to_uint8(torch.tensor([0.0, torch.nan]))


# batches


def test_batches_are_scaled_and_keep_the_images_shape(images):
    for batch in batches(images, 16, rng()):
        assert batch.shape == (16, 1, 28, 28)
        assert batch.dtype == torch.float32
        assert -1 <= batch.min() < -0.99
        assert 0.99 < batch.max() <= 1


def test_batches_are_a_permutation_without_repetition():
    drawn = [to_uint8(batch) for batch in batches(numbered(200), 20, rng())]
    assert len(drawn) == 10
    order = torch.cat(drawn).flatten().tolist()
    assert order != list(range(200))
    assert sorted(order) == list(range(200))


@pytest.mark.parametrize(("batch_size", "count"), [(16, 6), (33, 3), (50, 2), (51, 1), (100, 1)])
def test_the_incomplete_batch_is_left_out(batch_size, count):
    drawn = list(batches(numbered(100), batch_size, rng()))
    assert [batch.shape for batch in drawn] == [(batch_size, 1)] * count
    assert len(torch.cat(drawn).unique()) == batch_size * count


def test_every_image_has_its_turn_although_the_incomplete_batch_is_left_out():
    generator = rng()
    seen = [torch.cat(list(batches(numbered(10), 4, generator))) for _ in range(20)]
    assert len(torch.cat(seen).unique()) == 10


def test_the_same_generator_state_gives_the_same_batches():
    generator = rng(3)
    state = generator.get_state()
    first = torch.cat(list(batches(numbered(100), 10, generator)))
    second = torch.cat(list(batches(numbered(100), 10, generator)))
    assert not torch.equal(first, second)  # two epochs differ
    generator.set_state(state)
    torch.manual_seed(123)  # another global state changes nothing
    assert torch.equal(torch.cat(list(batches(numbered(100), 10, generator))), first)


def test_batches_leave_the_images_and_the_global_random_state_alone(images):
    kept, state = images.clone(), torch.get_rng_state()
    list(batches(images, 16, rng()))
    assert torch.equal(images, kept)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("batch_size", [0, -1, 71])
def test_batch_size_out_of_range_is_reported_at_the_call(images, batch_size):
    message = f"batch_size is {batch_size}; expected 1 to 70, the number of images"
    with pytest.raises(ValueError, match=message):
        batches(images, batch_size, rng())


def test_batches_of_floats_are_refused_at_the_call(images):
    with pytest.raises(TypeError, match="images has dtype torch.float32.*load_mnist"):
        batches(images.float(), 16, rng())
