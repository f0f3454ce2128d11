"""A GAN on points, small enough to watch whole: two small networks, their steps, what they do.

Notebook 01's lab plays it on a line, where every density is known; notebook 07 also in the plane.
"""

from dataclasses import dataclass

import torch
from torch import nn

from gan_helpers.checks import MOST_SEED, check_points, check_seed, check_z, number, whole_number
from gan_helpers.games.targets import NormalMixture, Target, check_numbers
from gan_helpers.kinds import check_function, check_kind
from gan_helpers.losses import (
    GeneratorLoss,
    non_saturating_generator_loss,
    saturating_generator_loss,
)
from gan_helpers.models import new_network
from gan_helpers.training import discriminator_step, generator_step

# --- the players --------------------------------------------------------------------------------


class ToyGenerator(nn.Module):
    """z -> point: an MLP with SiLU (a rounded ReLU) and no output activation.

    Input ``z``: float, shape (N, latent_dim). Output: float, unbounded, shape (N, dim).
    Raises ``TypeError`` when a size is no whole number or ``z`` is no tensor of floats, and
    ``ValueError`` when a size is below 1 or ``z`` has another shape. Introduced in notebook 01, "A
    game to watch".
    """

    def __init__(self, latent_dim: int = 1, dim: int = 1, hidden: tuple[int, ...] = (32, 32)):
        super().__init__()
        self.latent_dim = latent_dim = whole_number(latent_dim, "latent_dim", 1)
        dim = whole_number(dim, "dim", 1)
        self.layers = _mlp(latent_dim, hidden, dim)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        check_z(z, self.latent_dim, self)
        return self.layers(z)  # (N, latent_dim) -> (N, dim)


class ToyDiscriminator(nn.Module):
    """Point -> logit: notebook 01's MLP with SiLU.

    Input: float, shape (N, dim). Output: logits, shape (N, 1).
    Raises ``TypeError`` and ``ValueError`` as ``ToyGenerator`` does, for ``points`` in place of z.
    Introduced in notebook 01, "A game to watch".
    """

    def __init__(self, dim: int = 1, hidden: tuple[int, ...] = (32, 32)):
        super().__init__()
        self.dim = dim = whole_number(dim, "dim", 1)
        self.layers = _mlp(dim, hidden, 1)

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        check_points(points, self.dim, self)
        return self.layers(points)  # (N, dim) -> (N, 1)


def _mlp(inputs: int, hidden: tuple[int, ...], outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for units in check_numbers(hidden, "hidden", whole=True):
        layers += [nn.Linear(inputs, units), nn.SiLU()]
        inputs = units
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


# --- the game -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ToyRecipe:
    """Hyperparameters of a game on points; ``dataclasses.replace(recipe, ...)`` changes one.

    Raises ``TypeError`` for a value of the wrong kind and ``ValueError`` for one out of range, so
    that no step has to look. Introduced in notebook 01, "A game to watch".
    """

    target: Target = NormalMixture()
    generator_loss: GeneratorLoss = non_saturating_generator_loss
    d_rate: float = 2e-3  # learning rates of the two Adams
    g_rate: float = 1e-3
    d_steps: int = 1  # discriminator steps before each generator step
    betas: tuple[float, float] = (0.5, 0.999)  # Adam's memory: of the gradient, of its square
    batch_size: int = 128
    latent_dim: int = 1
    hidden: tuple[int, ...] = (32, 32)

    def __post_init__(self) -> None:
        target = self.target
        is_target = hasattr(target, "dim") and callable(getattr(target, "sample", None))
        if isinstance(target, type) or not is_target:
            raise TypeError(
                f"target is {target!r}; expected real data, such as NormalMixture() or ring()."
            )
        check_function(self.generator_loss, "generator_loss", "gan_helpers.losses has two.")
        number(self.d_rate, "d_rate", least=0)
        number(self.g_rate, "g_rate", least=0)
        whole_number(self.d_steps, "d_steps", 1)
        if len(check_numbers(self.betas, "betas", least=0, below=1)) != 2:
            raise ValueError(f"betas is {self.betas}; expected two numbers, such as (0.5, 0.999).")
        whole_number(self.batch_size, "batch_size", 1)
        whole_number(self.latent_dim, "latent_dim", 1)
        check_numbers(self.hidden, "hidden", whole=True)


@dataclass
class ToyRun:
    """The whole state of one game on points; ``recipe`` may be replaced in the middle of it.

    Introduced in notebook 01, "A game to watch".
    """

    recipe: ToyRecipe
    generator: ToyGenerator
    discriminator: ToyDiscriminator
    d_optimizer: torch.optim.Optimizer
    g_optimizer: torch.optim.Optimizer
    rng: torch.Generator
    d_steps: int = 0  # made so far
    g_steps: int = 0


def start_toy(recipe: ToyRecipe, seed: int = 0) -> ToyRun:
    """Build the players of ``recipe``, their optimisers and the random state from ``seed``.

    The same recipe and seed give the same game, bit for bit, on one CPU with one number of threads.
    Raises ``TypeError`` for another recipe and for a seed that is no whole number, ``ValueError``
    for a seed out of range. Introduced in notebook 01, "A game to watch".
    """
    check_kind(recipe, "recipe", ToyRecipe, "ToyRecipe() is one, with notebook 01's numbers.")
    seed = check_seed(seed, most=MOST_SEED // 4)
    dim, hidden = recipe.target.dim, recipe.hidden
    generator = new_network(lambda: ToyGenerator(recipe.latent_dim, dim, hidden), 3 * seed)
    discriminator = new_network(lambda: ToyDiscriminator(dim, hidden), 3 * seed + 1)
    return ToyRun(
        recipe=recipe,
        generator=generator,
        discriminator=discriminator,
        d_optimizer=torch.optim.Adam(discriminator.parameters(), fused=True),
        g_optimizer=torch.optim.Adam(generator.parameters(), fused=True),
        rng=torch.Generator().manual_seed(3 * seed + 2),
    )


def toy_d_step(run: ToyRun) -> float:
    """One step of the discriminator on fresh real and fresh generated points; returns ``d_loss``.

    Raises ``FloatingPointError`` as ``training.discriminator_step``, which it calls.
    """
    recipe = run.recipe
    set_adam(run.d_optimizer, recipe.d_rate, recipe.betas)
    real = recipe.target.sample(recipe.batch_size, run.rng)
    with torch.no_grad():
        fake = run.generator(draw_toy_z(run))
    d_loss, _, _ = discriminator_step(run.discriminator, run.d_optimizer, real, fake)
    run.d_steps += 1
    return d_loss.item()


def toy_g_step(run: ToyRun) -> float:
    """One step of the generator; returns ``g_loss``.

    Raises ``FloatingPointError`` as ``training.generator_step``, which it calls.
    """
    recipe = run.recipe
    set_adam(run.g_optimizer, recipe.g_rate, recipe.betas)
    fake = run.generator(draw_toy_z(run))
    g_loss, _ = generator_step(run.discriminator, run.g_optimizer, fake, recipe.generator_loss)
    run.g_steps += 1
    return g_loss.item()


def toy_step(run: ToyRun) -> tuple[float, float]:
    """``recipe.d_steps`` steps of D, then one of G; returns the last ``d_loss`` and ``g_loss``.

    Raises ``FloatingPointError`` as the steps do. Introduced in notebook 01, "A game to watch".
    """
    for _ in range(run.recipe.d_steps):
        d_loss = toy_d_step(run)
    return d_loss, toy_g_step(run)


def draw_toy_z(run: ToyRun) -> torch.Tensor:
    """The next batch of z from N(0, I), shape (batch_size, latent_dim), by the run's own chance."""
    return torch.randn(run.recipe.batch_size, run.recipe.latent_dim, generator=run.rng)


def set_adam(optimizer: torch.optim.Optimizer, rate: float, betas: tuple[float, float]) -> None:
    """Give ``optimizer``, an Adam, this learning rate and these betas for its next step."""
    for group in optimizer.param_groups:
        group["lr"], group["betas"] = rate, betas


# --- four games to start from -------------------------------------------------------------------

# Each does what its name says from every seed tried; tests/games/test_line_recipes.py measures it.
LINE_RECIPES = {
    "healthy": ToyRecipe(NormalMixture((1.5,), (0.7,)), d_rate=5e-3, g_rate=1e-3, d_steps=2),
    # D is quick and the data are far: D is sure of every fake before G has moved, and where
    # D = 0 this loss is flat. The other loss, switched to in the middle, sets G moving.
    "saturation": ToyRecipe(
        NormalMixture((4.0,), (0.5,)),
        saturating_generator_loss,
        d_rate=5e-3,
        g_rate=3e-4,
        d_steps=10,
    ),
    # Narrow data and steps too large: G jumps past them, D turns round, and G jumps back.
    "oscillation": ToyRecipe(NormalMixture((1.0,), (0.3,)), d_rate=1e-2, g_rate=1e-2),
    # G starts beside one of two modes. Few samples fall between them, to teach D what is there.
    "collapse": ToyRecipe(
        NormalMixture((-1.0, 3.0), (0.4, 0.4), (0.5, 0.5)), d_rate=1e-2, g_rate=1e-3, d_steps=2
    ),
}
