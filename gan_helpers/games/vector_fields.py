"""Games of two numbers: one for the generator, one for the discriminator. Small enough to solve.

A game is a **vector field**: a function from points (..., 2) to velocities (..., 2), in which
``[..., 0]`` belongs to the generator and ``[..., 1]`` to the discriminator. Each velocity is minus
the slope of that player's own loss, and training follows it.
"""

from collections.abc import Callable

import numpy as np
import torch

from gan_helpers.checks import check_floats, number, whole_number
from gan_helpers.kinds import check_function

VectorField = Callable[[torch.Tensor], torch.Tensor]


def bilinear_field(point: torch.Tensor) -> torch.Tensor:
    """The game min_a max_b a b: velocities (-b, a), at right angles to the way to (0, 0).

    ``point`` and result: float, shape (..., 2), (a, b). Raises ``TypeError`` for what is no tensor
    of floats and ``ValueError`` for another shape.

    Source: Goodfellow 2016, section 8.2 (a circle around the equilibrium). Introduced in notebook
    07, "Oscillation".
    """
    a, b = _two(point)
    return torch.stack((-b, a), -1)


def dirac_field(
    point: torch.Tensor,
    saturating: bool = False,
    gradient_penalty: float = 0.0,
    noise_std: float = 0.0,
) -> torch.Tensor:
    """The Dirac-GAN: all data are 0, G makes one point theta, and D has the logit psi x.

    Its losses are those of ``gan_helpers.losses``: d_loss = log 2 - log(1 - D(theta)), and g_loss
    = -log D(theta), or log(1 - D(theta)) where ``saturating``. With D = sigmoid(psi theta), the
    velocities are

        theta: psi (1 - D), or psi D where saturating
        psi:   -theta D - gradient_penalty psi

    The equilibrium is (0, 0), with the eigenvalues +-i / 2. The saturating flow circles it; the
    other falls toward it, ever more slowly: d/dt (theta^2 + psi^2) / 2 = theta psi (1 - 2 D) <= 0.

    ``gradient_penalty`` is the gamma of R1 = gamma / 2 (slope of the logit at the data)^2.
    ``noise_std`` is the standard deviation of instance noise, added to real and to generated
    points; the velocities are then means over the noise by Gauss-Hermite quadrature with 32 nodes,
    right to 1e-6 where |psi| noise_std <= 2, and to 5e-3 at 6.

    ``point`` and result: float, shape (..., 2), (theta, psi). Raises ``TypeError`` for what is no
    tensor of floats or no number and ``ValueError`` for another shape or a negative number.

    Source: Mescheder et al. 2018, sections 2 (the game) and 3 (noise, penalties); there D counts
    the other way round. Introduced in notebook 07, "Oscillation".
    """
    for name, value in (("gradient_penalty", gradient_penalty), ("noise_std", noise_std)):
        number(value, name, least=0)
    theta, psi = (part.unsqueeze(-1) for part in _two(point))  # (..., 1): room for the noise
    nodes, weights = np.polynomial.hermite_e.hermegauss(32)  # means over N(0, 1)
    weights = torch.as_tensor(weights / weights.sum()).to(point)  # its device, too
    real = noise_std * torch.as_tensor(nodes).to(point)
    fake = theta + real

    d_fake = torch.sigmoid(psi * fake)  # (..., 32)
    up_theta = psi * (d_fake if saturating else 1 - d_fake)
    up_psi = real * torch.sigmoid(-psi * real) - fake * d_fake
    up_theta, up_psi = (up_theta * weights).sum(-1), (up_psi * weights).sum(-1)
    return torch.stack((up_theta, up_psi - gradient_penalty * psi.squeeze(-1)), -1)


def game_update(
    field: VectorField,
    point: torch.Tensor,
    rate: float,
    d_steps: int = 1,
    alternating: bool = True,
) -> torch.Tensor:
    """One update of both: ``d_steps`` steps of D, then one of G, each ``rate`` times ``field``.

    ``alternating``: G answers the new D; otherwise (**simultaneous**) both answer the old opponent.
    ``point`` and result: shape (..., 2). Raises ``TypeError`` for what is no field, no tensor of
    floats or no number, and ``ValueError`` when ``rate`` is not positive, ``d_steps`` is below 1,
    or a shape is another.

    Source: Goodfellow et al. 2014, algorithm 1 (alternating); Mescheder et al. 2018, section 2.
    Introduced in notebook 07, "Oscillation".
    """
    check_function(field, "field", "bilinear_field is one.")
    number(rate, "rate", above=0)
    d_steps = whole_number(d_steps, "d_steps", 1)
    generator, discriminator = _two(point)
    for _ in range(d_steps):
        velocity = field(torch.stack((generator, discriminator), -1))
        if getattr(velocity, "shape", None) != point.shape:
            raise ValueError(
                f"field gives no velocities of shape {tuple(point.shape)}, that of the point; "
                "expected one number for each player: torch.stack((...), -1) puts them together."
            )
        discriminator = discriminator + rate * velocity[..., 1]
    seen = torch.stack((generator, discriminator), -1) if alternating else point
    return torch.stack((generator + rate * field(seen)[..., 0], discriminator), -1)


def trajectory(
    field: VectorField,
    start: torch.Tensor,
    rate: float,
    steps: int,
    d_steps: int = 1,
    alternating: bool = True,
) -> torch.Tensor:
    """The points that ``steps`` updates from ``start`` pass through, shape (steps + 1, ..., 2).

    Arguments and errors as for ``game_update``; ``start``: shape (..., 2), several at once if
    wanted. Introduced in notebook 07, "Oscillation".
    """
    steps = whole_number(steps, "steps", 0)
    _two(start, "start")
    points = [start]
    for _ in range(steps):
        points.append(game_update(field, points[-1], rate, d_steps, alternating))
    return torch.stack(points)


def eigenvalues(function: VectorField, point: torch.Tensor) -> torch.Tensor:
    """The eigenvalues of the Jacobian of ``function`` at ``point``, complex, as many as numbers.

    ``function``: a field, whose equilibrium attracts where both real parts are negative, or an
    update, ``lambda p: game_update(field, p, rate)``, whose fixed point attracts where both
    absolute values are below 1. The Jacobian is autograd's: nothing is approximated.

    ``point`` and result: shape (K,). K is 2 for a game of two numbers; an update with a memory
    (momentum, say) has more. Raises ``TypeError`` for what is no function or no tensor of floats
    and ``ValueError`` for another shape.

    Source: Mescheder et al. 2018, section 2 and appendix A. Introduced in notebook 07,
    "Oscillation".
    """
    check_function(function, "function", "bilinear_field is one.")
    check_floats(point, "point")
    if point.ndim != 1 or len(point) == 0:
        raise ValueError(f"point has shape {tuple(point.shape)}; expected (K,), one point.")
    return torch.linalg.eigvals(torch.func.jacrev(function)(point))


def _two(point: torch.Tensor, name: str = "point") -> tuple[torch.Tensor, torch.Tensor]:
    check_floats(point, name)
    if point.ndim < 1 or point.shape[-1] != 2:
        raise ValueError(
            f"{name} has shape {tuple(point.shape)}; expected (..., 2): the generator's number, "
            "then the discriminator's."
        )
    return point[..., 0], point[..., 1]
