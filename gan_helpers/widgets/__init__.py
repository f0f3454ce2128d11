"""Figures that the reader can move. Callbacks change a widget's children and never print."""

from gan_helpers.widgets.density_game import (
    density_game,
    density_game_figure,
    density_game_numbers,
)

__all__ = [
    "density_game",
    "density_game_figure",
    "density_game_numbers",
]
