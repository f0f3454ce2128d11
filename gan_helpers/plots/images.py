"""Draw images in a grid, and a run's samples as a film strip."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image as PillowImage

from gan_helpers.checks import check_images, check_tensor, number, picture_shape, whole_number
from gan_helpers.kinds import check_alt, check_kind
from gan_helpers.plots.style import check_numbers, new_figure, show, show_png
from gan_helpers.training import History, check_history


def grid_image(images: torch.Tensor, columns: int = 10) -> PillowImage.Image:
    """Put ``images``, grey or in colour, into a grid with ``columns`` images in each row.

    ``images``: uint8, shape (N, 1, height, width) or (N, 3, height, width), N at least 1;
    ``columns``: a whole number, at least 1. Raises ``TypeError`` or ``ValueError`` otherwise.
    """
    check_images(images, "images", picture_shape(images))
    columns = whole_number(columns, "columns", 1)
    from torchvision.utils import make_grid  # imported here because this takes two seconds

    grid = make_grid(images, nrow=columns, padding=2, pad_value=90)  # (3, height, width)
    return picture(grid[:1] if images.shape[1] == 1 else grid)


def picture(image: torch.Tensor) -> PillowImage.Image:
    """Return one image, uint8 of shape (1, height, width) or (3, height, width), as a picture.

    Raises ``TypeError`` or ``ValueError`` for another. Introduced in notebook 10, "Other pictures",
    by way of ``show_samples``.
    """
    check_tensor(image, "image")
    check_images(image[None], "image[None]", picture_shape(image[None]))
    return PillowImage.fromarray(image[0].numpy() if len(image) == 1 else _colours_last(image))


def _colours_last(image: torch.Tensor) -> np.ndarray:
    return np.ascontiguousarray(image.permute(1, 2, 0).numpy())


def samples_png(images: torch.Tensor, columns: int = 10) -> bytes:
    """Return the grid of ``images`` as PNG bytes, for widgets; arguments as for ``grid_image``."""
    buffer = io.BytesIO()
    grid_image(images, columns).save(buffer, format="png")
    return buffer.getvalue()


def show_samples(images: torch.Tensor, alt: str, columns: int = 10, scale: float = 1.8) -> None:
    """Show a grid of images in the notebook.

    ``images``: uint8, shape (N, 1, 28, 28) or another size, grey or in colour; ``alt``: a text that
    describes them; ``scale``: screen pixels for each pixel of an image, above 0. Raises
    ``TypeError`` or ``ValueError`` otherwise. Introduced in notebook 02, "The images".
    """
    check_alt(alt)
    scale = number(scale, "scale", above=0)
    width = int(grid_image(images, columns).width * scale)
    show_png(samples_png(images, columns), alt, width)


def show_film_strip(history: History, steps: Sequence[int], alt: str, count: int = 10) -> None:
    """Show the first ``count`` fixed-z samples at the recorded steps nearest to ``steps``.

    The figure has one row for each step, with the step beside it. Raises ``TypeError`` when an
    argument is not a history, a text or numbers, and ``ValueError`` when nothing was recorded or
    ``alt`` or ``steps`` is empty. Introduced in notebook 04, "The run".
    """
    check_alt(alt)
    show(draw_film_strip(history, steps, count), alt)


def draw_film_strip(history: History, steps: Sequence[int], count: int = 10) -> Figure:
    """Return the figure of ``show_film_strip``; arguments and errors are the same."""
    check_frames(history)
    steps = check_numbers(steps, "steps")
    count = whole_number(count, "count", 1)
    nearest = [int(np.argmin(np.abs(np.subtract(history.frame_steps, step)))) for step in steps]
    names = [f"step\n{history.frame_steps[index]:,}" for index in nearest]
    return _draw_rows(names, [history.frames[index][:count] for index in nearest])


def show_rows(rows: Mapping[str, torch.Tensor], alt: str, columns: Sequence[str] = ()) -> None:
    """Show a row of images for each entry of ``rows``, with its name beside it.

    ``rows``: name -> uint8 images, shape (N, 1, 28, 28) or another size, the same N and size in
    all; ``columns``: N names below the last row, or none. Raises ``TypeError`` for what is no dict,
    no text or no images, and ``ValueError`` for no rows, rows or names of other lengths, or an
    empty ``alt``. Introduced in notebook 03, "Ten seeds, recorded".
    """
    check_alt(alt)
    check_kind(rows, "rows", Mapping, "{'seed 0': images[:10]} is one, of one row.")
    if not rows:
        raise ValueError("rows is empty; expected at least one row of images.")
    shape = None
    for name, images in rows.items():
        check_images(images, f"rows[{name!r}]", shape or picture_shape(images))
        shape = tuple(images.shape[1:])
    lengths = {len(images) for images in rows.values()} | ({len(columns)} if columns else set())
    if len(lengths) > 1:
        raise ValueError(
            f"rows and columns have the lengths {sorted(lengths)}; expected as many images in each "
            "row, and as many names of columns."
        )
    figure = _draw_rows(list(rows), list(rows.values()))
    side = shape[2] + 2  # the grid's margin
    places = [side / 2 + 1 + side * i for i in range(len(columns))]
    figure.axes[-1].set_xticks(places, columns, fontsize=8)
    show(figure, alt)


def _draw_rows(names: Sequence[str], rows: Sequence[torch.Tensor]) -> Figure:
    count = len(rows[0])
    figure, _ = new_figure(width=0.52 * count + 0.9, height=0.56 * len(rows))
    figure.clear()
    figure.set_layout_engine("compressed")  # the constrained one cuts long names off
    places = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    for axes, name, images in zip(places, names, rows, strict=True):
        axes.imshow(grid_image(images, count), cmap="gray", vmin=0, vmax=255)
        axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
        axes.spines[:].set_visible(False)
    return figure


def check_frames(history: History) -> None:
    """Raise unless ``history`` holds samples of the fixed z."""
    check_history(history)
    if not history.frames:
        raise ValueError("history has no frames; train the run first.")
