"""What several test files share: a tiny recipe and a few synthetic images."""

from dataclasses import replace

import pytest
import torch

from gan_helpers.models import Discriminator, Generator
from gan_helpers.training import Recipe


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """For networks this small, a second thread costs more than it brings."""
    torch.set_num_threads(1)


@pytest.fixture
def images() -> torch.Tensor:
    """70 images of noise: four batches of 16 and six left over."""
    rng = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (70, 1, 28, 28), generator=rng, dtype=torch.uint8)


@pytest.fixture
def recipe() -> Recipe:
    """The plain recipe on networks that take a millisecond a step; dropout is on.

    In float32 on every processor: tests/training/test_bfloat16.py has the other.
    """
    return Recipe(
        build_generator=lambda: Generator(latent_dim=8, hidden=(16,)),
        build_discriminator=lambda: Discriminator(hidden=(16,)),
        batch_size=16,
        bfloat16=False,
    )


@pytest.fixture
def calm(recipe) -> Recipe:
    """The tiny recipe without dropout: its numbers can be computed again by hand."""
    return replace(recipe, build_discriminator=lambda: Discriminator(hidden=(16,), dropout=0.0))


@pytest.fixture
def small_mnist(monkeypatch) -> None:
    """330 images of noise in place of the MNIST that ``train`` loads."""
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (330, 1, 28, 28), generator=rng, dtype=torch.uint8)
    labels = torch.zeros(330, dtype=torch.int64)
    monkeypatch.setattr("gan_helpers.data.loading.load_mnist", lambda split: (images, labels))


@pytest.fixture
def said(capsys):
    """Call a check and return the one line that it prints."""

    def call(check, *answer):
        check(*answer)
        (line,) = capsys.readouterr().out.splitlines()
        return line

    return call
