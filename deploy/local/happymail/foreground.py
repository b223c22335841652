"""``make run``: everything up, the demo, and then it stays until Ctrl-C."""

from __future__ import annotations

import os
import select
import stat
import sys
from pathlib import Path

from happymail import demo, processes
from happymail.databases import SERVICES
from happymail.demo import Demo
from happymail.failure import Failure
from happymail.interruption import Interrupted, Interruption
from happymail.output import Output
from happymail.settings import Settings, relative
from happymail.state import Part, StateFile
from happymail.system import System

_LOOK_EVERY_SECONDS = 0.5


def run(settings: Settings, output: Output, interruption: Interruption, only_demo: bool) -> int:
    """Returns the exit code; whatever happens, nothing that was started is left running."""
    standard_input = StandardInput()
    system = System(settings, output, interruption, "run")
    system.claim()
    code = 0
    try:
        output.heading("Starting HappyMail")
        system.start()
        output.heading("The way from a new user to a happy and a sad mail")
        demo.play(Demo(system.state.gateway_url, None if settings.smtp_url else system.mail_folder, output), output)
        show_addresses(system, output)
        if not only_demo:
            output.line()
            output.line(output.paint("Running. Ctrl-C stops everything.", "bold"))
            stay(system.file, output, standard_input)
    except Interrupted:
        pass
    except Failure as failure:
        output.failure(failure)
        code = 1
    finally:
        output.heading("Stopping HappyMail")
        with interruption.deferred():
            system.stop()
    if interruption.requested and system.state.phase != "ready":
        return 130
    return code


def show_addresses(system: System, output: Output) -> None:
    """Where everything is."""
    url = system.state.gateway_url
    output.heading("Where things are")
    rows = [("API", url)]
    for name in SERVICES:
        rows.append((f"{name} service", f"{url}/{name}/docs   {url}/{name}/readyz   {url}/{name}/metrics"))
    if not system.settings.smtp_url:
        rows.append(("mails", f"{relative(system.mail_folder)}/new, one file each"))
    rows.append(("logs", f"{relative(system.logs)}, or make logs"))
    for part in system.state.parts:
        if part.name in ("postgres", "broker"):
            rows.append((part.name, part.address))
    for name, value in rows:
        output.line(f"  {name:<22} {value}")


def stay(file: StateFile, output: Output, standard_input: StandardInput) -> None:
    """Shows each mail as it comes; returns when the input ends or an infrastructure part has ended."""
    mails = NewLines(file)
    reported: set[tuple[str, int]] = set()
    while not standard_input.ended(_LOOK_EVERY_SECONDS):
        for line in mails.read():
            output.line(f"{output.paint('✉', 'yellow')}  {line}")
        state = file.read()
        for part in state.parts if state else []:
            if part.is_alive() or (part.name, part.pid) in reported:
                continue
            reported.add((part.name, part.pid))
            report(part, output)


def report(part: Part, output: Output) -> None:
    """A service may be killed and restarted while the rest runs; without a server there is nothing to stay for."""
    what = f"{part.name} (pid {part.pid}) {processes.exit_sentence(part.pid)}"
    log = relative(Path(part.log))
    if part.group != "services":
        raise Failure(f"{what}, and nothing works without it; its log is {log}")
    output.line(output.paint(f"{what}; `make restart SERVICE={part.name}` starts it again, its log is {log}", "red"))


class NewLines:
    """The lines that the SMTP sink has written since the last look."""

    def __init__(self, file: StateFile) -> None:
        self._log = file.folder / "log" / "mail.log"
        self._position = self._log.stat().st_size if self._log.exists() else 0

    def read(self) -> list[str]:
        try:
            with self._log.open("rb") as log:
                log.seek(self._position)
                text = log.read()
        except OSError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self._position += len(whole)
        return whole.decode(errors="replace").splitlines()


class StandardInput:
    """Tells when the user has ended the input: Ctrl-D, or the other end of a pipe that was open at the start is closed.

    An input that gives nothing from the start, such as /dev/null or a closed pipe, says nothing about the user.
    """

    def __init__(self) -> None:
        self._watched = False
        try:
            self._descriptor = sys.stdin.fileno()
            mode = os.fstat(self._descriptor).st_mode
        except (OSError, ValueError, AttributeError):
            return
        if os.isatty(self._descriptor):
            self._watched = True
        elif stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            self._watched = not self._has_ended_already()

    def ended(self, within_seconds: float) -> bool:
        """Waits that long at most."""
        if not self._watched or not self._may_read():
            select.select([], [], [], within_seconds)
            return False
        readable, _, _ = select.select([self._descriptor], [], [], within_seconds)
        return bool(readable) and not os.read(self._descriptor, 4_096)

    def _may_read(self) -> bool:
        """A background job that reads from its terminal would be stopped by the kernel."""
        return not os.isatty(self._descriptor) or os.tcgetpgrp(self._descriptor) == os.getpgrp()

    def _has_ended_already(self) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))
