"""Finding free TCP ports on the loopback address, and the same ones again at the next start."""

from __future__ import annotations

import json
import os
import random
import socket
from pathlib import Path

from happymail.failure import Failure

# Below the range from which the kernel takes the ports of outgoing connections, so that nobody takes one in between.
_SEARCH_RANGE = range(15_000, 32_000)
_ATTEMPTS = 200


def is_free(port: int) -> bool:
    """Whether nobody listens there, on IPv4 or, where the machine has it, on IPv6."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        except PermissionError:
            raise Failure(f"port {port} may only be opened by root; choose one above 1023") from None
        except OSError as error:
            if family == socket.AF_INET6 and not has_ipv6():
                continue
            if error.errno is None:
                raise
            return False
    return True


def has_ipv6() -> bool:
    """Whether the loopback address exists in IPv6 as well."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def accepts_connections(host: str, port: int, within_seconds: float = 3.0) -> bool:
    """Whether somebody accepts TCP connections there."""
    try:
        socket.create_connection((host, port), within_seconds).close()
    except OSError:
        return False
    return True


def owner(port: int) -> str | None:
    """Who listens there, such as ``python3, pid 4711``, if this user may know."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            listening = fields[3] == "0A"
            if listening and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(descriptor) in inodes for descriptor in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()}, pid {process.name}"
        except OSError:
            continue
    return None


class Ports:
    """Hands out ports, remembers them in the state folder, and never gives the same one twice."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._taken: set[int] = set()
        try:
            self._remembered: dict[str, int] = json.loads(file.read_text())
        except (OSError, ValueError):
            self._remembered = {}

    def fixed(self, name: str, port: int, hint: str) -> int:
        """This very port, or a failure that says who has it."""
        if not is_free(port):
            who = owner(port)
            raise Failure(f"port {port} for the {name} is in use{f' by {who}' if who else ''}; {hint}")
        return self._take(name, port)

    def free(self, name: str, preferred: int | None = None) -> int:
        """The preferred port if it is free, else the last one used, else any that is free."""
        for port in (preferred, self._remembered.get(name)):
            if port and port not in self._taken and is_free(port):
                return self._take(name, port)
        for _ in range(_ATTEMPTS):
            port = random.choice(_SEARCH_RANGE)
            if port not in self._taken and is_free(port):
                return self._take(name, port)
        raise Failure(f"no free port was found for the {name} in {_ATTEMPTS} attempts")

    def save(self) -> None:
        self._file.write_text(json.dumps(self._remembered, indent=2) + "\n")

    def _take(self, name: str, port: int) -> int:
        self._taken.add(port)
        self._remembered[name] = port
        return port
