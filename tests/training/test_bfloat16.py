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
    written_and_read,
)
from torch import nn
from torch.nn import functional as F

from gan_helpers.cli import main
from gan_helpers.data import to_uint8
from gan_helpers.training import (
    COLUMNS,
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


def linear_layers(*networks: nn.Module) -> list[nn.Linear]:
    return [m for network in networks for m in network.modules() if isinstance(m, nn.Linear)]


def after_each_product(run: Run, act: Callable) -> None:
    """Have ``act(layer, inputs, product)`` called for every matrix product, but the average's."""
    for layer in linear_layers(run.generator, run.discriminator):
        layer.register_forward_hook(lambda layer, inputs, out: act(layer, inputs[0], out))


@pytest.mark.parametrize(
    ("found", "has"),
    [
        ({"avx512_bf16": True, "amx_bf16": False}, True),
        ({"avx512_bf16": False, "amx_bf16": True}, True),
        ({"avx512_bf16": True}, True),
        ({"avx512_bf16": False, "amx_bf16": False, "avx2": True}, False),
        ({"neon": True, "bf16": True, "sve_bf16": True}, False),  # ARM: not measured
        ({}, False),
    ],
    ids=str,
)
def test_only_a_cpu_whose_instructions_pytorch_reports_has_bfloat16(monkeypatch, found, has):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)
    has_bfloat16.cache_clear()
    try:
        assert has_bfloat16(CPU) is has
        assert not any(has_bfloat16(torch.device(name)) for name in ("cuda", "cuda:1", "mps"))
        monkeypatch.delattr(torch.cpu, "get_capabilities")  # as in a PyTorch that cannot tell
        has_bfloat16.cache_clear()
        assert has_bfloat16(CPU) is False
    finally:
        has_bfloat16.cache_clear()


def test_pytorch_still_names_the_instructions_so():
    reported = getattr(torch.cpu, "get_capabilities", dict)()
    if reported.get("architecture") not in ("x86_64", "x86"):
        pytest.skip("only Intel's and AMD's processors have them")
    assert {"avx512_bf16", "amx_bf16"} <= set(reported)


@pytest.mark.parametrize("has", [True, False])
@pytest.mark.parametrize("allowed", [True, False])
def test_a_run_uses_it_where_the_recipe_allows_it_and_its_device_has_it(monkeypatch, allowed, has):
    monkeypatch.setattr(run_module, "has_bfloat16", lambda device: has and device == CPU)
    assert start_run(replace(SHORT, bfloat16=allowed)).bfloat16 is (allowed and has)


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


@pytest.mark.parametrize("options", [{"bfloat16": True}, {}], ids=str)
def test_logits_and_losses_are_in_32_bits_and_products_too_unless_told_otherwise(calm, options):
    run = start_run(calm)
    products, got = [], []
    fake = forward(run.generator, torch.randn(16, 8), bfloat16=True)
    after_each_product(run, lambda layer, inputs, out: products.append(out.dtype))

    def loss(fake_logits: torch.Tensor) -> torch.Tensor:
        got.append(fake_logits)
        return F.softplus(-fake_logits).mean()

    real = torch.rand(16, 1, 28, 28)
    got += discriminator_step(run.discriminator, run.d_optimizer, real, fake, **options)
    got += generator_step(run.discriminator, run.g_optimizer, fake, loss, **options)
    assert fake.requires_grad
    assert [t.dtype for t in [fake, *got]] == [torch.float32] * 7
    assert products == [torch.bfloat16 if options else torch.float32] * 4


@pytest.mark.parametrize("decay", [0.9, None])
def test_samples_are_drawn_in_float32(images, capable, decay):
    run = start_run(replace(SHORT, average_decay=decay))
    drawn = []
    for layer in linear_layers(run.sampler):
        layer.register_forward_hook(
            lambda layer, inputs, out: drawn.append(out.dtype) if not layer.training else None
        )
    history = quietly(run, images, steps=4, frame_every=2)
    assert set(drawn) == {torch.float32} and len(drawn) >= 3 * 2  # frames 0, 2 and 4: two layers
    expected = copy.deepcopy(run.sampler).eval()(run.fixed_z).detach()
    assert torch.equal(history.frames[-1], to_uint8(expected))


def test_a_step_is_near_that_in_float32(images, calm, capable):
    near, plain = (start_run(replace(calm, bfloat16=b), seed=1) for b in (True, False))
    for run in (near, plain):
        quietly(run, images, steps=1)
    for name in ("d_loss", "g_loss", "d_real", "d_fake", "d_fake_after"):
        (ours,), (theirs,) = getattr(near.history, name), getattr(plain.history, name)
        assert ours == pytest.approx(theirs, rel=2e-3), name
        assert ours != theirs, name
    for name in ("generator", "discriminator"):
        ours, theirs = getattr(near, name), getattr(plain, name)
        pairs = list(zip(ours.parameters(), theirs.parameters(), strict=True))
        error = torch.cat([(p.grad - q.grad).flatten() for p, q in pairs]).norm()
        # 8 bits are a 256th; where terms cancel, as in BatchNorm's gradient, it is more.
        assert 0 < error < 0.1 * gradient_norm(theirs)
        for buffer, other in zip(ours.buffers(), theirs.buffers(), strict=True):
            torch.testing.assert_close(buffer, other, rtol=1e-2, atol=2e-3)


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
    states = []
    recipe = replace(
        SHORT,
        generator_loss=lambda logits: states.append(torch.is_autocast_enabled("cpu")) or 1 / 0,
    )
    run = start_run(recipe)
    for _ in range(2):  # the second error is in the middle of a pass
        with pytest.raises(ZeroDivisionError):
            quietly(run, images, steps=1)
        run.discriminator.register_forward_hook(lambda *arguments: 1 / 0)
    assert states == [False]
    assert not torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize("stop", [0, 1, 4, 6])  # an epoch has four steps
def test_a_resumed_run_is_the_uninterrupted_one_watched_or_not(images, tmp_path, capable, stop):
    stopped, whole, plain = (start_run(SHORT, seed=5) for _ in range(3))
    watched = {"frame_every": 1, "measure_every": 1}
    if stop:
        quietly(stopped, images, steps=stop, **watched)
    resumed = written_and_read(stopped, tmp_path / "run.safetensors")
    assert resumed.bfloat16
    assert_same_run(resumed, stopped)
    quietly(resumed, images, steps=9 - stop, **watched)
    quietly(whole, images, steps=9, **watched)
    assert_same_run(resumed, whole)
    quietly(plain, images, steps=9)
    assert same_run(plain, whole)


@pytest.fixture
def begin(small_mnist, tmp_path) -> Callable[..., Path]:
    """Train on the command line, into a folder of that name."""
    tiny = "--latent-dim 8 --generator-hidden 16 --discriminator-hidden 16 --batch-size 32"

    def begin(name: str, *more: str) -> Path:
        options = [] if "--resume" in more else tiny.split()
        folder = tmp_path / name
        assert main(["train", "--out", str(folder), "--device", "cpu", *options, *more]) == 0
        return folder

    return begin


@pytest.mark.parametrize("has", [True, False])
@pytest.mark.parametrize("option", ["--bfloat16", "--no-bfloat16", "--seed=0"])
def test_a_run_says_in_which_precision_it_was_and_keeps_it_resumed(begin, processor, option, has):
    processor(has)
    precision = "bfloat16" if has and option != "--no-bfloat16" else "float32"
    folder, whole = begin("resumed", "--epochs", "1", option), begin("w", "--epochs", "2", option)
    begin("resumed", "--resume", "--epochs", "2")
    for each in (folder, whole):
        machine = json.loads((each / "run.json").read_text(encoding="utf-8"))["machine"]
        assert machine.endswith(f" cpu, 1 threads, {precision}")
    one, other = (load_checkpoint(f / "checkpoint.safetensors") for f in (folder, whole))
    assert one.recipe.bfloat16 is (option != "--no-bfloat16")
    assert_same_state(one, other)
    assert all(getattr(one.history, name) == getattr(other.history, name) for name in COLUMNS)
