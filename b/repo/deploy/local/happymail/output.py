"""What the terminal shows: colours where they help, and a progress line for everything that takes time."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType

from happymail.failure import Failure

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_NAME_WIDTH = 14
_REMIND_EVERY_SECONDS = 5.0


class Output:
    """Writes lines; colours only on a terminal, and never when NO_COLOR is set (https://no-color.org)."""

    def __init__(self) -> None:
        self.is_terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self.colours = self.is_terminal and not os.environ.get("NO_COLOR")

    def paint(self, text: str, *styles: str) -> str:
        """The text in these styles, or as it is where colours are off."""
        if not self.colours or not styles:
            return text
        return f"\033[{';'.join(_STYLES[style] for style in styles)}m{text}\033[0m"

    def line(self, text: str = "") -> None:
        print(text, flush=True)

    def heading(self, text: str) -> None:
        self.line()
        self.line(self.paint(text, "bold"))

    def note(self, text: str) -> None:
        self.line(self.paint(text, "dim"))

    def failure(self, failure: Failure) -> None:
        """Says on standard error what went wrong, in one sentence, with the lines that show why."""
        sys.stdout.flush()
        sentence = f"✘ {failure}"
        print(self.paint(sentence, "red", "bold") if sys.stderr.isatty() else sentence, file=sys.stderr)
        for detail in failure.details:
            print(f"    {detail}", file=sys.stderr)
        sys.stderr.flush()

    def progress(self, name: str, doing: str) -> Progress:
        """A line that says what is being waited for, and then how it ended and how long it took."""
        return Progress(self, name, doing)


class Progress:
    """One part's way to readiness: ``with output.progress("order", "starting") as progress: …``."""

    def __init__(self, output: Output, name: str, doing: str) -> None:
        self._output = output
        self._name = name
        self._doing = doing
        self._result = ""
        self._began = self._reminded = time.monotonic()
        self._turn = 0

    def __enter__(self) -> Progress:
        self._show()
        return self

    def update(self, doing: str) -> None:
        """Call it while waiting: turns the spinner, and reminds every five seconds where there is no terminal."""
        self._doing = doing
        self._turn += 1
        self._show()

    def result(self, text: str) -> None:
        """What to show when it is done, such as an address."""
        self._result = text

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        took = f"{time.monotonic() - self._began:.1f} s"
        self._erase()
        if kind is None:
            mark = self._output.paint("✔", "green")
            self._output.line(f"  {mark} {self._name:<{_NAME_WIDTH}} {self._result or self._doing}  {self._output.paint(took, 'dim')}")
        else:
            mark = self._output.paint("✘", "red")
            self._output.line(f"  {mark} {self._name:<{_NAME_WIDTH}} {self._doing}  {self._output.paint(took, 'dim')}")

    def _show(self) -> None:
        now = time.monotonic()
        if self._output.is_terminal:
            spinner = _SPINNER[self._turn % len(_SPINNER)]
            sys.stdout.write(f"\r\033[K  {self._output.paint(spinner, 'cyan')} {self._name:<{_NAME_WIDTH}} {self._doing[:90]}")
            sys.stdout.flush()
        elif now - self._reminded >= _REMIND_EVERY_SECONDS:
            self._reminded = now
            self._output.line(f"  … {self._name:<{_NAME_WIDTH}} {self._doing} ({now - self._began:.0f} s)")

    def _erase(self) -> None:
        if self._output.is_terminal:
            sys.stdout.write("\r\033[K")
            sys.stdout.flush()
