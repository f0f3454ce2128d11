"""``diagnose`` on recorded runs: those it was made from, those held out, and older ones.

The rules were written with seeds 0 to 2 in view; seed 3 of every failure was recorded after the
last change to them, and is held out.
"""

from collections.abc import Iterable
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
import torch

from gan_helpers.failures import (
    ADVICE,
    COMPARISONS,
    FAILURES,
    Facts,
    diagnose,
    diagnosis,
    gather,
    load_recorded,
)
from gan_helpers.failures.diagnosis import (
    BAD_START,
    COLLAPSE,
    D_TOO_STRONG,
    D_TOO_WEAK,
    DIVERGED,
    GRADIENTS_PILE_UP,
    HEALTHY,
    NO_DIGITS,
    RATE_TOO_HIGH,
    SATURATED,
    SIGMOID_TWICE,
    WRONG_RANGE,
)
from gan_helpers.training import History, load_history

ASSETS = Path(str(resources.files("gan_helpers") / "assets"))
RIGHT = {
    "healthy": HEALTHY,
    "healthy_saturating": HEALTHY,
    "five_d_steps": HEALTHY,
    "no_batchnorm": HEALTHY,
    "article_saturating": SATURATED,
    "default_betas_saturating": SATURATED,
    "no_detach_saturating": SATURATED,
    "slow_generator": D_TOO_STRONG,
    "default_betas": D_TOO_STRONG,
    "no_detach": D_TOO_STRONG,
    "one_optimizer": D_TOO_STRONG,
    "slow_discriminator": D_TOO_WEAK,
    "tiny_discriminator": D_TOO_WEAK,
    "high_rate": RATE_TOO_HIGH,
    "zero_weights": BAD_START,
    "large_weights": BAD_START,
    "range_0_1": WRONG_RANGE,
    "range_0_255": WRONG_RANGE,
    "no_zero_grad": GRADIENTS_PILE_UP,
    "sigmoid_twice": SIGMOID_TWICE,
    "not_shuffled": COLLAPSE,
    "one_picture": COLLAPSE,
    "classes_missing": COLLAPSE,
}
# Of 23, as measured. Wrong was classes_missing, "discriminator too weak": its D is slow, too, and
# 57 % of the forty samples were digits, where the rule begins at 60 %.
HELD_OUT_RIGHT = 22


def misnamed(names: Iterable[str], seed: int) -> dict[str, str]:
    verdicts = {name: diagnose(load_recorded(name, seed)).verdict for name in names}
    return {name: verdict for name, verdict in verdicts.items() if verdict != RIGHT[name]}


# on recorded runs


def test_each_failure_is_recorded_for_four_seeds_and_has_its_verdict():
    assert set(RIGHT) == set(FAILURES)
    runs = FAILURES | COMPARISONS
    files = {file.name for file in (ASSETS / "failures").iterdir()}
    assert files == {f"{name}_{seed}.safetensors" for name in runs for seed in range(4)}
    assert sum(file.stat().st_size for file in (ASSETS / "failures").iterdir()) < 9.5e6
    for name in runs:
        about = load_recorded(name, 1).about
        assert (about["failure"], about["seed"]) == (name, "1")
        assert about["change"] == runs[name].change
        assert about["command"] == f"python recordings/record_failures.py --only {name} --seeds 1"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_runs_that_the_rules_were_made_from_are_named_right(seed):
    assert misnamed(RIGHT, seed) == {}


def test_of_the_held_out_runs_as_many_are_named_right_as_were_measured():
    wrong = misnamed(RIGHT, seed=3)
    assert len(RIGHT) - len(wrong) >= HELD_OUT_RIGHT, wrong


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_whoever_is_healthy_is_called_so_and_nobody_else(seed):
    healthy = [name for name in RIGHT if RIGHT[name] == HEALTHY]
    assert misnamed(healthy, seed) == {}
    assert HEALTHY not in misnamed(RIGHT, seed).values()


@pytest.mark.parametrize("name", ["course_10_epochs_0", "long_course"])
def test_older_runs_of_the_course_are_healthy(name):
    assert diagnose(load_history(ASSETS / f"{name}.safetensors")).verdict == HEALTHY


@pytest.mark.parametrize(
    "name", ["long_article_saturating", *(f"saturation_saturating_{k}" for k in range(5))]
)
def test_older_runs_of_the_saturating_loss_are_saturated(name):
    diagnosis = diagnose(load_history(ASSETS / f"{name}.safetensors"))
    assert diagnosis.verdict == SATURATED
    assert "log(1 - D(G(z)))" in diagnosis.evidence[1]


@pytest.mark.parametrize("seed", range(10))
def test_gradient_descent_with_the_saturating_loss_is_saturated_and_with_the_other_not(seed):
    runs = [
        load_history(ASSETS / "descent" / f"{loss}_{seed}.safetensors")
        for loss in ("saturating", "non_saturating")
    ]
    verdicts = [diagnose(run).verdict for run in runs]
    # After 1,000 steps half of the digits are still missing, and D is ahead by four in five.
    assert verdicts[0] == SATURATED and verdicts[1] in {D_TOO_STRONG, NO_DIGITS, HEALTHY}


@pytest.mark.parametrize(
    "name",
    ["article_10_epochs_0", "long_article", *(f"saturation_non_saturating_{k}" for k in range(5))],
)
def test_older_runs_of_the_article_have_no_digits(name):
    """Balanced losses, and grey clouds; in one seed, D is ahead for the time being."""
    verdict = diagnose(load_history(ASSETS / f"{name}.safetensors")).verdict
    assert verdict in ({D_TOO_STRONG} if name.endswith("saturating_3") else {NO_DIGITS})


# what it says


def test_every_verdict_comes_with_its_numbers_and_its_advice():
    for name in RIGHT:
        found = diagnose(load_recorded(name, 0))
        assert found.advice == ADVICE[found.verdict]
        assert all(sentence.endswith(".") for sentence in found.evidence)
        assert any(character.isdigit() for character in " ".join(found.evidence))
        assert str(found).startswith(f"{found.verdict}. {found.evidence[0]}")
        assert str(found).endswith(found.advice)


def test_the_evidence_is_what_was_measured():
    history = load_recorded("healthy", 0)
    facts = gather(history)
    last = torch.tensor(history.d_loss[-234:])
    assert facts.d_loss == pytest.approx(last.median().item(), abs=0.002)
    assert facts.first_d_loss == history.d_loss[0]
    pixels = history.frames[-1].flatten(1).double()
    assert facts.spread == pytest.approx(pixels.std(0, correction=0).mean().item())
    assert facts.dark == 0
    assert f"d_loss is {facts.d_loss:.2f}" in diagnose(history).evidence[0]


@pytest.mark.parametrize("change", ["stopped", "nan", "inf"])
def test_a_run_that_broke_down_has_diverged(change):
    history = load_recorded("healthy", 0)
    if change == "stopped":
        history.about["stopped"] = "The generator draws NaN."
    else:
        history.g_loss[700] = float(change)
    history.d_loss, history.g_loss = history.d_loss[600:750], history.g_loss[600:750]
    history.frames, history.frame_steps = [], []  # it ended early
    found = diagnose(history)
    assert found.verdict == DIVERGED
    assert found.evidence == [history.about.get("stopped", "Not every loss is a finite number.")]


# where a rule begins: the facts of a healthy run with one changed

FINE = Facts(
    steps=936, d_loss=1.37, g_loss=0.73, d_real=0.51, d_fake=0.49, accuracy=0.55, d_gradient=0.7,
    g_gradient=0.08, d_gradient_growth=1.6, longest_gradient=3.0, update_ratio=0.6,
    first_d_loss=1.45, first_g_loss=0.74, first_d_fake=0.48, first_update=1.1,
    highest_d=0.9, lowest_d=0.3, digits=0.92, largest_class=0.17, largest_digit=0.15, spread=37.0,
    dark=0.0,
)  # fmt: skip


@pytest.mark.parametrize(
    "changes,verdict",
    [
        ({}, HEALTHY),
        ({"longest_gradient": 0.0}, BAD_START),
        ({"first_d_loss": 2.5}, WRONG_RANGE),
        ({"first_d_loss": 2.5, "first_g_loss": -0.68}, WRONG_RANGE),
        ({"first_d_loss": 160.0, "first_g_loss": 90.0}, BAD_START),
        ({"first_d_loss": 1.7}, HEALTHY),
        ({"lowest_d": 0.5, "highest_d": 0.731, "first_d_fake": 0.62}, SIGMOID_TWICE),
        ({"lowest_d": 0.5, "highest_d": 0.53}, HEALTHY),
        ({"lowest_d": 0.5, "highest_d": 0.74}, HEALTHY),
        ({"first_update": 6.0}, RATE_TOO_HIGH),
        ({"first_update": 3.0}, HEALTHY),
        ({"d_gradient": 200.0, "d_gradient_growth": 4.0}, GRADIENTS_PILE_UP),
        ({"d_gradient": 200.0, "d_gradient_growth": 0.5}, HEALTHY),
        ({"g_loss": -0.01, "d_fake": 0.01, "accuracy": 0.99}, SATURATED),
        ({"g_loss": -0.65}, HEALTHY),
        ({"g_loss": -0.01, "d_fake": 0.01, "accuracy": 0.8}, HEALTHY),
        ({"g_loss": -0.2, "d_fake": 0.2, "accuracy": 0.99}, HEALTHY),
        ({"g_loss": 5.0, "d_fake": 0.01, "accuracy": 0.99, "digits": 0.1}, D_TOO_STRONG),
        ({"dark": 127.0}, WRONG_RANGE),
        ({"spread": 7.0}, COLLAPSE),
        ({"spread": 9.0}, HEALTHY),
        ({"d_real": 0.9, "d_fake": 0.1, "accuracy": 0.95, "digits": 0.1}, D_TOO_STRONG),
        ({"d_real": 0.9, "d_fake": 0.1, "accuracy": 0.95}, HEALTHY),  # and yet it learns
        ({"update_ratio": 0.01, "digits": 0.1}, D_TOO_WEAK),
        ({"update_ratio": 0.01}, HEALTHY),
        ({"update_ratio": 0.01, "digits": 0.1, "d_real": 0.6}, NO_DIGITS),
        ({"update_ratio": 0.01, "digits": 0.1, "d_fake": 0.8, "spread": 1.0}, D_TOO_WEAK),
        ({"digits": 0.4}, NO_DIGITS),
        ({"d_real": 0.55, "d_fake": 0.45, "digits": 0.1}, NO_DIGITS),
        ({"largest_class": 0.5}, COLLAPSE),
        ({"largest_class": 0.3}, HEALTHY),
        ({"largest_class": 0.5, "digits": 0.2, "largest_digit": 0.18}, COLLAPSE),
        ({"largest_class": 0.5, "digits": 0.2, "largest_digit": 0.1}, NO_DIGITS),
        ({"largest_class": 0.5, "digits": 0.1, "largest_digit": 0.1}, NO_DIGITS),
    ],
)
def test_each_rule_begins_where_it_should(monkeypatch, changes, verdict):
    facts = FINE._replace(**changes)
    monkeypatch.setattr(diagnosis, "gather", lambda history: facts)
    assert diagnose(History()).verdict == verdict


# what it refuses


def test_an_empty_or_short_history_is_refused():
    with pytest.raises(ValueError, match="history has 0 steps, 0 of them measured"):
        diagnose(History())
    history = load_recorded("healthy", 0)
    short = replace(history, d_loss=history.d_loss[:199])
    with pytest.raises(ValueError, match="history has 199 steps"):
        diagnose(short)
    with pytest.raises(ValueError, match="3 of them measured"):
        diagnose(replace(history, measured_steps=[0, 20, 40]))


def test_a_history_without_late_samples_is_refused():
    history = load_recorded("healthy", 0)
    for steps, frames in ([], []), ([100], history.frames[:1]):
        with pytest.raises(ValueError, match="no samples from the second half"):
            diagnose(replace(history, frame_steps=steps, frames=frames))
