#!/usr/bin/env python3
"""Rules about the Dockerfile, docker-compose.yml and what they use. Prints each violation and ``deployment: N passed, N failed``.

Runs in the test tools' environment, which has hadolint, yamllint and docker-compose beside PyYAML. Needs no Docker engine.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
sys.path.insert(0, str(TOP / "deploy" / "local"))
sys.path.insert(0, str(TOP / "deploy" / "tests"))

from deployment.images import BUILD_BASE, RUNTIME_BASE, STAND_INS  # noqa: E402 (the path has to be there first)
from happymail import gateway  # noqa: E402

DOCKERFILES = ["Dockerfile", "deploy/tests/stand-ins/Dockerfile"]
GATEWAY = TOP / "deploy" / "compose" / "gateway" / "nginx.conf"
DASHBOARD = TOP / "deploy" / "compose" / "grafana" / "dashboards" / "happymail.json"
PROFILES = ["", "demo", "second", "observability", "debezium", "demo,second,observability,debezium"]
SERVICES = ("order", "billing", "notification")
# Their images write beside their programs when they start; docker-compose.yml says so there.
WRITABLE = {"kafka", "connect", "connectors"}
ENDS_BY_ITSELF = {"slots", "connectors", "demo"}
WITHIN_SECONDS = 60.0


def main() -> int:
    failed = 0
    for rule, violations in RULES:
        try:
            found = list(violations())
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            found = [f"the check itself failed: {error}"]
        failed += bool(found)
        print(f"{'✘' if found else '✔'} {rule}")
        for line in found:
            print(f"    {line}")
    print(f"deployment: {len(RULES) - failed} passed, {failed} failed")
    return 1 if failed else 0


def run(program: str, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(PROGRAMS / program), *arguments]
    return subprocess.run(
        command, cwd=TOP, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=WITHIN_SECONDS
    )


def compose(profiles: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a user would get who has set nothing: the defaults of .env alone."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return run("docker-compose", *arguments, environment=kept | {"COMPOSE_PROFILES": profiles})


@cache
def everything() -> dict[str, Any]:
    """All of docker-compose.yml with all profiles, as compose understands it."""
    answer = compose(PROFILES[-1], "config", "--format", "json")
    if answer.returncode != 0:
        raise ValueError(answer.stderr.strip())
    return json.loads(answer.stdout)


def services() -> Iterator[tuple[str, dict[str, Any]]]:
    yield from everything()["services"].items()


def hadolint() -> Iterator[str]:
    for file in DOCKERFILES:
        answer = run("hadolint", "--no-color", file)
        if answer.returncode != 0:
            yield from (answer.stdout + answer.stderr).strip().splitlines()


def profiles() -> Iterator[str]:
    for profile in PROFILES:
        answer = compose(profile, "config", "--quiet")
        # A warning is a variable that nobody has set.
        words = answer.stderr.strip()
        if answer.returncode != 0 or words:
            yield f"profile {profile or 'none'}: {words}"


def yaml_files() -> Iterator[str]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.yaml", "*.yml"], cwd=TOP, capture_output=True, text=True, check=True
    )
    files = [name for name in listing.stdout.splitlines() if not ("helm" in name and "/templates/" in name) and (TOP / name).is_file()]
    answer = run("yamllint", "--strict", "--format", "parsable", "--config-file", "deploy/checks/yamllint.yaml", *files)
    if answer.returncode != 0 or not files:
        yield from answer.stdout.strip().splitlines() or [answer.stderr.strip() or "there is no YAML to check"]


def mounts() -> Iterator[str]:
    for name, service in services():
        for volume in service.get("volumes", []):
            if volume["type"] == "bind":
                if not Path(volume["source"]).exists():
                    yield f"{name} mounts {os.path.relpath(volume['source'], TOP)}, which is not there: the engine would make a folder of it"
                if not volume.get("read_only"):
                    yield f"{name} may write to {os.path.relpath(volume['source'], TOP)}"


def gateways() -> Iterator[str]:
    if GATEWAY.read_text() != gateway.for_compose():
        yield f"{GATEWAY.relative_to(TOP)} is not what `PYTHONPATH=deploy/local python3 -m happymail.gateway` prints"


def hardening() -> Iterator[str]:
    for name, service in services():
        if service.get("cap_drop") != ["ALL"] or service.get("cap_add"):
            yield f"{name} keeps capabilities"
        if "no-new-privileges:true" not in service.get("security_opt", []):
            yield f"{name} may get new privileges"
        if not service.get("read_only") and name not in WRITABLE:
            yield f"{name} has a writable root file system"
        if service.get("privileged") or service.get("network_mode") == "host" or service.get("pid"):
            yield f"{name} shares the machine"


def resilience() -> Iterator[str]:
    for name, service in services():
        if name in ENDS_BY_ITSELF:
            continue
        if not service.get("healthcheck", {}).get("test"):
            yield f"{name} has no health check"
        if service.get("restart") != "unless-stopped":
            yield f"{name} is not started again when it fails"
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        if not limits.get("memory") or not limits.get("cpus"):
            yield f"{name} has no limits"
        for needed, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if needed in ENDS_BY_ITSELF else "service_healthy"
            if how["condition"] != wanted:
                yield f"{name} does not wait for {needed}: {wanted}"


def drains() -> Iterator[str]:
    for service in SERVICES:
        for name in (service, f"{service}-second"):
            described = everything()["services"][name]
            own = int(described["environment"]["SHUTDOWN_TIMEOUT_SECONDS"])
            granted = seconds(described["stop_grace_period"])
            if granted <= own:
                yield f"{name} may take {own} s to end and is killed after {granted} s"


def seconds(text: str) -> int:
    found = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", text)
    if not found:
        raise ValueError(f"{text} is no duration")
    return int(found[1] or 0) * 60 + int(found[2] or 0)


def exposure() -> Iterator[str]:
    for name, service in services():
        for port in service.get("ports", []):
            if port.get("host_ip") != "127.0.0.1":
                yield f"{name} publishes port {port['target']} beyond this machine"


def fixed_images() -> Iterator[str]:
    images = {service["image"] for _, service in services()}
    for image in images:
        tag = image.rpartition("/")[2].partition(":")[2]
        if not tag or tag == "latest":
            yield f"{image} names no version"
    for image in STAND_INS.values():
        if image not in images:
            yield f"{image} has a stand-in and is not in docker-compose.yml"
    text = (TOP / "Dockerfile").read_text()
    for base in (BUILD_BASE, RUNTIME_BASE):
        if f"_IMAGE={base}\n" not in text:
            yield f"{base} has a stand-in and is not the Dockerfile's"


def variables() -> Iterator[str]:
    defined = set(re.findall(r"^([A-Z_]+)=", (TOP / ".env").read_text(), re.MULTILINE))
    used = set(re.findall(r"\$\{([A-Z_]+)", (TOP / "docker-compose.yml").read_text()))
    for key in sorted(defined - used):
        yield f".env sets {key}, which nothing uses"
    for key in sorted(used - defined - {"DEBEZIUM_IMAGE"}):
        yield f"docker-compose.yml uses {key}, which .env does not set"


def bundles() -> Iterator[str]:
    """Package.swift decides which targets have resources; the Dockerfile has to copy them beside the executables."""
    text = (TOP / "Package.swift").read_text()
    shared = re.findall(r"\bshared\(\s*\"(\w+)\"(?:(?!\bshared\(|\bsharedTests\().)*?resources:", text.partition("targets: [")[2], re.DOTALL)
    wanted = {f"happymail_{name}.resources" for name in [*shared, *(f"{service.capitalize()}Service" for service in SERVICES)]}
    copied = set(re.findall(r"happymail_\w+\.resources", (TOP / "Dockerfile").read_text()))
    for bundle in sorted(wanted - copied):
        yield f"the Dockerfile does not copy {bundle}"
    for bundle in sorted(copied - wanted):
        yield f"the Dockerfile copies {bundle}, which Package.swift does not make"


def metrics() -> Iterator[str]:
    sources = "\n".join(file.read_text() for folder in ("Shared", "Services") for file in (TOP / folder).rglob("*.swift"))
    exported = set(re.findall(r'"([a-z]+(?:_[a-z]+)+)"', sources)) | {"up"}
    shown = 0
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", []):
            for metric in re.findall(r"\b([a-z]+(?:_[a-z]+)*)(?=\{|\[)", target["expr"]):
                shown += 1
                if re.sub(r"_(bucket|count|sum)$", "", metric) not in exported:
                    yield f"the panel `{panel['title']}` shows {metric}, which no service exports"
    if not shown:
        yield "the dashboard shows no metric"


def connectors() -> Iterator[str]:
    """A connector file names its secrets as ${env:NAME}; Connect has to have them."""
    given = everything()["services"]["connect"]["environment"]
    files = sorted((TOP / "deploy" / "debezium").glob("*.json"))
    for file in files:
        for key in sorted(set(re.findall(r"\$\{env:(\w+)\}", file.read_text())) - set(given)):
            yield f"{file.name} wants {key}, which connect is not given"
        if json.loads(file.read_text()).get("name", f"{file.stem}-events") != f"{file.stem}-events":
            yield f"{file.name} is not the connector {file.stem}-events, as register.sh calls it"
    for service in SERVICES:
        if service not in [file.stem for file in files]:
            yield f"there is no connector for {service}"


RULES: list[tuple[str, Callable[[], Iterator[str]]]] = [
    ("hadolint accepts the Dockerfiles", hadolint),
    ("compose accepts docker-compose.yml with every profile, and every variable is set", profiles),
    ("yamllint accepts our YAML", yaml_files),
    ("what containers mount is there, and is read only", mounts),
    ("the gateway of compose has the routes of `make run`'s", gateways),
    ("containers have no privileges, and a read-only root where their image permits", hardening),
    ("containers have health checks, limits, and wait for what they need", resilience),
    ("a service that drains is not killed while it does", drains),
    ("ports are published on this machine only", exposure),
    ("images have versions, and stand-ins stand in for these", fixed_images),
    (".env and docker-compose.yml know the same variables", variables),
    ("the Dockerfile copies the resources of every target", bundles),
    ("Kafka Connect is given what the connectors name", connectors),
    ("the dashboard shows metrics that exist", metrics),
]

if __name__ == "__main__":
    sys.exit(main())
