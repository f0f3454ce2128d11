"""Break lines of the module on purpose, one at a time, and see whether the tests notice.

    python tools/break_lines.py          # some ten minutes; exit status 1 if one went unnoticed

Works on a copy of the repository. Run it before and after tests are rewritten: what was noticed
must still be.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
# File below gan_helpers/, the line as it is, the line broken, the tests that should notice.
BREAKS = (
    ("losses.py", "- F.logsigmoid(-fake_logits).mean()", "- F.logsigmoid(fake_logits).mean()", ""),
    ("losses.py", "return F.logsigmoid(-fake_logits)", "return -F.logsigmoid(-fake_logits)", ""),
    ("data/scaling.py", "mul_(1 / 127.5)", "mul_(1 / 127.0)", "data"),
    ("data/scaling.py", "len(images) - batch_size + 1, batch_size", "len(images), batch_size", "data"),
    ("checks.py", "z.ndim != 2 or z.shape[1] != latent_dim", "z.ndim != 2", ""),
    ("models/sampling.py", "module.training = mode", "module.training = False", "training"),
    ("training/steps.py", "fake.detach()", "fake", "training"),
    ("training/steps.py", "    d_optimizer.zero_grad()\n", "", "training"),
    ("training/steps.py", '        check_finite("generator", g_loss)\n', "", "training"),
    ("training/steps.py", "run.average.update_parameters(run.generator)", "pass", "training"),
    ("training/files.py", "            os.fsync(opened.fileno())\n", "", "training"),
    ("training/files.py", "os.replace(unfinished, file)", "file.write_bytes(content)", "training"),
    ("training/checkpoints.py", 'run.position = state["position"]', "run.position = 0", "training"),
    ("training/checkpoints.py", 'set_state(random["dropout"])', "manual_seed(0)", "training"),
    ("training/devices.py", "part.copy_(new.view_as(part))", "pass", "training"),
    ("training/steps.py", "generator=run.dropout_rng).item() + run.rank", "generator=run.dropout_rng).item()", "training"),
    ("training/loop.py", "history.steps % frame_every == 0", "False", "training"),
    ("training/loop.py", "        signal.signal(signal.SIGINT, previous)", "        pass", "training"),
    ("training/recipes.py", "if missing := sorted(known - set(written)):", "if missing := []:", "training"),
    ("training/weights.py", "tensor.half() if half", "tensor.half() if True", "training"),
    ("metrics/distances.py", "- 2 * cross", "- cross", "metrics"),
    ("metrics/neighbours.py", "kthvalue(k + 1, dim=1)", "kthvalue(k, dim=1)", "metrics"),
    ("metrics/parzen.py", "(highest[:, 0] - half_x[rows])", "(highest[:, 0] + half_x[rows])", "metrics"),
    ("games/densities.py", "p_data / total", "p_g / total", "games"),
    ("games/vector_fields.py", "if alternating else point", "if not alternating else point", "games"),
    ("games/targets.py", "distance <= 3 * std", "distance <= 4 * std", "games"),
    ("latent.py", "torch.sin((1 - t) * w) * z_from", "torch.sin(t * w) * z_from", ""),
    ("failures/diagnosis.py", "f.spread < 8", "f.spread < 0.8", "failures"),
    ("failures/mistakes.py", 'group["lr"] *= factor', 'group["lr"] *= 1', "failures"),
    ("widgets/running.py", "        pause_all()\n        self._task", "        self._task", "widgets"),
    ("exercises/chapter_03.py", "otherwise, 1e-6) if tried", "otherwise, 1) if tried", "exercises"),
    ("cli/train.py", "history.steps % plan.checkpoint_every == 0", "False", "cli"),
    ("cli/sample.py", "(100 if picture else SAMPLES), arguments.seed", "(100 if picture else SAMPLES), 0", "cli"),
)  # fmt: skip


def noticed(copy: Path, tests: str) -> bool:
    """Whether the tests of one folder fail; without a folder, those that lie beside the folders."""
    chosen = [f"tests/{tests}"] if tests else sorted(map(str, (copy / "tests").glob("test_*.py")))
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *chosen]
    environment = os.environ | {"PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True).returncode != 0


def main() -> int:
    unnoticed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        for part in ("gan_helpers", "tests", "notebooks"):
            shutil.copytree(ROOT / part, copy / part)
        for part in ("pyproject.toml", "conftest.py"):
            shutil.copy(ROOT / part, copy / part)
        for name, line, broken, tests in BREAKS:
            file = copy / "gan_helpers" / name
            whole = file.read_text(encoding="utf-8")
            assert line in whole, f"{name} has no line {line!r} any more; put the list right"
            file.write_text(whole.replace(line, broken, 1), encoding="utf-8")
            seen = noticed(copy, tests)
            unnoticed += not seen
            print(f"{'noticed' if seen else 'NOT noticed'}: {name}: {line.strip()}", flush=True)
            file.write_text(whole, encoding="utf-8")
    print(f"{len(BREAKS) - unnoticed} of {len(BREAKS)} noticed")
    return bool(unnoticed)


if __name__ == "__main__":
    sys.exit(main())
