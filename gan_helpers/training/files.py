"""Write files completely or not at all, and read safetensors files with clear errors."""

import contextlib
import glob
import json
import os
import secrets
import time
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load

from gan_helpers.data import file_kind
from gan_helpers.kinds import check_file, check_kind

LEFT_BEHIND = 3600  # seconds; the program of an unfinished file that is older was killed


def write_whole(file: str | Path, content: bytes) -> None:
    """Write ``content`` to ``file``, which replaces an older file only when it is complete.

    Until it is complete and on the disk, the new file is called ``<file>.<8 digits>.unfinished``,
    so that two programs never write into the same file. A program that is killed leaves at most
    this file; a write to ``file`` an hour later or more removes it.

    Raises ``TypeError`` when ``file`` is not the name of a file or ``content`` not bytes, and
    ``OSError`` when the file cannot be written. Introduced in notebook 04, "Stop it, resume it", by
    way of ``save_checkpoint``.
    """
    file = check_file(file)
    check_kind(content, "content", bytes, "text.encode() turns a text into bytes.")
    if file.is_dir():
        raise IsADirectoryError(f"{file} is a folder; name a file in it.")
    file.parent.mkdir(parents=True, exist_ok=True)
    for old in file.parent.glob(glob.escape(file.name) + "." + "[0-9a-f]" * 8 + ".unfinished"):
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime > LEFT_BEHIND:
                old.unlink()
    unfinished = file.with_name(f"{file.name}.{secrets.token_hex(4)}.unfinished")
    try:
        with open(unfinished, "xb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        _replace(unfinished, file)
    except FileExistsError:  # It belongs to another program and must stay.
        raise
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _replace(unfinished: Path, file: Path) -> None:
    for seconds in (0.1, 0.4, 1.6):
        try:
            return os.replace(unfinished, file)
        except PermissionError:  # Windows raises it while another program reads the older file.
            time.sleep(seconds)
    os.replace(unfinished, file)


def read_tensors(file: str | Path, what: str) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Read the tensors and the metadata of a safetensors file, both sorted by name.

    The file is read into memory, not mapped: a mapped file could change while its tensors are used,
    and Windows refuses to replace it. ``what`` describes the file in messages. Raises ``TypeError``
    when ``file`` is not the name of a file, ``FileNotFoundError`` when it is missing and
    ``OSError`` when it is damaged. Introduced in notebook 04, "Keeping the generator", by way of
    ``load_generator``.
    """
    if not check_file(file).is_file():
        fault = "is a folder; name a file in it" if Path(file).is_dir() else "does not exist"
        raise FileNotFoundError(f"The {what} {file} {fault}.")
    content = Path(file).read_bytes()
    try:
        tensors = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        about = header.get("__metadata__") or {}
    except (
        SafetensorError,
        RuntimeError,
        ValueError,
        TypeError,
        KeyError,
        AssertionError,
    ) as error:
        kind = file_kind(file)
        reason = str(error) if "safetensors" in kind else f"it is {kind}"
        raise OSError(f"{file} is damaged or no safetensors file ({reason}).") from error
    return dict(sorted(tensors.items())), dict(sorted(about.items()))
