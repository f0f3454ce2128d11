"""The directions that sliders run along, and the images on the way."""

from collections.abc import Sequence

import torch
from matplotlib.axes import Axes

from gan_helpers import plots
from gan_helpers.latent import activation_directions, weight_directions

REACH = 4  # a slider goes from -REACH to REACH; one coordinate of z has standard deviation 1
STEPS = range(-REACH, REACH + 1)  # where the images along a slider stand
KINDS = {
    "coordinates": lambda generator: torch.eye(generator.latent_dim),
    "directions of the weights": lambda generator: weight_directions(generator).vectors,
    "directions of the activations": lambda generator: activation_directions(generator).vectors,
}


def read_numbers(text: str, count: int, last: int) -> list[int]:
    """Read ``count`` numbers of directions, 0 to ``last``; raises ``ValueError`` for others."""
    words = [word.strip() for word in text.split(",")]
    good = all(word.isdecimal() and int(word) <= last for word in words)
    if not good or len(words) != count:
        raise ValueError(
            f"numbers is {text!r}; expected {count} whole numbers from 0 to {last}, with commas "
            "between them; a number may appear twice."
        )
    return [int(word) for word in words]


def draw_strips(axes: Axes, rows: Sequence[torch.Tensor], names: Sequence[str], noun: str) -> None:
    """Draw a row of nine images for each slider, with its name; ``noun``: what an image is."""
    axes.imshow(plots.grid_image(torch.cat(list(rows)), len(STEPS)), cmap="gray", vmin=0, vmax=255)
    height, width = (side + 2 for side in rows[0].shape[2:])  # the grid has a margin of 2
    axes.set_xticks([width * (k + 0.5) for k in range(len(STEPS))], STEPS)
    axes.set_yticks([height * (k + 0.5) for k in range(len(rows))], names)
    axes.set_title(f"the {noun}s along each slider", fontsize=9)
    axes.grid(False)
