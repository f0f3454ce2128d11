"""A picture that changes while its cell runs; the notebook stores the last one."""

from IPython.display import display
from PIL import Image as PillowImage

from gan_helpers.checks import whole_number
from gan_helpers.kinds import check_alt
from gan_helpers.plots import picture_html
from gan_helpers.widgets.common import enlarged_png


class LivePicture:
    """A picture in the page that ``show`` replaces; before the first call it is grey.

    It is an ordinary output, not a widget, so the stored notebook shows it without a kernel.

    ``alt``: what the pictures show, in words; ``width``: of each, in pixels on the screen.
    Raises ``TypeError`` when ``alt`` is not a text or ``width`` not a whole number, and
    ``ValueError`` when ``alt`` is empty or ``width`` below 1. Introduced in notebook 04, "The run".
    """

    def __init__(self, alt: str, width: int):
        check_alt(alt)
        self._alt, self._width = alt, whole_number(width, "width", 1)
        grey = enlarged_png(PillowImage.new("L", (1, 1), 225), 1)
        self._place = display(self._output(grey), raw=True, display_id=True)

    def show(self, png: bytes) -> None:
        """Replace the picture by ``png``, the bytes of a PNG."""
        self._place.update(self._output(png), raw=True)

    def _output(self, png: bytes) -> dict[str, str]:
        # Only the pixels may differ, because nbval compares the first output with the last.
        return {"text/html": picture_html(png, self._alt, self._width), "text/plain": self._alt}
