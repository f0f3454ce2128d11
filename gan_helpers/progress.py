"""A progress bar that a notebook can keep, and the terminal's own outside of notebooks."""

import html
import io

from IPython import get_ipython
from IPython.display import display
from tqdm.std import tqdm


def progress_bar(**options: object) -> tqdm:
    """A bar of tqdm with these ``options``; in a notebook it is drawn by ``CellBar``."""
    in_notebook = getattr(get_ipython(), "kernel", None) is not None
    return (CellBar if in_notebook else tqdm)(**options)


class CellBar(tqdm):
    """A bar in a notebook's page.

    tqdm's own is a widget: in a notebook that is opened again, an error stands in its place. This
    one is an ordinary output, which is replaced as the work goes on. Its ``options`` are tqdm's.
    """

    def __init__(self, **options: object):
        self._place = None
        super().__init__(file=io.StringIO(), **options)

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        """Draw the bar in the page; called by tqdm, whose arguments are of no use here."""
        facts = self.format_dict | {"bar_format": "{desc}{n_fmt} of {total_fmt} {unit}s, {elapsed}"}
        if self.n < self.total:
            facts["bar_format"] += ", {remaining} to go"
        facts["bar_format"] += "{postfix}"
        words = html.escape(self.format_meter(**facts))
        bar = f'<progress value="{self.n}" max="{self.total}" aria-label="progress"></progress>'
        # The tests of the notebooks do not compare this paragraph: tests/nbval_sanitize.cfg.
        output = {"text/html": f'<p class="gan-progress">{bar} {words}</p>'}
        output["text/plain"] = "A progress bar."
        if self._place is None:
            self._place = display(output, raw=True, display_id=True)
        else:
            self._place.update(output, raw=True)
