"""The checks behind the exercises: not tried yet, the reasons of wrong answers, and right."""

import math

import pytest
import torch

from gan_helpers import exercises

NOT_TRIED = "not tried yet: replace the dots with your answer and run the cell again."


@pytest.fixture
def said(capsys):
    """Call a check and return the one line that it prints."""

    def call(check, *answer):
        check(*answer)
        (line,) = capsys.readouterr().out.splitlines()
        return line

    return call


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
        (exercises.check_half_overlap, (...,)),
        (exercises.check_optimal_discriminator, (undone,)),
        (exercises.check_optimal_discriminator, (dots,)),
        (exercises.check_neuron, (..., ...)),
        (exercises.check_neuron, (2.0, ...)),
        (exercises.check_maximum_likelihood_loss, (undone,)),
        (exercises.check_maximum_likelihood_loss, (dots,)),
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
    line = said(exercises.check_half_overlap, answer)
    assert line.startswith("not right, because ") and reason in line


@pytest.mark.parametrize("answer", [-0.693, -0.69, -math.log(2)])
def test_half_overlap_right(said, answer):
    assert said(exercises.check_half_overlap, answer) == "right"


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
    line = said(exercises.check_optimal_discriminator, function)
    assert line.startswith("not right, because ") and reason in line


def test_optimal_discriminator_right(said):
    def best_d(p_data, p_g, real_share):
        return 1 / (1 + (1 - real_share) * p_g / (real_share * p_data))

    assert said(exercises.check_optimal_discriminator, best_d) == "right"


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
    line = said(exercises.check_neuron, weight, bias)
    assert line.startswith("not right, because ") and reason in line


def test_neuron_right(said):
    assert said(exercises.check_neuron, -2, 2.0) == "right"


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
    line = said(exercises.check_maximum_likelihood_loss, loss)
    assert line.startswith("not right, because ") and reason in line


def test_maximum_likelihood_loss_right(said):
    def loss(fake_logits):
        return -torch.exp(fake_logits).mean()

    assert said(exercises.check_maximum_likelihood_loss, loss) == "right"
