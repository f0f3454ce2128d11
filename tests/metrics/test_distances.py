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


@pytest.mark.parametrize(("n", "m", "width"), [(40, 50, 7), (300, 201, 64), (150, 150, 128)])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_frechet_distance_is_scipys_matrix_square_root(n, m, width, seed):
    a, b = features(n, width, seed), features(m, width, seed + 10)
    cov_a, cov_b = torch.cov(a.T).numpy(), torch.cov(b.T).numpy()
    root = scipy.linalg.sqrtm(cov_a @ cov_b).real
    means = (a.mean(0) - b.mean(0)).square().sum().item()
    expected = means + cov_a.trace() + cov_b.trace() - 2 * root.trace()
    assert near(frechet_distance(a, b), expected, 1e-7)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_frechet_distance_is_torchmetrics(seed):
    a, b = features(200, 32, seed), features(150, 32, seed + 10)
    network = nn.Identity()
    network.num_features = 32
    reference = FrechetInceptionDistance(feature=network)
    reference.set_dtype(torch.float64)
    reference.update(a, real=True)
    reference.update(b, real=False)
    assert near(frechet_distance(a, b), reference.compute().item(), 1e-6)


def test_the_frechet_distance_of_a_shifted_copy_is_the_square_of_the_shift():
    points = features(300, 20, 0)
    shift = torch.linspace(-1, 2, 20, dtype=torch.float64)
    assert near(frechet_distance(points, points + shift), shift.square().sum().item(), 1e-8)


def test_the_frechet_distance_of_scaled_data_is_the_difference_of_the_deviations():
    # On independent axes of deviations s1 and s2 it is sum (s1 - s2)^2.
    rng = torch.Generator().manual_seed(0)
    points = torch.randn(500, 6, generator=rng, dtype=torch.float64)
    points -= points.mean(0)
    whitened = points @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(points.T))).T
    s1, s2 = torch.tensor([[1.0, 2, 3, 0.5, 10, 1], [2, 2, 1, 0.1, 7, 0]], dtype=torch.float64)
    expected = (s1 - s2).square().sum().item()
    assert near(frechet_distance(whitened * s1, whitened * s2), expected, 1e-6)


def test_the_frechet_distance_in_one_dimension():
    points = torch.tensor([[0.0], [1.0], [2.0]], dtype=torch.float64)  # mean 1, deviation 1
    assert near(frechet_distance(points, 3 * points + 1), (4 - 1) ** 2 + (3 - 1) ** 2)


def test_the_frechet_distance_to_itself_is_zero_and_it_is_symmetric():
    a, b = features(300, 64, 0), features(200, 64, 1)
    assert 0 <= frechet_distance(a, a) < 1e-6
    assert 0 <= frechet_distance(a, a.flip(0)) < 1e-6  # nor does the order count
    assert near(frechet_distance(a, b), frechet_distance(b, a), 1e-9)
    assert frechet_distance(a, b) > 1


def test_the_frechet_distance_of_a_constant_set_is_its_offset_and_the_others_variance():
    points = features(200, 10, 0)
    constant = torch.full((50, 10), 2.0)
    expected = (points.mean(0) - 2).square().sum() + points.var(0).sum()
    assert near(frechet_distance(points, constant), expected.item(), 1e-8)
    assert frechet_distance(constant, constant) == 0


def test_float32_features_give_the_same_distance():
    a, b = features(200, 16, 0), features(200, 16, 1)
    assert near(frechet_distance(a.float(), b.float()), frechet_distance(a, b), 1e-5)


def test_too_few_rows_for_a_covariance_are_refused_by_their_name():
    enough, few = features(33, 32, 0), features(32, 32, 1)
    assert frechet_distance(enough, enough) >= 0
    with pytest.raises(ValueError, match="other has 32 rows; expected more than its 32 columns"):
        frechet_distance(enough, few)
    with pytest.raises(ValueError, match="features has 32 rows; expected more than"):
        frechet_distance(few, enough)


@pytest.mark.parametrize("name", ["features", "other"])
def test_what_are_no_features_is_refused_by_its_name(name):
    good = features(20, 4, 0)
    cases = [
        (good.long(), f"{name} is torch.int64 of shape .*expected floats of shape"),
        (good[0], rf"{name} is torch.float64 of shape \(4,\); expected floats of shape \(N, d\)"),
        (good[:0], rf"{name} is torch.float64 of shape \(0, 4\)"),
        (good.where(good != good[3, 2], math.nan), f"{name} holds NaN or infinite values"),
        (good.where(good != good[3, 2], math.inf), f"{name} holds NaN or infinite values"),
        (good[:, :3], "features has . values a row and other has .; expected the same number"),
    ]
    for bad, message in cases:
        arguments = (bad, good) if name == "features" else (good, bad)
        with pytest.raises(ValueError, match=message):
            frechet_distance(*arguments)


# classifier_score


def test_the_classifier_score_is_1_for_equal_rows():
    rng = torch.Generator().manual_seed(0)
    row = torch.rand(1, 10, generator=rng).softmax(dim=1)
    assert near(classifier_score(row.expand(30, -1)), 1.0, 1e-6)
    assert near(classifier_score(torch.full((5, 10), 0.1)), 1.0, 1e-6)
    assert near(classifier_score(torch.eye(10)[:1].repeat(7, 1)), 1.0)  # sure, but of one class


@pytest.mark.parametrize("classes", [2, 4, 10])
def test_the_classifier_score_is_the_number_of_classes_that_are_sure_and_balanced(classes):
    rows = torch.eye(10)[:classes].repeat(8, 1)
    assert near(classifier_score(rows), classes)


def test_the_classifier_score_of_two_rows_by_hand():
    # Rows (a, 1-a) and (1-a, a), mean (1/2, 1/2): KL is log 2 - H(a).
    a = 0.9
    entropy = -a * math.log(a) - (1 - a) * math.log(1 - a)
    rows = torch.tensor([[a, 1 - a], [1 - a, a]], dtype=torch.float64)
    assert near(classifier_score(rows), math.exp(math.log(2) - entropy))


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


def test_the_classifier_score_refuses_what_are_no_probabilities():
    good = torch.full((4, 10), 0.1)
    negative = good.clone()
    negative[0, :2] = torch.tensor([-0.1, 0.3])
    for bad in (negative, good * 1.01, good[:, :9]):
        with pytest.raises(ValueError, match="probabilities has rows that are no .*softmax"):
            classifier_score(bad)
    with pytest.raises(ValueError, match="probabilities holds NaN"):
        classifier_score(good * math.nan)
    with pytest.raises(ValueError, match="probabilities is torch.int64"):
        classifier_score(torch.arange(10).unsqueeze(0))
    with pytest.raises(ValueError, match=r"probabilities is torch.float32 of shape \(10,\)"):
        classifier_score(good[0])


# mode_coverage


def test_equal_shares_are_at_kl_0_and_none_is_missing():
    real = torch.arange(10).repeat(7)
    coverage = mode_coverage(torch.arange(10).repeat(3), real)
    assert coverage.shares.tolist() == [0.1] * 10
    assert near(coverage.kl, 0.0)
    assert coverage.missing == 0


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
    assert mode_coverage(labels, torch.arange(10)).missing == missing


def test_the_real_shares_set_the_bound_of_each_class():
    real = torch.tensor([0] * 98 + [1] * 2)  # class 1: a tenth of 2% is 0.2%
    labels = torch.tensor([0] * 997 + [1] * 3)
    assert mode_coverage(labels, real, classes=2).missing == 0
    assert mode_coverage(labels[:-2], real, classes=2).missing == 1


@pytest.mark.parametrize("name", ["labels", "real_labels"])
def test_what_are_no_labels_is_refused_by_its_name(name):
    good = torch.arange(10)
    cases = [
        (good.float(), rf"{name} is torch.float32 of shape \(10,\); expected int64.*argmax"),
        (good.unsqueeze(1), rf"{name} is torch.int64 of shape \(10, 1\)"),
        (good[:0], rf"{name} is torch.int64 of shape \(0,\)"),
        (good + 1, f"{name} holds 10; expected 0 to 9"),
        (good - 1, f"{name} holds -1; expected 0 to 9"),
    ]
    for bad, message in cases:
        arguments = (bad, good) if name == "labels" else (good, bad)
        with pytest.raises(ValueError, match=message):
            mode_coverage(*arguments)


def test_real_labels_that_lack_a_class_are_refused():
    with pytest.raises(ValueError, match="real_labels lacks a class"):
        mode_coverage(torch.arange(10), torch.arange(9))
