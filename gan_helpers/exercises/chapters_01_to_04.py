"""The checks behind the exercises of notebooks 01 to 04."""

import math
from collections.abc import Callable

import torch
from torch import nn

from gan_helpers.exercises.verdict import tensor_faults, verdict

# --- notebook 01 --------------------------------------------------------------------------------


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
    faults = []
    if answer is not ... and abs(answer + math.log(2)) > 0.005:
        known = [text for value, text in reasons.items() if abs(answer - value) < 0.005]
        faults = known or [f"V is not {answer}; find D* on [0, 1], [1, 2] and [2, 3] in turn."]
    verdict(answer is not ..., faults)


def check_optimal_discriminator(
    best_d: Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor],
) -> None:
    """Check exercise 1.2's D* for batches with a share of real samples. Introduced in notebook 01.

    ``best_d(p_data, p_g, real_share)`` gets densities of shape (3,) and a number in (0, 1).
    """
    p_data, p_g, share = torch.tensor([0.1, 0.3, 0.2]), torch.tensor([0.4, 0.1, 0.2]), 0.75
    answer = best_d(p_data, p_g, share)
    tried = answer is not None and answer is not ...
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
    faults = []
    if tried and max(abs(weight + 2), abs(bias - 2)) > 0.01:
        known = [
            text for (w, b), text in reasons.items() if max(abs(weight - w), abs(bias - b)) < 0.01
        ]
        faults = known or [
            f"at x = 0 your logit is {bias} and at x = 1 it is {weight + bias}; subtract the "
            "logarithms of the two densities there."
        ]
    verdict(tried, faults)


def check_maximum_likelihood_loss(loss: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Check exercise 1.4's generator loss, -mean exp(l), from logits. Introduced in notebook 01."""
    fake_logits = torch.tensor([[-2.0], [0.0], [1.5]])
    answer = loss(fake_logits)
    tried = answer is not None and answer is not ...
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


# --- notebook 02 --------------------------------------------------------------------------------


def check_shapes(answer: object) -> None:
    """Check the four shapes of exercise 2.1 (a list of tuples). Introduced in notebook 02."""
    expected = [(64, 300), (64, 600), (64, 784), (64, 1, 28, 28)]
    faults = []
    if answer is not ... and [tuple(shape) for shape in answer] != expected:
        given = [tuple(shape) for shape in answer]
        if len(given) != 4:
            faults.append(f"it has {len(given)} shapes; three linear layers and the images make 4.")
        elif any(shape[:1] != (64,) for shape in given):
            faults.append("the batch stays first in every shape: 64 vectors make 64 pictures.")
        elif given[3] == (64, 28, 28):
            faults.append("images keep their colour channel: (N, 1, 28, 28).")
        else:
            wrong = next(i for i in range(4) if given[i] != expected[i])
            faults.append(f"shape {wrong + 1} is not {given[wrong]}; what does a layer put out?")
    verdict(answer is not ..., faults)


def check_parameter_count(answer: object) -> None:
    """Check the number of trainable values of exercise 2.2. Introduced in notebook 02."""
    weights = 20 * 300 + 300 * 600 + 600 * 784
    biases, batch_norm = 300 + 600 + 784, 2 * (300 + 600)
    reasons = {
        weights: "the biases and BatchNorm's scales and shifts are missing.",
        weights + biases: "BatchNorm has a scale and a shift for each of its features.",
        weights + batch_norm: "each linear layer also has a bias for each output.",
        weights + biases + batch_norm // 2: "BatchNorm has a scale and a shift: two values each.",
        weights + biases + 2 * batch_norm: "running means and variances are not trained.",
    }
    right = answer == weights + biases + batch_norm
    reason = reasons.get(answer, f"{answer} is not n m + m for each linear layer plus BatchNorm.")
    verdict(answer is not ..., [] if right else [reason])


def check_normalise(normalise: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Compare exercise 2.3's function with ``nn.BatchNorm1d``. Introduced in notebook 02."""
    features = 3 + 0.01 * torch.randn(16, 5, generator=torch.Generator().manual_seed(0))
    answer = normalise(features.clone())
    tried = answer is not None and answer is not ...
    faults = []
    if tried:
        expected = nn.BatchNorm1d(5)(features).detach()
        along_rows = (features - features.mean(1, keepdim=True)) / features.std(1, keepdim=True)
        deviations = features - features.mean(0)
        if answer.shape != features.shape:
            faults.append(f"the shape changed from (16, 5) to {tuple(answer.shape)}.")
        elif torch.allclose(answer, along_rows, atol=0.2):
            faults.append(
                "it averages over the features; BatchNorm averages over the batch (dim 0)."
            )
        elif torch.allclose(answer, deviations / features.std(0), rtol=1e-3):
            faults.append("the variance divides by N, not N - 1 (unbiased=False), plus 0.00001.")
        elif torch.allclose(answer, deviations / features.std(0, unbiased=False), rtol=1e-3):
            faults.append("the small constant 0.00001 under the root is missing.")
        elif not torch.allclose(answer, expected, atol=1e-4):
            faults.append(
                "the values differ from nn.BatchNorm1d; compare each step with the formula."
            )
    verdict(tried, faults)


# --- notebook 03 --------------------------------------------------------------------------------


def check_slope_ratio(answer: object) -> None:
    """Check exercise 3.1's ratio of the two losses' slopes at D(G(z)) = 0.001.

    Introduced in notebook 03.
    """
    reasons = {
        0.001: "that is D(G(z)) itself, the slope of the saturating loss (without its sign).",
        1000: "the slopes are 1 - D and D: their ratio is a little less than 1 / D.",
        1 / 999: "that is saturating over non-saturating; the question asks the other way round.",
    }
    faults = []
    if answer is not ... and abs(answer - 999) > 0.5:
        near = [text for value, text in reasons.items() if abs(answer - value) < 1e-4 * value]
        faults = near or [f"{answer} is not (1 - D) / D at D = 0.001."]
    verdict(answer is not ..., faults)


def check_accuracy(accuracy: Callable[[torch.Tensor, torch.Tensor], float]) -> None:
    """Check exercise 3.2's accuracy of D from logits. Introduced in notebook 03."""
    real_logits = torch.tensor([[2.0], [0.3], [0.4], [0.45], [-1.0]])
    fake_logits = torch.tensor([[-3.0], [-0.2], [0.2], [0.3], [1.0]])
    answer = accuracy(real_logits, fake_logits)
    tried = answer is not None and answer is not ...
    reasons = {
        0.8: "it counts real images only; a generated one with a negative logit is right too.",
        0.4: "it counts one kind of image only; both count, out of all images.",
        0.5: "it takes 0.5 as the threshold of the logit; D > 1/2 means a logit above 0.",
    }
    faults = []
    if tried and abs(float(answer) - 0.6) > 1e-6:
        known = [text for share, text in reasons.items() if abs(float(answer) - share) < 1e-6]
        faults = known or [f"it gives {float(answer):.3f} where 6 of 10 answers are right: 0.600."]
    verdict(tried, faults)


def check_adam_memory(answer: object) -> None:
    """Check exercise 3.3: steps until Adam's denominator has halved. Introduced in notebook 03."""
    exact = math.log(4) / -math.log(0.999)  # 1386: the root halves when the average falls to 1/4
    faults = []
    if answer is not ... and abs(answer - exact) > 5:
        if abs(answer - exact / 2) < 5:
            faults = ["the root of the average must halve, so the average must fall to a quarter."]
        elif abs(answer - 1000) < 1:
            faults = ["1 / (1 - 0.999) is the length of the memory; solve 0.999^n = 1/4."]
        else:
            faults = [f"0.999^{answer} is {0.999**answer:.3f}, and its root is not one half."]
    verdict(answer is not ..., faults)


# --- notebook 04 --------------------------------------------------------------------------------


def check_losses_of_outputs(answer: object) -> None:
    """Check exercise 4.1's pair (d_loss, g_loss) for D(x) = 0.7, D(G(z)) = 0.4.

    Introduced in notebook 04.
    """
    d_loss, g_loss = -math.log(0.7) - math.log(0.6), -math.log(0.4)  # 0.87, 0.92
    faults = []
    if answer is not ...:
        d, g = answer
        if abs(d - g_loss) < 0.01 and abs(g - d_loss) < 0.01:
            faults.append("the two losses are in the wrong order.")
        elif abs(d - d_loss / 2) < 0.01:
            faults.append("d_loss is the sum of its two terms; that is their mean.")
        elif abs(d + math.log(0.7) + math.log(0.4)) < 0.01:
            faults.append("the second term of d_loss is -log(1 - D(G(z))), with D(G(z)) = 0.4.")
        elif abs(g + math.log(0.6)) < 0.01 or abs(g - math.log(0.6)) < 0.01:
            faults.append("the non-saturating g_loss is -log D(G(z)), not log(1 - D(G(z))).")
        elif abs(d - d_loss) > 0.01:
            faults.append(f"d_loss is not {d}; use the natural logarithm and both terms.")
        elif abs(g - g_loss) > 0.01:
            faults.append(f"g_loss is not {g}; it is -log D(G(z)).")
    verdict(answer is not ..., faults)


def check_update_average(update_average: Callable[[float, float, float], float]) -> None:
    """Check exercise 4.2's running average over a hundred weights. Introduced in notebook 04."""
    first = update_average(0.0, 1.0, 0.9)
    tried = first is not None and first is not ...
    faults = []
    if tried:
        average, expected = 0.0, 0.0
        for weight in range(100):
            average = update_average(average, float(weight), 0.9)
            expected = 0.9 * expected + 0.1 * weight
        if abs(first - 0.9) < 1e-6:
            faults.append("decay is the share of the *old* average; yours weighs the new one so.")
        elif abs(average - expected) > 1e-6:
            faults.append(f"after a hundred weights it is {average:.3f}, not {expected:.3f}.")
    verdict(tried, faults)


def check_imbalance(imbalance: Callable[[list[int]], float]) -> None:
    """Check exercise 4.3's largest ratio between shares. Introduced in notebook 04."""
    often = [300, *[78] * 8, 76]  # 0 three times too often
    seldom = [25, *[108] * 8, 111]  # 0 four times too seldom
    missing = [0, *[111] * 8, 112]
    answers = imbalance(often)
    tried = answers is not None and answers is not ...
    faults = []
    if tried:
        if abs(answers - 3) > 0.01:
            faults.append(f"300 of 1,000 is 3 times the even share; yours gives {answers:.2f}.")
        elif abs(imbalance(seldom) - 4) > 0.01:
            faults.append(
                f"25 of 1,000 is 4 times too seldom; yours gives {imbalance(seldom):.2f}."
            )
        elif imbalance([2 * count for count in often]) != answers:
            faults.append("twice as many samples must not change it: divide by their number.")
        elif imbalance(missing) != math.inf:
            faults.append("a missing digit must give infinity (math.inf).")
    verdict(tried, faults)
