"""Starting, recognising and ending processes, by pid and never by name."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

_LOOK_EVERY_SECONDS = 0.05


def identity(pid: int) -> str | None:
    """What tells this process from a later one with the same pid (boot and start time); None if it has ended."""
    try:
        # The name in parentheses may hold anything, so the fields are counted from its end.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    state, start_ticks = fields[0], fields[19]
    return None if state in "ZX" else f"{boot}:{start_ticks}"


def is_alive(pid: int, known_as: str) -> bool:
    """Whether exactly that process still runs."""
    return identity(pid) == known_as


def start(
    command: list[str],
    log: Path,
    *,
    environment: dict[str, str] | None = None,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a process in a session of its own, so that an interrupt from the keyboard reaches only the caller."""
    rotate(log)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment,
            cwd=folder,
        )


def rotate(log: Path) -> None:
    """Begins a fresh log and keeps the one before it as ``NAME.log.1``."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size:
        log.replace(log.with_name(log.name + ".1"))


def last_lines(log: Path, count: int = 12) -> list[str]:
    """The end of a log, at most 64 KiB of it."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 65_536))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-count:]


def exit_sentence(pid: int) -> str:
    """How a child ended, such as ``exited with code 3``; call it once, when it has."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return "ended"
    if ended == 0:
        return "is still running"
    code = os.waitstatus_to_exitcode(status)
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"exited with code {code}"


def send(pid: int, number: signal.Signals) -> None:
    """Signals the process, if it is still there."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signals the whole group that the process leads, or it alone where it leads none."""
    try:
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        pass


def with_environment(key: str, value: str) -> list[int]:
    """The living processes, other than this one, that were started with exactly this in their environment."""
    wanted = f"{key}={value}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        try:
            has_it = wanted in (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if has_it and pid != os.getpid() and identity(pid):
            found.append(pid)
    return found


def wait_gone(known: dict[int, str], within_seconds: float) -> set[int]:
    """Waits until these processes (pid: identity) have ended; returns those that have not."""
    deadline = time.monotonic() + within_seconds
    while True:
        left = {pid for pid, name in known.items() if not _has_ended(pid, name)}
        if not left or time.monotonic() >= deadline:
            return left
        time.sleep(_LOOK_EVERY_SECONDS)


def _has_ended(pid: int, known_as: str) -> bool:
    if is_alive(pid, known_as):
        return False
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
    return True
