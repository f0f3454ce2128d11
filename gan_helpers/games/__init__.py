"""Games small enough to be watched whole: on densities, on points, on two numbers."""

from gan_helpers.games.cures import (
    BatchSpread,
    penalised_toy_step,
    show_batch_spread,
    toy_step_with,
    unrolled_toy_step,
)
from gan_helpers.games.densities import (
    js_divergence,
    kl_divergence,
    normal_density,
    optimal_discriminator,
    value_function,
)
from gan_helpers.games.line_measure import (
    ARROWS,
    LineView,
    even_z,
    look,
    measured_value,
    pull_on_fakes,
    sample_density,
)
from gan_helpers.games.points import (
    LINE_RECIPES,
    ToyDiscriminator,
    ToyGenerator,
    ToyRecipe,
    ToyRun,
    start_toy,
    toy_d_step,
    toy_g_step,
    toy_step,
)
from gan_helpers.games.targets import LINE, Bars, NormalMixture, grid, modes_found, ring
from gan_helpers.games.vector_fields import (
    bilinear_field,
    dirac_field,
    eigenvalues,
    game_update,
    trajectory,
)
