"""The checks behind the exercises: not tried yet, the reason of each known wrong answer, and right.

Each table has a check, and what it says of an answer: "right", or a part of the reason.
"""

import math
from statistics import mean, variance

import numpy as np
import pytest
import torch

from gan_helpers import exercises
from gan_helpers.exercises import chapter_01 as one
from gan_helpers.exercises import chapter_02 as two
from gan_helpers.exercises import chapter_03 as three
from gan_helpers.exercises import chapter_04 as four
from gan_helpers.exercises import chapter_05 as five
from gan_helpers.exercises import chapter_06 as six
from gan_helpers.exercises import chapter_07 as seven
from gan_helpers.exercises import chapter_08 as eight
from gan_helpers.exercises import chapter_10 as ten
from gan_helpers.exercises import chapter_11 as eleven
from gan_helpers.games import ring

LOG2 = math.log(2)


def check_neuron(pair):
    one.check_neuron(*pair)


def check_seven_of_eight(pair):
    one.check_seven_of_eight(*pair)


def check_verdict(pair):
    exercises.verdict(*pair)


# --- answers that take more than a line ---------------------------------------------------------


def ratio(counts):
    shares = [count / sum(counts) * 10 for count in counts]
    return max(max(share, 1 / share) if share else math.inf for share in shares)


def angle(a, b):
    return torch.arccos((a @ b) / (a.norm() * b.norm()))


def arc(a, b, t):
    w = angle(a, b)
    return (torch.sin((1 - t) * w) * a + torch.sin(t * w) * b) / torch.sin(w)


def rescaled(a, b, t):
    return ((1 - t) * a + t * b) / ((1 - t) ** 2 + t**2) ** 0.5


def coordinate(z, v, value):
    return z + (value - z @ v)[:, None] * v


def coordinate_in_place(z, v, value):
    z += (value - z @ v)[:, None] * v
    return z


def slope(generator, x, z, mean=True):
    z = z.detach().requires_grad_()
    errors = (generator(z) - x).square()
    (gradient,) = torch.autograd.grad(errors.mean() if mean else errors.sum(), z)
    return gradient


def step_with_backward(generator, x, z, rate, tidy=True):
    z = z.detach().requires_grad_()
    (generator(z) - x).square().mean().backward()
    if tidy:
        generator.zero_grad()
    return z - rate * z.grad  # still in the graph


def error(*sets):
    """The standard error of a mean, or of a difference of means."""
    return math.sqrt(sum(variance(numbers) / len(numbers) for numbers in sets))


def better(first, second):
    return mean(second) - mean(first) > 2 * error(first, second)


def half(r, beta2):
    return math.log(3 * r**2 / (1 - r**2)) / math.log(beta2)


def update(a, b, rate):
    b = b + rate * a
    return a - rate * b, b


RING = ring(std=0.1)
FOOLING = torch.cat((RING.centres, RING.centres[:1].repeat(1000, 1)))  # one point, and a collapse


# --- the tables ---------------------------------------------------------------------------------

# D is wrong on 18 of 20 images, and its loss is 2 log 2.
WRONG_AT_1386 = ([0.48] * 9 + [0.722], [0.52] * 9 + [0.278])
MIXTURES = torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 1]]).repeat(3, 1)
ANSWERS = {
    check_verdict: [
        ((False, []), "not tried yet: replace the dots"),
        ((True, ["first.", "second."]), "not right, because first."),
        ((True, []), "right"),
    ],
    one.check_half_missing: [
        (-0.955, "right"), (-0.9548, "right"), (-1.386, "1/2 for every sample"),
        (-0.693, "the worked-out pair"), (0.955, "never positive"), (-0.549, "real samples' term"),
        (-0.405, "fakes' term"), (-1.301, "not 2/3"), (-1.504, "counts half"),
        (0.216, "that is JSD"), (-0.8, "V is not -0.8"), ("-0.955", "no number"),
    ],
    one.check_value_of_share: [
        (lambda s: s * math.log(s / (1 + s)) - math.log(1 + s), "right"),
        (lambda s: s * torch.log(s / (1 + s)) - torch.log(1 + s), "right"),
        (lambda s: math.log(1 + s) - s * math.log(s / (1 + s)), "that is d_loss"),
        (lambda s: (s * math.log(s / (1 + s)) - math.log(1 + s)) / 2 + LOG2, "that is JSD"),
        (lambda s: math.log(s / (1 + s)) - math.log(1 + s), "only a share s of the data"),
        (lambda s: s * math.log(s / (1 + s)) - s * math.log(1 + s), "all of the fakes"),
        (lambda s: s * math.log(1 / (1 + s)) + math.log(s / (1 + s)), "exchanged"),
        (lambda s: -(1 + s) * LOG2, "not 1/2"), (lambda s: -2 * LOG2, "misses nothing"),
        (lambda s: -s, "V(0.5) is -0.500"), (lambda s: -0.95477, "V(0.5) is right"),
    ],
    one.check_optimal_discriminator: [
        (lambda p, q, s: 1 / (1 + (1 - s) * q / (s * p)), "right"),
        (lambda p, q, s: p / (p + q), "real_share is not used"),
        (lambda p, q, s: (1 - s) * q / (s * p + (1 - s) * q), "1 - D*"),
        (lambda p, q, s: (1 - s) * p / ((1 - s) * p + s * q), "exchanged"),
        (lambda p, q, s: s * p / (p + q), "below the line"),
        (lambda p, q, s: s * p / ((1 - s) * q), "leaves [0, 1]"),
        (lambda p, q, s: (s * p).sum(), "the shape is ()"),
        (lambda p, q, s: p, "the values differ"), (lambda p, q, s: 0.5, "returns float"),
    ],
    check_neuron: [
        ((2.0, ...), "not tried yet"), ((-2, 2.0), "right"), ((2, -2), "upside down"),
        ((2, 2), "around -2"), ((-2, 0), "halfway"), ((-2, -2), "the logit must be 0"),
        ((-4, 4), "the 1/2 is missing"),
        ((1.0, 3.0), "at x = 0 your logit is 3.0 and at x = 1 it is 4.0"),
    ],
    one.check_maximum_likelihood_loss: [
        (lambda logits: -torch.exp(logits).mean(), "right"),
        (lambda logits: logits.exp().mean(), "its sign"),
        (lambda logits: -logits.exp().sum(), "the sum over the batch"),
        (lambda logits: -logits.exp(), "one number"),
        (lambda logits: -(-logits).exp().mean(), "upside down"),
        (lambda logits: -logits.sigmoid().mean(), "the ratio is exp(l)"),
        (lambda logits: -logits.sigmoid().exp().mean(), "the logit itself"),
        (lambda logits: -logits.mean().exp(), "the mean of the exp"),
        (lambda logits: -logits.mean(), "line 2"),
        (lambda logits: logits.mean(), "the values differ"),
    ],
    one.check_chi_square_loss: [
        (lambda logits: 2 * (-logits).exp().mean(), "right"),
        (lambda logits: (-logits).exp().mean(), "the factor 2 is lost: the"),
        (lambda logits: -2 * (-logits).exp().mean(), "its sign is wrong: going"),
        (lambda logits: -(-logits).exp().mean(), "its sign is wrong, and"),
        (lambda logits: 2 * (-logits).exp().sum(), "the sum over the batch"),
        (lambda logits: 2 * (-logits).exp(), "their mean"),
        (lambda logits: 2 * logits.exp().mean(), "upside down"),
        (lambda logits: -logits.exp().mean(), "the one before"),
        (lambda logits: (-logits).exp().mean() - 1, "its gradient is asked for"),
        (lambda logits: -logits.mean(), "line 2"),
        (lambda logits: logits.square().mean(), "the values differ"),
    ],
    one.check_neuron_value: [
        (-1.04, "right"), (-1.045, "right"), (-0.94, "V of D*"), (-1.386, "is not trained"),
        (1.04, "that is d_loss"), (0.346, "above -log 4"), (0.77, "a share"),
        (-1.2, "V is not -1.2"), ("-1.04", "no number"),
    ],
    check_seven_of_eight: [
        (([0.598] * 4, [0.42, 0.42, 0.42, 0.8437]), "right"),
        ((torch.full((4,), 0.598), torch.tensor([0.42, 0.42, 0.42, 0.8437])), "right"),
        (([0.5] * 4, [0.5] * 4), "right on no sample"),
        (([0.732] * 4, [0.3, 0.3, 0.833, 0.833]), "right on 6 of 8"),
        (([0.6] * 4, [0.2] * 4), "below 1/2 it cannot be"),
        (([0.6] * 4, [0.2, 0.2, 0.2, 0.9]), "g_loss, the mean"),
        (([0.9] * 4, [0.42, 0.42, 0.42, 0.8437]), "d_loss is"),
        (([2.0] * 4, [-1.0] * 4), "pass no logits"), (([0.6], [0.4] * 4), "here are 1"),
        (([0.6] * 4, 0.4), "no list"), (([0.6, ..., 0.6, 0.6], [0.4] * 4), "not tried yet"),
        ((["a", 0.5, 0.5, 0.5], [0.4] * 4), "no number"),
    ],
    one.check_more_steps_for_d: [
        ([0.003, 0.004, 0.008], "right"), (torch.tensor([0.003, 0.004, 0.008]), "right"),
        ([..., ..., ...], "not tried yet"), ([0.5, 0.49, 0.46], "k = 1"),
        ([-1.38, -1.37, -1.38], "never negative"), ([0.1, 0.01, 0.2], "too large"),
        ([0.01, 0.02], "not 3 answers"), (0.01, "not 3 answers"), ([0.0, 0.0, 3.0], "no JSD"),
        (["a", 0.0, 0.0], "no number"), ([0.0, 0.0, math.nan], "no JSD"),
    ],
    two.check_count: [
        ((2, 1597, 784), "right"), ([2.0, 1597.0, 784.0], "right"),
        ((1, 1597, 784), "2h outputs"), ((0, 1597, 784), "h squared"),
        ((3, 1597, 784), "p is not 3"),
        ((2, 1588, 784), "biases and BatchNorm's values"), ((2, 1591, 784), "BatchNorm is missing"),
        ((2, 1594, 784), "half of BatchNorm's"), ((2, 1596, 784), "first hidden layer"),
        ((2, 1595, 784), "second hidden layer"), ((2, 1603, 784), "are not trained"),
        ((2, 813, 784), "2h inputs"), ((2, 5, 784), "q is not 5"),
        ((2, 1597, 0), "last layer"), ((2, 1597, 20), "r is not 20"), ((2, 1597), "not 3 answers"),
    ],
    two.check_without_effect: [
        (768, "right"), (1552, "no BatchNorm follows"), (256, "the second one"),
        (512, "the first one"), (1536, "scale and shift"), (784, "not normalised"),
        (0, "add 1"), (42, "42 is not it"),
    ],
    two.check_best_smoothed: [
        (lambda a, b: (0.9 * a + 0.1 * b) / (a + b), "right"),
        (lambda a, b: 0.9 * a / (a + b), "one-sided"),
        (lambda a, b: a / (a + b), "without smoothing"),
        (lambda a, b: (0.1 * a + 0.9 * b) / (a + b), "1 - D*"),
        (lambda a, b: 0.9 * a + 0.1 * b, "A alone"),
        (lambda a, b: (0.9 * a + 0.1 * b) / (0.1 * a + 0.9 * b), "not A / (A + B)"),
        (lambda a, b: 0.9 * a / (0.9 * a + 0.1 * b), "both A and B"),
        (lambda a, b: (0.9 * a + 0.1) / (a + b), "weighs p_g"),
        (lambda a, b: a, "the values differ"),
    ],
    two.check_resting_places: [
        ((2 / 3, 1), "right"), ((0.667, 1.0), "right"), ((1, 2 / 3), "wrong order"),
        ((0.65, 1), "what a run prints"), ((0.7, 1), "what a run prints"),
        ((0.5, 1), "the ordinary game"), ((1 / 3, 1), "pulls D up"), ((0, 1), "up by what"),
        ((1, 1), "before D = 1"), ((0.8, 1), "the first is not 0.8"),
        ((2 / 3, 2 / 3), "-D, not D - 1"), ((2 / 3, 0.5), "add the slope of log(1"),
        ((2 / 3, 1 / 3), "it pulls D up"), ((2 / 3, 0), "where does l go"),
        ((2 / 3, 0.9), "the second is not 0.9"), (2 / 3, "not 2 answers"),
    ],
    two.check_two_steps: [
        ("near", "right"), (" Near ", "right"), ("above", "with one of its own"),
        ("below", "less real"), ("same", "one of the words"), (0.5, "one of the words"),
    ],
    three.check_shares: [
        ((0.797, 0.0039), "right"), ((0.8, 0.004), "right"), ((0.0039, 0.797), "exchanged"),
        ((79.7, 0.39), "per cent"), ((0.5, 0.0039), "the weight itself"),
        ((0.797, 0.5), "the weight itself"), ((0.998, 0.0039), "127 weights of 0.001"),
        ((0.797, 0.334), "127 weights of 0.999"), ((1 / 128, 0.0039), "not equal"),
        ((0.797, 1 / 128), "not equal"), ((0.797, 0.797), "here a weight is 1 - D"),
        ((0.3, 0.0039), "it is not 0.3"), ((0.797, 0.3), "it is not 0.3"),
        (0.797, "not 2 answers"), (("0.797", 0.0039), "no number"), ((0.797, ...), "not tried yet"),
    ],
    three.check_accuracy: [
        (lambda r, f: torch.cat((r > 0, f < 0)).float().mean(), "right"),
        (lambda r, f: (r > 0).float().mean(), "real images only"),
        (lambda r, f: (f < 0).float().mean(), "one kind of image"),
        (lambda r, f: torch.cat((r > 0.5, f < 0.5)).float().mean(), "threshold"),
        (lambda r, f: 0.123, "it gives 0.123"),
    ],
    three.check_steps_to_half: [
        (half, "right"), (lambda r, b: -half(r, b), "is positive"),
        (lambda r, b: math.log(4 * r**2) / math.log(b), "new squares are missing"),
        (lambda r, b: math.log(r**2 / (1 - r**2)) / math.log(b), "the root of v"),
        (lambda r, b: math.log(r / (1 - r)) / math.log(b), "averages the squares"),
        (lambda r, b: math.log(1 / 4) / math.log(b), "denominator has halved"),
        (lambda r, b: 1 / (1 - b), "length of the memory"),
        (lambda r, b: half(0.01, 0.999), "for r = 0.1, beta2 = 0.99 it gives 8108"),
    ],
    three.check_disagreement: [
        (((0.01, 0.2), (1, -1)), "right"), (([0.9, 0.3], [-2.0, 1.5]), "right"),
        (((0.01, 0.2), (1, 1)), "one sign"), (((0.2, 0.2), (1, -1)), "parallel"),
        (((0, 0.2), (1, -1)), "a probability"), (((0.01, 0.2), (1, -9)), "they have one sign"),
        (((0.01, 0.2), (math.inf, -1)), "finite"), ((0.01, 0.2), "D of the two fakes"),
        (((0.01, 0.2), (1, ...)), "not tried yet"),
    ],
    three.check_one_change: [
        ((0.7, 0.7, 0.7), "right"), ((1.0, 0.7, 0.7), "is head_start 0"),
        ((0.7, 0.99, 0.7), "at 0.99, D still wins: is d_learning_rate"),
        ((0.7, 0.7, 1.0), "is learning_rate 0.3"), ((70, 70, 70), "per cent"),
        ((0.7, 0.7, -1), "between 0 and 1"), ((0.7, 0.7, 0.1), "worse than a coin"),
        ((0.7, 0.7), "not 3 answers"), ((..., 0.7, 0.7), "not tried yet"),
    ],
    four.check_wrong_answers: [
        (WRONG_AT_1386, "right"), (WRONG_AT_1386[::-1], "this D is right"),
        (([0.45] * 10, [0.55] * 10), "where all answers are wrong"),
        (([0.5] * 10, [0.5] * 10), "nearer than 0.02"), (([0.0] * 10, [0.5] * 10), "strictly"),
        (([0.7] * 10, [0.7] * 10), "wrong on 10 of the 20"),
        (([0.3] * 9 + [0.6], [0.7] * 9 + [0.4]), "less sure where it is wrong"),
        (([0.48] * 9 + [0.99], [0.52] * 9 + [0.01]), "which is too low"),
        (([0.3] * 9, [0.7] * 9), "not 10 answers"), (0.5, "not 2 answers"),
    ],
    four.check_jitter_left: [
        (lambda decay: math.sqrt((1 - decay) / (1 + decay)), "right"),
        (lambda decay: (1 - decay) / (1 + decay), "the variance"),
        (lambda decay: 1 - decay, "the newest w alone"), 
        (lambda decay: (1 - decay) ** 2, "the series"),
        (lambda decay: math.sqrt(1 - decay), "with its square"),
        (lambda decay: (1 - decay) / (1 - decay**2), "the root of (1 - d)^2"),
        (lambda decay: math.sqrt(1 - decay**2), "the inverse of the series"),
        (lambda decay: math.sqrt((1 + decay) / (1 - decay)), "less jitter than its terms"),
        (lambda decay: 1.0, "their squares do not"), (lambda decay: 0.5, "yours gives 0.5"),
        (lambda decay: 1 / 3, "for d = 0.0 it is 1.0000"),
    ],
    four.check_imbalance: [
        (ratio, "right"), (lambda counts: max(counts) / sum(counts) * 10, "4 times too seldom"),
        (lambda counts: max(counts) / 100, "4 times too seldom"),
        (lambda counts: max(counts) / min(counts), "3 times the even share"),
        (lambda counts: min(ratio(counts), 9.0), "infinity"),
    ],
    four.check_costliest_line: [
        ("betas", "right"), ("learning_rate", "a good deal"), ("average_decay", "so early"),
        ("bfloat16", "expected"),
    ],
    four.check_steps_to_forget: [
        ((459, 4603), "right"), ((458.2, 4602.9), "right"), ((100, 4603), "length of the memory"),
        ((459, 1000), "length of the memory"), ((69, 4603), "half is left"),
        ((459, 2301), "a tenth is left"), ((10_000, 4603), "not a line"),
        ((-458.2, 4603), "positive"),
        ((459, 5000), "take logarithms"), (459, "not 2 answers"),
    ],
    five.check_mean_length: [
        (None, "not tried yet"), (5.8, "right"), (10 / math.sqrt(3), "right"),
        (np.float64(5.77), "right"), (10, "three equal z"), (3.3, "lengths do not add up"),
        (17.3, "divide it by three"), (7.1, "the mean of two z"), (5.7, "5.7 is not it"),
        (-5.8, "-5.8 is not it"), (math.nan, "nan is not it"), ("5.8", "'5.8' is no number"),
    ],
    five.check_rescaled_line: [
        (rescaled, "right"), (lambda a, b, t: (1 - t) * a + t * b, "the line itself"),
        (lambda a, b, t: rescaled(a, b, t) / ((1 - t) ** 2 + t**2) ** 0.5, "root is missing"),
        (lambda a, b, t: rescaled(a, b, t) * ((1 - t) ** 2 + t**2), "it multiplies; divide."),
        (lambda a, b, t: rescaled(a, b, t) * ((1 - t) ** 2 + t**2) ** 1.5, "by the root"),
        (arc, "that is the arc"), (lambda a, b, t: rescaled(b, a, t), "starts at z_to"),
        (lambda a, b, t: torch.nn.functional.normalize(rescaled(a, b, t), dim=0), "has length 1"),
        (lambda a, b, t: 10 * rescaled(a, b, t) / rescaled(a, b, t).norm(), "lengths scatter"),
        (lambda a, b, t: rescaled(a, b, t) if t < 0.5 else 0 * b, "the values differ"),
        (lambda a, b, t: rescaled(a, b, t)[None], "shape is (1, 100)"),
        (lambda a, b, t: a.tolist(), "returns list; return a tensor"),
    ],
    five.check_two_mixtures: [
        (MIXTURES, "right"), (3 * MIXTURES, "right"), (MIXTURES[:4], "the shape is (4, 4)"),
        (torch.eye(6, 4), "4.00: all four strengths are equal"),
        (torch.ones(6, 4), "1.00: all its rows"), ([[1.0]], "return a tensor"),
        (torch.diag(torch.tensor([1.0, 1, 0, 0])).repeat(2, 1)[:6], "column 2 is 0"),
        (MIXTURES * torch.tensor([1.0, 1, 2, 2]), "participation ratio is"),
    ],
    five.check_set_coordinate: [
        (coordinate, "right"),
        (lambda z, v, value: z - torch.outer(z @ v, v) + value * v, "right"),
        (lambda z, v, value: z + value * v, "that adds to z"),
        (lambda z, v, value: coordinate(z, v, 0.0), "sets the coordinate to 0"),
        (lambda z, v, value: value * v.expand_as(z), "at right angles to v is lost"),
        (lambda z, v, value: z - (z @ v)[:, None] + value * v, "must be multiplied by v"),
        (coordinate_in_place, "it changes the z that it was given"),
        (lambda z, v, value: value * v, "the shape is (20,)"),
        (lambda z, v, value: z, "the values differ"),
    ],
    five.check_inversion_step: [
        (lambda g, x, z, rate: (z - rate * slope(g, x, z)).detach(), "right"),
        (step_with_backward, "right"),
        (lambda *given: step_with_backward(*given, tidy=False).detach(), "have kept a gradient"),
        (lambda g, x, z, rate: z + rate * slope(g, x, z), "goes up the gradient"),
        (lambda g, x, z, rate: z - slope(g, x, z), "the learning rate is missing"),
        (lambda g, x, z, rate: z - rate * slope(g, x, z, mean=False), "take the mean"),
        (lambda g, x, z, rate: z, "z has not moved"),
        (lambda g, x, z, rate: z[0], "the shape is (8,)"),
        (lambda g, x, z, rate: 2 * z, "the values differ"),
    ],
    six.check_two_values: [
        (torch.tensor([-1.0, 1.0]).repeat(500), "right"),
        (torch.tensor([-0.5] * 800 + [2.0] * 200), "right"),
        (torch.tensor([0.0, 1.0]).repeat(500), "its mean is 0.50"),
        (torch.tensor([-2.0, 2.0]).repeat(500), "its standard deviation is 2.00"),
        (torch.zeros(1000), "all values are equal"), (torch.tensor([-1.0, 1.0]), "shape is (2,)"),
        (torch.arange(1000.0), "1000 different values"), ([-1, 1], "return a tensor"),
        (torch.full((1000,), math.inf), "NaN or infinite"),
    ],
    six.check_unit_range: [
        (lambda n, d: n + d * LOG2, "right"), (lambda n, d: n - d * LOG2, "the sign is wrong"),
        (lambda n, d: n + d, "counts in bits"), (lambda n, d: n, "yours gives -300.0"),
        (lambda n, d: n + 784 * LOG2, "number of pixels"),
    ],
    six.check_mean_bias: [
        (lambda a, n, b, k: a.trace() / n + b.trace() / k, "right"),
        (lambda a, n, b, k: (a.diag().sum() / n + b.diag().sum() / k).item(), "right"),
        (lambda a, n, b, k: a.trace() / n, "the second mean"),
        (lambda a, n, b, k: b.trace() / k, "the first mean"),
        (lambda a, n, b, k: a.trace() / n - b.trace() / k, "*sum* of the two"),
        (lambda a, n, b, k: (a + b).trace() / (n + k), "number of samples of its own"),
        (lambda a, n, b, k: a.trace() / k + b.trace() / n, "exchanged"),
        (lambda a, n, b, k: a.sum() / n + b.sum() / k, "only the diagonal"),
        (lambda a, n, b, k: a.det() / n + b.det() / k, "the determinant"),
        (lambda a, n, b, k: (a + b).trace(), "n times less"),
        (lambda a, n, b, k: (a.trace() / n) ** 0.5 + (b.trace() / k) ** 0.5, "take no root"),
        (lambda a, n, b, k: 0.1, "that it is given"), (lambda *given: 1.0, "it gives 1.0000"),
    ],
    six.check_better: [
        (better, "right"), (lambda a, b: mean(a) < mean(b), "seeds differ by 40"),
        (lambda a, b: max(a) < min(b), "36 seeds"), (lambda a, b: False, "differ by 20"),
        (lambda a, b: mean(b) - mean(a) > 5, "not right"),
        (lambda a, b: mean(b) - mean(a) > error(a, b), "1.3 errors"),
        (lambda a, b: mean(b) - mean(a) > 3 * error(a, b), "2.4 errors"),
        (lambda a, b: mean(b) - mean(a) > 2 * (error(a) + error(b)), "squares add up"),
        (lambda a, b: mean(b) - mean(a) > 2 * error(a), "second recipe's error"),
    ],
    seven.check_ring_radius: [
        (0.316, "right"), (torch.tensor(math.sqrt(0.1)), "right"), (0.1, "take the root"),
        (0.632, "r / 2, not r"), (0.447, "half of it"), (0.224, "takes h r^4 / 8"),
        (2, "do not balance"), (None, "expected one real number"), (math.nan, "do not balance"),
    ],
    seven.check_alternating_update: [
        (lambda a, b, rate: (..., ...), "not tried yet"), (update, "right"),
        (lambda *given: list(update(*given)), "right"),
        (lambda a, b, rate: a, "the new a and the new b"),
        (lambda a, b, r: (a - r * b, b + r * a), "the simultaneous update"),
        (lambda a, b, r: (a - r * b, b + r * (a - r * b)), "G moves first"),
        (lambda a, b, r: (a + r * (b - r * a), b - r * a), "the signs are exchanged"),
        (lambda a, b, r: update(a, b, r)[::-1], "return a first"),
        (lambda a, b, r: (a, b), "goes to 2.000, 3.000"),
        (lambda a, b, r: update(a, b, 0.1), "the rate that it is given"),
    ],
    seven.check_extragradient: [
        ((0.707, 1), "right"), ([math.sqrt(0.5), 1.0], "right"), ((0.707, ...), "not tried yet"),
        ((1, 0.707), "exchanged"), ((0.5, 1), "take the root"), ((1, 1), "lies below"),
        ((0.6, 1), "slope to 0"), ((0.707, 2), "alternating steps"), ((0.707, 1.414), "is 3"),
        ((0.707, 0.9), "is not 1"), ((0.707, math.nan), "is not 1"), (0.707, "not 2 answers"),
    ],
    seven.check_fooling_points: [
        (FOOLING, "right"), (FOOLING[:9], "N at least 1,000"), (FOOLING[8:], "only 1 of 8"),
        (RING.centres.repeat(200, 1), "no collapse yet"), (FOOLING * math.nan, "finite floats"),
        (torch.cat((FOOLING, FOOLING[:500] + 9)), "high quality is"),
    ],
    ten.check_field: [
        (22, "right"), (16, "lie 4 pixels apart, not 2"), (13, "not 1"), (40, "overlap"),
        (26, "three steps"), (12, "12 is not what"), (math.nan, "nan is not"),
    ],
    ten.check_even: [
        (lambda kernel, stride: kernel % stride == 0, "right"),
        (lambda kernel, stride: kernel % 2 == 0, "kernel 1 with stride 1"),
        (lambda kernel, stride: kernel >= stride, "kernel 3 with stride 2"),
        (lambda kernel, stride: True, "not equally often"),
    ],
    ten.check_told: [
        ((1920, 8512), "right"), ((..., ...), "not tried yet"), ((1930, 8512), "no biases"),
        ((192, 8512), "vector of its own"), ((7840, 8512), "not on the image"),
        ((1920, 320), "more inputs"), ((1920, 8192), "learned, too"),
        ((1920, 8768), "there before"), ((0, 8512), "discriminator's"),
        ((1920, 0), "generator's"),
    ],
    eleven.check_slopes: [
        ((1, -1, 1, 0.2), "right"), ([-1.0, 1.0, 0.2, 1.0], "right"),
        ((1, ..., 1, 0.2), "not tried yet"), ((1, 0, 1, 0.2), "|x| is 1 there"),
        ((1, -1, 1, -0.2), "gives 0.2; LeakyReLU(0.2) is -0.2"), ((1, -1, 2, 0.2), "gives 2"),
        ((1, -1), "not 4 answers"), ((1, -1, 1, math.nan), "LeakyReLU(0.2) is"),
        ((-math.inf, 1, 1, 0.2), "|x| is"),
    ],
    eleven.check_steps_until: [
        (lambda rate, floor, divisor: math.log(rate / floor) / math.log(divisor), "right"),
        (lambda rate, floor, divisor: math.ceil(math.log(rate / floor, divisor)), "right"),
        (lambda rate, floor, divisor: math.log(floor / rate, divisor), "is negative"),
        (lambda rate, floor, divisor: math.log(rate / floor, divisor) / 500, "of epochs"),
        (lambda rate, floor, divisor: (rate - floor) / (divisor - 1), "take logarithms"),
        (lambda rate, floor, divisor: 287_829, "from 0.1 to 1e-06, divided by"),
    ],
    eleven.check_quarter_million: [
        ((51.8, -61.2), "right"), ([51.79, -62.0], "right"), ((51.8, ...), "not tried yet"),
        ((25.9, -61), "the 2 is missing"), ((51.2, -61), "it is +2,890"),
        ((7.2, -61), "its square"), ((50, -61), "50 is not"), ((51.8, -52), "log 10,000 away"),
        ((51.8, -256075), "with sigma 0.01"), ((51.8, -335), "alone"), ((51.8, 0), "0 nats is"),
        ((math.nan, -61), "nan is not"), (51.8, "not 2 answers"),
    ],
    eight.check_smallest_loss: [
        (1.006, "right"), (0, "a D of logits"), (0.313, "of the real images"),
        (0.693, "of the generated images"), (1.386, "1/2 to everything"), (0.627, "1/2 at best"),
        (0.503, "not their mean"), (2, "2.000 is not"), (math.nan, "nan is not"),
    ],
    eight.check_calm_curves: [
        (([0.55] * 9 + [0.05], [0.45] * 9 + [0.95]), "right"), ((..., ...), "not tried yet"),
        (([0.55] * 10, [0.45] * 10), "lie on 1/2"), (([0.5] * 10, [0.5] * 10), "0 of the 20"),
        (([0.5] * 9, [0.5] * 10), "ten probabilities"), (([2] * 10, [0] * 10), "outside of 0 to 1"),
        ((["a"] * 10, [0.5] * 10), "no number"), (0.5, "no two lists"),
    ],
    eight.check_gap: [
        (lambda s, h, g: (s.mean() - h.mean()) / (s.mean() - g.mean()), "right"),
        (lambda s, h, g: s.mean() - h.mean(), "divide it"),
        (lambda s, h, g: (h.mean() - g.mean()) / (s.mean() - g.mean()), "that generalises"),
        (lambda s, h, g: (h.mean() - s.mean()) / (s.mean() - g.mean()), "the sign is wrong"),
        (lambda s, h, g: (s.mean() - h.mean()) / (h.mean() - g.mean()), "below the line"),
        (lambda s, h, g: 0.375, "not 0"), (lambda s, h, g: 2.0, "it gives 2.000"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("check", "answer", "part"),
    [(check, answer, part) for check, rows in ANSWERS.items() for answer, part in rows],
)
def test_what_a_check_says_of_an_answer(said, check, answer, part):
    line = said(check, answer)
    if part == "right":
        assert line == "right"
    elif part.startswith("not tried yet"):
        assert line.startswith(part)
    else:
        assert line.startswith("not right, because ") and part in line


FUNCTIONS = [check for check, rows in ANSWERS.items() if any(callable(a) for a, _ in rows)]
PAIRS = [check_neuron, check_seven_of_eight]
VALUES = [check for check in ANSWERS if check not in (*FUNCTIONS, *PAIRS, check_verdict)]


@pytest.mark.parametrize("stub", [lambda *given: None, lambda *given: ...], ids=["none", "dots"])
@pytest.mark.parametrize("check", FUNCTIONS)
def test_a_function_that_is_not_written_is_not_tried_yet(said, check, stub):
    assert said(check, stub).startswith("not tried yet")


@pytest.mark.parametrize("check", VALUES)
def test_dots_are_not_tried_yet(said, check):
    assert said(check, ...).startswith("not tried yet")


def stopping(*given):
    raise KeyError("nothing\nthere")


WRONG = {
    "nan": math.nan,
    "inf": math.inf,
    "-inf": -math.inf,
    "text": "text",
    "list": [],
    "list of texts": ["a", None],
    "tensor": torch.ones(2, 3, 5),
    "nan tensor": torch.tensor(math.nan),
    "nans": torch.full((3, 1), math.nan),
    "complex": torch.tensor([1j]),
    "double": torch.ones(16, 5).double(),
    "array": np.ones(3),
    "huge": 10**400,
    "pair": (math.nan, math.nan),
    "pair of texts": ("a", "b"),
    "dict": {},
    "object": object(),
    "complex number": 1j,
    "network": torch.nn.Linear(2, 2),
}
PUBLIC = {
    check
    for chapter in (one, two, three, four, five, six, seven, eight, ten, eleven)
    for name, check in vars(chapter).items()
    if name.startswith("check_")
}


def test_the_table_has_every_check_of_every_chapter():
    assert PUBLIC - set(ANSWERS) == {one.check_neuron, one.check_seven_of_eight}
    assert set(ANSWERS) - PUBLIC == {*PAIRS, check_verdict}


@pytest.mark.parametrize("check", [*VALUES, *FUNCTIONS])
def test_what_is_no_answer_is_not_right_in_one_line(said, check):
    assert said(check, None) != "right"
    for name, answer in WRONG.items():
        assert said(check, answer).startswith("not right, because "), name
        if check in FUNCTIONS:
            line = said(check, lambda *given, answer=answer: answer)
            assert line.startswith("not right, because "), name


@pytest.mark.parametrize("answer", [*WRONG.values(), None], ids=[*WRONG, "none"])
def test_what_is_no_weight_and_no_bias_is_not_right_in_one_line(said, answer):
    for pair in ((answer, 2), (-2, answer), (answer, answer)):
        assert said(check_neuron, pair).startswith("not right, because ")


@pytest.mark.parametrize("answer", [*WRONG.values(), None], ids=[*WRONG, "none"])
def test_what_are_no_four_answers_is_not_right_in_one_line(said, answer):
    good = [0.598] * 4, [0.42, 0.42, 0.42, 0.8437]
    for pair in ((answer, good[1]), (good[0], answer), (answer, answer), ([answer] * 4, good[1])):
        assert said(check_seven_of_eight, pair).startswith("not right, because ")


@pytest.mark.parametrize("check", FUNCTIONS)
def test_a_function_that_stops_is_not_right_and_the_line_says_where(said, check):
    line = said(check, stopping)
    assert line.startswith("not right, because your function stops at 'raise KeyError(")
    assert line.endswith("nothing\\nthere'")


@pytest.mark.parametrize(
    "then", [math.nan, "text", None, stopping], ids=["nan", "text", "none", "stopping"]
)
@pytest.mark.parametrize("check", FUNCTIONS)
def test_a_function_that_is_right_but_once_is_never_right(said, check, then):
    """Many checks call the function more than once."""
    (right, *_) = [answer for answer, part in ANSWERS[check] if part == "right"]
    for wrong in range(1, 13):
        called = []

        def function(*given, wrong=wrong, called=called):
            called.append(given)
            if len(called) == wrong:
                return then() if callable(then) else then
            return right(*given)

        assert (said(check, function) != "right") == (len(called) >= wrong), wrong
