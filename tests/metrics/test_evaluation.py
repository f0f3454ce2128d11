"""All metrics of a generator, or of images, in one call."""

import math
from dataclasses import asdict

import pytest
import torch

from gan_helpers.data import load_mnist
from gan_helpers.metrics import (
    Scores,
    classify,
    evaluate,
    evaluate_images,
    evaluation,
    nearest_neighbours,
)
from gan_helpers.metrics.evaluation import _Reference
from gan_helpers.models import Generator, initialise, sample


@pytest.fixture(scope="module", autouse=True)
def fewer_real_images():
    """1,000 test images, 51,000 training images (for the sigma's slice) and 50 of them in pixels.

    The features are compared with those of 1,500 training images.
    """
    train, train_labels = load_mnist("train")
    test, test_labels = load_mnist("test")
    train, train_labels = train[:51_000], train_labels[:51_000]
    test, test_labels = test[:1000], test_labels[:1000]
    train_features, test_features = classify(train[:1500])[0], classify(test)[0]
    pixels = nearest_neighbours(test[:50], train[:1500], progress=False).distances
    near = nearest_neighbours(test_features, train_features, progress=False).distances
    reference = _Reference(
        train_features, test_features, pixels.median().item(), near.median().item()
    )
    splits = {"train": (train, train_labels), "test": (test, test_labels)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "_reference", lambda: reference)
        patch.setattr(evaluation, "load_mnist", splits.__getitem__)
        patch.setattr(evaluation, "PIXEL_NEIGHBOURS", 50)
        yield


def small_generator(seed: int = 0) -> Generator:
    return initialise(Generator(latent_dim=8, hidden=(16,)), seed)


@pytest.fixture(scope="module")
def scores() -> Scores:
    return evaluate(small_generator(), n=1000, progress=False)


def test_every_score_is_a_plain_number(scores):
    assert {type(value) for value in asdict(scores).values()} == {int, float}
    assert (type(scores.samples), type(scores.classes_missing)) == (int, int)
    assert all(math.isfinite(value) for value in asdict(scores).values())
    assert scores.samples == 1000
    assert 0 <= scores.digits <= 1


def test_an_untrained_generator_scores_badly(scores):
    assert scores.frechet > 300
    assert scores.classifier_score < 2
    assert scores.classes_missing > 5
    assert scores.recall < 0.1
    assert scores.parzen < 0
    assert scores.nearest_pixels > 1.2


def test_evaluate_is_evaluate_images_of_what_the_seed_draws(scores):
    z = torch.randn(1000, 8, generator=torch.Generator().manual_seed(0))
    images = sample(small_generator(), z)
    assert evaluate_images(images, progress=False) == scores


def test_evaluate_repeats_itself_whatever_the_global_random_state_is(scores):
    generator = small_generator()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(123)
        before = torch.get_rng_state()
        assert evaluate(generator, n=1000, progress=False) == scores
        assert torch.equal(torch.get_rng_state(), before)


def test_another_seed_draws_other_images(scores):
    other = evaluate(small_generator(), n=1000, seed=1, progress=False)
    assert other != scores
    assert other.frechet == pytest.approx(scores.frechet, rel=0.1)


@pytest.mark.parametrize("training", [True, False])
def test_the_generators_mode_and_weights_are_left_as_they_were(training, monkeypatch):
    monkeypatch.setattr(evaluation, "evaluate_images", lambda images, progress: images)
    generator = small_generator().train(training)
    kept = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    images = evaluate(generator, n=1000, progress=False)
    assert generator.training == training
    assert all(torch.equal(kept[name], now) for name, now in generator.state_dict().items())
    assert images.shape == (1000, 1, 28, 28)
    # Eval mode for the draw: the batch an image comes in does not matter, but for the rounding of
    # its products, one grey level at most.
    z = torch.randn(1000, 8, generator=torch.Generator().manual_seed(0))
    assert (images[:10].int() - sample(generator, z[:10]).int()).abs().max() <= 1


def test_more_than_one_batch_of_z_is_drawn_in_its_order(monkeypatch):
    monkeypatch.setattr(evaluation, "evaluate_images", lambda images, progress: images)
    images = evaluate(small_generator(), n=2345, progress=False)
    z = torch.randn(2345, 8, generator=torch.Generator().manual_seed(0))
    expected = sample(small_generator(), z)
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
    assert (known.nearest_pixels, known.nearest_features) == (0, 0)
    assert unseen.nearest_features > 0.7


def test_the_progress_bars_can_be_off_and_are_on_by_default(capsys):
    images = torch.zeros(1000, 1, 28, 28, dtype=torch.uint8)
    evaluate_images(images, progress=False)
    assert capsys.readouterr() == ("", "")
    evaluate_images(images)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Parzen" in captured.err and "neighbours" in captured.err


@pytest.mark.parametrize("n", [999, 0, -1])
def test_too_few_images_are_refused(n):
    with pytest.raises(ValueError, match=f"n is {n}; expected at least 1,000.*10,000 is usual"):
        evaluate(small_generator(), n=n)
    if n > 0:
        images = torch.zeros(n, 1, 28, 28, dtype=torch.uint8)
        with pytest.raises(ValueError, match="the number of images is 999; expected at least"):
            evaluate_images(images)


def test_what_are_no_images_is_refused():
    images = torch.zeros(1000, 1, 28, 28, dtype=torch.uint8)
    with pytest.raises(TypeError, match="images has dtype torch.float32; expected torch.uint8"):
        evaluate_images(images.float())
    with pytest.raises(ValueError, match=r"images has shape \(1000, 28, 28\)"):
        evaluate_images(images.squeeze(1))
