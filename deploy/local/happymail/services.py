"""The three services: their environment, their migrations, and how to tell that they are ready."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from happymail import processes
from happymail.failure import Failure
from happymail.output import Progress
from happymail.settings import Settings, relative

PREFERRED_PORTS = {"order": 8001, "billing": 8002, "notification": 8003}

_READY_WITHIN_SECONDS = 60.0
_MIGRATE_WITHIN_SECONDS = 120.0
_LOOK_EVERY_SECONDS = 0.1


def executable(settings: Settings, name: str) -> Path:
    """The service's program, or a failure that says how to get it."""
    path = settings.executables / name
    if not os.access(path, os.X_OK):
        raise Failure(f"{relative(path)} is missing; `make build` builds it")
    return path


def environment(settings: Settings, name: str, port: int, database_url: str, kafka: str, smtp_url: str) -> dict[str, str]:
    """What a service is told beyond the caller's own environment."""
    told = {
        "HTTP_HOST": "127.0.0.1",
        "HTTP_PORT": str(port),
        "DATABASE_URL": database_url,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "KAFKA_TOPIC_PARTITIONS": str(settings.topic_partitions),
        "LOG_LEVEL": settings.log_level,
        "RELAY": settings.relay,
    }
    if name == "notification":
        told["SMTP_URL"] = smtp_url
    return told


def full_environment(told: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without the servers' addresses that are meant for this program, and what the service is told."""
    own = ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "SMTP_URL")
    return {key: value for key, value in os.environ.items() if key not in own} | dict(told)


def migrate(program: Path, told: Mapping[str, str], log: Path) -> None:
    """Brings the service's database up to date, or fails with its last words."""
    processes.rotate(log)
    try:
        with log.open("ab") as output:
            result = subprocess.run(
                [program, "migrate"],
                env=full_environment(told),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_MIGRATE_WITHIN_SECONDS,
                check=False,
                start_new_session=True,
            )
    except subprocess.TimeoutExpired:
        sentence = f"`{program.name} migrate` did not end within {_MIGRATE_WITHIN_SECONDS:.0f} s; its last lines:"
        raise Failure(sentence, processes.last_lines(log)) from None
    if result.returncode != 0:
        raise Failure(f"`{program.name} migrate` failed with code {result.returncode}; its last lines:", processes.last_lines(log))


def await_ready(name: str, pid: int, known_as: str, port: int, log: Path, progress: Progress) -> None:
    """Returns when ``/readyz`` says 200; fails with the service's last words if it ends or takes too long."""
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while True:
        if not processes.is_alive(pid, known_as):
            raise Failure(f"the {name} service {processes.exit_sentence(pid)} at its start; its last lines:", processes.last_lines(log))
        status, waiting_for = readiness(port)
        if status == 200:
            return
        if time.monotonic() > deadline:
            sentence = f"the {name} service was not ready within {_READY_WITHIN_SECONDS:.0f} s ({waiting_for}); its last lines:"
            raise Failure(sentence, processes.last_lines(log))
        progress.update(waiting_for)
        time.sleep(_LOOK_EVERY_SECONDS)


def readiness(port: int, path: str = "/readyz") -> tuple[int | None, str]:
    """The status of a readiness check and, while it is not 200, which checks are missing."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2.0)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read(65_536)
    except (OSError, http.client.HTTPException):
        return None, "no answer yet"
    finally:
        connection.close()
    return response.status, _unmet(body) or f"answers {response.status}"


def _unmet(body: bytes) -> str:
    """What a readiness answer still misses, out of ``{"checks": [{"name": …, "ok": …, "detail": …}]}``."""
    try:
        unmet = [str(check["name"]) for check in json.loads(body)["checks"] if not check["ok"]]
    except (ValueError, KeyError, TypeError):
        return ""
    return f"waiting for {', '.join(unmet)}" if unmet else ""
