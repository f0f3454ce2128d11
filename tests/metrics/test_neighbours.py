"""Neighbours, the four numbers that balls around points give, and the modes of a mixture."""

import math

import pytest
import torch
from prdc import compute_prdc
from sklearn.neighbors import NearestNeighbors

from gan_helpers.metrics import nearest_neighbours, prdc


def points(count: int, width: int, seed: int, shift: float = 0.0) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(count, width, generator=rng, dtype=torch.float64) + shift


def pixels(count: int, seed: int) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 1, 28, 28), generator=rng, dtype=torch.uint8)


# prdc


@pytest.mark.parametrize("k", [1, 3, 5, 20])
@pytest.mark.parametrize(("n", "m", "width"), [(50, 40, 2), (129, 300, 8), (333, 128, 64)])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_four_numbers_are_those_of_the_prdc_package(n, m, width, k, seed):
    real, generated = points(n, width, seed), points(m, width, seed + 10, shift=0.5)
    reference = compute_prdc(
        real_features=real.numpy(), fake_features=generated.numpy(), nearest_k=k
    )
    result = prdc(real, generated, k)
    assert result._asdict() == pytest.approx(reference, rel=1e-6, abs=1e-9)
    assert all(type(value) is float for value in result)


def test_five_neighbours_are_the_default():
    real, generated = points(60, 3, 0), points(60, 3, 1)
    assert prdc(real, generated) == prdc(real, generated, 5) != prdc(real, generated, 4)


def test_far_away_sets_have_nothing_in_common():
    result = prdc(points(100, 4, 0), points(80, 4, 1, shift=1000))
    assert result == (0, 0, 0, 0)


@pytest.mark.parametrize("k", [1, 5])
def test_a_copy_of_the_real_points_is_covered_whole(k):
    real = points(200, 4, 0)
    result = prdc(real, real.clone(), k)
    assert (result.precision, result.recall, result.coverage) == (1, 1, 1)
    # Each point lies in its own ball and in those of which it is nearer than the k-th neighbour:
    # k a point on average.
    assert result.density == pytest.approx(1, abs=1e-6)


def test_the_four_numbers_by_hand():
    # k = 1: the real balls are (-1, 1), (0, 2), (8, 12) and (8, 12) around 0, 1, 10 and 12.
    real = torch.tensor([[0.0], [1.0], [10.0], [12.0]])
    # The generated balls: around 0.5 and 0.75 of radius 1/4, around 30 of radius 29.25.
    generated = torch.tensor([[0.5], [0.75], [30.0]])
    result = prdc(real, generated, k=1)
    assert result.precision == pytest.approx(2 / 3, abs=1e-6)
    assert result.density == pytest.approx(4 / 3, abs=1e-6)
    assert result.coverage == 0.5
    assert result.recall == 0.75  # all but 0 lie in the wide ball, and 1 is on the edge of (0.5, 1)


def test_less_diverse_samples_keep_precision_and_lose_recall():
    real = points(400, 4, 0)
    diverse, narrow = prdc(real, points(400, 4, 1)), prdc(real, 0.2 * points(400, 4, 1))
    assert narrow.precision >= diverse.precision > 0.8
    assert narrow.recall < 0.2 < 0.8 < diverse.recall
    assert narrow.coverage < diverse.coverage - 0.3


def test_precision_and_recall_are_exchanged_with_the_sets():
    a, b = points(150, 3, 0), points(170, 3, 1, shift=1)
    one, other = prdc(a, b), prdc(b, a)
    assert one.precision == pytest.approx(other.recall, abs=1e-6)
    assert one.recall == pytest.approx(other.precision, abs=1e-6)


@pytest.mark.parametrize("k", [0, -1, 10])
def test_k_must_leave_a_neighbour_in_each_set(k):
    with pytest.raises(ValueError, match=f"k is {k} and real has 10 rows; expected 1 <= k < rows"):
        prdc(points(10, 2, 0), points(30, 2, 1), k)
    if k > 0:
        with pytest.raises(ValueError, match="k is 10 and generated has 10 rows"):
            prdc(points(30, 2, 0), points(10, 2, 1), k)


@pytest.mark.parametrize("name", ["real", "generated"])
def test_what_are_no_features_is_refused_by_its_name(name):
    good = points(20, 3, 0)
    cases = [
        (pixels(20, 0), f"{name} is torch.uint8 of shape .*expected floats of shape"),
        (good[:, 0], rf"{name} is torch.float64 of shape \(20,\)"),
        (good * math.nan, f"{name} holds NaN or infinite values"),
        (good[:, :2], "real has . values a row and generated has ."),
    ]
    for bad, message in cases:
        with pytest.raises(ValueError, match=message):
            prdc(*((bad, good) if name == "real" else (good, bad)))


# nearest_neighbours


@pytest.mark.parametrize(("n", "m", "k"), [(1, 7, 1), (129, 300, 3), (300, 50, 50)])
def test_the_neighbours_of_features_are_scikit_learns(n, m, k):
    a, b = points(n, 16, 0), points(m, 16, 1)
    reference = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(b.numpy())
    distances, indices = map(torch.from_numpy, reference.kneighbors(a.numpy()))
    found = nearest_neighbours(a, b, k, progress=False)
    assert found.distances.shape == found.indices.shape == (n, k)
    assert (found.distances.dtype, found.indices.dtype) == (torch.float64, torch.int64)
    torch.testing.assert_close(found.distances, distances, rtol=1e-9, atol=1e-9)
    assert torch.equal(found.indices, indices)


def test_the_neighbours_of_images_are_scikit_learns():
    a, b = pixels(140, 0), pixels(200, 1)
    rows = [part.flatten(1).double().numpy() / 255 for part in (a, b)]
    reference = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(rows[1])
    distances, indices = map(torch.from_numpy, reference.kneighbors(rows[0]))
    found = nearest_neighbours(a, b, 2, progress=False)
    torch.testing.assert_close(found.distances, distances, rtol=1e-9, atol=1e-9)
    assert torch.equal(found.indices, indices)


def test_distances_of_images_are_in_pixels_from_0_to_1():
    black, white = torch.zeros(1, 1, 28, 28, dtype=torch.uint8), torch.full((1, 1, 28, 28), 255)
    found = nearest_neighbours(black, white.to(torch.uint8), progress=False)
    assert found.distances.item() == 28  # sqrt(784)
    assert found.indices.item() == 0


def test_a_copy_is_at_distance_exactly_0():
    references = pixels(200, 0)
    order = torch.randperm(200, generator=torch.Generator().manual_seed(0))
    found = nearest_neighbours(references[order], references, progress=False)
    assert (found.distances == 0).all()
    assert torch.equal(found.indices[:, 0], order)
    features = points(200, 32, 1).float()
    found = nearest_neighbours(features[order], features, progress=False)
    assert (found.distances == 0).all()
    assert torch.equal(found.indices[:, 0], order)


def test_a_copy_is_found_beside_an_image_that_differs_by_one_grey_level():
    images = pixels(50, 0)
    almost = images.clone()
    almost[:, 0, 5, 5] ^= 1
    found = nearest_neighbours(images, torch.cat([almost, images]), progress=False)
    assert (found.distances == 0).all()


def test_a_copy_is_found_among_features_far_from_the_origin():
    # Differences of 0.02 around 100: squares near 160,000, of which float32 keeps seven digits.
    features = 100 + 0.02 * points(200, 16, 0)
    found = nearest_neighbours(features, features, progress=False)
    assert (found.distances == 0).all()


def test_the_nearest_comes_first():
    found = nearest_neighbours(points(100, 3, 0), points(200, 3, 1), 200, progress=False)
    assert (found.distances.diff(dim=1) >= 0).all()
    assert torch.equal(found.indices.sort(dim=1).values, torch.arange(200).expand(100, -1))
    images = pixels(50, 0)
    almost = images.clone()
    almost[:, 0, 5, 5] ^= 1
    found = nearest_neighbours(images, torch.cat([almost, images]), 2, progress=False)
    assert (found.distances.diff(dim=1) >= 0).all()


@pytest.mark.parametrize("k", [0, -1, 11])
def test_k_must_be_at_most_the_number_of_references(k):
    with pytest.raises(ValueError, match=f"k is {k}; expected 1 to 10, the number of references"):
        nearest_neighbours(points(20, 2, 0), points(10, 2, 1), k, progress=False)


def test_what_cannot_be_compared_is_refused_by_its_name():
    good = points(20, 3, 0)
    with pytest.raises(ValueError, match="points has 784 values a row and references has 3"):
        nearest_neighbours(pixels(5, 0), good, progress=False)
    with pytest.raises(ValueError, match="references is torch.int64"):
        nearest_neighbours(good, good.long(), progress=False)
    with pytest.raises(ValueError, match="points holds NaN"):
        nearest_neighbours(good * math.nan, good, progress=False)
    with pytest.raises(ValueError, match=r"points has shape \(0, 1, 28, 28\)"):
        nearest_neighbours(pixels(5, 0)[:0], pixels(5, 0), progress=False)


def test_the_progress_bar_of_the_search_can_be_off_and_is_on_by_default(capsys):
    nearest_neighbours(points(5, 2, 0), points(5, 2, 1), progress=False)
    assert capsys.readouterr() == ("", "")
    nearest_neighbours(points(5, 2, 0), points(5, 2, 1))
    assert "5/5" in capsys.readouterr().err
