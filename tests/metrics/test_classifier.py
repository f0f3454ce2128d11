"""The shipped digit classifier: its accuracy, what it returns, and a damaged file."""

import pytest
import torch

from gan_helpers.checks import check_images
from gan_helpers.data import load_mnist, scale_images
from gan_helpers.metrics import CLASS_NAMES, CLASSES, DigitClassifier, classify, load_classifier
from gan_helpers.metrics import classifier as module
from gan_helpers.metrics.classifier import CLASSIFIER_FILE, FEATURES


@pytest.fixture
def fresh():
    """The classifier is read again in this test, and again in the next."""
    module._load.cache_clear()
    yield
    module._load.cache_clear()


def test_the_accuracy_on_the_test_set():
    images, labels = load_mnist("test")
    seen = classify(images)
    right = seen.probabilities.argmax(dim=1) == labels
    assert right.double().mean() >= 0.99
    assert (right & (seen.digit > 0.5)).double().mean() >= 0.98
    # No class is left behind.
    assert min(right[labels == digit].double().mean() for digit in range(10)) >= 0.98


def test_what_is_no_digit_is_not_taken_for_one():
    rng = torch.Generator().manual_seed(1)
    grey = torch.arange(250, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 28, 28)
    noise = torch.randint(0, 256, (250, 1, 28, 28), generator=rng, dtype=torch.uint8)
    for images in (grey, noise):
        assert (classify(images).digit > 0.5).double().mean() < 0.05


def test_the_batch_an_image_comes_in_does_not_matter():
    images = load_mnist("test")[0][:503]  # a batch of 500 and a rest
    kept = images.clone()
    whole = classify(images)
    for size in (7, 251):
        parts = [classify(part) for part in images.split(size)]
        for one, other in zip(whole, zip(*parts, strict=True), strict=True):
            torch.testing.assert_close(one, torch.cat(other), rtol=1e-4, atol=1e-4)
    assert torch.equal(images, kept)


@pytest.mark.parametrize("count", [1, 70])
def test_what_classify_returns_is_computed_from_the_logits(images, count):
    features, logits = load_classifier()(scale_images(images[:count]))
    powers = logits.double().exp()
    expected = (
        features.double(),
        powers[:, :CLASSES] / powers[:, :CLASSES].sum(1, keepdim=True),
        powers[:, :CLASSES].sum(1) / powers.sum(1),
    )
    shapes = ((count, FEATURES), (count, CLASSES), (count,))
    for seen, value, shape in zip(classify(images[:count]), expected, shapes, strict=True):
        assert (seen.shape, seen.dtype, seen.requires_grad) == (shape, torch.float32, False)
        torch.testing.assert_close(seen.double(), value, rtol=1e-4, atol=1e-5)


def test_the_shipped_network_is_in_eval_mode_needs_no_gradient_and_is_read_once():
    classifier = load_classifier()
    assert isinstance(classifier, DigitClassifier)
    assert not any(part.training for part in classifier.modules())
    assert not any(weight.requires_grad for weight in classifier.parameters())
    assert load_classifier() is classifier


@pytest.mark.parametrize("first", ["load_classifier", "classify"])
def test_gradients_reach_the_images_whoever_has_loaded_the_classifier(fresh, images, first):
    # Tensors made under inference_mode stay out of autograd for ever.
    if first == "classify":
        classify(images[:2])
    classifier = load_classifier()
    x = scale_images(images[:2]).requires_grad_()
    classifier(x)[1].sum().backward()
    assert x.grad.abs().sum() > 0


def test_loading_leaves_the_global_random_state_alone(fresh, images):
    before = torch.get_rng_state()
    classify(images[:2])
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda x: x.float(), TypeError, "has dtype torch.float32"),
        (lambda x: x.bool(), TypeError, "has dtype torch.bool"),
        (lambda x: x.squeeze(1), ValueError, r"has shape \(70, 28, 28\)"),
        (lambda x: x.flatten(1), ValueError, r"has shape \(70, 784\)"),
        (lambda x: x.repeat(1, 3, 1, 1), ValueError, r"has shape \(70, 3, 28, 28\)"),
        (lambda x: x[..., 1:], ValueError, r"has shape \(70, 1, 28, 27\)"),
        (lambda x: x[:0], ValueError, r"has shape \(0, 1, 28, 28\).*N at least 1"),
    ],
)
def test_other_images_are_refused(images, change, error, message):
    with pytest.raises(error, match=f"images {message}"):
        classify(change(images))
    with pytest.raises(error, match=f"the samples {message}"):
        check_images(change(images), "the samples")


def test_a_missing_a_damaged_and_another_networks_file_are_an_oserror(fresh, monkeypatch, tmp_path):
    content = CLASSIFIER_FILE.read_bytes()
    other = CLASSIFIER_FILE.with_name("long_article.safetensors").read_bytes()
    file = tmp_path / "classifier.safetensors"
    monkeypatch.setattr(module, "CLASSIFIER_FILE", file)
    for damaged in (None, b"", b"text", content[: len(content) // 2], content[:-1], other):
        if damaged is not None:
            file.write_bytes(damaged)
        with pytest.raises(OSError, match="classifier.safetensors is missing or damaged"):
            load_classifier()
    file.write_bytes(content)
    assert isinstance(load_classifier(), DigitClassifier)  # an error is not kept


def test_the_names_of_the_classes_are_those_that_come_with_the_images():
    from torchvision.datasets import FashionMNIST

    assert CLASS_NAMES.keys() == module.SHAPES.keys()
    assert all(len(set(names)) == CLASSES for names in CLASS_NAMES.values())
    assert CLASS_NAMES["fashion-mnist"] == tuple(FashionMNIST.classes)
