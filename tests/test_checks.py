"""What comes in at the public doors: each mistake gets a sentence, and the line that mends it."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from helping import TINY, state
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import gan_helpers.data
from gan_helpers.checks import (
    check_device,
    check_images,
    check_rng,
    check_scaled_images,
    check_seed,
    check_tensor,
    latent_dim_of,
    number,
    whole_number,
)
from gan_helpers.metrics import evaluate, load_classifier
from gan_helpers.models import (
    ArticleDiscriminator,
    ArticleGenerator,
    Discriminator,
    Generator,
    draw,
    initialise,
    sample,
)
from gan_helpers.training import (
    start_run,
)

IMAGES = torch.arange(256, dtype=torch.uint8).repeat(70 * 784 // 256 + 1)[: 70 * 784]
IMAGES = IMAGES.view(70, 1, 28, 28)


# numbers


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: whole_number(3, "n", 1), 3),
        (lambda: whole_number(np.int64(3), "n", 1, 3), 3),
        (lambda: whole_number(np.uint8(3), "n", -1), 3),
        (lambda: number(2, "x", above=1), 2.0),
        (lambda: number(np.float32(0.5), "x", least=0, below=1), 0.5),
        (lambda: number(0, "x", least=0, most=0), 0.0),
        (lambda: check_seed(2**63 - 1), 2**63 - 1),
    ],
)
def test_good_numbers_come_back_as_plain_ones(call, expected):
    assert call() == expected and type(call()) is type(expected)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: whole_number(0, "n", 1), ValueError, "n is 0; expected a whole number, at least"),
        (lambda: whole_number(13, "n", 1, 12), ValueError, "n is 13; .* from 1 to 12"),
        *(
            (
                lambda v=v: whole_number(v, "n", 1),
                TypeError,
                rf"n is {re.escape(repr(v))}; expected",
            )
            for v in (2.5, 10.0, True, None, [1], float("nan"))
        ),
        (lambda: whole_number("1", "n", 1), TypeError, "n is '1'; .*without quotes"),
        (lambda: whole_number(torch.tensor(3), "n", 1), TypeError, r"n.item\(\) is the number"),
        *(
            (lambda v=v: number(v, "x", above=0), ValueError, f"x is {v}; expected a number, above")
            for v in (0, -1.0, float("nan"), float("inf"), 0.0)
        ),
        (lambda: whole_number(10**20, "n", 1), ValueError, "n is 1000.* from 1 to 922337203685477"),
        (lambda: whole_number(10**20, "n"), ValueError, "n is 1000.* number, at most 92233720368"),
        (lambda: number(10**400, "x"), ValueError, "x is 1000.*; expected a number that is finite"),
        (lambda: number("0.1", "x"), TypeError, "x is '0.1'; .*finite.*without quotes"),
        (lambda: number(1, "x", least=0, below=1), ValueError, "at least 0 and below 1"),
        (lambda: number(1j, "x"), TypeError, "x is 1j"),
        (lambda: check_seed(2**63), ValueError, "seed is 9223372036854775808; .* from 0 to"),
        (lambda: check_seed(-1), ValueError, "seed is -1; expected a whole number from 0"),
        (
            lambda: check_rng(7, "rng"),
            TypeError,
            r"rng is 7; .*torch.Generator\(\).manual_seed\(7\)",
        ),
        (lambda: check_rng(np.random.default_rng(), "r"), TypeError, r"r is .*manual_seed\(0\)"),
        (lambda: check_device("cud"), ValueError, "device is 'cud'; .*'cpu'.*best_device"),
        (lambda: check_device("cuda:99"), ValueError, "device is 'cuda:99'"),
        (lambda: check_device(None), TypeError, "device is None"),
        (lambda: check_tensor(np.ones(2), "x"), TypeError, r"array of shape \(2,\).*from_numpy\(x"),
        (lambda: check_tensor([1], "x"), TypeError, r"x is of type list; .*torch.tensor\(x\)"),
    ],
)
def test_bad_numbers_seeds_sources_and_devices_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


# images: the line in the message makes what is wanted


class Torchvision(torch.utils.data.Dataset):
    """As torchvision keeps MNIST."""

    data = IMAGES[:, 0]
    targets = torch.zeros(70)

    def __getitem__(self, number):
        return IMAGES[number], 0

    def __len__(self):
        return 70


FLOATS = IMAGES / 127.5 - 1
LARGE = IMAGES.repeat(1, 1, 2, 2)[..., :32, :32]
RESIZED = "torch.nn.functional.interpolate({}, (28, 28), mode='area').round().to(torch.uint8)"
# What learners have at hand, and the line in the message that makes images of it.
AT_HAND = {
    "torchvision's .data": (IMAGES[:, 0], "images.unsqueeze(1)"),
    "rows": (IMAGES.flatten(1), "images.reshape(-1, 1, 28, 28)"),
    "channel last": (IMAGES.permute(0, 2, 3, 1), "images.permute(0, 3, 1, 2)"),
    "32 x 32": (LARGE, RESIZED.format("images.float()")),
    "no channel": (LARGE[:, 0], RESIZED.format("images.unsqueeze(1).float()")),
    "colour": (
        LARGE.repeat(1, 3, 1, 1),
        RESIZED.format("images.float().mean(1, keepdim=True)"),
    ),
    "colour, channel last": (
        IMAGES.permute(0, 2, 3, 1).repeat(1, 1, 1, 3),
        "images.permute(0, 3, 1, 2).float().mean(1, keepdim=True).round().to(torch.uint8)",
    ),
    "one picture": (IMAGES[0], "images.unsqueeze(1)"),
    "one picture without a channel": (IMAGES[0, 0], "images.reshape(-1, 1, 28, 28)"),
    "NumPy": (IMAGES.numpy(), "torch.from_numpy(images)"),
    "NumPy, no channel": (IMAGES[:, 0].numpy(), "torch.from_numpy(images).unsqueeze(1)"),
    "a list": (list(IMAGES), "torch.stack(images)"),
    "a list, no channel": (list(IMAGES[:, 0]), "torch.stack(images).unsqueeze(1)"),
    "a data set": (Torchvision(), "images.data.unsqueeze(1)"),
    "a loader": (DataLoader(Torchvision(), 16), "images.dataset.data.unsqueeze(1)"),
    "a loader of tensors": (
        DataLoader(TensorDataset(IMAGES, torch.zeros(70)), 16),
        "images.dataset.tensors[0]",
    ),
    "tensors, no channel": (TensorDataset(IMAGES[:, 0]), "images.tensors[0].unsqueeze(1)"),
    "any other data set": (
        torch.utils.data.Subset(Torchvision(), range(70)),
        "torch.stack([image for image, label in images])",
    ),
    "a list of arrays": (list(IMAGES.numpy()), "torch.from_numpy(numpy.stack(images))"),
    "floats": (FLOATS, "gan_helpers.data.to_uint8(images)"),
    "whole numbers": (IMAGES.long(), "images.to(torch.uint8)"),
    "black and white": (IMAGES > 99, "255 * images.to(torch.uint8)"),
}


@pytest.mark.parametrize("name", AT_HAND)
def test_the_line_in_the_message_makes_images_of_what_is_at_hand(name):
    images, line = AT_HAND[name]
    with pytest.raises((TypeError, ValueError), match="^images (has|is) .*; expected ") as caught:
        check_images(images)
    assert f" {line} " in str(caught.value)
    made = eval(line, {"torch": torch, "numpy": np, "images": images, "gan_helpers": gan_helpers})
    check_images(made)
    assert len(made) in (70, 1)
    if "interpolate" not in line and name != "black and white":
        assert torch.equal(made, IMAGES[: len(made)])


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (IMAGES[:0], ValueError, r"images has shape \(0, 1, 28, 28\).*N at least 1"),
        (None, TypeError, "images is None; expected a tensor"),
        ("mnist", TypeError, "images is 'mnist'; expected a tensor"),
        ((IMAGES, torch.zeros(70)), TypeError, r"images, labels = load_mnist\(\)"),
        (torch.zeros(3, 5, dtype=torch.uint8), ValueError, r"shape \(3, 5\); expected \(N, 1, 28"),
        (torch.tensor(3, dtype=torch.uint8), ValueError, r"shape \(\); expected \(N, 1, 28, 28\)"),
        (IMAGES.float() / 255, TypeError, r"as ToTensor gives .* to_uint8\(2 \* images - 1\)"),
    ],
)
def test_what_no_line_can_mend_is_named(images, error, message):
    with pytest.raises(error, match=message):
        check_images(images)


def test_the_size_is_an_argument():
    colour = torch.zeros(5, 32, 32, 3, dtype=torch.uint8)
    check_images(colour.permute(0, 3, 1, 2), "images", (3, 32, 32))
    with pytest.raises(ValueError, match=r"\(N, 3, 32, 32\).*images.permute\(0, 3, 1, 2\)"):
        check_images(colour, "images", (3, 32, 32))


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (IMAGES, TypeError, "images has dtype torch.uint8; .*scale_images"),
        (FLOATS.numpy(), TypeError, "images is a NumPy array of shape"),
        (FLOATS[:, 0], ValueError, r"images has shape \(70, 28, 28\); .*images.unsqueeze\(1\)"),
        (IMAGES.float(), ValueError, r"images has values in \[0.00, 255.00\]; expected \[-1, 1\]"),
        (FLOATS * torch.nan, ValueError, r"images has values in \[nan"),
    ],
)
def test_images_that_should_be_scaled(images, error, message):
    check_scaled_images(FLOATS)
    with pytest.raises(error, match=message):
        check_scaled_images(images)


# networks


@pytest.mark.parametrize("build", [Generator, ArticleGenerator])
@pytest.mark.parametrize(
    ("z", "error", "message"),
    [
        (torch.zeros(2, 100).double(), TypeError, r"z has dtype torch.float64; .*z.float\(\)"),
        (torch.zeros(2, 100).half(), TypeError, r"z has dtype torch.float16; .*z.float\(\)"),
        (torch.zeros(2, 100).long(), TypeError, r"z has dtype torch.int64; .*randn\(N, 100\)"),
        (np.zeros((2, 100)), TypeError, r"z is a NumPy array.*from_numpy\(z\).float\(\)"),
        (10, TypeError, r"z is 10; expected a tensor of floats. .*torch.randn\(N, 100\)"),
        (torch.zeros(1, 100), ValueError, "z holds one vector, .*train mode.*BatchNorm"),
    ],
)
def test_a_generator_names_a_wrong_z(build, z, error, message):
    network = build()
    before = state(network)
    with pytest.raises(error, match=message):
        network(z)
    assert all(torch.equal(before[name], now) for name, now in network.state_dict().items())
    if not isinstance(z, torch.Tensor) or z.is_floating_point():
        return
    with pytest.raises(error, match=message), torch.autocast("cpu", torch.bfloat16):
        network(z)


@pytest.mark.parametrize("build", [Discriminator, ArticleDiscriminator, load_classifier])
@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES, r"images has dtype torch.uint8; .*scale_images\(images\)"),
        (FLOATS.double(), r"images has dtype torch.float64; .*images.float\(\)"),
        (FLOATS.numpy(), r"images is a NumPy array.*from_numpy\(images\).float\(\)"),
    ],
)
def test_a_network_names_wrong_images(build, images, message):
    for enabled in (False, True):
        with (
            pytest.raises(TypeError, match=message),
            torch.autocast("cpu", torch.bfloat16, enabled=enabled),
        ):
            build()(images)


def test_what_a_network_can_multiply_passes():
    generator, discriminator = Generator().eval(), Discriminator()
    generator(torch.zeros(1, 100))  # one z, in eval mode
    Generator(8, ())(torch.zeros(1, 8))  # or without BatchNorm
    with torch.autocast("cpu", torch.bfloat16):
        for dtype in (torch.float32, torch.bfloat16, torch.float16):
            discriminator(generator(torch.zeros(2, 100, dtype=dtype)))
    discriminator.double()(generator.double()(torch.zeros(2, 100).double()))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Generator(0), ValueError, "latent_dim is 0; expected a whole number, at least 1"),
        (lambda: ArticleGenerator(1.5), TypeError, "latent_dim is 1.5"),
        (lambda: Generator(hidden=256), TypeError, r"hidden is 256; .*such as \(256, 512\)"),
        (lambda: Generator(hidden=(256, 0)), ValueError, "a number of hidden units is 0"),
        (lambda: Discriminator(hidden="256"), TypeError, "hidden is '256'"),
        (lambda: Discriminator(dropout=1), ValueError, "dropout is 1; .*at least 0 and below 1"),
        (lambda: initialise(Generator(), 2**63), ValueError, "seed is"),
        (lambda: initialise(Generator(), 0.5), TypeError, "seed is 0.5"),
        (lambda: initialise(Generator, 0), TypeError, r"the class Generator; .*Generator\(\)"),
    ],
)
def test_networks_of_impossible_sizes_and_seeds_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


class Own(nn.Module):
    """A generator as a learner may write it, without latent_dim."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 784)

    def forward(self, z):
        return self.layer(z).tanh().view(-1, 1, 28, 28)


INTERFACE = r"a Own with no latent_dim; .*z, shape \(N, latent_dim\).*self.latent_dim = latent_dim"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: latent_dim_of(Own()), TypeError, INTERFACE),
        (lambda: evaluate(Own(), 1000), TypeError, INTERFACE),
        (lambda: draw(Own(), 5, 0), TypeError, INTERFACE),
        (lambda: start_run(replace(TINY, build_generator=Own)), TypeError, INTERFACE),
        (lambda: draw(Generator, 5, 0), TypeError, r"is the class Generator; .*Generator\(\)"),
        (lambda: sample(lambda z: z, torch.zeros(2, 8)), TypeError, "of type function; expected a"),
        (lambda: draw(Generator(), 0, 0), ValueError, "n is 0"),
        (lambda: draw(Generator(), 2.5, 0), TypeError, "n is 2.5"),
        (lambda: draw(Generator(), 2, -1), ValueError, "seed is -1"),
        (lambda: evaluate(Generator(), 1000.0), TypeError, "n is 1000.0"),
        (lambda: evaluate(Generator(), 1000, "a"), TypeError, "seed is 'a'"),
    ],
)
def test_a_generator_that_is_none_is_told_the_interface(call, error, message):
    with pytest.raises(error, match=message):
        call()
    assert sample(Own(), torch.zeros(2, 8)).shape == (2, 1, 28, 28)  # that is enough to draw
