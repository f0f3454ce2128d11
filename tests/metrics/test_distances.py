"""The Frechet distance, the classifier score and the coverage of modes, against references."""

import math

import pytest
import scipy.linalg
import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore

from gan_helpers.metrics import classifier_score, frechet_distance, mode_coverage


def features(count: int, width: int, seed: int) -> torch.Tensor:
    """Correlated, with a mean that is not zero, and not normal: as features are."""
    rng = torch.Generator().manual_seed(seed)
    mix = torch.randn(width, width, generator=rng, dtype=torch.float64)
    points = torch.randn(count, width, generator=rng, dtype=torch.float64) @ mix
    return points.relu() + torch.rand(width, generator=rng, dtype=torch.float64)


def near(value: float, expected: float, tolerance: float = 1e-9) -> bool:
    assert type(value) is float
    return value == pytest.approx(expected, rel=tolerance, abs=tolerance)


# frechet_distance


@pytest.mark.parametrize(("n", "m", "width"), [(40, 50, 1), (300, 201, 64), (150, 150, 128)])
def test_the_frechet_distance_is_scipys_matrix_square_root(n, m, width):
    a, b = features(n, width, 0), features(m, width, 10)
    cov_a, cov_b = (torch.cov(part.T).reshape(width, width).numpy() for part in (a, b))
    root = scipy.linalg.sqrtm(cov_a @ cov_b).real
    means = (a.mean(0) - b.mean(0)).square().sum().item()
    expected = means + cov_a.trace() + cov_b.trace() - 2 * root.trace()
    assert near(frechet_distance(a, b), expected, 1e-7)
    assert near(frechet_distance(a.float(), b.float()), expected, 1e-4)


def test_the_frechet_distance_is_torchmetrics():
    a, b = features(200, 32, 0), features(150, 32, 10)
    network = nn.Identity()
    network.num_features = 32
    reference = FrechetInceptionDistance(feature=network)
    reference.set_dtype(torch.float64)
    reference.update(a, real=True)
    reference.update(b, real=False)
    assert near(frechet_distance(a, b), reference.compute().item(), 1e-6)


def test_the_frechet_distance_to_itself_is_zero_and_to_a_constant_offset_and_variance():
    points = features(200, 10, 0)
    assert 0 <= frechet_distance(points, points.flip(0)) < 1e-6  # the order does not count
    constant = torch.full((50, 10), 2.0)
    expected = (points.mean(0) - 2).square().sum() + points.var(0).sum()
    assert near(frechet_distance(points, constant), expected.item(), 1e-8)
    assert near(frechet_distance(constant, points), expected.item(), 1e-8)
    assert frechet_distance(constant, constant) == 0


GOOD = features(20, 4, 0)


@pytest.mark.parametrize("name", ["features", "other"])
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (GOOD[0], r"{} is torch.float64 of shape \(4,\)"),
        (GOOD[:0], r"{} is torch.float64 of shape \(0, 4\)"),
        (GOOD.where(GOOD != GOOD[3, 2], math.nan), "{} holds NaN or infinite values"),
        (GOOD.where(GOOD != GOOD[3, 2], math.inf), "{} holds NaN or infinite values"),
        (GOOD[:, :3], "features has . values a row and other has ."),
        (GOOD[:4], "{} has 4 rows; expected more than its 4 columns"),
    ],
)
def test_what_are_no_features_is_refused_by_its_name(name, bad, message):
    with pytest.raises(ValueError, match=message.format(name)):
        frechet_distance(**{"features": GOOD, "other": GOOD, name: bad})


@pytest.mark.parametrize("name", ["features", "other"])
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (GOOD.long(), "{} is torch.int64 of shape"),
        (GOOD.numpy(), r"{0} is a NumPy array of shape \(20, 4\); .*torch.from_numpy\({0}\)"),
        (GOOD.tolist(), "{} is of type list; expected a tensor"),
    ],
)
def test_features_of_another_type_are_refused_by_their_name(name, bad, message):
    with pytest.raises(TypeError, match=message.format(name)):
        frechet_distance(**{"features": GOOD, "other": GOOD, name: bad})


# classifier_score


def test_the_classifier_score_is_1_for_equal_rows():
    row = torch.rand(1, 10, generator=torch.Generator().manual_seed(0)).softmax(dim=1)
    assert near(classifier_score(row.expand(30, -1)), 1.0, 1e-6)
    assert near(classifier_score(torch.eye(10)[:1].repeat(7, 1)), 1.0)  # sure, but of one class


@pytest.mark.parametrize("classes", [2, 4, 10])
def test_the_classifier_score_is_the_number_of_classes_that_are_sure_and_balanced(classes):
    rows = torch.eye(10)[:classes].repeat(8, 1)
    assert near(classifier_score(rows), classes)


@pytest.mark.parametrize("scale", [0.5, 3.0, 10.0])
@pytest.mark.filterwarnings("ignore")  # of a buffer, and of the deviation of a single split
def test_the_classifier_score_is_torchmetrics_inception_score(scale):
    rng = torch.Generator().manual_seed(0)
    logits = scale * torch.randn(400, 10, generator=rng, dtype=torch.float64)
    reference = InceptionScore(feature=nn.Identity(), splits=1)
    reference.update(logits)
    expected = reference.compute()[0].item()
    assert 1 < expected < 10
    assert near(classifier_score(logits.softmax(dim=1)), expected, 1e-7)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (torch.tensor([[-0.1, 1.1]]), "has rows that are no"),
        (torch.full((4, 10), 0.101), "has rows that are no"),
        (torch.full((4, 9), 0.1), "has rows that are no"),
        (torch.full((4, 10), math.nan), "holds NaN"),
        (torch.full((10,), 0.1), r"is torch.float32 of shape \(10,\)"),
    ],
)
def test_the_classifier_score_refuses_what_are_no_probabilities(bad, message):
    with pytest.raises(ValueError, match=f"probabilities {message}"):
        classifier_score(bad)
    with pytest.raises(TypeError, match="probabilities is torch.int64"):
        classifier_score(torch.eye(10).long())


# mode_coverage


def test_one_class_of_ten_is_at_kl_log_10():
    coverage = mode_coverage(torch.full((50,), 3), torch.arange(10))
    assert coverage.shares.tolist() == [0.0] * 3 + [1.0] + [0.0] * 6
    assert near(coverage.kl, math.log(10))
    assert coverage.missing == 9


def test_the_kl_is_that_of_the_generated_shares_from_the_real_ones():
    real = torch.tensor([0] * 5 + [1] * 3 + [2] * 2)
    labels = torch.tensor([0] * 2 + [1] * 2 + [2] * 6)
    q, p = (0.2, 0.2, 0.6), (0.5, 0.3, 0.2)
    coverage = mode_coverage(labels, real, classes=3)
    assert coverage.shares.tolist() == pytest.approx(q)
    assert near(coverage.kl, sum(a * math.log(a / b) for a, b in zip(q, p, strict=True)))
    assert not near(mode_coverage(real, labels, classes=3).kl, coverage.kl, 0.01)


@pytest.mark.parametrize(("count", "missing"), [(0, 1), (9, 1), (11, 0), (100, 0)])
def test_a_class_is_missing_below_a_tenth_of_its_real_share(count, missing):
    # Real share 1/10, so the bound is 10 of 1,000 samples.
    labels = torch.cat([torch.full((count,), 9), torch.arange(1000 - count) % 9])
    coverage = mode_coverage(labels, torch.arange(10))
    assert coverage.missing == missing
    assert count < 100 or (near(coverage.kl, 0.0, 1e-3) and coverage.shares[9] == 0.1)


def test_the_real_shares_set_the_bound_of_each_class():
    real = torch.tensor([0] * 98 + [1] * 2)  # class 1: a tenth of 2% is 0.2%
    labels = torch.tensor([0] * 997 + [1] * 3)
    assert mode_coverage(labels, real, classes=2).missing == 0
    assert mode_coverage(labels[:-2], real, classes=2).missing == 1


@pytest.mark.parametrize("name", ["labels", "real_labels"])
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (torch.arange(10).unsqueeze(1), r"is torch.int64 of shape \(10, 1\)"),
        (torch.arange(0), r"is torch.int64 of shape \(0,\)"),
        (torch.arange(11), "holds 10; expected 0 to 9"),
        (torch.arange(10) - 1, "holds -1; expected 0 to 9"),
    ],
)
def test_what_are_no_labels_is_refused_by_its_name(name, bad, message):
    good = torch.arange(10)
    with pytest.raises(ValueError, match=f"{name} {message}"):
        mode_coverage(**{"labels": good, "real_labels": good, name: bad})
    with pytest.raises(ValueError, match="real_labels lacks a class"):
        mode_coverage(good, good[:9])


@pytest.mark.parametrize("name", ["labels", "real_labels"])
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (torch.arange(10.0), r"is torch.float32 of shape \(10,\)"),
        (torch.ones(10) > 0, r"is torch.bool of shape \(10,\)"),
        (list(range(10)), "is of type list; expected a tensor"),
    ],
)
def test_labels_of_another_type_are_refused_by_their_name(name, bad, message):
    good = torch.arange(10)
    with pytest.raises(TypeError, match=f"{name} {message}"):
        mode_coverage(**{"labels": good, "real_labels": good, name: bad})
    with pytest.raises(TypeError, match="classes is 2.5"):
        mode_coverage(good, good, 2.5)
