"""Checks of the other arguments: files, texts, functions and the course's own classes.

As in ``checks``, each message names the argument, its value, what is expected and how to get it.
"""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path


def check_kind(value: object, name: str, kind: type, hint: str) -> None:
    """Raise ``TypeError`` unless ``value`` is a ``kind``; ``hint`` tells how to get one."""
    if not isinstance(value, kind):
        wanted = "text" if kind is str else kind.__name__
        article = "an" if wanted[0] in "AEIOU" else "a"
        raise TypeError(f"{name} is {_said(value)}; expected {article} {wanted}. {hint}")


def check_function(value: object, name: str, hint: str) -> None:
    """Raise ``TypeError`` unless ``value`` can be called; ``hint`` gives an example."""
    if not callable(value):
        raise TypeError(f"{name} is {_said(value)}; expected a function. {hint}")


def check_file(file: object, name: str = "file") -> Path:
    """Return ``file`` as a ``Path``; raises ``TypeError`` unless it is a text or a path."""
    if not isinstance(file, str | PathLike):
        raise TypeError(f"{name} is {_said(file)}; expected the name of a file, a text or a Path.")
    return Path(file)


def check_about(about: object) -> None:
    """Raise ``TypeError`` unless ``about`` maps names to texts, as safetensors files require."""
    check_kind(about, "about", Mapping, "{'seed': '7'} is one.")
    for name, text in about.items():
        check_kind(name, "a name in about", str, "str(...) makes one.")
        check_kind(text, f"about[{name!r}]", str, "str(...) makes one.")


def check_alt(alt: object) -> None:
    """Raise ``TypeError`` or ``ValueError`` unless ``alt`` is a text that is not blank."""
    check_kind(alt, "alt", str, "It is a sentence that says what the picture shows.")
    if not alt.strip():
        raise ValueError("alt is empty; expected a sentence that says what the picture shows.")


def _said(value: object) -> str:
    """Return ``value`` itself if it is short, otherwise its type, in words."""
    if value is None or isinstance(value, (str, int, float)):
        return repr(value)
    return f"of type {type(value).__name__}"
