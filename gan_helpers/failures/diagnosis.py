"""``diagnose``: what most likely went wrong in a run, read off its history by plain rules.

The thresholds were set on seeds 0 to 2 of the recorded failures (notebook 08); seed 3 was recorded
after the last change to them, and tests/failures/test_diagnosis.py says how the rules do on it.
"""

import math
from typing import NamedTuple

import numpy as np
import torch

from gan_helpers.metrics import CLASSES, classify
from gan_helpers.training import GROUPS, History, check_history

FEWEST = 200  # steps; before that a healthy run has no digits either
REAL_DIGITS = 0.8  # of MNIST's images the classifier takes some 99 % for digits
# Of a run on other data the classifier knows nothing: no rule holds that compares with NaN.
NO_OPINION = dict.fromkeys(("digits", "largest_class", "largest_digit", "dark"), math.nan)

HEALTHY = "healthy"
DIVERGED = "diverged"
BAD_START = "bad initialisation"
WRONG_RANGE = "wrong data range"
SIGMOID_TWICE = "sigmoid twice"
RATE_TOO_HIGH = "learning rate too high"
GRADIENTS_PILE_UP = "gradients pile up"
SATURATED = "saturated loss"
D_TOO_STRONG = "discriminator too strong"
D_TOO_WEAK = "discriminator too weak"
D_OVERFITS = "discriminator overfits"
COLLAPSE = "mode collapse"
NO_DIGITS = "no digits yet"

ADVICE = {
    HEALTHY: "Go on, and judge the samples: losses cannot tell how good they are.",
    DIVERGED: "Divide the learning rate by ten. If that does not help, look at the data's range.",
    BAD_START: "Start from random weights, uniform in +-1/sqrt(fan_in) (models.initialise).",
    WRONG_RANGE: "Scale the real images to [-1, 1], the range of the generator's tanh.",
    SIGMOID_TWICE: "Take the sigmoid off the end of the discriminator: the loss expects logits.",
    RATE_TOO_HIGH: "Divide the learning rate of both players by ten.",
    GRADIENTS_PILE_UP: "Call zero_grad() on both optimisers before each backward().",
    SATURATED: "Use the non-saturating loss, -log D(G(z)); with gradient descent that is enough "
    "(notebook 03). With Adam, check its betas too (beta1 small): with the default betas D may win "
    "against either loss. Check that D's step detaches fake: else its gradient cancels G's.",
    D_TOO_STRONG: "Check Adam's betas first (beta1 small), then that D's step detaches fake, and "
    "that G's learning rate is not far below D's. Else hold the discriminator back: dropout, one "
    "step for each of G's.",
    D_TOO_WEAK: "Give the discriminator a larger network or a larger learning rate: what it "
    "cannot see, the generator does not learn.",
    D_OVERFITS: "Collect more images, or stop earlier. Else augment what D sees, real and "
    "generated alike (Karras et al. 2020), or give D fewer units.",
    COLLAPSE: "Count the classes of many samples. Check that the images are shuffled; try "
    "BatchNorm in the generator, smaller betas, a discriminator that keeps up.",
    NO_DIGITS: "If it is still young, train longer; if that does not help, try a higher learning "
    "rate, a discriminator that sees more, or the course's networks (notebook 04).",
}


class Diagnosis(NamedTuple):
    """What ``diagnose`` returns; as text it is verdict, evidence and advice in one paragraph."""

    verdict: str  # a key of ADVICE
    evidence: list[str]  # sentences, with the numbers that decided
    advice: str

    def __str__(self) -> str:
        return f"{self.verdict}. {' '.join(self.evidence)} {self.advice}"


class Facts(NamedTuple):
    """The numbers that the rules look at; medians over the last quarter, if nothing else is said.

    The samples are the forty of the last frame, named by the course's classifier.
    """

    steps: int
    d_loss: float
    g_loss: float
    d_real: float
    d_fake: float
    accuracy: float
    d_gradient: float
    g_gradient: float
    d_gradient_growth: float  # over the median of the first quarter
    longest_gradient: float  # of both players, in the whole run
    update_ratio: float  # how far D moves in a step, over how far G does
    first_d_loss: float  # before the first step
    first_g_loss: float  # after D's first step
    first_d_fake: float
    first_update: float  # how far G moved in its first step
    highest_d: float  # of all D(x) and D(G(z)), batch means
    lowest_d: float
    digits: float  # share of the samples that are digits
    largest_class: float  # share of the most frequent class, among all samples
    largest_digit: float  # share of the samples that are digits of the class most frequent so
    spread: float  # standard deviation over the samples, mean of the pixels; real digits: 45
    dark: float  # a twentieth of all pixels is darker than this; real digits: 0
    real_digits: float = 1.0  # share of the real images that are; of few, see NO_OPINION
    shown_real: float = math.nan  # shares that D calls real, where compare_held_out has measured
    held_out_real: float = math.nan


def gather(history: History) -> Facts:
    """Measure what ``diagnose`` looks at: losses, gradients, and the samples of the last frame.

    The classifier knows only digits: of a run whose real images (``history.real``) are none, what
    it says of the samples is left out, as NaN.

    Raises ``TypeError`` for what is no history and ``ValueError`` for one of fewer than 200 steps,
    with no measured steps, or without samples from its second half. Introduced in notebook 08, "The
    diagnosis".
    """
    check_history(history)
    if history.steps < FEWEST or len(history.measured_steps) < 4:
        raise ValueError(
            f"history has {history.steps} steps, {len(history.measured_steps)} of them measured; "
            f"expected at least {FEWEST} and 4: before that a healthy run shows nothing either. "
            "Train longer, or measure more often (measure_every)."
        )
    if not history.frames or history.frame_steps[-1] < history.steps / 2:
        raise ValueError(
            "history has no samples from the second half of the run; expected a frame near its "
            "end. training.record_frame(run) appends one."
        )

    def last(name: str) -> float:
        values = getattr(history, name)
        return float(np.median(values[-max(1, len(values) // 4) :]))

    quarter = len(history.measured_steps) // 4
    outputs = history.d_real + history.d_fake
    frame = history.frames[-1]
    seen = classify(frame)
    classes, is_digit = seen.probabilities.argmax(dim=1), seen.digit > 0.5
    counts = torch.bincount(classes, minlength=CLASSES)
    digit_counts = torch.bincount(classes[is_digit], minlength=CLASSES)
    pixels = frame.flatten(1).double()
    facts = Facts(
        steps=history.steps,
        d_loss=last("d_loss"),
        g_loss=last("g_loss"),
        d_real=last("d_real"),
        d_fake=last("d_fake"),
        accuracy=last("d_accuracy"),
        d_gradient=last("d_grad_norm"),
        g_gradient=last("g_grad_norm"),
        d_gradient_growth=last("d_grad_norm")
        / max(1e-30, float(np.median(history.d_grad_norm[:quarter]))),
        longest_gradient=max(history.d_grad_norm + history.g_grad_norm),
        update_ratio=last("d_update_norm") / max(1e-30, last("g_update_norm")),
        first_d_loss=history.d_loss[0],
        first_g_loss=history.g_loss[0],
        first_d_fake=history.d_fake[0],
        first_update=history.g_update_norm[0],
        highest_d=max(outputs),
        lowest_d=min(outputs),
        digits=is_digit.float().mean().item(),
        largest_class=counts.max().item() / len(frame),
        largest_digit=digit_counts.max().item() / len(frame),
        spread=pixels.std(dim=0, correction=0).mean().item(),
        dark=pixels.flatten().kthvalue(max(1, pixels.numel() // 20)).values.item(),
    )
    if "held_out" in history.about:
        shown, held_out, _ = (float(share) for share in history.about["held_out"].split())
        facts = facts._replace(shown_real=shown, held_out_real=held_out)
    if history.real is None:
        return facts
    real = (classify(history.real).digit > 0.5).float().mean().item()
    return facts._replace(real_digits=real, **(NO_OPINION if real < REAL_DIGITS else {}))


def diagnose(history: History) -> Diagnosis:
    """Name what most likely went wrong in a run, with the numbers, or say "healthy".

    The rules are asked in order and the first that holds decides: mistakes that leave a mark of
    their own, then who wins, then the samples. A history shows symptoms, so several mistakes can
    have one verdict; the advice names them.

    Errors as for ``gather``. Introduced in notebook 08, "The diagnosis".
    """
    check_history(history)
    if stopped := history.about.get("stopped"):
        return _diagnosis(DIVERGED, stopped)
    for names, what in ((GROUPS[0][:2], "loss"), (GROUPS[0] + GROUPS[1], "recorded value")):
        if not all(np.isfinite(getattr(history, name)).all() for name in names):
            return _diagnosis(DIVERGED, f"Not every {what} is a finite number.")
    facts = gather(history)
    return _mistake(facts) or _by_heart(facts) or _loser(facts) or _samples(facts)


def _diagnosis(verdict: str, *evidence: str) -> Diagnosis:
    return Diagnosis(verdict, list(evidence), ADVICE[verdict])


def _mistake(f: Facts) -> Diagnosis | None:
    """Mistakes in the program, which leave a mark that nothing else leaves."""
    start = f"Before the first step d_loss was {f.first_d_loss:.3g}, "
    if f.longest_gradient == 0:
        return _diagnosis(
            BAD_START,
            "Both gradients are exactly 0 in all steps: nothing can move.",
            f"The samples differ by {f.spread:.1f} grey levels (real digits: 45).",
        )
    # Untrained logits are within +-0.2 of 0, which makes 2 log 2 within a tenth; 2 is far off.
    if f.first_d_loss > 2:
        # Undecided on fakes, so the weights are in order: the real images are too bright.
        if abs(abs(f.first_g_loss) - 0.693) < 0.3:
            return _diagnosis(
                WRONG_RANGE,
                start + "where an untrained D gives 2 log 2 = 1.386.",
                f"On generated images it was undecided (g_loss {f.first_g_loss:.2f}; log 2: 0.69), "
                "so the real ones are out of range.",
            )
        return _diagnosis(
            BAD_START,
            start + "where small random weights give 2 log 2 = 1.386.",
            f"It was as sure on generated images (g_loss {f.first_g_loss:.3g}; log 2 is 0.69).",
        )
    # sigmoid(sigmoid(l)) lies between sigmoid(0) = 1/2 and sigmoid(1) = 0.731, and starts near
    # sigmoid(1/2) = 0.622. A D that does not move stays within that range, too, but at 1/2.
    if f.lowest_d > 0.499 and f.highest_d < 0.732 and f.first_d_fake > 0.58:
        return _diagnosis(
            SIGMOID_TWICE,
            f"All D(x) and D(G(z)) lie between {f.lowest_d:.3f} and {f.highest_d:.3f}; "
            "sigmoid(sigmoid(l)) cannot leave 0.500 to 0.731.",
            f"Before the first step D(G(z)) was {f.first_d_fake:.3f}; sigmoid(sigmoid(0)) is "
            "0.622.",
        )
    # Adam's first step moves each weight by the rate: 1.1 in all with the plain recipe, 2.1 with
    # the course's.
    if f.first_update > 5:
        return _diagnosis(
            RATE_TOO_HIGH,
            f"The first step moved the generator's weights by {f.first_update:.1f}; the plain "
            "recipe's generator has weights of length 36 in all, and is moved by 1.1.",
        )
    # A sum of gradients grows with the steps; the longest seen otherwise, last quarter, was 31.
    if f.d_gradient > 60 and f.d_gradient_growth > 1.5:
        return _diagnosis(
            GRADIENTS_PILE_UP,
            f"D's gradient has a length of {f.d_gradient:.0f}, {f.d_gradient_growth:.1f} times "
            "that of the first quarter, and grows (healthy: 1 to 6).",
            f"d_loss is {f.d_loss:.2f}.",
        )
    return None


def _by_heart(f: Facts) -> Diagnosis | None:
    """D knows its training images; only images that it has not seen can tell (NaN: none asked)."""
    if f.shown_real - f.held_out_real > 0.15:
        return _diagnosis(
            D_OVERFITS,
            f"D calls {f.shown_real:.0%} of images it was trained on real, and "
            f"{f.held_out_real:.0%} of held-out ones (healthy: alike).",
            _seen(f),
        )
    return None


def _loser(f: Facts) -> Diagnosis | None:
    """One player has nothing left to learn from the other."""
    outputs = f"D(x) is {f.d_real:.3f} and D(G(z)) {f.d_fake:.3g}; D is right on {f.accuracy:.0%}."
    # Only the saturating loss is negative; its gradient is proportional to D(G(z)).
    if f.g_loss < 0 and f.d_fake < 0.1 and f.accuracy > 0.95:
        return _diagnosis(
            SATURATED,
            f"d_loss is {f.d_loss:.2g}. {outputs}",
            f"G's loss, log(1 - D(G(z))), is flat there: its gradient is {f.g_gradient:.2g}.",
        )
    # Four in five pixels of a digit are black; images in [0, 1] have nothing below grey.
    if f.dark > 90:
        return _diagnosis(
            WRONG_RANGE,
            f"Of the samples' pixels 95 % are brighter than {f.dark:.0f} of 255: no black at all, "
            "though four in five pixels of a digit are black.",
            f"d_loss is {f.d_loss:.2g}. {outputs}",
        )
    # A D that tells nothing apart may be the sign of perfect samples, or of a D that hardly moves.
    if f.digits < 0.6 and f.d_real - f.d_fake < 0.03 and f.update_ratio < 0.1:
        return _diagnosis(
            D_TOO_WEAK,
            f"D(x) is {f.d_real:.3f} and D(G(z)) {f.d_fake:.3f}: D tells nothing apart, though the "
            "samples are poor.",
            f"In a step D moves {f.update_ratio:.2g} times as far as G (healthy: 0.6).",
            _seen(f),
        )
    # Forty z and one picture: who wins matters no more.
    if f.spread < 8:
        return _diagnosis(
            COLLAPSE,
            f"The samples differ by {f.spread:.1f} grey levels (real digits: 45): every z gives "
            "the same picture.",
            f"d_loss is {f.d_loss:.2g}. {outputs}",
        )
    # A D that is ahead and digits that are good: no failure (five D steps a step, say). Where
    # nobody says how good the samples are, D has to be further ahead than with those steps.
    ahead = f.digits < 0.75 and f.accuracy > 0.75 and f.d_real - f.d_fake > 0.25
    if ahead or math.isnan(f.digits) and f.accuracy > 0.95 and f.d_real - f.d_fake > 0.7:
        return _diagnosis(
            D_TOO_STRONG,
            f"d_loss is {f.d_loss:.2g} (undecided: 1.386) and g_loss {f.g_loss:.3g}. {outputs}",
            _seen(f),
        )
    return None


def _samples(f: Facts) -> Diagnosis:
    """The losses look healthy; what do the samples say?"""
    balance = f"d_loss is {f.d_loss:.2f} (undecided: 1.386), D is right on {f.accuracy:.0%}."
    # Ten even classes put 14 of 40 samples in one of them twice in 10,000 times. But the
    # classifier takes the clouds of a young run for one class: while few samples are digits, three
    # quarters of those (and of 7 of 40 at least) have to be of one class.
    clear = f.digits >= 0.5 or f.digits >= 0.17 and f.largest_digit >= 0.75 * f.digits
    if clear and f.largest_class >= 0.35:
        return _diagnosis(
            COLLAPSE,
            balance,
            f"But {f.largest_class:.0%} of the samples are of one class, and they differ by "
            f"{f.spread:.0f} grey levels (real digits: 45).",
        )
    if f.digits < 0.5:
        age = f"The run has made {f.steps:,} steps; the course's recipe has digits after some 400."
        return _diagnosis(NO_DIGITS, balance, _seen(f), age)
    return _diagnosis(HEALTHY, balance, _seen(f))


def _seen(f: Facts) -> str:
    if math.isnan(f.digits):
        return (
            f"The classifier knows only digits, and takes {f.real_digits:.0%} of the run's real "
            "images for some: it has no opinion on the samples, so look at them."
        )
    return (
        f"To the classifier {f.digits:.0%} of the samples are digits; the most frequent class "
        f"has {f.largest_class:.0%}."
    )
