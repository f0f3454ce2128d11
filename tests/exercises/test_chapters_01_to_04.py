"""The checks behind the exercises: not tried yet, the reasons of wrong answers, and right."""

import math

import pytest
import torch

from gan_helpers import exercises
from gan_helpers.exercises import chapter_01, chapter_02, chapter_03, chapter_04

NOT_TRIED = "not tried yet: replace the dots with your answer and run the cell again."


def undone(*arguments):
    """The stub of a function, as the notebooks leave it."""


def dots(*arguments):
    """A stub that returns the dots."""
    return ...


@pytest.mark.parametrize(
    ("tried", "faults", "line"),
    [
        (False, [], NOT_TRIED),
        (True, ["first.", "second."], "not right, because first."),
        (True, [], "right"),
    ],
)
def test_verdict(said, tried, faults, line):
    assert said(exercises.verdict, tried, faults) == line


# --- notebook 01 --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "stub"),
    [
        (chapter_01.check_half_overlap, (...,)),
        (chapter_01.check_optimal_discriminator, (undone,)),
        (chapter_01.check_optimal_discriminator, (dots,)),
        (chapter_01.check_neuron, (..., ...)),
        (chapter_01.check_neuron, (2.0, ...)),
        (chapter_01.check_maximum_likelihood_loss, (undone,)),
        (chapter_01.check_maximum_likelihood_loss, (dots,)),
    ],
)
def test_stubs_are_not_tried_yet(said, check, stub):
    assert said(check, *stub) == NOT_TRIED


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (-1.386, "1/2 for every sample"),
        (0.693, "never positive"),
        (0, "share no mass"),
        (0.347, "that is JSD"),
        (-0.347, "one of the two terms"),
        (-1, "in bits"),
        (-0.9, "V is not -0.9"),
    ],
)
def test_half_overlap_says_what_is_wrong(said, answer, reason):
    line = said(chapter_01.check_half_overlap, answer)
    assert line.startswith("not right, because ") and reason in line


@pytest.mark.parametrize("answer", [-0.693, -0.69, -math.log(2)])
def test_half_overlap_right(said, answer):
    assert said(chapter_01.check_half_overlap, answer) == "right"


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda p, q, s: p / (p + q), "real_share is not used"),
        (lambda p, q, s: (1 - s) * q / (s * p + (1 - s) * q), "1 - D*"),
        (lambda p, q, s: (1 - s) * p / ((1 - s) * p + s * q), "exchanged"),
        (lambda p, q, s: s * p / (p + q), "below the line"),
        (lambda p, q, s: s * p / ((1 - s) * q), "leaves [0, 1]"),
        (lambda p, q, s: (s * p).sum(), "the shape is ()"),
        (lambda p, q, s: p, "the values differ"),
        (lambda p, q, s: 0.5, "returns float"),
    ],
)
def test_optimal_discriminator_says_what_is_wrong(said, function, reason):
    line = said(chapter_01.check_optimal_discriminator, function)
    assert line.startswith("not right, because ") and reason in line


def test_optimal_discriminator_right(said):
    def best_d(p_data, p_g, real_share):
        return 1 / (1 + (1 - real_share) * p_g / (real_share * p_data))

    assert said(chapter_01.check_optimal_discriminator, best_d) == "right"


@pytest.mark.parametrize(
    ("weight", "bias", "reason"),
    [
        (2, -2, "upside down"),
        (2, 2, "around -2"),
        (-2, 0, "halfway"),
        (-2, -2, "the logit must be 0"),
        (-4, 4, "the 1/2 is missing"),
        (1.0, 3.0, "at x = 0 your logit is 3.0 and at x = 1 it is 4.0"),
    ],
)
def test_neuron_says_what_is_wrong(said, weight, bias, reason):
    line = said(chapter_01.check_neuron, weight, bias)
    assert line.startswith("not right, because ") and reason in line


def test_neuron_right(said):
    assert said(chapter_01.check_neuron, -2, 2.0) == "right"


@pytest.mark.parametrize(
    ("loss", "reason"),
    [
        (lambda logits: logits.exp().mean(), "its sign"),
        (lambda logits: -logits.exp().sum(), "the sum over the batch"),
        (lambda logits: -logits.exp(), "one number"),
        (lambda logits: -(-logits).exp().mean(), "upside down"),
        (lambda logits: -logits.sigmoid().mean(), "the ratio is exp(l)"),
        (lambda logits: -logits.sigmoid().exp().mean(), "the logit itself"),
        (lambda logits: -logits.mean().exp(), "the mean of the exp"),
        (lambda logits: -logits.mean(), "the values differ"),
    ],
)
def test_maximum_likelihood_loss_says_what_is_wrong(said, loss, reason):
    line = said(chapter_01.check_maximum_likelihood_loss, loss)
    assert line.startswith("not right, because ") and reason in line


def test_maximum_likelihood_loss_right(said):
    def loss(fake_logits):
        return -torch.exp(fake_logits).mean()

    assert said(chapter_01.check_maximum_likelihood_loss, loss) == "right"


# --- notebooks 02 to 04 -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "stub"),
    [
        (chapter_02.check_shapes, ...),
        (chapter_02.check_parameter_count, ...),
        (chapter_02.check_normalise, undone),
        (chapter_02.check_normalise, dots),
        (chapter_03.check_slope_ratio, ...),
        (chapter_03.check_accuracy, undone),
        (chapter_03.check_adam_memory, ...),
        (chapter_04.check_losses_of_outputs, ...),
        (chapter_04.check_update_average, undone),
        (chapter_04.check_imbalance, undone),
    ],
)
def test_later_stubs_are_not_tried_yet(said, check, stub):
    assert said(check, stub) == NOT_TRIED


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        ([(64, 300), (64, 600), (64, 784), (64, 1, 28, 28)], "right"),
        ([(64, 300), (64, 600), (64, 784)], "it has 3 shapes"),
        ([(300, 64), (64, 600), (64, 784), (64, 1, 28, 28)], "the batch stays first"),
        ([(64, 300), (64, 600), (64, 784), (64, 28, 28)], "colour channel"),
        ([(64, 20), (64, 600), (64, 784), (64, 1, 28, 28)], "shape 1 is not (64, 20)"),
    ],
)
def test_check_shapes(said, answer, part):
    assert part in said(chapter_02.check_shapes, answer)


def test_check_parameter_count(said):
    weights = 20 * 300 + 300 * 600 + 600 * 784
    biases, batch_norm = 300 + 600 + 784, 2 * (300 + 600)
    check = chapter_02.check_parameter_count
    assert said(check, weights + biases + batch_norm) == "right"
    assert "scales and shifts are missing" in said(check, weights)
    assert "a scale and a shift for each" in said(check, weights + biases)
    assert "two values each" in said(check, weights + biases + batch_norm // 2)
    assert "are not trained" in said(check, weights + biases + 2 * batch_norm)
    assert "42 is not" in said(check, 42)


@pytest.mark.parametrize(
    ("normalise", "part"),
    [
        (lambda f: (f - f.mean(0)) / (f.var(0, unbiased=False) + 1e-5).sqrt(), "right"),
        (lambda f: (f - f.mean(0)) / (f.var(0) + 1e-5).sqrt(), "differ from nn.BatchNorm1d"),
        (lambda f: (f - f.mean(0)) / f.std(0), "N - 1"),
        (lambda f: (f - f.mean(0)) / f.std(0, unbiased=False), "constant 0.00001"),
        (lambda f: (f - f.mean(1, keepdim=True)) / f.std(1, keepdim=True), "dim 0"),
        (lambda f: f[:1], "shape changed"),
    ],
)
def test_check_normalise(said, normalise, part):
    assert part in said(chapter_02.check_normalise, normalise)


def test_check_slope_ratio(said):
    check = chapter_03.check_slope_ratio
    assert said(check, 999) == "right"
    assert "a little less" in said(check, 1000)
    assert "the other way round" in said(check, 1 / 999)
    assert "D(G(z)) itself" in said(check, 0.001)
    assert "5 is not" in said(check, 5)


@pytest.mark.parametrize(
    ("accuracy", "part"),
    [
        (lambda r, f: torch.cat((r > 0, f < 0)).float().mean(), "right"),
        (lambda r, f: (r > 0).float().mean(), "real images only"),
        (lambda r, f: (f < 0).float().mean(), "one kind of image"),
        (lambda r, f: torch.cat((r > 0.5, f < 0.5)).float().mean(), "threshold"),
        (lambda r, f: 0.123, "it gives 0.123"),
    ],
)
def test_check_accuracy(said, accuracy, part):
    assert part in said(chapter_03.check_accuracy, accuracy)


def test_check_adam_memory(said):
    check = chapter_03.check_adam_memory
    assert said(check, 1386) == "right"
    assert "to a quarter" in said(check, 693)
    assert "length of the memory" in said(check, 1000)
    assert "not one half" in said(check, 100)


def test_check_losses_of_outputs(said):
    check = chapter_04.check_losses_of_outputs
    assert said(check, (0.87, 0.92)) == "right"
    assert "wrong order" in said(check, (0.92, 0.87))
    assert "their mean" in said(check, (0.43, 0.92))
    assert "second term" in said(check, (1.27, 0.92))
    assert "-log D(G(z))" in said(check, (0.87, 0.51))
    assert "d_loss is not 3" in said(check, (3, 0.92))
    assert "g_loss is not 3" in said(check, (0.87, 3))


@pytest.mark.parametrize(
    ("update", "part"),
    [
        (lambda average, weight, decay: decay * average + (1 - decay) * weight, "right"),
        (lambda average, weight, decay: (1 - decay) * average + decay * weight, "*old*"),
        (lambda average, weight, decay: (average + weight) / 2, "after a hundred"),
    ],
)
def test_check_update_average(said, update, part):
    assert part in said(chapter_04.check_update_average, update)


def ratio(counts):
    shares = [count / sum(counts) * 10 for count in counts]
    return max(max(share, 1 / share) if share else math.inf for share in shares)


@pytest.mark.parametrize(
    ("imbalance", "part"),
    [
        (ratio, "right"),
        (lambda counts: max(counts) / sum(counts) * 10, "4 times too seldom"),
        (lambda counts: max(counts) / 100, "4 times too seldom"),
        (lambda counts: max(counts) / min(counts), "3 times the even share"),
        (lambda counts: min(ratio(counts), 9.0), "infinity"),
    ],
)
def test_check_imbalance(said, imbalance, part):
    assert part in said(chapter_04.check_imbalance, imbalance)
