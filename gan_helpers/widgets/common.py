"""The common parts of the widgets: panels with a still picture, sliders, buttons, pictures.

A notebook is also read where no Python runs, on GitHub or in nbconvert's pages. There a still
picture stands in place of the live panel that JupyterLab shows.
"""

import io
from collections.abc import Callable, Sequence

import ipywidgets
import matplotlib as mpl
import numpy as np
import traitlets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image as PillowImage

from gan_helpers import plots
from gan_helpers.widgets.place import Place, pages_are_apart
from gan_helpers.widgets.running import answer_on_this_thread
from gan_helpers.widgets.screen_reader import Names


class Panel(ipywidgets.VBox):
    """Widgets one below the other, with a still picture for pages on which no Python runs.

    ``still``: a function that returns the picture and a description of it; it is called once, when
    the panel is shown. The notebook stores both beside the widget, and a page that cannot show the
    widget shows the picture. Introduced in notebook 01, "What the game measures".
    """

    def __init__(
        self, children: Sequence[ipywidgets.Widget], still: Callable[[], tuple[Figure, str]]
    ):
        parts = _all_parts(children)
        names = Names(alts=[part.alt for part in parts if isinstance(part, Picture)])
        answer_on_this_thread(parts)
        super().__init__([*children, names], layout=ipywidgets.Layout(max_width="900px"))
        self.add_class("gan-panel")
        self._still, self._place = still, Place(panel=self.model_id)

    _ipython_display_ = None  # that of ipywidgets 7 would come before the next one

    def _repr_mimebundle_(self, **kwargs: object) -> dict[str, object]:
        figure, alt = self._still()
        width = int(figure.get_figwidth() * 96)
        data = {}
        if pages_are_apart():
            view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
            data["application/vnd.jupyter.widget-view+json"] = view
        data["text/html"] = self._place.html(plots.figure_png(figure), alt, width)
        # nbval compares this text, so it must be the same wherever the notebook is run.
        data["text/plain"] = "A panel to move in JupyterLab; here is a still picture of it."
        return data


class Picture(ipywidgets.Image):
    """A PNG that can change, with ``alt``, a description for readers who cannot see it.

    ``width``: pixels on the screen; the default is the width of the PNG. A narrow page shrinks it.
    """

    def __init__(self, alt: str, width: int | None = None):
        # An empty width is ipywidgets' default. There is no tooltip: it would break an Image.
        super().__init__(format="png", width="" if width is None else width)
        self.layout.max_width = "calc(100% - 4px)"  # ipywidgets puts a margin of 2 px around it
        self.alt = alt


def _all_parts(widgets: Sequence[ipywidgets.Widget]) -> list[ipywidgets.Widget]:
    """Return ``widgets`` and all widgets inside them, in the order of the page."""
    return [part for one in widgets for part in (one, *_all_parts(getattr(one, "children", ())))]


def row(*children: ipywidgets.Widget) -> ipywidgets.Box:
    """Put widgets side by side; on a narrow page the last ones go below the first."""
    layout = ipywidgets.Layout(display="flex", flex_flow="row wrap", grid_gap="4px 12px")
    return ipywidgets.Box(children, layout=layout)


class Gauge(ipywidgets.HTML):
    """A bar from 0 to ``high``, with its name on the left and its value as a number on the right.

    ``hint``: what it measures; ``digits``: the number of decimals.
    """

    def __init__(self, name: str, hint: str, high: float, digits: int):
        super().__init__()
        self._name, self._hint, self._high, self._digits = name, hint, high, digits

    def show(self, value: float) -> None:
        """Show ``value`` in the gauge."""
        self.value = (
            f'<span title="{self._hint}">{self._name} <meter aria-label="{self._name}" min="0" '
            f'max="{self._high}" value="{value:.4f}" style="width: 100px"></meter> '
            f"{value:.{self._digits}f}</span>"
        )


class Slider(ipywidgets.FloatSlider):
    """A slider that reports its position to the notebook's other tabs after the picture is sent.

    ipywidgets would send this message first, and the picture would come later.
    """

    value = traitlets.CFloat(0.0).tag(sync=True, echo_update=False)

    def set_state(self, sync_data: dict) -> None:
        super().set_state(sync_data)
        if "value" in sync_data:
            state = {"value": sync_data["value"]}
            self._send({"method": "echo_update", "state": state, "buffer_paths": []})


def slider(name: str, value: float, low: float, high: float, step: float) -> Slider:
    """Make a slider whose label is its name and whose tooltip says how to move it."""
    made = Slider(value=value, min=low, max=high, step=step)
    made.readout_format = ".1f" if step >= 0.1 else ".2f"
    made.style.description_width = "initial"
    name_slider(made, name)
    return made


def name_slider(one: Slider, name: str) -> None:
    """Give ``one`` another name and the tooltip that belongs to it."""
    one.description = name
    one.tooltip = (
        f"{name}, from {one.min:g} to {one.max:g}: drag, use the arrow keys, or type a number"
    )


def rate_slider(name: str, value: float, low: int, high: int) -> ipywidgets.FloatLogSlider:
    """Make a slider for a learning rate, from 10^``low`` to 10^``high``, that starts at ``value``.

    Its handle has twenty positions for each power of ten and stands at the nearest; the value
    itself stays exact.
    """
    return ipywidgets.FloatLogSlider(
        value=value, min=low, max=high, step=0.05, readout_format=".1e", description=name,
        tooltip=f"{name} (logarithmic): drag, use the arrow keys, or type a number",
        style={"description_width": "initial"},
        # Otherwise, when the page shows the slider, it sends the handle's position as the value.
        continuous_update=False,
    )  # fmt: skip


def button(name: str, hint: str, on_click: Callable[[], None]) -> ipywidgets.Button:
    """Make a button with ``name`` on it and ``hint`` as its tooltip."""
    made = ipywidgets.Button(description=name, tooltip=hint)
    made.on_click(lambda clicked: on_click())
    return made


def status(text: str = "") -> ipywidgets.HTML:
    """Make a line of text that a screen reader reads aloud when ``say`` changes it."""
    line = ipywidgets.HTML()
    say(line, text)
    return line


def say(line: ipywidgets.HTML, text: str) -> None:
    """Put ``text`` into a ``status`` line."""
    line.value = f'<p role="status">{text}</p>'


class LiveFigure:
    """A figure that is built once and drawn many times, because building is several times slower.

    Its axes have fixed positions: an automatic layout would double the time of each drawing.
    ``width``, ``height``: in inches; ``dpi``: pixels per inch.
    """

    def __init__(self, width: float, height: float, dpi: int = 100):
        with mpl.rc_context(plots.STYLE):
            self.figure = Figure(figsize=(width, height), dpi=dpi)
            self._canvas = FigureCanvasAgg(self.figure)
            self._build()

    def _build(self) -> None:
        raise NotImplementedError

    def png(self) -> bytes:
        """Draw the figure and return it as PNG bytes, for a widget."""
        self._canvas.draw()
        return self._drawn()

    def _drawn(self) -> bytes:
        pixels = np.asarray(self._canvas.buffer_rgba())[..., :3]
        return enlarged_png(PillowImage.fromarray(pixels), 1)


def enlarged_png(image: PillowImage.Image, factor: int) -> bytes:
    """Return ``image``, enlarged by the whole number ``factor``, as PNG bytes for a widget.

    It uses the weakest compression, because that is the fastest: a slider waits for the picture.
    """
    buffer = io.BytesIO()
    size = (image.width * factor, image.height * factor)
    image.resize(size, PillowImage.Resampling.NEAREST).save(buffer, format="png", compress_level=1)
    return buffer.getvalue()


def fitting_png(image: PillowImage.Image, width: int) -> bytes:
    """Return ``image`` as ``enlarged_png``, as many times as it fits into ``width`` pixels."""
    return enlarged_png(image, max(1, width // image.width))
