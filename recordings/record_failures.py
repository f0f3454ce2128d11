"""Make every failure of notebook 08 and the runs that they are compared with, and keep each as a
history in the package, with what its samples are to the classifier.

python recordings/record_failures.py              all of them, seeds 0 to 3 (with one
                                                  thread, some 33 minutes on a quiet machine)
python recordings/record_failures.py --table      the table of what is recorded, and what
                                                  diagnose() says of it
"""

import argparse
import platform
import statistics
import time

import torch

from gan_helpers.data import load_mnist
from gan_helpers.failures import COMPARISONS, FAILURES, compare_held_out, diagnose, produce
from gan_helpers.failures.gallery import RECORDED
from gan_helpers.metrics import classify
from gan_helpers.models import sample
from gan_helpers.training import History, Run, load_history, save_history

RUNS = FAILURES | COMPARISONS
SAMPLES = 2_000
SHOWN_IMAGES, HELD_OUT_IMAGES = 300, 1_000  # all failures train on the first 300 images
SHOWN = ("d_loss", "g_loss", "d_real", "d_fake", "d_accuracy", "d_grad_norm", "g_grad_norm")


def record(name: str, images: torch.Tensor, seed: int) -> History:
    failure = RUNS[name]
    start = time.perf_counter()
    run = produce(failure, images, seed)
    seconds = time.perf_counter() - start
    history = run.history
    if name == "few_images":  # the others were recorded before it was measured
        held_out, _ = load_mnist("test")
        compare_held_out(run, images[:SHOWN_IMAGES], held_out[:HELD_OUT_IMAGES])
    history.real = None  # they are MNIST's, and as large as a frame
    if len(history.frames) > 1:  # else the run ended before its second
        del history.frames[0], history.frame_steps[0]  # noise, and a third of the file
    history.about |= {
        "command": f"python recordings/record_failures.py --only {name} --seeds {seed}",
        "failure": name,
        "change": failure.change,
        "seed": str(seed),
        "steps": str(history.steps),
        "epochs": f"{history.steps * run.recipe.batch_size / len(images):.1f}",
        "seconds": f"{seconds:.0f}",
        "machine": f"{platform.machine()} CPU, {torch.get_num_threads()} threads, "
        f"{'bfloat16' if run.bfloat16 else 'float32'}",
        "torch": torch.__version__.split("+")[0],
        **samples_seen(run),
    }
    return history


def samples_seen(run: Run) -> dict[str, str]:
    """The share of 2,000 samples that are digits to the classifier, and that of each class."""
    rng = torch.Generator().manual_seed(1)
    z = torch.randn(SAMPLES, run.generator.latent_dim, generator=rng)
    try:
        seen = classify(sample(run.sampler, z))
    except ValueError:  # NaN
        return {"digits": "0", "classes": "nan"}
    counts = torch.bincount(seen.probabilities.argmax(dim=1), minlength=10)
    return {
        "digits": f"{(seen.digit > 0.5).float().mean():.3f}",
        "classes": " ".join(f"{share:.3f}" for share in (counts / SAMPLES).tolist()),
    }


def table() -> None:
    """One line for each failure, in Markdown: means over the seeds, and the verdict on each.

    Of the columns of the history the median of the last quarter is taken first; digits and the
    share of the largest class are those of 2,000 samples.
    """
    print(f"| failure | {' | '.join(SHOWN)} | digits | largest class | verdict |")
    print("|---" * (len(SHOWN) + 4) + "|")
    for name in RUNS:
        files = sorted(RECORDED.glob(f"{name}_[0-9].safetensors"))
        histories = [load_history(file) for file in files]
        rows = []
        for history in histories:
            columns = (getattr(history, column) for column in SHOWN)
            row = [statistics.median(values[-max(1, len(values) // 4) :]) for values in columns]
            shares = [float(share) for share in history.about["classes"].split()]
            rows.append([*row, float(history.about["digits"]), max(shares)])
        means = [f"{statistics.mean(column):.3g}" for column in zip(*rows, strict=True)]
        verdicts = [diagnose(history).verdict for history in histories]
        if len(set(verdicts)) == 1:
            verdicts = verdicts[:1]
        print(f"| {name} | {' | '.join(means)} | {', '.join(verdicts)} |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=RUNS, nargs="+", default=list(RUNS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--table", action="store_true", help="print what is recorded")
    arguments = parser.parse_args()
    if arguments.table:
        return table()
    images, _ = load_mnist()
    for seed in arguments.seeds:
        for name in arguments.only:
            history = record(name, images, seed)
            save_history(history, RECORDED / f"{name}_{seed}.safetensors")
            about = history.about
            print(
                f"{name}, seed {seed}: {about['seconds']} s, digits {about['digits']}", flush=True
            )


if __name__ == "__main__":
    main()
