"""The doors of ``widgets``."""

from doors.given import (
    ARRAY,
    BYTES,
    CLASSFUL,
    DISCRIMINATOR,
    DOUBLE_Z,
    FLOATS,
    GENERATOR,
    HISTORY,
    LABELS,
    NAN,
    RUN,
    TYPE,
    VALUE,
    Z,
)
from helping import TINY
from torch import nn

from gan_helpers import widgets
from gan_helpers.models import ArticleGenerator, Discriminator, Generator
from gan_helpers.training import History

DIVERGED = Generator(8, (16,))
nn.init.constant_(DIVERGED.layers[0].weight, NAN)
NETWORK = widgets.quantise(GENERATOR)

DOORS = {
    widgets.density_game_figure: [
        {"mean": 0.0, "std": 1.0},
        ("mean", "0", TYPE, "number"),
        ("std", 0.0, VALUE, "above 0"),
    ],
    widgets.density_game_numbers: [
        {"mean": 0.0, "std": 1.0},
        ("mean", NAN, VALUE, "nan"),
        ("std", "1", TYPE, "number"),
    ],
    widgets.one_dimensional_lab: [
        {"seed": 0},
        ("seed", 0.5, TYPE, "whole number"),
    ],
    widgets.live_training: [
        {"run": RUN, "images": BYTES},
        ("run", TINY, TYPE, "start_run"),
        ("images", FLOATS, TYPE, "uint8"),
        ("images", BYTES[:3], VALUE, "batch_size"),
        ("images", ARRAY, TYPE, "torch.from_numpy"),
    ],
    widgets.film: [
        {"history": HISTORY, "alt": "Noise."},
        ("history", History(), VALUE, "no frames"),
        ("history", RUN, TYPE, "run.history"),
        ("alt", "", VALUE, "sentence"),
        ("seconds", 0, VALUE, "above 0"),
        ("scale", "2", TYPE, "number"),
    ],
    widgets.LivePicture: [
        {"alt": "Noise.", "width": 280},
        ("alt", " ", VALUE, "sentence"),
        ("alt", 280, TYPE, "text"),
        ("width", 0, VALUE, "at least 1"),
    ],
    widgets.LatentExplorer: [
        {"generator": GENERATOR, "discriminator": DISCRIMINATOR},
        ("generator", None, TYPE, "network"),
        ("generator", DISCRIMINATOR, TYPE, "latent_dim"),
        ("discriminator", 5, TYPE, "network"),
        ("kind", "colours", VALUE, "'coordinates'"),
        ("numbers", range(90, 98), VALUE, "0 to 7"),
        ("numbers", 3, TYPE, "range(8)"),
        ("seed", "0", TYPE, "whole number"),
        ("discriminator", Discriminator(image_shape=(3, 16, 16)), VALUE, "(3, 16, 16)"),
        ("discriminator", Discriminator(classes=4), VALUE, "4 classes"),
        ("classes", "0123", TYPE, "names"),
        ("classes", ["a"], VALUE, "no classes"),
        ("classes", [0, 1], TYPE, "text"),
        ("label", 1, VALUE, "only label=0"),
        ("label", "7", TYPE, "whole number"),
        ("data", "imagenet", VALUE, "'cifar10'"),
        ("data", 5, TYPE, "'mnist'"),
    ],
    widgets.Interpolation: [
        {"generator": GENERATOR, "discriminator": DISCRIMINATOR},
        ("generator", DISCRIMINATOR, TYPE, "latent_dim"),
        ("generator", CLASSFUL, VALUE, "OneClass"),
        ("discriminator", "D", TYPE, "network"),
        ("discriminator", Discriminator(classes=4), VALUE, "none"),
        ("seed", 0.5, TYPE, "whole number"),
    ],
    widgets.Inversion: [
        {"generator": GENERATOR, "images": BYTES},
        ("generator", 5, TYPE, "network"),
        ("generator", CLASSFUL, VALUE, "OneClass"),
        ("images", FLOATS, TYPE, "to_uint8"),
        ("images", BYTES[:, 0], VALUE, "unsqueeze(1)"),
        ("images", ARRAY, TYPE, "torch.from_numpy"),
    ],
    widgets.quantise: [
        {"generator": GENERATOR},
        ("generator", Generator, TYPE, "with brackets"),
        ("generator", ArticleGenerator(), TYPE, "knows its layers only"),
        ("generator", Generator(8, (16,), image_shape=(3, 28, 28)), VALUE, "(3, 28, 28)"),
        ("generator", DIVERGED, VALUE, "NaN"),
    ],
    widgets.draw_quantised: [
        {"network": NETWORK, "z": Z},
        ("network", GENERATOR, TYPE, "quantise(generator)"),
        ("network", {}, VALUE, "quantise(generator)"),
        ("z", Z[:, :5], VALUE, "(N, 8)"),
        ("z", Z / 0, VALUE, "infinite"),
        ("z", ARRAY, TYPE, "torch.from_numpy"),
        ("z", DOUBLE_Z, TYPE, "z.float()"),
        ("labels", LABELS[:4], VALUE, "no classes"),
    ],
    widgets.PageExplorer: [
        {"generator": GENERATOR},
        ("generator", DISCRIMINATOR, TYPE, "expected a Generator"),
        ("generator", None, TYPE, "network"),
        ("generator", DIVERGED, VALUE, "learning rate"),
        ("seed", 0.5, TYPE, "whole number"),
        ("seed", -1, VALUE, "from 0"),
        ("classes", ["a"], VALUE, "no classes"),
        ("classes", "abc", TYPE, "names"),
    ],
    widgets.write_page: [
        {"generator": GENERATOR, "file": "{folder}/page.html"},
        ("generator", ArticleGenerator(), TYPE, "expected a Generator"),
        ("generator", DIVERGED, VALUE, "infinite"),
        ("classes", [1], TYPE, "text"),
        ("file", 5, TYPE, "name of a file"),
        ("file", "{folder}", IsADirectoryError, "is a folder"),
        ("seed", "0", TYPE, "whole number"),
    ],
}
