"""All metrics of a generator, or of images, in one call."""

import math
from dataclasses import asdict

import pytest
import torch
from helping import same, state

from gan_helpers.data import load_mnist
from gan_helpers.metrics import (
    Scores,
    classify,
    evaluate,
    evaluate_images,
    evaluation,
    nearest_neighbours,
)
from gan_helpers.metrics.evaluation import ROWS
from gan_helpers.metrics.reference import Reference
from gan_helpers.models import Generator, initialise, sample


@pytest.fixture(scope="module", autouse=True)
def fewer_real_images():
    """1,000 test images, 51,000 training images (for the sigma's slice) and 50 of them in pixels.

    The features are compared with those of 1,500 training images.
    """
    train, (test, labels) = load_mnist("train")[0], load_mnist("test")
    reference = Reference(
        "mnist",
        train[:51_000],
        train[50_000:51_000],
        test[:1000],
        labels[:1000],
        features="classifier",
        classified=True,
    )
    reference.train_features = classify(train[:1500])[0]
    pixels = nearest_neighbours(test[:50], train[:1500], progress=False).distances
    reference.pixel_distances = pixels[:, 0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "reference_of", {"mnist": reference}.__getitem__)
        patch.setattr(evaluation, "PIXEL_NEIGHBOURS", 50)
        yield


def small_generator(seed: int = 0) -> Generator:
    return initialise(Generator(latent_dim=8, hidden=(16,)), seed)


@pytest.fixture(scope="module")
def scores() -> Scores:
    return evaluate(small_generator(), n=1000, progress=False)


def test_an_untrained_generator_scores_badly_and_each_score_is_a_plain_number(scores):
    assert (scores.data, scores.features) == ("mnist", "classifier")
    numbers = [value for name, value in asdict(scores).items() if name in ROWS]
    assert {type(value) for value in numbers} == {int, float}
    assert all(math.isfinite(value) for value in numbers)
    assert (scores.samples, type(scores.classes_missing)) == (1000, int)
    assert scores.frechet > 300 and scores.classifier_score < 2 and scores.classes_missing > 5
    assert scores.recall < 0.1 and scores.parzen < 0 and 0 <= scores.digits <= 1
    assert scores.copies_pixels == scores.copies_features == 0


def test_evaluate_is_evaluate_images_of_what_the_seed_draws(scores):
    """And so it repeats itself, whatever the global random state is."""
    z = torch.randn(1000, 8, generator=torch.Generator().manual_seed(0))
    images = sample(small_generator(), z)
    assert evaluate_images(images, progress=False) == scores


@pytest.mark.parametrize(("seed", "training"), [(0, True), (1, False)])
def test_the_seeds_z_are_drawn_in_order_and_all_else_is_left_as_it_was(monkeypatch, seed, training):
    monkeypatch.setattr(evaluation, "evaluate_images", lambda images, progress, data: images)
    generator, random = small_generator().train(training), torch.get_rng_state()
    images = evaluate(generator, n=2345, seed=seed, progress=False)
    assert generator.training == training and torch.equal(torch.get_rng_state(), random)
    assert same(state(generator), state(small_generator()))
    z = torch.randn(4000, 8, generator=torch.Generator().manual_seed(seed))
    expected = sample(small_generator(), z)[:2345]
    # The products of a smaller batch round differently: one grey level at most.
    assert (images.int() - expected.int()).abs().max() <= 1


def test_real_images_score_well_and_training_images_are_found_out():
    train = load_mnist("train")[0]
    unseen = evaluate_images(train[20_000:21_000], progress=False)
    known = evaluate_images(train[:1000], progress=False)
    for one in (unseen, known):
        assert one.frechet < 60
        assert one.classifier_score > 9
        assert one.classes_missing == 0
        assert one.digits > 0.95
        assert min(one.precision, one.recall, one.coverage) > 0.8
        assert 0.1 <= one.sigma <= 1
        assert one.parzen > 0
    assert (known.copies_pixels, known.copies_features) == (1, 1)
    assert unseen.copies_features <= 0.05  # in pixels they are among the 51,000


def test_the_progress_bars_can_be_off_and_are_on_by_default(capsys):
    images = torch.zeros(1000, 1, 28, 28, dtype=torch.uint8)
    evaluate_images(images, progress=False)
    assert capsys.readouterr() == ("", "")
    evaluate_images(images)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Parzen" in captured.err and "neighbours" in captured.err


BLACK = torch.zeros(1000, 1, 28, 28, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        *(
            (lambda n=n: evaluate(small_generator(), n=n), ValueError, f"n is {n}; .* 1,000")
            for n in (999, 0, -1)
        ),
        (lambda: evaluate_images(BLACK[1:]), ValueError, "the number of images is 999"),
        (lambda: evaluate_images(BLACK.float()), TypeError, "images has dtype torch.float32"),
        (lambda: evaluate_images(BLACK[:, 0]), ValueError, r"images has shape \(1000, 28, 28\)"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
