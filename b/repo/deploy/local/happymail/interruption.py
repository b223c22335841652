"""Ctrl-C, SIGTERM and a closed terminal all mean the same: stop everything in order."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """The user wants it to end. Not an Exception, so that nothing between here and the end swallows it."""


class Interruption:
    """Raises Interrupted in the main thread once; later signals only say that it should hurry."""

    def __init__(self) -> None:
        self.requested = False
        self.hurry = False
        self._deferring = 0
        self._raised = False

    def install(self) -> None:
        for number in _SIGNALS:
            signal.signal(number, self._received)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Lets what must not be torn apart, such as starting a process and noting its pid, finish first."""
        self._deferring += 1
        try:
            yield
        finally:
            self._deferring -= 1
        self._raise_if_due()

    def _received(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            self.hurry = True
        self.requested = True
        self._raise_if_due()

    def _raise_if_due(self) -> None:
        if self.requested and not self._raised and not self._deferring:
            self._raised = True
            raise Interrupted
