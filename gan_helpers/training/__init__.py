"""One run of training: its recipe, its state, its steps, the loop, and the files that store it."""

from gan_helpers.training.checkpoints import load_checkpoint, read_about, save_checkpoint
from gan_helpers.training.devices import anyone, check_shares, join_run
from gan_helpers.training.files import write_whole
from gan_helpers.training.history import (
    COLUMNS,
    GROUPS,
    History,
    check_history,
    load_history,
    save_history,
)
from gan_helpers.training.loop import (
    FRAME_EVERY,
    MEASURE_EVERY,
    advance,
    check_training,
    stop_button,
    train,
    train_in_parts,
)
from gan_helpers.training.recipes import (
    ARTICLE,
    CONVOLUTIONAL,
    COURSE,
    DESCENT,
    PAPER,
    PLAIN,
    RECIPES,
    Recipe,
    for_images,
)
from gan_helpers.training.recording import (
    draw_frame,
    flat_weights,
    gradient_norm,
    record_frame,
    record_measured,
    record_step,
)
from gan_helpers.training.run import Run, best_device, has_bfloat16, start_run
from gan_helpers.training.steps import (
    draw_unnoticed,
    follow_schedule,
    play_discriminator_step,
    play_generator_step,
    play_step,
)
from gan_helpers.training.updates import (
    check_finite,
    discriminator_step,
    forward,
    generator_step,
    simultaneous_step,
)
from gan_helpers.training.weights import (
    load_discriminator,
    load_generator,
    save_discriminator,
    save_generator,
)
from gan_helpers.training.written import recipe_from_dict, recipe_to_dict
