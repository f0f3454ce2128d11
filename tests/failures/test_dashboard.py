"""The dashboard: what its four pictures hold, checked on the figure itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from gan_helpers.failures import (
    dashboard,
    draw_dashboard,
    draw_gallery,
    plot_dashboard,
    plot_gallery,
)
from gan_helpers.plots import FAKE, grid_image, smooth
from gan_helpers.training import History


@pytest.fixture
def history() -> History:
    rng = np.random.default_rng(0)
    steps = {
        name: rng.uniform(0.1, 0.9, 60).tolist()
        for name in ("d_loss", "g_loss", "d_real", "d_fake", "d_fake_after")
    }
    frames = [torch.full((40, 1, 28, 28), value, dtype=torch.uint8) for value in (10, 200)]
    return History(
        **steps,
        measured_steps=[0, 20, 40],
        d_grad_norm=[1.0, 10.0, 100.0],
        g_grad_norm=[0.5, 0.0, 0.05],
        frame_steps=[0, 60],
        frames=frames,
    )


def lines(axes) -> dict[str, np.ndarray]:
    return {line.get_label(): line.get_ydata() for line in axes.get_lines()}


def test_losses_and_outputs_are_running_means_beside_their_marks(history):
    losses, outputs, *_ = draw_dashboard(history, window=10).axes
    drawn = lines(losses) | lines(outputs)
    for label, name in (
        ("d_loss", "d_loss"),
        ("g_loss", "g_loss"),
        ("D(x), real", "d_real"),
        ("D(G(z)), generated", "d_fake"),
    ):
        np.testing.assert_allclose(drawn[label], smooth(getattr(history, name), 10))
    marks = [line.get_ydata()[0] for line in losses.get_lines() if len(line.get_ydata()) == 2]
    assert marks == pytest.approx([2 * np.log(2), np.log(2)])
    (generated,) = (line for line in outputs.get_lines() if "G(z)" in line.get_label())
    assert (generated.get_color(), generated.get_linestyle()) == (FAKE, "--")


def test_gradients_stand_on_a_logarithmic_axis_and_zeros_are_named_or_left_out(history):
    gradients = draw_dashboard(history).axes[2]
    assert gradients.get_yscale() == "log"
    np.testing.assert_allclose(lines(gradients)["D's gradient"], [1, 10, 100])
    np.testing.assert_allclose(lines(gradients)["G's gradient"], [0.5, np.nan, 0.05])
    assert all(line.get_xdata().tolist() == [0, 20, 40] for line in gradients.get_lines())
    history.g_grad_norm = [0.0, 0.0, 0.0]
    assert set(lines(draw_dashboard(history).axes[2])) == {"D's gradient", "G's gradient is 0"}


def test_the_last_samples_are_shown_with_their_step(history):
    samples = draw_dashboard(history).axes[3]
    np.testing.assert_array_equal(
        samples.get_images()[0].get_array(), np.asarray(grid_image(history.frames[-1]))
    )
    assert "step 60" in samples.get_title()
    history.frames, history.frame_steps = [], []
    empty = draw_dashboard(history).axes[3]
    assert not empty.get_images() and "No samples" in empty.get_title()


def test_the_gallery_has_the_pictures_of_the_dashboard_in_one_row_for_each_run(history):
    other = replace(history, d_loss=[2.0] * 60, g_grad_norm=[0.0] * 3)
    rows = np.reshape(draw_gallery({"one": history, "other": other}, window=10).axes, (2, 4))
    for row, (name, run) in zip(rows, (("one", history), ("other", other)), strict=True):
        assert row[0].get_title(loc="left") == name
        for small, large in zip(row[:3], draw_dashboard(run, window=10).axes[:3], strict=True):
            assert list(lines(small)) == list(lines(large))
            for label, values in lines(small).items():
                np.testing.assert_allclose(values, lines(large)[label])
        np.testing.assert_array_equal(
            row[3].get_images()[0].get_array(), np.asarray(grid_image(run.frames[-1][:24], 6))
        )
    legends = [[axes.get_legend() is not None for axes in row[:3]] for row in rows]
    assert legends == [[True, True, True], [False, False, True]]  # a gradient of 0 is named


@pytest.mark.parametrize(
    ("plot", "shown_as"), [(plot_dashboard, lambda h: h), (plot_gallery, lambda h: {"one": h})]
)
def test_dashboard_and_gallery_are_shown_with_their_words(history, monkeypatch, plot, shown_as):
    shown = []
    monkeypatch.setattr(dashboard, "show", lambda *arguments: shown.append(arguments))
    plot(shown_as(history), alt="Losses near 1.")
    ((figure, alt),) = shown
    assert isinstance(figure, Figure) and alt == "Losses near 1."
