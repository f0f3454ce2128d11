"""The checks behind the exercises of notebook 03."""

import math
from collections.abc import Callable

import torch

from gan_helpers.exercises import answer_of, is_tried, no_numbers, number_faults, verdict


def check_slope_ratio(answer: object) -> None:
    """Check exercise 3.1's ratio of the two losses' slopes at D(G(z)) = 0.001.

    Introduced in notebook 03.
    """
    reasons = {
        0.001: "that is D(G(z)) itself, the slope of the saturating loss (without its sign).",
        1000: "the slopes are 1 - D and D: their ratio is a little less than 1 / D.",
        1 / 999: "that is saturating over non-saturating; the question asks the other way round.",
    }
    otherwise = "{:g} is not (1 - D) / D at D = 0.001."
    small = not no_numbers(answer) and float(answer) <= 1.5  # those are near each other
    faults = number_faults(answer, 999, reasons, otherwise, 1e-7 if small else 0.5)
    verdict(answer is not ..., faults)


def check_accuracy(accuracy: Callable[[torch.Tensor, torch.Tensor], float]) -> None:
    """Check exercise 3.2's accuracy of D from logits. Introduced in notebook 03."""
    real_logits = torch.tensor([[2.0], [0.3], [0.4], [0.45], [-1.0]])
    fake_logits = torch.tensor([[-3.0], [-0.2], [0.2], [0.3], [1.0]])
    answer = answer_of(accuracy, real_logits, fake_logits)
    tried = is_tried(answer)
    reasons = {
        0.8: "it counts real images only; a generated one with a negative logit is right too.",
        0.4: "it counts one kind of image only; both count, out of all images.",
        0.5: "it takes 0.5 as the threshold of the logit; D > 1/2 means a logit above 0.",
    }
    otherwise = "it gives {:.3f} where 6 of 10 answers are right: 0.600."
    verdict(tried, number_faults(answer, 0.6, reasons, otherwise, 1e-6) if tried else [])


def check_adam_memory(answer: object) -> None:
    """Check exercise 3.3: steps until Adam's denominator has halved. Introduced in notebook 03."""
    exact = math.log(4) / -math.log(0.999)  # 1386: the root halves when the average falls to 1/4
    reasons = {
        exact / 2: "the root of the average must halve, so the average must fall to a quarter.",
        1000: "1 / (1 - 0.999) is the length of the memory; solve 0.999^n = 1/4.",
    }
    otherwise = "the root of 0.999^{:g} is not one half."
    verdict(answer is not ..., number_faults(answer, exact, reasons, otherwise, 5))
