"""The whole system: what comes up in which order, and goes down in the reverse."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from happymail import databases, gateway, kafka, postgres, processes, services
from happymail.databases import SERVICES
from happymail.failure import Failure
from happymail.interruption import Interruption
from happymail.output import Output
from happymail.ports import Ports, accepts_connections
from happymail.settings import Settings, relative
from happymail.state import Part, State, StateFile

# Who is stopped first, how it is asked, and how many seconds it has before it is killed.
_STOPPING: list[tuple[str, signal.Signals, float]] = [
    ("gateway", signal.SIGTERM, 5.0),
    ("connect", signal.SIGTERM, 20.0),
    ("observer", signal.SIGTERM, 5.0),
    ("services", signal.SIGTERM, 20.0),
    ("mail", signal.SIGTERM, 5.0),
    ("gate", signal.SIGTERM, 5.0),
    ("broker", signal.SIGTERM, 10.0),
    # SIGINT is PostgreSQL's fast shutdown: sessions are ended, everything is written.
    ("postgres", signal.SIGINT, 20.0),
]
_SMTP_SINK = Path(__file__).resolve().parents[1] / "smtp_sink.py"
_ANSWER_WITHIN_ROUNDS = 100


@dataclass(frozen=True)
class Servers:
    """The addresses of the servers that the services use."""

    kafka: str
    smtp_url: str
    database_urls: dict[str, str]
    superuser_url: str
    gate_url: str | None


class System:
    """Starts the parts of one state folder, writes each down as soon as it runs, and stops them."""

    def __init__(self, settings: Settings, output: Output, interruption: Interruption, mode: str) -> None:
        self.settings = settings
        self.output = output
        self.interruption = interruption
        self.file = StateFile(settings.folder)
        self.state = State(mode, "starting", os.getpid(), processes.identity(os.getpid()) or "")
        self.logs = settings.folder / "log"
        self.mail_folder = settings.folder / "mail"

    def claim(self) -> None:
        """Takes the state folder, and ends what a run that was killed has left there."""
        self.file.lock()
        left = self.file.read()
        if left and left.alive():
            if left.mode == "up" and left.phase == "ready":
                raise Failure(f"HappyMail runs in the background already ({left.gateway_url}); `make down` stops it")
            self.output.line(f"An earlier run (pid {left.pid}) was killed and left {len(left.alive())} processes; ending them first.")
            stop_parts(left.alive(), self.output, self.interruption)
        self.ports = Ports(self.settings.folder / "ports.json")
        self.file.write(self.state)

    def start(self) -> None:
        """Everything, in order: servers, migrations, services, gateway."""
        port = self.settings.gateway_port
        if port:
            self.ports.fixed("gateway", port, "free it, or choose another: GATEWAY_PORT=8080 make run")
        else:
            port = self.ports.free("gateway")
        programs = {name: services.executable(self.settings, name) for name in SERVICES}
        servers = self.start_servers()
        self._start_services(programs, servers)
        self._start_gateway(port)
        self.ports.save()
        self.state.phase = "ready"
        self.file.write(self.state)

    def start_servers(self, with_faults: bool = False) -> Servers:
        """PostgreSQL, broker and SMTP sink, except for those that exist elsewhere."""
        superuser_url, urls = self._start_postgres()
        bootstrap, gate_url = self._start_broker(with_faults)
        return Servers(bootstrap, self._start_mail(), urls, superuser_url, gate_url)

    def stop(self) -> None:
        """Ends every part that the state file knows, in order; the file goes with the last one."""
        latest = self.file.read() or self.state
        left = stop_parts(latest.alive(), self.output, self.interruption)
        if left:
            raise Failure(f"these could not be ended: {', '.join(f'{part.name} (pid {part.pid})' for part in left)}")
        self.file.remove()
        self.file.unlock()

    def _start_postgres(self) -> tuple[str, dict[str, str]]:
        given = self.settings.database_url
        if given:
            with self.output.progress("postgres", "looking for the three databases") as progress:
                urls = databases.create_on(given)
                progress.result(f"existing server at {_place(given)}")
            return given, urls
        with self.output.progress("postgres", "making the cluster") as progress:
            server = databases.private_server(self.settings.folder, self.ports.free("postgres"))
            command = postgres.prepare(self.settings.folder, server, self.settings.postgres_settings)
            part = self.launch("postgres", "postgres", command, f"127.0.0.1:{server.port}", folder=Path("/"))
            postgres.await_ready(server, part.pid, part.identity, Path(part.log), progress)
            progress.update("making the databases")
            urls = databases.create_own(server, self.settings.folder)
            progress.result(part.address)
        return server.url(), urls

    def _start_broker(self, with_faults: bool) -> tuple[str, str | None]:
        given = self.settings.kafka
        if given:
            with self.output.progress("broker", f"connecting to {given}") as progress:
                places = [server.strip().rpartition(":") for server in given.split(",")]
                if not any(host and port.isdigit() and accepts_connections(host.strip("[]"), int(port)) for host, _, port in places):
                    raise Failure(f"no broker accepts connections at KAFKA_BOOTSTRAP_SERVERS={given}")
                progress.result(f"existing broker at {given}")
            return given, None
        tools = self.settings.folder / "tools"
        with self.output.progress("broker", "installing") as progress:
            kafka.install(tools)
            progress.update("waiting for its first answer")
            port = self.ports.free("broker")
            control = self.ports.free("broker faults") if with_faults else None
            data = self.settings.folder / "broker"
            for log in kafka.logs(data):
                processes.rotate(log)
            with self.interruption.deferred():
                started = kafka.start(tools, data, port, control)
                for name, group, process, log in zip(kafka.NAMES, ("broker", "gate"), started, kafka.logs(data), strict=True):
                    self._note(name, group, process, f"127.0.0.1:{port}", log, [])
            progress.result(f"127.0.0.1:{port}")
        return f"127.0.0.1:{port}", f"http://127.0.0.1:{control}" if control else None

    def _start_mail(self) -> str:
        given = self.settings.smtp_url
        if given:
            with self.output.progress("mail", f"connecting to {_place(given)}") as progress:
                parts = urlsplit(given)
                if not accepts_connections(parts.hostname or "", parts.port or 25):
                    raise Failure(f"no mail server accepts connections at SMTP_URL ({_place(given)})")
                progress.result(f"existing server at {_place(given)}")
            return given
        with self.output.progress("mail", "starting the SMTP sink") as progress:
            port = self.ports.free("mail")
            command = [sys.executable, "-B", str(_SMTP_SINK), "--port", str(port), "--maildir", str(self.mail_folder)]
            part = self.launch("mail", "mail", command, f"127.0.0.1:{port}")
            self._await_answer(part, lambda: accepts_connections("127.0.0.1", port))
            progress.result(f"{part.address}, mails in {relative(self.mail_folder)}")
        return f"smtp://127.0.0.1:{port}"

    def _start_services(self, programs: dict[str, Path], servers: Servers) -> None:
        told = {}
        for name in SERVICES:
            port = self.ports.free(name, services.PREFERRED_PORTS[name] if self.settings.service_ports else None)
            told[name] = services.environment(self.settings, name, port, servers.database_urls[name], servers.kafka, servers.smtp_url)
        with self.output.progress("migrations", "bringing the databases up to date") as progress:
            for name in SERVICES:
                progress.update(f"bringing the {name} database up to date")
                services.migrate(programs[name], told[name], self.logs / f"{name}-migrate.log")
            progress.result("databases are up to date")
        started = {}
        for name in SERVICES:
            url = f"http://127.0.0.1:{told[name]['HTTP_PORT']}"
            started[name] = self.launch(name, "services", [str(programs[name])], url, ready_url=f"{url}/readyz", told=told[name])
        for name, part in started.items():
            with self.output.progress(name, "starting") as progress:
                services.await_ready(name, part.pid, part.identity, int(told[name]["HTTP_PORT"]), Path(part.log), progress)
                progress.result(f"{part.address}, pid {part.pid}")

    def _start_gateway(self, port: int) -> None:
        ports = {part.name: urlsplit(part.address).port or 0 for part in self.state.parts if part.group == "services"}
        with self.output.progress("gateway", "starting") as progress:
            command = gateway.prepare(self.settings.folder / "gateway", port, ports)
            url = f"http://localhost:{port}"
            part = self.launch("gateway", "gateway", command, url, ready_url=f"http://127.0.0.1:{port}/")
            self._await_answer(part, lambda: services.readiness(port, "/order/livez")[0] == 200)
            self.state.gateway_url = url
            progress.result(self.output.paint(url, "bold"))

    def _await_answer(self, part: Part, answers: Callable[[], bool]) -> None:
        for _ in range(_ANSWER_WITHIN_ROUNDS):
            if not part.is_alive():
                break
            if answers():
                return
            processes.wait_gone({part.pid: part.identity}, 0.1)
        ended = "did not answer in time" if part.is_alive() else processes.exit_sentence(part.pid)
        raise Failure(f"the part `{part.name}` {ended}; its last lines:", processes.last_lines(Path(part.log)))

    def launch(
        self,
        name: str,
        group: str,
        command: list[str],
        address: str,
        *,
        ready_url: str | None = None,
        told: dict[str, str] | None = None,
        folder: Path | None = None,
    ) -> Part:
        """Starts a process as a part of the system: written down, and ended with it."""
        log = self.logs / f"{name}.log"
        with self.interruption.deferred():
            environment = services.full_environment(told) if told is not None else None
            process = processes.start(command, log, environment=environment, folder=folder)
            return self._note(name, group, process, address, log, command, ready_url, told)

    def _note(
        self,
        name: str,
        group: str,
        process: subprocess.Popen[bytes],
        address: str,
        log: Path,
        command: list[str],
        ready_url: str | None = None,
        told: dict[str, str] | None = None,
    ) -> Part:
        # A process that has ended already keeps its entry, so that its death is reported where it is awaited.
        known_as = processes.identity(process.pid) or "ended"
        part = Part(name, group, process.pid, known_as, address, str(log), ready_url, command, told or {})
        self.state.parts.append(part)
        self.file.write(self.state)
        return part


def stop_parts(parts: list[Part], output: Output, interruption: Interruption) -> list[Part]:
    """Stops these in order, each with its bound and then by SIGKILL; returns what could not be ended."""
    left = []
    for group, number, seconds in _STOPPING:
        members = {part.pid: part for part in parts if part.group == group and part.is_alive()}
        if not members:
            continue
        with output.progress(group, "stopping") as progress:
            known = {pid: part.identity for pid, part in members.items()}
            for pid in known:
                processes.send(pid, number)
            remaining = _wait(known, seconds, interruption)
            for pid in remaining:
                processes.signal_group(pid, signal.SIGKILL)
            left += [members[pid] for pid in processes.wait_gone({pid: known[pid] for pid in remaining}, 5.0)]
            killed = ", ".join(members[pid].name for pid in remaining)
            progress.result(f"killed: {killed}" if killed else "stopped")
    return left


def _wait(known: dict[int, str], seconds: float, interruption: Interruption) -> set[int]:
    """Like ``wait_gone``, but a second Ctrl-C ends the patience."""
    remaining = set(known)
    for _ in range(int(seconds / 0.25)):
        remaining = processes.wait_gone({pid: known[pid] for pid in remaining}, 0.25)
        if not remaining or interruption.hurry:
            break
    return remaining


def _place(url: str) -> str:
    """Host and port of a URL, without its password."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
