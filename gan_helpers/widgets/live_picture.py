"""A picture that changes while its cell runs; the notebook keeps the last one."""

from IPython.display import display

from gan_helpers.widgets.place import picture_html


class LivePicture:
    """A place in the page that shows the picture that it was given last.

    It is no widget: page and notebook hold an ordinary picture, which needs no kernel.

    ``alt``: what the pictures show, in words; ``width``: of each, in pixels on the screen.
    Raises ``ValueError`` when ``alt`` is empty. Introduced in notebook 04, "The run".
    """

    def __init__(self, alt: str, width: int):
        if not alt.strip():
            raise ValueError("alt is empty; expected a sentence that says what the picture shows.")
        self._alt, self._width = alt, width
        self._place = display({"text/plain": "No picture yet."}, raw=True, display_id=True)

    def show(self, png: bytes) -> None:
        """Replace the picture by ``png``, the bytes of a PNG."""
        page = picture_html(png, self._alt, self._width)
        self._place.update({"text/html": page, "text/plain": self._alt}, raw=True)
