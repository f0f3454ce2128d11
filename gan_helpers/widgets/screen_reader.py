"""Names for a screen reader: ipywidgets gives none to sliders and pictures."""

import anywidget
import traitlets

# In ipywidgets, a slider's label is not linked to the slider, and a picture has no alt text. This
# script adds both, and leaves a menu its keys; it runs in the reader's browser, in the panel that
# contains the widget.
SCRIPT = """
function nameAll(panel, alts) {
  for (const row of panel.querySelectorAll(".widget-inline-hbox, .widget-inline-vbox")) {
    const label = row.querySelector(".widget-label");
    const readout = row.querySelector(".widget-readout");
    if (!label?.textContent) continue;
    // The label of an upright slider is only a number; the tooltip says what it is.
    const name = row.matches(".widget-inline-vbox") ? label.title : label.textContent;
    for (const part of row.querySelectorAll("[role=slider]")) {
      part.setAttribute("aria-label", name);
      // The written value, because a logarithmic slider would report its exponent.
      if (readout) part.setAttribute("aria-valuetext", readout.textContent);
    }
    if (!readout?.isContentEditable) continue;
    readout.setAttribute("role", "textbox");
    readout.setAttribute("aria-label", name + ", type a number");
  }
  [...panel.querySelectorAll("img")].forEach((picture, i) => (picture.alt = alts[i] ?? ""));
  for (const menu of panel.querySelectorAll("select"))
    menu.setAttribute("data-lm-suppress-shortcuts", "true");  // else JupyterLab takes the arrows
  for (const play of panel.querySelectorAll(".widget-play"))
    play.querySelectorAll("button").forEach((one, i) =>
      one.setAttribute("aria-label", ["play or pause", "stop", "repeat"][i]));
}
export default {
  render({ model, el }) {
    let timer = setTimeout(function start() {
      const panel = el.closest(".gan-panel");
      if (!panel) {  // A page that is loaded again may build the panel after this part.
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
    """An invisible part of a panel that gives each slider a name and each picture an alt text.

    ``alts``: the alt texts of the panel's pictures, in their order. Introduced in notebook 01,
    "What the game measures", by way of ``Panel``.
    """

    _esm = SCRIPT
    alts = traitlets.List(traitlets.Unicode()).tag(sync=True)
