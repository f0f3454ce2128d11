"""The four pictures that tell how a run is doing, as one figure: the same for every failure."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gan_helpers.history import History
from gan_helpers.plots import (
    DISCRIMINATOR,
    GENERATOR,
    STYLE,
    draw_losses,
    draw_outputs,
    finish,
    grid_image,
    show,
)


def plot_dashboard(history: History, alt: str, window: int = 50) -> None:
    """Show ``draw_dashboard`` of ``history``; ``alt`` says in words what it shows.

    Raises ``ValueError`` when the history is empty or ``alt`` is. Introduced in notebook 07, "The
    dashboard".
    """
    show(draw_dashboard(history, window), alt)


def draw_dashboard(history: History, window: int = 50) -> Figure:
    """Losses, D's outputs, the length of both gradients, and the last samples of the fixed z.

    Losses in nats with 2 log 2 and log 2 marked, outputs in [0, 1], both as running means over
    ``window`` steps; gradients on a logarithmic axis, in nats per unit of weight.

    Raises ``ValueError`` when the history is empty. Introduced in notebook 07, "The dashboard".
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.4, 5.2), layout="constrained")
        (losses, outputs), (gradients, samples) = figure.subplots(2, 2)
    draw_losses(losses, history, window)
    draw_outputs(outputs, history, window)
    draw_gradients(gradients, history)
    samples.grid(False)
    samples.set(xticks=[], yticks=[], title="No samples were recorded")
    samples.spines[:].set_visible(False)
    if history.frames:
        samples.imshow(grid_image(history.frames[-1]), cmap="gray", vmin=0, vmax=255)
        samples.set_title(f"Samples of the fixed z, step {history.frame_steps[-1]:,}")
    return figure


def draw_gradients(axes: Axes, history: History) -> None:
    """Draw the length of both players' gradients into ``axes``, on a logarithmic axis.

    A gradient of exactly 0 has no place there: the legend says so. Introduced in notebook 07.
    """
    for name, player, colour, line in (
        ("d_grad_norm", "D", DISCRIMINATOR, "-"),
        ("g_grad_norm", "G", GENERATOR, "--"),
    ):
        lengths = np.array(getattr(history, name))
        shown = np.where(lengths > 0, lengths, np.nan)
        label = f"{player}'s gradient" + (" is 0" if len(lengths) and not lengths.any() else "")
        axes.plot(history.measured_steps, shown, color=colour, ls=line, lw=1.2, label=label)
    axes.set_yscale("log")
    axes.set_xlim(-0.02 * history.steps, 1.02 * history.steps)
    finish(axes, "step", "length", "Gradients")
