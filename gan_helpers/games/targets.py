"""Targets of the games on points: real data on a line and in the plane whose density is known."""

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch

from gan_helpers.checks import check_tensor, number, whole_number
from gan_helpers.games.densities import normal_density

# Points in the middle of cells of width 0.05, so that no edge of a box falls on a point.
LINE = torch.arange(-5.975, 6, 0.05, dtype=torch.float64)  # (240,)


class Target(Protocol):
    """Real data: ``dim`` numbers each, of which ``sample`` draws (count, dim), float32."""

    dim: int

    def sample(self, count: int, rng: torch.Generator) -> torch.Tensor: ...


@dataclass(frozen=True)
class NormalMixture:
    """p_data(x) = sum_k weight_k N(x; mean_k, std_k^2) on the line, weights scaled to sum 1.

    Raises ``TypeError`` for what is no tuple of numbers, and ``ValueError`` when the three lengths
    differ, a std is not positive, a weight is negative or all are 0. Introduced in notebook 01, "A
    game to watch".
    """

    means: tuple[float, ...] = (0.0,)
    stds: tuple[float, ...] = (1.0,)
    weights: tuple[float, ...] = (1.0,)
    dim = 1

    def __post_init__(self) -> None:
        check_numbers(self.means, "means")
        check_numbers(self.stds, "stds", above=0)
        _check_weights(self.weights, "weights")
        lengths = len(self.means), len(self.stds), len(self.weights)
        if len(set(lengths)) > 1:
            raise ValueError(f"means, stds and weights have lengths {lengths}; expected all equal.")

    def density(self, x: torch.Tensor) -> torch.Tensor:
        """The density at ``x``, of the same shape."""
        parts = zip(self.weights, self.means, self.stds, strict=True)
        return sum(w * normal_density(x, mean, std) for w, mean, std in parts) / sum(self.weights)

    def sample(self, count: int, rng: torch.Generator) -> torch.Tensor:
        """``count`` independent draws, float32, shape (count, 1)."""
        k = torch.multinomial(torch.tensor(self.weights), count, replacement=True, generator=rng)
        noise = torch.randn(count, generator=rng)
        return (torch.tensor(self.means)[k] + torch.tensor(self.stds)[k] * noise)[:, None]


@dataclass(frozen=True)
class Bars:
    """A density drawn by hand: bars of equal width between ``low`` and ``high``, heights in ratio.

    The heights are made to enclose the area 1; one bar is the uniform density.
    Raises ``TypeError`` for what is no number, or no tuple of them, and ``ValueError`` when ``low``
    is not below ``high``, a height is negative or all are 0. Introduced in notebook 01, "A game
    to watch".
    """

    heights: tuple[float, ...] = (1.0,)
    low: float = -3.0
    high: float = 3.0
    dim = 1

    def __post_init__(self) -> None:
        number(self.low, "low")
        number(self.high, "high")
        if not self.low < self.high:
            raise ValueError(f"low is {self.low} and high is {self.high}; expected low < high.")
        _check_weights(self.heights, "heights")

    @property
    def width(self) -> float:
        """Width of one bar."""
        return (self.high - self.low) / len(self.heights)

    def density(self, x: torch.Tensor) -> torch.Tensor:
        """The density at ``x``, of the same shape; at an edge, that of the bar on the right."""
        heights = torch.tensor(self.heights, dtype=x.dtype)
        bar = torch.floor((x - self.low) / self.width).long()
        inside = (bar >= 0) & (bar < len(heights))
        bar = bar.clamp(0, len(heights) - 1)
        return torch.where(inside, heights[bar] / (heights.sum() * self.width), 0.0)

    def sample(self, count: int, rng: torch.Generator) -> torch.Tensor:
        """``count`` independent draws, float32, shape (count, 1)."""
        bar = torch.multinomial(torch.tensor(self.heights), count, replacement=True, generator=rng)
        return (self.low + (bar + torch.rand(count, generator=rng)) * self.width)[:, None]


def _check_weights(weights: tuple[float, ...], name: str) -> None:
    if not sum(check_numbers(weights, name, least=0)) > 0:
        raise ValueError(f"{name} is {weights}; expected numbers >= 0, one of them above 0.")


def check_numbers(
    values: tuple[float, ...], name: str, whole: bool = False, **bounds: float
) -> tuple[float, ...]:
    """``values``; raises unless it is a tuple or list of finite numbers within ``bounds``.

    ``bounds``: as for ``checks.number``; ``whole``: of whole numbers, at least 1. Raises
    ``TypeError`` and ``ValueError``.
    """
    if not isinstance(values, (tuple, list)):
        raise TypeError(
            f"{name} is {values!r}; expected a tuple of numbers, such as (1, 2) or (1,)."
        )
    for place, value in enumerate(values):
        if whole:
            whole_number(value, f"{name}[{place}]", 1)
        else:
            number(value, f"{name}[{place}]", **bounds)
    return values


# --- in the plane -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Gaussians:
    """Equally likely round Gaussians N(centre_k, std^2 I): see ``ring`` and ``grid``.

    ``centres``: float, shape (K, dim). Raises ``TypeError`` for what is no tensor or no number and
    ``ValueError`` for another shape or a std that is not positive. Introduced in notebook 07, "Mode
    collapse".
    """

    centres: torch.Tensor
    std: float

    def __post_init__(self) -> None:
        check_tensor(self.centres, "centres")
        if self.centres.ndim != 2 or self.centres.numel() == 0:
            raise ValueError(f"centres has shape {tuple(self.centres.shape)}; expected (K, dim).")
        number(self.std, "std", above=0)

    @property
    def dim(self) -> int:
        """Numbers in a point."""
        return self.centres.shape[1]

    def sample(self, count: int, rng: torch.Generator) -> torch.Tensor:
        """``count`` independent draws, shape (count, dim)."""
        k = torch.randint(len(self.centres), (count,), generator=rng)
        return self.centres[k].float() + self.std * torch.randn(count, self.dim, generator=rng)


def ring(modes: int = 8, radius: float = 2.0, std: float = 0.02) -> Gaussians:
    """``modes`` Gaussians evenly spaced on a circle around 0, the first at (radius, 0).

    Raises ``TypeError`` for what is no number and ``ValueError`` when ``modes`` is below 1 or
    ``std`` not positive. Source: Metz et al. 2017, section 3.1.
    Introduced in notebook 07, "Mode collapse".
    """
    modes = whole_number(modes, "modes", 1)
    number(radius, "radius")
    angle = 2 * math.pi * torch.arange(modes) / modes
    return Gaussians(radius * torch.stack((angle.cos(), angle.sin()), 1), std)


def grid(side: int = 5, spacing: float = 2.0, std: float = 0.05) -> Gaussians:
    """``side`` x ``side`` Gaussians on a square grid around 0.

    Raises ``TypeError`` for what is no number and ``ValueError`` when ``side`` is below 1 or
    ``std`` not positive. Source: Lin et al. 2018 (PacGAN), section 4.1.
    Introduced in notebook 07, "Mode collapse".
    """
    side = whole_number(side, "side", 1)
    number(spacing, "spacing")
    line = spacing * (torch.arange(side) - (side - 1) / 2)
    return Gaussians(torch.cartesian_prod(line, line), std)


class ModesFound(NamedTuple):
    """What ``modes_found`` counts."""

    modes: int  # centres that at least one high-quality sample belongs to
    high_quality: float  # share of the samples that are within 3 std of a centre
    counts: torch.Tensor  # high-quality samples of each centre, int64, shape (K,)


def modes_found(samples: torch.Tensor, centres: torch.Tensor, std: float) -> ModesFound:
    """How many modes ``samples`` hit, and the share of them that lies on a mode at all.

    A sample is of **high quality** when its distance to the nearest centre is at most 3 ``std``; a
    mode is **found** when at least one such sample belongs to it. The usual count of samples is
    2,500. (In the plane 1.1 % of the *real* samples lie further out: exp(-9 / 2).)

    ``samples``: (N, dim); ``centres``: (K, dim). Raises ``TypeError`` for what is no tensor or no
    number, and ``ValueError`` when the shapes do not fit, there are no samples, a value is not
    finite, or ``std`` is not positive.

    Source: Lin et al. 2018 (PacGAN), section 4.1. Introduced in notebook 07, "Mode collapse".
    """
    check_tensor(samples, "samples")
    check_tensor(centres, "centres")
    if (
        samples.ndim != 2
        or samples.shape[1:] != centres.shape[1:]
        or not (len(samples) and len(centres))
    ):
        raise ValueError(
            f"samples has shape {tuple(samples.shape)} and centres {tuple(centres.shape)}; "
            "expected (N, dim) and (K, dim), with the same dim, N and K at least 1."
        )
    number(std, "std", above=0)
    if not samples.isfinite().all():
        raise ValueError("samples has NaN or infinite values; the generator has diverged.")
    if not centres.isfinite().all():
        raise ValueError("centres has NaN or infinite values; expected finite ones.")
    distance, nearest = torch.cdist(samples.float(), centres.float()).min(1)
    good = distance <= 3 * std
    counts = torch.bincount(nearest[good], minlength=len(centres))
    return ModesFound(int((counts > 0).sum()), good.double().mean().item(), counts)
