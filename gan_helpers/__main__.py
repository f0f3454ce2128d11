"""``python -m gan_helpers`` runs the command line, which is in ``gan_helpers.cli``."""

import errno
import os
import sys
from typing import TextIO


class Steady:
    """A stream that falls silent, in place of an error, when nobody reads it any more.

    A closed terminal or ``| head`` must not cost a run its last hour. Results that a full disk does
    not take are an error as ever; ``always`` is for the progress bars, which may be lost.
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
            left = error.errno in (errno.EPIPE, errno.EIO, errno.EINVAL)  # EINVAL: of Windows
            if not (left or self.always):
                raise
            # What is still in its buffer goes where all that follows goes.
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), self.stream.fileno())


def steady_streams() -> None:
    """Let standard output and error be ``Steady``; one that is closed is opened to nowhere."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # else the next file opened, a checkpoint, would get the messages
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name) or open(os.devnull, "w", encoding="utf-8")
        setattr(sys, name, Steady(stream, always=name == "stderr"))


def run() -> int:
    """Run the command line of this process; returns the exit status."""
    steady_streams()
    try:
        from gan_helpers.cli import main  # here: Ctrl-C may come during these seconds, too

        return main()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(run())
