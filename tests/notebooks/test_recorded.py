"""What the package carries: no more than the chapters load, and small enough to be installed."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file

from gan_helpers.data import ASSETS
from gan_helpers.training import load_generator

ROOT = Path(__file__).parents[2]
OUTSIDE = ROOT / "recordings" / "weights"  # what only the recorded scores were made of
MOST = 70e6  # bytes, before a wheel compresses them


def test_the_package_is_small():
    assert sum(file.stat().st_size for file in ASSETS.rglob("*") if file.is_file()) < MOST


def test_no_notebook_names_a_generator_that_is_not_in_the_package():
    outside = [file.stem for file in OUTSIDE.glob("*.safetensors")]
    assert len(outside) == 7
    for path in ROOT.glob("notebooks/**/*.ipynb"):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
        assert [name for name in outside if name in code] == [], path.name


def test_the_first_layers_are_those_of_the_recorded_generators():
    kept = load_file(ASSETS / "first_layers.safetensors")
    names = [f"{kind}_10_epochs_{seed}" for kind in ("plain", "article") for seed in range(5)]
    names += ["long_plain", "long_article"]
    assert kept.keys() == {f"{name}.{part}" for name in names for part in ("weight", "scale")}
    for name in names:
        ten = "10_epochs" in name
        file = name.replace("epochs", "epochs_generator") if ten else f"{name}_generator"
        (path,) = [one for place in (ASSETS, OUTSIDE) for one in place.glob(f"{file}.safetensors")]
        layers = load_generator(path)[0].layers
        norm = next(layer for layer in layers if isinstance(layer, torch.nn.BatchNorm1d))
        assert torch.equal(kept[f"{name}.weight"].float(), layers[0].weight)
        assert torch.equal(kept[f"{name}.scale"], norm.weight / norm.running_var.sqrt())
