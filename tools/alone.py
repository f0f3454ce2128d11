"""Run chapters with nothing but the module: is it enough, and how much memory do they take?

As on Colab there is no repository, no JupyterLab and ipywidgets 7.7: an environment of its own in
build/alone, into which the module's wheel is installed, and each notebook alone in an empty folder.
As on Binder there are 2 GB of memory: a notebook that wants to allocate more gets an error. (The
limit and the measurement are Linux's.)

    python tools/alone.py                            (chapters 01, 04, 05 and 06, some minutes)
    python tools/alone.py notebooks/*.ipynb
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "alone"  # git ignores build/
NUMBERS = ("01", "04", "05", "06")  # the last takes the most memory
CHAPTERS = [sorted(ROOT.glob(f"notebooks/{number}_*.ipynb"))[0] for number in NUMBERS]
WIDGETS = "ipywidgets==7.7.5"  # Colab has 7.7
MEMORY = 2 * 2**30  # bytes
# Runs in the new environment. RLIMIT_DATA counts what a process may write to, in memory or not yet.
PLAY = f"""
import resource, sys
import nbclient, nbformat

notebook = nbformat.read(sys.argv[1], as_version=4)
peak = "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')))"
notebook.cells.append(nbformat.v4.new_code_cell(peak))
if sys.argv[2] == "limited":
    resource.setrlimit(resource.RLIMIT_DATA, ({MEMORY}, {MEMORY}))
nbclient.NotebookClient(notebook, timeout=900, kernel_name="python3").execute()
print(notebook.cells[-1].outputs[0].text.split()[1])
"""


def make_environment() -> Path:
    """Build the wheel, install it, and return the Python that has it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.whl"):
        old.unlink()
    shutil.rmtree(ROOT / "build" / "lib", ignore_errors=True)  # files of an earlier wheel
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(FOLDER), str(ROOT)]
    subprocess.run(pip, check=True)
    (wheel,) = FOLDER.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        largest = sorted(content.infolist(), key=lambda one: one.compress_size)[-1]
    print(f"wheel: {wheel.stat().st_size / 1e6:.0f} MB, {largest.filename} is the largest part")
    python = FOLDER / "env" / "bin" / "python"
    if not python.exists():
        venv.create(FOLDER / "env", with_pip=True)
    pip = [str(python), "-m", "pip", "install", "-q"]
    pins = ["-c", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, *pins, "nbclient", "ipykernel", str(wheel)], check=True)
    # Another wheel of the same version would not be installed without the last option. ipywidgets 7
    # would bring JupyterLab with it, and Colab has it without.
    parts = [str(wheel), WIDGETS, "ipython_genutils"]
    subprocess.run([*pip, "--no-deps", "--force-reinstall", *parts], check=True)
    return python


def play(python: Path, notebook: Path, limited: bool) -> int:
    """Run one notebook in an empty folder; returns the most memory it took at a time, in MiB."""
    with tempfile.TemporaryDirectory() as place:
        alone = Path(place) / notebook.name
        alone.write_bytes(notebook.read_bytes())
        command = [str(python), "-c", PLAY, alone.name, "limited" if limited else "free"]
        environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))
        }
        done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
        left = sorted(one.name for one in Path(place).iterdir() if one != alone)
    if done.returncode:
        raise SystemExit(f"{notebook.name} alone failed:\n{done.stderr[-3000:]}")
    if left:
        print(f"{notebook.name} left {', '.join(left)} beside it")
    return int(done.stdout.split()[-1]) // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path, default=CHAPTERS)
    parser.add_argument("--free", action="store_true", help="without the limit of 2 GB")
    arguments = parser.parse_args()
    python = make_environment()
    for notebook in arguments.notebooks:
        peak = play(python, notebook, limited=not arguments.free)
        print(f"{notebook.name}: no error, at most {peak:,} MiB in memory", flush=True)


if __name__ == "__main__":
    main()
