"""Whether images fit into memory, asked before they are read."""

import os
from pathlib import Path


def available_memory() -> int | None:
    """Return how many bytes a program can still have, None where the system does not say.

    Linux says it in ``/proc/meminfo``; of other systems only the whole memory is known, or nothing.
    Introduced in notebook 10, "Other pictures", by way of ``load_dataset``.
    """
    try:
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return None


def check_memory(subject: str, needed: int, remedy: str) -> None:
    """Raise ``ValueError`` when ``needed`` bytes are more than a program can still have.

    ``subject`` begins the sentence, names the argument and what is so large; ``remedy`` ends it.
    Introduced in notebook 10, "Other pictures", by way of ``load_dataset``.
    """
    available = available_memory()
    if available is not None and needed > available:
        raise ValueError(
            f"{subject}, which takes {needed / 1e9:.2f} GB of memory, and {available / 1e9:.2f} GB "
            f"are free; expected images that fit. {remedy}"
        )


def in_words(shape: tuple[int, ...]) -> str:
    """Say a shape (N, C, H, W) in words: "60,000 images of 1 x 28 x 28 pixels".

    Introduced in notebook 10, "Other pictures", by way of ``load_dataset``.
    """
    return f"{shape[0]:,} images of {' x '.join(map(str, shape[1:]))} pixels"
