"""A panel that shows the search for the z from which the generator draws a given real image."""

import ipywidgets
import torch
from matplotlib.figure import Figure
from torch import nn

from gan_helpers import plots
from gan_helpers.checks import check_images, check_without_classes, latent_dim_of
from gan_helpers.data import scale_images
from gan_helpers.latent import invert
from gan_helpers.models import sample
from gan_helpers.widgets.common import LiveFigure, Panel, Picture, fitting_png, row, say, status
from gan_helpers.widgets.seeing import noun_of, shape_of

STEPS = 200
WIDTH = 168  # screen pixels of a picture
NAMES = ("the real image", "G(z)", "their difference")


class SearchFigure(LiveFigure):
    """A curve of the error at each step of a search, with a mark at the step that is shown.

    It has twice as many pixels as its width on the screen, so that it looks sharp.
    """

    def __init__(self):
        super().__init__(width=6.0, height=2.2, dpi=200)

    def _build(self) -> None:
        self._axes = axes = self.figure.add_axes((0.12, 0.22, 0.85, 0.74))
        (self._curve,) = axes.plot([], [], color=plots.GENERATOR)
        (self._mark,) = axes.plot([], [], "o", color=plots.DISCRIMINATOR, animated=True)
        axes.set_yscale("log")
        plots.finish(axes, "step", "squared error per pixel", legend=False)

    def new_search(self, errors: list[float]) -> None:
        """Draw the curve of another search: ``errors`` before the first step and after each."""
        self._curve.set_data(range(len(errors)), errors)
        self._axes.set(xlim=(-2, len(errors) + 1), ylim=(0.8 * min(errors), 1.25 * max(errors)))
        self._canvas.draw()
        self._unmarked = self._canvas.copy_from_bbox(self.figure.bbox)

    def at(self, step: int) -> bytes:
        """Return the picture with the mark at ``step``; only the mark is drawn each time."""
        self._mark.set_data([step], [self._curve.get_ydata()[step]])
        self._canvas.restore_region(self._unmarked)
        self._axes.draw_artist(self._mark)
        return self._drawn()


class Inversion(Panel):
    """A panel with a slider for the real image and one for the step of the search for its z.

    The search is ``gan_helpers.latent.invert`` with four starts, 200 steps and seed 0. It runs
    completely when an image is chosen (some tenths of a second); then the button plays it and the
    slider shows any step. ``.searches`` holds its states, before the first step and after each.

    ``generator``: as for ``Interpolation``; ``images``: uint8, of the shape of its images,
    (N, 1, 28, 28) for digits. Raises ``TypeError`` or ``ValueError`` for other images or another
    generator. Introduced in notebook 05, "Which z drew this?".
    """

    def __init__(self, generator: nn.Module, images: torch.Tensor):
        latent_dim_of(generator)
        check_without_classes(generator)
        check_images(images, "images", shape_of(generator))
        self._generator, self._images = generator, images
        # Each image needs a whole search, so a drag sends only its last position.
        self._number = ipywidgets.IntSlider(max=len(images) - 1, continuous_update=False)
        self._number.description, self._number.tooltip = "image", "Which real image to search for"
        self._step = ipywidgets.IntSlider(max=STEPS, description="step")
        self._step.tooltip = f"Step of the search, 0 to {STEPS}"
        play = ipywidgets.Play(max=STEPS, step=2, interval=60, tooltip="Play the search")
        ipywidgets.jslink((play, "value"), (self._step, "value"))
        self._pictures = [Picture(name, WIDTH) for name in NAMES]
        columns = [
            ipywidgets.VBox([ipywidgets.HTML(f"<b>{picture.alt}</b>"), picture])
            for picture in self._pictures
        ]
        self._figure, self._words = SearchFigure(), status()
        self._curve = Picture("The error at each step of the search, and the present step", 600)
        self._search()
        self._number.observe(lambda change: self._search(), "value")
        self._step.observe(lambda change: self._draw(), "value")
        controls = row(self._number, play, self._step)
        rows = [controls, row(*columns), self._words, self._curve]
        super().__init__(rows, self._still_picture)

    def _search(self) -> None:
        target = scale_images(self._images[self._number.value][None])
        self.searches = list(invert(self._generator, target, steps=STEPS))
        self._figure.new_search([search.losses.item() for search in self.searches])
        self._draw()

    def _draw(self) -> None:
        for picture, image in zip(self._pictures, self._three(self._step.value), strict=True):
            picture.value = fitting_png(plots.picture(image), WIDTH)
        self._curve.value = self._figure.at(self._step.value)
        search = self.searches[self._step.value]
        say(
            self._words,
            f"Step {self._step.value}: mean squared error {search.losses.item():.3f} per pixel "
            f"(pixels in [-1, 1]), |z| = {search.z.norm():.1f}.",
        )

    def _three(self, step: int) -> list[torch.Tensor]:
        """Return the real image, G(z) and their difference, uint8, (channels, height, width)."""
        real = self._images[self._number.value]
        drawn = sample(self._generator, self.searches[step].z)[0]
        return [real, drawn, (real.int() - drawn.int()).abs().to(torch.uint8)]

    def _still_picture(self) -> tuple[Figure, str]:
        figure, axes = plots.new_figure(columns=3, width=2.4, height=2.7)
        for one, name, image in zip(axes, NAMES, self._three(STEPS), strict=True):
            one.imshow(plots.picture(image), cmap="gray", vmin=0, vmax=255)
            one.set_title(name, fontsize=9)
            one.set(xticks=[], yticks=[])
            one.grid(False)
        error = self.searches[STEPS].losses.item()
        noun = noun_of(self._generator)
        alt = (
            f"A real {noun}, the {noun} that the generator draws after {STEPS} steps of the search "
            f"for its z, and their difference; mean squared error {error:.3f} per pixel."
        )
        return figure, alt
