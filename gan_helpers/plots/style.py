"""One plot style for the course: its colours, its figures, and how they are shown.

Real is always blue and solid, generated always orange-red and dashed; the colours are those of
Okabe and Ito, which colour-blind readers can tell apart. Every figure carries its alt text.
"""

import base64
import html
import io
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image as PillowImage

from gan_helpers.checks import number, whole_number
from gan_helpers.kinds import check_alt, check_kind

REAL, FAKE = "#0072B2", "#D55E00"
DISCRIMINATOR, GENERATOR = "#000000", "#D55E00"
SATURATING, NON_SATURATING = "#AA3377", "#009E73"
REAL_LINE = {"color": REAL, "linestyle": "-"}
FAKE_LINE = {"color": FAKE, "linestyle": "--"}
REFERENCE_LINE = {"color": "0.45", "linestyle": ":", "linewidth": 1.2}

STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "lines.linewidth": 1.8,
}
DPI = 110


def new_figure(columns: int = 1, width: float = 4.2, height: float = 2.8) -> tuple[Figure, list]:
    """A figure in the course's style with ``columns`` axes side by side, each of so many inches.

    Returns the figure and the list of its axes. Raises ``TypeError`` for what is no number and
    ``ValueError`` for one out of range. Introduced in notebook 01, "Two densities".
    """
    columns = whole_number(columns, "columns", 1)
    width, height = number(width, "width", above=0), number(height, "height", above=0)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width * columns, height), layout="constrained")
        axes = figure.subplots(1, columns, squeeze=False)[0]
    return figure, list(axes)


def figure_png(figure: Figure) -> bytes:
    """The figure as PNG bytes, for ``show`` and for widgets.

    Raises ``TypeError`` when ``figure`` is no figure.
    """
    check_kind(figure, "figure", Figure, "new_figure() returns one, and the list of its axes.")
    drawn, small = io.BytesIO(), io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(drawn, format="png", dpi=DPI)
    # 256 colours, which look the same: a notebook full of figures is a third as large.
    picture = PillowImage.open(drawn).convert("RGB").quantize(256, dither=PillowImage.Dither.NONE)
    picture.save(small, format="png", optimize=True)
    return small.getvalue()


def show(figure: Figure, alt: str) -> None:
    """Show ``figure`` in the notebook, with ``alt``: what a reader who cannot see it should know.

    Raises ``TypeError`` for what is no figure or no text and ``ValueError`` when ``alt`` is empty.
    Introduced in notebook 01, "Two densities".
    """
    show_png(figure_png(figure), alt, width=int(figure.get_figwidth() * 96))


def show_png(png: bytes, alt: str, width: int) -> None:
    """Show the bytes of a PNG ``width`` pixels wide, with ``alt``, its description in words.

    Raises ``TypeError`` when ``alt`` is no text, and ``ValueError`` when it is empty. Introduced in
    notebook 01, "Two densities".
    """
    # As HTML: of a plain PNG, JupyterLab and nbconvert leave the description out of the page.
    display({"text/html": picture_html(png, alt, width), "text/plain": alt}, raw=True)


def picture_html(png: bytes, alt: str, width: int, name: str = "") -> str:
    """The ``<img>`` of a PNG, of class ``name``; other arguments and errors as for ``show_png``."""
    check_alt(alt)
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return f'<img class="{name}" src="{source}" alt="{html.escape(alt)}" width="{width}">'


def finish(axes: Axes, x: str, y: str, title: str = "", legend: bool = True) -> None:
    """Label ``axes``: names and units of both axes, a title, a legend where curves are named.

    Raises ``TypeError`` when ``axes`` is something else.
    """
    check_axes(axes)
    axes.set(xlabel=x, ylabel=y, title=title)
    if legend and axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=9, frameon=False)


def check_axes(axes: Axes) -> None:
    """Raise ``TypeError`` unless ``axes`` are matplotlib's."""
    check_kind(axes, "axes", Axes, "figure, (axes,) = new_figure() makes one.")


def check_numbers(values: Sequence[float], name: str) -> np.ndarray:
    """``values`` as an array, shape (N,); raises unless it is a sequence of numbers, N above 0."""
    try:
        numbers = np.asarray(values)
        good = numbers.ndim == 1 and numbers.dtype.kind in "iufb"
    except (TypeError, ValueError):
        good = False
    if not good:
        raise TypeError(f"{name} is {values!r}; expected a list of numbers, such as [1, 2, 3].")
    if len(numbers) == 0:
        raise ValueError(f"{name} is empty; expected at least one number.")
    return numbers
