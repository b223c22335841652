"""What the environment may say, checked before anything starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from happymail.failure import Failure

TOP = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Settings:
    """One run's choices. A server URL that is given is used; one that is not is started here."""

    folder: Path
    """Where this run keeps everything: HAPPYMAIL_STATE, by default ``.local``."""
    executables: Path
    """Where order, billing and notification are: HAPPYMAIL_BIN, by default ``.build/debug``."""
    gateway_port: int
    """GATEWAY_PORT, by default 8000; 0 takes any free one."""
    kafka: str | None
    """KAFKA_BOOTSTRAP_SERVERS of a broker that exists."""
    database_url: str | None
    """DATABASE_URL of a server that exists, with the right to create databases."""
    smtp_url: str | None
    """SMTP_URL of a mail server that exists."""
    topic_partitions: int
    """KAFKA_TOPIC_PARTITIONS, by default 3."""
    log_level: str
    """LOG_LEVEL of the services, by default info."""
    relay: str = "builtin"
    """RELAY of the services."""
    postgres_settings: Mapping[str, str] = field(default_factory=dict)
    """What the private PostgreSQL is told beyond its usual settings."""
    service_ports: bool = True
    """Whether the services prefer ports 8001 to 8003; a test run takes free ones."""

    @staticmethod
    def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
        return Settings(
            folder=_path(environment, "HAPPYMAIL_STATE", TOP / ".local"),
            executables=_path(environment, "HAPPYMAIL_BIN", TOP / ".build" / "debug"),
            gateway_port=_integer(environment, "GATEWAY_PORT", 8000, 0, 65_535),
            kafka=environment.get("KAFKA_BOOTSTRAP_SERVERS") or None,
            database_url=_url(environment, "DATABASE_URL", ("postgres", "postgresql")),
            smtp_url=_url(environment, "SMTP_URL", ("smtp", "smtps")),
            topic_partitions=_integer(environment, "KAFKA_TOPIC_PARTITIONS", 3, 1, 1_000),
            log_level=environment.get("LOG_LEVEL") or "info",
            relay=environment.get("RELAY") or "builtin",
        )

    def isolated(self, folder: Path) -> Settings:
        """The same program with servers, data and ports of its own, whatever else runs on the machine."""
        return replace(
            self, folder=folder, gateway_port=0, kafka=None, database_url=None, smtp_url=None, relay="builtin", service_ports=False
        )


def relative(path: Path) -> str:
    """The path as a person in the checkout would type it."""
    return str(path.relative_to(TOP)) if path.is_relative_to(TOP) else str(path)


def _path(environment: Mapping[str, str], key: str, default: Path) -> Path:
    given = environment.get(key)
    return Path(given).resolve() if given else default


def _integer(environment: Mapping[str, str], key: str, default: int, lowest: int, highest: int) -> int:
    given = environment.get(key)
    if not given:
        return default
    if not given.isascii() or not given.isdigit() or not lowest <= int(given) <= highest:
        raise Failure(f"{key} must be a number from {lowest} to {highest}, not {given!r}")
    return int(given)


def _url(environment: Mapping[str, str], key: str, schemes: tuple[str, ...]) -> str | None:
    given = environment.get(key)
    if not given:
        return None
    try:
        parts = urlsplit(given)
        valid = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        # The value may hold a password, so it is not repeated.
        raise Failure(f"{key} must look like {schemes[0]}://user:password@host:port")
    return given
