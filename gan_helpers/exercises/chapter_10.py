"""The checks behind the exercises of notebook 10."""

from collections.abc import Callable

from gan_helpers.exercises import (
    Stopped,
    answer_of,
    described,
    is_tried,
    number_faults,
    several,
    verdict,
)

KERNELS = [(kernel, stride) for stride in (1, 2, 3) for kernel in range(stride, 8)]


def check_field(field: object) -> None:
    """Check exercise 10.1, the pixels a side that a unit of the third convolution sees.

    Introduced in notebook 10.
    """
    reasons = {
        16: "the units that the third convolution reads lie 4 pixels apart, not 2.",
        13: "the units that the third convolution reads lie 4 pixels apart, not 1.",
        40: "the fields overlap: the next unit adds only the pixels by which it is moved.",
        26: "four units have three steps between them.",
    }
    otherwise = "{:g} is not what three convolutions of kernel 4 and stride 2 see."
    verdict(field is not ..., number_faults(field, 22, reasons, otherwise, 0))


def check_even(rule: Callable[[int, int], bool]) -> None:
    """Check exercise 10.2, whether a transposed convolution writes every pixel equally often.

    ``rule(kernel, stride)`` returns a truth value. Introduced in notebook 10.
    """
    answers = [answer_of(rule, kernel, stride) for kernel, stride in KERNELS]
    tried = is_tried(answers[0])
    verdict(tried, _of_the_rule(answers) if tried else [])


def _of_the_rule(answers: list[object]) -> list[str]:
    for (kernel, stride), answer in zip(KERNELS, answers, strict=True):
        right = kernel % stride == 0
        if isinstance(answer, Stopped):
            return [answer.reason]
        if not isinstance(answer, bool):
            return [f"it returns {described(answer)}; expected True or False."]
        if answer != right:
            often = "equally often" if right else "not equally often"
            return [f"kernel {kernel} with stride {stride} writes the pixels {often}."]
    return []


def check_told(more: object) -> None:
    """Check exercise 10.3, the further weights of a discriminator and a generator that are told.

    Introduced in notebook 10.
    """
    tried, faults = several(more, 2, "the discriminator's and the generator's")
    if tried and not faults:
        of_d = {
            1930: "a projection has no biases: it is one vector of 192 numbers for each class.",
            192: "each of the ten classes has a vector of its own.",
            7840: "the class is projected on the last hidden layer, not on the image.",
        }
        of_g = {
            320: "the ten embeddings are right; the first layer has more inputs as well.",
            8192: "the first layer is right; the ten embeddings are learned, too.",
            8512 + 256: "the first layer's biases were there before.",
        }
        faults = number_faults(more[0], 1920, of_d, "{:g} is not the discriminator's.", 0)
        faults = faults or number_faults(more[1], 8512, of_g, "{:g} is not the generator's.", 0)
    verdict(tried, faults)
