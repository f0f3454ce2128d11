"""Parzen windows: the log-likelihood against direct computations, its traps and its memory."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from sklearn.neighbors import KernelDensity

from gan_helpers.metrics import SIGMAS, choose_sigma, mean_and_error, parzen_log_likelihood
from gan_helpers.metrics.neighbours import BLOCK

LN_2 = math.log(2)


def uniform(count: int, seed: int, shape: tuple[int, ...] = (1, 8, 8)) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.rand(count, *shape, generator=rng, dtype=torch.float64)


def bytes_like(count: int, seed: int) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 1, 28, 28), generator=rng, dtype=torch.uint8)


def quietly(images: torch.Tensor, samples: torch.Tensor, sigma: float) -> torch.Tensor:
    return parzen_log_likelihood(images, samples, sigma, progress=False)


def direct(images: torch.Tensor, samples: torch.Tensor, sigma: float) -> torch.Tensor:
    """The formula as it is written, by differences, in float64 and in any range."""
    x, s = images.flatten(1).double(), samples.flatten(1).double()
    squares = (x.unsqueeze(1) - s).square().sum(2)  # (N, M)
    logs = torch.logsumexp(-squares / (2 * sigma**2), dim=1) - math.log(len(s))
    return logs - x.shape[1] * math.log(sigma * math.sqrt(2 * math.pi))


def assert_near(one: torch.Tensor, other: torch.Tensor, tolerance: float = 1e-6) -> None:
    torch.testing.assert_close(one, other, rtol=0, atol=tolerance)


# parzen_log_likelihood


@pytest.mark.parametrize("sigma", [0.01, 0.1, 0.2, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (5,)])
def test_the_log_likelihood_is_the_formula_by_differences(sigma, shape):
    images, samples = uniform(13, 0, shape), uniform(20, 1, shape)
    result = quietly(images, samples, sigma)
    assert result.dtype == torch.float64
    assert result.shape == (13,)
    assert_near(result, direct(images, samples, sigma))


@pytest.mark.parametrize("count", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 45])
def test_blocks_lose_no_image(count):
    images, samples = uniform(count, 2), uniform(BLOCK + 9, 3)
    assert_near(quietly(images, samples, 0.3), direct(images, samples, 0.3))


@pytest.mark.parametrize("sigma", [0.1, 0.4, 1.0])
def test_the_log_likelihood_is_scikit_learns_kernel_density(sigma):
    images, samples = uniform(40, 4, (28, 28)), uniform(60, 5, (28, 28))
    density = KernelDensity(kernel="gaussian", bandwidth=sigma).fit(samples.flatten(1).numpy())
    reference = torch.from_numpy(density.score_samples(images.flatten(1).numpy()))
    assert_near(quietly(images, samples, sigma), reference)


def test_uint8_and_the_same_pixels_as_floats_agree():
    images, samples = bytes_like(9, 0), bytes_like(11, 1)
    result = quietly(images, samples, 0.2)
    floats = images.double() / 255, samples.double() / 255
    assert_near(quietly(*floats, 0.2), result, 1e-9)
    assert_near(quietly(images, floats[1], 0.2), result, 1e-9)
    assert_near(result, direct(*floats, 0.2))


@pytest.mark.parametrize("sigma", [0.1, 1.0])
def test_one_image_and_one_sample_are_one_gaussian(sigma):
    # 64 pixels, each 1/4 away: |x - s|^2 is 64 / 16 = 4.
    image, sample = torch.full((1, 8, 8), 0.75), torch.full((1, 8, 8), 0.5)
    expected = -4 / (2 * sigma**2) - 64 * math.log(sigma * math.sqrt(2 * math.pi))
    assert quietly(image, sample, sigma).item() == pytest.approx(expected, abs=1e-6)


def test_a_copy_has_the_highest_log_likelihood():
    image = bytes_like(1, 0)
    ceiling = -784 * math.log(0.1 * math.sqrt(2 * math.pi))
    assert quietly(image, image, 0.1).item() == pytest.approx(ceiling, abs=1e-6)
    # One sample of two is a copy, the other is far away: log(1/2) less.
    half = quietly(image, torch.cat([image, 255 - image]), 0.1).item()
    assert half == pytest.approx(ceiling - LN_2, abs=1e-6)


def test_far_images_do_not_underflow():
    white, black = torch.ones(1, 1, 28, 28), torch.zeros(3, 1, 28, 28)
    expected = -784 / (2 * 0.1**2) - 784 * math.log(0.1 * math.sqrt(2 * math.pi))
    assert quietly(white, black, 0.1).item() == pytest.approx(expected, abs=1e-6)


def test_images_from_minus_one_to_one_are_refused():
    good, bad = uniform(3, 0), uniform(3, 1) * 2 - 1
    with pytest.raises(ValueError, match=r"images has floats in \[-.*expected \[0, 1\].*to_uint8"):
        quietly(bad, good, 0.1)
    with pytest.raises(ValueError, match=r"samples has floats in \[-.*expected \[0, 1\]"):
        quietly(good, bad, 0.1)


def test_the_trap_the_range_of_the_pixels_moves_the_number_by_d_ln_2():
    # Twice the pixels and twice the width: the same windows, another unit, 784 ln 2 = 543 nats.
    images, samples = uniform(6, 0, (28, 28)), uniform(8, 1, (28, 28))
    right = direct(images, samples, 0.2)
    wrong = direct(images * 2 - 1, samples * 2 - 1, 0.4)
    assert_near(wrong - right, torch.full_like(right, -784 * LN_2))
    assert_near(quietly(images, samples, 0.2), wrong + 784 * LN_2)


def test_the_memory_stays_under_a_gigabyte_at_full_size():
    status = Path("/proc/self/status")
    if not status.is_file():
        pytest.skip("the peak of the memory is read from Linux's /proc")
    # Not getrusage's peak: a child process inherits its parent's, which VmHWM does not.
    script = """
import torch
from gan_helpers.metrics import parzen_log_likelihood

def memory(name):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1e6  # kB to GB

images, samples = (torch.randint(0, 256, (10_000, 1, 28, 28), dtype=torch.uint8) for _ in "xs")
before = memory("VmRSS")
assert parzen_log_likelihood(images, samples, 0.2, progress=False).isfinite().all()
print(memory("VmHWM") - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert 0 < float(done.stdout) < 1


# choose_sigma


def test_the_default_sigmas_are_those_of_the_papers_code():
    assert len(SIGMAS) == 10
    assert [SIGMAS[0], SIGMAS[-1]] == pytest.approx([0.1, 1.0], rel=1e-12)
    ratios = [b / a for a, b in zip(SIGMAS[:-1], SIGMAS[1:], strict=True)]
    assert ratios == pytest.approx([10 ** (1 / 9)] * 9, rel=1e-12)


def test_choose_sigma_takes_the_highest_mean_and_returns_all():
    images, samples = uniform(BLOCK + 20, 0), uniform(50, 1)
    sigma, means = choose_sigma(images, samples, progress=False)
    expected = torch.stack([direct(images, samples, one).mean() for one in SIGMAS])
    assert means.dtype == torch.float64
    assert_near(means, expected)
    assert sigma == SIGMAS[int(expected.argmax())]
    assert SIGMAS[0] < sigma < SIGMAS[-1]  # neither end: the maximum was looked for


def test_choose_sigma_is_the_samples_own_width():
    # One sample, and images normal around it with standard deviation 0.05: the best is 0.05.
    rng = torch.Generator().manual_seed(0)
    sample = torch.full((1, 28, 28), 0.5, dtype=torch.float64)
    images = sample + 0.05 * torch.randn(200, 28, 28, generator=rng, dtype=torch.float64)
    assert choose_sigma(images, sample, (0.03, 0.05, 0.08), progress=False)[0] == 0.05


# mean_and_error


def test_the_mean_and_its_standard_error():
    mean, error = mean_and_error(torch.tensor([1.0, 3.0, 1.0, 3.0], dtype=torch.float64))
    assert (mean, error) == (2.0, 0.5)  # the deviation is 1, over sqrt(4)
    assert mean_and_error(torch.full((5,), -7.0)) == (-7.0, 0.0)


@pytest.mark.parametrize("values", [torch.ones(1), torch.ones(0), torch.ones(3, 1)])
def test_the_mean_and_error_refuses_other_shapes(values):
    with pytest.raises(ValueError, match=r"values has shape \(.*expected \(N,\), N at least 2"):
        mean_and_error(values)


# errors


@pytest.mark.parametrize("name", ["images", "samples"])
def test_what_is_no_image_is_refused_by_its_name(name):
    good = uniform(3, 0)
    nan = good.clone()
    nan[1, 0, 2, 2] = math.nan
    cases = [
        (good.long(), TypeError, f"{name} has dtype torch.int64; expected uint8, or floats"),
        (good > 0.5, TypeError, f"{name} has dtype torch.bool"),
        (nan, ValueError, f"{name} has floats in .*expected \\[0, 1\\]"),
        (good * 255, ValueError, f"{name} has floats in .*expected \\[0, 1\\]"),
        (good[:0], ValueError, rf"{name} has shape \(0, 1, 8, 8\); expected \(N, ...\), N above 0"),
        (good[0, 0, 0], ValueError, rf"{name} has shape \(8,\)"),
    ]
    for bad, error, message in cases:
        arguments = (bad, good) if name == "images" else (good, bad)
        with pytest.raises(error, match=message):
            quietly(*arguments, 0.1)


def test_images_of_another_size_are_refused():
    with pytest.raises(ValueError, match="images has 64 values a row and samples has 784"):
        quietly(uniform(3, 0), bytes_like(3, 0), 0.1)


@pytest.mark.parametrize("sigma", [0.0, -0.1, math.nan])
def test_a_width_that_is_not_above_0_is_refused(sigma):
    with pytest.raises(ValueError, match="sigma is .*; expected widths above 0"):
        quietly(uniform(3, 0), uniform(3, 1), sigma)
    with pytest.raises(ValueError, match="sigma is .*; expected widths above 0"):
        choose_sigma(uniform(3, 0), uniform(3, 1), (0.1, sigma), progress=False)


def test_no_width_at_all_is_refused():
    with pytest.raises(ValueError, match="expected widths above 0"):
        choose_sigma(uniform(3, 0), uniform(3, 1), (), progress=False)


# the progress bar


def test_the_progress_bar_can_be_off_and_is_on_by_default(capsys):
    images, samples = uniform(3, 0), uniform(4, 1)
    quietly(images, samples, 0.1)
    choose_sigma(images, samples, progress=False)
    assert capsys.readouterr() == ("", "")
    parzen_log_likelihood(images, samples, 0.1)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Parzen" in captured.err and "3/3" in captured.err
    choose_sigma(images, samples)
    assert "3/3" in capsys.readouterr().err
