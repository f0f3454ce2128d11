"""The checks behind the exercises of notebook 04."""

import math
from collections.abc import Callable

from gan_helpers.exercises import verdict


def check_losses_of_outputs(answer: object) -> None:
    """Check exercise 4.1's pair (d_loss, g_loss) for D(x) = 0.7, D(G(z)) = 0.4.

    Introduced in notebook 04.
    """
    d_loss, g_loss = -math.log(0.7) - math.log(0.6), -math.log(0.4)  # 0.87, 0.92
    faults = []
    if answer is not ...:
        d, g = answer
        if abs(d - g_loss) < 0.01 and abs(g - d_loss) < 0.01:
            faults.append("the two losses are in the wrong order.")
        elif abs(d - d_loss / 2) < 0.01:
            faults.append("d_loss is the sum of its two terms; that is their mean.")
        elif abs(d + math.log(0.7) + math.log(0.4)) < 0.01:
            faults.append("the second term of d_loss is -log(1 - D(G(z))), with D(G(z)) = 0.4.")
        elif abs(g + math.log(0.6)) < 0.01 or abs(g - math.log(0.6)) < 0.01:
            faults.append("the non-saturating g_loss is -log D(G(z)), not log(1 - D(G(z))).")
        elif abs(d - d_loss) > 0.01:
            faults.append(f"d_loss is not {d}; use the natural logarithm and both terms.")
        elif abs(g - g_loss) > 0.01:
            faults.append(f"g_loss is not {g}; it is -log D(G(z)).")
    verdict(answer is not ..., faults)


def check_update_average(update_average: Callable[[float, float, float], float]) -> None:
    """Check exercise 4.2's running average over a hundred weights. Introduced in notebook 04."""
    first = update_average(0.0, 1.0, 0.9)
    tried = first is not None and first is not ...
    faults = []
    if tried:
        average, expected = 0.0, 0.0
        for weight in range(100):
            average = update_average(average, float(weight), 0.9)
            expected = 0.9 * expected + 0.1 * weight
        if abs(first - 0.9) < 1e-6:
            faults.append("decay is the share of the *old* average; yours weighs the new one so.")
        elif abs(average - expected) > 1e-6:
            faults.append(f"after a hundred weights it is {average:.3f}, not {expected:.3f}.")
    verdict(tried, faults)


def check_imbalance(imbalance: Callable[[list[int]], float]) -> None:
    """Check exercise 4.3's largest ratio between shares. Introduced in notebook 04."""
    often = [300, *[78] * 8, 76]  # 0 three times too often
    seldom = [25, *[108] * 8, 111]  # 0 four times too seldom
    missing = [0, *[111] * 8, 112]
    answers = imbalance(often)
    tried = answers is not None and answers is not ...
    faults = []
    if tried:
        if abs(answers - 3) > 0.01:
            faults.append(f"300 of 1,000 is 3 times the even share; yours gives {answers:.2f}.")
        elif abs(imbalance(seldom) - 4) > 0.01:
            faults.append(
                f"25 of 1,000 is 4 times too seldom; yours gives {imbalance(seldom):.2f}."
            )
        elif imbalance([2 * count for count in often]) != answers:
            faults.append("twice as many samples must not change it: divide by their number.")
        elif imbalance(missing) != math.inf:
            faults.append("a missing digit must give infinity (math.inf).")
    verdict(tried, faults)
