"""The doors of ``games``."""

import torch
from doors.given import (
    GAME,
    GRID,
    LINE_GAME,
    NAN,
    ONE,
    PLANE,
    RUN,
    TYPE,
    VALUE,
)

from gan_helpers import games
from gan_helpers.games import bilinear_field
from gan_helpers.losses import non_saturating_generator_loss

POINT, POINTS = torch.ones(2), torch.ones(5, 2)
CENTRES = PLANE.target.centres


def pair_loss(real, fake):
    return fake.mean() - real.mean()


DOORS = {
    # on densities
    games.normal_density: [
        {"x": GRID, "mean": 0.0, "std": 1.0},
        ("x", [0.0, 1.0], TYPE, "list"),
        ("mean", "0", TYPE, "number"),
        ("mean", NAN, VALUE, "nan"),
        ("std", 0.0, VALUE, "above 0"),
        ("std", NAN, VALUE, "above 0"),
        ("std", "1", TYPE, "number"),
    ],
    games.optimal_discriminator: [
        {"p_data": ONE, "p_g": ONE},
        ("p_data", [1.0], TYPE, "list"),
        ("p_g", -ONE, VALUE, "negative"),
        ("p_g", ONE * NAN, VALUE, "NaN"),
        ("p_g", ONE[:4], VALUE, "shapes differ"),
    ],
    games.value_function: [
        {"d": ONE / 2, "p_data": ONE, "p_g": ONE, "x": GRID},
        ("d", 0.5, TYPE, "expected a tensor"),
        ("d", ONE + 1, VALUE, "from 2 to 2"),
        ("d", ONE * NAN, VALUE, "[0, 1]"),
        ("p_g", -ONE, VALUE, "negative"),
        ("d", ONE[:0], VALUE, "(0,)"),
        ("x", -GRID, VALUE, "increasing"),
        ("x", GRID[:4], VALUE, "shapes differ"),
    ],
    games.kl_divergence: [
        {"p": ONE, "q": ONE, "x": GRID},
        ("p", ONE.numpy(), TYPE, "torch.from_numpy"),
        ("q", ONE * NAN, VALUE, "NaN"),
        ("x", None, TYPE, "None"),
    ],
    games.js_divergence: [
        {"p": ONE, "q": ONE, "x": GRID},
        ("p", -ONE, VALUE, "negative"),
        ("q", [1.0], TYPE, "list"),
        ("x", -GRID, VALUE, "increasing"),
    ],
    # on the line
    games.even_z: [
        {"count": 5},
        ("count", 0, VALUE, "at least 1"),
        ("count", 2.5, TYPE, "whole number"),
    ],
    games.sample_density: [
        {"samples": torch.zeros(5, 1), "x": GRID},
        ("samples", [[0.0]], TYPE, "list"),
        ("samples", torch.zeros(5), VALUE, "(N, 1)"),
        ("samples", torch.full((5, 1), NAN), VALUE, "NaN"),
        ("x", GRID[:1], VALUE, "at least 2"),
        ("x", 1.0, TYPE, "expected a tensor"),
    ],
    games.measured_value: [
        {
            "discriminator": LINE_GAME.discriminator,
            "target": games.NormalMixture(),
            "fake": games.even_z(5),
        },
        ("discriminator", None, TYPE, "network"),
        ("target", PLANE.target, TYPE, "Gaussians"),
        ("fake", torch.zeros(5), VALUE, "(N, 1)"),
        ("fake", 0.5, TYPE, "expected a tensor"),
    ],
    games.pull_on_fakes: [
        {
            "discriminator": LINE_GAME.discriminator,
            "generator_loss": non_saturating_generator_loss,
            "fake": games.even_z(5),
        },
        ("generator_loss", "saturating", TYPE, "function"),
        ("fake", torch.zeros(5, 1).long(), TYPE, "torch.int64"),
    ],
    games.look: [
        {"run": LINE_GAME},
        ("run", RUN, TYPE, "start_toy"),
        ("run", GAME, TYPE, "line"),
    ],
    # the players and their game
    games.ToyGenerator: [
        {"latent_dim": 1, "dim": 1, "hidden": (8,)},
        ("latent_dim", 0, VALUE, "at least 1"),
        ("dim", 1.5, TYPE, "whole number"),
        ("hidden", 8, TYPE, "tuple"),
        ("hidden", (8, 0), VALUE, "at least 1"),
    ],
    GAME.generator: [
        {"z": torch.zeros(5, 2)},
        ("z", torch.zeros(5), VALUE, "(N, 2)"),
        ("z", torch.zeros(5, 2).double(), TYPE, "float64"),
    ],
    games.ToyDiscriminator: [
        {"dim": 1, "hidden": (8,)},
        ("dim", 0, VALUE, "at least 1"),
        ("hidden", ("8",), TYPE, "whole number"),
    ],
    LINE_GAME.discriminator: [
        {"points": torch.zeros(5, 1)},
        ("points", torch.zeros(5), VALUE, "x[:, None]"),
        ("points", [[0.0]], TYPE, "list"),
        ("points", torch.zeros(5, 1).double(), TYPE, ".float()"),
    ],
    games.ToyRecipe: [
        {"hidden": (8,)},
        ("target", 2.0, TYPE, "NormalMixture"),
        ("generator_loss", "saturating", TYPE, "function"),
        ("d_rate", "0.1", TYPE, "number"),
        ("g_rate", -1.0, VALUE, "-1.0"),
        ("d_steps", 0, VALUE, "at least 1"),
        ("betas", (0.5,), VALUE, "two"),
        ("betas", (0.5, 1.0), VALUE, "below 1"),
        ("batch_size", 2.5, TYPE, "whole number"),
        ("latent_dim", 0, VALUE, "at least 1"),
        ("hidden", 32, TYPE, "tuple"),
    ],
    games.start_toy: [
        {"recipe": PLANE, "seed": 0},
        ("recipe", RUN.recipe, TYPE, "ToyRecipe"),
        ("seed", 0.5, TYPE, "whole number"),
        ("seed", 2**63, VALUE, "9223372036854775808"),
    ],
    # cures
    games.BatchSpread: [
        {"group_size": 4},
        ("group_size", 1, VALUE, "at least 2"),
        ("group_size", "4", TYPE, "whole number"),
    ],
    games.BatchSpread(4): [
        {"points": torch.zeros(8, 2)},
        ("points", torch.zeros(6, 2), VALUE, "group_size 4"),
        ("points", torch.zeros(4), VALUE, "(N, dim)"),
        ("points", [[0.0]], TYPE, "list"),
    ],
    games.penalised_toy_step: [
        {"run": GAME, "gamma": 1.0},
        ("gamma", -1.0, VALUE, "at least 0"),
        ("gamma", "1", TYPE, "number"),
    ],
    games.toy_step_with: [
        {"run": GAME, "d_loss": pair_loss, "g_loss": pair_loss},
        ("d_loss", "hinge", TYPE, "function"),
        ("d_loss", lambda real, fake: real, VALUE, "scalar"),
        ("g_loss", None, TYPE, "function"),
        ("g_loss", lambda real, fake: fake, VALUE, "scalar"),
        ("gamma", -1.0, VALUE, "at least 0"),
        ("gamma", "1", TYPE, "number"),
    ],
    games.unrolled_toy_step: [
        {"run": GAME, "look_ahead": 2, "rate": 0.3},
        ("look_ahead", 0, VALUE, "toy_step"),
        ("look_ahead", 1.5, TYPE, "whole number"),
        ("rate", 0.0, VALUE, "above 0"),
    ],
    games.show_batch_spread: [
        {"run": games.start_toy(PLANE), "seed": 0},
        ("run", RUN, TYPE, "start_toy"),
        ("seed", "0", TYPE, "whole number"),
    ],
    # targets
    games.NormalMixture: [
        {"means": (0.0,)},
        ("means", 0.0, TYPE, "tuple"),
        ("means", (0.0, 1.0), VALUE, "lengths (2, 1, 1)"),
        ("means", (NAN,), VALUE, "nan"),
        ("stds", (0.0,), VALUE, "above 0"),
        ("weights", (-1.0,), VALUE, "-1.0"),
        ("weights", ("1",), TYPE, "number"),
    ],
    games.NormalMixture().density: [
        {"x": GRID},
        ("x", 0.0, TYPE, "expected a tensor"),
    ],
    games.Bars: [
        {"heights": (1.0,), "low": -1.0, "high": 1.0},
        ("heights", (0.0, 0.0), VALUE, "above 0"),
        ("heights", "high", TYPE, "tuple"),
        ("low", 1.0, VALUE, "low < high"),
        ("high", "2", TYPE, "number"),
    ],
    games.ring: [
        {"modes": 8, "radius": 2.0, "std": 0.1},
        ("modes", 0, VALUE, "at least 1"),
        ("radius", "2", TYPE, "number"),
        ("std", 0.0, VALUE, "above 0"),
    ],
    games.grid: [
        {"side": 5, "spacing": 2.0, "std": 0.1},
        ("side", 2.5, TYPE, "whole number"),
        ("spacing", NAN, VALUE, "nan"),
        ("std", -1.0, VALUE, "above 0"),
    ],
    games.modes_found: [
        {"samples": POINTS, "centres": CENTRES, "std": 0.1},
        ("samples", torch.zeros(3, 1), VALUE, "(3, 1)"),
        ("samples", POINTS[:0], VALUE, "N and K at least 1"),
        ("samples", POINTS * NAN, VALUE, "NaN"),
        ("samples", POINTS.tolist(), TYPE, "list"),
        ("centres", 2.0, TYPE, "expected a tensor"),
        ("centres", CENTRES * NAN, VALUE, "NaN"),
        ("std", "0.1", TYPE, "number"),
    ],
    # two numbers
    games.bilinear_field: [
        {"point": POINT},
        ("point", torch.zeros(3), VALUE, "(3,)"),
        ("point", torch.zeros(2).long(), TYPE, "torch.int64"),
        ("point", (1.0, 1.0), TYPE, "tuple"),
    ],
    games.dirac_field: [
        {"point": POINT},
        ("point", [1.0, 1.0], TYPE, "list"),
        ("gradient_penalty", -1.0, VALUE, "at least 0"),
        ("noise_std", "1", TYPE, "number"),
    ],
    games.game_update: [
        {"field": bilinear_field, "point": POINT, "rate": 0.1},
        ("field", "bilinear", TYPE, "function"),
        ("field", lambda point: point[..., 0], VALUE, "velocities"),
        ("rate", 0.0, VALUE, "above 0"),
        ("d_steps", 1.5, TYPE, "whole number"),
    ],
    games.trajectory: [
        {"field": bilinear_field, "start": POINT, "rate": 0.1, "steps": 3},
        ("start", [1.0, 1.0], TYPE, "list"),
        ("start", torch.zeros(3), VALUE, "(3,)"),
        ("steps", -1, VALUE, "at least 0"),
        ("steps", 2.5, TYPE, "whole number"),
    ],
    games.eigenvalues: [
        {"function": bilinear_field, "point": POINT},
        ("function", None, TYPE, "function"),
        ("point", torch.zeros(4, 2), VALUE, "(4, 2)"),
        ("point", torch.zeros(2).long(), TYPE, "torch.int64"),
    ],
}
