"""What the doors are given: one good value of each kind, and the usual wrong ones."""

import numpy as np
import torch
from helping import TINY
from matplotlib.figure import Figure

from gan_helpers.games import ToyRecipe, ring, start_toy
from gan_helpers.models import Discriminator, Generator, initialise
from gan_helpers.training import History, start_run

VALUE, TYPE = ValueError, TypeError
NAN, INF = float("nan"), float("inf")

RNG = torch.Generator().manual_seed(0)
BYTES = torch.randint(0, 256, (40, 1, 28, 28), generator=RNG, dtype=torch.uint8)
FLOATS = BYTES.float() / 127.5 - 1  # in [-1, 1]
ARRAY = BYTES.numpy()
ROWS_OF_FLOATS = torch.randn(40, 3, generator=RNG)
Z = torch.randn(4, 8, generator=RNG)
DOUBLE_Z = torch.from_numpy(np.zeros((4, 8)))  # numpy's own floats
LOGITS = torch.randn(4, 1, generator=RNG)
LABELS = torch.arange(40) % 10
GRID = torch.linspace(-1, 1, 11)
ONE = torch.ones(11)

GENERATOR = initialise(Generator(8, (16,)), seed=0).eval()
DISCRIMINATOR = initialise(Discriminator((16,)), seed=1).eval()
CLASSFUL = initialise(Generator(8, (16,), classes=4), seed=0).eval()
COLOUR = initialise(Generator(8, (16,), image_shape=(3, 16, 16)), seed=0).eval()
RUN = start_run(TINY)
PLANE = ToyRecipe(ring(std=0.1), latent_dim=2, hidden=(8,), batch_size=16)
GAME = start_toy(PLANE)
LINE_GAME = start_toy(ToyRecipe(hidden=(8,), batch_size=16))
AXES = Figure().subplots()

EMPTY = History()
HISTORY = History(
    **{name: [0.5] * 60 for name in ("d_loss", "g_loss", "d_real", "d_fake", "d_fake_after")},
    measured_steps=[0, 20, 40],
    d_grad_norm=[1.0] * 3,
    g_grad_norm=[1.0] * 3,
    frame_steps=[0, 60],
    frames=[BYTES, BYTES],
)
