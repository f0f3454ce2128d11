"""All metrics of one generator, or of any images, in one call."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

import torch
from torch import nn

from gan_helpers.checks import check_images, latent_dim_of, whole_number
from gan_helpers.data import ASSETS, load_mnist
from gan_helpers.kinds import check_file, check_kind
from gan_helpers.metrics.classifier import classify
from gan_helpers.metrics.distances import classifier_score, frechet_distance, mode_coverage
from gan_helpers.metrics.neighbours import near_copies, nearest_neighbours, prdc
from gan_helpers.metrics.parzen import choose_sigma, mean_and_error, parzen_log_likelihood
from gan_helpers.models import draw

SAMPLES = 10_000  # as many as the test set has images; the papers' number too
FEWEST = 1_000  # below that, the numbers say more about their own bias than about the images
SCORES_FILE = ASSETS / "scores.json"
PIXEL_NEIGHBOURS = 1_000  # images whose nearest training image is looked for in pixels


@dataclass(frozen=True)
class Scores:
    """What ``evaluate`` returns; the reference is MNIST's test set where nothing else is said.

    ``samples``: number of images. ``digits``: share of them that the classifier takes for digits.
    ``parzen``, ``parzen_error``: Parzen log-likelihood of the test set and its standard error,
    nats; ``sigma``: the window's width, pixels in [0, 1]. ``frechet``: distance on 128 classifier
    features. ``classifier_score``: 1 to 10. ``class_kl``: KL of the class shares, nats.
    ``classes_missing``: of 10. ``precision``, ``recall``, ``density``, ``coverage``: k = 5, same
    features. ``copies_pixels``, ``copies_features``: share of near copies (``near_copies``), in
    pixels over 1,000 of the images and in features over all: about 0.01 for unseen digits, 1 for
    copies.
    """

    samples: int
    digits: float
    parzen: float
    parzen_error: float
    sigma: float
    frechet: float
    classifier_score: float
    class_kl: float
    classes_missing: int
    precision: float
    recall: float
    density: float
    coverage: float
    copies_pixels: float
    copies_features: float

    def __str__(self) -> str:
        return score_table({"value": [self]})


# What each row of the table is called, how it is written, and which way is good.
ROWS = {
    "samples": ("samples", "{:,.0f}", ""),
    "digits": ("taken for digits, share", "{:.3f}", "higher"),
    "parzen": ("Parzen log-likelihood, nats", "{:.1f}", "higher; beware"),
    "parzen_error": ("  standard error, nats", "{:.1f}", ""),
    "sigma": ("  sigma", "{:.3f}", ""),
    "frechet": ("Frechet distance", "{:.1f}", "lower"),
    "classifier_score": ("classifier score", "{:.2f}", "higher, at most 10"),
    "class_kl": ("KL of the class shares, nats", "{:.3f}", "lower"),
    "classes_missing": ("classes missing", "{:.1f}", "0"),
    "precision": ("precision", "{:.3f}", "higher"),
    "recall": ("recall", "{:.3f}", "higher"),
    "density": ("density", "{:.3f}", "near 1"),
    "coverage": ("coverage", "{:.3f}", "higher"),
    "copies_pixels": ("near copies by pixels, share", "{:.3f}", "0.01 or lower"),
    "copies_features": ("near copies by features, share", "{:.3f}", "0.01 or lower"),
}


def score_table(scores: dict[str, list[Scores]]) -> str:
    """The scores side by side as text, a column for each name: mean +- standard deviation.

    The scores in one list are those of several seeds of one thing; where it holds a single one,
    that is written alone. The standard deviation is the sample's (N - 1), not an error of the mean.

    Raises ``TypeError`` for what are no lists of scores by their names and ``ValueError`` when a
    list is empty. Introduced in notebook 06, "One table".
    """
    check_kind(scores, "scores", Mapping, "{'mine': [evaluate(generator)]} is one, of one column.")
    for name, runs in scores.items():
        check_kind(runs, f"scores[{name!r}]", Sequence, "[evaluate(generator)] is one, of one run.")
        if not runs:
            raise ValueError(f"scores has no scores for {name!r}; expected at least one.")
        for place, one in enumerate(runs):
            check_kind(one, f"scores[{name!r}][{place}]", Scores, "evaluate(generator) gives them.")
    table = [["metric", *scores, "good is"]]
    for field in fields(Scores):
        title, form, good = ROWS[field.name]
        cells = []
        for runs in scores.values():
            values = [getattr(run, field.name) for run in runs]
            whole = len(values) == 1 and isinstance(values[0], int)
            cell = f"{values[0]:,}" if whole else form.format(statistics.mean(values))
            if len(values) > 1 and field.name != "samples":
                cell += " +- " + form.format(statistics.stdev(values))
            cells.append(cell)
        table.append([title, *cells, good])
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = []
    for row in table:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1], strict=True)]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    return "\n".join(lines)


def evaluate(
    generator: nn.Module, n: int = SAMPLES, seed: int = 0, progress: bool = True
) -> Scores:
    """Draw ``n`` images from z ~ N(0, I) and compute every metric of this course on them.

    ``generator``: z, shape (N, latent_dim), -> images in [-1, 1], shape (N, 1, 28, 28); it is put
    into eval mode for the draw. Under a minute on two CPU cores for 10,000 samples.

    Raises ``ValueError`` when ``n`` is below 1,000 and ``TypeError`` for a generator without the
    number ``latent_dim``. Introduced in notebook 06, "One table".
    """
    latent_dim_of(generator)
    _check_count(n, "n")
    return evaluate_images(draw_samples(generator, n, seed), progress)


def draw_samples(generator: nn.Module, n: int, seed: int) -> torch.Tensor:
    """The first ``n`` of the images that ``seed`` draws: a smaller ``n`` gives the same beginning.

    ``generator`` as for ``evaluate``. Returns uint8, shape (n, 1, 28, 28). Raises ``TypeError`` and
    ``ValueError`` as ``draw``. Introduced in notebook 06, "One table", by way of ``evaluate``.
    """
    n = whole_number(n, "n", 1)
    # PyTorch draws numbers in blocks of 16, and a smaller batch rounds differently. 2,000 rows are
    # whole blocks of any width, and whole batches of draw.
    return draw(generator, -(-n // 2000) * 2000, seed)[:n]


def evaluate_images(images: torch.Tensor, progress: bool = True) -> Scores:
    """Compute every metric of this course on ``images``, wherever they come from.

    ``images``: uint8, shape (N, 1, 28, 28), N at least 1,000. Compare only sets of equal N: most
    of the metrics depend on it.

    Raises ``TypeError`` and ``ValueError`` for other images. Introduced in notebook 06, "One
    table".
    """
    check_images(images, "images")
    _check_count(len(images), "the number of images")
    train, _ = load_mnist("train")
    test, test_labels = load_mnist("test")
    reference = _reference()
    features, probabilities, digit = classify(images)
    # The paper's protocol: sigma on the first 1,000 validation images, then the whole test set.
    sigma, _ = choose_sigma(train[50_000:51_000], images, progress=progress)
    likelihoods = parzen_log_likelihood(test, images, sigma, progress)
    parzen, parzen_error = mean_and_error(likelihoods)
    coverage = mode_coverage(probabilities.argmax(dim=1), test_labels)
    pixels = nearest_neighbours(_spread(images), train, progress=progress)
    near = nearest_neighbours(features, reference.train_features, progress=progress)
    balls = prdc(reference.test_features, features)
    return Scores(
        samples=len(images),
        digits=(digit > 0.5).double().mean().item(),
        parzen=parzen,
        parzen_error=parzen_error,
        sigma=sigma,
        frechet=frechet_distance(features, reference.test_features),
        classifier_score=classifier_score(probabilities),
        class_kl=coverage.kl,
        classes_missing=coverage.missing,
        **balls._asdict(),
        copies_pixels=near_copies(pixels.distances[:, 0], reference.pixel_distances),
        copies_features=near_copies(near.distances[:, 0], reference.feature_distances),
    )


@dataclass(frozen=True)
class _Reference:
    """What every evaluation needs of the real images, computed once."""

    train_features: torch.Tensor
    test_features: torch.Tensor
    pixel_distances: torch.Tensor  # of 1,000 test images, to the nearest training image
    feature_distances: torch.Tensor  # of all test images


@lru_cache(maxsize=1)
def _reference() -> _Reference:
    train, test = load_mnist("train")[0], load_mnist("test")[0]
    train_features, test_features = classify(train).features, classify(test).features
    pixels = nearest_neighbours(_spread(test), train, progress=False)
    near = nearest_neighbours(test_features, train_features, progress=False)
    return _Reference(
        train_features,
        test_features,
        pixels.distances[:, 0],
        near.distances[:, 0],
    )


def _spread(images: torch.Tensor) -> torch.Tensor:
    """1,000 images, evenly spread: the first half of MNIST's test set is easier than the second."""
    return images[torch.linspace(0, len(images) - 1, PIXEL_NEIGHBOURS).long()]


def _check_count(count: int, name: str) -> None:
    if whole_number(count, name) < FEWEST:
        raise ValueError(
            f"{name} is {count}; expected at least {FEWEST:,}, because with fewer the metrics "
            f"measure their own bias. {SAMPLES:,} is usual."
        )


def load_scores(file: str | Path = SCORES_FILE) -> dict[str, list[Scores]]:
    """The scores that ``python recordings/record.py scores`` wrote, one list for each name.

    Raises ``TypeError`` for what is no name of a file, ``FileNotFoundError`` when it is missing and
    ``OSError`` when it holds something else. Introduced in notebook 06, "One table".
    """
    if not check_file(file).is_file():
        raise FileNotFoundError(f"The scores {file} do not exist.")
    try:
        recorded = json.loads(Path(file).read_text(encoding="utf-8"))["scores"]
        return {name: [Scores(**run["scores"]) for run in runs] for name, runs in recorded.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OSError(f"{file} holds no recorded scores ({error!r}).") from error
