"""The checks behind the exercises of notebook 11."""

import math
from collections.abc import Callable

from gan_helpers.exercises import (
    answer_of,
    is_near,
    is_tried,
    number_faults,
    several,
    verdict,
)

# Rate, floor and divisor.
SCHEDULES = [
    (0.1, 1e-6, 1.000004),
    (0.1, 1e-6, 1.00004),
    (1.0, 0.5, 1.1),
    (0.05, 0.01, 1.001),
]
REPORTED, SIGMA, GRID_SIGMA, SAMPLES = -256_075, 0.01, 0.278, 10_000


def check_slopes(slopes: object) -> None:
    """Check exercise 11.1, the slopes of |x| and of LeakyReLU(0.2) as maxout units.

    Introduced in notebook 11.
    """
    tried, faults = several(slopes, 4, "the slopes of |x|, then those of LeakyReLU(0.2)")
    if tried and not faults:
        values = [float(slope) for slope in slopes]
        units = (("|x|", values[:2], (1.0, 1.0)), ("LeakyReLU(0.2)", values[2:], (1.0, -0.2)))
        faults = [fault for unit in units for fault in _of_a_unit(*unit)]
    verdict(tried, faults)


def _of_a_unit(name: str, slopes: list[float], expected: tuple[float, float]) -> list[str]:
    """What is wrong with max(a x, b x) at x = 1 and x = -1, where ``expected`` is right."""
    for x, value in zip((1, -1), expected, strict=True):
        got = max(slope * x for slope in slopes)
        if any(not math.isfinite(slope) for slope in slopes) or not is_near(got, value, 1e-6):
            return [f"at x = {x} your unit gives {got:g}; {name} is {value:g} there."]
    return []


def check_steps_until(steps_until: Callable[[float, float, float], float]) -> None:
    """Check exercise 11.2, after how many steps a divided rate is at its floor.

    ``steps_until(rate, floor, divisor)`` returns a number. Introduced in notebook 11.
    """
    answers = [answer_of(steps_until, *schedule) for schedule in SCHEDULES]
    tried = is_tried(answers[0])
    verdict(tried, _of_the_steps(answers) if tried else [])


def _of_the_steps(answers: list[object]) -> list[str]:
    for (rate, floor, divisor), answer in zip(SCHEDULES, answers, strict=True):
        right = math.log(rate / floor) / math.log(divisor)
        reasons = {
            -right: "the number of steps is negative: the rate falls, so it is above the floor.",
            right / 500: "this is the number of epochs; return the steps.",
            (rate - floor) / (divisor - 1): "the rate is divided in each step, not lowered by as "
            "much each time: take logarithms.",
        }
        given = f"from {rate:g} to {floor:g}, divided by {divisor:g} each time"
        otherwise = f"{given}, the rate does not take {{:g}} steps."
        if faults := number_faults(answer, right, reasons, otherwise, 1):
            return faults
    return []


def check_quarter_million(found: object) -> None:
    """Check exercise 11.3, the squared distance behind -256,075 nats and the score at sigma 0.278.

    Introduced in notebook 11.
    """
    tried, faults = several(found, 2, "the squared distance and the score at sigma 0.278")
    if tried and not faults:
        squared = 2 * SIGMA**2 * (_beside_the_distance(SIGMA) - REPORTED)
        score = _beside_the_distance(GRID_SIGMA) - squared / (2 * GRID_SIGMA**2)
        of_r = {
            squared / 2: "the exponent is -r^2 / (2 sigma^2): the 2 is missing.",
            -2 * SIGMA**2 * REPORTED: "the term -784 log(sigma sqrt(2 pi)) is missing; at sigma "
            "0.01 it is +2,890.",
            math.sqrt(squared): "this is the distance; its square is asked for.",
        }
        of_score = {
            score + math.log(SAMPLES): "the mean over 10,000 samples, of which one counts, takes "
            "log 10,000 away.",
            REPORTED: "this is the score with sigma 0.01.",
            score - _beside_the_distance(GRID_SIGMA): "this is the exponent alone.",
        }
        otherwise = "{:g} is not the squared distance that gives -256,075 nats at sigma 0.01."
        faults = number_faults(found[0], squared, of_r, otherwise, 0.2)
        otherwise = "{:g} nats is not the score of these samples with sigma 0.278."
        faults = faults or number_faults(found[1], score, of_score, otherwise, 2)
    verdict(tried, faults)


def _beside_the_distance(sigma: float) -> float:
    """The terms of the log-likelihood that do not depend on the distance."""
    return -math.log(SAMPLES) - 784 * math.log(sigma * math.sqrt(2 * math.pi))
