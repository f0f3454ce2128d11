"""Two sliders that move p_g, with V(D*, G) and the JSD below them."""

import math

import torch
from matplotlib.figure import Figure

from gan_helpers import plots
from gan_helpers.checks import number
from gan_helpers.games import densities as theory
from gan_helpers.widgets.common import Panel, Picture, button, say, slider, status

DATA_MEAN, DATA_STD = 2.0, 1.0  # p_data of notebook 01, fixed
START_MEAN, START_STD = 0.0, 2.0  # p_g of notebook 01 at the start: G(z) = 2 z
# Floats cannot tell D = 1 - 1e-20 from 1, and log(1 - 1) would be minus infinity.
NEAR = 1e-12


def density_game() -> Panel:
    """Make a panel with two sliders for p_g = N(mean, std^2), a picture, V(D*, G) and the JSD.

    Introduced in notebook 01, "What the game measures".
    """
    mean = slider("mean of p_g", START_MEAN, -4.0, 8.0, 0.1)
    std = slider("std of p_g", START_STD, 0.3, 3.0, 0.1)
    picture, numbers = Picture("The two densities, and D* between them"), status()

    def draw(change: object = None) -> None:
        picture.value = plots.figure_png(density_game_figure(mean.value, std.value))
        say(numbers, words())  # This describes the picture to readers who cannot see it.

    def words() -> str:
        value, jsd = density_game_numbers(mean.value, std.value)
        return (
            f"p_data: mean {DATA_MEAN}, std {DATA_STD}. "
            f"p_g: mean {mean.value:.1f}, std {std.value:.1f}. "
            f"V(D*, G) = {value:.3f}, JSD = {jsd:.3f}, "
            f"-log 4 + 2 JSD = {2 * jsd - math.log(4):.3f} nats."
        )

    def still() -> tuple[Figure, str]:
        return density_game_figure(mean.value, std.value), f"Two densities and D*. {words()}"

    def put_back() -> None:
        mean.value, std.value = START_MEAN, START_STD

    reset = button("Reset", "Put both sliders back to the start", put_back)
    mean.observe(draw, "value")
    std.observe(draw, "value")
    draw()
    return Panel([mean, std, reset, picture, numbers], still)


def density_game_figure(mean: float, std: float) -> Figure:
    """Draw p_data and p_g = N(mean, std^2) beside the best discriminator D*; returns the figure.

    Raises ``TypeError`` when an argument is not a number and ``ValueError`` when ``std`` is not
    positive. Introduced in notebook 01, "What the game measures".
    """
    x, p_data, p_g = _densities(torch.linspace(-8, 10, 901, dtype=torch.float64), mean, std)
    discriminators = {"D*": theory.optimal_discriminator(p_data, p_g)}
    title = f"$p_g$: mean {mean:.1f}, std {std:.1f}"
    return plots.draw_densities(x, p_data, p_g, discriminators, title)


def density_game_numbers(mean: float, std: float) -> tuple[float, float]:
    """Return V(D*, G) and JSD(p_data, p_g) for p_g = N(mean, std^2), by quadrature, in nats.

    Raises ``TypeError`` when an argument is not a number and ``ValueError`` when ``std`` is not
    positive. Introduced in notebook 01, "What the game measures".
    """
    number(mean, "mean")
    number(std, "std", above=0)
    reach = 8 * max(std, DATA_STD)  # less than 1e-14 of the mass lies beyond 8 standard deviations
    low, high = min(mean, DATA_MEAN) - reach, max(mean, DATA_MEAN) + reach
    x, p_data, p_g = _densities(torch.linspace(low, high, 4001, dtype=torch.float64), mean, std)
    d = theory.optimal_discriminator(p_data, p_g).clamp(NEAR, 1 - NEAR)
    value = theory.value_function(d, p_data, p_g, x).item()
    return value, theory.js_divergence(p_data, p_g, x).item()


def _densities(x: torch.Tensor, mean: float, std: float) -> tuple[torch.Tensor, ...]:
    return x, theory.normal_density(x, DATA_MEAN, DATA_STD), theory.normal_density(x, mean, std)
