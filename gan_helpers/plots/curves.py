"""Plots of a run's history and of one-dimensional densities."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gan_helpers.checks import check_floats, check_tensor, whole_number
from gan_helpers.kinds import check_alt, check_kind
from gan_helpers.plots.style import (
    DISCRIMINATOR,
    FAKE_LINE,
    GENERATOR,
    REAL_LINE,
    REFERENCE_LINE,
    check_axes,
    check_numbers,
    finish,
    new_figure,
    show,
)
from gan_helpers.training import History, check_history


def smooth(values: Sequence[float], window: int) -> np.ndarray:
    """Return the running mean over ``window`` values, which removes most of the batches' noise.

    The result is shorter by window - 1; a window longer than the values is cut to their number.
    Raises ``TypeError`` when the values are not numbers and ``ValueError`` when there are none, or
    when ``window`` is below 1.
    """
    values = check_numbers(values, "values")
    window = min(whole_number(window, "window", 1), len(values))
    return np.convolve(values, np.ones(window) / window, mode="valid")


def plot_training(history: History, alt: str, window: int = 50) -> None:
    """Draw the losses, with 2 log 2 and log 2 marked, beside the mean D(x) and D(G(z)).

    All curves are running means over ``window`` steps. Raises ``TypeError`` when an argument is not
    a history, a text or a whole number, and ``ValueError`` when the history or ``alt`` is empty or
    ``window`` is below 1. Introduced in notebook 02, "A short run".
    """
    check_alt(alt)
    figure, (losses, outputs) = new_figure(columns=2)
    draw_losses(losses, history, window)
    draw_outputs(outputs, history, window)
    show(figure, alt)


def draw_losses(axes: Axes, history: History, window: int = 50) -> None:
    """Draw both losses as running means into ``axes``, with 2 log 2 and log 2 marked.

    Raises ``TypeError`` when ``axes`` are not matplotlib's, and the errors of ``plot_training``.
    Introduced in notebook 02, "A short run".
    """
    check_axes(axes)
    steps, window = _window_ends(history, window)
    axes.plot(steps, smooth(history.d_loss, window), color=DISCRIMINATOR, label="d_loss")
    axes.plot(steps, smooth(history.g_loss, window), color=GENERATOR, ls="--", label="g_loss")
    # One name is above its line and one below, so that they do not overlap on a long axis.
    for value, name, side in (
        (2 * math.log(2), "2 log 2 = 1.386", "bottom"),
        (math.log(2), "log 2 = 0.693", "top"),
    ):
        axes.axhline(value, **REFERENCE_LINE)
        axes.annotate(name, (1, value), xycoords=("axes fraction", "data"), fontsize=8,
                      ha="right", va=side, color="0.3")  # fmt: skip
    finish(axes, "step", "loss [nats]", "Losses")


def draw_outputs(axes: Axes, history: History, window: int = 50) -> None:
    """Draw the mean D(x) and D(G(z)) as running means into ``axes``, with 1/2 marked.

    Errors as for ``draw_losses``. Introduced in notebook 02, "A short run".
    """
    check_axes(axes)
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
    """Draw the histograms of D(x) on real images and of D(G(z)) on generated ones.

    ``real_logits``, ``fake_logits``: float, any shape, before the sigmoid. Raises ``TypeError``
    when they are not tensors of floats or ``alt`` is not a text, and ``ValueError`` when ``alt`` is
    empty. Introduced in notebook 02, "The discriminator's step".
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
    """Draw the median of several runs as a line and their whole range as a band into ``axes``.

    ``runs``: one sequence for each seed, each as long as ``steps``; ``line``: matplotlib's colour
    and line style. Raises ``TypeError`` when ``runs`` or ``steps`` is not a sequence and
    ``ValueError`` when it is empty or the lengths differ. Introduced in notebook 03, "Ten seeds,
    recorded".
    """
    check_axes(axes)
    steps = check_numbers(steps, "steps")
    if not isinstance(runs, Iterable):
        raise TypeError(f"runs is {runs!r}; expected a list, one sequence of numbers for each run.")
    values = [check_numbers(run, f"runs[{number}]") for number, run in enumerate(runs)]
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


def draw_densities(
    x: torch.Tensor,
    p_data: torch.Tensor,
    p_g: torch.Tensor,
    discriminators: dict[str, torch.Tensor] | None = None,
    title: str = "",
) -> Figure:
    """Draw two densities over ``x`` and, on axes beside them, discriminators (name -> D(x)).

    All tensors have the shape of ``x``. Returns the figure, for ``show`` or ``figure_png``.
    Raises ``TypeError`` when an argument is not a tensor and ``ValueError`` for another shape or
    more than three discriminators, because there are three line styles. Introduced in notebook 01,
    "The best discriminator".
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
