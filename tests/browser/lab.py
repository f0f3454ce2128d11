"""A real JupyterLab and a real Chromium: start them, open a notebook, run it, read what it shows.

Also used by benchmarks/slider_latency.py.
"""

import base64
import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import ipywidgets
import nbformat
import numpy as np
import torch
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Error, Locator, Page, sync_playwright

ROOT = Path(__file__).parents[2]
GENERATOR = ROOT / "gan_helpers" / "assets" / "hour_generator.safetensors"
DISCRIMINATOR = GENERATOR.with_name("hour_discriminator.safetensors")
TOKEN = "a-token-for-this-test"
WAIT = 400  # seconds, for what takes up to 40 on a quiet machine

# Without the first, Chromium does not start as root; most of the others keep it off the network.
FLAGS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update "
    "--disable-sync --no-first-run"
).split()
VIEWPORT = {"width": 1000, "height": 900}


def find_chromium() -> str | None:
    """The path of an installed Chromium or Chrome, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


# --- starting -----------------------------------------------------------------------------------


@contextlib.contextmanager
def jupyter_lab(folder: Path) -> Iterator[str]:
    """A JupyterLab that serves ``folder / "notebooks"`` and keeps all of its own in ``folder``.

    Its address is handed over once it answers; its kernels run in this Python.
    """
    notebooks, runtime = folder / "notebooks", folder / "runtime"
    for place in (notebooks, runtime):
        place.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(runtime),
        "IPYTHONDIR": str(folder / "ipython"),
        "OMP_NUM_THREADS": "1",  # as in conftest.py
    }
    command = [
        *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"),
        *("--ip=127.0.0.1", f"--IdentityProvider.token={TOKEN}", f"--notebook-dir={notebooks}"),
        f"--config={ROOT / 'tools' / 'lab_settings' / 'jupyter_config.py'}",  # as make lab does
        "--LabApp.expose_app_in_browser=True",  # for run_all, errors_in and ask
    ]
    log = folder / "lab.log"
    with log.open("w") as file:
        server = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
    try:
        yield _address(server, runtime, log)
    finally:
        server.terminate()  # takes its kernels along
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _address(server: subprocess.Popen, runtime: Path, log: Path) -> str:
    """Where the server listens: it takes the first free port and writes that down."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end and server.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(json.JSONDecodeError):  # half written
                return json.loads(file.read_text())["url"]
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


@contextlib.contextmanager
def chromium(path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS, timeout=WAIT * 1e3)
        yield browser
        browser.close()


# --- a notebook in the browser ------------------------------------------------------------------


def write_notebook(file: Path, *cells: str) -> None:
    """Write a notebook of code cells. Without a kernelspec a dialog would block the page."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, file)


def copy_without_outputs(source: Path, file: Path, last: str = "") -> None:
    """Copy a notebook as it is before its first run, up to the cell ``last`` if one is given."""
    notebook = nbformat.read(source, as_version=4)
    if last:
        end = [cell.source for cell in notebook.cells].index(last)
        notebook.cells = notebook.cells[: end + 1]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, file)


def open_notebook(page: Page, address: str, name: str, workspace: str = "") -> None:
    """Open the notebook ``name`` in a workspace of its own and wait for its kernel."""
    workspace = workspace or Path(name).stem
    page.goto(f"{address}lab/workspaces/{workspace}/tree/{name}?token={TOKEN}")
    wait_for_kernel(page)


def wait_for_kernel(page: Page) -> None:
    """Wait until the open notebook's kernel has nothing to do: a run asked for earlier is lost."""
    page.wait_for_function(
        """() => {
            const session = window.jupyterapp?.shell.currentWidget?.context?.sessionContext;
            return session?.isReady && session.session?.kernel?.status === 'idle';
        }""",
        timeout=WAIT * 1e3,
    )


def run_all(page: Page) -> None:
    """Run > Run All Cells, and wait until every cell has run or one has failed."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function(
        """() => {
            const cells = jupyterapp.shell.currentWidget.content.model.sharedModel.cells
                .filter(cell => cell.cell_type === 'code' && cell.getSource().trim());
            return cells.every(cell => cell.execution_count !== null)
                || cells.some(cell => cell.getOutputs().some(o => o.output_type === 'error'));
        }""",
        timeout=WAIT * 1e3,
    )


def restart_kernel(page: Page) -> None:
    page.evaluate("jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()")
    wait_for_kernel(page)


def shut_kernel_down(page: Page) -> None:
    page.evaluate("jupyterapp.shell.currentWidget.context.sessionContext.shutdown()")


def choose_theme(page: Page, theme: str) -> None:
    """``theme``: "JupyterLab Light" or "JupyterLab Dark"."""
    page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    light = "true" if theme.endswith("Light") else "false"
    page.locator(f"body[data-jp-theme-light={light}]").wait_for(state="attached")
    page.wait_for_timeout(1000)  # colours change step by step


def set_width(page: Page, width: int, side_bar: bool) -> None:
    """Give the window ``width`` pixels, with or without the list of files at its left."""
    page.set_viewport_size({"width": width, "height": VIEWPORT["height"]})
    page.evaluate(
        """open => {
            if (jupyterapp.shell.leftCollapsed === open)
                return jupyterapp.commands.execute('application:toggle-left-area');
        }""",
        side_bar,
    )
    page.wait_for_timeout(500)


def errors_in(page: Page) -> list[str]:
    """What the open notebook's cells show as errors or warnings."""
    return page.evaluate(
        """() => jupyterapp.shell.currentWidget.content.model.sharedModel.cells
            .flatMap(cell => cell.getOutputs?.() ?? [])
            .filter(o => o.output_type === 'error' || o.name === 'stderr')
            .map(o => o.evalue ?? String(o.text))"""
    )


def ask(page: Page, expression: str) -> str:
    """The value of a Python expression in the kernel of the open notebook, as text."""
    return page.evaluate(
        """async expression => {
            const session = jupyterapp.shell.currentWidget.context.sessionContext.session;
            const request = { code: '', user_expressions: { answer: expression } };
            const reply = await session.kernel.requestExecute(request).done;
            const answer = reply.content.user_expressions.answer;
            return answer.status === 'ok' ? answer.data['text/plain'] : answer.evalue;
        }""",
        expression,
    )


def save(page: Page, file: Path) -> nbformat.NotebookNode:
    """Save the open notebook by the command behind Ctrl+S, and read the file.

    The command's promise ends when the file is written. A page that says it has nothing to save may
    still be writing, and then the file is empty for a moment.
    """
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    return nbformat.read(file, as_version=4)


def wait_until(happened: Callable[[], bool], page: Page, problem: str) -> None:
    """Let the page go on until ``happened()``; an ``AssertionError`` says what did not."""
    end = time.monotonic() + WAIT
    while not happened():
        assert time.monotonic() < end, problem
        page.wait_for_timeout(50)


# --- a panel ------------------------------------------------------------------------------------


def slider(panel: Locator, name: str) -> Locator:
    return panel.get_by_role("slider", name=name, exact=True)


def press(control: Locator, *keys: str) -> None:
    """Press keys on a control that has the focus, as someone without a mouse does.

    A control that the kernel has still to enable takes the focus and ignores the keys: wait for it.
    """
    focused = """control => {
        control.focus();
        return document.activeElement === control && !control.closest('[disabled]');
    }"""
    wait_until(lambda: control.evaluate(focused), control.page, "the control takes no focus")
    for key in keys:
        control.page.keyboard.press(key)


def drag(handle: Locator, pixels_to_the_right: int) -> float:
    """Drag a slider's handle with the mouse; the value on which it comes to rest."""
    box = None
    while box is None or box != handle.bounding_box():  # a long notebook takes time to settle
        handle.scroll_into_view_if_needed()
        box = handle.bounding_box()
        handle.page.wait_for_timeout(300)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = handle.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + pixels_to_the_right, y, steps=10)
    mouse.up()
    return float(handle.get_attribute("aria-valuenow"))


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def png_shown(image: Locator) -> bytes:
    """The bytes behind the ``src`` of an <img>: what the widget was sent."""
    data = image.evaluate(
        """async image => {
            const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
            return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''));
        }"""
    )
    return base64.b64decode(data)


def expect_picture(image: Locator, expected: np.ndarray, tolerance: int = 0) -> None:
    """Wait until the <img> shows ``expected``, to within ``tolerance`` levels of grey."""

    def equal() -> bool:
        try:
            shown = pixels(png_shown(image))
        except Error:  # its source was replaced in between
            return False
        return shown.shape == expected.shape and (
            np.abs(shown.astype(int) - expected).max() <= tolerance
        )

    wait_until(equal, image.page, "the picture is not the one that the model gives")


def expect_digit(image: Locator, digit: torch.Tensor, factor: int = 8, tolerance: int = 1) -> None:
    """Wait until the <img> shows ``digit``, uint8 of shape (28, 28), ``factor`` times as large.

    Another order of summation may move a pixel over a rounding edge: hence the tolerance.
    """
    large = np.kron(digit.numpy(), np.ones((factor, factor), np.uint8))
    expect_picture(image, np.stack([large] * 3, axis=-1), tolerance)


def parts(panel: ipywidgets.Widget, kind: type[ipywidgets.Widget]) -> list[ipywidgets.Widget]:
    """The widgets of a kind in a panel of this process, in the order of the page."""
    inside = [part for child in getattr(panel, "children", ()) for part in parts(child, kind)]
    return [panel, *inside] if isinstance(panel, kind) else inside


def part(panel: ipywidgets.Widget, name: str) -> ipywidgets.Widget:
    """The control of this name in a panel of this process."""
    controls = parts(panel, ipywidgets.DOMWidget)
    return next(one for one in controls if getattr(one, "description", None) == name)


def unnamed_controls(panel: Locator) -> list[str]:
    """The controls and pictures without a name that a screen reader could say."""
    roles = "button|checkbox|combobox|img|listbox|meter|progressbar|radio|slider|spinbutton|textbox"
    nameless = re.findall(rf"^\s*- (?:{roles})(?! \")\b.*$", panel.aria_snapshot(), re.M)
    # With an empty alt a picture counts as decoration, which none of ours is.
    pictures = panel.locator('img[alt=""], img:not([alt])').all()
    return nameless + [picture.evaluate("img => img.outerHTML") for picture in pictures]


def found_by_axe(part: Locator) -> list[str]:
    """What axe-core calls serious or critical in a part of the page."""
    part.evaluate("part => part.setAttribute('data-axe', '')")
    found = Axe().run(part.page, context="[data-axe]").response["violations"]
    part.evaluate("part => part.removeAttribute('data-axe')")
    return [
        f"{one['help']}: {node['html'][:200]}"
        for one in found
        for node in one["nodes"]
        if one["impact"] in ("serious", "critical")
    ]


def missed_by_tab(panel: Locator) -> list[str]:
    """The controls that the Tab key does not reach, starting from the first."""
    panel.evaluate(
        """panel => {
            const visible = element => element.checkVisibility() && !element.disabled;
            const all = 'button, select, input, textarea, [role=slider]';
            window.missed = new Set([...panel.querySelectorAll(all)].filter(visible));
            window.reached = element => {
                window.missed.delete(element);
                for (const other of window.missed)  // one Tab stop for a group of radio buttons
                    if (other.type === 'radio' && other.name === element.name)
                        window.missed.delete(other);
                return panel.contains(element);
            };
            [...window.missed][0].focus();
        }"""
    )
    for _ in range(100):
        if not panel.page.evaluate("reached(document.activeElement)"):
            break
        panel.page.keyboard.press("Tab")
    return panel.page.evaluate("[...missed].map(element => element.outerHTML.slice(0, 200))")


def wider_than_their_place(panel: Locator) -> list[str]:
    """The parts of the output, from the panel outwards and inwards, that would scroll sideways."""
    return panel.evaluate(
        """panel => {
            const around = [];
            for (let e = panel; !e.matches('.jp-Notebook'); e = e.parentElement) around.push(e);
            return [...around, ...panel.querySelectorAll('.widget-box')]
                .filter(e => e.scrollWidth > e.clientWidth && e.clientWidth > 0)
                .map(e => `${e.scrollWidth} > ${e.clientWidth}: ${e.className}, ${e.innerText}`);
        }"""
    )
