"""The checks behind the exercises of notebook 03."""

import math
from collections.abc import Callable

import torch

from gan_helpers.exercises import (
    answer_of,
    is_near,
    is_tried,
    number_faults,
    several,
    verdict,
)


def check_shares(answer: object) -> None:
    """Check exercise 3.1: one fake's share of the weights, with each loss.

    ``answer``: a pair, saturating and non-saturating. Introduced in notebook 03.
    """
    tried, faults = several(answer, 2, "the shares with the saturating and the non-saturating loss")
    if tried and not faults:
        dead, alive = 0.5 / (0.5 + 127 * 0.001), 0.5 / (0.5 + 127 * 0.999)
        found = tuple(float(value) for value in answer)
        if is_near(found[0], alive, 4e-4) and is_near(found[1], dead, 5e-3):
            faults = ["the order is exchanged: the saturating loss comes first."]
        if is_near(found[0], 100 * dead, 1) or is_near(found[1], 100 * alive, 0.04):
            faults = ["that is in per cent; write shares as numbers from 0 to 1."]
        faults = faults or number_faults(
            answer[0],
            dead,
            {
                0.5: "0.5 is the weight itself; divide it by the sum of all 128 weights.",
                0.5 / 0.501: "the sum has 127 weights of 0.001, not one of them.",
                1 / 128: "the weights are not equal: with the saturating loss a weight is D.",
            },
            "with the saturating loss it is not {:g}: divide D of this fake by the sum of all D.",
            5e-3,
        )
        if not faults and not is_near(found[1], alive, 4e-4):
            reasons = {
                0.5: "0.5 is the weight itself; divide it by the sum of all 128 weights.",
                0.5 / 1.499: "the sum has 127 weights of 0.999, not one of them.",
                dead: "that is the share with the saturating loss; here a weight is 1 - D.",
                1 / 128: "the weights are not equal: the others have 0.999, this one 0.5.",
            }
            otherwise = "with the non-saturating loss it is not {:g}: each weight is 1 - D."
            faults = number_faults(answer[1], math.nan, reasons, otherwise, 2e-3)
    verdict(tried, faults)


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


def check_steps_to_half(steps_to_half: Callable[[float, float], float]) -> None:
    """Check exercise 3.3: steps until Adam's update is half its old size after a gradient's fall.

    ``steps_to_half(r, beta2)``: the gradient falls from 1 to r. Introduced in notebook 03.
    """
    tried, faults = True, []
    for r, beta2 in ((0.01, 0.999), (0.1, 0.99), (0.001, 0.999)):
        answer = answer_of(steps_to_half, r, beta2)
        tried = tried and is_tried(answer)
        if not tried or faults:
            break
        log = math.log(beta2)
        exact = math.log(3 * r**2 / (1 - r**2)) / log
        reasons = {
            -exact: "both logarithms are negative, so their ratio is positive.",
            math.log(4 * r**2) / log: "the new squares are missing: v ends at r^2, not at 0.",
            math.log(r**2 / (1 - r**2)) / log: "there v = 2 r^2; the root of v has to be 2 r.",
            math.log(r / (1 - r)) / log: "Adam averages the squares: v ends at r^2, not at r.",
            math.log(1 / 4) / log: "that is when the denominator has halved, not fallen to 2 r.",
            1 / (1 - beta2): "that is the length of the memory; solve for beta2^n first.",
        }
        otherwise = f"for r = {r:g}, beta2 = {beta2:g} it gives {{:.0f}}; expected {exact:.0f}."
        faults = number_faults(answer, exact, reasons, otherwise, 0.6)
    verdict(tried, faults)


def check_disagreement(answer: object) -> None:
    """Check exercise 3.4: two fakes on which the two losses push a weight in opposite directions.

    ``answer``: the pair of D(G(z)) and the pair of slopes by w. Introduced in notebook 03.
    """
    tried, faults = several(answer, 2, "D of both fakes, and both slopes by w", numbers=False)
    if tried and not faults:
        for values, name in zip(answer, ("D of the two fakes", "the two slopes"), strict=True):
            if not faults:
                inner, faults = several(values, 2, name)
                tried = tried and (inner or bool(faults))
    if tried and not faults:
        (d1, d2), (s1, s2) = ((float(value) for value in pair) for pair in answer)
        saturating = -(d1 * s1 + d2 * s2) / 2
        non_saturating = -((1 - d1) * s1 + (1 - d2) * s2) / 2
        # Each row: whether it holds, and the reason. Comparisons with NaN do not hold.
        known = [
            (not (0 < d1 < 1 and 0 < d2 < 1), "D(G(z)) is a probability, between 0 and 1."),
            (not (math.isfinite(s1) and math.isfinite(s2)), "both slopes must be finite numbers."),
            (d1 == d2, "with equal D the two losses weight both fakes alike: parallel gradients."),
            (s1 * s2 >= 0, "the slopes have one sign, or one is 0: no fake pulls the other way."),
            (
                not min(saturating, non_saturating) < 0 < max(saturating, non_saturating),
                f"the gradients are {saturating:.3g} (saturating) and {non_saturating:.3g}: they "
                "have one sign. Make each loss listen to another one of the two fakes.",
            ),
        ]
        faults = [reason for holds, reason in known if holds][:1]
    verdict(tried, faults)


def check_one_change(answer: object) -> None:
    """Check exercise 3.5: D's accuracy at the end of three runs with one change each.

    ``answer``: without the head start, with a slower D, with a faster G. Introduced in notebook 03.
    """
    tried, faults = several(answer, 3, "D's accuracy in the runs (a), (b) and (c)")
    if tried and not faults:
        found = [float(value) for value in answer]
        what = ("is head_start 0", "is d_learning_rate 0.005", "is learning_rate 0.3")
        known = [
            (any(1 < v <= 100 for v in found), "an accuracy is a share of 1, not per cent."),
            (not all(0 <= v <= 1 for v in found), "an accuracy is a number between 0 and 1."),
        ]
        for name, value, change in zip("abc", found, what, strict=True):
            wins = (
                f"in ({name}), at {value:.2f}, D still wins: {change}, are there 300 steps, and is "
                "it the mean of the last five measurements?"
            )
            known += [
                (value >= 0.95, wins),
                (value < 0.4, f"in ({name}) D is not that bad: {value:.2f} is worse than a coin."),
            ]
        faults = [reason for holds, reason in known if holds][:1]
    verdict(tried, faults)
