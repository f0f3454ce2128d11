"""Names for what a screen reader meets: sliders and pictures, which ipywidgets leaves nameless."""

import anywidget
import traitlets

# A slider's label stands beside it, but nothing ties the two together, and a picture has no alt.
# This runs in the reader's browser, in the panel that the widget is part of.
SCRIPT = """
function nameAll(panel, alts) {
  for (const row of panel.querySelectorAll(".widget-inline-hbox, .widget-inline-vbox")) {
    const label = row.querySelector(".widget-label");
    const readout = row.querySelector(".widget-readout");
    if (!label?.textContent) continue;
    // Below an upright slider stands a number; its hint says of what.
    const name = row.matches(".widget-inline-vbox") ? label.title : label.textContent;
    for (const part of row.querySelectorAll("[role=slider]")) {
      part.setAttribute("aria-label", name);
      // As written beside it: of a logarithmic slider the page would say the exponent.
      if (readout) part.setAttribute("aria-valuetext", readout.textContent);
    }
    if (!readout?.isContentEditable) continue;
    readout.setAttribute("role", "textbox");
    readout.setAttribute("aria-label", name + ", type a number");
  }
  [...panel.querySelectorAll("img")].forEach((picture, i) => (picture.alt = alts[i] ?? ""));
  for (const play of panel.querySelectorAll(".widget-play"))
    play.querySelectorAll("button").forEach((one, i) =>
      one.setAttribute("aria-label", ["play or pause", "stop", "repeat"][i]));
}
export default {
  render({ model, el }) {
    let timer = setTimeout(function start() {
      const panel = el.closest(".gan-panel");
      if (!panel) {  // loaded again, a page puts its parts together in any order
        timer = setTimeout(start, 50);
        return;
      }
      nameAll(panel, model.get("alts"));
      const watch = new MutationObserver(() => nameAll(panel, model.get("alts")));
      watch.observe(panel, { subtree: true, childList: true });
      el.watch = watch;
    });
    return () => { clearTimeout(timer); el.watch?.disconnect(); };
  },
};
"""


class Names(anywidget.AnyWidget):
    """An invisible part of a panel that gives each slider its label and each picture its ``alts``.

    ``alts``: what the panel's pictures are, in their order. Introduced in notebook 01, "What the
    game measures", by way of ``Panel``.
    """

    _esm = SCRIPT
    alts = traitlets.List(traitlets.Unicode()).tag(sync=True)
