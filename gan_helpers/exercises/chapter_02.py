"""The checks behind the exercises of notebook 02."""

from collections.abc import Callable

import torch

from gan_helpers.exercises import (
    answer_of,
    is_near,
    is_tried,
    number_faults,
    several,
    tensor_faults,
    verdict,
    word_faults,
)


def check_count(answer: object) -> None:
    """Check (p, q, r) of exercise 2.1: p h^2 + q h + r trained values. Introduced in notebook 02.

    The generator is 20 -> h -> 2h -> 784 with BatchNorm after both hidden layers.
    """
    tried, faults = several(answer, 3, "the numbers (p, q, r)")
    if tried and not faults:
        p, q, r = map(float, answer)
        weights, biases, batch_norm = 20 + 2 * 784, 1 + 2, 2 * (1 + 2)  # all of them times h
        right = weights + biases + batch_norm
        of_p = {
            1: "the second hidden layer has h inputs and 2h outputs.",
            0: "the weights between the hidden layers grow with h squared.",
        }
        of_q = {
            weights: "the biases and BatchNorm's values are missing in q.",
            weights + biases: "BatchNorm is missing in q: two values for each of 3h features.",
            weights
            + batch_norm: "the hidden layers' biases or half of BatchNorm's values are missing.",
            right - 1: "the bias of the first hidden layer is missing in q.",
            right - 2: "the bias of the second hidden layer is missing in q: it has 2h values.",
            right + batch_norm: "running means and variances are not trained.",
            right - 784: "the last layer has 2h inputs, so it has 2h times 784 weights.",
        }
        of_r = {0: "the biases of the last layer are missing in r."}
        otherwise = "q is not {:g}; list weights, biases and BatchNorm's values of each layer."
        faults = number_faults(p, 2, of_p, "p is not {:g}; what grows with h squared?", 0)
        faults = faults or number_faults(q, right, of_q, otherwise, 0)
        faults = faults or number_faults(r, 784, of_r, "r is not {:g}; what is free of h?", 0)
    verdict(tried, faults)


def check_without_effect(answer: object) -> None:
    """Check the number of values without effect of exercise 2.2. Introduced in notebook 02."""
    reasons = {
        256 + 512 + 784: "the last layer's biases have an effect: no BatchNorm follows them.",
        256: "that is the first hidden layer; BatchNorm follows the second one, too.",
        512: "that is the second hidden layer; BatchNorm follows the first one, too.",
        2 * (256 + 512): "BatchNorm's scale and shift come after the normalisation: they count.",
        784: "the last layer is not normalised: its biases brighten or darken a pixel.",
        0: "add 1 to all biases of a layer that BatchNorm follows, and compare the pictures.",
    }
    otherwise = "{:g} is not it; which values does subtracting the batch's mean remove?"
    verdict(answer is not ..., number_faults(answer, 256 + 512, reasons, otherwise, 0))


def check_best_smoothed(best: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> None:
    """Check exercise 2.3's best D for the labels 0.9 and 0.1. Introduced in notebook 02."""
    a = torch.tensor([0.8, 0.5, 0.1, 0.0, 0.3])
    b = torch.tensor([0.2, 0.5, 0.4, 0.7, 0.0])
    answer = answer_of(best, a.clone(), b.clone())
    right, plain = (0.9 * a + 0.1 * b) / (a + b), a / (a + b)
    reasons = [
        (0.9 * plain, "that is one-sided smoothing; now the generated images have the label 0.1."),
        (plain, "that is the best D without smoothing."),
        (1 - right, "that is 1 - D*: the label 0.9 belongs to the real images."),
        (0.9 * a + 0.1 * b, "that is A alone; divide by A + B."),
        ((0.9 * a + 0.1 * b) / (0.1 * a + 0.9 * b), "that is A / B, not A / (A + B)."),
        (0.9 * a / (0.9 * a + 0.1 * b), "each density has a part in both A and B."),
        ((0.9 * a + 0.1) / (a + b), "the label 0.1 weighs p_g, not 1."),
    ]
    tried = is_tried(answer)
    verdict(tried, tensor_faults(answer, right, reasons) if tried else [])


def check_resting_places(answer: object) -> None:
    """Check exercise 2.4's two values of D, 2/3 and 1. Introduced in notebook 02."""
    tried, faults = several(answer, 2, "(D with one loss, D with the other)")
    if tried and not faults:
        first, second = map(float, answer)
        if is_near(first, 1, 0.002) and is_near(second, 2 / 3, 0.002):
            faults = ["the two are in the wrong order: the non-saturating loss comes first."]
        elif is_near(first, 0.667, 0.06) and not is_near(first, 2 / 3, 0.002):
            faults = [f"{first:g} may be what a run prints; derive the number to three digits."]
        faults = faults or number_faults(
            first,
            2 / 3,
            {
                0.5: "that is the ordinary game; add the slope of -log D(G(z)) to the sum.",
                1 / 3: "the slope of -log D(G(z)) is D - 1, not D: the generator pulls D up.",
                0: "D is pulled up by what the generator leaves, not down.",
                1: "the sum 3 D - 2 is 0 before D = 1.",
            },
            "the first is not {:g}: set the sum of the three slopes to 0.",
            0.002,
        )
        faults = faults or number_faults(
            second,
            1,
            {
                2 / 3: "the slope of log(1 - D) is -D, not D - 1.",
                0.5: "that is the ordinary game; add the slope of log(1 - D(G(z))).",
                1 / 3: "the slope of log(1 - D) is -D: it pulls D up.",
                0: "the sum is D - 1, which is negative for every D below 1: where does l go?",
            },
            "the second is not {:g}: the slopes are D - 1, D and -D.",
            0.002,
        )
    verdict(tried, faults)


def check_two_steps(answer: object) -> None:
    """Check the outcome of exercise 2.5, a word. Introduced in notebook 02."""
    reasons = {
        "near": "",
        "above": "run it: the discriminator answers the generator's two steps with one of its own.",
        "below": "run it: why should two steps make the pictures look less real to D?",
    }
    verdict(answer is not ..., word_faults(answer, reasons))
