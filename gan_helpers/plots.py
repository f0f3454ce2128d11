"""One plot style for the course, and the figures that several notebooks draw.

Real is always blue and solid, generated always orange-red and dashed; the colours are those of
Okabe and Ito, which colour-blind readers can tell apart. Every figure carries its alt text.
"""

import base64
import html
import io
import math
from collections.abc import Iterable, Sequence

import matplotlib as mpl
import numpy as np
import torch
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image as PillowImage

from gan_helpers.checks import (
    IMAGE_SHAPE,
    check_floats,
    check_images,
    check_tensor,
    number,
    whole_number,
)
from gan_helpers.kinds import check_alt, check_kind
from gan_helpers.training import History, check_history

REAL, FAKE = "#0072B2", "#D55E00"
DISCRIMINATOR, GENERATOR = "#000000", "#D55E00"
SATURATING, NON_SATURATING = "#AA3377", "#009E73"
REAL_LINE = {"color": REAL, "linestyle": "-"}
FAKE_LINE = {"color": FAKE, "linestyle": "--"}
REFERENCE_LINE = {"color": "0.45", "linestyle": ":", "linewidth": 1.2}

STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "lines.linewidth": 1.8,
}
DPI = 110


def new_figure(columns: int = 1, width: float = 4.2, height: float = 2.8) -> tuple[Figure, list]:
    """A figure in the course's style with ``columns`` axes side by side, each of so many inches.

    Returns the figure and the list of its axes. Raises ``TypeError`` for what is no number and
    ``ValueError`` for one out of range. Introduced in notebook 01, "Two densities".
    """
    columns = whole_number(columns, "columns", 1)
    width, height = number(width, "width", above=0), number(height, "height", above=0)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width * columns, height), layout="constrained")
        axes = figure.subplots(1, columns, squeeze=False)[0]
    return figure, list(axes)


def figure_png(figure: Figure) -> bytes:
    """The figure as PNG bytes, for ``show`` and for widgets.

    Raises ``TypeError`` when ``figure`` is no figure.
    """
    check_kind(figure, "figure", Figure, "new_figure() returns one, and the list of its axes.")
    with mpl.rc_context(STYLE):
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def show(figure: Figure, alt: str) -> None:
    """Show ``figure`` in the notebook, with ``alt``: what a reader who cannot see it should know.

    Raises ``TypeError`` for what is no figure or no text and ``ValueError`` when ``alt`` is empty.
    Introduced in notebook 01, "Two densities".
    """
    show_png(figure_png(figure), alt, width=int(figure.get_figwidth() * 96))


def show_png(png: bytes, alt: str, width: int) -> None:
    """Show the bytes of a PNG ``width`` pixels wide, with ``alt``, its description in words.

    Raises ``TypeError`` when ``alt`` is no text, and ``ValueError`` when it is empty. Introduced in
    notebook 01, "Two densities".
    """
    # As HTML: of a plain PNG, JupyterLab and nbconvert leave the description out of the page.
    display({"text/html": picture_html(png, alt, width), "text/plain": alt}, raw=True)


def picture_html(png: bytes, alt: str, width: int, name: str = "") -> str:
    """The ``<img>`` of a PNG, of class ``name``; other arguments and errors as for ``show_png``."""
    check_alt(alt)
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return f'<img class="{name}" src="{source}" alt="{html.escape(alt)}" width="{width}">'


def finish(axes: Axes, x: str, y: str, title: str = "", legend: bool = True) -> None:
    """Label ``axes``: names and units of both axes, a title, a legend where curves are named.

    Raises ``TypeError`` when ``axes`` is something else.
    """
    _check_axes(axes)
    axes.set(xlabel=x, ylabel=y, title=title)
    if legend and axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=9, frameon=False)


def _check_axes(axes: Axes) -> None:
    check_kind(axes, "axes", Axes, "figure, (axes,) = new_figure() makes one.")


# --- images -------------------------------------------------------------------------------------


def grid_image(images: torch.Tensor, columns: int = 10) -> PillowImage.Image:
    """Lay images out in rows of ``columns``, as a greyscale picture.

    ``images``: uint8, shape (N, 1, 28, 28) or of another height and width, N at least 1. Raises
    ``TypeError`` or ``ValueError`` otherwise, and unless ``columns`` is a whole number, at least 1.
    """
    size = images.shape[2:] if getattr(images, "ndim", None) == 4 else IMAGE_SHAPE[1:]
    check_images(images, "images", (1, *size))
    columns = whole_number(columns, "columns", 1)
    from torchvision.utils import make_grid  # here: it takes two seconds to import

    grid = make_grid(images, nrow=columns, padding=2, pad_value=90)  # (3, height, width)
    return PillowImage.fromarray(grid[0].numpy())


def samples_png(images: torch.Tensor, columns: int = 10) -> bytes:
    """The grid of ``images`` as PNG bytes, for widgets; arguments as for ``grid_image``."""
    buffer = io.BytesIO()
    grid_image(images, columns).save(buffer, format="png")
    return buffer.getvalue()


def show_samples(images: torch.Tensor, alt: str, columns: int = 10, scale: float = 1.8) -> None:
    """Show a grid of images; ``scale`` is the size of a pixel on the screen.

    ``images``: uint8, shape (N, 1, 28, 28). Raises ``TypeError`` or ``ValueError`` otherwise, when
    ``alt`` is no text or empty, or ``scale`` no positive number. Introduced in notebook 02, "The
    images".
    """
    check_alt(alt)
    scale = number(scale, "scale", above=0)
    width = int(grid_image(images, columns).width * scale)
    show_png(samples_png(images, columns), alt, width)


def show_film_strip(history: History, steps: Sequence[int], alt: str, count: int = 10) -> None:
    """Show the first ``count`` fixed-z samples at the recorded steps nearest to ``steps``.

    One row for each step, with the step beside it. Raises ``TypeError`` for what is no history, no
    text or no number, and ``ValueError`` when nothing was recorded, ``alt`` is empty, or ``steps``
    is no sequence, or empty. Introduced in notebook 04, "The run".
    """
    check_alt(alt)
    show(draw_film_strip(history, steps, count), alt)


def draw_film_strip(history: History, steps: Sequence[int], count: int = 10) -> Figure:
    """The figure of ``show_film_strip``; arguments and errors are the same."""
    check_frames(history)
    steps = _numbers(steps, "steps")
    count = whole_number(count, "count", 1)
    figure, _ = new_figure(width=0.52 * count + 0.9, height=0.56 * len(steps))
    figure.clear()
    rows = figure.subplots(len(steps), 1, squeeze=False)[:, 0]
    for axes, wanted in zip(rows, steps, strict=True):
        index = int(np.argmin([abs(step - wanted) for step in history.frame_steps]))
        axes.imshow(grid_image(history.frames[index][:count], count), cmap="gray", aspect="equal")
        axes.set_ylabel(
            f"step\n{history.frame_steps[index]:,}", rotation=0, ha="right", va="center", fontsize=9
        )
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
        axes.spines[:].set_visible(False)
    return figure


def check_frames(history: History) -> None:
    """Raise unless ``history`` holds samples of the fixed z."""
    check_history(history)
    if not history.frames:
        raise ValueError("history has no frames; train the run first.")


# --- training -----------------------------------------------------------------------------------


def smooth(values: Sequence[float], window: int) -> np.ndarray:
    """Running mean over ``window`` values, shorter by window - 1; the noise of single batches hides
    the trend otherwise. A window longer than the values is cut to their number.

    Raises ``TypeError`` for what are no numbers and ``ValueError`` when there are none, or when
    ``window`` is below 1."""
    values = _numbers(values, "values")
    window = min(whole_number(window, "window", 1), len(values))
    return np.convolve(values, np.ones(window) / window, mode="valid")


def _numbers(values: Sequence[float], name: str) -> np.ndarray:
    """``values`` as an array, shape (N,); raises unless it is a sequence of numbers, N above 0."""
    try:
        numbers = np.asarray(values)
        good = numbers.ndim == 1 and numbers.dtype.kind in "iufb"
    except (TypeError, ValueError):
        good = False
    if not good:
        raise TypeError(f"{name} is {values!r}; expected a list of numbers, such as [1, 2, 3].")
    if len(numbers) == 0:
        raise ValueError(f"{name} is empty; expected at least one number.")
    return numbers


def plot_training(history: History, alt: str, window: int = 50) -> None:
    """Draw the losses, with 2 log 2 and log 2 marked, beside the mean D(x) and D(G(z)).

    Running means over ``window`` steps. Raises ``TypeError`` for what is no history, no text or no
    whole number, and ``ValueError`` when the history or ``alt`` is empty or ``window`` below 1.
    Introduced in notebook 02, "A short run".
    """
    check_alt(alt)
    figure, (losses, outputs) = new_figure(columns=2)
    draw_losses(losses, history, window)
    draw_outputs(outputs, history, window)
    show(figure, alt)


def draw_losses(axes: Axes, history: History, window: int = 50) -> None:
    """Draw both losses into ``axes``, with 2 log 2 and log 2 marked, as running means.

    Raises ``TypeError`` for other axes and as ``plot_training`` does. Introduced in notebook 02, "A
    short run".
    """
    _check_axes(axes)
    steps, window = _window_ends(history, window)
    axes.plot(steps, smooth(history.d_loss, window), color=DISCRIMINATOR, label="d_loss")
    axes.plot(steps, smooth(history.g_loss, window), color=GENERATOR, ls="--", label="g_loss")
    # One above its line and one below: they stay apart where the losses are large.
    for value, name, side in (
        (2 * math.log(2), "2 log 2 = 1.386", "bottom"),
        (math.log(2), "log 2 = 0.693", "top"),
    ):
        axes.axhline(value, **REFERENCE_LINE)
        axes.annotate(name, (1, value), xycoords=("axes fraction", "data"), fontsize=8,
                      ha="right", va=side, color="0.3")  # fmt: skip
    finish(axes, "step", "loss [nats]", "Losses")


def draw_outputs(axes: Axes, history: History, window: int = 50) -> None:
    """Draw the mean D(x) and D(G(z)) into ``axes``, with 1/2 marked, as running means.

    Errors as for ``draw_losses``. Introduced in notebook 02, "A short run".
    """
    _check_axes(axes)
    steps, window = _window_ends(history, window)
    axes.plot(steps, smooth(history.d_real, window), **REAL_LINE, label="D(x), real")
    axes.plot(steps, smooth(history.d_fake, window), **FAKE_LINE, label="D(G(z)), generated")
    axes.axhline(0.5, **REFERENCE_LINE)
    axes.set_ylim(-0.03, 1.03)
    finish(axes, "step", "mean probability", "Outputs of the discriminator")


def _window_ends(history: History, window: int) -> tuple[np.ndarray, int]:
    check_history(history)
    if history.steps == 0:
        raise ValueError("history is empty; train the run first.")
    window = min(whole_number(window, "window", 1), history.steps)
    return np.arange(window, history.steps + 1), window


def plot_output_histograms(real_logits: torch.Tensor, fake_logits: torch.Tensor, alt: str) -> None:
    """Draw how D's answers on real and on generated images are distributed.

    ``real_logits``, ``fake_logits``: float, any shape; sigmoid is taken here. Raises ``TypeError``
    for what is no tensor of floats or no text, and ``ValueError`` when ``alt`` is empty.
    Introduced in notebook 02, "The discriminator's step".
    """
    check_alt(alt)
    check_floats(real_logits, "real_logits")
    check_floats(fake_logits, "fake_logits")
    figure, (axes,) = new_figure()
    bins = np.linspace(0, 1, 41)
    for logits, line, name in (
        (real_logits, REAL_LINE, "D(x), real"),
        (fake_logits, FAKE_LINE, "D(G(z)), generated"),
    ):
        d = logits.detach().sigmoid().flatten().cpu().numpy()
        axes.hist(d, bins, histtype="step", linewidth=1.8, label=name, **line)
    finish(axes, "probability of being real", "images")
    show(figure, alt)


def plot_spread(
    axes: Axes, steps: Sequence[int], runs: Sequence[Sequence[float]], label: str, **line: str
) -> None:
    """Draw the median over several runs as a line, and their whole range as a band, into ``axes``.

    ``runs``: one sequence for each seed, each as long as ``steps``; ``line``: matplotlib's colour
    and line style. Raises ``TypeError`` for what is no sequence and ``ValueError`` for an empty one
    or another length. Introduced in notebook 03, "Ten seeds, recorded".
    """
    _check_axes(axes)
    steps = _numbers(steps, "steps")
    if not isinstance(runs, Iterable):
        raise TypeError(f"runs is {runs!r}; expected a list, one sequence of numbers for each run.")
    values = [_numbers(run, f"runs[{number}]") for number, run in enumerate(runs)]
    if not values:
        raise ValueError("runs is empty; expected at least one run.")
    if wrong := [len(run) for run in values if len(run) != len(steps)]:
        raise ValueError(
            f"runs holds one of {wrong[0]} values, and steps has {len(steps)}; expected each run "
            "to be as long as steps."
        )
    (middle,) = axes.plot(steps, np.median(values, axis=0), label=label, **line)
    low, high = np.min(values, axis=0), np.max(values, axis=0)
    axes.fill_between(steps, low, high, alpha=0.2, color=middle.get_color(), lw=0)


# --- one-dimensional densities ------------------------------------------------------------------


def draw_densities(
    x: torch.Tensor,
    p_data: torch.Tensor,
    p_g: torch.Tensor,
    discriminators: dict[str, torch.Tensor] | None = None,
    title: str = "",
) -> Figure:
    """Two densities over ``x`` and, on an axis of their own, discriminators (name -> D(x)).

    All tensors have the shape of ``x``. Returns the figure, for ``show`` or ``figure_png``.
    Raises ``TypeError`` for what is no tensor and ``ValueError`` for another shape, or for more
    than three discriminators, which have no line of their own. Introduced in notebook 01, "The best
    discriminator".
    """
    discriminators = {} if discriminators is None else discriminators
    check_kind(discriminators, "discriminators", dict, "{'D*': best_d} names one.")
    lines = {f"discriminators[{name!r}]": d for name, d in discriminators.items()}
    for name, values in {"x": x, "p_data": p_data, "p_g": p_g, **lines}.items():
        check_tensor(values, name)
        if values.shape != x.shape:
            raise ValueError(
                f"{name} has shape {tuple(values.shape)}; expected {tuple(x.shape)}, that of x."
            )
    if len(discriminators) > 3:
        raise ValueError(f"discriminators holds {len(discriminators)}; expected at most 3.")
    figure, (densities, answers) = new_figure(columns=2)
    densities.plot(x, p_data, **REAL_LINE, label="$p_{data}$")
    densities.plot(x, p_g, **FAKE_LINE, label="$p_g$")
    densities.set_ylim(bottom=0)
    finish(densities, "x", "density", title)
    for (name, d), style in zip(discriminators.items(), ("-", "--", ":"), strict=False):
        answers.plot(x, d, color=DISCRIMINATOR, linestyle=style, label=name)
    answers.axhline(0.5, **REFERENCE_LINE)
    answers.set_ylim(-0.03, 1.03)
    finish(answers, "x", "probability of being real")
    return figure
