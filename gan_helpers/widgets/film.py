"""The recorded samples of the fixed z as a film, with a slider for the step."""

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from gan_helpers import plots
from gan_helpers.checks import number
from gan_helpers.kinds import check_alt
from gan_helpers.training import History
from gan_helpers.widgets.common import Panel, Picture, row

STRIP = 6  # rows of the still picture


def film(history: History, alt: str, seconds: float = 8.0, scale: float = 1.8) -> Panel:
    """Make a panel that plays the recorded samples of the fixed z; its slider shows the step.

    ``alt``: a description for readers who cannot see the film; ``seconds``: its duration;
    ``scale``: screen pixels for each pixel of an image. Where no Python runs, the page shows some
    of the frames below each other. Raises ``TypeError`` when an argument is not a history, a text
    or a number, and ``ValueError`` when nothing was recorded, ``alt`` is empty, or a number is not
    above 0. Introduced in notebook 04, "The film".
    """
    plots.check_frames(history)
    check_alt(alt)
    seconds, scale = number(seconds, "seconds", above=0), number(scale, "scale", above=0)
    return _Film(history, alt, seconds, scale)


class _Film(Panel):
    def __init__(self, history: History, alt: str, seconds: float, scale: float):
        self._history, self._alt = history, alt
        last = len(history.frames) - 1
        width = int(plots.grid_image(history.frames[0]).width * scale)
        self._picture = Picture(alt, width)
        interval = round(1000 * seconds / (last + 1))
        self._play = ipywidgets.Play(max=last, interval=interval, tooltip="Play or pause the film")
        self._step = ipywidgets.SelectionSlider(
            options=[(f"{step:,}", index) for index, step in enumerate(history.frame_steps)],
            description="step",
            tooltip="The step whose samples are shown: drag, or use the arrow keys",
            style={"description_width": "initial"},
        )
        # The link is in the page itself, so that the film runs on while the kernel is busy.
        self._link = ipywidgets.jslink((self._play, "value"), (self._step, "index"))
        self._step.observe(lambda change: self._show(), "index")
        self._show()
        super().__init__([row(self._play, self._step), self._picture], self._still_picture)

    def _show(self) -> None:
        self._picture.value = plots.samples_png(self._history.frames[self._step.index])

    def _still_picture(self) -> tuple[Figure, str]:
        steps = self._history.frame_steps
        chosen = np.linspace(0, len(steps) - 1, min(STRIP, len(steps))).round().astype(int)
        count = min(10, len(self._history.frames[0]))
        return plots.draw_film_strip(self._history, [steps[i] for i in chosen], count), self._alt
