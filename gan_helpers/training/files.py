"""Files that are written whole or not at all, and safetensors files with their errors."""

import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open


def write_whole(file: Path, content: bytes) -> None:
    """Write ``content`` to ``file``; an older file is replaced in one move, or left as it was.

    The new file is complete and on the disk before it takes the older one's name. A program that
    is killed leaves at most ``<file>.unfinished``, which the next write replaces.

    Raises ``OSError`` when the disk does not take it. Introduced in notebook 04, "Stop it, resume
    it", by way of ``save_checkpoint``.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(file.name + ".unfinished")
    try:
        with open(unfinished, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        os.replace(unfinished, file)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def read_tensors(file: str | Path, what: str) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """The tensors of a safetensors file and its metadata, sorted by name: the file has no order.

    ``what`` names the file in the error. Raises ``FileNotFoundError`` when it is missing and
    ``OSError`` when it is damaged. Introduced in notebook 04, "Keeping the generator", by way of
    ``load_generator``.
    """
    if not Path(file).is_file():
        raise FileNotFoundError(f"The {what} {file} does not exist.")
    try:
        with safe_open(file, framework="pt") as opened:
            about = dict(sorted((opened.metadata() or {}).items()))
            return {name: opened.get_tensor(name) for name in opened.keys()}, about
    except SafetensorError as error:
        raise OSError(f"{file} is damaged or no safetensors file ({error}).") from error
