"""Matrix products in bfloat16: where they are used, what stays in 32 bits, what does not change."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helping import (
    TINY,
    assert_same_run,
    assert_same_state,
    quietly,
    same_run,
    weights,
    written_and_read,
)
from torch import nn
from torch.nn import functional as F

from gan_helpers.cli import main
from gan_helpers.data import to_uint8
from gan_helpers.training import (
    ARTICLE,
    COLUMNS,
    COURSE,
    Run,
    discriminator_step,
    forward,
    generator_step,
    gradient_norm,
    has_bfloat16,
    load_checkpoint,
    start_run,
)
from gan_helpers.training import run as run_module

CPU = torch.device("cpu")
SHORT = replace(TINY, bfloat16=True)


@pytest.fixture
def processor(monkeypatch) -> Callable[[bool], None]:
    """Say whether this processor has bfloat16; without it, PyTorch computes the same, slowly."""
    return lambda has: monkeypatch.setattr(run_module, "has_bfloat16", lambda device: has)


@pytest.fixture
def capable(processor) -> None:
    processor(True)


@pytest.fixture
def capabilities(monkeypatch):
    """Say what PyTorch reports of this processor, or have it report nothing."""

    def report(**found: bool) -> None:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)
        has_bfloat16.cache_clear()

    yield report
    has_bfloat16.cache_clear()


def linear_layers(*networks: nn.Module) -> list[nn.Linear]:
    return [m for network in networks for m in network.modules() if isinstance(m, nn.Linear)]


def after_each_product(run: Run, act: Callable) -> None:
    """Have ``act(layer, inputs, product)`` called for every matrix product of the run's networks.

    Not for the averaged generator's.
    """
    for layer in linear_layers(run.generator, run.discriminator):
        layer.register_forward_hook(lambda layer, inputs, out: act(layer, inputs[0], out))


# which processors


@pytest.mark.parametrize(
    ("found", "has"),
    [
        ({"avx512_bf16": True, "amx_bf16": False}, True),
        ({"avx512_bf16": False, "amx_bf16": True}, True),
        ({"avx512_bf16": True}, True),
        ({"avx512_bf16": False, "amx_bf16": False, "avx512_f": True, "avx2": True}, False),
        ({"neon": True, "bf16": True, "sve_bf16": True}, False),  # ARM: not measured
        ({}, False),
    ],
    ids=["AVX512-BF16", "AMX", "no word of AMX", "neither", "ARM", "nothing"],
)
def test_a_processor_has_bfloat16_if_pytorch_reports_its_instructions(capabilities, found, has):
    capabilities(**found)
    assert has_bfloat16(CPU) is has


def test_other_devices_and_a_pytorch_that_cannot_tell_multiply_in_float32(
    capabilities, monkeypatch
):
    capabilities(avx512_bf16=True, amx_bf16=True)
    assert not any(has_bfloat16(torch.device(name)) for name in ("cuda", "cuda:1", "mps"))
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert has_bfloat16(CPU) is False


def test_pytorch_still_names_the_instructions_so():
    reported = getattr(torch.cpu, "get_capabilities", dict)()
    if reported.get("architecture") not in ("x86_64", "x86"):
        pytest.skip("only Intel's and AMD's processors have them")
    assert {"avx512_bf16", "amx_bf16"} <= set(reported)


# which runs


@pytest.mark.parametrize("has", [True, False])
@pytest.mark.parametrize("allowed", [True, False])
def test_a_run_uses_it_where_the_recipe_allows_it_and_the_processor_has_it(processor, allowed, has):
    processor(has)
    run = start_run(replace(SHORT, bfloat16=allowed))
    assert run.bfloat16 is (allowed and has)


def test_the_processor_is_asked_for_the_device_of_the_run(monkeypatch):
    asked = []
    monkeypatch.setattr(run_module, "has_bfloat16", lambda device: asked.append(device) or True)
    assert start_run(COURSE).bfloat16
    assert asked == [CPU]
    assert not start_run(ARTICLE).bfloat16


@pytest.mark.parametrize("fresh_z", [True, False])
def test_without_it_a_recipe_that_allows_it_gives_the_run_in_float32_bit_for_bit(
    images, processor, fresh_z
):
    allowed = start_run(replace(SHORT, fresh_z=fresh_z), seed=3)
    plain = start_run(replace(SHORT, fresh_z=fresh_z, bfloat16=False), seed=3)
    for run, has in ((allowed, False), (plain, True)):
        processor(has)
        quietly(run, images, steps=6, frame_every=2, measure_every=2)
    plain.recipe = allowed.recipe  # all else is equal
    assert_same_run(allowed, plain)


def test_with_it_the_runs_differ(images, capable):
    allowed, plain = start_run(SHORT), start_run(replace(SHORT, bfloat16=False))
    for run in (allowed, plain):
        quietly(run, images, steps=1)
    assert not torch.equal(weights(allowed.generator), weights(plain.generator))
    assert not torch.equal(weights(allowed.discriminator), weights(plain.discriminator))


# what stays in 32 bits


@pytest.mark.parametrize("fresh_z", [True, False])
def test_products_take_16_bits_and_all_that_is_kept_takes_32(images, capable, fresh_z):
    run = start_run(replace(SHORT, fresh_z=fresh_z))
    products = []
    after_each_product(run, lambda layer, inputs, out: products.append(out.dtype))
    quietly(run, images, steps=2, measure_every=1)
    # Two layers a pass: in the generator one or two passes a step, in the discriminator two.
    assert products.count(torch.bfloat16) == 2 * 2 * (4 if fresh_z else 3)
    kept = {}
    for name in ("generator", "discriminator", "average"):
        kept |= {f"{name}.{key}": t for key, t in getattr(run, name).state_dict().items()}
    for name, network in (("g", run.generator), ("d", run.discriminator)):
        kept |= {f"{name} gradient {key}": p.grad for key, p in network.named_parameters()}
        for i, memory in getattr(run, f"{name}_optimizer").state_dict()["state"].items():
            kept |= {f"{name} Adam {i} {key}": t for key, t in memory.items()}
    whole_numbers = {key for key, t in kept.items() if not t.is_floating_point()}
    assert all("n_averaged" in key or "num_batches" in key for key in whole_numbers)
    wrong = {key: t.dtype for key, t in kept.items() if key not in whole_numbers}
    assert set(wrong.values()) == {torch.float32}, wrong


def test_logits_and_losses_are_in_32_bits(calm):
    run = start_run(calm)
    fake = forward(run.generator, torch.randn(16, 8), bfloat16=True)
    real = torch.rand(16, 1, 28, 28)
    got = []

    def loss(fake_logits: torch.Tensor) -> torch.Tensor:
        got.append(fake_logits)
        return F.softplus(-fake_logits).mean()

    got += discriminator_step(run.discriminator, run.d_optimizer, real, fake, bfloat16=True)
    got += generator_step(run.discriminator, run.g_optimizer, fake, loss, bfloat16=True)
    assert fake.requires_grad
    assert [t.dtype for t in [fake, *got]] == [torch.float32] * 7


def test_the_steps_multiply_in_float32_unless_told_otherwise(calm):
    run = start_run(calm)
    products = []
    after_each_product(run, lambda layer, inputs, out: products.append(out.dtype))
    fake = run.generator(torch.randn(16, 8))
    discriminator_step(run.discriminator, run.d_optimizer, torch.rand(16, 1, 28, 28), fake)
    generator_step(run.discriminator, run.g_optimizer, fake)
    assert products == [torch.float32] * 6


@pytest.mark.parametrize("decay", [0.9, None])
def test_samples_are_drawn_in_float32(images, capable, decay):
    run = start_run(replace(SHORT, average_decay=decay))
    drawn = []
    run.sampler.register_forward_hook(
        lambda network, z, out: drawn.append(out.dtype) if not network.training else None
    )
    for layer in linear_layers(run.sampler):
        layer.register_forward_hook(
            lambda layer, inputs, out: drawn.append(out.dtype) if not layer.training else None
        )
    history = quietly(run, images, steps=4, frame_every=2)
    assert drawn == [torch.float32] * 3 * 3  # frames 0, 2 and 4: two layers and tanh
    expected = copy.deepcopy(run.sampler).eval()(run.fixed_z).detach()
    assert torch.equal(history.frames[-1], to_uint8(expected))


# close to float32


def test_a_step_is_near_that_in_float32(images, calm, capable):
    near, plain = (start_run(replace(calm, bfloat16=b), seed=1) for b in (True, False))
    for run in (near, plain):
        quietly(run, images, steps=1)
    for name in ("d_loss", "g_loss", "d_real", "d_fake", "d_fake_after"):
        (ours,), (theirs,) = getattr(near.history, name), getattr(plain.history, name)
        assert ours == pytest.approx(theirs, rel=2e-3), name
        assert ours != theirs, name
    for ours, theirs in (
        (near.generator, plain.generator),
        (near.discriminator, plain.discriminator),
    ):
        pairs = list(zip(ours.parameters(), theirs.parameters(), strict=True))
        error = torch.cat([(p.grad - q.grad).flatten() for p, q in pairs]).norm()
        # 8 bits are a 256th; where terms cancel, as in BatchNorm's gradient, it is more.
        assert 0 < error < 0.1 * gradient_norm(theirs)
        for buffer, other in zip(ours.buffers(), theirs.buffers(), strict=True):
            torch.testing.assert_close(buffer, other, rtol=1e-2, atol=2e-3)


def test_a_pass_rounds_to_8_significant_bits_and_no_fewer(calm):
    run = start_run(calm)
    images = torch.rand(64, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        plain = forward(run.discriminator, images, bfloat16=False)
        assert torch.equal(plain, run.discriminator(images))
        error = forward(run.discriminator, images, bfloat16=True) - plain
    assert 0 < error.abs().max() < plain.abs().max() / 2**6


# no stale copies of the weights


def assert_is_product_of_now(layer: nn.Linear, x: torch.Tensor, out: torch.Tensor) -> None:
    """``out`` is the product with the layer's weights of this moment, not with older ones."""
    if out.dtype == torch.bfloat16:
        now = F.linear(x.bfloat16(), layer.weight.bfloat16(), layer.bias.bfloat16())
        torch.testing.assert_close(out, now)


@pytest.mark.parametrize("fresh_z", [True, False])
def test_every_product_is_with_the_weights_of_after_the_last_step(images, capable, fresh_z):
    run = start_run(replace(SHORT, learning_rate=0.1, fresh_z=fresh_z))
    after_each_product(run, assert_is_product_of_now)
    quietly(run, images, steps=4)


@pytest.mark.parametrize("enabled", [True, False])
def test_a_callers_own_block_keeps_no_stale_weights_either(images, capable, enabled):
    within, plain = start_run(SHORT), start_run(SHORT)
    with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
        quietly(within, images, steps=4)
    quietly(plain, images, steps=4)
    assert same_run(within, plain)


def test_autocast_is_off_between_the_passes_and_after_an_error(images, capable):
    run = start_run(SHORT)
    states = []
    run.recipe = replace(
        SHORT,
        generator_loss=lambda logits: states.append(torch.is_autocast_enabled("cpu")) or 1 / 0,
    )
    with pytest.raises(ZeroDivisionError):
        quietly(run, images, steps=1)
    assert states == [False]
    run.discriminator.register_forward_hook(lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        quietly(run, images, steps=1)
    assert not torch.is_autocast_enabled("cpu")


# the same run again


def test_frames_and_measuring_do_not_change_the_run(images, capable):
    plain, watched = start_run(SHORT), start_run(SHORT)
    quietly(plain, images, steps=6)
    quietly(watched, images, steps=6, frame_every=1, measure_every=1)
    assert same_run(plain, watched)


@pytest.mark.parametrize("stop", [0, 1, 4, 6])  # an epoch has four steps
def test_a_resumed_run_is_the_uninterrupted_one(images, tmp_path, capable, stop):
    stopped, whole = start_run(SHORT, seed=5), start_run(SHORT, seed=5)
    if stop:
        quietly(stopped, images, steps=stop, frame_every=1)
    resumed = written_and_read(stopped, tmp_path / "run.safetensors")
    assert resumed.bfloat16
    assert_same_run(resumed, stopped)
    quietly(resumed, images, steps=9 - stop, frame_every=1)
    quietly(whole, images, steps=9, frame_every=1)
    assert_same_run(resumed, whole)


# the command line


@pytest.fixture
def begin(small_mnist, tmp_path) -> Callable[..., Path]:
    """Train on the command line, into a folder of that name."""

    def begin(name: str, *more: str) -> Path:
        folder = tmp_path / name
        tiny = "--latent-dim 8 --generator-hidden 16 --discriminator-hidden 16 --batch-size 32"
        options = [] if "--resume" in more else tiny.split()
        assert main(["train", "--out", str(folder), "--device", "cpu", *options, *more]) == 0
        return folder

    return begin


def machine(folder: Path) -> str:
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))["machine"]


@pytest.mark.parametrize(
    ("option", "has", "precision"),
    [
        ("--bfloat16", True, "bfloat16"),
        ("--bfloat16", False, "float32"),
        ("--no-bfloat16", True, "float32"),
        ("--seed=0", True, "bfloat16"),
        ("--seed=0", False, "float32"),
    ],
)
def test_a_run_says_in_which_precision_it_was(begin, processor, option, has, precision):
    processor(has)
    folder = begin("run", "--epochs", "1", option)
    assert machine(folder).endswith(f" cpu, 1 threads, {precision}")
    allowed = load_checkpoint(folder / "checkpoint.safetensors").recipe.bfloat16
    assert allowed is (option != "--no-bfloat16")


@pytest.mark.parametrize("option", ["--bfloat16", "--no-bfloat16"])
def test_a_resumed_run_keeps_its_precision(begin, capable, option):
    folder, whole = begin("resumed", "--epochs", "1", option), begin("w", "--epochs", "2", option)
    begin("resumed", "--resume", "--epochs", "2")
    assert machine(folder) == machine(whole)
    one, other = (load_checkpoint(f / "checkpoint.safetensors") for f in (folder, whole))
    assert_same_state(one, other)
    assert all(getattr(one.history, name) == getattr(other.history, name) for name in COLUMNS)
