"""The checks behind the exercises of notebook 05: not tried, known wrong answers, and right."""

import math

import numpy as np
import pytest
import torch

from gan_helpers.exercises import chapter_05

NOT_TRIED = "not tried yet: replace the dots with your answer and run the cell again."


def undone(*arguments):
    """The stub of a function, as the notebook leaves it."""


@pytest.mark.parametrize(
    ("check", "stub"),
    [
        (chapter_05.check_mean_length, ...),
        (chapter_05.check_mean_length, None),
        (chapter_05.check_slerp, undone),
        (chapter_05.check_slerp, lambda *arguments: ...),
        (chapter_05.check_set_coordinate, undone),
        (chapter_05.check_set_coordinate, lambda *arguments: ...),
        (chapter_05.check_inversion_step, undone),
        (chapter_05.check_inversion_step, lambda *arguments: ...),
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
        (chapter_05.check_mean_length, 5.8),
        (chapter_05.check_mean_length, 10 / math.sqrt(3)),
        (chapter_05.check_mean_length, np.float64(5.77)),
        (chapter_05.check_slerp, right_slerp),
        (chapter_05.check_slerp, slerp_by_rotation),
        (chapter_05.check_set_coordinate, right_coordinate),
        (chapter_05.check_set_coordinate, coordinate_by_outer),
        (chapter_05.check_inversion_step, right_step),
        (chapter_05.check_inversion_step, step_with_backward),
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
        (chapter_05.check_mean_length, 10, "three equal z"),
        (chapter_05.check_mean_length, 3.3, "lengths do not add up"),
        (chapter_05.check_mean_length, 17.3, "divide it by three"),
        (chapter_05.check_mean_length, 7.1, "the mean of two z"),
        (chapter_05.check_mean_length, 5.7, "5.7 is not it"),
        (chapter_05.check_mean_length, -5.8, "-5.8 is not it"),
        (chapter_05.check_mean_length, math.nan, "nan is not it"),
        (chapter_05.check_mean_length, "5.8", "'5.8' is no number"),
        (chapter_05.check_slerp, lambda a, b, t: (1 - t) * a + t * b, "the straight line"),
        (chapter_05.check_slerp, lambda a, b, t: right_slerp(b, a, t), "starts at z_to"),
        (
            chapter_05.check_slerp,
            lambda a, b, t: right_slerp(a, b, t) * torch.sin(angle(a, b)),
            "division by sin(w) is missing",
        ),
        (chapter_05.check_slerp, half_right_slerp, "the values differ"),
        (chapter_05.check_slerp, lambda a, b, t: a * torch.nan, "the values differ"),
        (chapter_05.check_slerp, lambda a, b, t: right_slerp(a, b, t)[None], "shape is (1, 100)"),
        (chapter_05.check_slerp, lambda a, b, t: a.tolist(), "returns list; return a tensor"),
        (chapter_05.check_set_coordinate, lambda z, v, value: z + value * v, "that adds to z"),
        (
            chapter_05.check_set_coordinate,
            lambda z, v, value: right_coordinate(z, v, 0.0),
            "sets the coordinate to 0",
        ),
        (
            chapter_05.check_set_coordinate,
            lambda z, v, value: value * v.expand_as(z),
            "at right angles to v is lost",
        ),
        (
            chapter_05.check_set_coordinate,
            lambda z, v, value: z - (z @ v)[:, None] + value * v,
            "must be multiplied by v",
        ),
        (chapter_05.check_set_coordinate, add_in_place, "it changes the z that it was given"),
        (chapter_05.check_set_coordinate, lambda z, v, value: value * v, "the shape is (20,)"),
        (chapter_05.check_set_coordinate, lambda z, v, value: z, "the values differ"),
        (
            chapter_05.check_inversion_step,
            lambda g, x, z, rate: z + rate * slope(g, x, z),
            "goes up the gradient",
        ),
        (
            chapter_05.check_inversion_step,
            lambda g, x, z, rate: z - slope(g, x, z),
            "the learning rate is missing",
        ),
        (
            chapter_05.check_inversion_step,
            lambda g, x, z, rate: z - rate * slope(g, x, z, mean=False),
            "take the mean",
        ),
        (chapter_05.check_inversion_step, lambda g, x, z, rate: z, "z has not moved"),
        (chapter_05.check_inversion_step, step_that_leaves_gradients, "have kept a gradient"),
        (chapter_05.check_inversion_step, lambda g, x, z, rate: z[0], "the shape is (8,)"),
        (chapter_05.check_inversion_step, lambda g, x, z, rate: 2 * z, "the values differ"),
    ],
)
def test_a_wrong_answer_gets_its_reason(said, check, answer, reason):
    line = said(check, answer)
    assert line.startswith("not right, because ")
    assert reason in line
