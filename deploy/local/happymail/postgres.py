"""A private PostgreSQL cluster in the state folder; the machine's own cluster is neither needed nor touched."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from happymail import databases, processes
from happymail.databases import Server
from happymail.failure import Failure
from happymail.output import Progress
from happymail.settings import relative

_ACCOUNT = "postgres"
_READY_WITHIN_SECONDS = 60.0
_STOP_WITHIN_SECONDS = 20.0
_LONGEST_SOCKET_PATH = 90

# Small enough for a laptop beside a compiler, and as durable as in production: fsync stays on.
_SETTINGS = {
    "fsync": "on",
    "jit": "off",
    "listen_addresses": "127.0.0.1",
    "log_min_duration_statement": "1s",
    "log_timezone": "UTC",
    "max_connections": "200",
    "max_wal_size": "256MB",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}


def prepare(folder: Path, server: Server, further: Mapping[str, str]) -> list[str]:
    """Makes the cluster ``folder/postgres`` if it is not there yet; returns the command that serves it, with these further settings."""
    data = folder / "postgres"
    if not _exists(data / "PG_VERSION"):
        _initialise(data, server)
    _end_leftover(data)
    sockets = folder / "run"
    # After a crash the sockets' lock files name a pid that may be somebody else's by now.
    shutil.rmtree(sockets, ignore_errors=True)
    sockets.mkdir()
    _give(sockets)
    # The kernel limits the length of a socket's path; TCP serves as well where the checkout lies deep.
    use_sockets = len(os.fsencode(sockets)) < _LONGEST_SOCKET_PATH
    options = dict(_SETTINGS, port=str(server.port), unix_socket_directories=str(sockets) if use_sockets else "") | dict(further)
    command = [str(_programs(data) / "postgres"), "-D", str(data)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    return _as_account(command, folder)


def await_ready(server: Server, pid: int, known_as: str, log: Path, progress: Progress) -> None:
    """Returns when the server answers queries; fails with its last words if it ends first."""
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while not databases.answers(server.url()):
        if not processes.is_alive(pid, known_as):
            raise Failure(f"PostgreSQL {processes.exit_sentence(pid)} at its start; its last lines:", processes.last_lines(log))
        if time.monotonic() > deadline:
            raise Failure(f"PostgreSQL was not ready within {_READY_WITHIN_SECONDS:.0f} s; its last lines:", processes.last_lines(log))
        progress.update("waiting for its first answer")
        time.sleep(0.1)


def _programs(data: Path | None = None) -> Path:
    """The folder of initdb and postgres: of the version that wrote the data, or the newest that is installed."""
    folders = [folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if (folder / "postgres").exists()]
    on_path = shutil.which("postgres")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    by_version = {_version(folder): folder for folder in reversed(folders)}
    if not by_version:
        raise Failure("PostgreSQL's server programs are missing; `make install` installs them")
    if data is None:
        return by_version[max(by_version)]
    wrote = int((data / "PG_VERSION").read_text().split()[0])
    if wrote not in by_version:
        raise Failure(f"{relative(data)} was written by PostgreSQL {wrote}, which is not installed any more; `make clean` removes it")
    return by_version[wrote]


def _version(folder: Path) -> int:
    answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"(\d+)", answer)
    return int(number[1]) if number else 0


def _initialise(data: Path, server: Server) -> None:
    programs = _programs()
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    _give(data)
    password_file = data.with_name("postgres.password")
    password_file.touch(mode=0o600)
    password_file.write_text(server.password + "\n")
    _give(password_file)
    command = [
        str(programs / "initdb"), "--pgdata", str(data), "--username", server.user, "--pwfile", str(password_file),
        "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale",
    ]
    try:
        result = subprocess.run(
            _as_account(command, data.parent), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, start_new_session=True
        )
        made = result.returncode == 0
        if not made:
            words = (result.stderr or result.stdout).strip().splitlines()
            raise Failure(f"initdb could not make a cluster in {relative(data)}:", words[-6:])
    finally:
        password_file.unlink()
        if not _exists(data / "postgresql.conf"):
            shutil.rmtree(data, ignore_errors=True)


def _end_leftover(data: Path) -> None:
    """Ends a server that still holds this very folder, and removes the pid file of one that is long gone."""
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return
    known_as = processes.identity(pid)
    try:
        holds_it = known_as is not None and Path(os.readlink(f"/proc/{pid}/cwd")) == data
    except OSError:
        holds_it = False
    if known_as is None or not holds_it:
        pid_file.unlink(missing_ok=True)
        return
    os.kill(pid, signal.SIGINT)
    if processes.wait_gone({pid: known_as}, _STOP_WITHIN_SECONDS):
        os.kill(pid, signal.SIGQUIT)
        processes.wait_gone({pid: known_as}, _STOP_WITHIN_SECONDS)


def _as_account(command: list[str], folder: Path) -> list[str]:
    """The command as a user that PostgreSQL accepts: it refuses to run as root."""
    if os.geteuid() != 0:
        return command
    try:
        pwd.getpwnam(_ACCOUNT)
    except KeyError:
        sentence = f"PostgreSQL does not run as root and there is no user {_ACCOUNT}; `make install` adds it, or use an ordinary user"
        raise Failure(sentence) from None
    lowered = ["setpriv", f"--reuid={_ACCOUNT}", f"--regid={_ACCOUNT}", "--init-groups"]
    # A checkout below /root can be entered by root alone; one capability lets the server pass.
    passing = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    for prefix in (lowered, lowered + passing):
        # Not `test -x`: access(2) does not count capabilities, a real look-up does.
        if subprocess.run([*prefix, "ls", "-d", f"{folder}/."], capture_output=True, check=False, cwd="/").returncode == 0:
            return prefix + command
    raise Failure(f"PostgreSQL runs as {_ACCOUNT} when root starts it, who may not enter {folder}; move the checkout or use another user")


def _give(path: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(path, _ACCOUNT, _ACCOUNT)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        raise Failure(f"{relative(path.parent)} belongs to another user; run this as that user, or remove the folder") from None
