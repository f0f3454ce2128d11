"""The checks behind the exercises of notebook 06."""

import math
from collections.abc import Callable

import torch

from gan_helpers.exercises import (
    answer_of,
    described,
    is_near,
    is_tried,
    no_numbers,
    no_tensor,
    number_faults,
    verdict,
)


def check_two_values(values: object) -> None:
    """Check exercise 6.1: two values whose Frechet distance to N(0, 1) is 0.

    Mean 0 and standard deviation 1: -1 and 1, equally often, are one answer; a and -1/a with
    probabilities 1 / (1 + a^2) and a^2 / (1 + a^2) are others. Introduced in notebook 06.
    """
    tried = is_tried(values)
    faults = no_tensor(values) if tried else []
    if tried and not faults:
        points = values.detach().double()
        mean, std = points.mean().item(), points.std(correction=0).item() if points.numel() else 0.0
        if points.shape != (1000,):
            faults = [f"the shape is {tuple(points.shape)}; expected (1000,)."]
        elif not points.isfinite().all():
            faults = ["there are NaN or infinite values in it."]
        elif len(points.unique()) > 2:
            faults = [f"it holds {len(points.unique())} different values; two are allowed."]
        elif len(points.unique()) == 1:
            faults = ["all values are equal: the standard deviation is 0, that of N(0, 1) is 1."]
        elif not is_near(mean, 0, 0.01):
            faults = [f"its mean is {mean:.2f}, that of N(0, 1) is 0: shift it."]
        elif not is_near(std, 1, 0.01):
            faults = [f"its standard deviation is {std:.2f}, that of N(0, 1) is 1: scale it."]
    verdict(tried, faults)


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


def check_mean_bias(
    mean_bias: Callable[[torch.Tensor, int, torch.Tensor, int], float],
) -> None:
    """Check exercise 6.3: the bias of |m_a - m_b|^2, tr(C_a) / n + tr(C_b) / k.

    ``mean_bias(cov_a, n, cov_b, k)``. Introduced in notebook 06.
    """
    a = torch.tensor([[4.0, 1.0], [1.0, 2.0]], dtype=torch.float64)
    b = torch.tensor([[2.0, -0.5], [-0.5, 10.0]], dtype=torch.float64)
    answer = answer_of(mean_bias, a, 100, b, 300)
    tried, faults = is_tried(answer), []
    if tried:
        reasons = {
            6 / 100: "the second mean is estimated, too: its variances are missing.",
            12 / 300: "the first mean is estimated, too: its variances are missing.",
            6 / 100 - 12 / 300: "the variance of a difference is the *sum* of the two variances.",
            (6 + 12) / 400: "each set has a number of samples of its own.",
            6 / 300 + 12 / 100: "n and k are exchanged.",
            (
                a.sum() / 100 + b.sum() / 300
            ).item(): "only the diagonal counts: covariances of two features do not.",
            7 / 100 + 19.75 / 300: "the determinant is not asked for: sum the diagonal.",
            18.0: "variances of single samples: a mean of n scatters n times less.",
            math.sqrt(6) / 10 + math.sqrt(12 / 300): "squares are added: take no root.",
        }
        otherwise = "it gives {:.4f}; write the diagonals of the two matrices and sum step by step."
        faults = number_faults(answer, 6 / 100 + 12 / 300, reasons, otherwise, 1e-6)
        if not faults:
            twice = answer_of(mean_bias, 2 * a, 100, b, 300)
            text = "it must use the covariances that it is given."
            faults = number_faults(twice, 12 / 100 + 12 / 300, {}, text, 1e-6)
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
        ([50.0, 60, 70], [61.0, 71, 81], False, "there the means differ by 1.3 errors."),
        (
            [50.0, 60, 70],
            [70.0, 80, 90],
            True,
            "there it is 2.4 errors; the errors' squares add up.",
        ),
        ([59.0, 60, 61], [50.0, 70, 90], False, "there the second recipe's error is large."),
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
