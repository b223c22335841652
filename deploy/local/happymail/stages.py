"""Running the stages of a test one after the other, live, with a table at the end."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from happymail.counting import Count
from happymail.failure import Failure
from happymail.output import Output
from happymail.settings import TOP

# A test process that crashed can leave a child that keeps `swift test` waiting; no test is silent for so long.
_QUIET_SECONDS = 600.0
_ENDS_WITHIN_SECONDS = 10.0
_LOOK_EVERY_SECONDS = 0.5
_ISSUES_TOLD = 20
_ISSUE_LENGTH = 300


@dataclass
class Stage:
    """One stage and how it ended. ``runs_tests``: it is a failure if it ran none."""

    name: str
    runs_tests: bool
    seconds: float = 0.0
    count: Count = field(default_factory=Count)
    outcome: str = "not run"

    @property
    def is_good(self) -> bool:
        return self.outcome == "passed"


class Stages:
    """``run`` each; ``summary`` prints the table and the closing line and gives the exit code."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._all: list[Stage] = []

    def run(self, name: str, action: Callable[[Stage], None], *, runs_tests: bool, if_good: list[str] | None = None) -> bool:
        """Runs the action unless one of the named stages was not good; a Failure fails the stage and not the whole."""
        stage = Stage(name, runs_tests)
        self._all.append(stage)
        if any(not earlier.is_good for earlier in self._all if earlier.name in (if_good or [])):
            return False
        self._output.heading(f"── {name} " + "─" * max(0, 70 - len(name)))
        began = time.monotonic()
        stage.outcome = "failed"
        try:
            action(stage)
            stage.outcome = "passed" if stage.count.failed == 0 else "failed"
            if runs_tests and stage.count.passed == 0:
                raise Failure(f"the stage `{name}` ran no test")
        except Failure as failure:
            stage.outcome = "failed"
            stage.count.failed = max(1, stage.count.failed)
            self._output.failure(failure)
        finally:
            stage.seconds = time.monotonic() - began
        return stage.is_good

    def summary(self) -> int:
        output = self._output
        output.heading("── summary " + "─" * 63)
        output.line(output.paint(f"  {'stage':<22} {'outcome':<8} {'passed':>7} {'failed':>7} {'skipped':>8} {'time':>9}", "bold"))
        for stage in self._all:
            style = "green" if stage.is_good else "red"
            count = stage.count
            has_count = stage.runs_tests or count.failed
            counts = f"{count.passed:>7} {count.failed:>7} {count.skipped:>8}" if has_count else " " * 24
            output.line(f"  {stage.name:<22} {output.paint(f'{stage.outcome:<8}', style)} {counts} {stage.seconds:>7.1f} s")
        output.line(f"  {'':<22} {'':<8} {'':>24} {sum(stage.seconds for stage in self._all):>7.1f} s")
        self._tell_issues()
        good = all(stage.is_good for stage in self._all)
        passed = sum(stage.count.passed for stage in self._all)
        failed = sum(stage.count.failed for stage in self._all)
        if not good and failed == 0:
            failed = 1
        output.line(f"happymail: {passed} passed, {failed} failed")
        return 0 if good else 1

    def _tell_issues(self) -> None:
        """What went wrong stands far above by now."""
        issues = [issue for stage in self._all for issue in stage.count.issues]
        for issue in issues[:_ISSUES_TOLD]:
            self._output.line(f"  {self._output.paint('✘', 'red')} {issue[:_ISSUE_LENGTH]}")
        if len(issues) > _ISSUES_TOLD:
            self._output.line(f"  … and {len(issues) - _ISSUES_TOLD} more")


def run_live(
    command: list[str],
    stage: Stage,
    *,
    environment: Mapping[str, str] | None = None,
    within_seconds: float,
    log: Path | None = None,
    on_line: Callable[[str], None] | None = None,
) -> int:
    """Runs a command, passes its output on as it comes, counts its tests, and ends it if it takes too long.

    ``on_line`` sees every line; ``log`` gets a copy.

    Returns its exit code. Raises Failure when the time is over; the whole process group is ended then, and on an
    interruption as well.
    """
    process = subprocess.Popen(
        command,
        cwd=TOP,
        env=dict(os.environ, PYTHONUNBUFFERED="1", **(environment or {})),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    deadline = time.monotonic() + within_seconds
    try:
        with log.open("wb") if log else nullcontext() as copy:
            for line in _lines(process, deadline, copy):
                stage.count.read(line)
                if on_line:
                    on_line(line)
        code = process.wait(_ENDS_WITHIN_SECONDS)
    except (_TooLong, subprocess.TimeoutExpired):
        stage.count.finish(1)
        raise Failure(f"`{_shown(command)}` did not end within {within_seconds:.0f} s, or was silent for {_QUIET_SECONDS:.0f} s") from None
    finally:
        # Whatever the command has left in its group ends with it.
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    stage.count.finish(code)
    return code


def _lines(process: subprocess.Popen[bytes], deadline: float, copy: IO[bytes] | None) -> Iterator[str]:
    """The lines of the process's output, each shown before it is returned."""
    with process.stdout as pipe, selectors.DefaultSelector() as selector:  # type: ignore[union-attr]
        selector.register(pipe, selectors.EVENT_READ)
        rest = b""
        heard = time.monotonic()
        while True:
            if time.monotonic() > min(deadline, heard + _QUIET_SECONDS):
                raise _TooLong
            if not selector.select(_LOOK_EVERY_SECONDS):
                # A process that the command has left behind may keep the pipe open; nobody waits for that one.
                if process.poll() is not None:
                    break
                continue
            data = os.read(pipe.fileno(), 65_536)
            if not data:
                break
            heard = time.monotonic()
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            if copy:
                copy.write(data)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield line.decode(errors="replace")
        yield rest.decode(errors="replace")


def check_live(
    command: list[str],
    stage: Stage,
    *,
    environment: Mapping[str, str] | None = None,
    within_seconds: float,
    log: Path | None = None,
    on_line: Callable[[str], None] | None = None,
) -> None:
    """Like ``run_live``; an exit code other than 0 fails the stage."""
    code = run_live(command, stage, environment=environment, within_seconds=within_seconds, log=log, on_line=on_line)
    if code != 0:
        raise Failure(f"`{_shown(command)}` failed with code {code}")


def _shown(command: list[str]) -> str:
    """The command's beginning, short enough for a sentence."""
    words = [Path(word).name if word.startswith("/") else word for word in command[:5]]
    return " ".join(words) + (" …" if len(command) > 5 else "")


class _TooLong(Exception):
    """The time of a command is over."""
