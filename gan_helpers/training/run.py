"""The whole state of one training run, and the function that starts one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gan_helpers.checks import MOST_SEED, check_device, check_seed, latent_dim_of
from gan_helpers.models import classes_of, each_class, new_network
from gan_helpers.training.history import History
from gan_helpers.training.recipes import Recipe

FIXED_Z_COUNT = 40  # four rows of ten in every sample grid


@dataclass
class Run:
    """The whole state of one training run: networks, optimisers, random state and history.

    ``rng`` draws the order of the images and every z; ``dropout_rng`` draws for dropout (on a GPU,
    one seed a step). Both start from the run's seed, and a checkpoint stores both. Introduced in
    notebook 03, "One run, two losses". ``rank`` and ``processes``: see ``join_run``.
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
    order: torch.Tensor | None = None  # the order of the images in the present epoch
    position: int = 0  # where in that order the next batch begins
    history: History = field(default_factory=History)
    rank: int = 0  # which of the processes that train this run together has this copy of it
    processes: int = 1

    @property
    def share(self) -> slice:
        """The rows of each batch, of images and of z, that this process takes: all if alone."""
        return slice(self.rank, None, self.processes)

    @property
    def bfloat16(self) -> bool:
        """Whether this run multiplies in bfloat16: the recipe asks for it and the CPU has it."""
        return self.recipe.bfloat16 and has_bfloat16(self.fixed_z.device)

    @property
    def fixed_labels(self) -> torch.Tensor | None:
        """The classes of the fixed z, 0, 1, ..., in turn; None when the networks have none."""
        labels = each_class(len(self.fixed_z), classes_of(self.generator))
        return None if labels is None else labels.to(self.fixed_z.device)

    @property
    def sampler(self) -> nn.Module:
        """The generator that draws the samples: the averaged one if the recipe has an average."""
        return self.generator if self.average is None else self.average.module


def best_device() -> torch.device:
    """Return CUDA or MPS if available, else the CPU. Introduced in notebook 04, "The run"."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


@cache
def has_bfloat16(device: torch.device) -> bool:
    """Return whether ``device`` is a CPU that multiplies bfloat16 numbers (AVX512-BF16, AMX).

    Other CPUs emulate it, which is slower than float32; GPUs were not measured and stay in float32.
    Introduced in notebook 04, "The recipe".
    """
    # A PyTorch version without get_capabilities cannot tell: the run then uses float32.
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    own = capabilities.get("avx512_bf16", False) or capabilities.get("amx_bf16", False)
    return device.type == "cpu" and own


def start_run(recipe: Recipe, seed: int = 0, device: torch.device | str = "cpu") -> Run:
    """Build the two networks of ``recipe``, their optimisers and the random state from ``seed``.

    The same recipe and seed give the same run, bit for bit, on the same CPU with the same number of
    threads.

    Raises ``TypeError`` when ``recipe`` is not a recipe or its generator has no ``latent_dim``, and
    ``ValueError`` for a seed outside 0 to 2^61 - 1 or a device that is not available.

    Source: Goodfellow et al. 2014, algorithm 1. Introduced in notebook 03, "One run, two losses".
    """
    if not isinstance(recipe, Recipe):
        raise TypeError(
            f"recipe is {recipe!r}; expected a Recipe: gan_helpers.training.COURSE, or Recipe(...)."
        )
    seed, device = check_seed(seed, most=MOST_SEED // 4), check_device(device)
    # Five independent streams from one seed: two networks, images and z, the fixed z, dropout.
    generator = new_network(recipe.build_generator, seed=4 * seed).to(device)
    latent_dim = latent_dim_of(generator, "what build_generator returns")
    discriminator = new_network(recipe.build_discriminator, seed=4 * seed + 1).to(device)
    rng = torch.Generator().manual_seed(4 * seed + 2)
    fixed_rng = torch.Generator().manual_seed(4 * seed + 3)
    g_rate, d_rate = recipe.rates()
    average = None
    if recipe.average_decay is not None:
        average = AveragedModel(
            generator,
            multi_avg_fn=_move_average(recipe.average_decay, recipe.average_warm_up),
            use_buffers=True,  # BatchNorm's running statistics belong to the weights
        )
    return Run(
        recipe=recipe,
        seed=seed,
        generator=generator,
        discriminator=discriminator,
        g_optimizer=_optimizer(generator, recipe.g_optimizer, g_rate, recipe),
        d_optimizer=_optimizer(discriminator, recipe.d_optimizer, d_rate, recipe),
        average=average,
        rng=rng,
        dropout_rng=torch.Generator().manual_seed(2**31 + seed),
        fixed_z=torch.randn(FIXED_Z_COUNT, latent_dim, generator=fixed_rng).to(device),
    )


def _move_average(decay: float, warm_up: bool) -> Callable[..., None]:
    """Return the function that ``AveragedModel`` calls with averages, weights and the step n."""
    if not warm_up:
        return get_ema_multi_avg_fn(decay)

    def move(averages: list, weights: list, n: torch.Tensor | int) -> None:
        n = int(n)  # with this share the average's memory is about the last ninth of the run
        get_ema_multi_avg_fn(min(decay, (1 + n) / (10 + n)))(averages, weights, n)

    return move


def _optimizer(
    network: nn.Module, kind: type[torch.optim.Optimizer], rate: float, recipe: Recipe
) -> torch.optim.Optimizer:
    own = {"betas": recipe.betas} if kind is torch.optim.Adam else {"momentum": recipe.momentum}
    # fused computes the same formula in one pass over the weights instead of a dozen.
    return kind(network.parameters(), lr=rate, weight_decay=recipe.weight_decay, fused=True, **own)
