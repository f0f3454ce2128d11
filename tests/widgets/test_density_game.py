"""The figures that the reader can move, driven as a reader would, without a browser."""

import io
import math
import re

import ipywidgets
import numpy as np
import pytest
from PIL import Image

from gan_helpers import widgets

# Outputs of the theory, computed by hand or by a table: V = -log 4 where p_g = p_data, 0 where
# the densities share (almost) no mass.
FIRST_NUMBERS = "V(D*, G) = -0.938, JSD = 0.224, -log 4 + 2 JSD = -0.938"


@pytest.fixture
def game():
    box = widgets.density_game()
    mean, std, reset, picture, numbers, *_ = box.children
    return {"mean": mean, "std": std, "reset": reset, "picture": picture, "numbers": numbers}


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(picture.value)).convert("RGB"))


def test_starts_at_the_notebooks_densities(game):
    assert FIRST_NUMBERS in game["numbers"].value
    assert pixels(game["picture"]).shape[1] > pixels(game["picture"]).shape[0] > 100


def test_moving_p_g_onto_p_data_gives_minus_log_4(game):
    before = pixels(game["picture"])
    game["mean"].value, game["std"].value = 2.0, 1.0
    assert "V(D*, G) = -1.386, JSD = 0.000, -log 4 + 2 JSD = -1.386" in game["numbers"].value
    after = pixels(game["picture"])
    assert before.shape == after.shape and (before != after).any()


def test_moving_p_g_away_gives_zero_and_log_2(game):
    game["mean"].value, game["std"].value = 8.0, 0.3
    assert "JSD = 0.693" in game["numbers"].value
    assert "mean 8.0, std 0.3" in game["numbers"].value
    assert "inf" not in game["numbers"].value


def test_reset_puts_numbers_and_picture_back(game):
    before = pixels(game["picture"])
    game["mean"].value, game["std"].value = -3.0, 0.5
    assert FIRST_NUMBERS not in game["numbers"].value
    game["reset"].click()
    assert (game["mean"].value, game["std"].value) == (0.0, 2.0)
    assert FIRST_NUMBERS in game["numbers"].value
    assert (pixels(game["picture"]) == before).all()


def test_callbacks_print_nothing(game, capsys):
    game["mean"].value = 1.0
    game["reset"].click()
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_every_control_has_a_name_and_a_hint(game):
    for control in (game["mean"], game["std"], game["reset"]):
        assert control.description and control.tooltip
    assert isinstance(game["mean"], ipywidgets.FloatSlider)


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
