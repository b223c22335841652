"""The project's docker-compose.yml, under a project name of its own and on free ports."""

from __future__ import annotations

import http.client
import json
import subprocess
import time
from datetime import datetime
from pathlib import Path

from deployment.engine import Engine, run_logged
from happymail import processes
from happymail.failure import Failure
from happymail.output import Progress
from happymail.settings import TOP

PROJECT = "happymail-test"
_LOOK_EVERY_SECONDS = 0.01


class Compose:
    def __init__(self, engine: Engine, program: Path, ports: dict[str, int]) -> None:
        self.engine = engine
        self.program = program
        self.ports = ports
        self.log = engine.folder / "log" / "compose.log"

    def run(self, *words: str, within: float, progress: Progress, doing: str, profile: str | None = None) -> None:
        run_logged(self._command(words, profile), self.log, self._environment(), within, progress, doing)

    def words(self, *words: str, within: float = 60.0, profile: str = "second") -> str:
        """What a short command prints."""
        result = subprocess.run(
            self._command(words, profile), cwd=TOP, env=self._environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=within, start_new_session=True,
        )
        if result.returncode != 0:
            raise Failure(f"`docker compose {' '.join(words)}` failed:", (result.stderr or result.stdout).strip().splitlines()[-8:])
        return result.stdout.strip()

    def container(self, service: str) -> Container:
        """The running container of a service, or of its second instance."""
        identifier = self.words("ps", "--quiet", service)
        if not identifier:
            raise Failure(f"no container runs {service}; the last words of compose:", processes.last_lines(self.log))
        return Container(service, identifier.splitlines()[0], self.engine)

    def last_lines(self) -> list[str]:
        """What the containers said last, for a failure."""
        return self.words("logs", "--tail", "8", "--no-color").splitlines()[-80:]

    def _command(self, words: tuple[str, ...], profile: str | None) -> list[str]:
        profiles = ["--profile", profile] if profile else []
        return [str(self.program), "--project-name", PROJECT, "--file", "docker-compose.yml", *profiles, *words]

    def _environment(self) -> dict[str, str]:
        return self.engine.environment({key: str(port) for key, port in self.ports.items()})


class Container:
    """One container, reached at its own address as the gateway does."""

    def __init__(self, service: str, identifier: str, engine: Engine) -> None:
        self.service = service
        self.identifier = identifier
        self.engine = engine

    def restart(self) -> None:
        """SIGTERM, and at most as long as compose would wait; then the same container again."""
        self.engine.run("restart", "--time", "25", self.identifier, within=60.0)

    def stop(self) -> None:
        self.engine.run("stop", "--time", "25", self.identifier, within=60.0)

    def start(self) -> None:
        self.engine.run("start", self.identifier, within=60.0)

    def await_ready(self, within: float) -> float:
        """Seconds from the start of its process, by the engine's clock, to the first 200 of /readyz."""
        deadline = time.monotonic() + within
        began, address = self._started()
        while time.monotonic() < deadline:
            if _is_ready(address):
                return time.time() - began
            time.sleep(_LOOK_EVERY_SECONDS)
        raise Failure(f"{self.service} was not ready within {within:.0f} s; its last lines:", self._last_lines())

    def exit_code(self) -> int:
        return int(self._state()["ExitCode"])

    def _state(self) -> dict[str, object]:
        return self.engine.inspect(self.identifier)["State"]  # type: ignore[return-value]

    def _started(self) -> tuple[float, str]:
        described = self.engine.inspect(self.identifier)
        # Nanoseconds are more than datetime reads.
        started = datetime.fromisoformat(described["State"]["StartedAt"][:26].rstrip("Z") + "+00:00").timestamp()  # type: ignore[index]
        networks = described["NetworkSettings"]["Networks"]  # type: ignore[index]
        return started, next(iter(networks.values()))["IPAddress"]

    def _last_lines(self) -> list[str]:
        result = subprocess.run(
            self.engine.command("logs", "--tail", "12", self.identifier), env=self.engine.environment(), capture_output=True, text=True,
            check=False, timeout=30.0,
        )
        return (result.stdout + result.stderr).splitlines()[-12:]


def _is_ready(address: str) -> bool:
    connection = http.client.HTTPConnection(address, 8080, timeout=1.0)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def get(port: int, path: str) -> object:
    """A JSON document of a published port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10.0)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200:
            raise Failure(f"GET {path} at port {port} was answered {answer.status}")
        return json.loads(text)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Failure(f"GET {path} at port {port}: {error}") from None
    finally:
        connection.close()
