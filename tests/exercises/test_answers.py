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

LOG2 = math.log(2)


def check_neuron(pair):
    one.check_neuron(*pair)


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


def arc_by_rotation(a, b, t):
    """The same arc from a basis of the plane, for lengths that differ."""
    u, w = a / a.norm(), angle(a, b)
    v = b / b.norm() - torch.cos(w) * u
    v = v / v.norm()
    share = torch.sin(t * w) / torch.sin(w)  # of b's length; the rest is a's
    rest = torch.sin((1 - t) * w) / torch.sin(w)
    along, across = rest * a.norm() + share * b.norm() * torch.cos(w), share * b.norm()
    return along * u + across * torch.sin(w) * v


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


def distance(a, b):
    return ((a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2).item()


def distance_of_n(a, b):
    return (a.mean() - b.mean()) ** 2 + (a.std(correction=0) - b.std(correction=0)) ** 2


def better(first, second):
    error = math.sqrt(variance(first) / len(first) + variance(second) / len(second))
    return mean(second) - mean(first) > 2 * error


def update(a, b, rate):
    b = b + rate * a
    return a - rate * b, b


def counter(limit, p=2.0):
    def count(samples, centres, std):
        far, nearest = torch.cdist(samples, centres, p=p).min(1)
        return len(nearest[far <= limit(std)].unique())

    return count


count = counter(lambda std: 3 * std)


def name(d_real, d_fake, share):
    if d_real > 0.95 and d_fake < 0.05:
        return "D wins"
    return "collapse" if share < 0.8 else "healthy"


# --- the tables ---------------------------------------------------------------------------------

WEIGHTS, BIASES, BATCH_NORM = 20 * 300 + 300 * 600 + 600 * 784, 300 + 600 + 784, 2 * (300 + 600)
SHAPES = [(64, 300), (64, 600), (64, 784), (64, 1, 28, 28)]
ANSWERS = {
    check_verdict: [
        ((False, []), "not tried yet: replace the dots"),
        ((True, ["first.", "second."]), "not right, because first."),
        ((True, []), "right"),
    ],
    one.check_half_overlap: [
        (-0.693, "right"), (-0.69, "right"), (-LOG2, "right"),
        (-1.386, "1/2 for every sample"), (0.693, "never positive"), (0, "share no mass"),
        (0.347, "that is JSD"), (-0.347, "one of the two terms"), (-1, "in bits"),
        (-0.9, "V is not -0.9"), ("-0.693", "no number"),
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
        (lambda logits: -logits.mean(), "the values differ"),
    ],
    two.check_shapes: [
        (SHAPES, "right"), (SHAPES[:3], "it has 3 shapes"),
        ([(300, 64), *SHAPES[1:]], "the batch stays first"),
        ([*SHAPES[:3], (64, 28, 28)], "colour channel"),
        ([(64, 20), *SHAPES[1:]], "shape 1 is not (64, 20)"),
    ],
    two.check_parameter_count: [
        (WEIGHTS + BIASES + BATCH_NORM, "right"), (WEIGHTS, "scales and shifts are missing"),
        (WEIGHTS + BIASES, "a scale and a shift for each"), (42, "42 is not"),
        (WEIGHTS + BIASES + BATCH_NORM // 2, "two values each"),
        (WEIGHTS + BIASES + 2 * BATCH_NORM, "are not trained"),
    ],
    two.check_normalise: [
        (lambda f: (f - f.mean(0)) / (f.var(0, unbiased=False) + 1e-5).sqrt(), "right"),
        (lambda f: (f - f.mean(0)) / (f.var(0) + 1e-5).sqrt(), "differ from nn.BatchNorm1d"),
        (lambda f: (f - f.mean(0)) / f.std(0), "N - 1"),
        (lambda f: (f - f.mean(0)) / f.std(0, unbiased=False), "constant 0.00001"),
        (lambda f: (f - f.mean(1, keepdim=True)) / f.std(1, keepdim=True), "dim 0"),
        (lambda f: f[:1], "shape changed"),
    ],
    three.check_slope_ratio: [
        (999, "right"), (1000, "a little less"), (1 / 999, "the other way round"),
        (0.001, "D(G(z)) itself"), (5, "5 is not"), ("999", "no number"),
    ],
    three.check_accuracy: [
        (lambda r, f: torch.cat((r > 0, f < 0)).float().mean(), "right"),
        (lambda r, f: (r > 0).float().mean(), "real images only"),
        (lambda r, f: (f < 0).float().mean(), "one kind of image"),
        (lambda r, f: torch.cat((r > 0.5, f < 0.5)).float().mean(), "threshold"),
        (lambda r, f: 0.123, "it gives 0.123"),
    ],
    three.check_adam_memory: [
        (1386, "right"), (693, "to a quarter"), (1000, "length of the memory"),
        (100, "not one half"),
    ],
    four.check_losses_of_outputs: [
        ((0.87, 0.92), "right"), ((0.92, 0.87), "wrong order"), ((0.43, 0.92), "their mean"),
        ((1.27, 0.92), "second term"), ((0.87, 0.51), "-log D(G(z))"),
        ((3, 0.92), "d_loss is not 3"), ((0.87, 3), "g_loss is not 3"),
    ],
    four.check_update_average: [
        (lambda average, weight, decay: decay * average + (1 - decay) * weight, "right"),
        (lambda average, weight, decay: (1 - decay) * average + decay * weight, "*old*"),
        (lambda average, weight, decay: (average + weight) / 2, "after a hundred"),
    ],
    four.check_imbalance: [
        (ratio, "right"), (lambda counts: max(counts) / sum(counts) * 10, "4 times too seldom"),
        (lambda counts: max(counts) / 100, "4 times too seldom"),
        (lambda counts: max(counts) / min(counts), "3 times the even share"),
        (lambda counts: min(ratio(counts), 9.0), "infinity"),
    ],
    five.check_mean_length: [
        (None, "not tried yet"), (5.8, "right"), (10 / math.sqrt(3), "right"),
        (np.float64(5.77), "right"), (10, "three equal z"), (3.3, "lengths do not add up"),
        (17.3, "divide it by three"), (7.1, "the mean of two z"), (5.7, "5.7 is not it"),
        (-5.8, "-5.8 is not it"), (math.nan, "nan is not it"), ("5.8", "'5.8' is no number"),
    ],
    five.check_slerp: [
        (arc, "right"), (arc_by_rotation, "right"),
        (lambda a, b, t: (1 - t) * a + t * b, "the straight line"),
        (lambda a, b, t: arc(b, a, t), "starts at z_to"),
        (lambda a, b, t: arc(a, b, t) * torch.sin(angle(a, b)), "division by sin(w) is missing"),
        (lambda a, b, t: arc(a, b, t) if t < 0.5 else 0 * b, "the values differ"),
        (lambda a, b, t: a * torch.nan, "the values differ"),
        (lambda a, b, t: arc(a, b, t)[None], "shape is (1, 100)"),
        (lambda a, b, t: a.tolist(), "returns list; return a tensor"),
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
    six.check_thief: [
        ("nearest_pixels", "right"), ("parzen", "about 240 nats"),
        ("frechet", "the distance is small"), ("loss", "'loss' is none of the names"),
    ],
    six.check_unit_range: [
        (lambda n, d: n + d * LOG2, "right"), (lambda n, d: n - d * LOG2, "the sign is wrong"),
        (lambda n, d: n + d, "counts in bits"), (lambda n, d: n, "yours gives -300.0"),
        (lambda n, d: n + 784 * LOG2, "number of pixels"),
    ],
    six.check_frechet_1d: [
        (distance, "right"), (distance_of_n, "right"),
        (lambda a, b: (a.mean() - b.mean()) ** 2, "are missing"),
        (lambda a, b: (a.std() - b.std()) ** 2, "means are missing"),
        (lambda a, b: distance(a, b) ** 0.5, "take no root"),
        (lambda a, b: (a.mean() - b.mean()) ** 2 + (a.var() - b.var()) ** 2, "not variances"),
        (lambda a, b: (a.mean() - b.mean()) ** 2 + a.var() + b.var(), "mixed term"),
        (lambda a, b: 1.0, "it gives 1.00"),
    ],
    six.check_better: [
        (better, "right"), (lambda a, b: mean(a) < mean(b), "seeds differ by 40"),
        (lambda a, b: max(a) < min(b), "36 seeds"), (lambda a, b: False, "differ by 20"),
        (lambda a, b: mean(b) - mean(a) > 5, "not right"),
    ],
    seven.check_growth: [
        (1.118, "right"), (torch.tensor(math.sqrt(1.25)), "right"),
        (1.0, "the alternating update"), (1.25, "take the root"), (1.5, "right angles"),
        (0.5, "length of the step"), (2, "2.000 is not the absolute value"),
        (None, "expected one real number"), (math.nan, "nan is not the absolute value"),
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
    seven.check_count_modes: [
        (count, "right"), (lambda *given: torch.tensor(count(*given)), "right"),
        (counter(lambda std: 2.6 * std), "the limit is 3"),
        (counter(lambda std: std), "the limit is 3"),
        (counter(lambda std: 3 * std, math.inf), "the straight line"),
        (counter(lambda std: 3 * std, 1.0), "the straight line"),
        (counter(lambda std: math.inf), "look at the distance"),
        (counter(lambda std: 0.3), "use the std given"),
        (lambda samples, c, std: len(samples), "counts the samples"),
        (lambda *given: max(1, count(*given)), "find no mode"),
        (lambda s, c, std: 0, "0 modes where there are 2"),
    ],
    seven.check_name_failure: [
        (name, "right"), (lambda *numbers: "healthy", "four in five modes"),
        (lambda r, f, s: "collapse" if s < 0.8 else name(r, f, s), "first give G a gradient"),
        (lambda r, f, s: "D wins" if r > 0.95 else name(r, f, s), "the real ones only"),
        (lambda r, f, s: "D wins" if f < 0.05 else name(r, f, s), "the generated ones only"),
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
VALUES = [check for check in ANSWERS if check not in (*FUNCTIONS, check_neuron, check_verdict)]


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
    for chapter in (one, two, three, four, five, six, seven)
    for name, check in vars(chapter).items()
    if name.startswith("check_")
}


def test_the_table_has_every_check_of_every_chapter():
    assert PUBLIC - set(ANSWERS) == {one.check_neuron}
    assert set(ANSWERS) - PUBLIC == {check_neuron, check_verdict}


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
