"""The checks behind the exercises of notebook 07: not tried, known wrong answers, and right."""

import math

import pytest
import torch

from gan_helpers.exercises import chapter_07

NOT_TRIED = "not tried yet: replace the dots with your answer and run the cell again."


def undone(*arguments):
    """The stub of a function, as the notebook leaves it."""


@pytest.mark.parametrize(
    ("check", "stub"),
    [
        (chapter_07.check_growth, ...),
        (chapter_07.check_alternating_update, undone),
        (chapter_07.check_alternating_update, lambda a, b, rate: (..., ...)),
        (chapter_07.check_count_modes, undone),
        (chapter_07.check_name_failure, undone),
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
        (chapter_07.check_growth, 1.118),
        (chapter_07.check_growth, torch.tensor(math.sqrt(1.25))),
        (chapter_07.check_alternating_update, right_update),
        (chapter_07.check_alternating_update, lambda *args: list(right_update(*args))),
        (chapter_07.check_count_modes, right_count),
        (chapter_07.check_count_modes, lambda *args: torch.tensor(right_count(*args))),
        (chapter_07.check_name_failure, right_name),
    ],
)
def test_the_right_answer(said, check, answer):
    assert said(check, answer) == "right"


@pytest.mark.parametrize(
    ("check", "answer", "reason"),
    [
        (chapter_07.check_growth, 1.0, "the alternating update"),
        (chapter_07.check_growth, 1.25, "take the root"),
        (chapter_07.check_growth, 1.5, "right angles"),
        (chapter_07.check_growth, 0.5, "length of the step"),
        (chapter_07.check_growth, 2, "2.000 is not the absolute value"),
        (chapter_07.check_growth, None, "expected one real number"),
        (chapter_07.check_growth, float("nan"), "nan is not the absolute value"),
        (chapter_07.check_alternating_update, lambda a, b, rate: a, "the new a and the new b"),
        (
            chapter_07.check_count_modes,
            lambda samples, centres, std: right_count(samples, centres, 2.6 / 3 * std),
            "the limit is 3",
        ),
        (
            chapter_07.check_count_modes,
            lambda samples, centres, std: box_count(samples, centres, std, math.inf),
            "the straight line",
        ),
        (
            chapter_07.check_count_modes,
            lambda samples, centres, std: box_count(samples, centres, std, 1.0),
            "the straight line",
        ),
        (
            chapter_07.check_alternating_update,
            lambda a, b, r: (a - r * b, b + r * a),
            "the simultaneous update",
        ),
        (
            chapter_07.check_alternating_update,
            lambda a, b, r: (a - r * b, b + r * (a - r * b)),
            "G moves first",
        ),
        (
            chapter_07.check_alternating_update,
            lambda a, b, r: (a + r * (b - r * a), b - r * a),
            "the signs are exchanged",
        ),
        (
            chapter_07.check_alternating_update,
            lambda a, b, r: right_update(a, b, r)[::-1],
            "return a first",
        ),
        (chapter_07.check_alternating_update, lambda a, b, r: (a, b), "goes to 2.000, 3.000"),
        (
            chapter_07.check_alternating_update,
            lambda a, b, r: right_update(a, b, 0.1),
            "the rate that it is given",
        ),
        (chapter_07.check_count_modes, counter(lambda std: std), "the limit is 3"),
        (chapter_07.check_count_modes, counter(lambda std: math.inf), "look at the distance"),
        (chapter_07.check_count_modes, lambda samples, c, std: len(samples), "counts the samples"),
        (chapter_07.check_count_modes, counter(lambda std: 0.3), "use the std given"),
        (
            chapter_07.check_count_modes,
            lambda s, c, std: max(1, right_count(s, c, std)),
            "find no mode",
        ),
        (chapter_07.check_count_modes, lambda s, c, std: 0, "0 modes where there are 2"),
        (chapter_07.check_name_failure, lambda *numbers: "healthy", "four in five modes"),
        (
            chapter_07.check_name_failure,
            lambda r, f, s: "collapse" if s < 0.8 else right_name(r, f, s),
            "first give G a gradient",
        ),
        (
            chapter_07.check_name_failure,
            lambda r, f, s: "D wins" if r > 0.95 else right_name(r, f, s),
            "the real ones only",
        ),
        (
            chapter_07.check_name_failure,
            lambda r, f, s: "D wins" if f < 0.05 else right_name(r, f, s),
            "the generated ones only",
        ),
    ],
)
def test_a_wrong_answer_gets_its_reason(said, check, answer, reason):
    line = said(check, answer)
    assert line.startswith("not right, because ")
    assert reason in line
