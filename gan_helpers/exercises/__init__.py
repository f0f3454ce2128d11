"""The checks behind the exercises, one file for some chapters."""

from gan_helpers.exercises.chapter_05 import (
    check_inversion_step,
    check_mean_length,
    check_set_coordinate,
    check_slerp,
)
from gan_helpers.exercises.chapter_06 import (
    check_better,
    check_frechet_1d,
    check_thief,
    check_unit_range,
)
from gan_helpers.exercises.chapter_07 import (
    check_alternating_update,
    check_count_modes,
    check_growth,
    check_name_failure,
)
from gan_helpers.exercises.chapters_01_to_04 import (
    check_accuracy,
    check_adam_memory,
    check_half_overlap,
    check_imbalance,
    check_losses_of_outputs,
    check_maximum_likelihood_loss,
    check_neuron,
    check_normalise,
    check_optimal_discriminator,
    check_parameter_count,
    check_shapes,
    check_slope_ratio,
    check_update_average,
)
from gan_helpers.exercises.verdict import verdict

__all__ = [
    "check_accuracy",
    "check_adam_memory",
    "check_alternating_update",
    "check_better",
    "check_count_modes",
    "check_frechet_1d",
    "check_growth",
    "check_half_overlap",
    "check_imbalance",
    "check_inversion_step",
    "check_losses_of_outputs",
    "check_maximum_likelihood_loss",
    "check_mean_length",
    "check_name_failure",
    "check_neuron",
    "check_normalise",
    "check_optimal_discriminator",
    "check_parameter_count",
    "check_set_coordinate",
    "check_shapes",
    "check_slerp",
    "check_slope_ratio",
    "check_thief",
    "check_unit_range",
    "check_update_average",
    "verdict",
]
