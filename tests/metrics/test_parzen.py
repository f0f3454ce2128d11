"""Parzen windows: the log-likelihood against direct computations, its traps and its memory."""

import math
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from sklearn.neighbors import KernelDensity

from gan_helpers.metrics import SIGMAS, choose_sigma, mean_and_error, parzen_log_likelihood
from gan_helpers.metrics.neighbours import BLOCK


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


@pytest.mark.parametrize(
    ("sigma", "count", "shape"),
    [
        *((sigma, 13, (1, 28, 28)) for sigma in (0.01, 0.1, 0.2, 0.5, 1.0, 3.0)),
        *((0.3, count, (5,)) for count in (1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 45)),
    ],
)
def test_the_log_likelihood_is_the_formula_by_differences(sigma, count, shape):
    images, samples = uniform(count, 0, shape), uniform(20, 1, shape)
    result = quietly(images, samples, sigma)
    assert (result.dtype, result.shape) == (torch.float64, (count,))
    assert_near(result, direct(images, samples, sigma))


@pytest.mark.parametrize("sigma", [0.1, 0.4, 1.0])
def test_the_log_likelihood_is_scikit_learns_kernel_density(sigma):
    images, samples = uniform(40, 4, (28, 28)), uniform(60, 5, (28, 28))
    density = KernelDensity(kernel="gaussian", bandwidth=sigma).fit(samples.flatten(1).numpy())
    reference = torch.from_numpy(density.score_samples(images.flatten(1).numpy()))
    assert_near(quietly(images, samples, sigma), reference)


def test_uint8_and_the_same_pixels_as_floats_agree():
    images, samples = bytes_like(9, 0), bytes_like(11, 1)
    result = quietly(images, samples, 0.2)
    assert_near(quietly(images, samples.double() / 255, 0.2), result, 1e-9)
    assert_near(result, direct(images.double() / 255, samples.double() / 255, 0.2))


def test_copies_and_far_images_by_hand():
    image = bytes_like(1, 0)
    ceiling = -784 * math.log(0.1 * math.sqrt(2 * math.pi))
    assert quietly(image, image, 0.1).item() == pytest.approx(ceiling, abs=1e-6)
    # One sample of two is a copy, the other is far away: log(1/2) less.
    half = quietly(image, torch.cat([image, 255 - image]), 0.1).item()
    assert half == pytest.approx(ceiling - math.log(2), abs=1e-6)
    # White against black: nothing underflows.
    far = quietly(torch.ones(1, 1, 28, 28), torch.zeros(3, 1, 28, 28), 0.1).item()
    assert far == pytest.approx(ceiling - 784 / (2 * 0.1**2), abs=1e-6)


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
    assert SIGMAS == pytest.approx([10 ** (k / 9 - 1) for k in range(10)], rel=1e-12)


def test_choose_sigma_takes_the_highest_mean_and_returns_all():
    images, samples = uniform(BLOCK + 20, 0), uniform(50, 1)
    sigma, means = choose_sigma(images, samples, progress=False)
    expected = torch.stack([direct(images, samples, one).mean() for one in SIGMAS])
    assert means.dtype == torch.float64
    assert_near(means, expected)
    assert sigma == SIGMAS[int(expected.argmax())]
    assert SIGMAS[0] < sigma < SIGMAS[-1]  # neither end: the maximum was looked for


# mean_and_error


def test_the_mean_and_its_standard_error():
    mean, error = mean_and_error(torch.tensor([1.0, 3.0, 1.0, 3.0], dtype=torch.float64))
    assert (mean, error) == (2.0, 0.5)  # the deviation is 1, over sqrt(4)
    assert mean_and_error(torch.full((5,), -7.0)) == (-7.0, 0.0)


GOOD = uniform(3, 0)


@pytest.mark.parametrize("name", ["images", "samples"])
@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (GOOD.long(), TypeError, "has dtype torch.int64"),
        (GOOD > 0.5, TypeError, "has dtype torch.bool"),
        (GOOD * math.nan, ValueError, "has floats in"),
        (GOOD * 255, ValueError, "has floats in"),
        (GOOD * 2 - 1, ValueError, r"has floats in \[-"),
        (GOOD[:0], ValueError, r"has shape \(0, 1, 8, 8\)"),
        (GOOD[0, 0, 0], ValueError, r"has shape \(8,\)"),
        (bytes_like(3, 0), ValueError, "has 784"),
    ],
)
def test_what_is_no_image_is_refused_by_its_name(name, bad, error, message):
    with pytest.raises(error, match=f"{name} {message}"):
        quietly(**{"images": GOOD, "samples": GOOD, name: bad}, sigma=0.1)


@pytest.mark.parametrize("sigmas", [(0.1, 0.0), (0.1, -0.1), (0.1, math.nan), ()])
def test_a_width_that_is_not_above_0_is_refused(sigmas):
    with pytest.raises(ValueError, match="sigmas? is .*; expected .*(above 0|at least one)"):
        choose_sigma(GOOD, GOOD, sigmas, progress=False)
    with pytest.raises(ValueError, match="sigma is .*a width, in units"):
        quietly(GOOD, GOOD, sum(sigmas[1:]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: quietly(GOOD, GOOD, "0.1"), "sigma is '0.1'; expected a number"),
        (lambda: choose_sigma(GOOD, GOOD, 0.1, progress=False), "sigmas is 0.1; expected"),
        (lambda: quietly(GOOD.numpy(), GOOD, 0.1), r"images is a NumPy array.*from_numpy\(images"),
        (lambda: quietly(GOOD, GOOD.tolist(), 0.1), "samples is of type list"),
        (lambda: mean_and_error([1.0, 2.0]), r"values is of type list; .*torch.tensor\(values\)"),
    ],
)
def test_other_types_are_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize("values", [torch.ones(1), torch.ones(0), torch.ones(3, 1)])
def test_the_mean_and_error_refuses_other_shapes(values):
    with pytest.raises(ValueError, match="values has shape"):
        mean_and_error(values)


@pytest.mark.parametrize(
    "call",
    [partial(parzen_log_likelihood, sigma=0.1), choose_sigma],
    ids=["parzen_log_likelihood", "choose_sigma"],
)
def test_the_progress_bar_can_be_off_and_is_on_by_default(capsys, call):
    images, samples = uniform(3, 0), uniform(4, 1)
    call(images, samples, progress=False)
    assert capsys.readouterr() == ("", "")
    call(images, samples)
    captured = capsys.readouterr()
    assert captured.out == "" and "Parzen" in captured.err and "3/3" in captured.err
