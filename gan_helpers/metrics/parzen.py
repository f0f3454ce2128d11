"""Parzen windows: the likelihood of real images under Gaussians around the samples."""

import math

import torch

from gan_helpers.checks import check_tensor, number
from gan_helpers.metrics.checks import check_same_width, pixel_rows
from gan_helpers.metrics.neighbours import BLOCK
from gan_helpers.progress import progress_bar

SIGMAS = tuple(torch.logspace(-1, 0, 10, dtype=torch.float64).tolist())  # those of the paper's code


# --- Parzen windows -----------------------------------------------------------------------------


def parzen_log_likelihood(
    images: torch.Tensor, samples: torch.Tensor, sigma: float, progress: bool = True
) -> torch.Tensor:
    """Log-likelihood of each image under Gaussians of width ``sigma`` around the samples, in nats.

    LL(x) = log (1/M) sum_j exp(-|x - s_j|^2 / (2 sigma^2)) - d log(sigma sqrt(2 pi)), with d pixels
    in [0, 1].

    ``images``, shape (N, ...), and ``samples``, shape (M, ...), are uint8, converted to [0, 1]
    here, or floats in [0, 1]; ``sigma`` is in the same unit, above 0. Returns float64, shape (N,).

    Raises ``TypeError`` for another dtype or what is no number, ``ValueError`` for other ranges or
    shapes.

    Source: Goodfellow et al. 2014, section 5; Breuleux et al. 2011. Introduced in notebook 06,
    "Parzen windows".
    """
    return _parzen(images, samples, (sigma,), progress)[0]


def choose_sigma(
    validation: torch.Tensor,
    samples: torch.Tensor,
    sigmas: tuple[float, ...] = SIGMAS,
    progress: bool = True,
) -> tuple[float, torch.Tensor]:
    """The sigma with the highest mean log-likelihood of ``validation``, and the mean for each.

    The default ``sigmas`` are those of the paper's code, ``logspace(-1, 0, 10)``. Images and errors
    as for ``parzen_log_likelihood``; the means are float64, shape (len(sigmas),), in nats.

    Source: Goodfellow et al. 2014, section 5, and ``parzen_ll.py`` of its code. Introduced in
    notebook 06, "Parzen windows".
    """
    means = _parzen(validation, samples, sigmas, progress).mean(dim=1)
    return sigmas[int(means.argmax())], means


def mean_and_error(values: torch.Tensor) -> tuple[float, float]:
    """Mean of ``values``, shape (N,), and its standard error, std / sqrt(N), in their unit.

    Raises ``TypeError`` for what is no tensor, ``ValueError`` for fewer than two values.
    Introduced in notebook 06, "Parzen windows".
    """
    check_tensor(values, "values")
    values = values.double()
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(f"values has shape {tuple(values.shape)}; expected (N,), N at least 2.")
    return values.mean().item(), values.std(correction=0).item() / math.sqrt(len(values))


def _parzen(
    images: torch.Tensor, samples: torch.Tensor, sigmas: tuple[float, ...], progress: bool
) -> torch.Tensor:
    x, s = pixel_rows(images, "images"), pixel_rows(samples, "samples")
    check_same_width(x, s, "images", "samples")
    if not isinstance(sigmas, (tuple, list)) or len(sigmas) == 0:
        kind = ValueError if isinstance(sigmas, (tuple, list)) else TypeError
        raise kind(f"sigmas is {sigmas!r}; expected at least one width, such as (0.1, 0.2).")
    hint = "It is a width, in units of pixels in [0, 1]."
    sigmas = tuple(number(sigma, "sigma", above=0, hint=hint) for sigma in sigmas)
    # -|x - s|^2 / 2 = x.s - |s|^2 / 2 - |x|^2 / 2: one matrix product, the rest is cheap.
    half_s, half_x = s.square().sum(1) / 2, x.square().sum(1) / 2
    result = torch.empty(len(sigmas), len(x), dtype=torch.float64)
    with progress_bar(total=len(x), unit="image", desc="Parzen", disable=not progress) as bar:
        for start in range(0, len(x), BLOCK):
            rows = slice(start, start + BLOCK)
            exponent = torch.addmm(-half_s, x[rows], s.T)  # (block, M)
            highest = exponent.amax(dim=1, keepdim=True)
            exponent -= highest  # the largest term of each sum becomes exp(0)
            for i, sigma in enumerate(sigmas):
                # Terms below exp(-60) add nothing to that; exp of less would give subnormal
                # numbers, which processors are slow at.
                total = (exponent / sigma**2).clamp_(min=-60).exp_().sum(dim=1)
                result[i, rows] = total.log() + (highest[:, 0] - half_x[rows]) / sigma**2
            bar.update(len(exponent))
    normalisation = torch.tensor(
        [s.shape[1] * math.log(w * math.sqrt(2 * math.pi)) for w in sigmas], dtype=torch.float64
    )
    return result - math.log(len(s)) - normalisation.unsqueeze(1)
