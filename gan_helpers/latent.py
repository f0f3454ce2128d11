"""Work with a trained generator's latent space: directions in it, paths through it, searches.

No function here changes a network: weights and modes are afterwards as they were before.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from gan_helpers.checks import (
    IMAGE_SHAPE,
    check_floats,
    check_network,
    check_scaled_images,
    check_seed,
    check_tensor,
    check_without_classes,
    check_z,
    latent_dim_of,
    number,
    whole_number,
)
from gan_helpers.metrics import CLASSES, classify, load_classifier
from gan_helpers.models import classes_of, each_class, evaluating

FIELDS = 4  # the maps of a convolution count by their means over FIELDS x FIELDS fields
BATCH = 500  # pictures drawn at a time where convolutions would need much memory for all
CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


class Directions(NamedTuple):
    """Directions in latent space, the strongest first."""

    vectors: torch.Tensor  # (K, latent_dim), float32, each of length 1
    strengths: torch.Tensor  # (K,), at least 0, decreasing; each function says what they measure


def weight_directions(generator: nn.Module) -> Directions:
    """Find the directions of z that change the output of the generator's first layer most.

    The first layer computes A z + b, and a step v of length 1 changes this by A v. The directions
    are the eigenvectors of A^T A, by falling eigenvalue: the right singular vectors of A, with the
    singular values |A v| as ``strengths``. Returns all latent_dim of them, orthogonal, also those
    of strength 0; the entry of largest absolute value is positive. A later BatchNorm is ignored,
    and so is the class, which only adds to b.

    ``generator``: a network whose first ``nn.Linear`` takes z, or z and behind it numbers for the
    class. Raises ``TypeError`` when it is not a network and ``ValueError`` when it has no such
    layer.

    Source: Shen and Zhou 2021, "Closed-form factorization of latent semantics in GANs".
    Introduced in notebook 05, "Directions from the weights".
    """
    check_network(generator, "generator")
    weight = _first_linear(generator).weight.detach().cpu().float()
    latent_dim = getattr(generator, "latent_dim", weight.shape[1])
    if weight.shape[1] < latent_dim:
        raise ValueError(
            f"generator has latent_dim = {latent_dim}, and its first nn.Linear takes "
            f"{weight.shape[1]} numbers; expected one that takes z."
        )
    weight = weight[:, :latent_dim]  # (units, latent_dim), without the class
    _, strengths, vectors = torch.linalg.svd(weight, full_matrices=len(weight) < latent_dim)
    # If the layer has fewer units than latent_dim, the last directions do not change its output.
    return Directions(_fix_signs(vectors), F.pad(strengths, (0, len(vectors) - len(strengths))))


@torch.no_grad()
def activation_directions(
    generator: nn.Module, count: int | None = None, samples: int = 5000
) -> Directions:
    """Find the directions of z along which the last hidden layer's activations vary most.

    The activations h(z) of ``samples`` random z (seed 0) have principal components
    h = mean + sum_k c_k u_k. Least squares, which minimises sum |z - sum_k c_k v_k|^2, gives the
    direction v_k of z that belongs to u_k: the mean of c_k z, divided by its length. ``strengths``
    are the standard deviations of c_k. The v_k are not orthogonal.

    Where the last layer is a convolution, h are the means of its input's maps over 4 x 4 fields. A
    generator with classes draws all of them in turn, and each class has a mean of its own.

    ``count``: how many directions, at most latent_dim and the number of hidden units; all if None.
    Raises ``TypeError`` when an argument is not a generator or a whole number, and ``ValueError``
    for another ``count``, too few ``samples`` or a generator without ``nn.Linear`` or convolution.

    Source: Haerkoenen et al. 2020, "GANSpace", section 2.2. Introduced in notebook 05, "Directions
    from the weights".
    """
    latent_dim = latent_dim_of(generator)
    hint = "With fewer than 2 latent_dim samples, the components are noise."
    samples = whole_number(samples, "samples", 2 * latent_dim, hint=hint)
    z = torch.randn(samples, latent_dim, generator=torch.Generator().manual_seed(0))
    last = _last_layer(generator)
    linear = isinstance(last, nn.Linear)
    most = min(latent_dim, last.in_features if linear else last.in_channels * FIELDS**2)
    hint = "The most is the smaller of latent_dim and the units of the last hidden layer."
    count = most if count is None else whole_number(count, "count", 1, most, hint)
    classes = classes_of(generator)
    labels = each_class(samples, classes)
    h = _inputs_of(last, generator, z, labels, samples if linear else BATCH)
    for kind in range(max(1, classes)):
        h[kind :: max(1, classes)] -= h[kind :: max(1, classes)].mean(0)
    left, values, _ = torch.linalg.svd(h, full_matrices=False)
    vectors = left[:, :count].T @ z  # (count, samples) @ (samples, latent_dim)
    return Directions(_fix_signs(F.normalize(vectors)), values[:count] / math.sqrt(samples - 1))


def _last_layer(generator: nn.Module) -> nn.Module:
    kinds = (nn.Linear, *CONVOLUTIONS)
    last = [layer for layer in generator.modules() if isinstance(layer, kinds)][-1:]
    if not last:
        raise ValueError(
            "generator has no nn.Linear layer and no convolution; expected at least one."
        )
    return last[0]


def _inputs_of(
    last: nn.Module,
    generator: nn.Module,
    z: torch.Tensor,
    labels: torch.Tensor | None,
    batch: int,
) -> torch.Tensor:
    """What the layer ``last`` is given, the output of the last hidden layer, (N, units)."""
    found: list[torch.Tensor] = []

    def keep(layer: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        maps = inputs[0] if inputs[0].ndim == 2 else F.adaptive_avg_pool2d(inputs[0], FIELDS)
        found.append(maps.flatten(1).cpu().float())

    given = [part.to(last.weight.device).split(batch) for part in (z, labels) if part is not None]
    handle = last.register_forward_pre_hook(keep)
    try:
        with evaluating(generator):
            for part in zip(*given, strict=True):
                generator(*part)
    finally:
        handle.remove()
    return torch.cat(found)


def _first_linear(network: nn.Module) -> nn.Linear:
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            return layer
    raise ValueError("generator has no nn.Linear layer; expected one that takes z.")


def _fix_signs(vectors: torch.Tensor) -> torch.Tensor:
    """Choose between v and -v, which are the same line: make the largest entry positive."""
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return vectors * largest.sign()


def lerp(z_from: torch.Tensor, z_to: torch.Tensor, t: torch.Tensor | float) -> torch.Tensor:
    """Interpolate linearly between two z: (1 - t) z_from + t z_to.

    ``z_from``, ``z_to``: shape (latent_dim,) or (N, latent_dim); ``t``: a number, or a tensor of
    shape (T,), which gives (T, latent_dim) from two single z.
    Halfway between two independent z, the length of the result is about 1/sqrt(2) of theirs.

    Raises ``TypeError`` when a z is not a tensor of floats or ``t`` not a number, and
    ``ValueError`` when latent_dim differs. Introduced in notebook 05, "From one digit to another".
    """
    t = _check_ends(z_from, z_to, t)
    return (1 - t) * z_from + t * z_to


def slerp(z_from: torch.Tensor, z_to: torch.Tensor, t: torch.Tensor | float) -> torch.Tensor:
    """Interpolate along the arc from z_from to z_to (spherical interpolation).

    (sin((1 - t) w) z_from + sin(t w) z_to) / sin(w), where w is the angle between the two. If both
    have the same length, every point between them has it, too. For (nearly) parallel z the result
    is that of ``lerp``.

    Shapes and errors are those of ``lerp``. Raises ``ValueError``, too, for z in opposite
    directions, between which there is no shortest arc, and for z = 0, which has no direction.

    Source: Shoemake 1985; White 2016, "Sampling generative networks", section 2.1. Introduced in
    notebook 05, "From one digit to another".
    """
    t = _check_ends(z_from, z_to, t)
    if not (z_from.isfinite().all() and z_to.isfinite().all()):
        raise ValueError("z_from or z_to holds NaN or infinite values; draw it with torch.randn.")
    lengths = z_from.norm(dim=-1) * z_to.norm(dim=-1)
    if (lengths == 0).any():
        raise ValueError("z_from or z_to is 0, which has no direction; draw it with torch.randn.")
    cos = ((z_from * z_to).sum(-1) / lengths).clamp(-1, 1)
    if (cos < -0.9999).any():
        raise ValueError(
            "z_from and z_to point in opposite directions; there is no shortest arc between them. "
            "Interpolate to a third z first, and from there to z_to."
        )
    w = torch.arccos(cos)[..., None]
    arc = (torch.sin((1 - t) * w) * z_from + torch.sin(t * w) * z_to) / torch.sin(w)
    return torch.where(w < 1e-3, lerp(z_from, z_to, t.squeeze(-1)), arc)


def _check_ends(z_from: torch.Tensor, z_to: torch.Tensor, t: torch.Tensor | float) -> torch.Tensor:
    """Return ``t`` as a tensor of shape (..., 1), and raise if an argument does not fit."""
    check_floats(z_from, "z_from")
    check_floats(z_to, "z_to")
    if z_from.ndim == 0 or z_to.shape[-1:] != z_from.shape[-1:]:
        raise ValueError(
            f"z_from has shape {tuple(z_from.shape)} and z_to {tuple(z_to.shape)}; expected "
            "(latent_dim,) or (N, latent_dim), with the same latent_dim."
        )
    try:
        return torch.as_tensor(t, dtype=z_from.dtype, device=z_from.device).unsqueeze(-1)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"t is {t!r}; expected a number, 0 at z_from and 1 at z_to, or a tensor of them."
        ) from error


class Search(NamedTuple):
    """The state of a search for z after some number of steps."""

    z: torch.Tensor  # (N, latent_dim)
    losses: torch.Tensor  # (N,), the loss of each z


def invert(
    generator: nn.Module,
    images: torch.Tensor,
    steps: int = 200,
    restarts: int = 4,
    learning_rate: float = 0.1,
    norm_weight: float = 0.0,
    seed: int = 0,
) -> Iterator[Search]:
    """Find, for each image x, the z whose image G(z) is closest to x, by gradient descent.

    Minimises mean((G(z) - x)^2) + norm_weight |z|^2 / latent_dim over z with Adam on the CPU, from
    ``restarts`` random z for each image. Yields the best z of each image before the first step and
    after every step, steps + 1 times: ``for search in invert(...)``.

    ``generator``: takes z alone; of one with classes, ``models.OneClass(generator, 7)`` does.
    ``images``: float in [-1, 1], of the generator's shape. ``losses``: the mean squared error per
    pixel of the best z at this step, at least 0, without the term of ``norm_weight``.

    Raises ``TypeError`` when an argument is not a generator, float images or a number, and
    ``ValueError`` when it is out of range.

    Source: Creswell and Bharath 2018, "Inverting the generator of a generative adversarial
    network". Introduced in notebook 05, "Which z drew this?".
    """
    latent_dim = latent_dim_of(generator)
    check_without_classes(generator)
    check_scaled_images(images, "images", getattr(generator, "image_shape", IMAGE_SHAPE))
    steps, restarts = whole_number(steps, "steps", 1), whole_number(restarts, "restarts", 1)
    learning_rate = number(learning_rate, "learning_rate", above=0)
    norm_weight = number(norm_weight, "norm_weight", least=0)
    rng = torch.Generator().manual_seed(check_seed(seed))
    starts = torch.randn(len(images) * restarts, latent_dim, generator=rng)
    return _invert(generator, images, starts, steps, restarts, learning_rate, norm_weight)


def _invert(
    generator: nn.Module,
    images: torch.Tensor,
    starts: torch.Tensor,
    steps: int,
    restarts: int,
    learning_rate: float,
    norm_weight: float,
) -> Iterator[Search]:
    z = starts.requires_grad_()
    optimizer = torch.optim.Adam([z], lr=learning_rate)
    targets = images.repeat_interleave(restarts, dim=0)
    for step in range(steps + 1):
        with evaluating(generator):
            errors = (generator(z) - targets).square().mean((1, 2, 3))  # (N restarts,)
            if step < steps:
                loss = errors + norm_weight * z.square().mean(1)
                (z.grad,) = torch.autograd.grad(loss.sum(), z)
        now = z.detach().view(len(images), restarts, -1)
        best = errors.detach().view(len(images), restarts).min(dim=1)
        rows = torch.arange(len(images))
        yield Search(now[rows, best.indices], best.values)
        if step < steps:
            optimizer.step()


def find_class(
    generator: nn.Module,
    digit: int,
    z: torch.Tensor,
    steps: int = 50,
    learning_rate: float = 0.05,
) -> Iterator[Search]:
    """Move each z so that the classifier recognises ``digit`` in its image, by gradient descent.

    Minimises -log p(digit | G(z)) with Adam on the CPU, through classifier and generator; "no
    digit" is one of the classes of p. Yields steps + 1 times, as ``invert`` does; ``losses`` are in
    nats. Each z keeps its length, because the generator was hardly ever trained at other lengths.

    ``generator``: takes z alone and draws digits, (N, 1, 28, 28); ``z``: shape (N, latent_dim),
    where the search starts. Raises ``TypeError`` when an argument is not a generator, a tensor of
    floats or a number, and ``ValueError`` for a bad shape, a z of length 0, a ``digit`` outside 0
    to 9, ``steps`` below 1 or a ``learning_rate`` of at most 0.

    Source: Nguyen et al. 2016, "Synthesizing the preferred inputs for neurons in neural networks
    via deep generator networks", section 2. Introduced in notebook 05, "Climbing to a class".
    """
    check_z(z, latent_dim_of(generator), generator)
    check_without_classes(generator)
    shape = getattr(generator, "image_shape", IMAGE_SHAPE)
    if shape != IMAGE_SHAPE:
        raise ValueError(
            f"generator draws images of shape {shape}; expected {IMAGE_SHAPE}, digits, because "
            "the classifier knows only these."
        )
    if not (z.norm(dim=1) > 0).all():
        raise ValueError(
            "z holds a row of length 0, which has no direction, or NaN; draw it with torch.randn."
        )
    digit, steps = whole_number(digit, "digit", 0, CLASSES - 1), whole_number(steps, "steps", 1)
    learning_rate = number(learning_rate, "learning_rate", above=0)
    return _find_class(generator, digit, z, steps, learning_rate)


def _find_class(
    generator: nn.Module, digit: int, z: torch.Tensor, steps: int, learning_rate: float
) -> Iterator[Search]:
    lengths = z.norm(dim=1, keepdim=True)
    z = z.clone().requires_grad_()
    optimizer = torch.optim.Adam([z], lr=learning_rate)
    classifier = load_classifier()
    for step in range(steps + 1):
        with evaluating(generator):
            _, logits = classifier(generator(z))
            losses = -logits.log_softmax(dim=1)[:, digit]  # (N,)
            if step < steps:
                (z.grad,) = torch.autograd.grad(losses.sum(), z)
        yield Search(z.detach().clone(), losses.detach())
        if step < steps:
            optimizer.step()
            with torch.no_grad():
                z.mul_(lengths / z.norm(dim=1, keepdim=True))


def class_means(z: torch.Tensor, images: torch.Tensor, confidence: float = 0.9) -> torch.Tensor:
    """Return, for each digit, the mean of the z whose images the classifier recognises as it.

    ``z``: shape (N, latent_dim); ``images``: uint8, shape (N, 1, 28, 28), drawn from them. An image
    counts only if the probability of its class and that of being a digit at all are at least
    ``confidence``. Returns shape (10, latent_dim).

    Raises ``TypeError`` when an argument is not a tensor or a number, and ``ValueError`` when N
    differs, when ``confidence`` is not in [0, 1], or when no image counts for a digit.

    Source: Radford et al. 2016, section 6.3 (arithmetic on averaged z). Introduced in notebook 05,
    "Arithmetic".
    """
    check_tensor(z, "z")
    check_tensor(images, "images")
    if z.ndim != 2 or len(z) != len(images):
        raise ValueError(
            f"z has shape {tuple(z.shape)} and images {tuple(images.shape)}; expected "
            "(N, latent_dim) and (N, 1, 28, 28): one z for each picture."
        )
    confidence = number(confidence, "confidence", least=0, most=1)
    seen = classify(images)
    sure = (seen.probabilities.max(1).values >= confidence) & (seen.digit >= confidence)
    digits = seen.probabilities.argmax(1)
    means = []
    for digit in range(CLASSES):
        chosen = z[sure & (digits == digit)]
        if len(chosen) == 0:
            raise ValueError(f"No picture is surely a {digit}; draw more z, or lower confidence.")
        means.append(chosen.mean(0))
    return torch.stack(means)
