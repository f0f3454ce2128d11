"""The checks behind the exercises of notebook 03."""

import math
from collections.abc import Callable

import torch

from gan_helpers.exercises import verdict


def check_slope_ratio(answer: object) -> None:
    """Check exercise 3.1's ratio of the two losses' slopes at D(G(z)) = 0.001.

    Introduced in notebook 03.
    """
    reasons = {
        0.001: "that is D(G(z)) itself, the slope of the saturating loss (without its sign).",
        1000: "the slopes are 1 - D and D: their ratio is a little less than 1 / D.",
        1 / 999: "that is saturating over non-saturating; the question asks the other way round.",
    }
    faults = []
    if answer is not ... and abs(answer - 999) > 0.5:
        near = [text for value, text in reasons.items() if abs(answer - value) < 1e-4 * value]
        faults = near or [f"{answer} is not (1 - D) / D at D = 0.001."]
    verdict(answer is not ..., faults)


def check_accuracy(accuracy: Callable[[torch.Tensor, torch.Tensor], float]) -> None:
    """Check exercise 3.2's accuracy of D from logits. Introduced in notebook 03."""
    real_logits = torch.tensor([[2.0], [0.3], [0.4], [0.45], [-1.0]])
    fake_logits = torch.tensor([[-3.0], [-0.2], [0.2], [0.3], [1.0]])
    answer = accuracy(real_logits, fake_logits)
    tried = answer is not None and answer is not ...
    reasons = {
        0.8: "it counts real images only; a generated one with a negative logit is right too.",
        0.4: "it counts one kind of image only; both count, out of all images.",
        0.5: "it takes 0.5 as the threshold of the logit; D > 1/2 means a logit above 0.",
    }
    faults = []
    if tried and abs(float(answer) - 0.6) > 1e-6:
        known = [text for share, text in reasons.items() if abs(float(answer) - share) < 1e-6]
        faults = known or [f"it gives {float(answer):.3f} where 6 of 10 answers are right: 0.600."]
    verdict(tried, faults)


def check_adam_memory(answer: object) -> None:
    """Check exercise 3.3: steps until Adam's denominator has halved. Introduced in notebook 03."""
    exact = math.log(4) / -math.log(0.999)  # 1386: the root halves when the average falls to 1/4
    faults = []
    if answer is not ... and abs(answer - exact) > 5:
        if abs(answer - exact / 2) < 5:
            faults = ["the root of the average must halve, so the average must fall to a quarter."]
        elif abs(answer - 1000) < 1:
            faults = ["1 / (1 - 0.999) is the length of the memory; solve 0.999^n = 1/4."]
        else:
            faults = [f"0.999^{answer} is {0.999**answer:.3f}, and its root is not one half."]
    verdict(answer is not ..., faults)
