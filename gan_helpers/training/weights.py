"""Save and load a network's weights as safetensors, so that nothing has to be unpickled."""

import json
from pathlib import Path

import torch
from safetensors.torch import save
from torch import nn

from gan_helpers.checks import check_network
from gan_helpers.kinds import check_about, check_file
from gan_helpers.models import DISCRIMINATORS, GENERATORS, new_network
from gan_helpers.training.files import read_tensors, write_whole


def save_generator(
    generator: nn.Module, file: str | Path, about: dict[str, str], half: bool = False
) -> None:
    """Write the weights of ``generator`` to a safetensors file, with ``about`` as its metadata.

    ``about`` says where they come from (command, seed, machine), as text. ``half`` stores the
    weight matrices in 16 bits, which halves the file and changes a weight by at most about one part
    in 2,000. A missing folder is created; an older file is replaced only when the new one is
    complete.

    Raises ``TypeError`` when ``generator`` is not one of the course's, a value of ``about`` is not
    a text, or ``file`` is not the name of a file. Introduced in notebook 04, "Keeping the
    generator".
    """
    _save("generator", generator, GENERATORS, file, about, half)


def save_discriminator(
    discriminator: nn.Module, file: str | Path, about: dict[str, str], half: bool = False
) -> None:
    """Write the weights of ``discriminator`` to a file; everything else as for ``save_generator``.

    Introduced in notebook 05, "What you need".
    """
    _save("discriminator", discriminator, DISCRIMINATORS, file, about, half)


def _save(
    role: str,
    network: nn.Module,
    known: dict[str, type[nn.Module]],
    file: str | Path,
    about: dict[str, str],
    half: bool,
) -> None:
    check_network(network, role)
    name = type(network).__name__
    if known.get(name) is not type(network):
        raise TypeError(f"{role} is a {name}; expected one of {', '.join(known)}.")
    check_about(about)
    file = check_file(file)
    tensors = {
        key: tensor.half() if half and tensor.ndim >= 2 else tensor
        for key, tensor in network.state_dict().items()
    }
    about = {**about, role: name, "sizes": json.dumps(network.sizes)}
    write_whole(file, save(tensors, about))


def load_generator(file: str | Path) -> tuple[nn.Module, dict[str, str]]:
    """Return the generator that ``save_generator`` wrote, in eval mode, and its ``about``.

    Raises ``FileNotFoundError`` when the file is missing and ``OSError`` when it is damaged or
    holds something else. Introduced in notebook 04, "Keeping the generator".
    """
    return _load("generator", GENERATORS, file)


def load_discriminator(file: str | Path) -> tuple[nn.Module, dict[str, str]]:
    """Return a discriminator that ``save_discriminator`` wrote; as ``load_generator`` in all else.

    Introduced in notebook 05, "What you need".
    """
    return _load("discriminator", DISCRIMINATORS, file)


def _load(
    role: str, known: dict[str, type[nn.Module]], file: str | Path
) -> tuple[nn.Module, dict[str, str]]:
    tensors, about = read_tensors(file, "file of weights")
    name = about.pop(role, None)
    if name not in known:
        raise OSError(
            f"{file} holds no {role} of this course; save_{role} writes such files "
            f"({', '.join(known)})."
        )
    try:
        written = about.pop("sizes", None)
        sizes = _guess(name, tensors) if written is None else json.loads(written)
        network = new_network(lambda: known[name](**sizes))
        network.load_state_dict(tensors)
    except (RuntimeError, IndexError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())  # PyTorch's message has several lines
        raise OSError(f"{file} does not hold the weights of a whole {name} ({reason}).") from error
    return network.eval(), about


def _guess(name: str, tensors: dict[str, torch.Tensor]) -> dict:
    """Find a network's sizes from the shapes of its matrices, for a file that does not say them."""
    matrices = [key for key, tensor in tensors.items() if tensor.ndim == 2]
    matrices.sort(key=lambda key: int(key.split(".")[1]))  # layers.3 comes before layers.12
    sizes = {
        "latent_dim": tensors[matrices[0]].shape[1],  # a weight matrix is (out, in)
        "hidden": tuple(len(tensors[key]) for key in matrices[:-1]),
    }
    wanted = {
        "Generator": ("latent_dim", "hidden"),
        "ArticleGenerator": ("latent_dim",),
        "Discriminator": ("hidden",),
    }
    return {size: sizes[size] for size in wanted.get(name, ())}
