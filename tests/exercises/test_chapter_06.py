"""The checks behind the exercises of notebook 06: not tried, known wrong answers, and right."""

import math
from statistics import mean, variance

import pytest

from gan_helpers.exercises import chapter_06

NOT_TRIED = "not tried yet: replace the dots with your answer and run the cell again."


def undone(*arguments):
    """The stub of a function, as the notebook leaves it."""


@pytest.mark.parametrize(
    ("check", "stub"),
    [
        (chapter_06.check_thief, ...),
        (chapter_06.check_unit_range, undone),
        (chapter_06.check_frechet_1d, undone),
        (chapter_06.check_better, undone),
    ],
)
def test_a_stub_is_not_tried_yet(said, check, stub):
    assert said(check, stub) == NOT_TRIED


def right_range(nats, pixels):
    return nats + pixels * math.log(2)


def right_distance(a, b):
    return ((a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2).item()


def right_better(first, second):
    error = math.sqrt(variance(first) / len(first) + variance(second) / len(second))
    return mean(second) - mean(first) > 2 * error


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (chapter_06.check_thief, "nearest_pixels"),
        (chapter_06.check_unit_range, right_range),
        (chapter_06.check_frechet_1d, right_distance),
        (
            chapter_06.check_frechet_1d,
            lambda a, b: (
                (a - 0).mean().sub(b.mean()) ** 2 + (a.std(correction=0) - b.std(correction=0)) ** 2
            ),
        ),
        (chapter_06.check_better, right_better),
    ],
)
def test_the_right_answer(said, check, answer):
    assert said(check, answer) == "right"


@pytest.mark.parametrize(
    ("check", "answer", "reason"),
    [
        (chapter_06.check_thief, "parzen", "about 240 nats"),
        (chapter_06.check_thief, "frechet", "the distance is small"),
        (chapter_06.check_thief, "loss", "'loss' is none of the names"),
        (chapter_06.check_unit_range, lambda n, d: n - d * math.log(2), "the sign is wrong"),
        (chapter_06.check_unit_range, lambda n, d: n + d, "counts in bits"),
        (chapter_06.check_unit_range, lambda n, d: n, "yours gives -300.0"),
        (chapter_06.check_unit_range, lambda n, d: n + 784 * math.log(2), "number of pixels"),
        (chapter_06.check_frechet_1d, lambda a, b: (a.mean() - b.mean()) ** 2, "are missing"),
        (chapter_06.check_frechet_1d, lambda a, b: (a.std() - b.std()) ** 2, "means are missing"),
        (chapter_06.check_frechet_1d, lambda a, b: right_distance(a, b) ** 0.5, "take no root"),
        (
            chapter_06.check_frechet_1d,
            lambda a, b: (a.mean() - b.mean()) ** 2 + (a.var() - b.var()) ** 2,
            "not variances",
        ),
        (
            chapter_06.check_frechet_1d,
            lambda a, b: (a.mean() - b.mean()) ** 2 + a.var() + b.var(),
            "mixed term",
        ),
        (chapter_06.check_frechet_1d, lambda a, b: 1.0, "it gives 1.00"),
        (chapter_06.check_better, lambda a, b: mean(a) < mean(b), "seeds differ by 40"),
        (chapter_06.check_better, lambda a, b: max(a) < min(b), "36 seeds"),
        (chapter_06.check_better, lambda a, b: False, "differ by 20"),
        (chapter_06.check_better, lambda a, b: mean(b) - mean(a) > 5, "not right"),
    ],
)
def test_a_wrong_answer_gets_its_reason(said, check, answer, reason):
    line = said(check, answer)
    assert line.startswith("not right, because ")
    assert reason in line
