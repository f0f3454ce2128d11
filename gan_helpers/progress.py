"""A progress bar: one that a notebook can store, and tqdm's own in a terminal."""

import html
import io

from IPython import get_ipython
from IPython.display import display
from tqdm.std import tqdm


def progress_bar(**options: object) -> tqdm:
    """Return a tqdm bar with these ``options``; in a notebook it is a ``CellBar``."""
    in_notebook = getattr(get_ipython(), "kernel", None) is not None
    return (CellBar if in_notebook else tqdm)(**options)


class CellBar(tqdm):
    """A progress bar that is an ordinary output of the cell, replaced as the work goes on.

    tqdm's own bar is a widget, and a notebook that is opened again shows an error in its place.
    ``options``: those of tqdm.
    """

    def __init__(self, **options: object):
        self._place = None
        super().__init__(file=io.StringIO(), **options)

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        """Draw the bar in the page. tqdm calls this; its two arguments are ignored."""
        facts = self.format_dict | {"bar_format": "{desc}{n_fmt} of {total_fmt} {unit}s, {elapsed}"}
        if self.n < self.total:
            facts["bar_format"] += ", {remaining} to go"
        facts["bar_format"] += "{postfix}"
        words = html.escape(self.format_meter(**facts))
        bar = f'<progress value="{self.n}" max="{self.total}" aria-label="progress"></progress>'
        # tests/nbval_sanitize.cfg leaves this paragraph out when the notebooks are compared.
        output = {"text/html": f'<p class="gan-progress">{bar} {words}</p>'}
        output["text/plain"] = "A progress bar."
        if self._place is None:
            self._place = display(output, raw=True, display_id=True)
        else:
            self._place.update(output, raw=True)
