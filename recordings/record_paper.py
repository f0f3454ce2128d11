"""Record notebook 11: the recipe of 2014 for 250 epochs, and what each of its parts is good for.

python recordings/record_paper.py run --seeds 0          250 epochs (70 minutes of one core)
python recordings/record_paper.py control --seeds 0      its first epochs in float32
python recordings/record_paper.py parts --seeds 0 1      20 epochs with one part changed (80 min)

The networks train on the training images 0 to 49,999, as in 2014. Parzen by the paper's protocol:
10,000 samples, sigma from logspace(-1, 0, 10) by the training images 50,000 to 50,999, and the mean
over the 10,000 test images. Beside it, the Frechet distance to the test images. A run that has a
checkpoint in runs/paper goes on from there; what stands in the record is not made again.
"""

import argparse
import json
import platform
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from gan_helpers.data import ASSETS, load_mnist
from gan_helpers.losses import saturating_generator_loss
from gan_helpers.metrics import (
    choose_sigma,
    classify,
    frechet_distance,
    mean_and_error,
    parzen_log_likelihood,
)
from gan_helpers.models import (
    Generator,
    PaperDiscriminator,
    PaperGenerator,
    draw,
)
from gan_helpers.training import (
    PAPER,
    Recipe,
    Run,
    advance,
    load_checkpoint,
    record_frame,
    save_checkpoint,
    save_generator,
    save_history,
    start_run,
)

FOLDER, RUNS = ASSETS / "paper", Path("runs/paper")
EPOCH = 500  # steps: 50,000 images in batches of 100
FAST = replace(PAPER, bfloat16=True)
AT = {"run": (1, 2, 5, *range(10, 251, 10)), "control": (1, 2, 5, 10), "parts": (10, 20)}
D, G = partial(partial, PaperDiscriminator), partial(partial, PaperGenerator)
ADAM = {"g_optimizer": torch.optim.Adam, "d_optimizer": torch.optim.Adam, "rate_divisor": 1.0}
ADAM |= {"learning_rate": 2e-4, "d_learning_rate": None}


class NormedGenerator(PaperGenerator):
    """The generator of 2014 with BatchNorm after its hidden Linear layers, and nothing else new."""

    def __init__(self, **sizes):
        super().__init__(**sizes)
        layers: list[nn.Module] = []
        for layer in self.layers[:-2]:
            layers.append(layer)
            if isinstance(layer, nn.Linear):
                layers.append(nn.BatchNorm1d(layer.out_features))
        self.layers = nn.Sequential(*layers, *self.layers[-2:])


PARTS = {
    "as in 2014": {},
    "LeakyReLU for maxout": {"build_discriminator": D(pieces=1)},
    "LeakyReLU, 1,200 units": {"build_discriminator": D(pieces=1, hidden=(1200, 240))},
    "no dropout": {"build_discriminator": D(input_dropout=0, dropout=0)},
    "no momentum, half the effective rate": {"momentum": 0.0, "momentum_steps": 0},
    # Twice the rate: the effective rate, rate / (1 - momentum), is the same.
    "no momentum": {
        "momentum": 0.0,
        "momentum_steps": 0,
        "learning_rate": 2 * PAPER.learning_rate,
        "d_learning_rate": PAPER.learning_rate,
    },
    "normal z": {"build_generator": G(uniform_z=False)},
    "one after the other": {"simultaneous": False},
    "saturating loss": {"generator_loss": saturating_generator_loss},
    "Adam, 2e-4, betas 0.9, 0.999": ADAM | {"betas": (0.9, 0.999)},
    "Adam, 2e-4, betas 0, 0.99": ADAM,
    "averaging, 0.999": {"average_decay": 0.999},
    "BatchNorm in G": {"build_generator": NormedGenerator},
    "BatchNorm, Adam, averaging": ADAM
    | {"build_generator": NormedGenerator, "average_decay": 0.999},
    "as notebook 02, 1,200 units": {"build_generator": partial(Generator, hidden=(1200, 1200))},
}


def measure(run: Run, images: torch.Tensor, test: torch.Tensor, real: torch.Tensor) -> dict:
    """Parzen and the Frechet distance of 10,000 samples."""
    samples = draw(run.sampler, 10_000, seed=1)
    sigma, _ = choose_sigma(images[50_000:51_000], samples, progress=False)
    nats, error = mean_and_error(parzen_log_likelihood(test, samples, sigma, progress=False))
    distance = frechet_distance(classify(samples).features, real)
    found = {"parzen": round(nats, 1), "error": round(error, 1), "sigma": round(sigma, 3)}
    return found | {"distance": round(distance, 1)}


def keep_pictures(name: str, frame: torch.Tensor) -> None:
    """Add ten samples to the file that has those of all parts."""
    file = FOLDER / "parts.safetensors"
    pictures = load_file(file) if file.exists() else {}
    save_file(pictures | {name: frame.contiguous()}, file)


def train_and_measure(recipe: Recipe, seed: int, at: tuple[int, ...], name: str) -> list[dict]:
    """Train to the last epoch of ``at``, measuring at each; checkpoints in runs/paper."""
    images, _ = load_mnist()
    test, _ = load_mnist("test")
    real = classify(test).features
    file, found = RUNS / f"{name}.safetensors", []
    run = start_run(recipe, seed)
    if file.exists():
        run = load_checkpoint(file)
        found = json.loads(file.with_suffix(".json").read_text("utf-8"))
    for epoch in [epoch for epoch in at if epoch * EPOCH > run.history.steps]:
        start, steps = time.process_time(), run.history.steps
        while run.history.steps < epoch * EPOCH:
            advance(run, images[:50_000], frame_every=10**9, measure_every=100)
        seconds = (time.process_time() - start) / (run.history.steps - steps)
        found.append({"epoch": epoch} | measure(run, images, test, real))
        record_frame(run)
        print(name, found[-1], f"{1000 * seconds:.0f} ms a step", flush=True)
        if len(at) > 2:
            RUNS.mkdir(parents=True, exist_ok=True)
            save_checkpoint(run, file)
            file.with_suffix(".json").write_text(json.dumps(found), "utf-8")
    if at == AT["parts"]:
        keep_pictures(name, run.history.frames[-1][:10])
    if name.startswith("run"):
        about = {
            "command": f"python recordings/record_paper.py run --seeds {seed}",
            "seed": str(seed),
            "epochs": str(at[-1]),
            "machine": f"{platform.machine()} CPU, {'bfloat16' if run.bfloat16 else 'float32'}",
            "torch": torch.__version__.split("+")[0],
        }
        FOLDER.mkdir(exist_ok=True)
        save_generator(run.sampler, FOLDER / f"generator_{seed}.safetensors", about, half=True)
        run.history.about = about
        save_history(run.history, FOLDER / f"history_{seed}.safetensors")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=AT)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    recipes = {"run": {"run": FAST}, "control": {"control": PAPER}}.get(arguments.what) or {
        name: replace(FAST, **PARTS[name]) for name in arguments.only
    }
    file = FOLDER / f"{arguments.what}.json"
    for seed in arguments.seeds:
        for name, recipe in recipes.items():
            kept = json.loads(file.read_text("utf-8")) if file.exists() else {}
            if f"{name} {seed}" not in kept:
                at = AT[arguments.what]
                found = train_and_measure(recipe, seed, at, f"{name} {seed}")
                # Another process may have written to the file in the meantime.
                kept = json.loads(file.read_text("utf-8")) if file.exists() else {}
                kept[f"{name} {seed}"] = found
                FOLDER.mkdir(exist_ok=True)
                file.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
