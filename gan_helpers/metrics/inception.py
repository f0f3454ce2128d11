"""Features of Inception-v3, through torchmetrics; the weights are downloaded by its library."""

from functools import lru_cache

import torch
from torch import nn

from gan_helpers.checks import check_images, check_tensor
from gan_helpers.progress import progress_bar

INCEPTION_FEATURES = 2048
BATCH = 50


@lru_cache(maxsize=1)
def load_inception() -> nn.Module:
    """Inception-v3 with the weights of the published Frechet distances; read once, then kept.

    uint8 images, shape (N, 3, H, W), -> float features, shape (N, 2048). It is torchmetrics' own
    ``NoTrainInceptionV3``; the first call downloads 96 MB, which torch-fidelity keeps. Raises
    ``OSError`` without the package torch-fidelity, and when the weights cannot be downloaded.

    Source: Szegedy et al. 2016 (the network); Heusel et al. 2017 (the distance). Introduced in
    notebook 10, "Measuring other pictures".
    """
    from torchmetrics.image.fid import NoTrainInceptionV3  # takes seconds, and only this needs it

    try:
        network = NoTrainInceptionV3("inception-v3-compat", [str(INCEPTION_FEATURES)])
    except ModuleNotFoundError as error:
        raise OSError(
            "features is 'inception', and the package torch-fidelity is missing; install it with "
            "pip install 'gan-helpers[inception]', or with pip install -e '.[inception]' in the "
            "repository."
        ) from error
    except (OSError, RuntimeError) as error:  # urllib's URLError is an OSError
        reason = " ".join(str(error).split())
        raise OSError(
            f"features is 'inception', and its weights could not be downloaded or read ({reason}). "
            "Connect this machine to the internet for the first call, or leave features out."
        ) from error
    return network.to("cuda" if torch.cuda.is_available() else "cpu")


@torch.no_grad()
def inception_features(images: torch.Tensor, progress: bool = True) -> torch.Tensor:
    """Features of ``images`` after Inception's last pooling: float32, shape (N, 2048), on the CPU.

    ``images``: uint8, shape (N, 1, H, W) or (N, 3, H, W), N at least 1. Grey is copied to three
    channels, and torchmetrics brings each image to 299 x 299 pixels, bilinearly and antialiased.
    Published Frechet distances cannot be compared with those of these features: they are of other
    numbers of images and of another resizing, and few of them are of grey images. Only compare
    what this function has seen, at one N. A GPU is used where there is one; one core of
    a server's CPU took 0.2 s an image, more than half an hour for 10,000.

    Raises ``TypeError`` and ``ValueError`` for other images, ``OSError`` as ``load_inception``.
    Introduced in notebook 10, "Measuring other pictures".
    """
    check_tensor(images, "images")
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        check_images(images, "images", (3, *images.shape[-2:]) if images.ndim >= 2 else (3, 32, 32))
    check_images(images, "images", tuple(images.shape[1:]))
    network, parts = load_inception(), []
    device = next((weight.device for weight in network.parameters()), torch.device("cpu"))
    with progress_bar(total=len(images), unit="image", desc="Inception", disable=not progress) as b:
        for part in images.split(BATCH):
            parts.append(network(part.expand(-1, 3, -1, -1).to(device)).float().cpu())
            b.update(len(part))
    return torch.cat(parts)
