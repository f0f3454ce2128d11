"""The checks behind the exercises of notebook 06."""

import math
from collections.abc import Callable

import torch

from gan_helpers.exercises import answer_of, described, is_tried, no_numbers, number_faults, verdict


def check_thief(answer: object) -> None:
    """Check exercise 6.1: which number gives a copier away. Introduced in notebook 06."""
    reasons = {
        "parzen": "10,000 copied training images score what real images score, about 240 nats.",
        "frechet": "copies have the mean and the covariance of real images: the distance is small.",
        "coverage": "copies lie everywhere that real images lie.",
        "precision": "each copy is a real image, so it lies where real images lie.",
        "recall": "the balls around copies are those around real images.",
        "classes_missing": "the copies are of all ten classes.",
    }
    named, faults = isinstance(answer, str), []
    if not named or answer != "nearest_pixels":
        unknown = f"{described(answer)} is none of the names in the list."
        faults.append(reasons.get(answer, unknown) if named else unknown)
    verdict(answer is not ..., faults)


def check_unit_range(to_unit_range: Callable[[float, int], float]) -> None:
    """Check exercise 6.2: nats for pixels in [-1, 1] as nats for [0, 1]. Introduced in notebook 06.

    ``to_unit_range(nats, pixels)``; the density per unit of volume grows by 2 for each pixel.
    """
    first = answer_of(to_unit_range, -300.0, 784)
    tried, faults = is_tried(first), []
    if tried:
        right = -300 + 784 * math.log(2)
        reasons = {
            -300 - 784 * math.log(2): "the sign is wrong: in [0, 1] the same mass lies in less "
            "volume.",
            -300 + 784: "that counts in bits; one pixel is worth log 2 = 0.693 nats.",
        }
        otherwise = f"-300 nats become {right:.1f} with 784 pixels; yours gives {{:.1f}}."
        faults = number_faults(first, right, reasons, otherwise, 0.01) or number_faults(
            answer_of(to_unit_range, 0.0, 3072),
            3072 * math.log(2),
            {},
            "it must use the number of pixels that it is given.",
            0.01,
        )
    verdict(tried, faults)


def check_frechet_1d(distance: Callable[[torch.Tensor, torch.Tensor], float]) -> None:
    """Check exercise 6.3, the Frechet distance in one dimension. Introduced in notebook 06."""
    rng = torch.Generator().manual_seed(0)
    a = torch.randn(5000, generator=rng, dtype=torch.float64) + 1
    b = 3 * torch.randn(5000, generator=rng, dtype=torch.float64) - 1
    answer = answer_of(distance, a, b)
    tried = is_tried(answer)
    faults = []
    if tried:
        mean, std = (a.mean() - b.mean()) ** 2, (a.std() - b.std()) ** 2
        reasons = {
            mean.item(): "the standard deviations are missing.",
            std.item(): "the means are missing.",
            (mean + std).sqrt().item(): "it is the squared distance; take no root.",
            (
                mean + (a.var() - b.var()) ** 2
            ).item(): "it takes standard deviations, not variances.",
            (mean + a.var() + b.var()).item(): "the mixed term -2 s1 s2 is missing.",
        }
        right = (mean + std).item()
        # N or N - 1 below the line of the variance, both are right.
        faults = number_faults(answer, right, reasons, f"it gives {{:.2f}}, not {right:.2f}.", 0.01)
    verdict(tried, faults)


def check_better(is_better: Callable[[list[float], list[float]], bool]) -> None:
    """Check exercise 6.4: is the first recipe's mean lower by two standard errors?

    ``is_better(first, second)`` gets the distances of several seeds. Introduced in notebook 06.
    """
    cases = [
        ([50.0, 52, 54], [70.0, 72, 74], True, "there the means differ by 20, the seeds by 2."),
        ([50.0, 70, 90], [55.0, 75, 95], False, "there one recipe's seeds differ by 40."),
        (
            [70.0, 72, 74],
            [50.0, 52, 54],
            False,
            "there the first recipe is worse: lower is better.",
        ),
        ([50.0, 60, 70] * 12, [56.0, 66, 76] * 12, True, "there 36 seeds make the error small."),
        ([50.0, 60, 70], [56.0, 66, 76], False, "there three seeds leave the error large."),
    ]
    answers = [answer_of(is_better, first, second) for first, second, _, _ in cases]
    tried = all(map(is_tried, answers))
    faults = no_numbers(*answers) or [
        f"for {first[:3]}{' ...' if len(first) > 3 else ''} and {second[:3]} it says "
        f"{described(answer)}; {reason}"
        for (first, second, right, reason), answer in zip(cases, answers, strict=True)
        if float(answer) != right
    ]
    verdict(tried, faults if tried else [])
