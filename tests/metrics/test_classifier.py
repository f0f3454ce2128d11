"""The shipped digit classifier: its accuracy, what it returns, and a damaged file."""

import pytest
import torch

from gan_helpers.data import check_images, load_mnist, scale_images
from gan_helpers.metrics import CLASSES, DigitClassifier, classify, load_classifier
from gan_helpers.metrics import classifier as module
from gan_helpers.metrics.classifier import CLASSIFIER_FILE, FEATURES


@pytest.fixture
def fresh():
    """The classifier is read again in this test, and again in the next."""
    load_classifier.cache_clear()
    yield
    load_classifier.cache_clear()


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


def test_what_classify_returns(images):
    features, probabilities, digit = classify(images)
    assert (features.shape, probabilities.shape) == ((70, FEATURES), (70, CLASSES))
    assert digit.shape == (70,)
    assert (features >= 0).all() and features.isfinite().all()
    for shares in (probabilities, digit):
        assert (shares >= 0).all() and (shares <= 1).all()
    torch.testing.assert_close(probabilities.sum(1), torch.ones(70))
    for tensor in (features, probabilities, digit):
        assert tensor.dtype == torch.float32
        assert not tensor.requires_grad


def test_one_image_is_enough(images):
    shapes = [tuple(tensor.shape) for tensor in classify(images[:1])]
    assert shapes == [(1, FEATURES), (1, CLASSES), (1,)]


def test_the_batch_an_image_comes_in_does_not_matter():
    images = load_mnist("test")[0][:1203]  # two batches of 500 and a rest
    whole = classify(images)
    for size in (7, 500, 601):
        parts = [classify(part) for part in images.split(size)]
        for one, other in zip(whole, zip(*parts, strict=True), strict=True):
            torch.testing.assert_close(one, torch.cat(other), rtol=1e-4, atol=1e-4)


def test_classify_leaves_the_images_alone_and_repeats_itself(images):
    kept = images.clone()
    one, other = classify(images), classify(images)
    assert torch.equal(images, kept)
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_what_classify_returns_is_computed_from_the_logits(images):
    features, logits = load_classifier()(scale_images(images))
    assert logits.shape == (70, CLASSES + 1)
    powers = logits.double().exp()
    expected = (
        features.double(),
        powers[:, :CLASSES] / powers[:, :CLASSES].sum(1, keepdim=True),
        powers[:, :CLASSES].sum(1) / powers.sum(1),
    )
    for seen, value in zip(classify(images), expected, strict=True):
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


def test_dropout_is_off_only_in_eval_mode(images):
    network = DigitClassifier()
    x = scale_images(images)
    assert not torch.equal(network.train()(x)[1], network(x)[1])
    assert torch.equal(network.eval()(x)[1], network(x)[1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.bool])
def test_images_of_another_dtype_are_refused(images, dtype):
    with pytest.raises(
        TypeError, match=f"images has dtype {dtype}; expected torch.uint8.*to_uint8"
    ):
        classify(images.to(dtype))


def test_images_of_another_shape_are_refused(images):
    shapes = {
        r"\(70, 28, 28\)": images.squeeze(1),
        r"\(1, 28, 28\)": images[0],
        r"\(70, 784\)": images.flatten(1),
        r"\(70, 3, 28, 28\)": images.repeat(1, 3, 1, 1),
        r"\(70, 1, 28, 27\)": images[..., 1:],
        r"\(0, 1, 28, 28\)": images[:0],
    }
    for shape, bad in shapes.items():
        with pytest.raises(ValueError, match=f"images has shape {shape}; expected .*N at least 1"):
            classify(bad)
    with pytest.raises(ValueError, match="the samples has shape"):
        check_images(images[0], "the samples")
    assert check_images(images, "images") is None


# the file


def test_a_missing_file_is_an_oserror(fresh, monkeypatch, tmp_path, images):
    monkeypatch.setattr(module, "CLASSIFIER_FILE", tmp_path / "absent.safetensors")
    with pytest.raises(OSError, match="absent.safetensors is missing or damaged.*Install"):
        load_classifier()
    with pytest.raises(OSError, match="missing or damaged"):
        classify(images)


def test_a_damaged_file_is_an_oserror(fresh, monkeypatch, tmp_path):
    content = CLASSIFIER_FILE.read_bytes()
    file = tmp_path / "classifier.safetensors"
    monkeypatch.setattr(module, "CLASSIFIER_FILE", file)
    for damaged in (b"", b"text", content[:100], content[: len(content) // 2], content[:-1]):
        file.write_bytes(damaged)
        with pytest.raises(OSError, match="classifier.safetensors is missing or damaged"):
            load_classifier()
    file.write_bytes(content)
    assert isinstance(load_classifier(), DigitClassifier)  # an error is not kept


def test_weights_of_another_network_are_an_oserror(fresh, monkeypatch):
    other = CLASSIFIER_FILE.with_name("long_article.safetensors")
    assert other.is_file()
    monkeypatch.setattr(module, "CLASSIFIER_FILE", other)
    with pytest.raises(OSError, match="missing or damaged"):
        load_classifier()
