"""Whether a discriminator knows its training images by heart: what it says of others."""

from typing import NamedTuple

import torch

from gan_helpers.checks import check_images
from gan_helpers.data import scale_images
from gan_helpers.kinds import check_kind
from gan_helpers.models import draw, evaluating
from gan_helpers.training import Run

GENERATED = 1000  # images that compare_held_out asks D about


class HeldOut(NamedTuple):
    """What ``compare_held_out`` returns: of three kinds of images, the shares that D calls real."""

    shown: float  # of images it was trained on
    held_out: float  # of real images it has never seen
    generated: float


def compare_held_out(run: Run, shown: torch.Tensor, held_out: torch.Tensor) -> HeldOut:
    """Ask the run's D about images it was trained on, about held-out ones and about generated ones.

    A D that knows its training images by heart calls them real more often than others of the same
    kind: share of ``shown`` with D(x) > 1/2, minus that of ``held_out``. D is asked in eval mode.
    The answer is kept in ``run.history.about``, where ``diagnose`` looks for it.

    ``shown``, ``held_out``: uint8, shape (N, 1, 28, 28) or the run's own; some hundred of each.
    Raises ``TypeError`` for what is no run or no images, and ``ValueError`` for another shape or
    none.

    Source: Karras et al. 2020, section 2 (there with D's mean outputs). Introduced in notebook 08,
    "A discriminator that knows its images by heart".
    """
    check_kind(run, "run", Run, "start_run(COURSE) makes one, and produce() trains one.")
    check_images(shown, "shown", run.generator.image_shape)
    check_images(held_out, "held_out", run.generator.image_shape)
    found = []
    for images in (shown, held_out, draw(run.sampler, GENERATED, seed=1)):
        with torch.no_grad(), evaluating(run.discriminator):
            logits = run.discriminator(scale_images(images.to(run.fixed_z.device)))
        found.append((logits > 0).float().mean().item())
    run.history.about["held_out"] = " ".join(f"{share:.3f}" for share in found)
    return HeldOut(*found)
