"""The checks behind the exercises of notebook 07."""

import math
from collections.abc import Callable

from gan_helpers.exercises import (
    Stopped,
    answer_of,
    described,
    is_near,
    is_tried,
    no_numbers,
    no_tensor,
    number_faults,
    several,
    verdict,
)
from gan_helpers.games import modes_found, ring


def check_ring_radius(radius: object) -> None:
    """Check exercise 7.1, the radius of the Dirac-GAN's limit cycle at h = 0.05.

    Introduced in notebook 07.
    """
    reasons = {
        0.1: "that is r squared; take the root.",
        math.sqrt(0.4): "near the equilibrium the velocities have the length r / 2, not r.",
        math.sqrt(0.2): "compare r squared with r squared: the text's first line is about half of "
        "it.",
        math.sqrt(0.05): "compare r squared with r squared: the step adds h^2 r^2 / 4 to it, and "
        "the flow takes h r^4 / 8 away.",
        0.63: "that is the radius at h = 0.2, the text's; here h is 0.05.",
    }
    otherwise = "at {:.3f} what a step adds and what the flow takes away do not balance."
    verdict(radius is not ..., number_faults(radius, math.sqrt(0.1), reasons, otherwise, 3e-3))


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


def check_extragradient(answer: object) -> None:
    """Check exercise 7.3, extragradient on the game a b: the best h, and where it flies out.

    ``answer``: the two numbers. Introduced in notebook 07.
    """
    tried, faults = several(answer, 2, "(best, limit)")
    if tried and not faults:
        best, limit = map(float, answer)
        if is_near(best, 1, 1e-2) and is_near(limit, math.sqrt(0.5), 1e-2):
            faults = ["the two are exchanged: first the best h, then the limit."]
        faults = faults or number_faults(
            best,
            math.sqrt(0.5),
            {
                0.5: "0.5 is the best h squared; take the root.",
                1.0: "at h = 1 |lambda| is 1 again: the best h lies below.",
                0.0: "at h = 0 nothing moves, and |lambda| is 1.",
            },
            "{:.3f} is not the h at which 1 - h^2 + h^4 is smallest: set its slope to 0.",
            5e-3,
        )
        faults = faults or number_faults(
            limit,
            1.0,
            {
                2.0: "2 is the limit of the alternating steps; here |lambda| passes 1 earlier.",
                math.sqrt(2): "there 1 - h^2 + h^4 is 3: the limit is where it is 1.",
            },
            "at h = {:.3f} the number 1 - h^2 + h^4 is not 1.",
            5e-3,
        )
    verdict(tried, faults)


def check_fooling_points(points: object) -> None:
    """Check exercise 7.4: points that both counts praise, and that are a collapse all the same.

    ``points``: (N, 2), for ``ring(std=0.1)``. Introduced in notebook 07.
    """
    target = ring(std=0.1)
    faults = []
    if points is not ... and not (faults := no_tensor(points)):
        right = points.ndim == 2 and points.shape[1] == 2 and len(points) >= 1000
        if not right:
            faults = [f"the shape is {tuple(points.shape)}; expected (N, 2), N at least 1,000."]
        elif not points.is_floating_point() or not points.isfinite().all():
            faults = ["the points must be finite floats."]
        else:
            score = modes_found(points.detach(), target.centres, target.std)
            share = score.counts.max().item() / max(1, int(score.counts.sum()))
            if score.modes < 8:
                faults = [f"only {score.modes} of 8 modes are found: one point at each is enough."]
            elif score.high_quality < 0.95:
                faults = [f"high quality is {score.high_quality:.0%}; expected 95 % at least."]
            elif share < 0.9:
                faults = [
                    f"the largest mode has {share:.0%} of the points: that is no collapse yet; "
                    "expected 90 % at least."
                ]
    verdict(points is not ..., faults)
