"""Runs of the convolutional pair, of other shapes, and of networks with classes."""

from functools import partial

import pytest
import torch

from gan_helpers.data import batches
from gan_helpers.models import ConvDiscriminator, ConvGenerator, Discriminator, Generator, sample
from gan_helpers.training import (
    Recipe,
    load_checkpoint,
    load_discriminator,
    load_generator,
    play_discriminator_step,
    play_generator_step,
    save_checkpoint,
    save_discriminator,
    save_generator,
    start_run,
    train,
)
from gan_helpers.widgets import live_training

SHAPE, CLASSES, RNG = (3, 8, 12), 4, torch.Generator().manual_seed(0)
IMAGES = torch.randint(256, (50, *SHAPE), generator=RNG, dtype=torch.uint8)
LABELS = torch.arange(50) % CLASSES
PAIRS = {
    "dense": (partial(Generator, hidden=(16,)), partial(Discriminator, hidden=(16,))),
    "convolutional": (partial(ConvGenerator, width=4), partial(ConvDiscriminator, width=4)),
}
each = pytest.mark.parametrize(("pair", "classes"), [(p, c) for p in PAIRS for c in (0, CLASSES)])


def started(pair, classes, **changes):
    generator, discriminator = PAIRS[pair]
    sizes = {"image_shape": SHAPE, "classes": classes}
    built = {
        "build_generator": partial(generator, latent_dim=6, **sizes),
        "build_discriminator": partial(discriminator, **sizes),
    }
    return start_run(Recipe(**built, batch_size=10, bfloat16=False, **changes))


def told(classes):
    return {"labels": LABELS} if classes else {}


def same(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@each
@pytest.mark.parametrize("fresh_z", [False, True])
def test_a_run_trains_draws_and_goes_on_from_a_checkpoint_bit_for_bit(
    pair, classes, fresh_z, tmp_path
):
    run, whole = (started(pair, classes, fresh_z=fresh_z, head_start=1) for _ in range(2))
    train(whole, IMAGES, steps=7, progress=False, **told(classes))
    train(run, IMAGES, steps=3, progress=False, **told(classes))
    save_checkpoint(run, tmp_path / "run.safetensors")
    again = load_checkpoint(tmp_path / "run.safetensors")
    train(again, IMAGES, steps=4, progress=False, **told(classes))
    assert again.history.d_loss == whole.history.d_loss
    assert same(again.generator, whole.generator) and same(again.discriminator, whole.discriminator)
    assert again.history.frames[-1].shape == (40, *SHAPE)
    assert again.history.frames[0].shape == again.history.real.shape


@each
def test_weights_of_any_shape_are_kept(pair, classes, tmp_path):
    run = started(pair, classes)
    train(run, IMAGES, steps=2, progress=False, **told(classes))
    save_generator(run.generator, tmp_path / "g.safetensors", {}, half=True)
    save_discriminator(run.discriminator, tmp_path / "d.safetensors", {})
    generator, _ = load_generator(tmp_path / "g.safetensors")
    assert generator.sizes == run.generator.sizes
    drawn = [sample(one, run.fixed_z, run.fixed_labels) for one in (generator, run.generator)]
    torch.testing.assert_close(*drawn, atol=2, rtol=0)
    assert same(load_discriminator(tmp_path / "d.safetensors")[0], run.discriminator.eval())


def test_each_fake_has_the_class_of_a_real_image_and_the_frames_take_them_in_turn():
    run, asked = started("dense", CLASSES), []
    for player in (run.generator, run.discriminator):
        player.register_forward_pre_hook(lambda network, given: asked.append(given[1]))
    train(run, IMAGES, steps=1, progress=False, labels=LABELS)
    batch = next(batches(IMAGES, 10, torch.Generator().manual_seed(2)))
    real = next(batches(LABELS.to(torch.uint8)[:, None], 10, torch.Generator().manual_seed(2)))
    expected = ((real[:, 0] + 1) * 127.5).round().long()
    assert batch.shape == (10, *SHAPE)
    in_the_step = [labels for labels in asked if len(labels) in (10, 20)]
    assert torch.equal(in_the_step[0], expected)  # G draws
    assert torch.equal(in_the_step[1], torch.cat((expected, expected)))  # D: real, fake
    assert torch.equal(in_the_step[2], expected)  # D passes G's gradient back
    assert torch.equal(run.fixed_labels, torch.arange(40) % CLASSES)


def test_a_step_of_one_player_alone_takes_classes_too():
    run = started("dense", CLASSES)
    before = [torch.cat([p.flatten() for p in n.parameters()]) for n in (run.generator,)]
    assert play_discriminator_step(run, IMAGES, LABELS) > 0
    assert torch.equal(torch.cat([p.flatten() for p in run.generator.parameters()]), before[0])
    assert play_generator_step(run) > 0
    assert not torch.equal(torch.cat([p.flatten() for p in run.generator.parameters()]), before[0])


@each
def test_the_live_panel_shows_such_a_run(pair, classes):
    run = started(pair, classes)
    panel = live_training(run, IMAGES, **told(classes))
    panel._step_d()
    panel._step_g()
    panel.close()


@pytest.mark.parametrize(
    ("classes", "labels", "message"),
    [
        (CLASSES, None, "labels is None; expected a tensor"),
        (CLASSES, LABELS[:-1], r"labels has shape \(49,\); expected \(50,\)"),
        (CLASSES, LABELS + 1, "labels goes from 1 to 4; expected 0 to 3"),
        (0, LABELS, "labels was given, and the network has no classes"),
    ],
)
def test_labels_that_do_not_fit_are_named_before_the_first_step(classes, labels, message):
    run = started("dense", classes)
    with pytest.raises((TypeError, ValueError), match=message):
        train(run, IMAGES, steps=1, progress=False, labels=labels)
    assert run.history.steps == 0


def test_images_of_another_shape_are_named_with_the_shape_wanted():
    with pytest.raises(ValueError, match=r"\(50, 3, 8, 8\); expected \(N, 3, 8, 12\)"):
        train(started("dense", 0), IMAGES[..., :8], steps=1, progress=False)
