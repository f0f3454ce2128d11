"""Put a live panel in place of its still picture, as long as its kernel runs.

The stored output of a cell is the still picture alone. If it also held the widget, JupyterLab would
prefer that in a notebook that is opened again, find no model for it, and show an error instead.
"""

import os
import sys

import anywidget
import traitlets

from gan_helpers.plots import picture_html

WHAT_TO_DO = (
    "This is a still picture of a panel that can be moved in JupyterLab. If you are in JupyterLab, "
    "the kernel was restarted or the notebook was opened again: run the cells above, then this one."
)

# JupyterLab calls ``initialize`` once in each page that shows the notebook: when the cell is run,
# when the page is loaded again, and when a second tab opens.
SCRIPT = """
export default {
  initialize({ model }) {
    const manager = model.widget_manager, filled = new Map();
    const session = manager.context?.sessionContext;
    const others = place => [...place.children].filter(part => !part.matches(".gan-panel"));

    async function fill(place) {
      filled.set(place, null);
      const view = await manager.create_view(await manager.get_model(model.get("panel")));
      if (!filled.has(place)) return view.remove();
      filled.set(place, view);
      for (const part of others(place)) part.style.display = "none";
      const widget = view.luminoWidget;  // attached as JupyterLab does it: sliders wait for that
      widget.constructor.attach(widget, place);
    }
    function look() {
      for (const picture of document.querySelectorAll(`img.panel-${model.get("panel")}`)) {
        const place = picture.parentElement;
        if (!filled.has(place)) fill(place).catch(() => filled.delete(place));
      }
    }
    function leave() {
      watch.disconnect();
      session?.statusChanged.disconnect(changed);
      session?.kernelChanged.disconnect(leave);
      for (const [place, view] of filled) {
        view?.remove();
        for (const part of others(place)) part.style.display = "";
      }
      filled.clear();
    }
    function changed(sender, status) {
      if (["restarting", "autorestarting", "terminating", "dead"].includes(status)) leave();
    }
    const watch = new MutationObserver(look);
    watch.observe(document.body, { childList: true, subtree: true });
    session?.statusChanged.connect(changed);
    session?.kernelChanged.connect(leave);
    model.on("comm_live_update", leave);
    look();
    return leave;
  },
};
"""


# ipywidgets makes controls too wide for a narrow page and pictures as wide as the page, and it
# makes the number below an upright slider only as wide as the slider.
STYLE = """
.gan-panel .widget-box { min-width: 0; max-width: 100%; }
.gan-panel .widget-inline-hbox, .gan-panel .jupyter-button { max-width: calc(100% - 4px); }
.gan-panel .widget-vbox > img { align-self: flex-start; height: auto; }
.gan-panel .widget-inline-vbox { margin: 0; }
.gan-panel .widget-inline-vbox .widget-label { max-width: none; overflow: visible; }
"""


class Place(anywidget.AnyWidget):
    """The part of a panel that finds its still picture in the page and puts the panel there.

    ``panel``: the panel's model id. Introduced in notebook 01, "What the game measures", by way of
    ``Panel``.
    """

    _esm, _css = SCRIPT, STYLE
    panel = traitlets.Unicode().tag(sync=True)

    def html(self, png: bytes, alt: str, width: int) -> str:
        """Return the HTML of the still picture, ``width`` pixels wide, and the note below it."""
        # Everything that differs between runs is in the <img>, which no test compares.
        picture = picture_html(png, alt, width, name=f"panel-{self.panel}")
        return f'<div class="gan-place">{picture}<p>{WHAT_TO_DO}</p></div>'


def pages_are_apart() -> bool:
    """Return whether each output has its own page (Colab, VS Code), hidden from ``Place``."""
    return "google.colab" in sys.modules or any(name.startswith("VSCODE_") for name in os.environ)
