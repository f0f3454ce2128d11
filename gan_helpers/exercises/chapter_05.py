"""The checks behind the exercises of notebook 05."""

import math
from collections.abc import Callable

import torch
from torch import nn

from gan_helpers.exercises import answer_of, is_tried, number_faults, tensor_faults, verdict
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


def check_slerp(my_slerp: Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor]) -> None:
    """Check exercise 5.2: spherical interpolation of two z. Introduced in notebook 05."""
    rng = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 100, generator=rng)
    answer = answer_of(my_slerp, a, b, 0.3)
    tried, faults = is_tried(answer), []
    if tried:
        w = torch.arccos((a * b).sum() / (a.norm() * b.norm()))
        reasons = [
            (0.7 * a + 0.3 * b, "that is the straight line."),
            (slerp(a, b, 0.7), "it starts at z_to: t = 0 must give z_from."),
            (slerp(a, b, 0.3) * torch.sin(w), "the division by sin(w) is missing."),
        ]
        faults = tensor_faults(answer, slerp(a, b, 0.3), reasons)
        if not faults:
            faults = tensor_faults(answer_of(my_slerp, a, b, 1.0), b, [])
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
