"""Failures of training on MNIST, made on demand, shown on one dashboard, and named."""

from gan_helpers.failures.dashboard import (
    draw_dashboard,
    draw_gallery,
    plot_dashboard,
    plot_gallery,
)
from gan_helpers.failures.diagnosis import (
    ADVICE,
    FEWEST,
    Diagnosis,
    Facts,
    diagnose,
    gather,
)
from gan_helpers.failures.gallery import COMPARISONS, FAILURES, Failure, load_recorded, produce
from gan_helpers.failures.held_out import HeldOut, compare_held_out
from gan_helpers.failures.mistakes import few_images_step
from gan_helpers.failures.quiz import Quiz
