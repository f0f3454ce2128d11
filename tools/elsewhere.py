"""Run the notebooks as other processors would, and list the compared cells whose output changes.

Another processor rounds other last digits, and after some hundred steps of training they are
another run. A compared output has to be true of all of them. Each variant switches instruction
sets down or moves the first weights by some millionths; strict nbval then compares what is stored.
The table of the last runs is kept in benchmarks/elsewhere.md. ``make elsewhere`` calls this.
"""

import argparse
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "benchmarks" / "elsewhere.md"
LOGS = ROOT / "build" / "elsewhere"  # git ignores build/
# What a processor of fifteen years ago would use. An AMD processor heeds only MKL's last variable.
OLD_MKL = {"MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "MKL_CBWR": "COMPATIBLE"}
OLDEST = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", **OLD_MKL}
AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
AVX2 |= {"MKL_ENABLE_INSTRUCTIONS": "AVX2"}
# Switches, threads, whether to multiply in bfloat16, and e: first weights are multiplied by 1 + e.
VARIANTS = {
    "one thread": ({}, 1, False, 0),
    "two threads": ({}, 2, False, 0),
    "bfloat16": ({}, 1, True, 0),
    "PyTorch without vectors": ({"ATEN_CPU_CAPABILITY": "default"}, 1, False, 0),
    "MKL of SSE 4.2": (OLD_MKL, 1, False, 0),
    "all of SSE 4": (OLDEST, 1, False, 0),
    "weights up": ({}, 1, False, 1e-6),
    "weights down": ({}, 1, False, -2e-6),
    "AVX2, weights up": (AVX2, 1, False, 3e-6),
    "bfloat16, weights down": ({}, 1, True, -4e-6),
    "all of SSE 4, weights up": (OLDEST, 1, False, 5e-6),
}
FARTHEST = "all of SSE 4, weights up"  # what .ci/run adds to make test
# Every kernel runs this first, before the notebook imports anything.
STARTUP = """
def elsewhere(bfloat16, e):
    import torch
    from torch.nn import functional
    from gan_helpers import models

    initialise, linear = models.initialise, functional.linear

    def moved(network, seed):
        with torch.no_grad():
            for weight in initialise(network, seed).parameters():
                weight.mul_(1 + e)
        return network

    if e:
        models.initialise = moved
    had = getattr(torch.cpu, "get_capabilities", dict)()
    torch.cpu.get_capabilities = lambda: {{"avx512_bf16": bfloat16}}
    if not bfloat16 or had.get("avx512_bf16") or had.get("amx_bf16"):
        return

    # This processor would take seven times as long: round to bfloat16, multiply in float32.
    def rounded(*tensors):
        if not torch.is_autocast_enabled("cpu"):
            return linear(*tensors)
        with torch.autocast("cpu", enabled=False):
            return linear(*(t.bfloat16().float() for t in tensors)).bfloat16()

    functional.linear = rounded


elsewhere({bfloat16}, {e})
del elsewhere
"""


def play(name: str, notebooks: list[str], workers: int) -> dict[str, list[str]]:
    """Run ``notebooks`` under one variant; returns the changed cells of each."""
    switches, threads, bfloat16, e = VARIANTS[name]
    with tempfile.TemporaryDirectory() as profile:
        startup = Path(profile) / "profile_default" / "startup" / "elsewhere.py"
        startup.parent.mkdir(parents=True)
        startup.write_text(STARTUP.format(bfloat16=bfloat16, e=e))
        environment = os.environ | switches
        environment |= {"OMP_NUM_THREADS": str(threads), "IPYTHONDIR": profile}
        command = [sys.executable, "-m", "pytest", "--nbval", "-rfE", "-p", "no:cacheprovider"]
        command += ["-n", str(1 if threads > 1 else workers), *notebooks]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{re.sub('[^a-z0-9]+', '_', name.lower())}, {Path(notebooks[0]).stem}.txt"
    log.write_text(done.stdout + done.stderr)
    if done.returncode not in (0, 1):
        raise SystemExit(f"pytest could not run the notebooks; {log.relative_to(ROOT)} says why.")
    found = re.findall(r"^(?:FAILED|ERROR) (\S+\.ipynb)::(Cell \d+)", done.stdout, re.M)
    return {path: [cell for other, cell in found if other == path] for path in notebooks}


def compared(path: str) -> int:
    """Number of cells of the notebook whose output is compared."""
    cells = json.loads((ROOT / path).read_text("utf-8"))["cells"]
    stored = [cell for cell in cells if cell.get("outputs")]
    return sum("NBVAL_IGNORE_OUTPUT" not in "".join(cell["source"]) for cell in stored)


def keep(path: str, names: list[str], changed: dict[str, list[str]]) -> None:
    """Put the notebook's row into the table."""
    head = (
        "Compared cells of each notebook, and how many of them changed under the variants of "
        "arithmetic in\ntools/elsewhere.py (`make elsewhere`).\n\n"
        "| notebook | compared cells | variants | changed | run on |\n|---|---|---|---|---|\n"
    )
    rows = {}
    if TABLE.exists():
        lines = TABLE.read_text("utf-8").splitlines()
        rows = {line.split(" | ")[0]: line for line in lines if ".ipynb |" in line}
    cells = ", ".join(f"{cell} ({', '.join(where)})" for cell, where in changed.items()) or "none"
    title, today = f"| {path.removeprefix('notebooks/')}", datetime.date.today()
    rows[title] = f"{title} | {compared(path)} | {len(names)} | {cells} | {today} |"
    TABLE.write_text(head + "".join(f"{rows[title]}\n" for title in sorted(rows)), "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", help="all, if none is named")
    parser.add_argument("--variant", action="append", choices=VARIANTS, help="all, if not given")
    parser.add_argument("--farthest", action="store_true", help=f"the variant {FARTHEST!r} alone")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="notebooks at a time")
    arguments = parser.parse_args()
    every = sorted(ROOT.glob("notebooks/**/*.ipynb"))
    paths = [Path(name).resolve() for name in arguments.notebooks] or every
    notebooks = [str(p.relative_to(ROOT)) for p in paths if ".ipynb_checkpoints" not in p.parts]
    names = [FARTHEST] if arguments.farthest else arguments.variant or list(VARIANTS)
    changed: dict[str, dict[str, list[str]]] = {path: {} for path in notebooks}
    for name in names:
        for path, cells in play(name, notebooks, arguments.workers).items():
            print(f"{name}: {path}: {', '.join(cells) or 'nothing'} changed", flush=True)
            for cell in cells:
                changed[path].setdefault(cell, []).append(name)
    if names == list(VARIANTS):
        for path in notebooks:
            keep(path, names, changed[path])
    total = sum(map(len, changed.values()))
    print(f"{total} compared cells changed in {len(names)} variants of {len(notebooks)} notebooks.")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
