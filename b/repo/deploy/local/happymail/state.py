"""The state file: which processes were started, so that whoever comes later can end them."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from happymail import processes
from happymail.failure import Failure
from happymail.settings import relative


@dataclass
class Part:
    """One running process of the system."""

    name: str
    group: str
    """gateway, services, mail, broker or postgres: parts of one group are stopped together."""
    pid: int
    identity: str
    address: str
    log: str
    ready_url: str | None = None
    command: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    """What a service was given beyond the caller's environment; kept for ``make restart``."""

    def is_alive(self) -> bool:
        return processes.is_alive(self.pid, self.identity)


@dataclass
class State:
    """What runs out of one state folder. ``mode`` is run, up or test; ``phase`` is starting or ready."""

    mode: str
    phase: str
    pid: int
    identity: str
    gateway_url: str = ""
    parts: list[Part] = field(default_factory=list)

    def orchestrator_is_alive(self) -> bool:
        return processes.is_alive(self.pid, self.identity)

    def alive(self) -> list[Part]:
        return [part for part in self.parts if part.is_alive()]


class StateFile:
    """``state.json`` in a state folder, and the lock that admits one starter at a time.

    The file holds passwords and is readable by its owner only. It is replaced in one step, so a crash leaves the old
    one or the new one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "state.json"
        self._lock: int | None = None

    @property
    def is_locked(self) -> bool:
        """Whether this process holds the folder."""
        return self._lock is not None

    def lock(self) -> None:
        """Makes the folder and claims it until this process ends, or says who has it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except PermissionError:
            owner = self.folder.stat().st_uid if self.folder.exists() else self.folder.parent.stat().st_uid
            raise Failure(f"{relative(self.folder)} belongs to user id {owner}; run this as that user, or remove the folder") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.unlock()
            state = self.read()
            who = f"pid {state.pid}, make {state.mode}" if state else "another process"
            raise Failure(f"HappyMail is being run from {relative(self.folder)} already ({who}); `make down` stops it") from None

    def unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def read(self) -> State | None:
        try:
            data = json.loads(self.path.read_text())
            parts = [Part(**part) for part in data.pop("parts")]
            return State(**data, parts=parts)
        except FileNotFoundError:
            return None
        except PermissionError:
            raise Failure(f"{relative(self.path)} may not be read; run this as the user who started HappyMail") from None
        except (ValueError, TypeError, KeyError):
            raise Failure(f"{relative(self.path)} is damaged; end its processes by hand and remove the file") from None

    def write(self, state: State) -> None:
        aside = self.path.with_suffix(".new")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(state), file, indent=2)
        aside.replace(self.path)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
