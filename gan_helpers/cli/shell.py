"""Helpers of the commands: quoted command lines, signals, checks of files, finding a generator."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from torch import nn

from gan_helpers.data import file_kind
from gan_helpers.training import load_checkpoint, load_generator, read_about


def command_line(*arguments: str) -> str:
    """Return the command with these arguments, quoted for a POSIX shell or for Windows' cmd.exe."""
    words = ["python", "-m", "gan_helpers", *arguments]
    if sys.platform != "win32":
        return shlex.join(words)
    quoted = [subprocess.list2cmdline([word]) for word in words]
    # list2cmdline quotes blanks only, and these characters have a meaning in cmd.exe, too.
    return " ".join(f'"{q}"' if set(q) & set("&|<>^()") and q[0] != '"' else q for q in quoted)


@contextlib.contextmanager
def ended_like_ctrl_c() -> Iterator[None]:
    """Let SIGTERM (from a batch system) and SIGHUP (a closed terminal) act like Ctrl-C."""

    def pass_on(number: int, frame: object) -> None:
        handler = signal.getsignal(signal.SIGINT)
        if not callable(handler):  # A shell lets a background command ignore Ctrl-C.
            raise KeyboardInterrupt
        handler(signal.SIGINT, frame)

    numbers = {signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}
    # A signal that nohup ignores stays ignored.
    numbers = {one for one in numbers if signal.getsignal(one) == signal.SIG_DFL}
    if threading.current_thread() is not threading.main_thread():  # Only that one gets signals.
        numbers = set()
    for number in numbers:
        signal.signal(number, pass_on)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def check_place(option: str, file: Path) -> None:
    """Raise ``OSError`` unless ``file`` can be written; called before the work, not after it."""
    folder = file.absolute().parent
    if not folder.is_dir():
        raise FileNotFoundError(f"The folder of {option} {file} does not exist; make it.")
    if file.is_dir():
        raise IsADirectoryError(f"{option} {file} is a folder; name a file.")
    if not os.access(folder, os.W_OK):
        raise PermissionError(
            f"The folder of {option} {file} may not be written; name a file in another one."
        )


def holds_generator(path: Path) -> bool:
    """Return whether ``path`` is a file of weights or the folder of a run, not images."""
    if path.is_dir():
        return any((path / f"{name}.safetensors").exists() for name in ("generator", "checkpoint"))
    if path.suffix.lower() == ".safetensors":
        return True
    return path.is_file() and file_kind(path) == "a safetensors file"


def find_generator(path: Path) -> tuple[nn.Module, dict[str, str]]:
    """Return the generator of a file of weights or of a run's folder, in eval mode, and its about.

    While a run trains, its folder has no generator file or an older one; then the checkpoint's
    generator is returned.
    """
    if not path.is_dir():
        return load_generator(path)
    weights, checkpoint = (path / f"{name}.safetensors" for name in ("generator", "checkpoint"))
    if not holds_generator(path):
        raise FileNotFoundError(
            f"The folder {path} holds no generator; name a folder that train --out has filled, or "
            "a file of weights."
        )
    if not checkpoint.exists():
        return load_generator(weights)
    run = load_checkpoint(checkpoint)
    steps = str(run.history.steps)
    if weights.exists():
        generator, about = load_generator(weights)
        if about.get("steps") == steps:
            return generator, about
    about = {"seed": str(run.seed), "steps": steps, "file": str(checkpoint)}
    plan = read_about(checkpoint)
    about["data"] = str(plan.get("data", "mnist"))
    if plan.get("classes"):
        about["classes"] = json.dumps(plan["classes"])
    return run.sampler.eval(), about
