"""The doors of ``latent``."""

import torch
from doors.given import (
    BYTES,
    CLASSFUL,
    COLOUR,
    DISCRIMINATOR,
    DOUBLE_Z,
    FLOATS,
    GENERATOR,
    NAN,
    TYPE,
    VALUE,
    Z,
)
from torch import nn

from gan_helpers import latent

DOORS = {
    latent.weight_directions: [
        {"generator": GENERATOR},
        ("generator", nn.ReLU(), VALUE, "nn.Linear"),
        ("generator", None, TYPE, "network"),
    ],
    latent.activation_directions: [
        {"generator": GENERATOR, "count": 2, "samples": 100},
        ("generator", DISCRIMINATOR, TYPE, "latent_dim"),
        ("count", 0, VALUE, "1 to 8"),
        ("count", 9, VALUE, "1 to 8"),
        ("count", 1.5, TYPE, "whole number"),
        ("samples", 15, VALUE, "at least"),
        ("samples", "5000", TYPE, "whole number"),
    ],
    latent.lerp: [
        {"z_from": Z[0], "z_to": Z[1], "t": 0.5},
        ("z_from", [0.0], TYPE, "list"),
        ("z_to", Z[1, :3], VALUE, "(3,)"),
        ("t", "half", TYPE, "number"),
    ],
    latent.slerp: [
        {"z_from": Z[0], "z_to": Z[1], "t": 0.5},
        ("z_from", 0 * Z[0], VALUE, "no direction"),
        ("z_from", Z[0].long(), TYPE, "int64"),
        ("z_to", -Z[0], VALUE, "opposite"),
        ("z_to", torch.stack((Z[1], -Z[0])), VALUE, "opposite"),  # one among several
        ("z_to", 0 * Z[0], VALUE, "no direction"),
        ("z_to", Z[1] * NAN, VALUE, "NaN"),
        ("t", None, TYPE, "number"),
    ],
    latent.invert: [
        {"generator": GENERATOR, "images": FLOATS[:1], "steps": 1},
        ("generator", CLASSFUL, VALUE, "OneClass"),
        ("generator", DISCRIMINATOR, TYPE, "latent_dim"),
        ("images", BYTES, TYPE, "scale_images"),
        ("images", 2 * FLOATS, VALUE, "[-1, 1]"),
        ("images", FLOATS[0], VALUE, "(1, 28, 28)"),
        ("images", FLOATS.tolist(), TYPE, "list"),
        ("steps", 0, VALUE, "at least 1"),
        ("restarts", 1.5, TYPE, "whole number"),
        ("learning_rate", "0.1", TYPE, "number"),
        ("norm_weight", -1.0, VALUE, "at least 0"),
        ("seed", 0.5, TYPE, "whole number"),
    ],
    latent.find_class: [
        {"generator": GENERATOR, "digit": 3, "z": Z, "steps": 1},
        ("generator", CLASSFUL, VALUE, "OneClass"),
        ("generator", COLOUR, VALUE, "(3, 16, 16)"),
        ("generator", 5, TYPE, "network"),
        ("digit", 10, VALUE, "0 to 9"),
        ("digit", -1, VALUE, "0 to 9"),
        ("digit", "3", TYPE, "whole number"),
        ("z", Z[0], VALUE, "(N, 8)"),
        ("z", DOUBLE_Z, TYPE, ".float()"),
        ("z", 0 * Z, VALUE, "no direction"),
        ("steps", 2.5, TYPE, "whole number"),
        ("learning_rate", 0.0, VALUE, "above 0"),
    ],
    latent.class_means: [
        {"z": torch.zeros(40, 8), "images": BYTES, "confidence": 0.0},
        ("z", Z, VALUE, "(4, 8)"),
        ("z", [0.0], TYPE, "list"),
        ("images", FLOATS, TYPE, "to_uint8"),
        ("confidence", "high", TYPE, "number"),
        ("confidence", 1.5, VALUE, "1.5"),
    ],
}
