"""A file that is written whole or not at all."""

import os
from pathlib import Path


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
