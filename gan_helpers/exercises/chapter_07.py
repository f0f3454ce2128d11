"""The checks behind the exercises of notebook 07."""

import math
from collections.abc import Callable

import torch

from gan_helpers.exercises import (
    Stopped,
    answer_of,
    described,
    is_near,
    is_tried,
    no_numbers,
    number_faults,
    verdict,
)


def check_growth(growth: object) -> None:
    """Check exercise 7.1: growth of a simultaneous step, h = 0.5. Introduced in notebook 07."""
    reasons = {
        1.0: "that is the alternating update; simultaneous steps do not stay.",
        1.25: "that is the growth of the squared distance; take the root.",
        1.5: "a step goes at right angles to the way to the centre; lengths do not just add.",
        0.5: "that is the length of the step, and it is added to what is there.",
    }
    otherwise = "{:.3f} is not the absolute value of the eigenvalues of ((1, -h), (h, 1))."
    verdict(growth is not ..., number_faults(growth, math.sqrt(1.25), reasons, otherwise, 2e-3))


def check_alternating_update(update: Callable[[float, float, float], tuple]) -> None:
    """Check exercise 7.2, an alternating update of the bilinear game. Introduced in notebook 07.

    ``update(a, b, rate)`` returns the new a and b.
    """
    a, b, rate = 2.0, 3.0, 0.1
    answer = answer_of(update, a, b, rate)
    pair = isinstance(answer, (tuple, list)) and len(answer) == 2
    tried = is_tried(answer) and not (pair and any(value is ... for value in answer))
    faults = []
    if tried and not pair:
        stopped = isinstance(answer, Stopped)
        what = f"it returns {described(answer)}; expected the new a and the new b."
        faults = [answer.reason if stopped else what]
    elif tried:
        faults = no_numbers(*answer)
    if tried and not faults:
        found = tuple(float(value) for value in answer)
        new_b = b + rate * a
        reasons = {
            (a - rate * b, new_b): "that is the simultaneous update: G must answer the new b.",
            (a - rate * b, b + rate * (a - rate * b)): "there G moves first; D does.",
            (a + rate * (b - rate * a), b - rate * a): "the signs are exchanged: D goes up.",
            (new_b, a - rate * new_b): "return a first, then b.",
        }
        if not _near(found, (a - rate * new_b, new_b)):
            known = [text for wrong, text in reasons.items() if _near(found, wrong)]
            faults = known or [
                f"from a = 2, b = 3 with rate 0.1 it goes to {found[0]:.3f}, {found[1]:.3f}; "
                f"expected {a - rate * new_b:.3f}, {new_b:.3f}."
            ]
        elif not _near(answer_of(update, -1.0, 0.5, 0.4), (-1.04, 0.1)):
            faults = ["it must use the numbers and the rate that it is given."]
    verdict(tried, faults)


def _near(found: object, expected: tuple) -> bool:
    if not isinstance(found, (tuple, list)) or len(found) != len(expected) or no_numbers(*found):
        return False
    return all(is_near(float(f), e, 1e-6) for f, e in zip(found, expected, strict=True))


def check_count_modes(
    count_modes: Callable[[torch.Tensor, torch.Tensor, float], int],
) -> None:
    """Check exercise 7.3: how many modes were found. Introduced in notebook 07.

    ``count_modes(samples, centres, std)``, as ``games.modes_found`` counts them.
    """
    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])
    near = torch.tensor([[0.0, 0.1], [0.1, 0.0], [10.29, 0.0], [0.0, 8.0]])
    close = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    corners = torch.tensor([[[0.2, 0.2]], [[0.25, 0.25]]])  # at 2.8 and 3.5 std of 0.1
    answer = answer_of(count_modes, near, centres, 0.1)
    tried = is_tried(answer)
    faults = []
    if tried:
        reasons = {
            1: "a sample at 2.9 std belongs to its mode: the limit is 3.",
            3: "a sample at 20 std from the nearest centre finds nothing: look at the distance.",
            4: "it counts the samples; two of them lie at the same mode.",
        }
        otherwise = "it finds {:g} modes where there are 2."
        faults = number_faults(answer, 2, reasons, otherwise, 0)
        straight = "take the length of the straight line, as torch.cdist does."
        others = (
            (near, centres, 1.0, 3, "with std 1 the sample at a distance of 2 counts: use the std "
             "given."),
            (torch.full((5, 2), 5.0), centres, 0.1, 0, "five samples far from all centres find no "
             "mode."),
            (torch.tensor([[0.0, 0.31]]), centres, 0.1, 0, "a sample at 3.1 std finds no mode: the "
             "limit is 3."),
            (close[:1], close, 1.0, 1, "one sample within 3 std of two centres finds the nearest "
             "one only."),
            (corners[0], centres, 0.1, 1, straight),
            (corners[1], centres, 0.1, 0, straight),
        )  # fmt: skip
        for *given, right, reason in others:
            faults = faults or number_faults(answer_of(count_modes, *given), right, {}, reason, 0)
    verdict(tried, faults)
