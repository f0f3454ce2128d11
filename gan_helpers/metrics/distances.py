"""What can be measured of a generator's samples: pure functions, tensors in, numbers out.

Images are uint8 in [0, 255]; features are floats, shape (N, d), as ``classify`` gives
them. Everything is computed in float64 on the CPU, block by block, so that memory stays small.
"""

from typing import NamedTuple

import torch

from gan_helpers.checks import whole_number
from gan_helpers.metrics.checks import check_features, check_labels, check_same_width

# --- through the classifier ---------------------------------------------------------------------


def frechet_distance(features: torch.Tensor, other: torch.Tensor) -> float:
    """Frechet distance between the Gaussians that have the means and covariances of two sets.

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), in squared units of the features; at least 0.
    Estimated from N samples it is too large by about c / N, where c depends on both sets: of two
    distances at one N the lower one need not be the nearer set (notebook 06 shows by how much).

    ``features`` and ``other``: float, shapes (N, d) and (M, d). Raises ``TypeError`` for another
    dtype, ``ValueError`` for other shapes, values that are not finite, and N or M not above d,
    where a covariance is singular.

    Source: Dowson and Landau 1982; Heusel et al. 2017, "Performance measure" (the FID, there with
    Inception's features); Chong and Forsyth 2020 (the bias). Introduced in notebook 06,
    "The Frechet distance".
    """
    a, b = check_features(features, "features"), check_features(other, "other")
    check_same_width(a, b, "features", "other")
    for name, points in (("features", a), ("other", b)):
        if len(points) <= points.shape[1]:
            raise ValueError(
                f"{name} has {len(points)} rows; expected more than its {points.shape[1]} columns, "
                "or the covariance is singular. Draw more samples: 10,000 is usual."
            )
    cov_a, cov_b = torch.cov(a.T).reshape(a.shape[1], -1), torch.cov(b.T).reshape(b.shape[1], -1)
    values, vectors = torch.linalg.eigh(cov_a)
    root_a = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    # C1 C2 has the eigenvalues of the symmetric C1^(1/2) C2 C1^(1/2).
    cross = torch.linalg.eigvalsh(root_a @ cov_b @ root_a).clamp(min=0).sqrt().sum()
    means = (a.mean(0) - b.mean(0)).square().sum()
    return max(0.0, (means + cov_a.trace() + cov_b.trace() - 2 * cross).item())


def classifier_score(probabilities: torch.Tensor) -> float:
    """exp of the mean KL(p(y|x), p(y)): 1 at worst, the number of classes at best.

    High when the classifier is sure of each image and the images are of all classes. It is the
    Inception score with another classifier; it never sees a real image.

    ``probabilities``: rows p(y|x), shape (N, classes), each summing to 1. Raises ``TypeError``
    for what are no floats, ``ValueError`` for other values.

    Source: Salimans et al. 2016, section 4. Introduced in notebook 06, "Which classes are there".
    """
    p = check_features(probabilities, "probabilities")
    if p.min() < 0 or not torch.allclose(p.sum(1), torch.ones_like(p[:, 0]), atol=1e-4):
        raise ValueError(
            "probabilities has rows that are no probabilities; expected values in [0, 1] that sum "
            "to 1 in each row. Logits become probabilities by softmax(dim=1)."
        )
    kl = torch.special.xlogy(p, p) - torch.special.xlogy(p, p.mean(0))
    return kl.sum(1).mean().exp().item()


class ModeCoverage(NamedTuple):
    """What ``mode_coverage`` returns."""

    shares: torch.Tensor  # (classes,), share of the samples in each class
    kl: float  # KL(generated, real) in nats; 0 when the shares agree
    missing: int  # classes with less than a tenth of their real share


def mode_coverage(
    labels: torch.Tensor, real_labels: torch.Tensor, classes: int = 10
) -> ModeCoverage:
    """Shares of the classes among the samples, their KL to the real shares, classes missing.

    KL = sum_c q_c log(q_c / p_c), q generated, p real, in nats; at most log(1 / min p_c). A class
    counts as missing below a tenth of its real share. The tenth is this course's rule, no standard:
    a classifier must put noise somewhere, so a few stray samples prove nothing.

    ``labels`` and ``real_labels``: int64 in [0, classes), shapes (N,) and (M,); each class occurs
    among the real ones. Raises ``TypeError`` for another dtype, ``ValueError`` for other values.

    Source: Srivastava et al. 2017 (VEEGAN), section 4. Introduced in notebook 06, "Which classes
    are there".
    """
    shares, classes = [], whole_number(classes, "classes", 1)
    for name, values in (("labels", labels), ("real_labels", real_labels)):
        values = check_labels(values, name, classes)
        shares.append(torch.bincount(values, minlength=classes).double() / len(values))
    q, p = shares
    if p.min() == 0:
        raise ValueError("real_labels lacks a class; expected at least one image of each.")
    kl = (torch.special.xlogy(q, q) - torch.special.xlogy(q, p)).sum().item()
    return ModeCoverage(q, kl, int((q < 0.1 * p).sum()))
