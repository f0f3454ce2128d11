"""Neighbours, the four numbers that balls around points give, and the modes of a mixture."""

import math

import pytest
import torch
from prdc import compute_prdc
from sklearn.neighbors import NearestNeighbors

from gan_helpers.metrics import near_copies, nearest_neighbours, prdc
from gan_helpers.metrics.neighbours import REFERENCES


def points(count: int, width: int, seed: int, shift: float = 0.0) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(count, width, generator=rng, dtype=torch.float64) + shift


def pixels(count: int, seed: int) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 1, 28, 28), generator=rng, dtype=torch.uint8)


# prdc


@pytest.mark.parametrize("k", [1, 5, 20])
@pytest.mark.parametrize(("n", "m", "width"), [(50, 40, 2), (129, 300, 8), (333, 128, 64)])
def test_the_four_numbers_are_those_of_the_prdc_package(n, m, width, k):
    real, generated = points(n, width, 0), points(m, width, 10, shift=0.5)
    reference = compute_prdc(
        real_features=real.numpy(), fake_features=generated.numpy(), nearest_k=k
    )
    result = prdc(real, generated, k)
    assert result._asdict() == pytest.approx(reference, rel=1e-6, abs=1e-9)
    assert all(type(value) is float for value in result)
    assert k != 5 or result == prdc(real, generated)  # five are the default


GOOD = points(20, 3, 0)


@pytest.mark.parametrize(
    ("real", "generated", "k", "message"),
    [
        (GOOD[:10], GOOD, 0, "k is 0 and real has 10 rows"),
        (GOOD[:10], GOOD, 10, "k is 10 and real has 10 rows"),
        (GOOD, GOOD[:10], 10, "k is 10 and generated has 10 rows"),
        (GOOD, GOOD[:, 0], 5, r"generated is torch.float64 of shape \(20,\)"),
        (GOOD, GOOD * math.nan, 5, "generated holds NaN"),
        (GOOD, GOOD[:, :2], 5, "real has 3 values a row and generated has 2"),
    ],
)
def test_prdc_names_what_is_wrong(real, generated, k, message):
    with pytest.raises(ValueError, match=message):
        prdc(real, generated, k)


@pytest.mark.parametrize(
    ("real", "k", "message"),
    [
        (pixels(20, 0), 5, "real is torch.uint8"),
        (GOOD.numpy(), 5, r"real is a NumPy array.*torch.from_numpy\(real\)"),
        (GOOD, 2.5, "k is 2.5; expected a whole number"),
    ],
)
def test_prdc_names_what_is_of_another_type(real, k, message):
    with pytest.raises(TypeError, match=message):
        prdc(real, GOOD, k)


# nearest_neighbours


@pytest.mark.parametrize(
    ("a", "b", "k"),
    [
        (points(1, 16, 0), points(7, 16, 1), 1),
        (points(129, 16, 0), points(300, 16, 1), 3),
        (points(300, 16, 0), points(50, 16, 1), 50),
        (pixels(140, 0), pixels(200, 1), 2),
        # References in several parts, the last with fewer rows than neighbours are asked for.
        (points(300, 4, 0), points(2 * REFERENCES + 3, 4, 1), 10),
    ],
)
def test_the_neighbours_are_scikit_learns(a, b, k):
    rows = [
        part.flatten(1).double().numpy() / (255 if part.dtype == torch.uint8 else 1)
        for part in (a, b)
    ]
    reference = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(rows[1])
    distances, indices = map(torch.from_numpy, reference.kneighbors(rows[0]))
    found = nearest_neighbours(a, b, k, progress=False)
    assert (found.distances.dtype, found.indices.dtype) == (torch.float64, torch.int64)
    torch.testing.assert_close(found.distances, distances, rtol=1e-9, atol=1e-9)
    assert torch.equal(found.indices, indices)


@pytest.mark.parametrize(
    "references",
    # The last differ by 0.02 around 100: their squares are too long for float32.
    [pixels(200, 0), points(200, 32, 1).float(), 100 + 0.02 * points(200, 16, 0)],
)
def test_a_copy_is_at_distance_exactly_0(references):
    order = torch.randperm(200, generator=torch.Generator().manual_seed(0))
    found = nearest_neighbours(references[order], references, progress=False)
    assert (found.distances == 0).all()
    assert torch.equal(found.indices[:, 0], order)


def test_the_nearest_comes_first_were_it_by_one_grey_level():
    images = pixels(50, 0)
    almost = images.clone()
    almost[:, 0, 5, 5] ^= 1
    found = nearest_neighbours(images, torch.cat([almost, images]), 2, progress=False)
    assert (found.distances[:, 0] == 0).all() and (found.distances[:, 1] > 0).all()


@pytest.mark.parametrize(
    ("a", "b", "k", "message"),
    [
        (GOOD, GOOD, 0, "k is 0; expected a whole number from 1 to 20"),
        (GOOD, GOOD, 21, "k is 21; expected a whole number from 1 to 20"),
        (GOOD[:, :2], GOOD, 1, "points has 2 values a row and references has 3"),
        (GOOD * math.nan, GOOD, 1, "points holds NaN"),
        (pixels(5, 0)[:0], pixels(5, 0), 1, r"points has shape \(0, 1, 28, 28\)"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_its_name(a, b, k, message):
    with pytest.raises(ValueError, match=message):
        nearest_neighbours(a, b, k, progress=False)


@pytest.mark.parametrize(
    ("a", "b", "k", "message"),
    [
        (GOOD, GOOD.long(), 1, "references is torch.int64"),
        (GOOD.tolist(), GOOD, 1, "points is of type list; expected a tensor"),
        (GOOD, GOOD, 1.0, "k is 1.0; expected a whole number from 1 to 20"),
        (pixels(5, 0), GOOD, 1, "points has dtype torch.uint8 and references has torch.float64"),
        # One unit is 255 times the other: that gave a number, and no word.
        (
            pixels(5, 0).flatten(1) / 127.5 - 1,
            pixels(9, 1),
            1,
            "points has dtype torch.float32 and references has torch.uint8; .*to_uint8",
        ),
    ],
)
def test_what_is_of_another_type_is_refused_by_its_name(a, b, k, message):
    with pytest.raises(TypeError, match=message):
        nearest_neighbours(a, b, k, progress=False)


def test_the_progress_bar_of_the_search_can_be_off_and_is_on_by_default(capsys):
    nearest_neighbours(points(5, 2, 0), points(5, 2, 1), progress=False)
    assert capsys.readouterr() == ("", "")
    nearest_neighbours(points(5, 2, 0), points(5, 2, 1))
    assert "5/5" in capsys.readouterr().err


# near_copies


def test_near_copies_are_those_below_a_quantile_of_the_unseen():
    unseen = torch.linspace(1, 2, 101)  # the 1 % quantile is 1.01
    distances = torch.tensor([0.0, 1.0, 1.0099, 1.02, 5.0])
    assert near_copies(distances, unseen) == pytest.approx(0.6)
    assert near_copies(distances, unseen, quantile=0.0) == pytest.approx(0.2)
    assert near_copies(unseen, unseen) == pytest.approx(1 / 101)


def test_a_share_of_copies_is_found_whatever_the_median_says():
    rng = torch.Generator().manual_seed(0)
    unseen, own = (4 + torch.randn(10_000, generator=rng) for _ in range(2))
    own[:3000] = 0
    assert near_copies(own.clamp(min=0), unseen.clamp(min=0)) == pytest.approx(0.307, abs=0.003)
    assert own.median() > 0.85 * unseen.median()
