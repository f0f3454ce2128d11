"""The course's plot style: its colours, its figures, and how they are shown.

Real data are always blue with solid lines, generated data orange-red with dashed lines. The colours
are from Okabe and Ito; colour-blind readers can tell them apart. Every figure has an alt text.
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
    """Make a figure in the course's style, with ``columns`` axes side by side.

    ``width`` and ``height``: of each axes, in inches. Returns the figure and the list of its axes.
    Raises ``TypeError`` when an argument is not a number and ``ValueError`` when it is out of
    range. Introduced in notebook 01, "Two densities".
    """
    columns = whole_number(columns, "columns", 1)
    width, height = number(width, "width", above=0), number(height, "height", above=0)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width * columns, height), layout="constrained")
        axes = figure.subplots(1, columns, squeeze=False)[0]
    return figure, list(axes)


def figure_png(figure: Figure) -> bytes:
    """Return ``figure`` as PNG bytes, for ``show`` and for widgets.

    Raises ``TypeError`` when it is not a figure.
    """
    check_kind(figure, "figure", Figure, "new_figure() returns one, and the list of its axes.")
    drawn, small = io.BytesIO(), io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(drawn, format="png", dpi=DPI)
    # With 256 colours it looks the same, and a notebook of figures takes a third of the space.
    picture = PillowImage.open(drawn).convert("RGB").quantize(256, dither=PillowImage.Dither.NONE)
    picture.save(small, format="png", optimize=True)
    return small.getvalue()


def show(figure: Figure, alt: str) -> None:
    """Show ``figure`` in the notebook; ``alt`` describes it to readers who cannot see it.

    Raises ``TypeError`` when ``figure`` is not a figure or ``alt`` not a text, and ``ValueError``
    when ``alt`` is empty. Introduced in notebook 01, "Two densities".
    """
    show_png(figure_png(figure), alt, width=int(figure.get_figwidth() * 96))


def show_png(png: bytes, alt: str, width: int) -> None:
    """Show ``png``, the bytes of a PNG, ``width`` pixels wide; ``alt`` describes it in words.

    Raises ``TypeError`` when ``alt`` is not a text, and ``ValueError`` when it is empty. Introduced
    in notebook 01, "Two densities".
    """
    # Only as HTML does the picture keep its description in JupyterLab and nbconvert.
    display({"text/html": picture_html(png, alt, width), "text/plain": alt}, raw=True)


def picture_html(png: bytes, alt: str, width: int, name: str = "") -> str:
    """Return the ``<img>`` of a PNG, with the class ``name``; all else is as for ``show_png``."""
    check_alt(alt)
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return f'<img class="{name}" src="{source}" alt="{html.escape(alt)}" width="{width}">'


def finish(axes: Axes, x: str, y: str, title: str = "", legend: bool = True) -> None:
    """Label ``axes``: names and units, a title, and a legend if its curves have names.

    Raises ``TypeError`` when ``axes`` are not matplotlib's.
    """
    check_axes(axes)
    axes.set(xlabel=x, ylabel=y, title=title)
    if legend and axes.get_legend_handles_labels()[0]:
        # Named, or matplotlib warns on a busy machine that it took long to find the place.
        axes.legend(fontsize=9, frameon=False, loc="best")


def check_axes(axes: Axes) -> None:
    """Raise ``TypeError`` unless ``axes`` are matplotlib's."""
    check_kind(axes, "axes", Axes, "figure, (axes,) = new_figure() makes one.")


def check_numbers(values: Sequence[float], name: str) -> np.ndarray:
    """Return ``values`` as an array of shape (N,); raises unless they are numbers and N above 0."""
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
