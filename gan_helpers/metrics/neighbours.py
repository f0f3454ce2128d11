"""Metrics that rest on distances between points: neighbours, and the regions that balls fill.

Images are uint8, compared as pixels in [0, 1]; features are floats, shape (N, d). Computed block
by block, so that memory stays small.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch

from gan_helpers.checks import check_floats, check_tensor, number, whole_number
from gan_helpers.metrics.checks import check_features, check_pixels, check_same_width
from gan_helpers.progress import progress_bar

BLOCK = 256  # rows of a block: 256 x 10,000 float64 values are 20 MB
REFERENCES = 4000  # rows that all points are compared with at a time


class PRDC(NamedTuple):
    """What ``prdc`` returns: shares in [0, 1], but for density, which is at least 0."""

    precision: float  # of the samples, inside the real data's balls
    recall: float  # of the real images, inside the samples' balls
    density: float  # real balls that a sample lies in, over k, on average
    coverage: float  # of the real images, with a sample in their ball


def prdc(real: torch.Tensor, generated: torch.Tensor, k: int = 5) -> PRDC:
    """Precision, recall, density and coverage, from balls that reach to the k-th neighbour.

    The ball of a point reaches to its k-th nearest neighbour in its own set, which is not inside
    (distance < radius, as in the code of Naeem et al.; that of Kynkaanniemi et al. has <=); a
    set's balls stand for the region that it fills. ``real`` and ``generated``: float features,
    shapes (N, d) and (M, d). Raises ``TypeError`` for another dtype, ``ValueError`` for other
    shapes, values that are not finite, and N or M not above k.

    Source: Kynkaanniemi et al. 2019, section 2 (precision, recall); Naeem et al. 2020, section 3
    (density, coverage). Introduced in notebook 06, "Precision and recall".
    """
    k = whole_number(k, "k")
    real, generated = check_features(real, "real"), check_features(generated, "generated")
    check_same_width(real, generated, "real", "generated")
    for name, points in (("real", real), ("generated", generated)):
        if not 1 <= k < len(points):
            raise ValueError(
                f"k is {k} and {name} has {len(points)} rows; expected 1 <= k < rows. Draw more "
                "samples or take a smaller k."
            )
    real_radii, generated_radii = _radii(real, k), _radii(generated, k)
    recalled = covered = 0
    balls = torch.zeros(len(generated), dtype=torch.float64)  # of the real data, around each sample
    for rows, distances in _distance_blocks(real, generated):
        inside = distances < real_radii[rows, None]
        balls += inside.sum(0)
        recalled += (distances < generated_radii).any(1).sum().item()
        covered += inside.any(1).sum().item()
    return PRDC(
        precision=(balls > 0).double().mean().item(),
        recall=recalled / len(real),
        density=balls.mean().item() / k,
        coverage=covered / len(real),
    )


def _radii(points: torch.Tensor, k: int) -> torch.Tensor:
    """Squared distance of each point to its k-th neighbour; it is itself its nearest one."""
    blocks = (distances for _, distances in _distance_blocks(points, points))
    # topk is several times as fast as kthvalue.
    return torch.cat([d.topk(k + 1, dim=1, largest=False).values[:, -1] for d in blocks])


def _distance_blocks(a: torch.Tensor, b: torch.Tensor) -> Iterator[tuple[slice, torch.Tensor]]:
    """Blocks of rows of the squared distances between (N, d) and (M, d), with their slices."""
    half_b = b.square().sum(1) / 2
    for start in range(0, len(a), BLOCK):
        rows = slice(start, start + BLOCK)
        products = torch.addmm(half_b, a[rows], b.T, alpha=-1)
        yield rows, (products.mul_(2) + a[rows].square().sum(1, keepdim=True)).clamp_(min=0)


class Neighbours(NamedTuple):
    """What ``nearest_neighbours`` returns, nearest first."""

    distances: torch.Tensor  # float64, (N, k)
    indices: torch.Tensor  # int64, (N, k), rows of the references


def nearest_neighbours(
    points: torch.Tensor, references: torch.Tensor, k: int = 1, progress: bool = True
) -> Neighbours:
    """The ``k`` nearest references of each point, by Euclidean distance.

    ``points`` and ``references``: images, uint8, shape (N, ...), compared as pixels in [0, 1], or
    float features, shape (N, d). Searched in float32, a few candidates more than ``k``; their
    distances are computed again in float64, so that a copy is at distance 0.

    Raises ``TypeError`` when one set is uint8 and the other is not, and ``ValueError`` when the
    shapes do not fit or k is not in [1, number of references].

    Source: Goodfellow et al. 2014, figure 2 (the nearest training example beside each sample).
    Introduced in notebook 06, "Does it copy?".
    """
    for part, name in ((points, "points"), (references, "references")):
        check_tensor(part, name)
    pixels = points.dtype == torch.uint8
    if pixels != (references.dtype == torch.uint8):
        raise TypeError(
            f"points has dtype {points.dtype} and references has {references.dtype}; expected "
            "uint8 images in both, or features in both: their distances have other units. "
            "gan_helpers.data.to_uint8 converts images in [-1, 1]."
        )
    check = check_pixels if pixels else check_features
    a, b = check(points, "points"), check(references, "references")
    check_same_width(a, b, "points", "references")
    k = whole_number(k, "k", 1, len(b), "The number of references is the most.")

    def double(rows: torch.Tensor) -> torch.Tensor:
        return rows.double().div_(255) if pixels else rows

    # float32 is enough for the search once the common part is gone. Pixels stay uint8 outside of
    # their block: as float32, those of MNIST would fill 188 MB.
    centre, wanted = double(b[:REFERENCES]).mean(0), min(k + 4, len(b))
    nearness = torch.empty(len(a), 0)  # x.r - |r|^2 / 2: the higher, the nearer is r to x
    candidates = torch.empty(len(a), 0, dtype=torch.int64)
    with progress_bar(total=len(a), unit="point", desc="neighbours", disable=not progress) as bar:
        for start in range(0, len(b), REFERENCES):
            some = (double(b[start : start + REFERENCES]) - centre).float()
            half_some, count, found = some.square().sum(1) / 2, min(wanted, len(some)), []
            for part in a.split(BLOCK):
                single = (double(part) - centre).float()
                found.append(torch.addmm(-half_some, single, some.T).topk(count, dim=1))
            # Those of the references so far, and of them the nearest.
            nearness = torch.cat([nearness, torch.cat([new.values for new in found])], dim=1)
            numbers = torch.cat([new.indices for new in found]) + start
            nearness, best = nearness.topk(min(wanted, nearness.shape[1]), dim=1)
            candidates = torch.cat([candidates, numbers], dim=1).gather(1, best)
            bar.update(len(a) * min(start + REFERENCES, len(b)) // len(b) - bar.n)
    indices, distances = [], []
    for part, found in zip(a.split(BLOCK), candidates.split(BLOCK), strict=True):
        exact = (double(part).unsqueeze(1) - double(b[found])).norm(dim=2)
        order = exact.argsort(dim=1, stable=True)[:, :k]
        indices.append(found.gather(1, order))
        distances.append(exact.gather(1, order))
    return Neighbours(torch.cat(distances), torch.cat(indices))


def near_copies(distances: torch.Tensor, unseen: torch.Tensor, quantile: float = 0.01) -> float:
    """Share of ``distances`` below the 1 % quantile of ``unseen``: about 0.01 without copies.

    ``distances``, shape (N,): from samples to their nearest training images. ``unseen``, shape
    (M,): the same of images that nobody can have copied, those of a test set. Both float, at least
    0, in one unit. The result is in [0, 1]; it is 0 where samples lie further from the training
    images than unseen images do.

    Raises ``TypeError`` for what are no floats and ``ValueError`` for another shape, no distances,
    NaN or a ``quantile`` outside [0, 1].

    Source: after Meehan et al. 2020, "A non-parametric test to detect data-copying in generative
    models", who compare the two sets of distances by a rank test, region by region. Introduced in
    notebook 06, "Does it copy?".
    """
    quantile = number(quantile, "quantile", least=0, most=1)
    for values, name in ((distances, "distances"), (unseen, "unseen")):
        check_floats(values, name)
        if values.ndim != 1 or len(values) == 0 or not (values >= 0).all():
            raise ValueError(
                f"{name} has shape {tuple(values.shape)}; expected (N,), N at least 1, all at "
                "least 0. nearest_neighbours(...).distances[:, 0] gives them."
            )
    return (distances < unseen.double().quantile(quantile)).double().mean().item()
