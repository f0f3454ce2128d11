"""The whole state of one training run, and where it begins."""

from dataclasses import dataclass, field
from functools import cache

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gan_helpers.checks import MOST_SEED, check_device, check_seed, latent_dim_of
from gan_helpers.models import new_network
from gan_helpers.training.history import History
from gan_helpers.training.recipes import Recipe

FIXED_Z_COUNT = 40  # four rows of ten in every sample grid


@dataclass
class Run:
    """The whole state of one training run: networks, optimisers, random state and history.

    ``rng`` gives the order of the images and every z, ``dropout_rng`` what dropout draws (on a GPU:
    the seed of that, for each step), so that both belong to seed and checkpoint.
    Introduced in notebook 03, "One run, two losses".
    """

    recipe: Recipe
    seed: int
    generator: nn.Module
    discriminator: nn.Module
    g_optimizer: torch.optim.Optimizer
    d_optimizer: torch.optim.Optimizer
    average: AveragedModel | None
    rng: torch.Generator
    dropout_rng: torch.Generator
    fixed_z: torch.Tensor  # (40, latent_dim)
    order: torch.Tensor | None = None  # of the images, in the present epoch
    position: int = 0  # in that order
    history: History = field(default_factory=History)

    @property
    def bfloat16(self) -> bool:
        """Whether this run multiplies in bfloat16: the recipe allows it, the processor has it."""
        return self.recipe.bfloat16 and has_bfloat16(self.fixed_z.device)

    @property
    def sampler(self) -> nn.Module:
        """The generator to draw samples from: the averaged one, where the recipe averages."""
        return self.generator if self.average is None else self.average.module


def best_device() -> torch.device:
    """CUDA or MPS where the machine has it, else the CPU. Introduced in notebook 04, "The run"."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


@cache
def has_bfloat16(device: torch.device) -> bool:
    """Whether ``device`` is a CPU that multiplies bfloat16 numbers itself (AVX512-BF16, AMX).

    Elsewhere they would be emulated, which is slower than float32; other devices: not measured.
    Introduced in notebook 04, "The recipe".
    """
    # PyTorch versions that cannot tell: float32.
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    own = capabilities.get("avx512_bf16", False) or capabilities.get("amx_bf16", False)
    return device.type == "cpu" and own


def start_run(recipe: Recipe, seed: int = 0, device: torch.device | str = "cpu") -> Run:
    """Build the two networks of ``recipe``, their optimisers and the random state from ``seed``.

    The same recipe and seed give the same run, bit for bit, on one CPU with one number of threads.

    Raises ``TypeError`` for what is no recipe, and when ``build_generator`` gives a network without
    ``latent_dim``; ``ValueError`` for a seed outside 0 to 2^61 - 1 or a device that is not there.

    Source: Goodfellow et al. 2014, algorithm 1. Introduced in notebook 03, "One run, two losses".
    """
    if not isinstance(recipe, Recipe):
        raise TypeError(
            f"recipe is {recipe!r}; expected a Recipe: gan_helpers.training.COURSE, or Recipe(...)."
        )
    seed, device = check_seed(seed, most=MOST_SEED // 4), check_device(device)
    # One seed, five independent streams: two networks, images and z, the fixed z, dropout.
    generator = new_network(recipe.build_generator, seed=4 * seed).to(device)
    latent_dim = latent_dim_of(generator, "what build_generator returns")
    discriminator = new_network(recipe.build_discriminator, seed=4 * seed + 1).to(device)
    rng = torch.Generator().manual_seed(4 * seed + 2)
    fixed_rng = torch.Generator().manual_seed(4 * seed + 3)
    d_rate = recipe.learning_rate if recipe.d_learning_rate is None else recipe.d_learning_rate
    average = None
    if recipe.average_decay is not None:
        average = AveragedModel(
            generator,
            multi_avg_fn=get_ema_multi_avg_fn(recipe.average_decay),
            use_buffers=True,  # BatchNorm's running statistics belong to the weights
        )
    return Run(
        recipe=recipe,
        seed=seed,
        generator=generator,
        discriminator=discriminator,
        g_optimizer=_optimizer(generator, recipe.g_optimizer, recipe.learning_rate, recipe),
        d_optimizer=_optimizer(discriminator, recipe.d_optimizer, d_rate, recipe),
        average=average,
        rng=rng,
        dropout_rng=torch.Generator().manual_seed(2**31 + seed),
        fixed_z=torch.randn(FIXED_Z_COUNT, latent_dim, generator=fixed_rng).to(device),
    )


def _optimizer(
    network: nn.Module, kind: type[torch.optim.Optimizer], rate: float, recipe: Recipe
) -> torch.optim.Optimizer:
    own = {"betas": recipe.betas} if kind is torch.optim.Adam else {"momentum": recipe.momentum}
    # fused: one pass over the weights in place of a dozen; the same formula.
    return kind(network.parameters(), lr=rate, weight_decay=recipe.weight_decay, fused=True, **own)
