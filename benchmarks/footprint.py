"""How much memory does a training run take, and how long do the imports, beyond PyTorch's own?

1. imports   seconds of ``import torch``, and of the modules that train, in fresh processes that
             take turns
2. memory    peak of a process that trains for 300 steps, less that of one that imports torch

    python benchmarks/footprint.py        (about a minute and a half on two CPU cores)
"""

import platform
import statistics
import subprocess
import sys

ROUNDS = 7
CLOCK = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"
TORCH = "import torch"
PACKAGE = "import torch, gan_helpers.training, gan_helpers.data"
TRAIN = """
from gan_helpers.data import load_mnist
from gan_helpers.training import RECIPES, start_run, train
train(start_run(RECIPES["{}"]), load_mnist()[0], steps=300, progress=False)
"""
# Not getrusage: it would count what the parent process held when it made this one.
PEAK = """
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


def number(code: str) -> float:
    """What a fresh process prints that runs ``code``."""
    return float(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout
    )


def main() -> None:
    times: dict[str, list[float]] = {TORCH: [], PACKAGE: []}
    for round_number in range(ROUNDS + 1):
        for code, values in times.items():
            value = number(CLOCK.format(code))
            if round_number > 0:  # the first reads the files into memory
                values.append(value)
    torch_alone = statistics.median(times[TORCH])
    more = [b - a for a, b in zip(*times.values(), strict=True)]
    print(platform.machine(), f"{ROUNDS} rounds")
    print(f"import torch {torch_alone:.2f} s", end="; ")
    print(f"the package adds {statistics.median(more):.2f} s  (target: below 0.20)")

    if not sys.platform.startswith("linux"):
        print("memory: measured on Linux only")
        return
    base = number(TORCH + PEAK) / 1024
    print(f"peak memory after import torch: {base:,.0f} MiB")
    for recipe in ("course", "article"):
        peak = number(TRAIN.format(recipe) + PEAK) / 1024
        print(f"   training, {recipe:<8} {peak - base:6,.0f} MiB more  (target: below 1,430)")


if __name__ == "__main__":
    main()
