"""Run the notebooks as other processors would, and list the compared cells whose output changes.

Another processor rounds other last digits, and after some hundred steps of training they are
another run. A compared output has to be true of all of them. Each variant changes the instruction
sets, the use of bfloat16, or the first weights by some millionths; strict nbval then compares what
is stored. (The notebooks set one thread themselves.)
All of it takes more than an hour, so what was run is kept, in benchmarks/elsewhere.json and as a
table in elsewhere.md, and ``--missing`` runs the rest. A notebook whose code or compared output
changes is forgotten; a change of the module is not seen: then run all again. ``make elsewhere``
calls this.
"""

import argparse
import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORD, TABLE = (ROOT / "benchmarks" / f"elsewhere.{kind}" for kind in ("json", "md"))
LOGS = ROOT / "build" / "elsewhere"  # git ignores build/
NOTEBOOKS = [
    path.relative_to(ROOT).as_posix()
    for path in sorted(ROOT.glob("notebooks/**/*.ipynb"))
    if ".ipynb_checkpoints" not in path.parts
]
# What a processor of fifteen years ago would use. An AMD processor heeds only MKL's last variable.
OLD_MKL = {"MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "MKL_CBWR": "COMPATIBLE"}
OLDEST = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", **OLD_MKL}
AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
AVX2 |= {"MKL_ENABLE_INSTRUCTIONS": "AVX2"}
# Switches, whether to multiply in bfloat16, and e: first weights are multiplied by 1 + e. Every
# variant trains other runs than the others do.
VARIANTS = {
    "weights up": ({}, False, 1e-6),
    "bfloat16, weights down": ({}, True, -4e-6),
    "AVX2, weights up": (AVX2, False, 3e-6),
    "all of SSE 4": (OLDEST, False, 0),
    "all of SSE 4, weights up": (OLDEST, False, 5e-6),
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
        models.initialise = models.building.initialise = moved
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


def play(name: str, path: str) -> list[str]:
    """Run the notebook under one variant; returns its changed cells."""
    switches, bfloat16, e = VARIANTS[name]
    with tempfile.TemporaryDirectory() as profile:
        startup = Path(profile) / "profile_default" / "startup" / "elsewhere.py"
        startup.parent.mkdir(parents=True)
        startup.write_text(STARTUP.format(bfloat16=bfloat16, e=e))
        environment = os.environ | switches
        environment |= {"OMP_NUM_THREADS": "1", "IPYTHONDIR": profile}
        command = [sys.executable, "-m", "pytest", "--nbval", "-rfE", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [*command, path], cwd=ROOT, env=environment, capture_output=True, text=True
        )
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{re.sub('[^a-z0-9]+', '_', name.lower())}, {Path(path).stem}.txt"
    log.write_text(done.stdout + done.stderr)
    if done.returncode not in (0, 1):
        raise SystemExit(f"pytest could not run {path}; {log.relative_to(ROOT)} says why.")
    return re.findall(r"^(?:FAILED|ERROR) \S+\.ipynb::(Cell \d+)", done.stdout, re.M)


# --- what is kept -------------------------------------------------------------------------------


def compared(path: str) -> list[tuple[str, str]]:
    """Code and printed output of each cell whose output is compared; pictures are left out."""
    found = []
    for cell in json.loads((ROOT / path).read_text("utf-8"))["cells"]:
        source, outputs = "".join(cell["source"]), cell.get("outputs", ())
        printed = (o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs)
        tags = cell["metadata"].get("tags", [])
        if outputs and not ("NBVAL_IGNORE_OUTPUT" in source or "nbval-ignore-output" in tags):
            found.append((source, "".join(map("".join, printed))))
    return found


def read_record() -> dict[str, dict]:
    """What was run of each notebook as it is now.

    ``of``: the hash of its code and compared output; ``on``: the day of the last run; ``changed``:
    for each variant that was run, the cells that changed.
    """
    kept = json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}
    record = {}
    for path in NOTEBOOKS:
        cells = json.loads((ROOT / path).read_text("utf-8"))["cells"]
        cells = [c for c in cells if c["cell_type"] == "code" and c.get("id") != "setup-cell"]
        code = ["".join(cell["source"]) for cell in cells]  # that one is tools/publish.py's
        of = hashlib.sha256(repr((code, compared(path))).encode()).hexdigest()[:16]
        one = kept.get(path, {})
        record[path] = one if one.get("of") == of else {"of": of, "on": "", "changed": {}}
        changed = record[path]["changed"].items()
        record[path]["changed"] = {name: found for name, found in changed if name in VARIANTS}
    return record


def keep(path: str, of: str, name: str, cells: list[str]) -> None:
    """Write down which cells the variant ``name`` changed, if the notebook is still the same."""
    record = read_record()
    if record[path]["of"] != of:
        print(f"{path} was changed while it ran; the result is not kept.")
        return
    record[path]["changed"][name], record[path]["on"] = cells, str(datetime.date.today())
    RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", "utf-8")
    rows = [
        "# The notebooks on other processors\n",
        f"Compared cells of each notebook, and which of them changed under the {len(VARIANTS)} "
        "variants of\narithmetic in tools/elsewhere.py (`make elsewhere`). *Variants run* says how "
        "many of them were run since\nthe notebook's code or compared output last changed.\n",
        "| notebook | compared cells | variants run | changed | last run on |",
        "|---|---|---|---|---|",
    ]
    for notebook, one in record.items():
        changed = [f"{cell} ({v})" for v, found in one["changed"].items() for cell in found]
        which = ", ".join(changed) or ("none" if one["changed"] else "not run yet")
        rows.append(
            f"| {notebook.removeprefix('notebooks/')} | {len(compared(notebook))} | "
            f"{len(one['changed'])} | {which} | {one['on']} |"
        )
    TABLE.write_text("\n".join(rows) + "\n", "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", help="all, if none is named")
    parser.add_argument("--variant", action="append", choices=VARIANTS, help="all, if not given")
    parser.add_argument("--farthest", action="store_true", help=f"the variant {FARTHEST!r} alone")
    parser.add_argument("--missing", action="store_true", help="only what was not run and kept yet")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="notebooks at a time")
    arguments = parser.parse_args()
    paths = [Path(name).resolve().relative_to(ROOT).as_posix() for name in arguments.notebooks]
    if unknown := sorted(set(paths) - set(NOTEBOOKS)):
        parser.error(f"notebooks: {unknown} are none of the course's; name files of notebooks/.")
    names = [FARTHEST] if arguments.farthest else arguments.variant or list(VARIANTS)
    runs = [(name, path) for name in names for path in paths or NOTEBOOKS]
    record, total = read_record(), 0
    if arguments.missing:
        total = sum(len(record[path]["changed"].get(name, ())) for name, path in runs)
        runs = [(name, path) for name, path in runs if name not in record[path]["changed"]]
    pool = ThreadPoolExecutor(arguments.workers)
    started = {pool.submit(play, *run): run for run in runs}
    try:
        for done in as_completed(started):
            (name, path), cells = started[done], done.result()
            keep(path, record[path]["of"], name, cells)
            total += len(cells)
            print(f"{name}: {path}: {', '.join(cells) or 'nothing'} changed", flush=True)
    finally:
        pool.shutdown(cancel_futures=True)
    print(f"{total} compared cells changed in {len(runs)} runs of notebooks.")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
