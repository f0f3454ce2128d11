"""A panel that goes from one z to another, linearly and along the arc, and shows |z| as well."""

import ipywidgets
import matplotlib as mpl
import torch
from matplotlib.figure import Figure
from torch import nn

from gan_helpers import plots
from gan_helpers.checks import check_seed, check_without_classes, latent_dim_of
from gan_helpers.latent import lerp, slerp
from gan_helpers.models import sample
from gan_helpers.widgets.common import (
    Gauge,
    Panel,
    Picture,
    button,
    fitting_png,
    row,
    say,
    slider,
    status,
)
from gan_helpers.widgets.seeing import check_discriminator, look, noun_of

WIDTH = 168  # screen pixels of a picture
POINTS = 11  # pictures along a path: t = 0, 0.1, ..., 1
PATHS = {"linear": lerp, "spherical": slerp}
CORNERS = ("two corners", "four corners")
# With two corners: (bottom, height) of the two rows of pictures and of the curve below them.
PLACES = ((0.76, 0.19), (0.49, 0.19), (0.12, 0.29))


class Interpolation(Panel):
    """A panel that compares linear and spherical interpolation between two or four corners.

    Between two corners, t goes from z_0 to z_1. Between four, z(s, t) is interpolated by s, in the
    same way, from the point at t between the upper two to the point at t between the lower two.
    ``.z`` holds the two present z, linear first, shape (2, latent_dim); ``.corners`` holds the four
    corners, shape (4, latent_dim), and two corners are the first two of them.

    ``generator``: takes z of shape (N, latent_dim) alone, has ``latent_dim`` and gives images in
    [-1, 1]; of one with classes, ``models.OneClass(generator, 7)`` does. ``discriminator``:
    images -> logits, or None to hide D(G(z)); ``seed``: of the corners. Raises ``TypeError`` when
    an argument is not a network or a whole number, and ``ValueError`` for a generator with classes
    and a discriminator of other images or classes. Introduced in notebook 05, "From
    one digit to another".
    """

    def __init__(self, generator: nn.Module, discriminator: nn.Module | None = None, seed: int = 0):
        high = round(1.5 * latent_dim_of(generator) ** 0.5)
        check_without_classes(generator)
        check_discriminator(discriminator, generator)
        self._noun = noun = noun_of(generator)
        self._generator, self._discriminator = generator, discriminator
        self._rng = torch.Generator().manual_seed(check_seed(seed))
        self._count = ipywidgets.ToggleButtons(options=CORNERS, description="between")
        self._count.tooltips = ("one slider, from z_0 to z_1", "two sliders, over a square")
        self._across = slider("t", 0.5, 0.0, 1.0, 0.01)
        self._down = slider("s", 0.0, 0.0, 1.0, 0.01)
        self._pictures = [Picture(f"The {noun} at t, {name}", WIDTH) for name in PATHS]
        self._norms = [
            Gauge("|z|", f"Length of z, {name}, from 0 to {high}", high, digits=1) for name in PATHS
        ]
        self._path = Picture(f"All {noun}s on the way, and the length of z")
        self._words = status()
        again = button("new corners", "Draw other z from N(0, I)", self._draw_corners)
        columns = [
            ipywidgets.VBox([ipywidgets.HTML(f"<b>{name}</b>"), picture, norm])
            for name, picture, norm in zip(PATHS, self._pictures, self._norms, strict=True)
        ]
        controls = ipywidgets.VBox([self._count, self._across, self._down, again, self._words])
        controls.layout.max_width = "320px"
        self._draw_corners()
        self._count.observe(self._choose, "value")
        for one in (self._across, self._down):
            one.observe(lambda change: self._draw(), "value")
        # The two pictures are to be compared: on a narrow page both go below the controls.
        super().__init__([row(controls, row(*columns)), self._path], self._still_picture)

    @property
    def z(self) -> torch.Tensor:
        """The z whose pictures are shown, linear first, shape (2, latent_dim)."""
        t, s = torch.tensor([self._across.value]), self._down.value
        return torch.cat([self._points(path, t, s) for path in PATHS.values()])

    def _draw_corners(self) -> None:
        self.corners = torch.randn(4, self._generator.latent_dim, generator=self._rng)
        self._choose()

    def _choose(self, change: object = None) -> None:
        self._down.disabled = self._count.value == CORNERS[0]
        self._path.value = plots.figure_png(self._figure())
        self._draw()

    def _points(self, path, t: torch.Tensor, s: float) -> torch.Tensor:
        """Return z at each of ``t`` by ``path``, shape (len(t), latent_dim)."""
        upper = path(self.corners[0], self.corners[1], t)
        if self._count.value == CORNERS[0]:
            return upper
        return path(upper, path(self.corners[2], self.corners[3], t), s)

    def _draw(self) -> None:
        z = self.z
        images, opinions = look(self._generator, self._discriminator, z)
        for picture, image in zip(self._pictures, images, strict=True):
            picture.value = fitting_png(plots.picture(image), WIDTH)
        lengths = z.norm(dim=1).tolist()
        for norm, length in zip(self._norms, lengths, strict=True):
            norm.show(length)
        parts = [
            f"{name}: |z| = {length:.1f}" + (f", D = {opinion:.2f}" if opinions else "")
            for name, length, opinion in zip(PATHS, lengths, opinions or (0, 0), strict=True)
        ]
        say(self._words, ". ".join(parts) + ".")

    def _figure(self) -> Figure:
        """Draw two rows of pictures above the curve of |z|; with four corners, two squares."""
        t = torch.linspace(0, 1, POINTS)
        if self._count.value == CORNERS[1]:
            figure, axes = plots.new_figure(columns=2, width=4.0, height=4.2)
            for one, (name, path) in zip(axes, PATHS.items(), strict=True):
                rows = [self._points(path, t, s) for s in t.tolist()]
                images = sample(self._generator, torch.cat(rows))
                _show_images(one, images, f"{name}: t to the right, s downwards")
            return figure
        with mpl.rc_context(plots.STYLE):
            figure = Figure(figsize=(8.0, 3.8))
            # The axes have fixed positions, so that each picture stands exactly above its t.
            *rows, curve = (figure.add_axes((0.07, y, 0.92, h)) for y, h in PLACES)
        for one, (name, path), line in zip(rows, PATHS.items(), ("-", "--"), strict=True):
            z = self._points(path, t, 0.0)
            _show_images(one, sample(self._generator, z), name)
            curve.plot(t, z.norm(dim=1), color=plots.DISCRIMINATOR, ls=line, label=name)
        curve.axhline(self._generator.latent_dim**0.5, **plots.REFERENCE_LINE)
        # t at both ends of a row of pictures: the middle of the first picture is at t = 0. The
        # grid has a margin of 2 pixels before each picture and after the last.
        width = sample(self._generator, self.corners[:1]).shape[3]
        end = (width / 2 + 2) / ((width + 2) * (POINTS - 1))
        curve.set(xlim=(-end, 1 + end), ylim=(0, None))
        plots.finish(curve, "t", "|z|")
        return figure

    def _still_picture(self) -> tuple[Figure, str]:
        middle = self._points(lerp, torch.tensor([0.5]), 0.5).norm().item()
        usual = self._generator.latent_dim**0.5
        alt = (
            f"{self._noun.title()}s on the way between corners drawn from N(0, I), linear and "
            f"spherical. Halfway, the linear z has length {middle:.1f}; lengths near {usual:.0f} "
            "are usual."
        )
        return self._figure(), alt


def _show_images(axes, images: torch.Tensor, title: str) -> None:
    axes.imshow(plots.grid_image(images, POINTS), cmap="gray", vmin=0, vmax=255)
    axes.set_title(title, fontsize=9)
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
