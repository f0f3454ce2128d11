"""The classifiers of Fashion-MNIST and CIFAR-10, and the class that a generator was asked for."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from gan_helpers.data import load_mnist
from gan_helpers.metrics import (
    DigitClassifier,
    class_accuracies,
    class_accuracy,
    classify,
    load_classifier,
)
from gan_helpers.metrics import classifier as module
from gan_helpers.metrics.classifier import SHAPES, classifier_file

OTHERS = ("fashion-mnist", "cifar10")
DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # of the package dataset-fashion-mnist


def noise(shape: tuple[int, ...], count: int = 250) -> torch.Tensor:
    rng = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, *shape), generator=rng, dtype=torch.uint8)


def about(data: str) -> dict[str, str]:
    with safe_open(classifier_file(data), "pt") as file:
        return file.metadata()


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's package dataset-fashion-mnist is missing")
def test_the_accuracy_on_clothes():
    with gzip.open(DEBIAN / "t10k-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)
    with gzip.open(DEBIAN / "t10k-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8).astype(np.int64)
    images, labels = torch.from_numpy(images[:1000].copy()), torch.from_numpy(labels[:1000])
    assert class_accuracy(images, labels, "fashion-mnist") >= 0.9
    assert (classify(images, "fashion-mnist").digit > 0.5).double().mean() > 0.98


@pytest.mark.parametrize(("data", "least"), [("fashion-mnist", 0.92), ("cifar10", 0.8)])
def test_the_file_is_small_and_says_how_it_was_made(data, least):
    facts = about(data)
    assert classifier_file(data).stat().st_size <= 1e6
    assert float(facts["test accuracy"]) >= least
    assert f"train_classifier.py --data {data}" in facts["command"]
    assert {"seed", "machine", "torch", "CPU minutes"} <= facts.keys()
    assert ("JPEG copies" in facts.get("data", "")) == (data == "cifar10")


@pytest.mark.parametrize("data", OTHERS)
def test_noise_and_grey_are_of_no_class(data):
    grey = torch.arange(250, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, *SHAPES[data])
    for images in (grey, noise(SHAPES[data])):
        seen = classify(images, data)
        assert (seen.features.shape, seen.probabilities.shape) == ((250, 128), (250, 10))
        assert (seen.digit > 0.5).double().mean() < 0.05


@pytest.mark.parametrize("data", OTHERS)
def test_the_network_is_read_once_in_eval_mode_and_in_float32(data):
    classifier = load_classifier(data)
    assert classifier.image_shape == SHAPES[data] and load_classifier(data) is classifier
    assert {weight.dtype for weight in classifier.parameters()} == {torch.float32}
    assert not any(part.training for part in classifier.modules())


def test_mnists_classifier_is_the_one_without_a_name():
    assert load_classifier("mnist") is load_classifier()
    one, other = classify(noise((1, 28, 28))), classify(noise((1, 28, 28)), "mnist")
    assert all(torch.equal(*pair) for pair in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("shape", "data", "error", "words"),
    [
        ((1, 28, 28), "cifar10", ValueError, r"expected \(N, 3, 32, 32\)"),
        ((3, 32, 32), "fashion-mnist", ValueError, r"expected \(N, 1, 28, 28\)"),
        ((3, 32, 32), "imagenet", ValueError, "data is 'imagenet'; expected 'mnist', .*'cifar10'"),
        ((3, 32, 32), 10, TypeError, "data is 10; expected a text"),
    ],
)
def test_the_shape_and_the_data_that_are_wanted_are_named(shape, data, error, words):
    with pytest.raises(error, match=words):
        classify(noise(shape, 3), data)


@pytest.mark.parametrize(
    ("shape", "error"),
    [((3, 30, 30), ValueError), ((3, 12, 12), ValueError), ((32, 32), ValueError), (32, TypeError)],
)
def test_a_network_for_another_shape(shape, error):
    with pytest.raises(error, match="image_shape is"):
        DigitClassifier(shape)
    assert DigitClassifier((3, 64, 64), deep=True).eval()(torch.zeros(2, 3, 64, 64))[1].shape == (
        *(2, 11),
    )


# The class that was asked for.


def test_class_accuracy_is_counted_by_hand_and_by_class(monkeypatch):
    p = torch.eye(10)[[0, 0, 1, 2]] * 0.8 + 0.02
    digit = torch.tensor([0.9, 0.4, 0.9, 0.9])  # 0.82 * 0.4 is less than 0.6: of no class
    monkeypatch.setattr(module, "classify", lambda *arguments: module.Seen(None, p, digit))
    images, labels = torch.zeros(4, 1, 28, 28, dtype=torch.uint8), torch.tensor([0, 0, 1, 1])
    assert class_accuracy(images, labels) == 0.5  # right, of no class, right, wrong
    by_class = class_accuracies(images, labels)
    assert by_class[:2].tolist() == [0.5, 0.5] and by_class[2:].isnan().all()


def test_class_accuracy_of_digits_is_the_classifiers_own_and_of_others_near_0():
    images, labels = (part[:1000] for part in load_mnist("test"))
    assert class_accuracy(images, labels) >= 0.98
    assert class_accuracy(images, (labels + 1) % 10) <= 0.02
    assert class_accuracies(images, labels).min() > 0.95
    assert class_accuracy(noise((1, 28, 28)), labels[:250]) < 0.05
