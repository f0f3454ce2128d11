"""The checks behind the exercises of notebook 07: not tried, known wrong answers, and right."""

import math

import pytest
import torch

from gan_helpers import exercises

NOT_TRIED = "not tried yet: replace the dots with your answer and run the cell again."


def undone(*arguments):
    """The stub of a function, as the notebook leaves it."""


@pytest.mark.parametrize(
    ("check", "stub"),
    [
        (exercises.check_growth, ...),
        (exercises.check_alternating_update, undone),
        (exercises.check_alternating_update, lambda a, b, rate: (..., ...)),
        (exercises.check_count_modes, undone),
        (exercises.check_name_failure, undone),
    ],
)
def test_a_stub_is_not_tried_yet(said, check, stub):
    assert said(check, stub) == NOT_TRIED


def right_update(a, b, rate):
    b = b + rate * a
    return a - rate * b, b


def right_count(samples, centres, std):
    distance, nearest = torch.cdist(samples, centres).min(1)
    return len(nearest[distance <= 3 * std].unique())


def box_count(samples, centres, std, p):
    distance, nearest = torch.cdist(samples, centres, p=p).min(1)
    return len(nearest[distance <= 3 * std].unique())


def counter(limit):
    def count(samples, centres, std):
        distance, nearest = torch.cdist(samples, centres).min(1)
        return len(nearest[distance <= limit(std)].unique())

    return count


def right_name(d_real, d_fake, share):
    if d_real > 0.95 and d_fake < 0.05:
        return "D wins"
    return "collapse" if share < 0.8 else "healthy"


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (exercises.check_growth, 1.118),
        (exercises.check_growth, torch.tensor(math.sqrt(1.25))),
        (exercises.check_alternating_update, right_update),
        (exercises.check_alternating_update, lambda *args: list(right_update(*args))),
        (exercises.check_count_modes, right_count),
        (exercises.check_count_modes, lambda *args: torch.tensor(right_count(*args))),
        (exercises.check_name_failure, right_name),
    ],
)
def test_the_right_answer(said, check, answer):
    assert said(check, answer) == "right"


@pytest.mark.parametrize(
    ("check", "answer", "reason"),
    [
        (exercises.check_growth, 1.0, "the alternating update"),
        (exercises.check_growth, 1.25, "take the root"),
        (exercises.check_growth, 1.5, "right angles"),
        (exercises.check_growth, 0.5, "length of the step"),
        (exercises.check_growth, 2, "2.000 is not the absolute value"),
        (exercises.check_growth, None, "expected one real number"),
        (exercises.check_growth, float("nan"), "nan is not the absolute value"),
        (exercises.check_alternating_update, lambda a, b, rate: a, "the new a and the new b"),
        (
            exercises.check_count_modes,
            lambda samples, centres, std: right_count(samples, centres, 2.6 / 3 * std),
            "the limit is 3",
        ),
        (
            exercises.check_count_modes,
            lambda samples, centres, std: box_count(samples, centres, std, math.inf),
            "the straight line",
        ),
        (
            exercises.check_count_modes,
            lambda samples, centres, std: box_count(samples, centres, std, 1.0),
            "the straight line",
        ),
        (
            exercises.check_alternating_update,
            lambda a, b, r: (a - r * b, b + r * a),
            "the simultaneous update",
        ),
        (
            exercises.check_alternating_update,
            lambda a, b, r: (a - r * b, b + r * (a - r * b)),
            "G moves first",
        ),
        (
            exercises.check_alternating_update,
            lambda a, b, r: (a + r * (b - r * a), b - r * a),
            "the signs are exchanged",
        ),
        (
            exercises.check_alternating_update,
            lambda a, b, r: right_update(a, b, r)[::-1],
            "return a first",
        ),
        (exercises.check_alternating_update, lambda a, b, r: (a, b), "goes to 2.000, 3.000"),
        (
            exercises.check_alternating_update,
            lambda a, b, r: right_update(a, b, 0.1),
            "the rate that it is given",
        ),
        (exercises.check_count_modes, counter(lambda std: std), "the limit is 3"),
        (exercises.check_count_modes, counter(lambda std: math.inf), "look at the distance"),
        (exercises.check_count_modes, lambda samples, c, std: len(samples), "counts the samples"),
        (exercises.check_count_modes, counter(lambda std: 0.3), "use the std given"),
        (
            exercises.check_count_modes,
            lambda s, c, std: max(1, right_count(s, c, std)),
            "find no mode",
        ),
        (exercises.check_count_modes, lambda s, c, std: 0, "0 modes where there are 2"),
        (exercises.check_name_failure, lambda *numbers: "healthy", "four in five modes"),
        (
            exercises.check_name_failure,
            lambda r, f, s: "collapse" if s < 0.8 else right_name(r, f, s),
            "first give G a gradient",
        ),
        (
            exercises.check_name_failure,
            lambda r, f, s: "D wins" if r > 0.95 else right_name(r, f, s),
            "the real ones only",
        ),
        (
            exercises.check_name_failure,
            lambda r, f, s: "D wins" if f < 0.05 else right_name(r, f, s),
            "the generated ones only",
        ),
    ],
)
def test_a_wrong_answer_gets_its_reason(said, check, answer, reason):
    line = said(check, answer)
    assert line.startswith("not right, because ")
    assert reason in line
