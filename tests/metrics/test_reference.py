"""Other real images than MNIST's: what is measured with them, what is not, and Inception's eyes."""

from dataclasses import asdict, replace
from types import SimpleNamespace
from urllib.error import URLError

import pytest
import torch
from helping import FABRICATED
from torch import nn
from torchmetrics.image import fid

from gan_helpers.metrics import (
    classify,
    evaluate_images,
    evaluation,
    inception,
    inception_features,
    load_inception,
    reference_of,
    score_table,
)
from gan_helpers.metrics.reference import Reference

SHAPE = (3, 8, 8)


def pictures(count: int, seed: int, shape: tuple[int, ...] = SHAPE) -> torch.Tensor:
    """Soft spots of any colour: neighbours differ little, as in a photograph."""
    rng = torch.Generator().manual_seed(seed)
    small = torch.rand(count, shape[0], 3, 3, generator=rng)
    large = nn.functional.interpolate(small, shape[1:], mode="bilinear")
    return (255 * large).to(torch.uint8)


def own(count: int, seed: int, shape: tuple[int, ...] = SHAPE) -> SimpleNamespace:
    """As load_dataset returns it."""
    return SimpleNamespace(name="spots", images=pictures(count, seed, shape))


def measured(scores) -> set[str]:
    return {name for name, value in asdict(scores).items() if value is not None}


# Pictures of one's own: pixels alone.

PIXELS = {"samples", "copies_pixels", "data", "features"}


def test_of_own_pictures_only_what_needs_no_classifier_is_measured():
    real = own(1200, 0)
    fresh = evaluate_images(pictures(1000, 1), progress=False, data=reference_of(real))
    assert measured(fresh) == PIXELS and fresh.copies_pixels < 0.05
    copied = evaluate_images(real.images[:1000], progress=False, data=reference_of(real))
    assert copied.copies_pixels == 1
    assert str(copied).splitlines()[1:] == [
        "samples                       1,000",
        "near copies by pixels, share  1.000  0.01 or lower",
    ]


def test_held_out_pictures_give_the_parzen_windows_and_sigma_is_not_chosen_on_those_measured():
    reference = reference_of(own(1200, 0), own(300, 2))
    assert (len(reference.validation), len(reference.test)) == (150, 150)
    scores = evaluate_images(pictures(1000, 1), progress=False, data=reference)
    assert measured(scores) == PIXELS | {"parzen", "parzen_error", "sigma"}
    assert scores.copies_pixels < 0.05


def test_a_picture_that_is_there_twice_does_not_hide_copies():
    images = pictures(1000, 0)
    twice = SimpleNamespace(name="twice", images=torch.cat((images, images[:500])))
    assert evaluate_images(images, progress=False, data=reference_of(twice)).copies_pixels == 1
    all_twice = SimpleNamespace(name="twice", images=images[:100].repeat(2, 1, 1, 1))
    with pytest.raises(ValueError, match="data holds each picture twice"):
        evaluate_images(images, progress=False, data=reference_of(all_twice))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: reference_of(3), TypeError, "data is of type int; expected the name .*load_data"),
        (lambda: reference_of(own(99, 0)), ValueError, r"data.images has shape \(99, .*least 100"),
        (lambda: reference_of(own(200, 0), own(200, 0, (3, 9, 9))), ValueError, "held_out.images"),
        (lambda: reference_of("mnist", own(200, 0)), ValueError, "held_out is for your own"),
        (lambda: reference_of(features="vgg"), ValueError, "features is 'vgg'; expected"),
        (lambda: reference_of(own(200, 0), features="classifier"), ValueError, "none is shipped"),
        (
            lambda: evaluate_images(pictures(1000, 1, (3, 9, 9)), data=reference_of(own(200, 0))),
            ValueError,
            r"images has shape \(1000, 3, 9, 9\); expected \(N, 3, 8, 8\)",
        ),
    ],
)
def test_other_references_are_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


# A data set with a classifier.


def test_photographs_are_measured_through_their_own_classifier_and_in_their_own_words():
    train, test = pictures(1000, 0, (3, 32, 32)), pictures(300, 1, (3, 32, 32))
    labels = torch.arange(300) % 10
    reference = Reference(
        "cifar10", train, train[:100], test, labels, features="classifier", classified=True
    )
    images = pictures(1000, 2, (3, 32, 32))
    scores = evaluate_images(images, progress=False, data=reference)
    assert measured(scores) == asdict(scores).keys()
    assert (scores.data, scores.features) == ("cifar10", "classifier")
    expected = (classify(images, "cifar10").digit > 0.5).double().mean().item()
    assert scores.digits == expected
    assert "taken for one of the ten classes, share" in str(scores) and "digits" not in str(scores)


def test_scores_of_different_data_or_features_stand_in_no_table():
    for other in (replace(FABRICATED, data="cifar10"), replace(FABRICATED, features="inception")):
        with pytest.raises(ValueError, match="scores has scores of 'mnist' .*Make a table of each"):
            score_table({"one": [FABRICATED], "other": [other]})
    assert "Frechet distance, Inception" in str(other)


# Inception, with a stand-in that has torchmetrics' interface.


class Stub(nn.Module):
    """Channel means and a few pixels in place of Inception's features."""

    def __init__(self, name: str, features_list: list[str]):
        super().__init__()
        assert name == "inception-v3-compat"
        self.width = int(features_list[0])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        assert images.dtype == torch.uint8 and images.shape[1] == 3
        return images.flatten(1)[:, : self.width].float() / 255


@pytest.fixture
def stub(monkeypatch):
    monkeypatch.setattr(fid, "NoTrainInceptionV3", Stub)
    for room in (inception, evaluation):
        monkeypatch.setattr(room, "INCEPTION_FEATURES", 16)
    load_inception.cache_clear()
    yield
    load_inception.cache_clear()


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 8, 9)])
def test_inception_sees_three_channels_and_every_image_once(stub, shape):
    images = pictures(70, 0, shape)
    features = inception_features(images, progress=False)
    assert (features.shape, features.dtype) == ((70, 16), torch.float32)
    assert torch.equal(features, images.flatten(1)[:, :16].float() / 255)


def test_own_pictures_are_compared_through_inception(stub, capsys):
    reference = reference_of(own(1000, 0), features="inception")
    near = evaluate_images(pictures(1000, 1), progress=False, data=reference)
    far = evaluate_images(pictures(1000, 1) // 2, progress=False, data=reference)
    added = {"frechet", "precision", "recall", "density", "coverage"}
    assert measured(near) == PIXELS | added and near.features == "inception"
    assert near.frechet < 0.1 < far.frechet and near.coverage > 0.9 > far.coverage
    assert capsys.readouterr() == ("", "")  # no bar was asked for


def test_too_few_pictures_for_inception_are_named_before_the_work(monkeypatch):
    monkeypatch.setattr(evaluation, "inception_features", lambda *given: pytest.fail("has begun"))
    reference = reference_of(own(2049, 0), features="inception")
    with pytest.raises(ValueError, match="images has 1,000 images; .* more than .* 2,048"):
        evaluate_images(pictures(1000, 1), progress=False, data=reference)
    reference = reference_of(own(2048, 0), features="inception")
    with pytest.raises(ValueError, match="the real data has 2,048 images"):
        evaluate_images(pictures(2049, 1), progress=False, data=reference)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModuleNotFoundError("no"), r"torch-fidelity is missing; install .*gan-helpers\[inception"),
        (URLError("no route"), r"could not be downloaded or read .*no route.*internet"),
    ],
)
def test_inception_without_its_package_or_without_the_internet(stub, monkeypatch, error, words):
    def broken(*given):
        raise error

    monkeypatch.setattr(fid, "NoTrainInceptionV3", broken)
    with pytest.raises(OSError, match=words) as caught:
        inception_features(pictures(3, 0))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("change", [lambda x: x[:, :2], lambda x: x[0, 0], lambda x: x[:0]])
def test_inception_refuses_other_shapes(change):
    with pytest.raises(ValueError, match=r"images has shape .*expected \(N, "):
        inception_features(change(pictures(3, 0)))


def test_sigma_is_chosen_on_images_of_all_classes_also_of_a_sorted_folder():
    images = torch.arange(5000).div(20).to(torch.uint8).view(-1, 1, 1, 1).expand(-1, *SHAPE)
    held_out = SimpleNamespace(name="sorted", images=images)  # dark ones first, bright ones last
    reference = reference_of(own(100, 0), held_out)
    assert len(reference.validation) == 1000 and len(reference.test) == 2500
    assert reference.validation.min() == 0 and reference.validation.max() == 249
