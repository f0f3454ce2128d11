"""The checks behind the exercises, one file a chapter, and what all of them print.

Whatever a reader's answer is, a check prints one line: the reader's own function is called by
``answer_of``, and ``tensor_faults`` and ``number_faults`` take an answer of any type.
"""

import traceback
from collections.abc import Callable
from typing import NamedTuple

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


class Stopped(NamedTuple):
    """The answer of a function that could not be called, or did not come to its end."""

    reason: str


def answer_of(function: Callable, *arguments: object) -> object:
    """What the reader's function returns for ``arguments``, or ``Stopped`` when it raises.

    None and dots in place of a function are themselves: there is no answer yet.
    """
    if not callable(function):
        none = function is None or function is ...
        return function if none else Stopped(f"{described(function)} is no function.")
    try:
        return function(*arguments)
    except Exception as error:  # whatever a reader may write
        line = traceback.extract_tb(error.__traceback__)[-1].line
        at = f" at {_short(line)!r}" if line else ""
        return Stopped(f"your function stops{at}: {type(error).__name__}, {_short(str(error))}")


def is_tried(answer: object) -> bool:
    """Whether there is an answer: a function that is not yet written returns None or dots."""
    return answer is not None and answer is not ...


def tensor_faults(
    answer: object, right: torch.Tensor, reasons: list[tuple[torch.Tensor, str]]
) -> list[str]:
    """The reason that belongs to a wrong answer, or none when ``answer`` equals ``right``."""
    if faults := no_tensor(answer):
        return faults
    for known, reason in [(right, ""), *reasons]:
        near = answer.shape == known.shape and torch.allclose(
            answer.detach().to(known.dtype), known, atol=1e-5
        )
        if near:  # NaN is not
            return [reason] if reason else []
    if answer.shape != right.shape:
        return [f"the shape is {tuple(answer.shape)}; expected {tuple(right.shape)}."]
    return ["the values differ from the formula; check it at a point where you know the answer."]


def no_tensor(answer: object) -> list[str]:
    """What is wrong with ``answer`` if it is no tensor of real numbers."""
    if isinstance(answer, Stopped):
        return [answer.reason]
    if not isinstance(answer, torch.Tensor) or answer.is_complex():
        return [f"the function returns {type(answer).__name__}; return a tensor."]
    return []


def number_faults(
    answer: object, right: float, reasons: dict[float, str], otherwise: str, tolerance: float
) -> list[str]:
    """The reason that belongs to a wrong number, or none where ``answer`` is near ``right``.

    ``otherwise``: the reason of an unknown number, which takes the place of ``{}`` in it.
    """
    if faults := no_numbers(answer):
        return faults
    value = float(answer)
    if is_near(value, right, tolerance):
        return []
    return [text for wrong, text in reasons.items() if is_near(value, wrong, tolerance)][:1] or [
        otherwise.format(value)
    ]


def no_numbers(*answers: object) -> list[str]:
    """What is wrong with the first of ``answers`` that is not one real number."""
    for answer in answers:
        if isinstance(answer, Stopped):
            return [answer.reason]
        try:
            float("a text" if isinstance(answer, str) else answer)
        except (TypeError, ValueError, RuntimeError, OverflowError):
            return [f"{described(answer)} is no number; expected one real number."]
    return []


def several(answer: object, count: int, what: str, numbers: bool = True) -> tuple[bool, list[str]]:
    """Whether ``answer`` was tried, and what is wrong with it as ``count`` answers in brackets.

    ``what``: names them, for the message; ``numbers``: each has to be one.
    """
    if answer is ... or (isinstance(answer, (tuple, list)) and any(v is ... for v in answer)):
        return False, []
    if not isinstance(answer, (tuple, list)) or len(answer) != count:
        return True, [f"{described(answer)} is not {count} answers in brackets; expected {what}."]
    return True, no_numbers(*answer) if numbers else []


def word_faults(answer: object, reasons: dict[str, str]) -> list[str]:
    """The reason that belongs to a word; the right one has none. Capitals and spaces are free."""
    words = ", ".join(f'"{word}"' for word in reasons)
    word = answer.strip().lower() if isinstance(answer, str) else None
    reason = reasons.get(word, f"expected one of the words {words}.")
    return [reason] if reason else []


def is_near(value: float, expected: float, tolerance: float) -> bool:
    """Whether two numbers differ by ``tolerance`` at most; NaN is near nothing."""
    return value == expected or abs(value - expected) <= tolerance


def described(answer: object) -> str:
    """``answer`` in a few words on one line."""
    if isinstance(answer, torch.Tensor) and answer.numel() != 1:
        return f"a tensor of shape {tuple(answer.shape)}"
    return _short(repr(answer))


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 100 else words[:97] + "..."
