"""The sliders that move p_g, driven as a reader would, without a browser."""

import math
import re

import pytest
from helping import control, pictures, pixels, texts

from gan_helpers import widgets

# Outputs of the theory, computed by hand or by a table: V = -log 4 where p_g = p_data, 0 where
# the densities share (almost) no mass.
FIRST_NUMBERS = "V(D*, G) = -0.938, JSD = 0.224, -log 4 + 2 JSD = -0.938"


def test_moving_p_g_shows_its_numbers_and_reset_those_of_the_start():
    game = widgets.density_game()
    mean, std = control(game, "mean of p_g"), control(game, "std of p_g")
    (picture,) = pictures(game)
    assert FIRST_NUMBERS in texts(game)
    first = pixels(picture)
    mean.value, std.value = 2.0, 1.0  # onto p_data
    assert "V(D*, G) = -1.386, JSD = 0.000, -log 4 + 2 JSD = -1.386" in texts(game)
    assert first.shape == pixels(picture).shape and (first != pixels(picture)).any()
    mean.value, std.value = 8.0, 0.3  # away from it
    assert "mean 8.0, std 0.3. V(D*, G) = -0.000, JSD = 0.693" in texts(game)
    assert "inf" not in texts(game)
    control(game, "Reset").click()
    assert (mean.value, std.value) == (0.0, 2.0)
    assert FIRST_NUMBERS in texts(game) and (pixels(picture) == first).all()


@pytest.mark.parametrize("mean", [-4.0, -1.0, 2.0, 8.0])
@pytest.mark.parametrize("std", [0.3, 1.0, 3.0])
def test_numbers_obey_the_theorem(mean, std):
    value, jsd = widgets.density_game_numbers(mean, std)
    assert -1e-9 <= jsd <= math.log(2) + 1e-9
    assert value == pytest.approx(2 * jsd - math.log(4), abs=1e-8)


def test_std_must_be_positive():
    for function in (widgets.density_game_numbers, widgets.density_game_figure):
        with pytest.raises(ValueError, match=re.escape("std is 0.0")):
            function(1.0, 0.0)
