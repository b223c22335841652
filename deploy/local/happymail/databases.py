"""One database and one role for each service, by psql."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from happymail.failure import Failure

SERVICES = ("order", "billing", "notification")

_SUPERUSER = "happymail"


@dataclass(frozen=True)
class Server:
    """The private server: its superuser has a generated password, kept in the state folder."""

    port: int
    user: str
    password: str

    def url(self, database: str = "postgres", user: str | None = None, password: str | None = None) -> str:
        secret = quote(password or self.password, safe="")
        return f"postgres://{user or self.user}:{secret}@127.0.0.1:{self.port}/{database}"


def private_server(folder: Path, port: int) -> Server:
    """The server of this state folder, with the password that was generated for it."""
    return Server(port, _SUPERUSER, _passwords(folder)[_SUPERUSER])


def create_own(server: Server, folder: Path) -> dict[str, str]:
    """Makes what is missing of the three databases and their roles; returns the URL that each service gets."""
    passwords = _passwords(folder)
    urls = {}
    for service in SERVICES:
        role = _role(service)
        exists = query(server.url(), f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'")
        query(server.url(), f"{'ALTER' if exists else 'CREATE'} ROLE {role} LOGIN PASSWORD '{passwords[role]}'")
        if not _has_database(server.url(), service):
            query(server.url(), f'CREATE DATABASE "{service}" OWNER {role}')
            query(server.url(), f'REVOKE ALL ON DATABASE "{service}" FROM PUBLIC')
        urls[service] = server.url(service, role, passwords[role])
    return urls


def create_on(server_url: str) -> dict[str, str]:
    """Makes what is missing of the three databases on a server that exists; each service uses the given user."""
    for service in SERVICES:
        if not _has_database(server_url, service):
            query(server_url, f'CREATE DATABASE "{service}"')
    return {service: urlunsplit(urlsplit(server_url)._replace(path=f"/{service}")) for service in SERVICES}


def answers(url: str) -> bool:
    """Whether the server takes a query now."""
    return _psql(url, "SELECT 1").returncode == 0


def query(url: str, statement: str) -> str:
    """What the statement returns, as text."""
    result = _psql(url, statement)
    if result.returncode != 0:
        parts = urlsplit(url)
        words = result.stderr.strip().splitlines()[-4:]
        raise Failure(f"PostgreSQL at {parts.hostname}:{parts.port or 5432} did not accept `{statement.split(' PASSWORD ')[0]}`:", words)
    return result.stdout.strip()


def _psql(url: str, statement: str) -> subprocess.CompletedProcess[str]:
    parts = urlsplit(url)
    environment = dict(os.environ, PGCONNECT_TIMEOUT="5")
    if parts.password:
        # In the environment, because other users of the machine can read a command line.
        environment["PGPASSWORD"] = unquote(parts.password)
    account, _, address = parts.netloc.rpartition("@")
    user = account.partition(":")[0]
    database = parts.path if parts.path not in ("", "/") else "/postgres"
    without_password = urlunsplit(parts._replace(netloc=f"{user}@{address}" if user else address, path=database))
    program = shutil.which("psql")
    if program is None:
        raise Failure("psql is missing; `make install` installs it")
    options = ["--no-psqlrc", "--no-password", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--file=-"]
    return subprocess.run(
        [program, *options, without_password],
        input=statement,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )


def _has_database(url: str, name: str) -> bool:
    return bool(query(url, f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))


def _role(service: str) -> str:
    return f"{service}_service"


def _passwords(folder: Path) -> dict[str, str]:
    """Generated at the first start and kept beside the data that they open."""
    file = folder / "passwords.json"
    if file.exists():
        return json.loads(file.read_text())
    passwords = {role: secrets.token_hex(16) for role in (_SUPERUSER, *map(_role, SERVICES))}
    file.touch(mode=0o600)
    file.write_text(json.dumps(passwords, indent=2) + "\n")
    return passwords
