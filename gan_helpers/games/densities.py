"""The theory of the game on one-dimensional densities, by quadrature.

Every function takes densities as tensors of the same shape as the grid ``x`` on which they were
evaluated, and integrates with the trapezoidal rule; use float64 and a grid that covers both.
Distributions on curves or surfaces have no density: notebook 01, "When there is no density",
measures them by cells.
"""

import math

import torch

from gan_helpers.checks import check_tensor, number


def normal_density(x: torch.Tensor, mean: float = 0.0, std: float = 1.0) -> torch.Tensor:
    """Density of N(mean, std^2) at ``x``: exp(-(x - mean)^2 / (2 std^2)) / (std sqrt(2 pi)).

    ``mean`` and ``std`` may be tensors of one number each, whose slopes are wanted.
    Raises ``TypeError`` when ``x`` is no tensor or a parameter no number, and ``ValueError`` when
    ``std`` is not positive. Introduced in notebook 01, "Two densities".
    """
    check_tensor(x, "x")
    for name, value, least in (("mean", mean, -math.inf), ("std", std, 0.0)):
        single = isinstance(value, torch.Tensor) and value.numel() == 1
        number(value.item() if single else value, name, above=least)
    return torch.exp(-0.5 * ((x - mean) / std) ** 2) / (std * math.sqrt(2 * math.pi))


def optimal_discriminator(p_data: torch.Tensor, p_g: torch.Tensor) -> torch.Tensor:
    """D*(x) = p_data(x) / (p_data(x) + p_g(x)), the best answer to a fixed generator.

    ``p_data``, ``p_g``: densities, >= 0, same shape. Returns values in [0, 1], the same shape.
    Where neither has mass every answer is as good; it is 1/2 there.

    Raises ``TypeError`` for what is no tensor and ``ValueError`` when a density is negative or the
    shapes differ.

    Source: Goodfellow et al. 2014, proposition 1. Introduced in notebook 01, "The best
    discriminator".
    """
    _check_densities(p_data=p_data, p_g=p_g)
    total = p_data + p_g
    return torch.where(total > 0, p_data / total, 0.5)


def value_function(
    d: torch.Tensor, p_data: torch.Tensor, p_g: torch.Tensor, x: torch.Tensor
) -> torch.Tensor:
    """V(D, G) = integral of p_data log D + p_g log(1 - D), in nats.

    ``d``: the discriminator's outputs on the grid, in [0, 1]; ``p_data``, ``p_g``: densities;
    ``x``: the grid, increasing; all of one shape. Returns a scalar, at most
    2 JSD(p_data, p_g) - log 4 (a mean over samples that D was trained on may be larger); minus
    infinity where ``d`` is exactly 1 although p_g has mass, or exactly 0 although p_data has (a D*
    that was rounded to 1: keep it inside with ``clamp``).

    Raises ``TypeError`` for what is no tensor and ``ValueError`` when ``d`` leaves [0, 1], a
    density is negative, ``x`` does not rise or the shapes differ.

    Source: Goodfellow et al. 2014, equation 3. Introduced in notebook 01, "The value function".
    """
    _check_densities(p_data=p_data, p_g=p_g, x=x)
    check_tensor(d, "d")
    if d.shape != x.shape:
        raise ValueError(f"d has shape {tuple(d.shape)}; expected {tuple(x.shape)}, that of x.")
    if not ((d >= 0) & (d <= 1)).all():
        raise ValueError(
            f"d has values from {d.min():.3g} to {d.max():.3g}; expected probabilities in [0, 1]. "
            "Pass logits through torch.sigmoid."
        )
    # xlogy(0, 0) = 0: where a density has no mass, its term is 0 whatever D says there.
    return torch.trapezoid(torch.xlogy(p_data, d) + torch.xlogy(p_g, 1 - d), x)


def kl_divergence(p: torch.Tensor, q: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """KL(p, q) = integral of p log(p / q), in nats; infinite where p has mass and q has none.

    ``p``, ``q``: densities on the grid ``x``, all of one shape. Returns a scalar in [0, inf].
    Raises ``TypeError`` for what is no tensor and ``ValueError`` when a density is negative or the
    shapes differ.

    Source: Kullback and Leibler 1951. Introduced in notebook 01, "What the game measures".
    """
    _check_densities(p=p, q=q, x=x)
    return torch.trapezoid(torch.xlogy(p, p) - torch.xlogy(p, q), x)


def js_divergence(p: torch.Tensor, q: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """JSD(p, q) = KL(p, m) / 2 + KL(q, m) / 2 with m = (p + q) / 2, in nats.

    ``p``, ``q``: densities on the grid ``x``, all of one shape. Returns a scalar in [0, log 2]:
    0 for equal densities, log 2 = 0.693 for densities that share no mass.
    Raises ``TypeError`` for what is no tensor and ``ValueError`` when a density is negative or the
    shapes differ.

    Source: Lin 1991; Goodfellow et al. 2014, theorem 1. Introduced in notebook 01, "What the game
    measures".
    """
    _check_densities(p=p, q=q, x=x)
    # p / m is 2 p / (p + q): written so, m cannot round to 0 where p does not.
    p_share = optimal_discriminator(p, q)
    q_share = optimal_discriminator(q, p)
    return torch.trapezoid(torch.xlogy(p, 2 * p_share) + torch.xlogy(q, 2 * q_share), x) / 2


def _check_densities(**given: torch.Tensor) -> None:
    """Raise unless all are tensors of one shape: densities and, where there is one, the grid x."""
    for name, tensor in given.items():
        check_tensor(tensor, name)
    shapes = {name: tuple(tensor.shape) for name, tensor in given.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"The shapes differ: {shapes}; expected all of one shape, the grid's.")
    x = given.pop("x", None)
    if x is not None and not (x.shape[-1:].numel() > 1 and (x.diff() > 0).all()):
        raise ValueError(
            f"x, of shape {tuple(x.shape)}, does not rise from point to point; expected an "
            "increasing grid of at least 2 points. torch.linspace(-6, 6, 1001) makes one."
        )
    for name, density in given.items():
        if not (density >= 0).all():
            raise ValueError(
                f"{name} has a negative value or NaN ({density.min():.3g}); expected a density, "
                "which is >= 0 everywhere."
            )
