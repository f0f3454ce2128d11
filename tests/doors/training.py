"""The doors of ``training``."""

import torch
from doors.given import (
    ARRAY,
    BYTES,
    DISCRIMINATOR,
    EMPTY,
    FLOATS,
    GENERATOR,
    HISTORY,
    NAN,
    RUN,
    TYPE,
    VALUE,
    Z,
)
from helping import TINY

from gan_helpers import training
from gan_helpers.models import Discriminator

WRITTEN = training.recipe_to_dict(TINY)
OPTIMIZER = torch.optim.Adam(DISCRIMINATOR.parameters())

DOORS = {
    training.Recipe: [
        {},
        ("build_generator", Discriminator, VALUE, "exchanged"),
        ("build_generator", GENERATOR, TYPE, "without brackets"),
        ("build_discriminator", "Discriminator", TYPE, "without brackets"),
        ("generator_loss", "saturating", TYPE, "function"),
        ("batch_size", 1, VALUE, "at least 2"),
        ("batch_size", 12.5, TYPE, "whole number"),
        ("g_optimizer", torch.optim.RMSprop, VALUE, "torch.optim.SGD"),
        ("d_optimizer", OPTIMIZER, VALUE, "the class itself"),
        ("learning_rate", "0.1", TYPE, "number"),
        ("learning_rate", -0.1, VALUE, "-0.1"),
        ("d_learning_rate", NAN, VALUE, "nan"),
        ("betas", (0.5,), VALUE, "two"),
        ("betas", (0.5, 1.0), VALUE, "below 1"),
        ("momentum", 1.0, VALUE, "below 1"),
        ("weight_decay", -1.0, VALUE, "-1.0"),
        ("head_start", 1.5, TYPE, "whole number"),
        ("average_decay", 1.0, VALUE, "1.0"),
    ],
    training.start_run: [
        {"recipe": TINY, "seed": 0},
        ("recipe", "course", TYPE, "Recipe"),
        ("seed", 2**63, VALUE, "9223372036854775808"),
        ("seed", 0.5, TYPE, "whole number"),
        ("device", "tpu", VALUE, "tpu"),
    ],
    training.train: [
        {"run": RUN, "images": BYTES, "steps": 1, "progress": False},
        ("run", TINY, TYPE, "start_run"),
        ("images", FLOATS, TYPE, "uint8"),
        ("images", ARRAY, TYPE, "torch.from_numpy"),
        ("images", BYTES[:, 0], VALUE, "unsqueeze(1)"),
        ("images", BYTES.flatten(1), VALUE, "(40, 784)"),
        ("images", BYTES.repeat(1, 3, 1, 1), VALUE, "(40, 3, 28, 28)"),
        ("images", [BYTES], TYPE, "list"),
        ("images", torch.utils.data.DataLoader(BYTES), TYPE, "DataLoader"),
        ("images", BYTES[:3], VALUE, "3"),
        ("epochs", 1, VALUE, "exactly one"),
        ("steps", 0, VALUE, "at least 1"),
        ("steps", 2.5, TYPE, "whole number"),
        ("steps", "10", TYPE, "whole number"),
        ("steps", NAN, TYPE, "whole number"),
        ("frame_every", 0, VALUE, "at least 1"),
        ("measure_every", 0.5, TYPE, "whole number"),
    ],
    training.train_in_parts: [
        {"run": RUN, "images": BYTES, "epochs": 1},
        ("run", None, TYPE, "start_run"),
        ("images", FLOATS, TYPE, "uint8"),
        ("epochs", 0, VALUE, "at least 1"),
        ("frame_every", "100", TYPE, "whole number"),
    ],
    training.discriminator_step: [
        {
            "discriminator": DISCRIMINATOR,
            "d_optimizer": OPTIMIZER,
            "real": FLOATS,
            "fake": FLOATS,
        },
        ("fake", FLOATS[:, :, :14], VALUE, "(40, 1, 14, 28)"),
        ("real", BYTES, TYPE, "uint8"),
    ],
    training.generator_step: [
        {"discriminator": DISCRIMINATOR, "g_optimizer": OPTIMIZER, "fake": FLOATS},
        ("fake", FLOATS, VALUE, "detach()"),
    ],
    training.simultaneous_step: [
        {
            "players": (GENERATOR, DISCRIMINATOR),
            "optimizers": (OPTIMIZER, OPTIMIZER),
            "real": FLOATS,
            "fake": FLOATS,
        },
        ("fake", FLOATS[:, :, :14], VALUE, "(40, 1, 14, 28)"),
        ("real", BYTES, TYPE, "uint8"),
        ("fake", FLOATS, VALUE, "detach()"),
    ],
    training.gradient_norm: [
        {"network": DISCRIMINATOR},
        ("network", GENERATOR, VALUE, "backward()"),
        ("network", 3, TYPE, "network"),
    ],
    training.flat_weights: [
        {"network": DISCRIMINATOR},
        ("network", None, TYPE, "network"),
    ],
    # several devices
    training.check_shares: [
        {"batch_size": 16, "processes": 2},
        ("batch_size", 15, VALUE, "multiple of 2"),
        ("batch_size", 2, VALUE, "at least 4"),
        ("processes", 3, VALUE, "multiple of 3"),
    ],
    training.join_run: [
        {"run": RUN, "fabric": None},
        ("run", TINY, TYPE, "start_run"),
    ],
    # written down
    training.for_images: [
        {"recipe": TINY, "image_shape": (3, 32, 32), "classes": 10},
        ("recipe", "course", TYPE, "Recipe"),
        ("recipe", training.ARTICLE, VALUE, "has fixed sizes"),
        ("recipe", training.PAPER, VALUE, "takes no classes"),
        ("image_shape", (32, 32), TYPE, "(channels, height, width)"),
        ("classes", 2.5, TYPE, "whole number"),
    ],
    training.recipe_to_dict: [
        {"recipe": TINY},
        ("recipe", "course", TYPE, "Recipe"),
    ],
    training.recipe_from_dict: [
        {"written": WRITTEN},
        ("written", {}, VALUE, "lacks"),
        ("written", WRITTEN | {"rate": 1}, VALUE, "rate"),
        ("written", WRITTEN | {"batch_size": "128"}, TYPE, "batch_size"),
        ("written", [], TYPE, "list"),
    ],
    # files
    training.save_checkpoint: [
        {"run": RUN, "file": "{folder}/checkpoint"},
        ("run", TINY, TYPE, "start_run"),
        ("file", "{folder}", OSError, "folder"),
        ("file", 7, TYPE, "name of a file"),
        ("about", {"a": TINY}, TYPE, "JSON"),
    ],
    training.load_checkpoint: [
        {"file": "{checkpoint}"},
        ("file", "absent", FileNotFoundError, "absent"),
        ("file", "{text}", OSError, "safetensors"),
        ("file", "{folder}", FileNotFoundError, "is a folder"),
        ("file", None, TYPE, "None"),
        ("device", "tpu", VALUE, "tpu"),
    ],
    training.read_about: [
        {"file": "{checkpoint}"},
        ("file", "absent", FileNotFoundError, "absent"),
        ("file", "{generator}", OSError, "no checkpoint"),
    ],
    training.write_whole: [
        {"file": "{folder}/file", "content": b""},
        ("content", "text", TYPE, "bytes"),
        ("file", "{folder}", IsADirectoryError, "folder"),
    ],
    training.save_history: [
        {"history": HISTORY, "file": "{folder}/history"},
        ("history", EMPTY, VALUE, "empty"),
        ("history", RUN, TYPE, "History"),
        ("file", 7, TYPE, "name of a file"),
    ],
    training.load_history: [
        {"file": "{history}"},
        ("file", "absent", FileNotFoundError, "absent"),
        ("file", "{checkpoint}", OSError, "history"),
        ("file", "{text}", OSError, "safetensors"),
    ],
    training.save_generator: [
        {"generator": GENERATOR, "file": "{folder}/generator", "about": {}},
        ("generator", DISCRIMINATOR, TYPE, "Discriminator"),
        ("file", None, TYPE, "None"),
        ("about", "by hand", TYPE, "Mapping"),
        ("about", {"seed": 0}, TYPE, "seed"),
    ],
    training.save_discriminator: [
        {"discriminator": DISCRIMINATOR, "file": "{folder}/discriminator", "about": {}},
        ("discriminator", GENERATOR, TYPE, "Generator"),
        ("discriminator", Discriminator, TYPE, "brackets"),
    ],
    training.load_generator: [
        {"file": "{generator}"},
        ("file", "absent", FileNotFoundError, "absent"),
        ("file", "{text}", OSError, "safetensors"),
        ("file", "{checkpoint}", OSError, "no generator"),
        ("file", 7, TYPE, "name of a file"),
    ],
    training.load_discriminator: [
        {"file": "{discriminator}"},
        ("file", "{generator}", OSError, "no discriminator"),
        ("file", "absent", FileNotFoundError, "absent"),
    ],
    # drawn from a run
    training.draw_unnoticed: [
        {"run": RUN, "z": Z},
        ("z", Z[:, :3], VALUE, "(N, 8)"),
    ],
}
