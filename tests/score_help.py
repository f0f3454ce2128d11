"""Scores that nothing was measured for, shared by the tests of what is done with scores."""

from gan_helpers.metrics import Scores

FABRICATED = Scores(
    samples=10_000,
    digits=0.98765,
    parzen=225.04,
    parzen_error=1.96,
    sigma=0.16681,
    frechet=12.345,
    classifier_score=9.876,
    class_kl=0.01234,
    classes_missing=2,
    precision=0.91234,
    recall=0.5,
    density=1.2345,
    coverage=0.87654,
    nearest_pixels=0.987,
    nearest_features=1.004,
)
