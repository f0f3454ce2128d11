"""The checks behind the exercises of notebook 05."""

import math
from collections.abc import Callable

import torch
from torch import nn

from gan_helpers.exercises import (
    answer_of,
    is_near,
    is_tried,
    no_tensor,
    number_faults,
    tensor_faults,
    verdict,
)
from gan_helpers.latent import slerp
from gan_helpers.models import Generator, evaluating, new_network


def check_mean_length(length: object) -> None:
    """Check exercise 5.1: the length of the mean of three independent z of length 10.

    They are nearly at right angles: |z_1 + z_2 + z_3| / 3 = sqrt(3) 10 / 3. Introduced in notebook
    05.
    """
    tried = is_tried(length)
    reasons = {
        10.0: "that would be three equal z; these are nearly at right angles.",
        10 / 3: "lengths do not add up and divide: the squares of z at right angles do.",
        10 * math.sqrt(3): "that is the length of their sum; divide it by three.",
        10 / math.sqrt(2): "that is the mean of two z; here are three.",
    }
    otherwise = "{:g} is not it: add the squares of the lengths, as for axes."
    verdict(tried, number_faults(length, 10 / math.sqrt(3), reasons, otherwise, 0.06))


def check_rescaled_line(
    rescaled_line: Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor],
) -> None:
    """Check exercise 5.2: lerp / sqrt((1 - t)^2 + t^2), of variance 1.

    Introduced in notebook 05.
    """
    rng = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 100, generator=rng)
    answer = answer_of(rescaled_line, a, b, 0.3)
    tried, faults = is_tried(answer), []
    if tried:
        line, variance = 0.7 * a + 0.3 * b, 0.7**2 + 0.3**2
        right = line / math.sqrt(variance)
        reasons = [
            (line, "that is the line itself, whose variance is (1 - t)^2 + t^2."),
            (line / variance, "divide by the standard deviation: the root is missing."),
            (line * math.sqrt(variance), "it multiplies; divide."),
            (line * variance, "it multiplies; divide, by the root."),
            (slerp(a, b, 0.3), "that is the arc, whose numbers depend on the angle as well."),
            (line / line.norm(), "that has length 1; the variance shall be 1."),
            (10 * line / line.norm(), "that gives every point one length, and lengths scatter;"
             " the number may depend on t alone."),
            ((0.3 * a + 0.7 * b) / math.sqrt(variance), "it starts at z_to: t = 0 gives z_from."),
        ]  # fmt: skip
        faults = tensor_faults(answer, right, reasons)
        if not faults:
            faults = tensor_faults(answer_of(rescaled_line, a, b, 1.0), b, [])
    verdict(tried, faults)


def check_two_mixtures(matrix: object) -> None:
    """Check exercise 5.5: shape (6, 4), participation ratio 2, no column 0.

    Two singular values are equal, the others 0. Introduced in notebook 05.
    """
    tried = is_tried(matrix)
    faults = no_tensor(matrix) if tried else []
    if tried and not faults:
        m = matrix.detach().double()
        if m.shape != (6, 4):
            faults = [f"the shape is {tuple(m.shape)}; expected (6, 4): a row for each unit."]
        elif not m.isfinite().all():
            faults = ["there are NaN or infinite values in it."]
        elif not m.any(dim=0).all():
            column = int((~m.any(dim=0)).nonzero()[0])
            faults = [f"column {column} is 0, so that number of z changes nothing."]
        else:
            energy = torch.linalg.svdvals(m).square()
            ratio = (energy.sum() ** 2 / energy.square().sum()).item()
            if not is_near(ratio, 2, 0.01):
                hints = {
                    1: ": all its rows point the same way",
                    4: ": all four strengths are equal",
                }
                hint = hints.get(round(ratio, 2), "")
                faults = [f"its participation ratio is {ratio:.2f}{hint}; two equal strengths, the"
                          " others 0, make 2."]  # fmt: skip
    verdict(tried, faults)


def check_set_coordinate(
    set_coordinate: Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor],
) -> None:
    """Check exercise 5.3: a coordinate of z along v, set to a value. Introduced in notebook 05."""
    rng = torch.Generator().manual_seed(0)
    z, v = torch.randn(4, 20, generator=rng), torch.randn(20, generator=rng)
    v = v / v.norm()
    before = z.clone()
    answer = answer_of(set_coordinate, z, v, 1.5)
    tried, faults = is_tried(answer), []
    if tried:
        rest = before - (before @ v)[:, None] * v
        reasons = [
            (before + 1.5 * v, "that adds to z, as the slider does; take out what is there first."),
            (rest, "that sets the coordinate to 0; add value * v."),
            (1.5 * v.expand(4, 20), "what is at right angles to v is lost."),
            (before - (before @ v)[:, None] + 1.5 * v, "the number z @ v must be multiplied by v."),
        ]
        faults = tensor_faults(answer, rest + 1.5 * v, reasons)
        if not faults and not torch.equal(z, before):
            faults = ["it changes the z that it was given; return a new tensor."]
    verdict(tried, faults)


def check_inversion_step(
    inversion_step: Callable[[nn.Module, torch.Tensor, torch.Tensor, float], torch.Tensor],
) -> None:
    """Check exercise 5.4: one step of gradient descent on z. Introduced in notebook 05."""
    rng = torch.Generator().manual_seed(0)
    generator = new_network(lambda: Generator(8, (16,)), seed=0).eval()
    x = torch.rand(1, 1, 28, 28, generator=rng) * 2 - 1
    z = torch.randn(1, 8, generator=rng)
    answer = answer_of(inversion_step, generator, x, z.clone(), 0.5)
    tried, faults = is_tried(answer), []
    if tried:
        with evaluating(generator):
            variable = z.clone().requires_grad_()
            (gradient,) = torch.autograd.grad((generator(variable) - x).square().mean(), variable)
        reasons = [
            (z + 0.5 * gradient, "that goes up the gradient: the error grows."),
            (z - gradient, "the learning rate is missing."),
            (z - 0.5 * 784 * gradient, "that is the sum over pixels; take the mean."),
            (z, "z has not moved."),
        ]
        faults = tensor_faults(answer, z - 0.5 * gradient, reasons)
        if not faults and any(p.grad is not None for p in generator.parameters()):
            faults = ["the generator's weights have kept a gradient; torch.autograd.grad(loss, z)"
                      " gives that of z alone."]  # fmt: skip
    verdict(tried, faults)
