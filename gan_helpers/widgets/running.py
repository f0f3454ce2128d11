"""Training that goes on while the reader uses the notebook."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Sequence

import ipywidgets

from gan_helpers.training import stop_button

BURST = 0.04  # seconds of training between two looks at what the reader does
SHOW_EVERY = 0.4  # seconds from one picture to the next, at least
SHOW_SHARE = 0.2  # of the time that pictures may take, so that most of it is training
# A message from the page takes the kernel several turns of its loop. Given one turn a burst, a
# slider would wait for as many bursts.
TURNS = 20

_at_work: list["Runner"] = []


class Runner:
    """Calls ``step`` in short bursts on the kernel's own event loop, until ``pause``.

    No thread: between two bursts the kernel answers sliders (see ``answer_on_this_thread``) and
    runs cells, and nothing changes the networks in the middle of a step. Only one runner works at
    a time: starting one pauses the other, also one whose panel was replaced when its cell was run
    again.

    ``step``: one step of training; ``show``: draws the present state, as often as ``show_every``
    (seconds) allows and never for more than ``show_share`` of the time; ``stopped``: called once
    after each end, with the exception that ended it, or None after ``pause`` or the stop button of
    the notebook.
    Introduced in notebook 01, "A game to watch".
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
        """Whether it is at work."""
        return self._task is not None

    def start(self) -> None:
        """Begin, unless it has begun. Raises ``RuntimeError`` outside a running event loop."""
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
        """End after the present step, unless it has ended; ``start`` goes on from there."""
        if self.running:
            self._end(None)

    async def _run(self) -> None:
        task, error = asyncio.current_task(), None  # a later start may have made another
        every = SHOW_EVERY if self._show_every is None else self._show_every
        share = SHOW_SHARE if self._show_share is None else self._show_share
        show_next = time.perf_counter() + every
        try:
            while self._task is task:
                pressed: list[int] = []
                with stop_button(pressed):
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
        except Exception as raised:  # a task's exceptions are seen by nobody: hand it on
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
    """Have all that the page says to ``widgets`` answered between two bursts and two cells.

    JupyterLab hands messages to a second thread of the kernel (a subshell, ipykernel 7), in the
    middle of a training step or of a cell. Here that thread passes them on and waits: the page
    sends a slider's next value when it has the answer to the one before.
    """
    with contextlib.suppress(RuntimeError):  # outside a kernel there is no page, and no loop
        loop = asyncio.get_running_loop()
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
