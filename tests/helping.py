"""What the tests share: tiny recipes, quiet runs, whole runs compared, and readers of panels."""

import asyncio
import io
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import ipywidgets
import numpy as np
import torch
from PIL import Image
from torch import nn

from gan_helpers.cli import main
from gan_helpers.metrics import Scores
from gan_helpers.models import ArticleGenerator, Discriminator, Generator, initialise
from gan_helpers.training import (
    COLUMNS,
    History,
    Recipe,
    Run,
    load_checkpoint,
    recipe_to_dict,
    save_checkpoint,
    train,
)
from gan_helpers.widgets.live_training import live_training

STEP_COLUMNS = ("d_loss", "g_loss", "d_real", "d_fake", "d_fake_after")
MEASURED_COLUMNS = (
    "measured_steps",
    "d_real_after",
    "d_accuracy",
    "d_grad_norm",
    "g_grad_norm",
    "d_update_norm",
    "g_update_norm",
)


def quietly(run: Run, images: torch.Tensor, **options) -> History:
    return train(run, images, progress=False, **options)


def state(network: nn.Module) -> dict[str, torch.Tensor]:
    """Weights and BatchNorm statistics, copied."""
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def weights(network: nn.Module) -> torch.Tensor:
    return nn.utils.parameters_to_vector(network.parameters()).detach().clone()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


def same_run(one: Run, other: Run) -> bool:
    return (
        same(state(one.generator), state(other.generator))
        and same(state(one.discriminator), state(other.discriminator))
        and same(state(one.sampler), state(other.sampler))
        and all(getattr(one.history, name) == getattr(other.history, name) for name in STEP_COLUMNS)
    )


def is_finite(network: nn.Module) -> bool:
    return all(tensor.isfinite().all() for tensor in network.state_dict().values())


def assert_columns_match(history: History) -> None:
    """Every column has one value for each step, measured step or frame."""
    assert {len(getattr(history, name)) for name in STEP_COLUMNS} == {history.steps}
    assert len({len(getattr(history, name)) for name in MEASURED_COLUMNS}) == 1
    assert len(history.frames) == len(history.frame_steps)


def clone(rng: torch.Generator) -> torch.Generator:
    copied = torch.Generator()
    copied.set_state(rng.get_state())
    return copied


# The recipe of conftest.py, without its lambdas; dropout is on, and all is in float32.
TINY = Recipe(
    build_generator=partial(Generator, latent_dim=8, hidden=(16,)),
    build_discriminator=partial(Discriminator, hidden=(16,)),
    batch_size=16,
    bfloat16=False,
)
CALM = replace(TINY, build_discriminator=partial(Discriminator, hidden=(16,), dropout=0.0))


def written_and_read(run: Run, file: Path) -> Run:
    save_checkpoint(run, file)
    return load_checkpoint(file)


def assert_same_state(one: Run, other: Run) -> None:
    """All that the next step depends on, bit for bit."""
    assert recipe_to_dict(one.recipe) == recipe_to_dict(other.recipe)
    assert (one.seed, one.position) == (other.seed, other.position)
    for name in ("generator", "discriminator", "average"):
        ours, theirs = getattr(one, name), getattr(other, name)
        assert (ours is None) == (theirs is None), name
        if ours is not None:
            assert same(state(ours), state(theirs)), name
            assert ours.training == theirs.training, name
    for name in ("g_optimizer", "d_optimizer"):
        ours, theirs = getattr(one, name).state_dict(), getattr(other, name).state_dict()
        assert ours["param_groups"] == theirs["param_groups"], name
        assert ours["state"].keys() == theirs["state"].keys(), name
        assert all(same(ours["state"][i], theirs["state"][i]) for i in ours["state"]), name
    for name in ("rng", "dropout_rng"):
        assert torch.equal(getattr(one, name).get_state(), getattr(other, name).get_state()), name
    assert torch.equal(one.fixed_z, other.fixed_z)
    assert (one.order is None) == (other.order is None)
    assert one.order is None or torch.equal(one.order, other.order)


def assert_same_run(one: Run, other: Run) -> None:
    """The state and all that was recorded, bit for bit."""
    assert_same_state(one, other)
    for name in COLUMNS:
        ours, theirs = getattr(one.history, name), getattr(other.history, name)
        assert ours == theirs, name
        assert [type(value) for value in ours] == [type(value) for value in theirs], name
    assert len(one.history.frames) == len(other.history.frames)
    for ours, theirs in zip(one.history.frames, other.history.frames, strict=True):
        assert ours.dtype == theirs.dtype == torch.uint8
        assert torch.equal(ours, theirs)
    assert one.history.about == other.history.about


FABRICATED = Scores(
    samples=10_000,
    digits=0.98765,
    parzen=225.04,
    parzen_error=1.96,
    sigma=0.16681,
    frechet=12.345,
    classifier_score=9.876,
    class_kl=0.01234,
    classes_missing=2,
    precision=0.91234,
    recall=0.5,
    density=1.2345,
    coverage=0.87654,
    copies_pixels=0.3014,
    copies_features=0.0088,
)


# Options of ``train`` for the networks of a moment, in float32 on every processor.
SMALL = (
    "--latent-dim 8 --generator-hidden 16 --discriminator-hidden 16 --batch-size 32 --no-bfloat16"
).split()


def status_of(*arguments: object) -> int:
    """The exit status of a command, also that of a bad argument."""
    try:
        return main([*map(str, arguments)])
    except SystemExit as stopped:
        return stopped.code


def assert_one_sentence(capsys, *parts: str) -> None:
    """One sentence on stderr that has ``parts``, and nothing else."""
    captured = capsys.readouterr()
    assert captured.out == ""
    # A progress bar that has begun ends with a new line.
    *bar, line, rest = captured.err.split("\n")
    assert rest == "" and all("step" in part for part in bar)
    assert line.startswith("python -m gan_helpers")
    assert not re.search(r"usage:|Traceback|\[-h\]", captured.err)
    for part in parts:
        assert part in line


GENERATORS = {"small": lambda: Generator(8, (16,)), "the article's": ArticleGenerator}


def build_generator(name="small"):
    """In train mode, with its first statistics: panels must not care."""
    return initialise(GENERATORS[name](), seed=0)


def build_discriminator():
    """With dropout: in train mode its opinion would be another at each call."""
    return initialise(Discriminator(hidden=(16,), dropout=0.5), seed=1)


def parts(widget):
    """All widgets of a panel, from the top down."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from parts(child)


def control(panel, name):
    """The one control that carries ``name``."""
    (found,) = [part for part in parts(panel) if getattr(part, "description", None) == name]
    return found


def texts(panel):
    return " ".join(part.value for part in parts(panel) if isinstance(part, ipywidgets.HTML))


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(picture.value)).convert("L"))


def pictures(panel):
    return [part for part in parts(panel) if isinstance(part, ipywidgets.Image)]


def assert_shows(picture, image, factor):
    """``picture`` is ``image``, uint8 of shape (28, 28), each pixel a square of ``factor``."""
    assert (pixels(picture) == np.kron(image.numpy(), np.ones((factor, factor)))).all()


def sliders(panel):
    return [part for part in parts(panel) if isinstance(part, ipywidgets.FloatSlider)]


def opinion(discriminator, generator, z):
    with torch.no_grad():
        return discriminator.eval()(generator.eval()(z)).sigmoid().flatten().tolist()


class Watcher:
    """What a reader sees of a panel that trains, and can press."""

    def __init__(self, run: Run, images: torch.Tensor):
        self.run, self.panel = run, live_training(run, images)
        self.toggle = control(self.panel, "Start")
        self.samples, self.curves = pictures(self.panel)

    @property
    def words(self) -> str:
        return re.sub("<[^>]*>", "", texts(self.panel))

    def control(self, name: str) -> ipywidgets.Widget:
        return control(self.panel, name)

    def press(self, *names: str) -> None:
        for name in names:
            self.control(name).click()

    async def until(self, step: int) -> None:
        """Wait, as other cells do, until the run has made ``step`` steps or is paused."""
        while self.toggle.value and self.run.history.steps < step:
            await asyncio.sleep(0)

    async def paused(self) -> None:
        """Wait until the loop has ended."""
        while self.toggle.value or len(asyncio.all_tasks()) > 1:
            assert self.run.history.steps < 1000, "the loop does not end"
            await asyncio.sleep(0)

    def play(self, steps: int | None = None) -> None:
        """Start, wait for that many steps (or until it ends by itself), pause."""

        async def act():
            self.toggle.value = True
            if steps is not None:
                await self.until(self.run.history.steps + steps)
                self.toggle.value = False
            await self.paused()

        asyncio.run(act())


def moved(run: Run, act: Callable[[], None]) -> set[str]:
    """Which of the run's parts ``act`` changes, buffers included."""
    names = ("generator", "discriminator", "sampler")
    before = {name: state(getattr(run, name)) for name in names}
    act()
    return {name for name in names if not same(before[name], state(getattr(run, name)))}


def assert_header_bears_flips(file: Path, load: Callable[[Path], object]) -> None:
    """Whichever byte of the file's header is flipped, ``load`` succeeds or raises ``OSError``."""
    content = file.read_bytes()
    escaped = {}
    for position in range(8 + int.from_bytes(content[:8], "little")):
        changed = bytearray(content)
        changed[position] ^= 0xFF
        file.write_bytes(changed)
        try:
            load(file)
        except OSError:
            continue
        except Exception as error:
            escaped[position] = repr(error)
    assert escaped == {}
