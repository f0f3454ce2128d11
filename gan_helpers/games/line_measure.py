"""What there is to see of a game on the line: densities, D beside D*, V beside its bound, pulls."""

import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from gan_helpers.checks import check_floats, check_network, check_tensor, whole_number
from gan_helpers.games.densities import js_divergence, optimal_discriminator
from gan_helpers.games.points import ToyRun
from gan_helpers.games.targets import LINE, Bars, NormalMixture
from gan_helpers.kinds import check_function, check_kind
from gan_helpers.losses import GeneratorLoss

FAKES = 8000  # for densities and means
FEW = 480  # for the length of G's gradient
ARROWS = 12  # fakes whose pull is shown


def even_z(count: int) -> torch.Tensor:
    """``count`` values of z that divide N(0, 1) into equal shares, in order, shape (count, 1).

    In place of random z where G's density is wanted: the same at each call, and without the
    raggedness of chance. Raises ``TypeError`` and ``ValueError`` unless ``count`` is a whole
    number, at least 1. Introduced in notebook 01, "A game to watch".
    """
    count = whole_number(count, "count", 1)
    shares = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    return torch.special.ndtri(shares).float()[:, None]


def sample_density(samples: torch.Tensor, x: torch.Tensor = LINE) -> torch.Tensor:
    """Histogram of ``samples`` with a bar around each point of ``x``, as a density of area 1.

    ``samples``: shape (N, 1); ``x``: an evenly spaced grid, shape (K,). What lies beyond the grid
    is counted in its first or last bar. Returns shape (K,), for the functions of ``densities``.
    Raises ``TypeError`` for what is no tensor of floats and ``ValueError`` when ``samples`` or
    ``x`` has another shape or ``samples`` is not finite. Introduced in notebook 01, "A game to
    watch".
    """
    _check_line("samples", samples)
    check_tensor(x, "x")
    if x.ndim != 1 or len(x) < 2:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected (K,), K at least 2.")
    if not samples.isfinite().all():
        raise ValueError("samples has NaN or infinite values; the generator has diverged.")
    width = x[1] - x[0]
    last = len(x) - 1
    bar = ((samples[:, 0].to(x.dtype) - x[0]) / width).clamp(0, last).round().long()
    counts = torch.bincount(bar, minlength=len(x)).to(x.dtype)
    counts[[0, last]] *= 2  # the trapezoidal rule gives the ends half a width
    return counts / (len(samples) * width)


@torch.no_grad()
def measured_value(
    discriminator: nn.Module, target: NormalMixture | Bars, fake: torch.Tensor
) -> float:
    """V(D, G) of the networks: integral of p_data log D, plus the mean of log(1 - D) over ``fake``.

    ``fake``: shape (N, 1), best of ``even_z``. In nats; at most -log 4 + 2 JSD(p_data, p_g), which
    only D* reaches (less a trifle for the width of the histogram's bars).

    Raises ``TypeError`` for what is no network, no target on the line or no tensor of floats and
    ``ValueError`` when ``fake`` has another shape.

    Source: Goodfellow et al. 2014, equation 1. Introduced in notebook 01, "A game to watch".
    """
    check_network(discriminator, "discriminator")
    _check_density(target)
    _check_line("fake", fake)
    real_logits = discriminator(LINE[:, None].float())[:, 0].double()
    fake_logits = discriminator(fake).double()
    real_term = torch.trapezoid(target.density(LINE) * F.logsigmoid(real_logits), LINE)
    return (real_term + F.logsigmoid(-fake_logits).mean()).item()


def pull_on_fakes(
    discriminator: nn.Module, generator_loss: GeneratorLoss, fake: torch.Tensor
) -> torch.Tensor:
    """Where ``generator_loss`` pushes each fake: minus its slope by that point, shape as ``fake``.

    The loss is a mean over N points; the pull is N times that, in nats per unit of x.
    Raises ``TypeError`` for what is no network, no function or no tensor of floats. Introduced in
    notebook 01, "A game to watch".
    """
    check_network(discriminator, "discriminator")
    check_function(generator_loss, "generator_loss", "gan_helpers.losses has two.")
    check_floats(fake, "fake")
    leaf = fake.detach().requires_grad_()
    (slope,) = torch.autograd.grad(generator_loss(discriminator(leaf)), leaf)
    return -slope * len(fake)


class LineView(NamedTuple):
    """What ``look`` sees. Densities and answers of D on the grid ``targets.LINE``, shape (240,)."""

    p_data: torch.Tensor
    p_g: torch.Tensor
    d: torch.Tensor  # D(x)
    best_d: torch.Tensor  # D*(x)
    value: float  # V(D, G), measured, in nats
    bound: float  # -log 4 + 2 JSD(p_data, p_g)
    real: tuple[float, float]  # mean and standard deviation
    fake: tuple[float, float]
    points: torch.Tensor  # 12 fakes, evenly spaced in z, shape (12,)
    pulls: torch.Tensor  # on each of them, nats per unit of x, shape (12,)
    g_grad_norm: float  # length of the gradient over all weights of G


def look(run: ToyRun) -> LineView:
    """Everything that the one-dimensional lab shows of ``run``, which it leaves as it is.

    Raises ``TypeError`` for another run and ``ValueError`` for a game in the plane, or when the
    generator has diverged. Introduced in notebook 01, "A game to watch".
    """
    check_kind(run, "run", ToyRun, "start_toy(recipe) makes one.")
    _check_density(run.recipe.target, "run.recipe.target")
    generator, discriminator, loss = run.generator, run.discriminator, run.recipe.generator_loss
    few = loss(discriminator(generator(even_z(FEW))))
    gradient = torch.autograd.grad(few, list(generator.parameters()))
    with torch.no_grad():
        fake = generator(even_z(FAKES))  # (8000, 1)
        points = generator(even_z(ARROWS))
        d = discriminator(LINE[:, None].float())[:, 0].double().sigmoid()
    p_data, p_g = run.recipe.target.density(LINE), sample_density(fake)
    mean = torch.trapezoid(LINE * p_data, LINE).item()
    variance = torch.trapezoid((LINE - mean) ** 2 * p_data, LINE).item()
    return LineView(
        p_data=p_data,
        p_g=p_g,
        d=d,
        best_d=optimal_discriminator(p_data, p_g),
        value=measured_value(discriminator, run.recipe.target, fake),
        bound=2 * js_divergence(p_data, p_g, LINE).item() - math.log(4),
        real=(mean, math.sqrt(variance)),
        fake=(fake.mean().item(), fake.std().item()),
        points=points[:, 0],
        pulls=pull_on_fakes(discriminator, loss, points)[:, 0],
        g_grad_norm=nn.utils.get_total_norm(gradient).item(),
    )


def _check_density(target: NormalMixture | Bars, name: str = "target") -> None:
    if isinstance(target, type) or not callable(getattr(target, "density", None)):
        raise TypeError(
            f"{name} is of type {type(target).__name__}; expected real data on the line, whose "
            "density is known, such as NormalMixture((1.5,), (0.7,)) or Bars()."
        )


def _check_line(name: str, points: torch.Tensor) -> None:
    check_floats(points, name)
    if points.ndim != 2 or points.shape[1] != 1 or len(points) == 0:
        raise ValueError(f"{name} has shape {tuple(points.shape)}; expected (N, 1), N at least 1.")
