"""The figure of the one-dimensional lab, with four axes that are built once and redrawn."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes

from gan_helpers import plots
from gan_helpers.games import ARROWS, LINE, LineView
from gan_helpers.widgets.common import LiveFigure

ARROW = 1.0  # length of an arrow, in units of x, for a pull of 1 nat per unit of x
LONGEST = 2.0  # a longer arrow is cut to this length
SEEN = 0.02  # D* is drawn where p_data + p_g is larger; elsewhere it rests on too few samples
D_LINE = {"color": plots.DISCRIMINATOR, "linewidth": 1.6}
BEST_LINE = {"color": "0.45", "linestyle": "--", "linewidth": 1.6}


class LineFigure(LiveFigure):
    """Plots of the densities and the pull on twelve fakes, of D and D*, of V, and of the means."""

    def __init__(self):
        super().__init__(width=9.0, height=3.5)

    def _build(self) -> None:
        densities = self._densities = self.figure.add_axes((0.06, 0.14, 0.26, 0.72))
        answers = self.figure.add_axes((0.385, 0.14, 0.255, 0.72))
        values = self._values = self.figure.add_axes((0.71, 0.58, 0.265, 0.28))
        means = self._means = self.figure.add_axes((0.71, 0.14, 0.265, 0.26))
        (self._p_data,) = densities.plot([], [], **plots.REAL_LINE, label="$p_{data}$")
        (self._p_g,) = densities.plot([], [], **plots.FAKE_LINE, label="$p_g$")
        nothing = np.zeros(ARROWS)
        (self._dots,) = densities.plot([], [], "o", color=plots.FAKE, markersize=3, label="fakes")
        self._arrows = densities.quiver(
            nothing, nothing, nothing, nothing, color=plots.FAKE,
            angles="xy", scale_units="xy", scale=1, width=0.008, headwidth=4, minshaft=1.5,
        )  # fmt: skip
        densities.axhline(0, color="0.3", linewidth=0.8)
        self._peak = densities.text(0.02, 0.93, "", transform=densities.transAxes, fontsize=9)
        densities.set_xlim(-6, 6)
        _name(densities, "x; below: z from low to high", "density", "", 3)

        (self._d,) = answers.plot([], [], **D_LINE, label="D")
        (self._best_d,) = answers.plot([], [], **BEST_LINE, label="D*")
        answers.axhline(0.5, **plots.REFERENCE_LINE)
        answers.set(xlim=(-6, 6), ylim=(-0.03, 1.03))
        _name(answers, "x", "probability of being real", "Discriminator")

        (self._value,) = values.plot([], [], **D_LINE, label="V")
        (self._bound,) = values.plot([], [], **BEST_LINE, label="-log 4 + 2 JSD")
        for level in (-math.log(4), 0.0):
            values.axhline(level, **plots.REFERENCE_LINE)
        values.set_ylim(-2.1, 0.2)
        _name(values, "", "nats", "")

        (self._real_mean,) = means.plot([], [], **plots.REAL_LINE, label="real")
        (self._fake_mean,) = means.plot([], [], **plots.FAKE_LINE, label="generated")
        _name(means, "steps of D and G", "x", "Mean")

    def update(self, curve: Sequence[tuple[int, LineView]]) -> None:
        """Show new values. ``curve``: (steps made, state) at each measurement, at least one."""
        view = curve[-1][1]
        top = 2.2 * view.p_data.max().item()
        self._p_data.set_data(LINE, view.p_data)
        self._p_g.set_data(LINE, view.p_g)
        peak = view.p_g.max().item()
        self._peak.set_text(f"$p_g$ reaches {peak:.1f}" if peak > top else "")
        self._densities.set_ylim(-0.6 * top, top)
        tick = 0.5 if top > 1 else 0.2
        self._densities.set_yticks(np.arange(0, top, tick))
        # Below 0 each fake has its own row, so that arrows at the same x do not overlap.
        rows = -top * torch.linspace(0.06, 0.54, ARROWS)
        self._dots.set_data(view.points, rows)
        self._arrows.set_offsets(np.stack((view.points, rows), 1))
        self._arrows.set_UVC((ARROW * view.pulls).clamp(-LONGEST, LONGEST), np.zeros(ARROWS))

        self._d.set_data(LINE, view.d)
        seen = view.p_data + view.p_g > SEEN
        self._best_d.set_data(LINE, torch.where(seen, view.best_d, math.nan))

        steps = [step for step, _ in curve]
        self._value.set_data(steps, [view.value for _, view in curve])
        self._bound.set_data(steps, [view.bound for _, view in curve])
        self._real_mean.set_data(steps, [view.real[0] for _, view in curve])
        self._fake_mean.set_data(steps, [view.fake[0] for _, view in curve])
        for axes in (self._values, self._means):
            axes.set_xlim(steps[0], max(steps[-1], steps[0] + 20))
        means = [mean for _, view in curve for mean in (view.real[0], view.fake[0])]
        self._means.set_ylim(min(means) - 0.5, max(means) + 0.5)


def _name(axes: Axes, x: str, y: str, title: str, columns: int = 2) -> None:
    """Label the axes, with the title and the legend side by side above the curves."""
    axes.set(xlabel=x)
    axes.set_ylabel(y, labelpad=2)
    axes.set_title(title, loc="left", fontsize=10)
    axes.tick_params(labelsize=9)
    axes.legend(loc="lower right", bbox_to_anchor=(1.03, 0.97), ncols=columns, fontsize=9,
                frameon=False, handlelength=1.8, columnspacing=0.8, handletextpad=0.4)  # fmt: skip
