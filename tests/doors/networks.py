"""The doors of ``data``, ``losses`` and ``models``."""

import torch
from doors.given import (
    ARRAY,
    BYTES,
    DISCRIMINATOR,
    DOUBLE_Z,
    FLOATS,
    GENERATOR,
    LOGITS,
    NAN,
    TYPE,
    VALUE,
    Z,
)
from torch import nn

from gan_helpers import data, losses, models

DOORS = {
    data.load_mnist: [
        {"split": "test"},
        ("split", "validation", VALUE, "'train' or 'test'"),
        ("file", "absent.npz", FileNotFoundError, "absent.npz"),
        ("file", 7, TYPE, "name of a file"),
    ],
    data.scale_images: [
        {"images": BYTES},
        ("images", FLOATS, TYPE, "torch.float32"),
        ("images", ARRAY, TYPE, "torch.from_numpy"),
        ("images", [0, 255], TYPE, "list"),
    ],
    data.to_uint8: [
        {"images": FLOATS},
        ("images", BYTES, TYPE, "torch.uint8"),
        ("images", FLOATS * NAN, VALUE, "NaN"),
        ("images", FLOATS.numpy(), TYPE, "torch.from_numpy"),
    ],
    data.batches: [
        {"images": BYTES, "batch_size": 4, "generator": torch.Generator()},
        ("images", FLOATS, TYPE, "torch.float32"),
        ("images", ARRAY, TYPE, "torch.from_numpy"),
        ("batch_size", 41, VALUE, "41"),
        ("batch_size", 2.5, TYPE, "whole number"),
        ("generator", 0, TYPE, "torch.Generator().manual_seed(0)"),
    ],
    losses.discriminator_loss: [
        {"real_logits": LOGITS, "fake_logits": LOGITS},
        ("real_logits", [1.0], TYPE, "list"),
        ("real_logits", LOGITS[:0], VALUE, "empty"),
        ("fake_logits", LOGITS.long(), TYPE, "torch.int64"),
        ("fake_logits", LOGITS.numpy(), TYPE, "torch.from_numpy"),
    ],
    losses.saturating_generator_loss: [
        {"fake_logits": LOGITS},
        ("fake_logits", LOGITS > 0, TYPE, "torch.bool"),
        ("fake_logits", 0.5, TYPE, "expected a tensor"),
    ],
    losses.non_saturating_generator_loss: [
        {"fake_logits": LOGITS},
        ("fake_logits", LOGITS[:0], VALUE, "empty"),
        ("fake_logits", None, TYPE, "None"),
    ],
    models.Generator: [
        {"latent_dim": 8, "hidden": (16,)},
        ("latent_dim", 0, VALUE, "at least 1"),
        ("latent_dim", 10**20, VALUE, "from 1 to"),
        ("latent_dim", "100", TYPE, "whole number"),
        ("hidden", 256, TYPE, "(256, 512)"),
        ("hidden", (256, 0), VALUE, "at least 1"),
    ],
    GENERATOR: [
        {"z": Z},
        ("z", Z[0], VALUE, "(N, 8)"),
        ("z", DOUBLE_Z, TYPE, ".float()"),
        ("z", Z.long(), TYPE, "torch.int64"),
        ("z", Z.tolist(), TYPE, "list"),
    ],
    models.Dropout: [
        {"p": 0.2},
        ("p", 1.0, VALUE, "below 1"),
        ("p", "none", TYPE, "number"),
    ],
    models.Discriminator: [
        {"hidden": (16,), "dropout": 0.2},
        ("hidden", (16.0,), TYPE, "whole number"),
        ("dropout", 1.5, VALUE, "1.5"),
        ("dropout", "none", TYPE, "number"),
    ],
    DISCRIMINATOR: [
        {"images": FLOATS},
        ("images", FLOATS[0, 0], VALUE, "unsqueeze(0)"),
        ("images", BYTES, TYPE, "scale_images"),
        ("images", FLOATS.double(), TYPE, ".float()"),
        ("images", ARRAY, TYPE, "torch.from_numpy"),
    ],
    models.ArticleGenerator: [
        {"latent_dim": 8},
        ("latent_dim", -1, VALUE, "at least 1"),
        ("latent_dim", None, TYPE, "whole number"),
    ],
    models.ArticleDiscriminator(): [
        {"images": FLOATS},
        ("images", BYTES, TYPE, "scale_images"),
        ("images", torch.zeros(4, 3, 32, 32), VALUE, "(4, 3, 32, 32)"),
    ],
    models.initialise: [
        {"network": models.Generator(8, (16,)), "seed": 0},
        ("network", models.Generator, TYPE, "network"),
        ("network", nn.Conv2d(1, 1, 3), TYPE, "Conv2d"),
        ("seed", 0.5, TYPE, "whole number"),
        ("seed", 2**64, VALUE, "18446744073709551616"),
    ],
    models.new_network: [
        {"build": models.ArticleDiscriminator, "seed": 0},
        ("build", GENERATOR, TYPE, "without brackets"),
        ("build", lambda: 3, TYPE, "int"),
        ("seed", "0", TYPE, "whole number"),
    ],
    models.count_parameters: [
        {"network": GENERATOR},
        ("network", models.Generator, TYPE, "network"),
    ],
    models.evaluating: [
        {"network": GENERATOR},
        ("network", None, TYPE, "None"),
    ],
    models.sample: [
        {"generator": GENERATOR, "z": Z},
        ("generator", 5, TYPE, "network"),
        ("z", Z[:, :3], VALUE, "(N, 8)"),
        ("z", DOUBLE_Z, TYPE, ".float()"),
    ],
    models.draw: [
        {"generator": GENERATOR, "n": 3, "seed": 0},
        ("generator", DISCRIMINATOR, TYPE, "latent_dim"),
        ("n", 0, VALUE, "at least 1"),
        ("n", 2.5, TYPE, "whole number"),
        ("seed", None, TYPE, "whole number"),
    ],
}
