"""``make up``, ``down``, ``restart``, ``status``, ``logs`` and ``clean``: the system without a terminal."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

from happymail import processes, services
from happymail.databases import SERVICES
from happymail.failure import Failure
from happymail.foreground import show_addresses
from happymail.interruption import Interrupted, Interruption
from happymail.output import Output
from happymail.settings import Settings, relative
from happymail.state import Part, State, StateFile
from happymail.system import System, stop_parts

_ORCHESTRATOR_STOPS_WITHIN_SECONDS = 90.0


def up(settings: Settings, output: Output, interruption: Interruption) -> int:
    """Starts everything, detached from the terminal, and returns when it is ready. Running already is no error."""
    running = StateFile(settings.folder).read() if settings.folder.exists() else None
    if running and running.mode == "up" and running.phase == "ready" and all(part.is_alive() for part in running.parts):
        output.line(f"HappyMail runs already: {running.gateway_url}")
        return 0
    system = System(settings, output, interruption, "up")
    system.claim()
    try:
        output.heading("Starting HappyMail in the background")
        system.start()
    except BaseException as error:
        if isinstance(error, Failure):
            output.failure(error)
        output.heading("Stopping what was started")
        with interruption.deferred():
            system.stop()
        if isinstance(error, Failure):
            return 1
        if isinstance(error, Interrupted):
            return 130
        raise
    show_addresses(system, output)
    output.line()
    output.line("HappyMail runs in the background: `make status`, `make logs`, `make demo`, `make down`.")
    return 0


def down(settings: Settings, output: Output, interruption: Interruption) -> int:
    """Ends everything that was started from the state folder, and what a killed test run has left. Nothing there is no error."""
    ended = _end(settings.folder, output, interruption)
    for folder in (settings.folder / "test", settings.folder / "test" / "system", settings.folder / "test" / "debezium"):
        state = _state(folder)
        if state and not state.orchestrator_is_alive():
            ended = _end(folder, output, interruption) or ended
    output.line("HappyMail is down; its data are kept." if ended else "HappyMail was not running.")
    return 0


def restart(settings: Settings, output: Output, interruption: Interruption, service: str) -> int:
    """Stops one service, if it runs, and starts it as it was started before."""
    file = StateFile(settings.folder)
    state = _state(settings.folder)
    part = next((part for part in state.parts if part.name == service and part.group == "services"), None) if state else None
    if state is None or part is None:
        known = ", ".join(SERVICES)
        raise Failure(f"no service {service!r} was started here; SERVICE is one of {known}, and `make up` or `make run` starts them")
    stop_parts([part], output, interruption)
    with output.progress(service, "starting") as progress:
        with interruption.deferred():
            process = processes.start(part.command, Path(part.log), environment=services.full_environment(part.environment))
            part.pid, part.identity = process.pid, processes.identity(process.pid) or "ended"
            file.write(state)
        services.await_ready(service, part.pid, part.identity, int(part.environment["HTTP_PORT"]), Path(part.log), progress)
        progress.result(f"{part.address}, pid {part.pid}")
    return 0


def status(settings: Settings, output: Output) -> int:
    """A table of the parts; the exit code is 0 only if all of them run and are ready."""
    state = _state(settings.folder)
    if state is None:
        output.line("HappyMail is not running.")
        return 3
    rows = [(part.name, str(part.pid), part.address, _readiness(part)) for part in state.parts]
    output.line(output.paint(f"{'part':<14} {'pid':>8}  {'address':<24} state", "bold"))
    for name, pid, address, word in rows:
        output.line(f"{name:<14} {pid:>8}  {address:<24} {output.paint(word, 'green' if word in ('ready', 'running') else 'red')}")
    return 0 if all(row[3] in ("ready", "running") for row in rows) and state.phase == "ready" else 1


def logs(settings: Settings, service: str, follow: bool) -> int:
    """The logs of one part or of all, the last lines first; ``follow`` goes on until Ctrl-C."""
    state = _state(settings.folder)
    known = {part.name: Path(part.log) for part in state.parts} if state else {}
    for log in sorted((settings.folder / "log").glob("*.log")):
        known.setdefault(log.stem, log)
    if service and service not in known:
        raise Failure(f"there is no log of {service!r}; there are {', '.join(sorted(known)) or 'none yet'}")
    files = [str(known[service])] if service else [str(log) for log in known.values() if log.exists()]
    if not files:
        raise Failure("there are no logs yet; `make up` or `make run` writes them")
    command = ["tail", "--lines=200" if service else "--lines=20", *(["--follow=name", "--retry"] if follow else []), *files]
    return subprocess.run(command, check=False).returncode


def clean(settings: Settings, output: Output, interruption: Interruption) -> int:
    """Ends everything and removes the state folder: data, mails, logs and downloaded tools."""
    if not settings.folder.exists():
        output.line(f"{relative(settings.folder)} is not there; nothing to remove.")
        return 0
    down(settings, output, interruption)
    try:
        shutil.rmtree(settings.folder)
    except PermissionError as error:
        raise Failure(f"{error.filename} belongs to another user; run this as that user") from None
    output.line(f"Removed {relative(settings.folder)}: data, mails, logs and downloaded tools. `make distclean` removes the build as well.")
    return 0


def _end(folder: Path, output: Output, interruption: Interruption) -> bool:
    state = _state(folder)
    if state is None:
        return False
    known = {state.pid: state.identity}
    if state.phase != "ready" or state.mode != "up":
        if state.orchestrator_is_alive():
            output.line(f"Asking `make {state.mode}` (pid {state.pid}) to stop everything …")
            os.kill(state.pid, signal.SIGTERM)
            if processes.wait_gone(known, _ORCHESTRATOR_STOPS_WITHIN_SECONDS):
                raise Failure(f"the process {state.pid} did not stop within {_ORCHESTRATOR_STOPS_WITHIN_SECONDS:.0f} s")
    file = StateFile(folder)
    file.lock()
    left = file.read()
    if left:
        remaining = stop_parts(left.alive(), output, interruption)
        if remaining:
            raise Failure(f"these could not be ended: {', '.join(f'{part.name} (pid {part.pid})' for part in remaining)}")
        file.remove()
    file.unlock()
    return True


def _state(folder: Path) -> State | None:
    return StateFile(folder).read() if folder.exists() else None


def _readiness(part: Part) -> str:
    if not part.is_alive():
        return "not running"
    if not part.ready_url:
        return "running"
    port, path = int(part.ready_url.split(":")[2].split("/")[0]), "/" + part.ready_url.split("/", 3)[3]
    code, missing = services.readiness(port, path)
    return "ready" if code == 200 else f"not ready: {missing}"
