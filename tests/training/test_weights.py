"""A generator's weights in a file: what comes back, and what is refused."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from gan_helpers.models import ArticleGenerator, Discriminator, Generator, initialise, sample
from gan_helpers.training import load_generator, save_generator, save_history, start_run, train

GENERATORS = {
    "the course's": lambda: Generator(),
    "small": lambda: Generator(latent_dim=8, hidden=(16,)),
    "no hidden layer": lambda: Generator(latent_dim=5, hidden=()),
    "latent_dim 1": lambda: Generator(latent_dim=1, hidden=(1, 3)),
    # Its matrices are layers 0, 3, 6, 9, 12 and 15: as text, 12 comes before 3.
    "five hidden layers": lambda: Generator(latent_dim=6, hidden=(11, 12, 13, 14, 15)),
    "the article's": lambda: ArticleGenerator(),
    "the article's, other z": lambda: ArticleGenerator(latent_dim=7),
}


def used(build) -> nn.Module:
    """A generator whose BatchNorm statistics are no longer those of the start."""
    generator = initialise(build(), seed=0).train()
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for _ in range(3):
            generator(3 * torch.randn(20, generator.latent_dim, generator=rng) + 1)
    return generator


def small() -> Generator:
    return used(GENERATORS["small"])


@pytest.fixture
def file(tmp_path):
    return tmp_path / "generator.safetensors"


# there and back


@pytest.mark.parametrize("name", GENERATORS)
def test_what_is_saved_is_loaded(name, file):
    generator = used(GENERATORS[name])
    save_generator(generator, file, {"seed": "0"})
    loaded, about = load_generator(file)
    assert type(loaded) is type(generator)
    assert loaded.latent_dim == generator.latent_dim
    kept, back = generator.state_dict(), loaded.state_dict()
    assert list(kept) == list(back)
    for key in kept:
        assert kept[key].dtype == back[key].dtype
        assert torch.equal(kept[key], back[key]), key
    z = torch.randn(10, loaded.latent_dim, generator=torch.Generator().manual_seed(1))
    assert torch.equal(sample(generator, z), sample(loaded, z))
    assert about == {"seed": "0"}


def test_a_loaded_generator_is_in_eval_mode_and_the_saved_one_is_left_alone(file):
    generator = small()
    kept = {key: tensor.clone() for key, tensor in generator.state_dict().items()}
    save_generator(generator, file, {}, half=True)
    assert generator.training
    assert all(torch.equal(kept[key], now) for key, now in generator.state_dict().items())
    loaded, _ = load_generator(file)
    assert not any(part.training for part in loaded.modules())
    assert all(weight.requires_grad for weight in loaded.parameters())  # it can learn on


def test_what_is_told_about_the_weights_comes_back(file):
    about = {"command": "train --seed 0", "machine": "2 cores", "note": 'ünïcödé, \n"quotes"'}
    kept = dict(about)
    save_generator(small(), file, about)
    assert load_generator(file)[1] == about == kept
    save_generator(small(), str(file), {})
    assert load_generator(str(file))[1] == {}


@pytest.mark.parametrize("name", ["the course's", "five hidden layers", "the article's"])
def test_half_precision_is_half_the_size_and_off_by_one_part_in_2000(name, file):
    generator = used(GENERATORS[name])
    save_generator(generator, file, {})
    size = file.stat().st_size
    save_generator(generator, file, {"half": "yes"}, half=True)
    if name != "five hidden layers":  # too small a file: its header counts
        assert file.stat().st_size < 0.52 * size
    loaded, about = load_generator(file)
    assert about == {"half": "yes"}
    for key, kept in generator.state_dict().items():
        back = loaded.state_dict()[key]
        assert back.dtype == kept.dtype
        if kept.ndim == 2:
            error = (back - kept).abs()
            # Below 6e-5, where float16 is subnormal, the error is 2^-25 however small the weight.
            assert (error <= (kept.abs() / 2000).clamp(min=2**-25)).all(), key
            assert error.max() > 0
        else:
            assert torch.equal(back, kept), key  # biases and statistics are kept whole
    z = torch.randn(20, loaded.latent_dim, generator=torch.Generator().manual_seed(1))
    difference = sample(generator, z).int() - sample(loaded, z).int()
    assert difference.abs().max() <= 4  # grey levels


def test_only_matrices_are_stored_in_16_bits(file):
    save_generator(small(), file, {}, half=True)
    for key, tensor in load_file(file).items():
        assert (tensor.dtype == torch.float16) == (tensor.ndim == 2), key


def test_saving_and_loading_leave_the_global_random_state_alone(file):
    generator = small()
    before = torch.get_rng_state()
    save_generator(generator, file, {})
    load_generator(file)
    assert torch.equal(torch.get_rng_state(), before)


# the file


def test_a_missing_folder_is_made(tmp_path):
    file = tmp_path / "new" / "folder" / "generator.safetensors"
    save_generator(small(), file, {})
    assert load_generator(file)[0].latent_dim == 8


def test_an_older_file_is_replaced_and_nothing_else_is_left(file):
    save_generator(small(), file, {"seed": "0"})
    save_generator(used(GENERATORS["latent_dim 1"]), file, {"seed": "1"})
    loaded, about = load_generator(file)
    assert (loaded.latent_dim, about) == (1, {"seed": "1"})
    assert list(file.parent.iterdir()) == [file]


def test_an_older_file_survives_a_failed_save(file, monkeypatch):
    save_generator(small(), file, {"seed": "0"})
    content = file.read_bytes()

    def full_disk(*arguments):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save_generator(small(), file, {"seed": "1"})
    assert file.read_bytes() == content
    assert load_generator(file)[1] == {"seed": "0"}
    assert list(file.parent.iterdir()) == [file]


def test_an_interrupted_save_leaves_no_file_that_looks_whole(file, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_generator(small(), file, {})
    assert not file.exists()


# what is refused


@pytest.mark.parametrize("network", [Discriminator(hidden=(4,)), nn.Linear(2, 784)])
def test_what_is_no_generator_is_not_saved(network, file):
    name = type(network).__name__
    with pytest.raises(TypeError, match=f"generator is a {name}; expected one of Generator, Art"):
        save_generator(network, file, {})
    assert list(file.parent.iterdir()) == []


def test_a_subclass_is_not_saved_whatever_its_name_is(file):
    changed = type("Generator", (Generator,), {})
    renamed = type("Better", (Generator,), {})
    for kind in (changed, renamed):
        with pytest.raises(TypeError, match=f"generator is a {kind.__name__}; expected one of"):
            save_generator(kind(latent_dim=3, hidden=(4,)), file, {})
    assert not file.exists()


def test_a_missing_file_of_weights(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent.safetensors does not exist"):
        load_generator(tmp_path / "absent.safetensors")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_generator(tmp_path)  # a folder


def test_truncated_files(file):
    save_generator(small(), file, {})
    content = file.read_bytes()
    for length in (0, 7, 8, 100, len(content) // 2, len(content) - 1):
        file.write_bytes(content[:length])
        with pytest.raises(
            OSError, match="generator.safetensors is damaged or no safetensors file"
        ):
            load_generator(file)


def test_any_flipped_byte_of_the_header_is_an_oserror_or_harmless(file):
    save_generator(Generator(latent_dim=2, hidden=(3,)), file, {"seed": "0"})
    content = file.read_bytes()
    escaped = {}
    for position in range(8 + int.from_bytes(content[:8], "little")):
        changed = bytearray(content)
        changed[position] ^= 0xFF
        file.write_bytes(changed)
        try:
            load_generator(file)
        except OSError:
            continue
        except Exception as error:
            escaped[position] = repr(error)
    assert escaped == {}


def test_foreign_files(file, images, recipe):
    file.write_text("not weights")
    with pytest.raises(OSError, match="damaged or no safetensors file"):
        load_generator(file)
    save_file(Generator(latent_dim=3, hidden=(4,)).state_dict(), file)  # without our metadata
    with pytest.raises(OSError, match="holds no generator of this course; save_generator writes"):
        load_generator(file)
    save_file({"a": torch.zeros(2)}, file, metadata={"generator": "StyleGAN"})
    with pytest.raises(OSError, match="holds no generator of this course"):
        load_generator(file)
    history = train(start_run(recipe), images, steps=2, progress=False)
    save_history(history, file)
    with pytest.raises(OSError, match="holds no generator of this course"):
        load_generator(file)


def remove(tensors: dict) -> None:
    del tensors["layers.0.bias"]


def add(tensors: dict) -> None:
    tensors["layers.40.weight"] = torch.zeros(3, 3)


def rename(tensors: dict) -> None:
    tensors["weight"] = tensors.pop("layers.0.weight")


def reshape(tensors: dict) -> None:
    tensors["layers.3.weight"] = tensors["layers.3.weight"][:, :-1].contiguous()


@pytest.mark.parametrize("change", [remove, add, rename, reshape, dict.clear])
@pytest.mark.parametrize("name", ["small", "the article's"])
def test_weights_that_are_not_those_of_a_whole_generator(change, name, file):
    generator = used(GENERATORS[name])
    tensors = dict(generator.state_dict())
    change(tensors)
    save_file(tensors, file, metadata={"generator": type(generator).__name__})
    with pytest.raises(OSError, match="does not hold the weights of a whole (Article)?Generator"):
        load_generator(file)
