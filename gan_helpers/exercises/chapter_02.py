"""The checks behind the exercises of notebook 02."""

from collections.abc import Callable

import torch
from torch import nn

from gan_helpers.exercises import answer_of, is_tried, no_tensor, number_faults, verdict


def check_shapes(answer: object) -> None:
    """Check the four shapes of exercise 2.1 (a list of tuples). Introduced in notebook 02."""
    expected = [(64, 300), (64, 600), (64, 784), (64, 1, 28, 28)]
    tried, faults = answer is not ..., []
    if tried and not _are_shapes(answer):
        faults.append("expected a list of four shapes, each a tuple of whole numbers: (64, 100).")
    elif tried and [tuple(shape) for shape in answer] != expected:
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
    verdict(tried, faults)


def _are_shapes(answer: object) -> bool:
    return isinstance(answer, (list, tuple)) and all(
        isinstance(shape, (list, tuple)) and all(type(size) is int for size in shape)
        for shape in answer
    )


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
    right = weights + biases + batch_norm
    otherwise = "{:.0f} is not n m + m for each linear layer plus BatchNorm."
    verdict(answer is not ..., number_faults(answer, right, reasons, otherwise, 0))


def check_normalise(normalise: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Compare exercise 2.3's function with ``nn.BatchNorm1d``. Introduced in notebook 02."""
    features = 3 + 0.01 * torch.randn(16, 5, generator=torch.Generator().manual_seed(0))
    answer = answer_of(normalise, features.clone())
    tried = is_tried(answer)
    faults = no_tensor(answer) if tried else []
    if tried and not faults:
        answer = answer.detach().float()
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
