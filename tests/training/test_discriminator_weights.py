"""A discriminator's weights in a file: what comes back, and what is refused."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from gan_helpers.models import ArticleDiscriminator, Discriminator, Generator, initialise
from gan_helpers.training import (
    load_discriminator,
    load_generator,
    save_discriminator,
    save_generator,
)

DISCRIMINATORS = {
    "the course's": Discriminator,
    "small": lambda: Discriminator(hidden=(16,)),
    "no hidden layer": lambda: Discriminator(hidden=()),
    "no dropout": lambda: Discriminator(hidden=(8, 4), dropout=0.0),
    # Its matrices are layers 0, 3, 6, 9, 12 and 15: as text, 12 comes before 3.
    "five hidden layers": lambda: Discriminator(hidden=(11, 12, 13, 14, 15)),
    "the article's": ArticleDiscriminator,
}


def build(name="small") -> nn.Module:
    return initialise(DISCRIMINATORS[name](), seed=0).train()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "discriminator.safetensors"


@pytest.fixture
def pictures():
    return torch.rand(10, 1, 28, 28, generator=torch.Generator().manual_seed(1)) * 2 - 1


@torch.no_grad()
def logits(discriminator, pictures):
    return discriminator.eval()(pictures)


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_what_is_saved_is_loaded(name, file, pictures):
    discriminator = build(name)
    save_discriminator(discriminator, file, {"seed": "0"})
    assert discriminator.training
    loaded, about = load_discriminator(file)
    assert type(loaded) is type(discriminator)
    assert about == {"seed": "0"}
    kept, back = discriminator.state_dict(), loaded.state_dict()
    assert list(kept) == list(back)
    assert all(torch.equal(kept[key], back[key]) for key in kept)
    assert not any(part.training for part in loaded.modules())  # dropout is off
    assert all(weight.requires_grad for weight in loaded.parameters())  # it can learn on
    assert torch.equal(logits(discriminator, pictures), logits(loaded, pictures))


@pytest.mark.parametrize("name", ["the course's", "the article's"])
def test_half_precision_is_half_the_size_and_gives_almost_the_same_logits(name, file, pictures):
    discriminator = build(name)
    save_discriminator(discriminator, file, {})
    size = file.stat().st_size
    save_discriminator(discriminator, file, {"half": "yes"}, half=True)
    assert file.stat().st_size < 0.52 * size
    for key, tensor in load_file(file).items():
        assert (tensor.dtype == torch.float16) == (tensor.ndim == 2), key
    loaded, about = load_discriminator(file)
    assert about == {"half": "yes"}
    assert {tensor.dtype for tensor in loaded.state_dict().values()} == {torch.float32}
    error = (logits(discriminator, pictures) - logits(loaded, pictures)).abs().max()
    assert 0 < error < 1e-3


def test_saving_and_loading_leave_the_global_random_state_alone(file):
    discriminator = build()
    before = torch.get_rng_state()
    save_discriminator(discriminator, file, {})
    load_discriminator(file)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_generator_and_a_discriminator_are_not_taken_for_each_other(file):
    generator = initialise(Generator(latent_dim=3, hidden=(4,)), seed=0)
    save_generator(generator, file, {})
    with pytest.raises(
        OSError, match=r"holds no discriminator of this course; save_discriminator writes"
    ):
        load_discriminator(file)
    save_discriminator(build(), file, {})
    with pytest.raises(OSError, match="holds no generator of this course; save_generator writes"):
        load_generator(file)


@pytest.mark.parametrize("network", [Generator(3, (4,)), nn.Linear(784, 1)])
def test_what_is_no_discriminator_is_not_saved(network, file):
    name = type(network).__name__
    message = f"discriminator is a {name}; expected one of Discriminator, ArticleDiscriminator"
    with pytest.raises(TypeError, match=message):
        save_discriminator(network, file, {})
    with pytest.raises(TypeError, match="generator is a Discriminator; expected one of Generator"):
        save_generator(build(), file, {})
    assert not file.exists()


def test_a_subclass_is_not_saved_whatever_its_name_is(file):
    changed = type("Discriminator", (Discriminator,), {})
    with pytest.raises(TypeError, match="discriminator is a Discriminator; expected one of"):
        save_discriminator(changed(hidden=(4,)), file, {})
    assert not file.exists()


def test_a_missing_or_damaged_file(file, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"discriminator\.safetensors does not exist"):
        load_discriminator(file)
    save_discriminator(build(), file, {})
    content = file.read_bytes()
    for length in (0, 7, 100, len(content) - 1):
        file.write_bytes(content[:length])
        with pytest.raises(OSError, match="is damaged or no safetensors file"):
            load_discriminator(file)


def remove(tensors: dict) -> None:
    del tensors["layers.0.bias"]


def add(tensors: dict) -> None:
    tensors["layers.40.weight"] = torch.zeros(3, 3)


def rename(tensors: dict) -> None:
    tensors["weight"] = tensors.pop("layers.0.weight")


def other_pixels(tensors: dict) -> None:
    tensors["layers.0.weight"] = tensors["layers.0.weight"][:, :100].contiguous()


@pytest.mark.parametrize("change", [remove, add, rename, other_pixels, dict.clear])
@pytest.mark.parametrize("name", ["small", "the article's"])
def test_weights_that_are_not_those_of_a_whole_discriminator(change, name, file):
    discriminator = build(name)
    tensors = dict(discriminator.state_dict())
    change(tensors)
    save_file(tensors, file, metadata={"discriminator": type(discriminator).__name__})
    match = "does not hold the weights of a whole (Article)?Discriminator"
    with pytest.raises(OSError, match=match):
        load_discriminator(file)
