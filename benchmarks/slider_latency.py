"""How long from a key press on a slider until the picture has changed, in a real browser?

A JupyterLab and a headless Chromium as in the browser tests; keys are pressed one after the other,
each when the picture of the one before is there; four ways in turn, block by block:

1. explorer   the latent explorer of notebook 05: digit, class, D's opinion, length of z
2. digit      one slider and the digit, nothing else
3. raw        an IntSlider that swaps two ready pictures of the same size: what ipywidgets costs
4. page       the explorer whose digit is drawn in the page, without waiting for the kernel

"picture" is from the keydown event to the load event of the <img>, or until the <canvas> is drawn,
"screen" to the next animation frame after it, both measured in the page; "kernel" is the time in
the callbacks, in the kernel.

    python benchmarks/slider_latency.py       (about a minute on two CPU cores)
"""

import argparse
import ast
import statistics
import sys
import tempfile
from pathlib import Path

import torch
from playwright.sync_api import Locator

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from browser import lab  # noqa: E402

BLOCK = 20  # keys pressed on one panel before it is the next one's turn
SETUP = f"""
import time, ipywidgets, torch
from PIL import Image
from gan_helpers import training, widgets
from gan_helpers.models import sample
from gan_helpers.widgets.common import Picture, enlarged_png, slider
torch.set_num_threads(1)
generator, _ = training.load_generator({str(lab.GENERATOR)!r})
discriminator, _ = training.load_discriminator({str(lab.DISCRIMINATOR)!r})
z = torch.randn(1, 100, generator=torch.Generator().manual_seed(0))
kernel = {{"explorer": [], "digit": [], "raw": [], "page": []}}

def timed(name, handler):
    "Send what the slider sends through ``handler``, and note the milliseconds that it takes."
    def handle(*arguments):
        start = time.perf_counter()
        handler(*arguments)
        kernel[name].append((time.perf_counter() - start) * 1000)
    return handle

def digit():
    return enlarged_png(Image.fromarray(sample(generator, z)[0, 0].numpy()), 8)
"""
PANELS = {
    "explorer": """
explorer = widgets.LatentExplorer(generator, discriminator)
for one in explorer._sliders:
    one.set_state = timed("explorer", one.set_state)
explorer
""",
    "digit": """
one, picture = slider("z[0]", 0.0, -4.0, 4.0, 0.1), Picture("a digit", width=224)
def draw(change):
    z[0, 0] = one.value
    picture.value = digit()
one.observe(draw, "value")
one.set_state = timed("digit", one.set_state)
picture.value = digit()
ipywidgets.VBox([one, picture])
""",
    "raw": """
pictures = [digit(), enlarged_png(Image.new("L", (28, 28), 255), 8)]
number, plain = ipywidgets.IntSlider(max=80), ipywidgets.Image(format="png", value=pictures[0])
number.observe(lambda change: setattr(plain, "value", pictures[change["new"] % 2]), "value")
number.set_state = timed("raw", number.set_state)
ipywidgets.VBox([number, plain])
""",
    "page": """
in_page = widgets.PageExplorer(generator)
in_page.children[0].set_state = timed("page", in_page.children[0].set_state)
in_page
""",
}
# Resolves to the two times of the next key press.
LISTEN = """image => {
    let pressed;
    const press = () => { pressed = performance.now(); };
    addEventListener("keydown", press, {capture: true, once: true});
    // The slider's own listener has drawn the canvas when its event comes to the window.
    const [place, event] = image.matches("canvas") ? [window, "input"] : [image, "load"];
    window.shown = new Promise(resolve => {
        place.addEventListener(event, () => {
            const loaded = performance.now() - pressed;
            requestAnimationFrame(() => resolve([loaded, performance.now() - pressed]));
        }, {once: true});
    });
}"""
LOOK = "image => image.matches('canvas') ? image.toDataURL() : image.src"


def press_block(panel: Locator, key: str) -> list[list[float]]:
    """(picture, screen) in milliseconds for each of ``BLOCK`` presses of ``key``."""
    image, handle = panel.locator("img, canvas").first, panel.get_by_role("slider").first
    image.scroll_into_view_if_needed()
    panel.page.wait_for_timeout(500)
    handle.focus()
    times = []
    for _ in range(BLOCK):
        before = image.evaluate(LOOK)
        image.evaluate(LISTEN)
        panel.page.keyboard.press(key)
        times.append(panel.page.evaluate("window.shown"))
        if image.evaluate(LOOK) == before:
            sys.exit("A key was pressed, and the picture is the same.")
    return times


def quantile(values: list[float], share: float) -> float:
    return torch.tensor(values).quantile(share).item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presses", type=int, default=200, help="key presses on each panel (200)")
    presses = parser.parse_args().presses
    path = lab.find_chromium()
    if path is None:
        sys.exit("No Chromium or Chrome was found on PATH; install one, then run this again.")
    times: dict[str, list[list[float]]] = {name: [] for name in PANELS}
    with (
        tempfile.TemporaryDirectory() as folder,
        lab.chromium(path) as browser,
        lab.jupyter_lab(Path(folder)) as address,
    ):
        lab.write_notebook(Path(folder, "notebooks", "latency.ipynb"), SETUP, *PANELS.values())
        page = browser.new_page(viewport=lab.VIEWPORT)
        lab.open_notebook(page, address, "latency.ipynb")
        lab.run_all(page)
        for error in lab.errors_in(page):
            sys.exit(error)
        panels = page.locator(".jp-OutputArea-output > .widget-vbox, .gan-panel")
        for block in range(presses // BLOCK + 1):
            for k, name in enumerate(PANELS):
                new = press_block(panels.nth(k), ("ArrowRight", "ArrowLeft")[block % 2])
                times[name] += new if block else []  # the first warms up
        kernel = ast.literal_eval(lab.ask(page, "kernel"))
        print(f"Chromium {browser.version}, {len(times['raw'])} key presses on each\n")
    print("ms          picture: median   95 %    screen: median   95 %    kernel: median   95 %")
    for name, values in times.items():
        pictures, screens = map(list, zip(*values, strict=True))
        row = [
            (statistics.median(one), quantile(one, 0.95))
            for one in (pictures, screens, kernel[name][BLOCK:])
        ]
        cells = "".join(f"{middle:16.1f} {high:6.1f}  " for middle, high in row)
        print(f"{name:<11}{cells}".rstrip())
    print("\nexplorer's picture: at most 33 (median) and 60 (95 %); its kernel: at most 5")
    print("page's screen, one frame: at most 17 (median)")


if __name__ == "__main__":
    main()
