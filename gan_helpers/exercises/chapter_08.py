"""The checks behind the exercises of notebook 08."""

from collections.abc import Callable

from gan_helpers.exercises import Stopped, answer_of, described, is_tried, verdict


def check_name_failure(name_failure: Callable[[float, float, float], str]) -> None:
    """Check exercise 8.1: a failure named from three numbers. Introduced in notebook 08.

    ``name_failure(d_real, d_fake, share)``.
    """
    cases = [
        ((0.5, 0.5, 1.0), "healthy", "D is unsure and all modes are there"),
        ((0.5, 0.5, 0.2), "collapse", "a calm D proves nothing: four in five modes are missing"),
        ((0.99, 0.01, 1.0), "D wins", "D is sure of both sides"),
        ((0.99, 0.01, 0.1), "D wins", "D is sure, so first give G a gradient, then count"),
        ((0.99, 0.4, 1.0), "healthy", "D is sure of the real ones only"),
        ((0.5, 0.01, 0.9), "healthy", "D is sure of the generated ones only"),
        ((0.96, 0.04, 1.0), "D wins", "above 0.95 and below 0.05 D is sure"),
        ((0.94, 0.01, 1.0), "healthy", "D(x) is not above 0.95"),
        ((0.99, 0.06, 1.0), "healthy", "D(G(z)) is not below 0.05"),
        ((0.5, 0.5, 0.78), "collapse", "the share is below 0.8"),
        ((0.5, 0.5, 0.82), "healthy", "the share is not below 0.8"),
    ]
    answers = [answer_of(name_failure, *numbers) for numbers, _, _ in cases]
    tried = any(map(is_tried, answers))
    faults = [answer.reason for answer in answers if isinstance(answer, Stopped)] or [
        f"for D(x) {numbers[0]}, D(G(z)) {numbers[1]}, share {numbers[2]} it says "
        f"{described(answer)}; {reason}."
        for (numbers, right, reason), answer in zip(cases, answers, strict=True)
        if not (isinstance(answer, str) and answer == right)
    ]
    verdict(tried, faults if tried else [])
