"""The checks behind the exercises of notebook 05: not tried, known wrong answers, and right."""

import math

import numpy as np
import pytest
import torch

from gan_helpers import exercises

NOT_TRIED = "not tried yet: replace the dots with your answer and run the cell again."


def undone(*arguments):
    """The stub of a function, as the notebook leaves it."""


@pytest.mark.parametrize(
    ("check", "stub"),
    [
        (exercises.check_mean_length, ...),
        (exercises.check_mean_length, None),
        (exercises.check_slerp, undone),
        (exercises.check_slerp, lambda *arguments: ...),
        (exercises.check_set_coordinate, undone),
        (exercises.check_set_coordinate, lambda *arguments: ...),
        (exercises.check_inversion_step, undone),
        (exercises.check_inversion_step, lambda *arguments: ...),
    ],
)
def test_a_stub_is_not_tried_yet(said, check, stub):
    assert said(check, stub) == NOT_TRIED


def angle(a, b):
    return torch.arccos((a @ b) / (a.norm() * b.norm()))


def right_slerp(a, b, t):
    w = angle(a, b)
    return (torch.sin((1 - t) * w) * a + torch.sin(t * w) * b) / torch.sin(w)


def slerp_by_rotation(a, b, t):
    """The same arc from a basis of the plane, for lengths that differ."""
    u, w = a / a.norm(), angle(a, b)
    v = b / b.norm() - torch.cos(w) * u
    v = v / v.norm()
    share = torch.sin(t * w) / torch.sin(w)  # of b's length; the rest is a's
    rest = torch.sin((1 - t) * w) / torch.sin(w)
    along, across = rest * a.norm() + share * b.norm() * torch.cos(w), share * b.norm()
    return along * u + across * torch.sin(w) * v


def right_coordinate(z, v, value):
    return z + (value - z @ v)[:, None] * v


def coordinate_by_outer(z, v, value):
    rest = z - torch.outer(z @ v, v)
    return rest + value * v


def right_step(generator, x, z, learning_rate):
    return (z - learning_rate * slope(generator, x, z)).detach()


def slope(generator, x, z, mean=True):
    z = z.detach().requires_grad_()
    errors = (generator(z) - x).square()
    (gradient,) = torch.autograd.grad(errors.mean() if mean else errors.sum(), z)
    return gradient


def step_with_backward(generator, x, z, learning_rate):
    """Right, and it tidies up after itself."""
    z = z.detach().requires_grad_()
    (generator(z) - x).square().mean().backward()
    generator.zero_grad()
    return z - learning_rate * z.grad  # still in the graph


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (exercises.check_mean_length, 5.8),
        (exercises.check_mean_length, 10 / math.sqrt(3)),
        (exercises.check_mean_length, np.float64(5.77)),
        (exercises.check_slerp, right_slerp),
        (exercises.check_slerp, slerp_by_rotation),
        (exercises.check_set_coordinate, right_coordinate),
        (exercises.check_set_coordinate, coordinate_by_outer),
        (exercises.check_inversion_step, right_step),
        (exercises.check_inversion_step, step_with_backward),
    ],
)
def test_the_right_answer(said, check, answer):
    assert said(check, answer) == "right"


def half_right_slerp(a, b, t):
    return right_slerp(a, b, t) if t < 0.5 else torch.zeros_like(b)


def add_in_place(z, v, value):
    z += (value - z @ v)[:, None] * v
    return z


def step_that_leaves_gradients(generator, x, z, learning_rate):
    z = z.detach().requires_grad_()
    (generator(z) - x).square().mean().backward()
    return (z - learning_rate * z.grad).detach()


@pytest.mark.parametrize(
    ("check", "answer", "reason"),
    [
        (exercises.check_mean_length, 10, "three equal z"),
        (exercises.check_mean_length, 3.3, "lengths do not add up"),
        (exercises.check_mean_length, 17.3, "divide it by three"),
        (exercises.check_mean_length, 7.1, "the mean of two z"),
        (exercises.check_mean_length, 5.7, "5.7 is not it"),
        (exercises.check_mean_length, -5.8, "-5.8 is not it"),
        (exercises.check_mean_length, math.nan, "nan is not it"),
        (exercises.check_mean_length, "5.8", "'5.8' is no number"),
        (exercises.check_slerp, lambda a, b, t: (1 - t) * a + t * b, "the straight line"),
        (exercises.check_slerp, lambda a, b, t: right_slerp(b, a, t), "starts at z_to"),
        (
            exercises.check_slerp,
            lambda a, b, t: right_slerp(a, b, t) * torch.sin(angle(a, b)),
            "division by sin(w) is missing",
        ),
        (exercises.check_slerp, half_right_slerp, "the values differ"),
        (exercises.check_slerp, lambda a, b, t: a * torch.nan, "the values differ"),
        (exercises.check_slerp, lambda a, b, t: right_slerp(a, b, t)[None], "shape is (1, 100)"),
        (exercises.check_slerp, lambda a, b, t: a.tolist(), "returns list; return a tensor"),
        (exercises.check_set_coordinate, lambda z, v, value: z + value * v, "that adds to z"),
        (
            exercises.check_set_coordinate,
            lambda z, v, value: right_coordinate(z, v, 0.0),
            "sets the coordinate to 0",
        ),
        (
            exercises.check_set_coordinate,
            lambda z, v, value: value * v.expand_as(z),
            "at right angles to v is lost",
        ),
        (
            exercises.check_set_coordinate,
            lambda z, v, value: z - (z @ v)[:, None] + value * v,
            "must be multiplied by v",
        ),
        (exercises.check_set_coordinate, add_in_place, "it changes the z that it was given"),
        (exercises.check_set_coordinate, lambda z, v, value: value * v, "the shape is (20,)"),
        (exercises.check_set_coordinate, lambda z, v, value: z, "the values differ"),
        (
            exercises.check_inversion_step,
            lambda g, x, z, rate: z + rate * slope(g, x, z),
            "goes up the gradient",
        ),
        (
            exercises.check_inversion_step,
            lambda g, x, z, rate: z - slope(g, x, z),
            "the learning rate is missing",
        ),
        (
            exercises.check_inversion_step,
            lambda g, x, z, rate: z - rate * slope(g, x, z, mean=False),
            "take the mean",
        ),
        (exercises.check_inversion_step, lambda g, x, z, rate: z, "z has not moved"),
        (exercises.check_inversion_step, step_that_leaves_gradients, "have kept a gradient"),
        (exercises.check_inversion_step, lambda g, x, z, rate: z[0], "the shape is (8,)"),
        (exercises.check_inversion_step, lambda g, x, z, rate: 2 * z, "the values differ"),
    ],
)
def test_a_wrong_answer_gets_its_reason(said, check, answer, reason):
    line = said(check, answer)
    assert line.startswith("not right, because ")
    assert reason in line
