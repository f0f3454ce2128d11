"""A generator's weights in a file: safetensors, so that nothing has to be unpickled."""

from pathlib import Path

import torch
from safetensors.torch import save
from torch import nn

from gan_helpers.files import read_tensors, write_whole
from gan_helpers.models import ArticleGenerator, Generator

NETWORKS = {"Generator": Generator, "ArticleGenerator": ArticleGenerator}


def save_generator(
    generator: nn.Module, file: str | Path, about: dict[str, str], half: bool = False
) -> None:
    """Write the weights of ``generator`` to a safetensors file, with ``about`` as its metadata.

    ``about`` says in words where they come from (command, seed, machine). ``half`` stores the
    weight matrices in 16 bits: half the size, an error of about one part in 2,000 a weight. A
    missing folder is made; an older file is replaced only when the new one is complete.

    Raises ``TypeError`` when ``generator`` is not one of the course's.
    Introduced in notebook 04, "Keeping the generator".
    """
    name = type(generator).__name__
    if NETWORKS.get(name) is not type(generator):
        raise TypeError(f"generator is a {name}; expected one of {', '.join(NETWORKS)}.")
    tensors = {
        key: tensor.half() if half and tensor.ndim == 2 else tensor
        for key, tensor in generator.state_dict().items()
    }
    write_whole(Path(file), save(tensors, {**about, "generator": name}))


def load_generator(file: str | Path) -> tuple[nn.Module, dict[str, str]]:
    """Read a generator that ``save_generator`` wrote: the network, in eval mode, and its about.

    Raises ``FileNotFoundError`` when the file is missing and ``OSError`` when it is damaged or
    holds something else. Introduced in notebook 04, "Keeping the generator".
    """
    tensors, about = read_tensors(file, "file of weights")
    name = about.pop("generator", None)
    if name not in NETWORKS:
        raise OSError(
            f"{file} holds no generator of this course; save_generator writes such files "
            f"({', '.join(NETWORKS)})."
        )
    try:
        matrices = [key for key, tensor in tensors.items() if tensor.ndim == 2]
        matrices.sort(key=lambda key: int(key.split(".")[1]))  # layers.3.weight before layers.12.
        latent_dim = tensors[matrices[0]].shape[1]  # a weight matrix is (out, in)
        with torch.random.fork_rng(devices=[]):  # PyTorch draws first weights, which we replace
            if name == "Generator":
                hidden = tuple(len(tensors[key]) for key in matrices[:-1])
                generator = Generator(latent_dim, hidden)
            else:
                generator = ArticleGenerator(latent_dim)
            generator.load_state_dict(tensors)
    except (RuntimeError, IndexError, ValueError) as error:
        reason = " ".join(str(error).split())  # PyTorch's own has several lines
        raise OSError(f"{file} does not hold the weights of a whole {name} ({reason}).") from error
    return generator.eval(), about
