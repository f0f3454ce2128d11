"""Interactive panels for the notebooks. Their callbacks change widgets and never print."""

from gan_helpers.widgets.density_game import density_game, density_game_figure, density_game_numbers
from gan_helpers.widgets.film import film
from gan_helpers.widgets.interpolation import Interpolation
from gan_helpers.widgets.inversion import Inversion
from gan_helpers.widgets.latent_explorer import LatentExplorer
from gan_helpers.widgets.line_lab import one_dimensional_lab
from gan_helpers.widgets.live_picture import LivePicture
from gan_helpers.widgets.live_training import live_training
from gan_helpers.widgets.page_explorer import PageExplorer, write_page
from gan_helpers.widgets.quantised import draw_quantised, quantise
