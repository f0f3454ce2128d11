"""Recipes (named sets of hyperparameters), and the state of a run that is started from one."""

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cache, partial

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gan_helpers.history import History
from gan_helpers.losses import non_saturating_generator_loss, saturating_generator_loss
from gan_helpers.models import (
    ArticleDiscriminator,
    ArticleGenerator,
    Discriminator,
    Generator,
    initialise,
)

GeneratorLoss = Callable[[torch.Tensor], torch.Tensor]
FIXED_Z_COUNT = 40  # four rows of ten in every sample grid


@dataclass(frozen=True)
class Recipe:
    """A named set of hyperparameters; ``dataclasses.replace(recipe, ...)`` changes one of them.

    The defaults are the course's recipe. Introduced in notebook 04, "The recipe".
    """

    build_generator: Callable[[], nn.Module] = Generator
    build_discriminator: Callable[[], nn.Module] = Discriminator
    generator_loss: GeneratorLoss = non_saturating_generator_loss
    batch_size: int = 128
    g_optimizer: type[torch.optim.Optimizer] = torch.optim.Adam  # or torch.optim.SGD
    d_optimizer: type[torch.optim.Optimizer] = torch.optim.Adam
    learning_rate: float = 1.5e-3  # of both players
    d_learning_rate: float | None = None  # the discriminator's, where it has one of its own
    betas: tuple[float, float] = (0.0, 0.99)  # Adam's memory: of the gradient, of its square
    momentum: float = 0.0  # gradient descent's: share of the last update in the next
    weight_decay: float = 0.0
    head_start: int = 0  # steps that the discriminator makes alone before the first of both
    fresh_z: bool = False  # new z for the generator's step, or the same fakes for both steps
    average_decay: float | None = 0.99  # share of the old average kept at each step; None: none
    bfloat16: bool = True  # multiply matrices in 16 bits where the processor has that (CPU)


COURSE = Recipe()
ARTICLE = Recipe(
    build_generator=ArticleGenerator,
    build_discriminator=ArticleDiscriminator,
    learning_rate=2e-4,
    betas=(0.9, 0.999),
    weight_decay=8e-9,
    fresh_z=True,
    average_decay=None,
    bfloat16=False,
)
# Gradient descent, as the paper trained, after a head start of the discriminator.
DESCENT = Recipe(
    g_optimizer=torch.optim.SGD,
    d_optimizer=torch.optim.SGD,
    learning_rate=0.03,
    d_learning_rate=0.05,
    momentum=0.5,
    head_start=1000,
    bfloat16=False,
)
RECIPES = {"course": COURSE, "article": ARTICLE, "descent": DESCENT}
# What a recipe may be built of, if it is to be written down; partial(...) sets their arguments.
PARTS = {
    part.__name__: part
    for part in (
        Generator,
        Discriminator,
        ArticleGenerator,
        ArticleDiscriminator,
        saturating_generator_loss,
        non_saturating_generator_loss,
        torch.optim.Adam,
        torch.optim.SGD,
    )
}


def recipe_to_dict(recipe: Recipe) -> dict:
    """``recipe`` as plain numbers and names, for JSON; ``recipe_from_dict`` reads it.

    Networks, losses and optimisers are written as ``[name, arguments]``. Raises ``ValueError`` for
    one that the course does not know (a lambda, say), which no name stands for.
    Introduced in notebook 04, "Stop it, resume it".
    """
    written = {}
    for name in (f.name for f in fields(recipe)):
        value = getattr(recipe, name)
        if callable(value):
            part, arguments = (
                (value.func, value.keywords) if isinstance(value, partial) else (value, {})
            )
            known = PARTS.get(getattr(part, "__name__", "")) is part
            if not known or getattr(value, "args", ()) or not _is_plain(arguments):
                raise ValueError(
                    f"{name} is {value!r}, which cannot be written to a file; expected one of "
                    f"{', '.join(PARTS)}, or functools.partial of one with named arguments, plain "
                    "numbers all."
                )
            value = [part.__name__, arguments]
        written[name] = value
    return written


def recipe_from_dict(written: dict) -> Recipe:
    """The recipe that ``recipe_to_dict`` wrote.

    Raises ``ValueError`` when a name or an argument is unknown or an entry is missing. Introduced
    in notebook 04, "Stop it, resume it".
    """
    values = {}
    known = {f.name for f in fields(Recipe)}
    if missing := sorted(known - set(written)):
        raise ValueError(f"the recipe lacks {', '.join(missing)}.")  # no default: it may differ
    for name, value in written.items():
        if name not in known:
            raise ValueError(
                f"the recipe has an unknown entry {name!r}; known are {sorted(known)}."
            )
        if callable(getattr(COURSE, name)):  # a network, a loss or an optimiser
            part, arguments = value
            if part not in PARTS:
                raise ValueError(f"{name} is {part!r}; expected one of {', '.join(PARTS)}.")
            arguments = {k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()}
            try:
                inspect.signature(PARTS[part]).bind_partial(**arguments)
            except TypeError as error:
                raise ValueError(f"{name} is {part!r} with {arguments}: {error}.") from error
            value = partial(PARTS[part], **arguments) if arguments else PARTS[part]
        elif isinstance(value, list):
            value = tuple(value)
        values[name] = value
    return Recipe(**values)


def _is_plain(arguments: dict) -> bool:
    try:
        json.dumps(arguments)
    except (TypeError, ValueError):
        return False
    return True


@dataclass
class Run:
    """The whole state of one training run: networks, optimisers, random state and history.

    ``rng`` gives the order of the images and every z, ``dropout_rng`` what dropout draws.
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

    Raises ``ValueError`` when ``average_decay`` is not in (0, 1), ``momentum`` not in [0, 1),
    ``head_start`` negative, or an optimiser neither Adam nor SGD.

    Source: Goodfellow et al. 2014, algorithm 1. Introduced in notebook 03, "One run, two losses".
    """
    if recipe.average_decay is not None and not 0 < recipe.average_decay < 1:
        raise ValueError(
            f"average_decay is {recipe.average_decay}; expected a number between 0 and 1 "
            "(the share of the old average kept at each step), or None for no averaging."
        )
    _check_optimisers(recipe)
    # One seed, five independent streams: two networks, images and z, the fixed z, dropout.
    with torch.random.fork_rng(devices=[]):  # PyTorch draws first weights, which we replace
        generator = initialise(recipe.build_generator(), seed=4 * seed).to(device)
        discriminator = initialise(recipe.build_discriminator(), seed=4 * seed + 1).to(device)
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
        fixed_z=torch.randn(FIXED_Z_COUNT, generator.latent_dim, generator=fixed_rng).to(device),
    )


def _check_optimisers(recipe: Recipe) -> None:
    for name in ("g_optimizer", "d_optimizer"):
        if getattr(recipe, name) not in (torch.optim.Adam, torch.optim.SGD):
            raise ValueError(
                f"{name} is {getattr(recipe, name)!r}; expected torch.optim.Adam or "
                "torch.optim.SGD, the class itself."
            )
    if not 0 <= recipe.momentum < 1:
        raise ValueError(
            f"momentum is {recipe.momentum}; expected a number from 0 (none) to below 1: the share "
            "of the last update that the next one repeats."
        )
    if not (isinstance(recipe.head_start, int) and recipe.head_start >= 0):
        raise ValueError(
            f"head_start is {recipe.head_start!r}; expected a number of steps, 0 for none."
        )


def _optimizer(
    network: nn.Module, kind: type[torch.optim.Optimizer], rate: float, recipe: Recipe
) -> torch.optim.Optimizer:
    own = {"betas": recipe.betas} if kind is torch.optim.Adam else {"momentum": recipe.momentum}
    # fused: one pass over the weights in place of a dozen; the same formula.
    return kind(network.parameters(), lr=rate, weight_decay=recipe.weight_decay, fused=True, **own)
