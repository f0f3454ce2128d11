"""The course's plot style, and the figures that several notebooks draw."""

from gan_helpers.plots.curves import (
    draw_densities,
    draw_losses,
    draw_outputs,
    plot_output_histograms,
    plot_spread,
    plot_training,
    smooth,
)
from gan_helpers.plots.images import (
    check_frames,
    draw_film_strip,
    grid_image,
    picture,
    samples_png,
    show_film_strip,
    show_rows,
    show_samples,
)
from gan_helpers.plots.style import (
    DISCRIMINATOR,
    DPI,
    FAKE,
    FAKE_LINE,
    GENERATOR,
    NON_SATURATING,
    REAL,
    REAL_LINE,
    REFERENCE_LINE,
    SATURATING,
    STYLE,
    figure_png,
    finish,
    new_figure,
    picture_html,
    show,
    show_png,
)
