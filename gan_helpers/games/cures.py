"""Cures of published papers for games on points: a penalty on D, other losses, a D
that sees batches, unrolling.

Notebook 07 measures which of them helps against what.
"""

from collections.abc import Callable

import torch
from torch import nn

from gan_helpers.checks import MOST_SEED, check_seed, check_tensor, number, whole_number
from gan_helpers.games.points import (
    ToyDiscriminator,
    ToyRun,
    draw_toy_z,
    set_adam,
    toy_d_step,
    toy_g_step,
)
from gan_helpers.kinds import check_function, check_kind
from gan_helpers.losses import discriminator_loss
from gan_helpers.models import new_network
from gan_helpers.training import check_finite, generator_step

# Real and fake logits, (N, 1) each -> scalar.
PairLoss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

# --- a penalty on D's slope -----------------------------------------------------------------------


def penalised_toy_step(run: ToyRun, gamma: float) -> tuple[float, float]:
    """``toy_step`` with R1, a penalty on D's slope at the real points, added to ``d_loss``:

        gamma / 2 * mean over x of |d logit(x) / d x|^2

    Returns the last ``d_loss`` without the penalty, and ``g_loss``. Raises ``TypeError`` when
    ``gamma`` is no number and ``ValueError`` when it is negative.

    Source: Mescheder et al. 2018, section 4.1, equation 9. Introduced in notebook 07,
    "Oscillation".
    """
    number(gamma, "gamma", least=0)
    return _penalised_d_steps(run, discriminator_loss, gamma), toy_g_step(run)


def _penalised_d_steps(run: ToyRun, loss: PairLoss, gamma: float) -> float:
    """The steps of D before one of G, with R1 times ``gamma``; the last loss without it."""
    recipe = run.recipe
    set_adam(run.d_optimizer, recipe.d_rate, recipe.betas)
    for _ in range(recipe.d_steps):
        real = recipe.target.sample(recipe.batch_size, run.rng).requires_grad_(gamma > 0)
        with torch.no_grad():
            fake = run.generator(draw_toy_z(run))
        real_logits = run.discriminator(real)
        d_loss = _scalar("d_loss", loss(real_logits, run.discriminator(fake)))
        penalty = 0.0
        if gamma > 0:
            (slope,) = torch.autograd.grad(real_logits.sum(), real, create_graph=True)  # (N, dim)
            penalty = gamma / 2 * slope.square().sum(1).mean()
        check_finite("discriminator", d_loss + penalty)
        run.d_optimizer.zero_grad()
        (d_loss + penalty).backward()
        run.d_optimizer.step()
        run.d_steps += 1
    return d_loss.item()


def _scalar(name: str, loss: torch.Tensor) -> torch.Tensor:
    if getattr(loss, "shape", None) != ():
        raise ValueError(f"{name} gives no scalar; expected a function that takes the mean.")
    return loss


# --- other losses ---------------------------------------------------------------------------------


def toy_step_with(
    run: ToyRun, d_loss: PairLoss, g_loss: PairLoss, gamma: float = 0.0
) -> tuple[float, float]:
    """``toy_step`` with any losses of both players, and R1 times ``gamma`` where it is above 0.

    ``d_loss`` and ``g_loss`` take the real and the fake logits, (N, 1) each, and return a scalar,
    in nats or whatever it counts. (G's loss may look at the real ones, too: a relativistic one
    does.) Returns the last ``d_loss`` without the penalty, and ``g_loss``.

    Raises ``TypeError`` when a loss is no function or ``gamma`` no number, and ``ValueError`` when
    it is negative or a loss gives no scalar. Introduced in notebook 07, "Beyond the vanilla loss".
    """
    for name, loss in (("d_loss", d_loss), ("g_loss", g_loss)):
        check_function(loss, name, "It takes the real and the fake logits.")
    number(gamma, "gamma", least=0)
    told = _penalised_d_steps(run, d_loss, gamma)
    recipe = run.recipe
    set_adam(run.g_optimizer, recipe.g_rate, recipe.betas)
    real = recipe.target.sample(recipe.batch_size, run.rng)
    fake = run.generator(draw_toy_z(run))

    def of_fakes(fake_logits: torch.Tensor) -> torch.Tensor:
        return _scalar("g_loss", g_loss(run.discriminator(real), fake_logits))

    loss, _ = generator_step(run.discriminator, run.g_optimizer, fake, of_fakes)
    run.g_steps += 1
    return told, loss.item()


# --- minibatch statistics -----------------------------------------------------------------------


class BatchSpread(nn.Module):
    """Append to every point one number more: how far the points of its batch lie apart.

    The number is the standard deviation over the batch, averaged over the coordinates. Without it
    D judges each point alone, and a thousand copies of one good fake are a thousand good fakes.

    ``group_size``: successive points that make one batch, so that real and generated ones, which
    the discriminator's step sends through together, are not mixed.
    Input: float, shape (N, dim), N a multiple of ``group_size``. Output: shape (N, dim + 1).
    Raises ``TypeError`` for what is no tensor, and for a ``group_size`` that is no whole number;
    ``ValueError`` for another shape or a ``group_size`` below 2.

    Source: Salimans et al. 2016, section 3.2 (D looks at a batch), which uses distances; Karras et
    al. 2018, section 3 (the standard deviation). Introduced in notebook 07, "Mode collapse".
    """

    def __init__(self, group_size: int):
        super().__init__()
        hint = "One point alone has no spread."
        self.group_size = whole_number(group_size, "group_size", 2, hint=hint)

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        check_tensor(points, "points")
        if points.ndim != 2 or len(points) == 0 or len(points) % self.group_size:
            raise ValueError(
                f"points has shape {tuple(points.shape)}; expected (N, dim), N a multiple of the "
                f"group_size {self.group_size}, the recipe's batch_size."
            )
        groups = points.view(-1, self.group_size, points.shape[1])  # (batches, group_size, dim)
        variance = groups.var(1, correction=0)
        spread = (variance + 1e-8).sqrt().mean(1)  # (batches,); 1e-8: a slope at spread 0
        return torch.cat((points, spread.repeat_interleave(self.group_size)[:, None]), 1)


def show_batch_spread(run: ToyRun, seed: int = 0) -> ToyRun:
    """Give ``run`` a new discriminator, which sees ``BatchSpread``; returns ``run``.

    Its first weights come from ``seed``. For a run that has made no step: raises ``ValueError``
    otherwise, and as ``start_toy`` does. Introduced in notebook 07, "Mode collapse".
    """
    check_kind(run, "run", ToyRun, "start_toy(recipe) makes one.")
    seed = check_seed(seed, most=MOST_SEED // 4)
    if run.d_steps or run.g_steps:
        raise ValueError(
            f"the run has made {run.d_steps} steps of D and {run.g_steps} of G; expected a new run."
        )
    recipe = run.recipe
    run.discriminator = nn.Sequential(
        BatchSpread(recipe.batch_size),
        new_network(lambda: ToyDiscriminator(recipe.target.dim + 1, recipe.hidden), 3 * seed + 1),
    )
    run.d_optimizer = torch.optim.Adam(run.discriminator.parameters(), fused=True)
    return run


# --- unrolling ----------------------------------------------------------------------------------


def unrolled_toy_step(
    run: ToyRun, look_ahead: int, rate: float, through: bool = True
) -> tuple[float, float]:
    """``toy_step`` with a G that answers the D of ``look_ahead`` steps later.

    D makes its steps as always. Then a copy of its weights w goes ``look_ahead`` steps of plain
    gradient descent down d_loss on one batch, w <- w - rate d(d_loss)/dw, and G descends its loss
    against that copy, which is then thrown away. With ``through``, the slope is taken through these
    steps, as in the paper: it also knows how D would answer a change of the fakes. Without, G takes
    the copy as given; that is cheaper, and only half of the paper's method.

    Returns the last ``d_loss``, and G's loss against the copy. Raises ``TypeError`` and
    ``ValueError`` unless ``look_ahead`` is a whole number, at least 1, and ``rate`` positive.

    Source: Metz et al. 2017, section 2.2. Introduced in notebook 07, "Mode collapse".
    """
    whole_number(look_ahead, "look_ahead", 1, hint="Without looking ahead it is toy_step.")
    number(rate, "rate", above=0)
    recipe = run.recipe
    for _ in range(recipe.d_steps):
        d_loss = toy_d_step(run)

    real = recipe.target.sample(recipe.batch_size, run.rng)
    fake = run.generator(draw_toy_z(run))

    def judge(weights: dict[str, torch.Tensor], points: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(run.discriminator, weights, (points,))

    weights = dict(run.discriminator.named_parameters())
    for _ in range(look_ahead):
        loss = discriminator_loss(judge(weights, real), judge(weights, fake))
        slopes = torch.autograd.grad(loss, list(weights.values()), create_graph=through)
        weights = {
            name: w - rate * slope for (name, w), slope in zip(weights.items(), slopes, strict=True)
        }
    g_loss = recipe.generator_loss(judge(weights, fake))
    check_finite("generator", g_loss)

    parameters = list(run.generator.parameters())
    set_adam(run.g_optimizer, recipe.g_rate, recipe.betas)
    for parameter, slope in zip(parameters, torch.autograd.grad(g_loss, parameters), strict=True):
        parameter.grad = slope
    run.g_optimizer.step()
    run.g_steps += 1
    return d_loss, g_loss.item()
