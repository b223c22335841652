#!/usr/bin/env python3
"""Installs and runs the local broker: noida-db behind the gate of ``broker_gate.py``.

Production runs Apache Kafka. Where it cannot be had (no Docker, no JVM) this
broker speaks the same protocol on one machine, for trying things out and for
tests. As a module::

    binary = install(folder)                     # downloads once, verifies, unpacks
    processes = start(data_dir, 9092, 9099)      # [broker, gate], ready for clients
    stop(processes)

As a program: ``broker.py install [FOLDER]`` and ``broker.py start --data-dir
D --port P [--control-port C]``; the latter runs until SIGINT or SIGTERM.

Use a fresh data folder for each run: the broker rewrites its data as JSON,
which is slow beyond about 100 MB, and it knows no retention. It acknowledges
records before they are on disk: a kill -9 loses about the last second of them.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

PACKAGE = "noida-db"
VERSION = "0.2.2"
WHEEL_SHA256 = "ff33b6b252defad42179ca255abd35fb02d1592642890cbd80264639b9542598"
BINARY_IN_WHEEL = "noida_db/noida-db"
HOST = "127.0.0.1"
GATE = Path(__file__).resolve().parent / "broker_gate.py"

READY_WITHIN_SECONDS = 20.0
STOP_WITHIN_SECONDS = 5.0

METADATA_REQUEST = 3
API_VERSIONS_REQUEST = 18


class BrokerError(Exception):
    """The broker cannot be installed or started; the text says why."""


def default_folder() -> Path:
    """Where the binary is kept when nobody says otherwise."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "happymail" / f"{PACKAGE}-{VERSION}"


def install(folder: Path) -> Path:
    """Returns the path of the broker's binary in ``folder``, downloading it the first time.

    The wheel comes from the Python package index by pip and is used only if
    its SHA-256 is the expected one. Raises BrokerError.
    """
    folder = Path(folder)
    binary = folder / "noida-db"
    if binary.is_file() and os.access(binary, os.X_OK):
        return binary
    if platform.system() != "Linux" or platform.machine() not in ("x86_64", "AMD64"):
        raise BrokerError(f"{PACKAGE} is built for Linux on x86-64 only; use Docker Compose here")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as download:
        _unpack(_download(Path(download)), binary)
    return binary


def _download(folder: Path) -> Path:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--dest",
        str(folder),
        f"{PACKAGE}=={VERSION}",
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if result.returncode != 0 or len(wheels) != 1:
        raise BrokerError(f"pip could not download {PACKAGE}=={VERSION}:\n{result.stderr.strip()}")
    digest = hashlib.sha256(wheels[0].read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        raise BrokerError(f"{wheels[0].name} has SHA-256 {digest}, expected {WHEEL_SHA256}")
    return wheels[0]


def _unpack(wheel: Path, binary: Path) -> None:
    # Written aside and renamed, so that a half-written file is never taken for the binary.
    part = wheel.parent / "noida-db.part"
    with (
        zipfile.ZipFile(wheel) as archive,
        archive.open(BINARY_IN_WHEEL) as source,
        part.open("wb") as target,
    ):
        shutil.copyfileobj(source, target)
    part.chmod(part.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    part.replace(binary)


def start(
    data_dir: Path,
    port: int,
    control_port: int | None = None,
    *,
    binary: Path | None = None,
) -> list[subprocess.Popen[bytes]]:
    """Starts broker and gate and returns both once clients are answered at 127.0.0.1:``port``.

    ``data_dir`` keeps the broker's data and both logs; ``control_port`` opens
    the gate's fault injection; ``binary`` is what ``install`` returned (by
    default it is installed into ``default_folder()``). The broker itself takes
    a free port, which is written to ``data_dir/broker.port``. Each process
    leads a session of its own, so that an interrupt from the keyboard reaches
    only the caller. End them with ``stop``. Raises BrokerError; nothing is
    left running then.
    """
    data_dir = Path(data_dir)
    data_dir.mkdir(parents=True, exist_ok=True)
    for wanted in filter(None, (port, control_port)):
        if not _is_free(wanted):
            raise BrokerError(f"port {wanted} is in use")
    binary = binary or install(default_folder())
    broker_port = _free_port()
    (data_dir / "broker.port").write_text(f"{broker_port}\n")
    processes: list[subprocess.Popen[bytes]] = []
    try:
        broker = [
            str(binary),
            "start",
            "--data-dir",
            str(data_dir / "data"),
            "--host",
            HOST,
            "--only",
            "kafka",
            "--kafka-port",
            str(broker_port),
        ]
        processes.append(_spawn(broker, data_dir / "broker.log"))
        _await_ready(broker_port, processes, data_dir)
        gate = [
            sys.executable,
            str(GATE),
            "--reap",
            "--verbose",
            "--listen",
            f"{HOST}:{port}",
            "--target",
            f"{HOST}:{broker_port}",
        ]
        if control_port:
            gate += ["--control", f"{HOST}:{control_port}"]
        processes.append(_spawn(gate, data_dir / "gate.log"))
        _await_ready(port, processes, data_dir)
    except BaseException:
        stop(processes)
        raise
    return processes


def stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ends what ``start`` returned, the gate first; kills what does not end in five seconds."""
    for process in reversed(processes):
        process.terminate()
        try:
            process.wait(STOP_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def is_ready(port: int, host: str = HOST, timeout: float = 1.0) -> bool:
    """Whether a broker answers ApiVersions and Metadata there."""
    try:
        with socket.create_connection((host, port), timeout) as connection:
            _ask(connection, API_VERSIONS_REQUEST, 0, b"")
            no_topics = struct.pack(">i", 0)
            _ask(connection, METADATA_REQUEST, 1, no_topics)
    except (OSError, EOFError):
        return False
    return True


def _ask(connection: socket.socket, api: int, version: int, body: bytes) -> bytes:
    client_id = b"happymail"
    request = struct.pack(">hhih", api, version, 1, len(client_id)) + client_id + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    (length,) = struct.unpack(">i", _read(connection, 4))
    return _read(connection, length)


def _read(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise EOFError("the broker closed the connection")
        data += part
    return data


def _spawn(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _await_ready(port: int, processes: Sequence[subprocess.Popen[bytes]], data_dir: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while not is_ready(port):
        ended = [process for process in processes if process.poll() is not None]
        if ended:
            program = (
                "the gate" if len(processes) > 1 and ended[0] is processes[1] else "the broker"
            )
            raise BrokerError(
                f"{program} ended with code {ended[0].returncode}:\n{_tails(data_dir)}"
            )
        if time.monotonic() > deadline:
            waited = f"within {READY_WITHIN_SECONDS:.0f} s"
            raise BrokerError(f"no answer at port {port} {waited}:\n{_tails(data_dir)}")
        time.sleep(0.02)


def _tails(data_dir: Path) -> str:
    logs = (data_dir / name for name in ("broker.log", "gate.log"))
    return "\n".join(
        log.read_text(errors="replace")[-2000:] for log in logs if log.exists()
    ).strip()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _run(arguments: argparse.Namespace) -> None:
    asked_to_stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked_to_stop.set())
    binary = install(arguments.folder)
    processes = start(arguments.data_dir, arguments.port, arguments.control_port, binary=binary)
    print(f"broker ready at {HOST}:{arguments.port}", flush=True)
    try:
        while not asked_to_stop.wait(0.5):
            if any(process.poll() is not None for process in processes):
                raise BrokerError(f"the broker or its gate ended:\n{_tails(arguments.data_dir)}")
    finally:
        stop(processes)


def main() -> int:
    """Parses the command line and obeys; the result is the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    installing = commands.add_parser(
        "install", help="download the broker, verify it, print the binary's path"
    )
    installing.add_argument(
        "folder", type=Path, nargs="?", default=default_folder(), help="default: %(default)s"
    )
    starting = commands.add_parser("start", help="run broker and gate in the foreground")
    starting.add_argument(
        "--data-dir",
        type=Path,
        required=True,
        help="keeps data and logs; use a fresh one for each run",
    )
    starting.add_argument(
        "--port", type=int, required=True, help="where clients connect, on 127.0.0.1"
    )
    starting.add_argument(
        "--control-port", type=int, help="where faults are ordered (off by default)"
    )
    starting.add_argument(
        "--folder",
        type=Path,
        default=default_folder(),
        help="where the binary is; default: %(default)s",
    )
    arguments = parser.parse_args()
    try:
        if arguments.command == "install":
            print(install(arguments.folder))
        else:
            _run(arguments)
    except BrokerError as error:
        print(f"broker: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
