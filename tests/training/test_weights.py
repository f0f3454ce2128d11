"""A network's weights in a file: what comes back, and what is refused."""

import pytest
import torch
from helping import assert_header_bears_flips
from safetensors.torch import load_file, save_file
from torch import nn

from gan_helpers.models import (
    ArticleDiscriminator,
    ArticleGenerator,
    Discriminator,
    Generator,
    initialise,
)
from gan_helpers.training import (
    load_discriminator,
    load_generator,
    save_discriminator,
    save_generator,
    save_history,
    start_run,
    train,
)

SAVE = {"generator": save_generator, "discriminator": save_discriminator}
LOAD = {"generator": load_generator, "discriminator": load_discriminator}
NETWORKS = [
    ("generator", Generator),
    ("generator", lambda: Generator(latent_dim=8, hidden=(16,))),
    ("generator", lambda: Generator(latent_dim=5, hidden=())),
    ("generator", lambda: Generator(latent_dim=1, hidden=(1, 3))),
    # Its matrices are layers 0, 3, 6, 9, 12 and 15: as text, 12 comes before 3.
    ("generator", lambda: Generator(latent_dim=6, hidden=(11, 12, 13, 14, 15))),
    ("generator", ArticleGenerator),
    ("generator", lambda: ArticleGenerator(latent_dim=7)),
    ("discriminator", Discriminator),
    ("discriminator", lambda: Discriminator(hidden=())),
    ("discriminator", lambda: Discriminator(hidden=(8, 4), dropout=0.0)),
    ("discriminator", lambda: Discriminator(hidden=(11, 12, 13, 14, 15))),
    ("discriminator", ArticleDiscriminator),
]
LARGE = [pair for pair in NETWORKS if isinstance(pair[1], type)]
every_network = pytest.mark.parametrize(("role", "build"), NETWORKS)
both_roles = pytest.mark.parametrize("role", SAVE)


def used(build) -> nn.Module:
    """A network in train mode whose BatchNorm statistics are no longer those of the start."""
    network = initialise(build(), seed=0).train()
    with torch.no_grad():
        for seed in range(3):
            network(inputs_of(network, seed))
    return network


def inputs_of(network, seed=9):
    rng = torch.Generator().manual_seed(seed)
    if hasattr(network, "latent_dim"):
        return 3 * torch.randn(20, network.latent_dim, generator=rng) + 1
    return torch.rand(20, 1, 28, 28, generator=rng) * 2 - 1


@torch.no_grad()
def outputs_of(network):
    return network.eval()(inputs_of(network))


def small(role: str) -> nn.Module:
    return used({"generator": lambda: Generator(8, (16,)), "discriminator": Discriminator}[role])


@pytest.fixture
def file(tmp_path):
    return tmp_path / "network.safetensors"


@every_network
def test_what_is_saved_is_loaded(role, build, file):
    network = used(build)
    SAVE[role](network, file, {"seed": "0"})
    assert network.training
    loaded, about = LOAD[role](file)
    assert type(loaded) is type(network) and about == {"seed": "0"}
    assert loaded.sizes == network.sizes
    kept, back = network.state_dict(), loaded.state_dict()
    assert list(kept) == list(back)
    assert all(torch.equal(kept[key], back[key]) for key in kept)
    assert not any(part.training for part in loaded.modules())
    assert all(weight.requires_grad for weight in loaded.parameters())  # it can learn on
    assert torch.equal(outputs_of(network), outputs_of(loaded))


@every_network
def test_a_file_of_before_sizes_were_written_is_loaded_too(role, build, file):
    network = used(build)
    save_file(network.state_dict(), file, metadata={role: type(network).__name__})
    loaded, about = LOAD[role](file)
    assert type(loaded) is type(network) and about == {}
    assert torch.equal(outputs_of(network), outputs_of(loaded))


@pytest.mark.parametrize(("role", "build"), LARGE)
def test_half_precision_is_half_the_size_and_off_by_one_part_in_2000(role, build, file):
    network = used(build)
    kept = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    SAVE[role](network, file, {})
    size = file.stat().st_size
    SAVE[role](network, file, {"half": "yes"}, half=True)
    assert file.stat().st_size < 0.52 * size
    for key, tensor in load_file(file).items():  # biases and statistics are kept whole
        assert (tensor.dtype == torch.float16) == (tensor.ndim == 2), key
    loaded, about = LOAD[role](file)
    assert about == {"half": "yes"}
    for key, before in kept.items():
        assert torch.equal(network.state_dict()[key], before)
        back = loaded.state_dict()[key]
        # Below 6e-5, where float16 is subnormal, the error is 2^-25 however small the weight.
        bound = (before.abs() / 2000).clamp(min=2**-25) if before.ndim == 2 else 0
        assert back.dtype == before.dtype and ((back - before).abs() <= bound).all(), key
    error = (outputs_of(network) - outputs_of(loaded)).abs().max()
    assert 0 < error < 0.03


@both_roles
def test_what_is_told_comes_back_and_the_global_random_state_is_left_alone(role, file):
    about = {"command": "train --seed 0", "machine": "2 cores", "note": 'ünïcödé, \n"quotes"'}
    network, kept = small(role), dict(about)
    before = torch.get_rng_state()
    SAVE[role](network, file, about)
    assert LOAD[role](str(file))[1] == about == kept
    assert torch.equal(torch.get_rng_state(), before)


def test_a_missing_folder_is_made_and_an_older_file_replaced(tmp_path):
    file = tmp_path / "new" / "folder" / "generator.safetensors"
    for seed in "01":
        save_generator(small("generator"), file, {"seed": seed})
    assert load_generator(file)[1] == {"seed": "1"}
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("older", [b"", b"an older file"])
@pytest.mark.parametrize("error", [OSError("No space left on device"), KeyboardInterrupt()])
def test_a_save_that_fails_leaves_the_older_file_or_none(file, monkeypatch, error, older):
    def broken(*arguments):
        raise error

    if older:
        file.write_bytes(older)
    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(type(error)):
        save_generator(small("generator"), file, {})
    left = [(path, path.read_bytes()) for path in file.parent.iterdir()]
    assert left == ([(file, older)] if older else [])


@both_roles
def test_what_is_no_network_of_that_role_is_not_saved(role, file):
    kind = {"generator": Generator, "discriminator": Discriminator}[role]
    changed, renamed = type(kind.__name__, (kind,), {}), type("Better", (kind,), {})
    other = small("discriminator" if role == "generator" else "generator")
    for network in (other, nn.Linear(2, 784), changed(), renamed()):
        name = type(network).__name__
        with pytest.raises(TypeError, match=f"{role} is a {name}"):
            SAVE[role](network, file, {})
    assert list(file.parent.iterdir()) == []


@both_roles
def test_a_missing_file_and_a_folder(role, tmp_path):
    for path, fault in ((tmp_path / "absent", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(FileNotFoundError, match=fault):
            LOAD[role](path)


def test_a_truncated_file(file):
    save_generator(small("generator"), file, {})
    content = file.read_bytes()
    for length in (0, 7, 8, 100, len(content) // 2, len(content) - 1):
        file.write_bytes(content[:length])
        with pytest.raises(OSError, match="is damaged"):
            load_generator(file)


def test_any_flipped_byte_of_the_header_is_an_oserror_or_harmless(file):
    save_generator(Generator(latent_dim=2, hidden=(3,)), file, {"seed": "0"})
    assert_header_bears_flips(file, load_generator)


@both_roles
def test_foreign_files(role, file, images, recipe):
    other = "discriminator" if role == "generator" else "generator"
    history = train(start_run(recipe), images, steps=2, progress=False)
    for write in (
        lambda: save_file(small(role).state_dict(), file),
        lambda: save_file({"a": torch.zeros(2)}, file, metadata={role: "StyleGAN"}),
        lambda: SAVE[other](small(other), file, {}),
        lambda: save_history(history, file),
    ):
        write()
        with pytest.raises(OSError, match=f"holds no {role} of this course"):
            LOAD[role](file)


CHANGES = {
    "one less": lambda tensors: tensors.pop("layers.0.bias"),
    "one more": lambda tensors: tensors.update({"layers.40.weight": torch.zeros(3, 3)}),
    "renamed": lambda tensors: tensors.update(weight=tensors.pop("layers.0.weight")),
    "reshaped": lambda tensors: tensors.update({"layers.3.weight": torch.zeros(1, 1)}),
    "empty": dict.clear,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("sizes", [{}, {"sizes": '{"hidden": [16]}'}, {"sizes": "?"}])
@pytest.mark.parametrize(("role", "build"), LARGE)
def test_weights_that_are_not_those_of_a_whole_network(role, build, change, sizes, file):
    name = build.__name__
    tensors = dict(used(build).state_dict())
    change(tensors)
    save_file(tensors, file, metadata={role: name} | sizes)
    with pytest.raises(OSError, match=f"does not hold the weights of a whole {name}"):
        LOAD[role](file)
