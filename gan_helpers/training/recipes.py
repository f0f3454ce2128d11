"""Recipes, which are named sets of hyperparameters, and how they are written to files."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import nn

from gan_helpers.checks import check_image_shape, number, whole_number
from gan_helpers.kinds import check_kind
from gan_helpers.losses import GeneratorLoss, non_saturating_generator_loss
from gan_helpers.models import (
    DISCRIMINATORS,
    GENERATORS,
    ArticleDiscriminator,
    ArticleGenerator,
    ConvDiscriminator,
    ConvGenerator,
    Discriminator,
    Generator,
    PaperDiscriminator,
    PaperGenerator,
)


def _check_parts(recipe: "Recipe") -> None:
    """Check the networks, the loss and the optimisers, as far as possible without running them."""
    roles = (
        ("build_generator", "generator", Generator, DISCRIMINATORS),
        ("build_discriminator", "discriminator", Discriminator, GENERATORS),
    )
    for name, role, example, others in roles:
        build = getattr(recipe, name)
        if isinstance(build, nn.Module) or not callable(build):
            raise TypeError(
                f"{name} is of type {type(build).__name__}; expected a function or class that "
                f"builds a new {role}: {example.__name__} without brackets, or "
                f"functools.partial({example.__name__}, hidden=(256,))."
            )
        kind = getattr(build, "func", build)  # the class in a functools.partial
        if kind in others.values():
            raise ValueError(
                f"{name} is {kind.__name__}, which is no {role}; expected a class such as "
                f"{example.__name__}. Are the two players exchanged?"
            )
        if kind in (*GENERATORS.values(), *DISCRIMINATORS.values()):
            try:
                inspect.signature(build).bind()
            except (TypeError, ValueError) as error:
                takes = " and ".join(inspect.signature(kind).parameters) or "no arguments"
                raise ValueError(
                    f"{name} is {build!r}, which cannot be called; expected the arguments that "
                    f"{kind.__name__} has: {takes}."
                ) from error
    if not callable(recipe.generator_loss):
        raise TypeError(
            f"generator_loss is {recipe.generator_loss!r}; expected a function of logits, such as "
            "gan_helpers.losses.saturating_generator_loss, without quotes and brackets."
        )
    for name in ("g_optimizer", "d_optimizer"):
        kind = getattr(recipe, name)
        if kind not in (torch.optim.Adam, torch.optim.SGD):
            was = repr(kind) if isinstance(kind, type | str) else f"of type {type(kind).__name__}"
            raise ValueError(
                f"{name} is {was}; expected torch.optim.Adam or torch.optim.SGD, the class itself."
            )
    for name in ("fresh_z", "simultaneous", "average_warm_up", "bfloat16"):
        if not isinstance(getattr(recipe, name), bool):
            raise TypeError(f"{name} is {getattr(recipe, name)!r}; expected True or False.")


def _plain_numbers(recipe: "Recipe") -> dict[str, int | float | tuple | None]:
    """Check the recipe's numbers and return each as an int, a float, a pair of floats or None."""
    betas = recipe.betas
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        kind = ValueError if isinstance(betas, (tuple, list)) else TypeError
        raise kind(
            f"betas is {betas!r}; expected two numbers from 0 to below 1, such as (0.0, 0.99): "
            "Adam's memory of the gradient and of its square."
        )
    numbers = {
        "batch_size": whole_number(
            recipe.batch_size,
            "batch_size",
            2,
            hint="BatchNorm takes the variance of a batch, and one image has none.",
        ),
        "learning_rate": number(recipe.learning_rate, "learning_rate", least=0),
        "betas": tuple(number(b, f"betas[{i}]", least=0, below=1) for i, b in enumerate(betas)),
        "momentum": number(
            recipe.momentum,
            "momentum",
            least=0,
            below=1,
            hint="It is the share of the last update that the next one repeats; 0 turns it off.",
        ),
        "momentum_steps": whole_number(
            recipe.momentum_steps,
            "momentum_steps",
            0,
            hint="So many steps long, the momentum rises to final_momentum; 0: it stays.",
        ),
        "final_momentum": number(recipe.final_momentum, "final_momentum", least=0, below=1),
        "rate_divisor": number(
            recipe.rate_divisor,
            "rate_divisor",
            least=1,
            hint="After each step, both learning rates are divided by it; 1 keeps them.",
        ),
        "weight_decay": number(recipe.weight_decay, "weight_decay", least=0),
        "head_start": whole_number(
            recipe.head_start, "head_start", 0, hint="It counts steps; 0 turns it off."
        ),
    }
    if recipe.d_learning_rate is not None:
        numbers["d_learning_rate"] = number(recipe.d_learning_rate, "d_learning_rate", least=0)
    if recipe.average_decay is not None:
        hint = "It is the share of the old average kept at each step; None turns averaging off."
        numbers["average_decay"] = number(
            recipe.average_decay, "average_decay", above=0, below=1, hint=hint
        )
    return numbers


@dataclass(frozen=True)
class Recipe:
    """A named set of hyperparameters; ``dataclasses.replace(recipe, ...)`` changes one of them.

    The defaults are those of ``PLAIN``. Raises ``TypeError`` for values of a wrong type and
    ``ValueError`` for numbers out of range. Introduced in notebook 04, "The recipe".
    """

    build_generator: Callable[[], nn.Module] = Generator
    build_discriminator: Callable[[], nn.Module] = Discriminator
    generator_loss: GeneratorLoss = non_saturating_generator_loss
    batch_size: int = 128
    g_optimizer: type[torch.optim.Optimizer] = torch.optim.Adam  # or torch.optim.SGD
    d_optimizer: type[torch.optim.Optimizer] = torch.optim.Adam
    learning_rate: float = 1.5e-3  # of both players
    d_learning_rate: float | None = None  # the discriminator's, if it differs from learning_rate
    betas: tuple[float, float] = (0.0, 0.99)  # Adam's memory of the gradient and of its square
    rate_divisor: float = 1.0  # after each step, both learning rates are divided by it
    momentum: float = 0.0  # of gradient descent: the share of the last update in the next
    final_momentum: float = 0.0  # to which the momentum moves evenly during ...
    momentum_steps: int = 0  # ... the first so many steps; 0: it stays as it is
    weight_decay: float = 0.0
    head_start: int = 0  # steps that the discriminator makes alone before the first of both
    simultaneous: bool = False  # both steps from the same weights, instead of D's before G's
    fresh_z: bool = False  # whether the generator's step draws new z or reuses D's fakes
    average_decay: float | None = 0.99  # share of the old average kept a step; None: no average
    average_warm_up: bool = False  # a shorter memory at first: the share is (1 + n) / (10 + n)
    bfloat16: bool = True  # multiply matrices in 16 bits where the CPU supports it

    def rates(self) -> tuple[float, float]:
        """The learning rates of the generator and of the discriminator at the first step."""
        own = self.learning_rate if self.d_learning_rate is None else self.d_learning_rate
        return self.learning_rate, own

    def __post_init__(self):
        _check_parts(self)
        # A checkpoint stores these numbers as JSON, so NumPy's numbers become Python's.
        for name, value in _plain_numbers(self).items():
            object.__setattr__(self, name, value)  # A frozen class allows no other assignment.


PLAIN = Recipe()  # the networks and rates of notebook 02, with averaging and bfloat16
# Found by recordings/search_recipe.py, which lists other candidates and their distances.
COURSE = Recipe(
    build_generator=partial(Generator, latent_dim=32, hidden=(256, 256)),
    build_discriminator=partial(Discriminator, hidden=(192, 192), dropout=0.1),
    learning_rate=4e-3,
    d_learning_rate=5e-4,
    average_decay=0.999,
    average_warm_up=True,
)
# The same players with convolutions. The rates and the hidden layer were found by
# recordings/search_convolutional.py, on digits and with one seed only.
CONVOLUTIONAL = Recipe(
    build_generator=partial(ConvGenerator, latent_dim=32, width=16),
    build_discriminator=partial(ConvDiscriminator, width=16, hidden=(256,), dropout=0.2),
    learning_rate=6e-3,
    d_learning_rate=5e-4,
    average_decay=0.999,
    average_warm_up=True,
)
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
# The paper's gradient descent with momentum, after a head start of the discriminator.
DESCENT = Recipe(
    g_optimizer=torch.optim.SGD,
    d_optimizer=torch.optim.SGD,
    learning_rate=0.03,
    d_learning_rate=0.05,
    momentum=0.5,
    head_start=1000,
    bfloat16=False,
)

# The paper's recipe for MNIST, from its published code. Half of the discriminator's loss is there
# half of its rate here: with gradient descent, these are the same updates.
PAPER = Recipe(
    build_generator=PaperGenerator,
    build_discriminator=PaperDiscriminator,
    batch_size=100,
    g_optimizer=torch.optim.SGD,
    d_optimizer=torch.optim.SGD,
    learning_rate=0.1,
    d_learning_rate=0.05,
    rate_divisor=1.000004,
    momentum=0.5,
    final_momentum=0.7,
    momentum_steps=125_000,  # 250 epochs of 50,000 images
    simultaneous=True,
    average_decay=None,
    bfloat16=False,
)


def for_images(recipe: Recipe, image_shape: tuple[int, int, int], classes: int = 0) -> Recipe:
    """Return ``recipe`` with networks for images of another shape, which may be told classes.

    ``image_shape``: (channels, height, width); ``classes``: 0, or how many classes both networks
    are told. Raises ``TypeError`` when ``recipe`` is not a recipe and ``ValueError`` when its
    networks take no other shape, as the article's, or no classes, as the paper's. Introduced in
    notebook 10, "Other pictures".
    """
    check_kind(recipe, "recipe", Recipe, "COURSE is one.")
    shown = {"image_shape": check_image_shape(image_shape)}
    if whole_number(classes, "classes", 0):
        shown["classes"] = int(classes)
    changes = {}
    for name in ("build_generator", "build_discriminator"):
        build = getattr(recipe, name)
        if not set(shown) <= set(inspect.signature(build).parameters):
            kind = getattr(build, "func", build)
            takes = inspect.signature(build).parameters
            lacks = "takes no classes" if "image_shape" in takes else "has fixed sizes"
            raise ValueError(
                f"recipe builds {getattr(kind, '__name__', kind)}, which {lacks}; expected "
                "networks that take image_shape and classes, as those of COURSE do."
            )
        changes[name] = partial(build, **shown)
    return replace(recipe, **changes)


RECIPES = {
    "course": COURSE,
    "plain": PLAIN,
    "convolutional": CONVOLUTIONAL,
    "article": ARTICLE,
    "descent": DESCENT,
    "paper": PAPER,
}
