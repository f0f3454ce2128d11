"""The panel that trains a run: what it shows, and what it says when something goes wrong."""

import math
import re
from dataclasses import replace

import matplotlib as mpl
import pytest
import torch
from helping import CALM, TINY, Watcher, assert_same_run, pixels, weights

from gan_helpers.training import start_run
from gan_helpers.widgets.live_training import live_training
from gan_helpers.widgets.training_figure import SingleStep, curve


@pytest.fixture
def reader(images) -> Watcher:
    return Watcher(start_run(TINY, seed=3), images)


# --- what goes wrong ----------------------------------------------------------------------------


def test_a_loss_that_is_not_finite_pauses_and_is_said(reader):
    spoil = reader.run.generator.register_forward_hook(
        lambda module, z, out: out + math.nan if module.training else out
    )
    reader.play()
    assert not reader.toggle.value and reader.toggle.description == "Start"
    assert "Paused. The discriminator's loss became nan" in reader.words
    before = weights(reader.run.discriminator)
    reader.press("Step G")
    assert "Paused. The generator's loss became nan" in reader.words
    assert torch.equal(weights(reader.run.discriminator), before)
    spoil.remove()
    reader.play(3)
    assert reader.run.history.steps >= 3 and re.search("D loss [01].", reader.words)


def test_weights_that_have_diverged_pause_and_are_said(images):
    reader = Watcher(start_run(replace(TINY, average_decay=None)), images)
    with torch.no_grad():
        next(reader.run.generator.parameters()).fill_(math.nan)
    reader.play()
    assert "Paused. The generator draws NaN" in reader.words
    reader.panel._repr_mimebundle_()  # the last samples


def test_any_other_error_is_said_too(reader):
    reader.run.recipe = replace(TINY, generator_loss=lambda logits: 1 / 0)
    reader.play()
    assert "Paused. division by zero" in reader.words and not reader.toggle.value


def test_wrong_images_are_refused_at_once(images):
    with pytest.raises(TypeError, match="torch.float32; expected torch.uint8"):
        live_training(start_run(TINY), images.float())
    with pytest.raises(ValueError, match="batch_size is 16; expected at most 15"):
        live_training(start_run(TINY), images[:15])


# --- what is shown ------------------------------------------------------------------------------


def test_looking_on_changes_nothing(images):
    run, twin = start_run(TINY, seed=3), start_run(TINY, seed=3)
    run.generator.register_forward_hook(  # dropout in G, which some have
        lambda generator, z, images: torch.dropout(images, 0.1, generator.training)
    )
    before = torch.get_rng_state()
    Watcher(run, images).panel._repr_mimebundle_()
    assert torch.equal(torch.get_rng_state(), before)
    assert_same_run(run, twin)
    assert run.discriminator.training and run.generator.training


def test_d_is_asked_the_same_questions_each_time(reader):
    """A step of G leaves D(x) as it was; D's opinions are those of the players as they train."""
    panel = reader.panel
    d_real, d_fake = panel._outputs()
    reader.press("Step G")
    again_real, again_fake = panel._outputs()
    assert torch.equal(d_real, again_real) and not torch.equal(d_fake, again_fake)
    reader.run.discriminator.eval()
    expected = reader.run.discriminator(reader.run.generator(panel._probe_z)).sigmoid().flatten()
    assert torch.allclose(again_fake, expected, atol=1e-6)
    assert f"D(G(z)) {expected.mean():.2f}" in reader.words


def test_curves_hold_whole_and_single_steps_in_order(reader):
    history, singles = reader.run.history, reader.panel._singles
    reader.press("Step D")
    reader.play(1)
    whole = history.steps
    reader.press("Step G", "Step G")
    places, values = curve(history, singles, "d_loss")
    assert places.tolist() == list(range(1, whole + 2))
    assert values.tolist() == [singles[0].d_loss, *history.d_loss]
    places, values = curve(history, singles, "g_loss")
    assert places.tolist() == [*range(2, whole + 4)]
    assert values.tolist() == [*history.g_loss, singles[1].g_loss, singles[2].g_loss]
    places, values = curve(history, singles, "g_grad_norm")
    assert places.tolist() == [*(i + 2 for i in history.measured_steps), whole + 2, whole + 3]
    assert values.tolist()[0] == history.g_grad_norm[0] and min(values) > 0


def test_curves_reach_back_over_a_window(reader):
    history = reader.run.history
    history.append(d_loss=9.0)
    history.d_loss += [1.0] * 499
    assert curve(history, [], "d_loss")[1].max() == 9.0
    places, values = curve(history, [SingleStep(500, g_loss=2.0)], "d_loss")
    assert values.max() == 1.0 and places.tolist() == list(range(2, 501))


def test_the_still_picture_is_of_the_run_as_it_stands(reader):
    reader.play(3)
    figure, alt = reader.panel._still()
    assert f"{reader.run.history.steps} whole steps" in alt and "D(G(z)) 0." in alt
    losses, outputs, norm, samples = figure.axes
    d_line, g_line = losses.get_lines()[:2]
    assert list(d_line.get_ydata()) == reader.run.history.d_loss
    assert list(g_line.get_ydata()) == reader.run.history.g_loss
    heights = sorted(line.get_ydata()[0] for line in losses.get_lines()[2:] if line.get_visible())
    assert heights == pytest.approx([math.log(2), 2 * math.log(2)])
    real, fake = (patch.get_data().values for patch in outputs.patches)
    assert real.sum() == 70 and fake.sum() == 256  # all there is, and the probe
    assert norm.get_yscale() == "log"
    assert samples.get_images()[0].get_array().shape == (8 * 30 + 2, 5 * 30 + 2)
    assert mpl.rcParams["axes.grid"] is False  # the course's style has not leaked


def test_without_an_average_the_samples_are_gs_own(images):
    reader = Watcher(start_run(replace(CALM, average_decay=None)), images)
    before = pixels(reader.samples)
    reader.press("Step D")
    assert (pixels(reader.samples) == before).all()
    reader.press("Step G")
    assert (pixels(reader.samples) != before).any()
