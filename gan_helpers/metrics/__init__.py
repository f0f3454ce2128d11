"""What can be measured of a generator's samples, and the classifier through whose eyes it is."""

from gan_helpers.metrics.classifier import (
    CLASS_NAMES,
    CLASSES,
    SHAPES,
    DigitClassifier,
    Seen,
    class_accuracies,
    class_accuracy,
    classify,
    load_classifier,
)
from gan_helpers.metrics.distances import (
    ModeCoverage,
    classifier_score,
    frechet_distance,
    mode_coverage,
)
from gan_helpers.metrics.evaluation import (
    SAMPLES,
    Scores,
    draw_samples,
    evaluate,
    evaluate_images,
    load_scores,
    score_table,
)
from gan_helpers.metrics.inception import inception_features, load_inception
from gan_helpers.metrics.neighbours import PRDC, near_copies, nearest_neighbours, prdc
from gan_helpers.metrics.parzen import SIGMAS, choose_sigma, mean_and_error, parzen_log_likelihood
from gan_helpers.metrics.reading import range_remark, read_images
from gan_helpers.metrics.reference import EYES, Reference, reference_of
