"""The checks behind the exercises of notebook 04."""

import math
from collections.abc import Callable

from gan_helpers.exercises import (
    answer_of,
    is_near,
    is_tried,
    number_faults,
    several,
    verdict,
    word_faults,
)


def check_wrong_answers(answer: object) -> None:
    """Check exercise 4.1's D: wrong on 18 of 20 images, d_loss 1.386. Introduced in notebook 04."""
    tried, faults = several(answer, 2, "([ten D(x)], [ten D(G(z))])", numbers=False)
    for row in answer if tried and not faults else ():
        filled, wrong = several(row, 10, "ten numbers in each list")
        tried, faults = tried and filled, faults or wrong
    if tried and not faults:
        real, fake = ([float(d) for d in row] for row in answer)
        if not all(0 < d < 1 for d in real + fake):
            faults = ["a D(x) or D(G(z)) is not strictly between 0 and 1."]
        else:
            faults = _wrong_answers_faults(real, fake)
    verdict(tried, faults)


def _wrong_answers_faults(real: list[float], fake: list[float]) -> list[str]:
    wrong = sum(d < 0.5 for d in real) + sum(d > 0.5 for d in fake)
    d_loss = -sum(map(math.log, real)) / 10 - sum(math.log(1 - d) for d in fake) / 10
    near = is_near(d_loss, 2 * math.log(2), 0.01)
    if any(abs(d - 0.5) < 0.02 - 1e-9 for d in real + fake):
        return ["an answer lies nearer than 0.02 to 1/2: that is hardly on a side."]
    if wrong < 18:
        right_way = sum(d > 0.5 for d in real) + sum(d < 0.5 for d in fake)
        if right_way >= 18:
            return ["this D is right: wrong is a D(x) below 1/2, or a D(G(z)) above it."]
        return [f"D is wrong on {wrong} of the 20 images, not on 18."]
    if not near and wrong == 20:
        return [f"d_loss is {d_loss:.3f}: where all answers are wrong, it is above 1.386."]
    if d_loss > 2 * math.log(2) and not near:
        return [f"d_loss is {d_loss:.3f}: let D be less sure where it is wrong."]
    return [] if near else [f"d_loss is {d_loss:.3f}, which is too low: let D be less sure."]


def check_jitter_left(jitter_left: Callable[[float], float]) -> None:
    """Check exercise 4.2's standard deviation of a running average. Introduced in notebook 04."""
    first = answer_of(jitter_left, 0.8)  # 1/3
    tried, faults = is_tried(first), []
    if tried:
        reasons = {
            1 / 9: "that is the variance; the standard deviation is its root.",
            0.2: "that is the weight of the newest w alone; add the older ones.",
            0.04: "that is the square of one weight; sum the series and take the root.",
            math.sqrt(0.2): "the factor (1 - d) counts with its square.",
            0.2 / 0.36: "take the root of (1 - d)^2 as well.",
            0.6: "that is the root of 1 - d^2, the inverse of the series; multiply by (1 - d)^2.",
            3: "an average has less jitter than its terms: look at the sign of the exponent.",
            1: "for (1 - d) and d^k the weights sum to 1; their squares do not.",
        }
        otherwise = "for d = 0.8 the squares of the weights sum to 1/9; yours gives {:.4g}."
        faults = number_faults(first, 1 / 3, reasons, otherwise, 1e-6)
    for decay in (0.0, 0.5, 0.99):
        right = math.sqrt((1 - decay) / (1 + decay))
        otherwise = f"for d = {decay} it is {right:.4f}, and yours gives {{:.4f}}."
        if tried and not faults:
            faults = number_faults(answer_of(jitter_left, decay), right, {}, otherwise, 1e-6)
    verdict(tried, faults)


def check_imbalance(imbalance: Callable[[list[int]], float]) -> None:
    """Check exercise 4.3's largest ratio between shares. Introduced in notebook 04."""
    often = [300, *[78] * 8, 76]  # 0 three times too often
    seldom = [25, *[108] * 8, 111]  # 0 four times too seldom
    missing = [0, *[111] * 8, 112]
    answer = answer_of(imbalance, often)
    tried, faults = is_tried(answer), []
    if tried:
        even = "300 of 1,000 is 3 times the even share; yours gives {:.2f}."
        faults = number_faults(answer, 3, {}, even, 0.01)
        others = (
            (seldom, 4, "25 of 1,000 is 4 times too seldom; yours gives {:.2f}."),
            (
                [2 * count for count in often],
                3,
                "twice as many samples must not change it: divide by their number.",
            ),
        )
        for counts, right, otherwise in others:
            faults = faults or number_faults(
                answer_of(imbalance, counts), right, {}, otherwise, 0.01
            )
        if not faults and number_faults(answer_of(imbalance, missing), math.inf, {}, "", 0):
            faults = ["a missing digit must give infinity (math.inf)."]
    verdict(tried, faults)


def check_costliest_line(answer: object) -> None:
    """Check the outcome of exercise 4.4, a name. Introduced in notebook 04."""
    reasons = {
        "betas": "",
        "learning_rate": "it costs a good deal, but run the other two lines as well.",
        "average_decay": "run it: so early, leaving the average out costs nothing.",
    }
    verdict(answer is not ..., word_faults(answer, reasons))


def check_steps_to_forget(answer: object) -> None:
    """Check exercise 4.5's numbers of steps, 459 and 4,603. Introduced in notebook 04."""
    tried, faults = several(answer, 2, "(steps for 0.99, steps for 0.999)")
    if tried and not faults:
        for given, decay in zip(map(float, answer), (0.99, 0.999), strict=True):
            right = math.log(0.01) / math.log(decay)
            reasons = {
                1 / (1 - decay): f"for d = {decay} that is the length of the memory, 1 / (1 - d).",
                math.log(0.5) / math.log(decay): f"for d = {decay} half is left then.",
                math.log(0.1) / math.log(decay): f"for d = {decay} a tenth is left then.",
                100 / (1 - decay): f"for d = {decay} the share is d to the power n, not a line.",
                -right: "a number of steps is positive: check the signs of the logarithms.",
            }
            otherwise = f"d = {decay} to the power {{:g}} is not 0.01; take logarithms."
            faults = faults or number_faults(given, right, reasons, otherwise, 1.0)
    verdict(tried, faults)
