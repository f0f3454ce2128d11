"""The checks behind the exercises of notebook 08."""

import math
from collections.abc import Callable

import torch

from gan_helpers.exercises import (
    answer_of,
    described,
    is_tried,
    no_numbers,
    number_faults,
    verdict,
)


def check_smallest_loss(loss: object) -> None:
    """Check exercise 8.1, the smallest d_loss of a D whose sigmoid is taken twice.

    Introduced in notebook 08.
    """
    log2 = math.log(2)
    reals = math.log(1 + math.exp(-1))  # -log sigmoid(1)
    reasons = {
        0.0: "that is what a D of logits can reach; here D(x) stays below 0.731.",
        reals: "that is the term of the real images; on the generated ones D(G(z)) is 1/2 at best.",
        log2: "that is the term of the generated images; the real ones cost something, too.",
        2 * log2: "that is a D that answers 1/2 to everything; it can do better on real images.",
        2 * reals: "1 - D(G(z)) is 1/2 at best, not 0.731.",
        (reals + log2) / 2: "d_loss is the sum of its two terms, not their mean.",
    }
    otherwise = "{:.3f} is not -log of the largest D(x), plus -log of 1 minus the smallest D(G(z))."
    verdict(loss is not ..., number_faults(loss, reals + log2, reasons, otherwise, 3e-3))


def check_calm_curves(outputs: object) -> None:
    """Check exercise 8.2: ten D(x) and ten D(G(z)) of mean 1/2, of a D that is right on 90 %.

    ``outputs``: the two lists. Introduced in notebook 08.
    """
    pair = isinstance(outputs, (tuple, list)) and len(outputs) == 2
    tried = outputs is not ... and not (pair and any(half is ... for half in outputs))
    faults = []
    if tried and not pair:
        faults = [f"{described(outputs)} are no two lists; expected D(x) and D(G(z)), ten each."]
    elif tried:
        faults = _calm_faults(*outputs)
    verdict(tried, faults)


def _calm_faults(d_real: object, d_fake: object) -> list[str]:
    for name, values in (("D(x)", d_real), ("D(G(z))", d_fake)):
        if not isinstance(values, (list, tuple)) or len(values) != 10:
            return [f"{name} is {described(values)}; expected a list of ten probabilities."]
        if faults := no_numbers(*values):
            return faults
        if not all(0 < float(value) < 1 for value in values):
            return [f"{name} has a value outside of 0 to 1; probabilities are expected."]
        if abs(sum(map(float, values)) / 10 - 0.5) > 0.011:
            mean = sum(map(float, values)) / 10
            return [f"the mean of {name} is {mean:.2f}; the curve must lie on 1/2."]
    right = sum(float(d) > 0.5 for d in d_real) + sum(float(d) < 0.5 for d in d_fake)
    if right < 18:
        return [
            f"D is right on {right} of the 20 images; expected 18 at least. Let one image of each "
            "kind be badly wrong."
        ]
    return []


def check_gap(gap: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], float]) -> None:
    """Check exercise 8.3, a relative measure of how far D overfits. Introduced in notebook 08.

    ``gap(shown, held_out, generated)``, three tensors of D's logits, (N,).
    """
    shown = torch.tensor([2.0, 1.0, 3.0])
    held_out = torch.tensor([1.0, -1.0, 0.0, 2.0])
    generated = torch.tensor([-2.0, -1.0, -3.0])
    answer = answer_of(gap, shown, held_out, generated)
    tried = is_tried(answer)
    faults = []
    if tried:
        reasons = {
            1.5: "that is the difference; divide it by the one between shown and generated.",
            0.625: "that is 1 for a D that generalises; take shown minus held out above the line.",
            -0.375: "the sign is wrong: shown minus held out, over shown minus generated.",
            0.6: "below the line stands shown minus generated, not held out minus generated.",
        }
        otherwise = "for means of 2, 0.5 and -2 it gives {:.3f}; expected (2 - 0.5) / (2 - (-2))."
        faults = number_faults(answer, 0.375, reasons, otherwise, 1e-4)
        same = answer_of(gap, shown, shown, generated)
        faults = faults or number_faults(
            same, 0, {}, "for a D that treats both alike it gives {:.3f}, not 0.", 1e-6
        )
    verdict(tried, faults)
