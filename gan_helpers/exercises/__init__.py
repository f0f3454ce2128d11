"""The checks behind the exercises, one file a chapter, and what all of them print."""

import torch


def verdict(tried: bool, faults: list[str]) -> None:
    """Print the verdict of a check: the first fault found, or that the answer is right.

    Introduced in notebook 01, "Exercises".
    """
    if not tried:
        print("not tried yet: replace the dots with your answer and run the cell again.")
    elif faults:
        print(f"not right, because {faults[0]}")
    else:
        print("right")


def tensor_faults(
    answer: object, right: torch.Tensor, reasons: list[tuple[torch.Tensor, str]]
) -> list[str]:
    """The reason that belongs to a wrong answer, or none when ``answer`` equals ``right``."""
    if not isinstance(answer, torch.Tensor):
        return [f"the function returns {type(answer).__name__}; return a tensor."]
    for known, reason in [(right, ""), *reasons]:
        near = answer.shape == known.shape and torch.allclose(
            answer.detach().to(known.dtype), known, atol=1e-5
        )
        if near:
            return [reason] if reason else []
    if answer.shape != right.shape:
        return [f"the shape is {tuple(answer.shape)}; expected {tuple(right.shape)}."]
    return ["the values differ from the formula; check it at a point where you know the answer."]


def number_faults(
    answer: object, right: float, reasons: dict[float, str], otherwise: str, tolerance: float
) -> list[str]:
    """The reason that belongs to a wrong number, or none where ``answer`` is near ``right``.

    ``otherwise``: the reason of an unknown number, which takes the place of ``{}`` in it.
    """
    try:
        value = float("a text" if isinstance(answer, str) else answer)
    except (TypeError, ValueError):
        return [f"{answer!r} is no number; expected one real number."]
    if abs(value - right) <= tolerance:  # NaN is not
        return []
    return [text for wrong, text in reasons.items() if abs(value - wrong) <= tolerance][:1] or [
        otherwise.format(value)
    ]
