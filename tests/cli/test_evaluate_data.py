"""``evaluate --data``: other real images than MNIST's."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helping import FABRICATED, assert_one_sentence, status_of

from gan_helpers.cli import evaluate as command_line
from gan_helpers.metrics import Reference


@pytest.fixture
def calls(monkeypatch) -> list:
    """The images and the reference that reach the evaluation."""
    calls = []

    def evaluate_images(images, data):
        calls.append((images, data))
        return replace(FABRICATED, samples=len(images))

    monkeypatch.setattr(command_line, "evaluate_images", evaluate_images)
    return calls


@pytest.fixture
def asked(monkeypatch) -> list:
    """What load_dataset is asked for; the folder "faces" has a test split, others have none."""
    asked = []

    def load_dataset(source, split="train", **options):
        asked.append((source, split, options))
        if split == "test" and source != "faces":
            raise ValueError(f"split is 'test', and source, {source}, is not divided.")
        images = torch.zeros(200, 3, 16, 16, dtype=torch.uint8)
        return SimpleNamespace(name=source, images=images, labels=None, classes=())

    monkeypatch.setattr(command_line, "load_dataset", load_dataset)
    return asked


def saved(tmp_path, shape: tuple[int, ...]) -> str:
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    np.save(tmp_path / "drawn.npy", images)
    return str(tmp_path / "drawn.npy")


def test_photographs_are_read_in_the_shape_of_their_data(calls, tmp_path):
    assert status_of("evaluate", saved(tmp_path, (30, 32, 32, 3)), "--data", "cifar10") == 0
    [(images, data)] = calls
    assert (images.shape, data) == ((30, 3, 32, 32), "cifar10")


@pytest.mark.parametrize(("source", "unseen"), [("faces", 100), ("flowers", None)])
def test_own_pictures_are_the_reference_with_their_test_split_if_they_have_one(
    calls, asked, tmp_path, source, unseen
):
    file = saved(tmp_path, (30, 16, 16, 3))
    assert status_of("evaluate", file, "--data", source, "--size", "16") == 0
    [(images, reference)] = calls
    assert images.shape == (30, 3, 16, 16) and type(reference) is Reference
    assert (reference.name, reference.features) == (source, None)
    assert (reference.test is None) == (unseen is None)
    assert asked[0] == (source, "train", {"size": 16, "grey": None})


def test_inception_is_asked_for_and_published_figures_are_warned_of(calls, asked, tmp_path, capsys):
    file = saved(tmp_path, (30, 16, 16, 3))
    assert status_of("evaluate", file, "--data", "flowers", "--features", "inception") == 0
    assert calls[0][1].features == "inception"
    assert capsys.readouterr().out.splitlines()[-1].startswith("Published Frechet distances cannot")


def test_what_does_not_fit_is_said_in_one_sentence(calls, asked, tmp_path, capsys):
    file = saved(tmp_path, (30, 16, 16))
    for more, words in (
        (["--data", "cifar10"], "(N, 32, 32, 3)"),
        (["--data", "flowers"], "Copy grey to three channels first"),
        (["--data", "flowers", "--features", "classifier"], "none is shipped"),
    ):
        assert status_of("evaluate", file, *more) == 1
        assert_one_sentence(capsys, words)
    assert calls == []
