"""The z that a reader keeps: their images in the panel, and a new file of the notebook's folder."""

from itertools import count
from pathlib import Path

import ipywidgets
import numpy as np
import torch
from torch import nn

from gan_helpers import plots
from gan_helpers.checks import latent_dim_of
from gan_helpers.models import sample
from gan_helpers.widgets.common import Picture, enlarged_png


class SavedZ(ipywidgets.VBox):
    """The images of the z that were kept, in their order; it is hidden until there is one.

    ``kept``: the z, shape (N, latent_dim); ``labels``: their classes, int64, shape (N,), which only
    a generator with classes needs. ``noun``: what to call an image.
    """

    def __init__(self, generator: nn.Module, noun: str):
        self._generator, self._noun = generator, noun
        self.kept, self.labels = torch.empty(0, latent_dim_of(generator)), None
        self._picture = Picture(f"The {noun}s of the saved z, in their order")
        super().__init__([ipywidgets.HTML("<b>saved z</b>"), self._picture])
        self.layout.display = "none"

    def keep(self, z: torch.Tensor, label: int | None) -> str:
        """Append ``z``, shape (1, latent_dim), and say so."""
        self.kept = torch.cat((self.kept, z))
        if label is not None:
            before = [] if self.labels is None else [self.labels]
            self.labels = torch.cat([*before, torch.tensor([label])])
        images = sample(self._generator, self.kept, self.labels)
        grid, factor = plots.grid_image(images, columns=9), max(1, 64 // images.shape[3])
        self._picture.value = enlarged_png(grid, factor)
        self._picture.width = str(factor * grid.width)
        self.layout.display = "flex"
        return (
            f"Saved as number {len(self.kept)} of .saved; its {self._noun} is the last one below."
        )

    def write(self) -> str:
        """Write all z to a new file and say which, or why not."""
        if not len(self.kept):
            return "No z is saved yet: press save z first."
        try:
            file = write_new(self.kept.numpy())
        except OSError as error:
            return f"The file could not be written: {error.strerror}. All z stay in .saved."
        return f"Wrote {len(self.kept)} z to {file}; numpy.load reads them."


def write_new(array: np.ndarray) -> Path:
    """Write ``array`` to the first free ``saved_z_1.npy``, so that no file is overwritten.

    Raises ``OSError`` when it cannot be written; then no part of it is left.
    """
    names = (Path(f"saved_z_{number}.npy").absolute() for number in count(1))
    file = next(name for name in names if not name.exists())
    opened = file.open("xb")
    try:
        with opened:
            np.save(opened, array, allow_pickle=False)
    except OSError:  # The file is incomplete.
        file.unlink()
        raise
    return file
