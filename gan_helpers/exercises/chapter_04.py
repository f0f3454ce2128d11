"""The checks behind the exercises of notebook 04."""

import math
from collections.abc import Callable

from gan_helpers.exercises import answer_of, is_near, is_tried, no_numbers, number_faults, verdict


def check_losses_of_outputs(answer: object) -> None:
    """Check exercise 4.1's pair (d_loss, g_loss) for D(x) = 0.7, D(G(z)) = 0.4.

    Introduced in notebook 04.
    """
    d_loss, g_loss = -math.log(0.7) - math.log(0.6), -math.log(0.4)  # 0.87, 0.92
    tried, faults = answer is not ..., []
    if tried and not (isinstance(answer, (tuple, list)) and len(answer) == 2):
        faults = ["expected two numbers in brackets: (d_loss, g_loss)."]
    elif tried:
        faults = no_numbers(*answer)
    if tried and not faults:
        d, g = map(float, answer)
        if is_near(d, g_loss, 0.01) and is_near(g, d_loss, 0.01):
            faults.append("the two losses are in the wrong order.")
        elif is_near(d, d_loss / 2, 0.01):
            faults.append("d_loss is the sum of its two terms; that is their mean.")
        elif is_near(d, -math.log(0.7) - math.log(0.4), 0.01):
            faults.append("the second term of d_loss is -log(1 - D(G(z))), with D(G(z)) = 0.4.")
        elif is_near(g, -math.log(0.6), 0.01) or is_near(g, math.log(0.6), 0.01):
            faults.append("the non-saturating g_loss is -log D(G(z)), not log(1 - D(G(z))).")
        elif not is_near(d, d_loss, 0.01):
            faults.append(f"d_loss is not {d:g}; use the natural logarithm and both terms.")
        elif not is_near(g, g_loss, 0.01):
            faults.append(f"g_loss is not {g:g}; it is -log D(G(z)).")
    verdict(tried, faults)


def check_update_average(update_average: Callable[[float, float, float], float]) -> None:
    """Check exercise 4.2's running average over a hundred weights. Introduced in notebook 04."""
    first = answer_of(update_average, 0.0, 1.0, 0.9)
    tried = is_tried(first)
    faults = no_numbers(first) if tried else []
    if tried and not faults and is_near(float(first), 0.9, 1e-6):
        faults = ["decay is the share of the *old* average; yours weighs the new one so."]
    elif tried and not faults:
        average, expected = 0.0, 0.0
        for weight in range(100):
            if not no_numbers(average):
                average = answer_of(update_average, average, float(weight), 0.9)
            expected = 0.9 * expected + 0.1 * weight
        otherwise = f"after a hundred weights it is {{:.3f}}, not {expected:.3f}."
        faults = number_faults(average, expected, {}, otherwise, 1e-6) or number_faults(
            first, 0.1, {}, "after one weight of 1 it is {:g}, not 0.1.", 1e-6
        )
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
