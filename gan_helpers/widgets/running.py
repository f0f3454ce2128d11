"""Run training in the background while the reader uses the notebook."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence

import ipywidgets

from gan_helpers.training import stop_button

BURST = 0.04  # seconds of training before the kernel answers the page again
SHOW_EVERY = 0.4  # the least number of seconds from one picture to the next
SHOW_SHARE = 0.2  # the largest share of the time that pictures may take
# The kernel needs several turns of its loop for a message from the page. With one turn after each
# burst, a slider would wait for several bursts.
TURNS = 20

_at_work: list["Runner"] = []


class Runner:
    """Call ``step`` in short bursts on the kernel's own event loop, until ``pause``.

    There is no second thread: between two bursts the kernel answers sliders (see
    ``answer_on_this_thread``) and runs cells, so nothing changes the networks during a step. Only
    one runner works at a time: starting one pauses the other, even if a new panel of the same cell
    has replaced the other's panel.

    ``step``: makes one step of training; ``show``: draws the present state, at most every
    ``show_every`` seconds and for at most ``show_share`` of the time; ``stopped``: is called at
    each end with the exception that caused it, or with None after ``pause`` or the notebook's stop
    button. Introduced in notebook 01, "A game to watch".
    """

    def __init__(
        self,
        step: Callable[[], None],
        show: Callable[[], None],
        stopped: Callable[[Exception | None], None],
        show_every: float | None = None,
        show_share: float | None = None,
    ):
        self._step, self._show, self._stopped = step, show, stopped
        self._show_every, self._show_share = show_every, show_share
        self._task: asyncio.Task | None = None

    @property
    def running(self) -> bool:
        """Whether the runner is at work."""
        return self._task is not None

    def start(self) -> None:
        """Start if it is not running. Raises ``RuntimeError`` without a running event loop."""
        if self.running:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError as error:
            raise RuntimeError(
                "There is no running event loop to train on; press the button in JupyterLab."
            ) from error
        pause_all()
        self._task = loop.create_task(self._run())
        _at_work.append(self)

    def pause(self) -> None:
        """Stop after the present step if it is running; ``start`` goes on from there."""
        if self.running:
            self._end(None)

    async def _run(self) -> None:
        task, error = asyncio.current_task(), None  # A later start may create another task.
        every = SHOW_EVERY if self._show_every is None else self._show_every
        share = SHOW_SHARE if self._show_share is None else self._show_share
        show_next = time.perf_counter() + every
        try:
            while self._task is task:
                pressed: list[int] = []
                with stop_button(pressed.append):
                    burst_ends = time.perf_counter() + BURST
                    self._step()
                    while self._task is task and not pressed and time.perf_counter() < burst_ends:
                        self._step()
                if pressed:
                    self.pause()
                began = time.perf_counter()
                if self._task is task and began > show_next:
                    self._show()
                    took = time.perf_counter() - began
                    show_next = began + max(every, took / share)
                for _ in range(TURNS):
                    await asyncio.sleep(0)
        except Exception as raised:  # asyncio would hide it, so _end passes it on.
            error = raised
        finally:
            if self._task is task:
                self._end(error)

    def _end(self, error: Exception | None) -> None:
        self._task = None
        _at_work.remove(self)
        self._stopped(error)


def pause_all() -> None:
    """Pause the runner that is at work, if there is one."""
    for runner in list(_at_work):
        runner.pause()


def answer_on_this_thread(widgets: Sequence[ipywidgets.Widget]) -> None:
    """Answer the page's messages to ``widgets`` between two bursts or cells, never during one.

    JupyterLab sends these messages to a second thread of the kernel (a subshell, ipykernel 7), also
    during a training step or a cell. Here that thread passes each message to the main thread and
    waits for the answer; until then the page does not send a slider's next value.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # Outside a kernel there is no loop, and no page either.
        return
    for widget in widgets:
        widget.comm.on_msg(_passed_on(widget._handle_msg, loop, threading.get_ident()))


def _passed_on(
    handle: Callable[[dict], None], loop: asyncio.AbstractEventLoop, thread: int
) -> Callable[[dict], None]:
    async def answer(message: dict) -> None:
        handle(message)

    def pass_on(message: dict) -> None:
        if threading.get_ident() == thread:
            handle(message)
        else:
            asyncio.run_coroutine_threadsafe(answer(message), loop).result()

    return pass_on
