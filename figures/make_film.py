"""Draw the README's moving picture: a run of the course's recipe, and a slider over z; and the film
of notebook 04 for the pages of ``make site``.

    python figures/make_film.py    (some minutes)

Left the run of notebook 04: the course's recipe, seed 0, ten epochs. Right the generator of
notebook 05, a z moved along a direction of the weights. Both were chosen, among 200 z and four
directions, for a digit that stays a digit while it becomes another.
"""

import json
import math
from pathlib import Path

import torch
from matplotlib.animation import FuncAnimation, PillowWriter
from PIL import Image

from gan_helpers.data import ASSETS, load_mnist
from gan_helpers.latent import weight_directions
from gan_helpers.models import sample
from gan_helpers.plots import grid_image, new_figure
from gan_helpers.training import COURSE, History, load_generator, start_run, train

FRAMES, HELD, A_SECOND = 72, 12, 12  # the first pictures show the end of the run
REACH, SLIDER_Y = 3, 31.5  # the slider stands below the 28 rows of the digit


def draw(history: History, file: Path) -> None:
    generator, _ = load_generator(ASSETS / "hour_generator.safetensors")
    direction = weight_directions(generator).vectors[3]
    z = torch.randn(1, 100, generator=torch.Generator().manual_seed(149))
    figure, (left, right) = new_figure(columns=2, width=3.6, height=2.9)
    look = {"cmap": "gray", "vmin": 0, "vmax": 255}
    run = left.imshow(grid_image(history.frames[-1][:30], columns=6), **look)
    digit = right.imshow(sample(generator, z)[0, 0], **look)
    right.plot([2, 25], [SLIDER_Y, SLIDER_Y], color="0.75", lw=4, solid_capstyle="round")
    (handle,) = right.plot([13.5], [SLIDER_Y], "o", color="#0072B2", ms=11)
    right.set(xlim=(-0.5, 27.5), ylim=(34, -0.5), title="move z, and the digit follows")
    for axes in (left, right):
        axes.set_axis_off()

    def show(i: int) -> None:
        amount = REACH * math.sin(2 * math.pi * i / FRAMES)
        digit.set_data(sample(generator, z + amount * direction)[0, 0])
        handle.set_xdata([13.5 + 11.5 * amount / REACH])
        k = len(history.frames) - 1
        if i >= HELD:
            k = round(k * (i - HELD) / (FRAMES - HELD - 1))
        run.set_data(grid_image(history.frames[k][:30], columns=6))
        left.set_title(f"step {history.frame_steps[k]:,} of {history.steps:,}")

    film = FuncAnimation(figure, show, frames=FRAMES)
    film.save(file, PillowWriter(fps=A_SECOND), dpi=90)


def keep_frames(history: History, folder: Path) -> None:
    """Write the run's frames below each other, ``run.webp``, and their steps, ``run.json``."""
    frames = [grid_image(frame) for frame in history.frames]
    width, height = frames[0].size
    film = Image.new("L", (width, height * len(frames)))
    for k, frame in enumerate(frames):
        film.paste(frame, (0, k * height))
    film.save(folder / "run.webp", quality=60, method=6)
    (folder / "run.json").write_text(json.dumps(history.frame_steps) + "\n", "utf-8")


def main() -> None:
    images, _ = load_mnist("train")
    history = train(start_run(COURSE, seed=0), images, epochs=10)
    folder = Path(__file__).parent
    keep_frames(history, folder)
    draw(history, folder / "film.webp")


if __name__ == "__main__":
    main()
