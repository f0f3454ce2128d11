"""The checks behind the exercises of notebook 01."""

import math
from collections.abc import Callable

import torch

from gan_helpers.exercises import (
    answer_of,
    is_near,
    is_tried,
    no_numbers,
    number_faults,
    tensor_faults,
    verdict,
)


def check_half_overlap(answer: object) -> None:
    """Check V(D*, G) of exercise 1.1, two boxes that overlap by half. Introduced in notebook 01."""
    reasons = {
        -2 * math.log(2): "that is V where D* is 1/2 for every sample, on boxes that coincide.",
        math.log(2): "a mean of logarithms of probabilities is never positive; look at the sign.",
        0.0: "that is V for boxes that share no mass; on [1, 2] D* cannot be sure.",
        math.log(2) / 2: "that is JSD(p_data, p_g); V is -log 4 + 2 JSD.",
        -math.log(2) / 2: "that is one of the two terms only, or their mean; V is their sum.",
        -1.0: "that is V in bits; this course takes the natural logarithm, so that V is in nats.",
    }
    otherwise = "V is not {:g}; find D* on [0, 1], [1, 2] and [2, 3] in turn."
    verdict(answer is not ..., number_faults(answer, -math.log(2), reasons, otherwise, 0.005))


def check_optimal_discriminator(
    best_d: Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor],
) -> None:
    """Check exercise 1.2's D* for batches with a share of real samples. Introduced in notebook 01.

    ``best_d(p_data, p_g, real_share)`` gets densities of shape (3,) and a number in (0, 1).
    """
    p_data, p_g, share = torch.tensor([0.1, 0.3, 0.2]), torch.tensor([0.4, 0.1, 0.2]), 0.75
    answer = answer_of(best_d, p_data, p_g, share)
    tried = is_tried(answer)
    real, fake = share * p_data, (1 - share) * p_g
    other = (1 - share) * p_data / ((1 - share) * p_data + share * p_g)
    reasons = [
        (p_data / (p_data + p_g), "real_share is not used; that is D* for equally many samples."),
        (fake / (real + fake), "that is the probability of being generated, which is 1 - D*."),
        (other, "the shares are exchanged: real_share belongs to p_data."),
        (real / (p_data + p_g), "the sum below the line must weigh both densities too."),
        (real / fake, "that is the ratio of real to generated, which leaves [0, 1]."),
    ]
    verdict(tried, tensor_faults(answer, real / (real + fake), reasons) if tried else [])


def check_neuron(weight: object, bias: object) -> None:
    """Check exercise 1.3's neuron: real N(0, 1), generated N(2, 1). Introduced in notebook 01."""
    tried = weight is not ... and bias is not ...
    reasons = {
        (2, -2): "that is log(p_g / p_data), the ratio upside down: real x would get D < 1/2.",
        (2, 2): "that neuron belongs to generated samples around -2; here they lie around +2.",
        (-2, 0): "the weight is right; but at x = 1, halfway, both densities are equal.",
        (-2, -2): "the weight is right; but at x = 1, halfway, the logit must be 0.",
        (-4, 4): "the exponents are -x^2 / 2 and -(x - 2)^2 / 2: the 1/2 is missing.",
    }
    faults = no_numbers(weight, bias) if tried else []
    if tried and not faults:
        w, b = float(weight), float(bias)
        known = [
            text
            for (wrong_w, wrong_b), text in reasons.items()
            if is_near(w, wrong_w, 0.01) and is_near(b, wrong_b, 0.01)
        ]
        if not (is_near(w, -2, 0.01) and is_near(b, 2, 0.01)):
            faults = known or [
                f"at x = 0 your logit is {b} and at x = 1 it is {w + b}; subtract the "
                "logarithms of the two densities there."
            ]
    verdict(tried, faults)


def check_maximum_likelihood_loss(loss: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Check exercise 1.4's generator loss, -mean exp(l), from logits. Introduced in notebook 01."""
    fake_logits = torch.tensor([[-2.0], [0.0], [1.5]])
    answer = answer_of(loss, fake_logits)
    tried = is_tried(answer)
    right = -fake_logits.exp().mean()
    reasons = [
        (-right, "its sign is wrong: going down that loss makes the logits smaller."),
        (3 * right, "it is the sum over the batch; a loss is the mean."),
        (-fake_logits.exp(), "it gives a value for each logit; a loss is one number, their mean."),
        (-(-fake_logits).exp().mean(), "that is p_g / p_data, the ratio upside down."),
        (-fake_logits.sigmoid().mean(), "sigmoid(l) is D, a probability; the ratio is exp(l)."),
        (-fake_logits.sigmoid().exp().mean(), "exp takes the logit itself, not D = sigmoid(l)."),
        (-fake_logits.mean().exp(), "it takes the exp of the mean; take the mean of the exp."),
    ]
    verdict(tried, tensor_faults(answer, right, reasons) if tried else [])
