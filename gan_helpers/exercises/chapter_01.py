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
    several,
    tensor_faults,
    verdict,
)


def check_half_missing(answer: object) -> None:
    """Check V(D*, G) of exercise 1.1, half of the data dropped. Introduced in notebook 01."""
    right = _value_of_share(0.5)
    reasons = {
        -2 * math.log(2): "that is V where D* is 1/2 for every sample, on boxes that coincide.",
        -math.log(2): "that is the worked-out pair; here p_g is twice as high as p_data.",
        -right: "a mean of logarithms of probabilities is never positive; look at the sign.",
        math.log(1 / 3) / 2: "that is the real samples' term only; p_g log(1 - D*) is missing.",
        math.log(2 / 3): "that is the fakes' term only; p_data log D* is missing.",
        math.log(2 / 3) / 2 + math.log(1 / 3): "D* is 1/3 on [0, 1], not 2/3: fakes are denser.",
        math.log(1 / 3) + math.log(2 / 3): "p_data is 1/2, so that its term counts half.",
        right / 2 + math.log(2): "that is JSD(p_data, p_g); V is -log 4 + 2 JSD.",
    }
    otherwise = "V is not {:g}; D* is 1/3 on [0, 1]. Put it into p_data log D + p_g log(1 - D)."
    verdict(answer is not ..., number_faults(answer, right, reasons, otherwise, 0.003))


def _value_of_share(share: float) -> float:
    """V(D*, G) when G covers a share of the data evenly, and nothing else; share in (0, 1]."""
    return share * math.log(share / (1 + share)) - math.log(1 + share)


def check_value_of_share(value: Callable[[torch.Tensor], object]) -> None:
    """Check V(D*, G) of exercise 1.1, a share s of the data covered. Introduced in notebook 01.

    ``value(s)`` gets a share in (0, 1], float64, shape ().
    """
    shares = torch.tensor([0.5, 0.9, 0.2], dtype=torch.float64)
    answers = [answer_of(value, share) for share in shares]
    tried = all(is_tried(answer) for answer in answers)
    faults = no_numbers(*answers) if tried else []
    if tried and not faults:
        log = math.log
        reasons = [
            (lambda s: -_value_of_share(s), "that is d_loss, -V; V is never positive."),
            (lambda s: _value_of_share(s) / 2 + log(2), "that is JSD; V is -log 4 + 2 JSD."),
            (lambda s: log(s) - 2 * log(1 + s), "only a share s of the data lies on [0, s]."),
            (lambda s: s * (log(s) - 2 * log(1 + s)), "all of the fakes lie on [0, s], not s."),
            (lambda s: log(s) - (1 + s) * log(1 + s), "D* and 1 - D* are exchanged."),
            (lambda s: -(1 + s) * log(2), "D* is not 1/2 on [0, s]: p_g is 1/s there."),
            (lambda s: -log(4), "that is V of a generator that misses nothing, whatever s is."),
        ]
        found = [float(answer) for answer in answers]
        known = [text for wrong, text in [(_value_of_share, ""), *reasons] if _is(found, wrong)]
        faults = [text for text in known if text] or (
            [] if known else [f"V(0.5) is {found[0]:.3f}; the half-worked part says -0.955."]
        )
        if not known and is_near(found[0], _value_of_share(0.5), 1e-3):
            faults = [f"V(0.5) is right, but V(0.9) is {found[1]:.3f} and should be -1.314."]
    verdict(tried, faults)


def _is(found: list[float], function: Callable[[float], float]) -> bool:
    """Whether ``found`` are the function's values at the shares that are asked for."""
    return all(
        is_near(value, function(s), 1e-3) for value, s in zip(found, (0.5, 0.9, 0.2), strict=True)
    )


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
        (-fake_logits.mean(), "that is the loss of KL(p_g, p_data), line 2 of the chapter."),
    ]
    verdict(tried, tensor_faults(answer, right, reasons) if tried else [])


def check_chi_square_loss(loss: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Check exercise 1.4's loss of chi-square, 2 mean exp(-l). Introduced in notebook 01."""
    fake_logits = torch.tensor([[-2.0], [0.0], [1.5]])
    answer = answer_of(loss, fake_logits)
    tried = is_tried(answer)
    right = 2 * (-fake_logits).exp().mean()
    reasons = [
        (right / 2, "the factor 2 is lost: the derivative of p_g^2 is 2 p_g times that of p_g."),
        (-right, "its sign is wrong: going down that loss makes the logits smaller."),
        (-right / 2, "its sign is wrong, and the factor 2 is lost."),
        (3 * right, "it is the sum over the batch; a loss is the mean."),
        (2 * (-fake_logits).exp(), "it gives a value for each logit; a loss is their mean."),
        (2 * fake_logits.exp().mean(), "that is p_data / p_g, the ratio upside down."),
        (-fake_logits.exp().mean(), "that is the loss of KL(p_data, p_g), the one before."),
        (right / 2 - 1, "that is the value of chi-square; its gradient is asked for."),
        (-fake_logits.mean(), "that is the loss of KL(p_g, p_data), line 2 of the chapter."),
    ]
    verdict(tried, tensor_faults(answer, right, reasons) if tried else [])


def check_neuron_value(answer: object) -> None:
    """Check V of exercise 1.5's neuron, trained to the end. Introduced in notebook 01."""
    reasons = {
        -0.938: "that is V of D*; no straight line of logits earns as much.",
        -2 * math.log(2): "that is V of a D that says 1/2; the neuron is not trained.",
        1.040: "that is d_loss; V is -d_loss.",
        0.346: "that is what the neuron earns above -log 4; V itself is asked for.",
        0.773: "that is a share of what is to be earned; V itself, in nats, is asked for.",
    }
    otherwise = (
        "V is not {:g}; train for 1,000 steps, then take densities.value_function on the grid x."
    )
    verdict(answer is not ..., number_faults(answer, -1.040, reasons, otherwise, 0.02))


def check_seven_of_eight(real_d: object, fake_d: object) -> None:
    """Check exercise 1.6's answers to four real samples and four fakes. Introduced in notebook 01.

    Both losses must be those of the equilibrium, and D right on seven samples of eight.
    """
    given = [_numbers_in(answers) for answers in (real_d, fake_d)]
    tried = not any(one is ... for one in (real_d, fake_d, *given[0][0], *given[1][0]))
    faults = [fault for _, fault in given if fault] if tried else []
    if tried and not faults:
        real, fake = (torch.tensor(values, dtype=torch.float64) for values, _ in given)
        d_loss = (-real.log().mean() - (-fake).log1p().mean()).item()
        g_loss = -fake.log().mean().item()
        right_on = int((real > 0.5).sum() + (fake < 0.5).sum())
        if (real == 0.5).all() and (fake == 0.5).all():
            faults = ["always 1/2 has these losses, but it is right on no sample."]
        elif right_on < 7:
            faults = [f"D is right on {right_on} of 8: above 1/2 on real, below it on fakes."]
        elif not is_near(g_loss, math.log(2), 0.005):
            all_right = " With all four fakes below 1/2 it cannot be 0.693." * (fake < 0.5).all()
            faults = [f"g_loss, the mean of -log D over the fakes, is {g_loss:.3f}.{all_right}"]
        elif not is_near(d_loss, math.log(4), 0.005):
            faults = [f"g_loss is right, but d_loss is {d_loss:.3f}; move the real answers."]
    verdict(tried, faults)


def _numbers_in(answers: object) -> tuple[list, list[str]]:
    """Four answers in (0, 1) as a list, and what is wrong with them."""
    if isinstance(answers, torch.Tensor):
        answers = answers.flatten().tolist()
    if not isinstance(answers, (list, tuple)) or len(answers) != 4:
        what = f"{len(answers)} of them" if isinstance(answers, (list, tuple)) else "no list"
        return [], [f"four answers are expected for each kind; here are {what}."]
    if any(answer is ... for answer in answers):
        return list(answers), []
    if faults := no_numbers(*answers):
        return [], faults
    values = [float(answer) for answer in answers]
    if not all(0 < value < 1 for value in values):
        return [], ["an answer of D is a probability, above 0 and below 1; pass no logits."]
    return values, []


def check_more_steps_for_d(answers: object) -> None:
    """Check exercise 1.7's JSD of three seeds with k = 10. Introduced in notebook 01."""
    if isinstance(answers, torch.Tensor):
        answers = answers.flatten().tolist()
    tried, faults = several(answers, 3, "the JSD of seeds 0, 1 and 2")
    if tried and not faults:
        values = [float(answer) for answer in answers]
        if not all(-1.4 < value < 0.7 for value in values):
            faults = [f"{max(values):g} is no JSD, which lies between 0 and 0.693."]
        elif min(values) < -1e-3:
            faults = ["JSD is never negative; view.bound is -log 4 + 2 JSD. Solve for JSD."]
        elif min(values) > 0.35:
            faults = ["that is the game with k = 1; was d_steps replaced?"]
        elif max(values) > 0.05:
            faults = [f"{max(values):.3f} is too large; take k = 10 and the last five views."]
    verdict(tried, faults)
