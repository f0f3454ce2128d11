"""Each metric on real digits and on sets with a known fault: it moves the way theory says."""

import math
from dataclasses import dataclass

import pytest
import torch
from torch.nn.functional import avg_pool2d

from gan_helpers.data import load_mnist
from gan_helpers.metrics import (
    PRDC,
    ModeCoverage,
    classifier_score,
    classify,
    frechet_distance,
    mode_coverage,
    near_copies,
    nearest_neighbours,
    parzen_log_likelihood,
    prdc,
)

N = 2500  # images of a set


@dataclass(frozen=True)
class Measured:
    """What the metrics say of one set, against 2,500 test images and 2,500 training images."""

    digits: float  # share taken for digits
    frechet: float
    score: float
    classes: ModeCoverage
    balls: PRDC
    copies_pixels: float  # share of near copies
    copies_features: float
    parzen: float


@pytest.fixture(scope="module")
def digits() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    return *load_mnist("train"), *load_mnist("test")


@pytest.fixture(scope="module")
def measured(digits) -> dict[str, Measured]:
    train, train_labels, test, test_labels = digits
    known, unseen = train[:N], train[20_000 : 20_000 + N]
    rng = torch.Generator().manual_seed(0)
    noise = torch.randn(N, 1, 28, 28, generator=rng)
    sets = {
        "real": unseen,  # what a perfect generator would draw
        "memorised": known,
        "one class": train[train_labels == 1][:N],
        "constant": torch.full((N, 1, 28, 28), 128, dtype=torch.uint8),
        "noise": torch.randint(0, 256, (N, 1, 28, 28), generator=rng, dtype=torch.uint8),
        "noisy": (unseen + 20 * noise).clamp(0, 255).to(torch.uint8),
        "blurred": avg_pool2d(unseen.float(), 5, stride=1, padding=2).to(torch.uint8),
        "few": unseen[:50].repeat(N // 50, 1, 1, 1),
        "half": train[train_labels < 5][-N:],
    }
    reference, held_out = classify(test[:N]).features, test[N : N + 200]
    known_features = classify(known).features

    def nearest(images: torch.Tensor, features: torch.Tensor) -> list[torch.Tensor]:
        pairs = (images[:300], known), (features, known_features)
        found = [nearest_neighbours(*pair, progress=False).distances for pair in pairs]
        return [distances[:, 0] for distances in found]

    usual = nearest(test, reference)
    result = {}
    for name, images in sets.items():
        features, probabilities, digit = classify(images)
        result[name] = Measured(
            (digit > 0.5).double().mean().item(),
            frechet_distance(features, reference),
            classifier_score(probabilities),
            mode_coverage(probabilities.argmax(dim=1), test_labels[:N]),
            prdc(reference, features),
            *map(near_copies, nearest(images, features), usual),
            parzen_log_likelihood(held_out, images, 0.2, progress=False).mean().item(),
        )
    return result


def test_real_images_are_near_every_floor(measured):
    real = measured["real"]
    assert real.digits > 0.98
    assert real.frechet < 20
    assert real.score > 9.5
    assert (real.classes.missing, round(real.classes.kl, 1)) == (0, 0.0)
    assert min(real.balls.precision, real.balls.recall, real.balls.coverage) > 0.85
    assert 0.75 < real.balls.density < 1.2
    assert max(real.copies_pixels, real.copies_features) < 0.05


def test_noise_and_a_constant_image(measured):
    real, noise, constant = (measured[name] for name in ("real", "noise", "constant"))
    assert noise.digits < 0.05 and constant.digits == 0
    assert min(noise.frechet, constant.frechet) > 40 * real.frechet
    assert noise.balls == pytest.approx((0, 0, 0, 0), abs=0.02)
    assert constant.balls.recall == 0 and constant.balls.coverage < 0.02
    # One point is in a real ball or is not, and all its copies with it.
    assert constant.balls.precision in (0, 1)
    assert noise.score < 2 and constant.score == pytest.approx(1, abs=1e-6)
    assert noise.classes.missing >= 7 and constant.classes.missing == 9
    assert constant.classes.shares.max() == 1 and constant.classes.kl > 2
    assert noise.copies_pixels == noise.copies_features == 0
    assert noise.parzen < real.parzen - 1000


def test_a_generator_that_knows_only_the_digit_1(measured, digits):
    one, real = measured["one class"], measured["real"]
    share = (digits[3][:N] == 1).double().mean().item()
    assert one.classes.missing == 9
    assert one.frechet > 40 * real.frechet
    assert one.digits > 0.98
    assert one.classes.shares[1] > 0.98
    assert one.classes.kl == pytest.approx(math.log(1 / share), abs=0.12)
    assert one.score < 1.2
    assert one.balls.precision > 0.9  # each image is a digit
    assert one.balls.recall < share + 0.05  # and nine in ten digits are never drawn
    assert one.balls.coverage < share + 0.05
    assert one.parzen < real.parzen - 200


def test_a_copy_of_the_training_images_looks_excellent_but_for_the_near_copies(measured):
    copy, real = measured["memorised"], measured["real"]
    assert copy.frechet < 2 * real.frechet
    assert copy.score > 9.5
    assert copy.classes.missing == 0
    for name in ("precision", "recall", "coverage"):
        assert getattr(copy.balls, name) == pytest.approx(getattr(real.balls, name), abs=0.05)
    assert copy.parzen == pytest.approx(real.parzen, abs=15)
    assert copy.copies_pixels == copy.copies_features == 1


def test_fifty_images_again_and_again_have_precision_and_all_classes_but_no_recall(measured):
    few, real = measured["few"], measured["real"]
    assert few.balls.precision > 0.85
    assert few.classes.missing == 0 and few.frechet > 4 * real.frechet
    assert few.score > 7.5
    assert few.balls.recall < 0.02
    assert few.balls.coverage < 0.2
    assert few.parzen < real.parzen - 150
    assert few.copies_pixels < 0.05  # they are no training images of this reference


def test_half_of_the_classes_is_half_of_everything_that_counts_diversity(measured):
    half, real = measured["half"], measured["real"]
    assert half.classes.missing == 5 and half.frechet > 4 * real.frechet
    assert half.classes.kl == pytest.approx(math.log(2), abs=0.15)
    assert half.score == pytest.approx(5, abs=0.4)
    assert half.balls.precision > 0.85
    for name in ("recall", "coverage"):
        assert getattr(half.balls, name) < getattr(real.balls, name) - 0.2
    assert half.parzen < real.parzen - 30


def test_blur_is_punished_by_the_features_and_not_by_parzen_windows(measured):
    # The trap of the likelihood: averaged digits are near every digit.
    blurred, real = measured["blurred"], measured["real"]
    assert blurred.parzen > real.parzen - 20
    assert blurred.balls.recall < 0.1 and blurred.balls.coverage < 0.3
    assert blurred.score < real.score - 2 and blurred.frechet > 4 * real.frechet


def test_noise_on_real_images_is_between_real_images_and_noise(measured):
    real, noisy, noise = (measured[name] for name in ("real", "noisy", "noise"))
    assert 4 * real.frechet < noisy.frechet < noise.frechet / 10
    assert real.score + 0.1 > noisy.score > noise.score + 3
    for name in ("precision", "recall", "coverage"):
        values = [getattr(one.balls, name) for one in (real, noisy, noise)]
        assert values[0] - 0.2 > values[1] >= values[2], name
    assert real.parzen > noisy.parzen > noise.parzen + 1000
    assert noisy.copies_pixels <= real.copies_pixels


def test_the_frechet_distance_of_real_images_falls_with_their_number(digits):
    train, _, test, _ = digits
    features, other = classify(train[:5000]).features, classify(test[:5000]).features
    values = [frechet_distance(features[:n], other[:n]) for n in (150, 300, 1000, 5000)]
    assert all(a > 1.3 * b for a, b in zip(values[:-1], values[1:], strict=True)), values
    assert values[0] > 3 * values[-1]


def test_the_classifier_score_never_sees_the_real_images_and_rises_above_theirs(digits):
    # Ten images of which the classifier is sure beat all digits: the score can be fooled.
    probabilities = classify(digits[2][:N]).probabilities
    chosen = probabilities[probabilities.argmax(dim=0)]
    assert classifier_score(chosen) > classifier_score(probabilities) + 0.1
    assert classifier_score(chosen) == pytest.approx(10, abs=0.01)
