"""The four pictures that tell how a run is doing, as one figure: the same for every failure."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gan_helpers.kinds import check_kind
from gan_helpers.plots import (
    DISCRIMINATOR,
    GENERATOR,
    REFERENCE_LINE,
    STYLE,
    draw_losses,
    draw_outputs,
    finish,
    grid_image,
    show,
)
from gan_helpers.training import History, check_history


def plot_dashboard(history: History, alt: str, window: int = 50) -> None:
    """Show ``draw_dashboard`` of ``history``; ``alt`` says in words what it shows.

    Raises ``TypeError`` for what is no history, no text or no whole number, and ``ValueError`` when
    the history or ``alt`` is empty or ``window`` below 1. Introduced in notebook 08, "The
    dashboard".
    """
    show(draw_dashboard(history, window), alt)


def draw_dashboard(history: History, window: int = 50) -> Figure:
    """Losses, D's outputs, the length of both gradients, and the last samples of the fixed z.

    Losses in nats with 2 log 2 and log 2 marked, outputs in [0, 1], both as running means over
    ``window`` steps; gradients on a logarithmic axis, in nats per unit of weight.

    Errors as for ``plot_dashboard``. Introduced in notebook 08, "The dashboard".
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.4, 5.2), layout="constrained")
        (losses, outputs), (gradients, samples) = figure.subplots(2, 2)
    draw_losses(losses, history, window)
    mark_negative_loss(losses, history)
    for mark in losses.texts:  # beside the picture, where no curve runs through their names
        mark.set(position=(1.01, mark.xy[1]), horizontalalignment="left")
    draw_outputs(outputs, history, window)
    for axes in (losses, outputs):
        legend_above(axes)
    draw_gradients(gradients, history)
    draw_last_samples(samples, history)
    return figure


def plot_gallery(histories: Mapping[str, History], alt: str, window: int = 50) -> None:
    """Show ``draw_gallery`` of ``histories``; ``alt`` says in words what it shows.

    Errors as for ``draw_gallery``, and ``ValueError`` when ``alt`` is empty. Introduced in
    notebook 08, "A discriminator that wins".
    """
    show(draw_gallery(histories, window), alt)


def draw_gallery(histories: Mapping[str, History], window: int = 50) -> Figure:
    """The dashboards of several runs below each other, one row for each, named by its key.

    The pictures are those of ``draw_dashboard``, smaller and with 24 samples; each row has its own
    axes of losses and gradients. Raises ``TypeError`` for what are no histories by their names, and
    ``ValueError`` when there is none, or an empty one. Introduced in notebook 08, "A discriminator
    that wins".
    """
    check_kind(histories, "histories", Mapping, "{'healthy': history} is one, of one row.")
    if not histories:
        raise ValueError("histories is empty; expected at least one, by the name of its row.")
    for name, history in histories.items():
        check_history(history, f"histories[{name!r}]")
        if history.steps == 0:
            raise ValueError(f"histories[{name!r}] is empty; train the run first.")
    heads = ("losses [nats]", "D's outputs", "length of the gradients", "samples of the fixed z")
    with mpl.rc_context(STYLE | {"font.size": 8}):
        figure = Figure(figsize=(8.4, 1.0 + 1.4 * len(histories)), layout="constrained")
        rows = figure.subplots(len(histories), 4, squeeze=False)
    for number, (row, name) in enumerate(zip(rows, histories, strict=True)):
        losses, outputs, gradients, samples = row
        history = histories[name]
        draw_losses(losses, history, window)
        mark_negative_loss(losses, history)
        draw_outputs(outputs, history, window)
        draw_gradients(gradients, history)
        draw_last_samples(samples, history, columns=6, count=24)
        losses.margins(y=0.12)
        for mark in losses.texts:  # too long for so small a picture; the lines stay
            mark.set_visible(False)
        for axes, head in zip(row, heads, strict=True):
            axes.set(title="", ylabel="", xlabel="")
            if number == 0:  # above the pictures, where no curve is
                axes.set_title(head + "\n" * 4, fontsize=9)
        for axes in (losses, outputs, gradients):
            if number == 0:
                axes.legend(fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(0, 1.15))
            elif axes is gradients and not (any(history.d_grad_norm) and any(history.g_grad_norm)):
                axes.legend(fontsize=8, frameon=False)  # it says that a gradient is 0
            else:
                axes.get_legend().remove()
            if number == len(rows) - 1:
                axes.set_xlabel("step")
        losses.set_title(name, loc="left", fontsize=9, fontweight="bold")
    return figure


def mark_negative_loss(axes: Axes, history: History) -> None:
    """Mark -log 2, where the saturating loss is undecided, if G's loss is negative at the end."""
    if np.median(history.g_loss[-max(1, history.steps // 4) :]) < 0:
        axes.axhline(-np.log(2), **REFERENCE_LINE)
        axes.annotate("-log 2 = -0.693", (1, -np.log(2)), xycoords=("axes fraction", "data"),
                      fontsize=8, ha="right", va="top", color="0.3")  # fmt: skip


def legend_above(axes: Axes) -> None:
    """Put the legend between the title and the picture, where no curve is."""
    axes.set_title(axes.get_title(), pad=20)
    axes.legend(ncols=2, frameon=False, fontsize=9, loc="lower center", bbox_to_anchor=(0.5, 0.97))


def draw_last_samples(axes: Axes, history: History, columns: int = 10, count: int = 40) -> None:
    """Draw the last recorded samples of the fixed z into ``axes``, the first ``count`` of them.

    Says so where none were recorded. Introduced in notebook 08, "The dashboard".
    """
    axes.grid(False)
    axes.set(xticks=[], yticks=[], title="No samples were recorded")
    axes.spines[:].set_visible(False)
    if history.frames:
        images = grid_image(history.frames[-1][:count], columns)
        axes.imshow(images, cmap="gray", vmin=0, vmax=255)
        axes.set_title(f"Samples of the fixed z, step {history.frame_steps[-1]:,}")


def draw_gradients(axes: Axes, history: History) -> None:
    """Draw the length of both players' gradients into ``axes``, on a logarithmic axis.

    A gradient of exactly 0 has no place there: the legend says so. Introduced in notebook 08.
    """
    for name, player, colour, line in (
        ("d_grad_norm", "D", DISCRIMINATOR, "-"),
        ("g_grad_norm", "G", GENERATOR, "--"),
    ):
        lengths = np.array(getattr(history, name))
        shown = np.where(lengths > 0, lengths, np.nan)
        label = f"{player}'s gradient" + (" is 0" if len(lengths) and not lengths.any() else "")
        axes.plot(history.measured_steps, shown, color=colour, ls=line, lw=1.2, label=label)
    axes.set_xlim(-0.02 * history.steps, 1.02 * history.steps)
    if any(history.d_grad_norm) or any(history.g_grad_norm):
        axes.set_yscale("log")
    else:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "exactly 0 in every step", transform=axes.transAxes, ha="center")
    finish(axes, "step", "length", "Gradients")
    legend_above(axes)
