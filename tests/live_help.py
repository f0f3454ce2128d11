"""A reader of the panel that trains a run: what is seen of it, what can be pressed, no browser."""

import asyncio
import io
import re
from collections.abc import Callable, Iterator

import ipywidgets
import numpy as np
import torch
from PIL import Image
from run_help import same, state

from gan_helpers.training import Run
from gan_helpers.widgets.live_training import live_training


def all_of(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from all_of(child)


class Reader:
    """What a reader sees of a panel, and can press."""

    def __init__(self, run: Run, images: torch.Tensor):
        self.run = run
        self.panel = live_training(run, images)
        self.controls = {
            one.description: one for one in all_of(self.panel) if getattr(one, "description", "")
        }
        self.toggle = self.controls["Start"]
        self.samples, self.curves = (
            one for one in all_of(self.panel) if isinstance(one, ipywidgets.Image)
        )

    @property
    def words(self) -> str:
        (line,) = (
            one.value
            for one in all_of(self.panel)
            if isinstance(one, ipywidgets.HTML) and 'role="status"' in one.value
        )
        return re.sub("<[^>]*>", "", line)

    async def until(self, step: int) -> None:
        """Wait, as other cells do, until the run has made ``step`` steps or is paused."""
        while self.toggle.value and self.run.history.steps < step:
            await asyncio.sleep(0)

    async def paused(self) -> None:
        """Wait until the loop has ended."""
        while self.panel._runner.running or len(asyncio.all_tasks()) > 1:
            assert self.run.history.steps < 1000, "the loop does not end"
            await asyncio.sleep(0)

    def play(self, steps: int) -> None:
        """Start, wait for that many steps, pause."""

        async def act():
            self.toggle.value = True
            await self.until(self.run.history.steps + steps)
            self.toggle.value = False
            await self.paused()

        asyncio.run(act())


def pixels(picture: ipywidgets.Image) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.value)))


def moved(run: Run, act: Callable[[], None]) -> set[str]:
    """Which of the run's parts ``act`` changes, buffers included."""
    names = ("generator", "discriminator", "sampler")
    before = {name: state(getattr(run, name)) for name in names}
    act()
    return {name for name in names if not same(before[name], state(getattr(run, name)))}
