"""All metrics of one generator, or of any images, in one call."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from gan_helpers.checks import check_images, latent_dim_of, whole_number
from gan_helpers.data import ASSETS
from gan_helpers.kinds import check_file, check_kind
from gan_helpers.metrics.classifier import classify
from gan_helpers.metrics.distances import classifier_score, frechet_distance, mode_coverage
from gan_helpers.metrics.inception import INCEPTION_FEATURES, inception_features
from gan_helpers.metrics.neighbours import near_copies, nearest_neighbours, prdc
from gan_helpers.metrics.parzen import choose_sigma, mean_and_error, parzen_log_likelihood
from gan_helpers.metrics.reference import PIXEL_NEIGHBOURS, Reference, reference_of, spread
from gan_helpers.models import draw

SAMPLES = 10_000  # as many as the test set has images; the papers' number too
FEWEST = 1_000  # below that, the numbers say more about their own bias than about the images
SCORES_FILE = ASSETS / "scores.json"


@dataclass(frozen=True)
class Scores:
    """What ``evaluate`` returns; the reference is MNIST's test set where nothing else is said.

    ``samples``: number of images. ``digits``: share of them that the classifier takes for digits,
    or for any of the ten classes of other data. ``parzen``, ``parzen_error``: Parzen
    log-likelihood of the test set and its standard error, nats; ``sigma``: the window's width,
    pixels in [0, 1]. ``frechet``: distance on 128 classifier features, or 2,048 of Inception.
    ``classifier_score``: 1 to 10. ``class_kl``: KL of the class shares, nats. ``classes_missing``:
    of 10. ``precision``, ``recall``, ``density``, ``coverage``: k = 5, same features.
    ``copies_pixels``, ``copies_features``: share of near copies (``near_copies``), in pixels over
    1,000 of the images and in classifier features over all: about 0.01 for unseen digits, 1 for
    copies. ``data``: the name of the reference; ``features``: "classifier", "inception" or
    "pixels". None is what cannot be measured with these.
    """

    samples: int
    digits: float | None = None
    parzen: float | None = None
    parzen_error: float | None = None
    sigma: float | None = None
    frechet: float | None = None
    classifier_score: float | None = None
    class_kl: float | None = None
    classes_missing: int | None = None
    precision: float | None = None
    recall: float | None = None
    density: float | None = None
    coverage: float | None = None
    copies_pixels: float | None = None
    copies_features: float | None = None
    data: str = "mnist"
    features: str = "classifier"

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


def _rows(data: str, features: str) -> dict[str, tuple[str, str, str]]:
    """``ROWS`` in the words of this data and of these features."""
    rows = dict(ROWS)
    if data != "mnist":
        rows["digits"] = ("taken for one of the ten classes, share", *ROWS["digits"][1:])
    if features == "inception":
        for name in ("frechet", "precision", "recall", "density", "coverage"):
            rows[name] = (f"{ROWS[name][0]}, Inception", *ROWS[name][1:])
    return rows


def score_table(scores: dict[str, list[Scores]]) -> str:
    """The scores side by side as text, a column for each name: mean +- standard deviation.

    The scores in one list are those of several seeds of one thing; where it holds a single one,
    that is written alone. The standard deviation is the sample's (N - 1), not an error of the mean.
    What was not measured has no row.

    Raises ``TypeError`` for what are no lists of scores by their names and ``ValueError`` when a
    list is empty or scores are of different data or features, as these cannot be compared.
    Introduced in notebook 06, "One table".
    """
    check_kind(scores, "scores", Mapping, "{'mine': [evaluate(generator)]} is one, of one column.")
    for name, runs in scores.items():
        check_kind(runs, f"scores[{name!r}]", Sequence, "[evaluate(generator)] is one, of one run.")
        if not runs:
            raise ValueError(f"scores has no scores for {name!r}; expected at least one.")
        for place, one in enumerate(runs):
            check_kind(one, f"scores[{name!r}][{place}]", Scores, "evaluate(generator) gives them.")
    kinds = {(run.data, run.features): None for runs in scores.values() for run in runs}
    if len(kinds) > 1:
        said = " and ".join(f"{data!r} through {eyes}" for data, eyes in kinds)
        raise ValueError(
            f"scores has scores of {said}; expected one data set and one kind of features, as "
            "others cannot be compared. Make a table of each."
        )
    table = [["metric", *scores, "good is"]]
    for name, (title, form, good) in _rows(*next(iter(kinds), ("mnist", "classifier"))).items():
        cells = []
        for runs in scores.values():
            values = [getattr(run, name) for run in runs if getattr(run, name) is not None]
            if not values:
                cells.append("-")
                continue
            whole = len(values) == 1 and isinstance(values[0], int)
            cell = f"{values[0]:,}" if whole else form.format(statistics.mean(values))
            if len(values) > 1 and name != "samples":
                cell += " +- " + form.format(statistics.stdev(values))
            cells.append(cell)
        if set(cells) != {"-"} or not scores:
            table.append([title, *cells, good])
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = []
    for row in table:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1], strict=True)]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    return "\n".join(lines)


def evaluate(
    generator: nn.Module,
    n: int = SAMPLES,
    seed: int = 0,
    progress: bool = True,
    data: str | Reference = "mnist",
) -> Scores:
    """Draw ``n`` images from z ~ N(0, I) and compute every metric of this course on them.

    ``generator``: z, shape (N, latent_dim), -> images in [-1, 1], shape (N, 1, 28, 28), or that of
    the ``data``, which is as for ``evaluate_images``; it is put into eval mode for the draw. Under
    a minute on two CPU cores for 10,000 samples of MNIST.

    Raises ``ValueError`` when ``n`` is below 1,000 and ``TypeError`` for a generator without the
    number ``latent_dim``, and the errors of ``evaluate_images``. Introduced in notebook 06,
    "One table".
    """
    latent_dim_of(generator)
    _check_count(n, "n")
    return evaluate_images(draw_samples(generator, n, seed), progress, data)


def draw_samples(generator: nn.Module, n: int, seed: int) -> torch.Tensor:
    """The first ``n`` of the images that ``seed`` draws: a smaller ``n`` gives the same beginning.

    ``generator`` as for ``evaluate``. Returns uint8, shape (n, 1, 28, 28). Raises ``TypeError`` and
    ``ValueError`` as ``draw``. Introduced in notebook 06, "One table", by way of ``evaluate``.
    """
    n = whole_number(n, "n", 1)
    # PyTorch draws numbers in blocks of 16, and a smaller batch rounds differently. 2,000 rows are
    # whole blocks of any width, and whole batches of draw.
    return draw(generator, -(-n // 2000) * 2000, seed)[:n]


def evaluate_images(
    images: torch.Tensor, progress: bool = True, data: str | Reference = "mnist"
) -> Scores:
    """Compute every metric of this course on ``images``, wherever they come from.

    ``images``: uint8, shape (N, 1, 28, 28), or that of the ``data``, N at least 1,000. Compare only
    sets of equal N: most of the metrics depend on it. ``data``: the real images that they are
    compared with, "mnist", "fashion-mnist" or "cifar10", or what ``reference_of`` returns, also for
    pictures of your own.

    Raises ``TypeError`` and ``ValueError`` for other images, and the errors of ``reference_of``.
    Introduced in notebook 06, "One
    table".
    """
    reference = data if isinstance(data, Reference) else reference_of(data)
    check_images(images, "images", reference.shape)
    _check_count(len(images), "the number of images")
    if reference.features == "inception":
        _check_enough(images, reference)
    return Scores(
        samples=len(images),
        **_parzen(images, reference, progress),
        **_through_features(images, reference, progress),
        copies_pixels=_copies(images, reference, progress),
        data=reference.name,
        features=reference.features or "pixels",
    )


def _parzen(images: torch.Tensor, reference: Reference, progress: bool) -> dict[str, float]:
    if reference.test is None:
        return {}
    # The paper's protocol: sigma on the first 1,000 validation images, then the whole test set.
    sigma, _ = choose_sigma(reference.validation, images, progress=progress)
    likelihoods = parzen_log_likelihood(reference.test, images, sigma, progress)
    parzen, parzen_error = mean_and_error(likelihoods)
    return {"parzen": parzen, "parzen_error": parzen_error, "sigma": sigma}


def _copies(images: torch.Tensor, reference: Reference, progress: bool) -> float:
    some = spread(images, PIXEL_NEIGHBOURS)
    pixels = nearest_neighbours(some, reference.train, progress=progress)
    return near_copies(pixels.distances[:, 0], reference.pixel_distances)


def _through_features(
    images: torch.Tensor, reference: Reference, progress: bool
) -> dict[str, float]:
    """What the classifier sees, where there is one, and the distances of features, if there are."""
    found, features = {}, None
    if reference.classified:
        features, probabilities, digit = classify(images, reference.name)
        coverage = mode_coverage(probabilities.argmax(dim=1), reference.labels)
        found = {
            "digits": (digit > 0.5).double().mean().item(),
            "classifier_score": classifier_score(probabilities),
            "class_kl": coverage.kl,
            "classes_missing": coverage.missing,
        }
    if reference.features is None:
        return found
    if reference.features == "inception":
        features = inception_features(images, progress)
        reference.progress = progress
    else:
        near = nearest_neighbours(features, reference.train_features, progress=progress)
        found["copies_features"] = near_copies(near.distances[:, 0], reference.feature_distances)
    found |= prdc(reference.real_features, features)._asdict()
    return found | {"frechet": frechet_distance(features, reference.real_features)}


def _check_enough(images: torch.Tensor, reference: Reference) -> None:
    """Asked before hours of work: a covariance of 2,048 features needs more images than that."""
    real = reference.train if reference.test is None else reference.test
    for name, count in (("images", len(images)), ("the real data", len(real))):
        if count <= INCEPTION_FEATURES:
            raise ValueError(
                f"{name} has {count:,} images; expected more than Inception's "
                f"{INCEPTION_FEATURES:,} features, or the covariance is singular. Take more "
                "images, or leave out features='inception'."
            )


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
