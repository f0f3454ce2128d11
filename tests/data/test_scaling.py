import pytest
import torch

from gan_helpers.data import batches, scale_images, to_uint8


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def numbered(count: int) -> torch.Tensor:
    """``count`` images of one pixel each, the image's number: (count, 1)."""
    return torch.arange(count, dtype=torch.uint8).unsqueeze(1)


# scale_images and to_uint8


def test_scaling_is_exact_at_the_ends_close_to_the_formula_between_and_can_be_undone():
    pixels = torch.arange(256, dtype=torch.uint8).reshape(4, 1, 8, 8)
    scaled = scale_images(pixels)
    assert scaled.dtype == torch.float32
    assert (scaled[0, 0, 0, 0], scaled[-1, 0, -1, -1]) == (-1.0, 1.0)
    assert torch.allclose(scaled.double(), pixels.double() / 127.5 - 1, rtol=0, atol=2e-7)
    back = to_uint8(scaled)
    assert back.dtype == torch.uint8 and torch.equal(back, pixels)
    assert pixels.flatten().tolist() == list(range(256))  # the argument is left as it was


def test_to_uint8_rounds_clips_and_leaves_its_argument_alone():
    grey_127 = 127 / 127.5 - 1
    floats = torch.tensor([-9.0, -1.0, grey_127 + 0.3 / 127.5, 1.0, 7.5, torch.inf, -torch.inf])
    kept = floats.clone()
    assert to_uint8(floats).tolist() == [0, 0, 127, 255, 255, 255, 0]
    assert torch.equal(floats, kept)
    assert to_uint8(floats.double()).tolist() == [0, 0, 127, 255, 255, 255, 0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: scale_images(x.float()), TypeError, "images has dtype torch.float32"),
        (to_uint8, TypeError, "images has dtype torch.uint8"),
        (lambda x: to_uint8(x * torch.nan), ValueError, "images holds NaN"),
        (lambda x: batches(x.float(), 16, rng()), TypeError, "images has dtype torch.float32"),
        *(  # all at the call, not at the first batch
            (
                lambda x, n=n: batches(x, n, rng()),
                ValueError,
                f"batch_size is {n}; expected a whole number from 1 to 70",
            )
            for n in (0, -1, 71)
        ),
        (lambda x: batches(x, 2.5, rng()), TypeError, "batch_size is 2.5"),
        (lambda x: batches(x, 16, 0), TypeError, "generator is 0; expected a torch.Generator"),
        (lambda x: batches(x[:0], 16, rng()), ValueError, r"images has shape \(0, 1, 28, 28\)"),
        *(
            (lambda x, call=call: call(x.numpy()), TypeError, "images is a NumPy array of shape")
            for call in (scale_images, to_uint8, lambda array: batches(array, 16, rng()))
        ),
    ],
)
def test_bad_input_is_named(images, call, error, message):
    with pytest.raises(error, match=message):
        call(images)


# batches


@pytest.mark.parametrize(("batch_size", "count"), [(16, 6), (33, 3), (50, 2), (51, 1), (100, 1)])
def test_batches_are_shuffled_without_repetition_and_the_incomplete_one_is_left_out(
    batch_size, count
):
    drawn = list(batches(numbered(100), batch_size, rng()))
    assert [batch.shape for batch in drawn] == [(batch_size, 1)] * count
    order = to_uint8(torch.cat(drawn)).flatten().tolist()
    assert len(set(order)) == batch_size * count and order != sorted(order)
    assert set(order) <= set(range(100))


def test_the_same_generator_state_gives_the_same_batches(images):
    generator, kept, random = rng(3), images.clone(), torch.get_rng_state()
    state = generator.get_state()
    first = torch.cat(list(batches(images, 10, generator)))
    second = torch.cat(list(batches(images, 10, generator)))
    assert not torch.equal(first, second)  # two epochs differ
    generator.set_state(state)
    assert torch.equal(torch.cat(list(batches(images, 10, generator))), first)
    assert torch.equal(images, kept) and torch.equal(torch.get_rng_state(), random)
