"""Start the command line of ``gan_helpers.cli``: ``python -m gan_helpers``."""

import errno
import os
import signal
import sys
from typing import TextIO


class Steady:
    """An output stream that discards its text, without an error, once its reader is gone.

    Otherwise a closed terminal or ``| head`` would end a long run. A full disk still raises its
    error, unless ``always`` is true: the progress bars go to such a stream, and they may be lost.
    """

    def __init__(self, stream: TextIO, always: bool = False):
        self.stream, self.always = stream, always

    def __getattr__(self, name: str) -> object:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        return self._unless_broken(self.stream.write, text) or len(text)

    def flush(self) -> None:
        self._unless_broken(self.stream.flush)

    def _unless_broken(self, act, *arguments):
        try:
            return act(*arguments)
        except OSError as error:
            left = error.errno in (errno.EPIPE, errno.EIO, errno.EINVAL)  # Windows raises EINVAL
            if not (left or self.always):
                raise
            # From now on the null device takes the text, also what is still in the buffer.
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), self.stream.fileno())


def steady_streams() -> None:
    """Make standard output and error ``Steady``; a closed one is connected to the null device."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # otherwise a checkpoint could get this number, and with it the messages
            os.open(os.devnull, os.O_RDWR)  # it takes the lowest free number, which is this one
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name) or open(os.devnull, "w", encoding="utf-8")
        setattr(sys, name, Steady(stream, always=name == "stderr"))


def run() -> int:
    """Run the command line of this process; returns the exit status."""
    steady_streams()
    # One thread, which PyTorch reads when it is imported: a second one makes a step of networks of
    # this size little faster, and several times slower beside a busy program (docs/speed.md).
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        from gan_helpers.cli import main  # It takes seconds, in which Ctrl-C has to work, too.

        return main()
    except KeyboardInterrupt:
        return 130


if __name__ == "__mp_main__":  # one of the processes that ``train --devices`` starts
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # until it listens, as the first one passes it on
    steady_streams()
if __name__ == "__main__":
    sys.exit(run())
