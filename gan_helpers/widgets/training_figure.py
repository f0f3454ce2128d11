"""The figure of ``live_training``: losses, D's outputs and the length of G's gradient."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from gan_helpers import plots
from gan_helpers.training import History
from gan_helpers.widgets.common import LiveFigure

WINDOW = 500  # steps; this shows both a trend and a single step
BINS = np.linspace(0, 1, 41)
COLUMNS = 5  # of the sample grid; with 8 rows it is as high as the curves beside it


class SingleStep(NamedTuple):
    """A step of one player alone and its measurements, which ``History`` does not hold."""

    after: int  # number of whole steps before it
    d_loss: float = math.nan
    g_loss: float = math.nan
    g_grad_norm: float = math.nan


def curve(
    history: History, singles: Sequence[SingleStep], name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions and the values of the last ``d_loss``, ``g_loss`` or ``g_grad_norm``.

    Each whole step and each single one takes one position, in the order in which they were made;
    without single steps, a position is the number of the step. Only the last ``WINDOW`` remain.
    """
    values = getattr(history, name)[-WINDOW:]
    if name == "g_grad_norm":
        steps = np.array(history.measured_steps[-WINDOW:], dtype=int) + 1
    else:
        steps = np.arange(history.steps - len(values), history.steps) + 1
    after = np.array([single.after for single in singles], dtype=int)
    places = np.concatenate(
        (steps + np.searchsorted(after, steps), after + np.arange(len(after)) + 1)
    )
    values = np.concatenate((values, [getattr(single, name) for single in singles]))
    shown = ~np.isnan(values) & (places > history.steps + len(singles) - WINDOW)
    order = np.argsort(places[shown])
    return places[shown][order], values[shown][order]


class TrainingFigure(LiveFigure):
    """Plots of the losses, D's outputs and the length of G's gradient, below each other.

    ``with_samples``: add the samples on the left, for the still picture.
    """

    def __init__(self, with_samples: bool = False):
        self._with_samples = with_samples
        super().__init__(width=8.6 if with_samples else 5.5, height=5.0)

    def _build(self) -> None:
        width, left = self.figure.get_figwidth(), 3.9 if self._with_samples else 0.75  # inches
        losses, outputs, norm = self.figure.subplots(3, 1)
        self._losses, self._outputs, self._norm = losses, outputs, norm
        self.figure.subplots_adjust(left / width, 0.1, 0.98, 0.95, hspace=0.72)
        if self._with_samples:
            self._samples = self.figure.add_axes((0.01, 0.03, 3.0 / width, 0.92))
            self._samples.set_axis_off()
        thin = {"linewidth": 1.1}
        (self._d,) = losses.plot([], [], color=plots.DISCRIMINATOR, label="D loss", **thin)
        (self._g,) = losses.plot([], [], color=plots.GENERATOR, ls="--", label="G loss", **thin)
        self._references = []
        for value, name in ((2, "2 log 2"), (1, "log 2"), (-1, "-log 2")):
            line = losses.axhline(value * math.log(2), **plots.REFERENCE_LINE)
            text = losses.annotate(name, (1, value * math.log(2)), fontsize=8, ha="right",
                                   va="bottom", xycoords=("axes fraction", "data"),
                                   color="0.3", annotation_clip=True)  # fmt: skip
            self._references.append((line, text))
        _finish(losses, "", "loss [nats]", "Losses")

        empty = np.zeros(len(BINS) - 1)
        self._real = outputs.stairs(
            empty, BINS, label="D(x), real", color=plots.REAL, linewidth=1.8
        )
        self._fake = outputs.stairs(
            empty, BINS, label="D(G(z)), generated", color=plots.FAKE, linewidth=1.8, ls="--"
        )
        outputs.set_xlim(-0.02, 1.02)
        _finish(outputs, "probability of being real", "images", "D now, dropout off")

        (self._length,) = norm.plot(
            [], [], color=plots.GENERATOR, ls="--", marker="o", markersize=3, **thin
        )
        norm.set(yscale="log", ylim=(1e-3, 10))
        norm.yaxis.set_minor_formatter(NullFormatter())
        _finish(norm, "steps, single ones included", "norm", "Length of G's gradient")

    def update(
        self,
        history: History,
        singles: Sequence[SingleStep],
        d_real: torch.Tensor,
        d_fake: torch.Tensor,
        samples: torch.Tensor | None = None,
    ) -> None:
        """Show new values. ``d_real``, ``d_fake``: D's outputs, in [0, 1], shape (N,)."""
        for line, name in (
            (self._d, "d_loss"),
            (self._g, "g_loss"),
            (self._length, "g_grad_norm"),
        ):
            line.set_data(*curve(history, singles, name))
        end = max(history.steps + len(singles), 10)
        for axes in (self._losses, self._norm):
            axes.set_xlim(max(0, end - WINDOW), end)
        self._losses.set_title(f"Losses up to step {history.steps:,}", loc="left", fontsize=10)
        losses = np.concatenate((self._d.get_ydata(), self._g.get_ydata(), (0, 1.5)))
        self._losses.set_ylim(losses.min() - 0.1, losses.max() + 0.2)
        for artist in self._references[2]:  # -log 2: the saturating loss at D = 1/2
            artist.set_visible(losses.min() < 0)
        lengths = self._length.get_ydata()
        if (lengths > 0).any():
            decades = np.log10(lengths[lengths > 0])
            self._norm.set_ylim(10 ** np.floor(decades.min()), 10 ** (np.floor(decades.max()) + 1))

        counts = [np.histogram(d.numpy(), BINS)[0] for d in (d_real, d_fake)]
        self._real.set_data(counts[0])
        self._fake.set_data(counts[1])
        self._outputs.set_ylim(0, 1.1 * max(1, *counts[0], *counts[1]))
        if samples is not None:
            self._samples.clear()
            self._samples.imshow(plots.grid_image(samples, COLUMNS), cmap="gray")
            self._samples.set_axis_off()


def _finish(axes: Axes, x: str, y: str, title: str) -> None:
    """Label the axes, with the title and the legend side by side above the curves."""
    axes.set(xlabel=x, ylabel=y)
    axes.set_title(title, loc="left", fontsize=10)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", bbox_to_anchor=(1.01, 0.97), ncols=2, fontsize=9,
                    frameon=False)  # fmt: skip
