"""What can be done with a trained generator's latent space: directions, paths, searches.

All functions leave the networks as they were: no weight changes, and the modes are put back.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from gan_helpers.checks import (
    check_floats,
    check_network,
    check_scaled_images,
    check_seed,
    check_tensor,
    check_z,
    latent_dim_of,
    number,
    whole_number,
)
from gan_helpers.metrics import CLASSES, classify, load_classifier
from gan_helpers.models import evaluating


class Directions(NamedTuple):
    """Directions in latent space, the strongest first."""

    vectors: torch.Tensor  # (K, latent_dim), float32, each of length 1
    strengths: torch.Tensor  # (K,), at least 0, falling, as the function that found them says


def weight_directions(generator: nn.Module) -> Directions:
    """The directions of z that the generator's first layer answers to most, in closed form.

    The first layer computes A z + b. A step v of length 1 changes it by A v, whose length is
    largest for the eigenvector of A^T A with the largest eigenvalue, and so on downwards: the
    right singular vectors of A, with its singular values |A v| as ``strengths``. Returns all
    latent_dim of them, at right angles, those of strength 0 included; the sign is chosen so that
    the entry of largest size is positive. A BatchNorm behind the layer is not taken in.

    ``generator``: a network whose first ``nn.Linear`` takes z. Raises ``TypeError`` when it is no
    network and ``ValueError`` when it has no such layer.

    Source: Shen and Zhou 2021, "Closed-form factorization of latent semantics in GANs".
    Introduced in notebook 05, "Directions from the weights".
    """
    check_network(generator, "generator")
    weight = _first_linear(generator).weight.detach().cpu().float()  # (units, latent_dim)
    _, strengths, vectors = torch.linalg.svd(weight)
    # A layer of fewer units than latent_dim does not see the last directions at all.
    return Directions(_fix_signs(vectors), F.pad(strengths, (0, len(vectors) - len(strengths))))


@torch.no_grad()
def activation_directions(
    generator: nn.Module, count: int | None = None, samples: int = 5000
) -> Directions:
    """The directions of z along which the last hidden layer's activations vary most.

    Principal components h = mean + sum_k c_k u_k of the activations h(z) of ``samples`` z (seed
    0), each carried back to z by least squares: v_k minimises sum |z - sum_k c_k v_k|^2, so v_k is
    the mean of c_k z over its length. ``strengths`` are the standard deviations of c_k. The
    v_k are not at right angles to each other.

    ``count``: how many, at most latent_dim and the number of hidden units; all when left out.
    Raises ``TypeError`` for what is no generator or no whole number, and ``ValueError`` for another
    ``count``, for too few ``samples``, and when the generator has no ``nn.Linear``.

    Source: Haerkoenen et al. 2020, "GANSpace", section 2.2. Introduced in notebook 05, "Directions
    from the weights".
    """
    latent_dim = latent_dim_of(generator)
    hint = "With fewer than 2 latent_dim, the components are noise."
    samples = whole_number(samples, "samples", 2 * latent_dim, hint=hint)
    z = torch.randn(samples, latent_dim, generator=torch.Generator().manual_seed(0))
    hidden: list[torch.Tensor] = []
    last = [layer for layer in generator.modules() if isinstance(layer, nn.Linear)][-1:]
    if not last:
        raise ValueError("generator has no nn.Linear layer, whose activations could be read.")
    most = min(latent_dim, last[0].in_features)
    hint = "The most is the smaller of latent_dim and the units of the last hidden layer."
    count = most if count is None else whole_number(count, "count", 1, most, hint)
    # What goes into the last Linear layer is what comes out of the last hidden one.
    handle = last[0].register_forward_pre_hook(lambda layer, inputs: hidden.append(inputs[0]))
    try:
        with evaluating(generator):
            generator(z.to(last[0].weight.device))
    finally:
        handle.remove()
    h = hidden[0].cpu().float()
    left, values, _ = torch.linalg.svd(h - h.mean(0), full_matrices=False)
    vectors = left[:, :count].T @ z  # (count, samples) @ (samples, latent_dim)
    return Directions(_fix_signs(F.normalize(vectors)), values[:count] / math.sqrt(samples - 1))


def _first_linear(network: nn.Module) -> nn.Linear:
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            return layer
    raise ValueError("generator has no nn.Linear layer; expected one that takes z.")


def _fix_signs(vectors: torch.Tensor) -> torch.Tensor:
    """A direction and its opposite are the same line: let the largest entry be positive."""
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return vectors * largest.sign()


def lerp(z_from: torch.Tensor, z_to: torch.Tensor, t: torch.Tensor | float) -> torch.Tensor:
    """Linear interpolation (1 - t) z_from + t z_to.

    ``z_from``, ``z_to``: shape (latent_dim,) or (N, latent_dim); ``t``: a number, or a tensor of
    shape (T,), which gives (T, latent_dim) from two single z.
    Halfway between two independent z the length is about 1/sqrt(2) of theirs.

    Raises ``TypeError`` for what is no tensor of floats or no number and ``ValueError`` when the
    lengths of the z differ. Introduced in notebook 05, "From one digit to another".
    """
    t = _check_ends(z_from, z_to, t)
    return (1 - t) * z_from + t * z_to


def slerp(z_from: torch.Tensor, z_to: torch.Tensor, t: torch.Tensor | float) -> torch.Tensor:
    """Spherical interpolation: along the arc from z_from to z_to.

    (sin((1 - t) w) z_from + sin(t w) z_to) / sin(w), with w the angle between the two. Between
    two z of one length every point has that length. For (nearly) parallel z it is ``lerp``.

    Shapes and errors as for ``lerp``. Raises ``ValueError``, too, for z that point in opposite
    directions, between which there is no shortest arc, and for z = 0, which points nowhere.

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
            "Go by way of a third z."
        )
    w = torch.arccos(cos)[..., None]
    arc = (torch.sin((1 - t) * w) * z_from + torch.sin(t * w) * z_to) / torch.sin(w)
    return torch.where(w < 1e-3, lerp(z_from, z_to, t.squeeze(-1)), arc)


def _check_ends(z_from: torch.Tensor, z_to: torch.Tensor, t: torch.Tensor | float) -> torch.Tensor:
    """``t`` as a tensor, shape (..., 1), to multiply the z by; raises for what does not fit."""
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
    """What a search for z found, after so many steps."""

    z: torch.Tensor  # (N, latent_dim)
    losses: torch.Tensor  # (N,), what was minimised, for each z


def invert(
    generator: nn.Module,
    images: torch.Tensor,
    steps: int = 200,
    restarts: int = 4,
    learning_rate: float = 0.1,
    norm_weight: float = 0.0,
    seed: int = 0,
) -> Iterator[Search]:
    """Search, by gradient descent on the CPU, the z whose picture is closest to each image.

    Minimises mean((G(z) - x)^2) + norm_weight |z|^2 / latent_dim over z by Adam, from ``restarts``
    random z for each image, of which the best is reported. Yields the state before the first step
    and after every one, steps + 1 times: ``for search in invert(...)``.

    ``images``: float in [-1, 1], shape (N, 1, 28, 28). ``losses``: the mean squared error per
    pixel without the second term, of the start that is best at this step, at least 0.

    Raises ``TypeError`` for what is no generator, no float images or no number, and ``ValueError``
    for a number or images out of range.

    Source: Creswell and Bharath 2018, "Inverting the generator of a generative adversarial
    network". Introduced in notebook 05, "Which z drew this?".
    """
    latent_dim = latent_dim_of(generator)
    check_scaled_images(images, "images")
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
    """Climb from each z, on the CPU, to a picture that the classifier takes for ``digit``.

    Minimises -log p(digit | G(z)) by gradient descent (Adam) through classifier and generator; p
    counts "no digit" among the answers. Yields steps + 1 times, as ``invert`` does; ``losses`` in
    nats. The length of each z is kept: at other lengths the generator was hardly ever trained.

    ``z``: shape (N, latent_dim), where the search starts. Raises ``TypeError`` for what is no
    generator, no tensor of floats or no number, and ``ValueError`` for a bad shape, a z of length
    0, a ``digit`` outside 0 to 9, ``steps`` below 1 or a ``learning_rate`` that is not positive.

    Source: Nguyen et al. 2016, "Synthesizing the preferred inputs for neurons in neural networks
    via deep generator networks", section 2. Introduced in notebook 05, "Climbing to a class".
    """
    check_z(z, latent_dim_of(generator), generator)
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
    """The mean z of each digit: of those z whose picture the classifier takes for it.

    ``z``: shape (N, latent_dim); ``images``: uint8, shape (N, 1, 28, 28), drawn from them; only
    pictures of which the classifier is sure count (probability of the class, and of being a digit
    at all, at least ``confidence``). Returns shape (10, latent_dim).

    Raises ``TypeError`` for what is no tensor or no number, and ``ValueError`` when N differs, when
    ``confidence`` is not in [0, 1], or when a digit has no such picture.

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
