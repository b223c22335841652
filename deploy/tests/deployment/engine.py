"""A Docker engine for the test: the one that is there, if it can pull images; else a private one out of the state folder."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from happymail import processes
from happymail.failure import Failure
from happymail.interruption import Interruption
from happymail.output import Output, Progress
from happymail.settings import TOP, relative

_READY_WITHIN_SECONDS = 60.0
_STOPS_WITHIN_SECONDS = 60.0
_PULL_WITHIN_SECONDS = 90.0
_LONGEST_SOCKET_PATH = 100
_PROBE = "debian:bookworm-slim"
_RECIPE = "happymail.stand-in"


class Engine:
    """Runs docker's commands against one engine. ``can_pull``: the real images are used; otherwise stand-ins."""

    def __init__(self, folder: Path, output: Output, interruption: Interruption) -> None:
        self.folder = folder
        self.output = output
        self.interruption = interruption
        self.can_pull = False
        self._client = ""
        self._host: str | None = None
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Finds or starts an engine, and finds out whether it can pull."""
        end_leftover(self.folder)
        self._client = _client()
        with self.output.progress("docker", "looking for an engine") as progress:
            if self._answers():
                progress.update(f"trying to pull {_PROBE}")
                self.can_pull = self._pulls()
                if self.can_pull:
                    progress.result("the engine that runs here, with the real images")
                    return
            progress.update("starting a private engine")
            self._start_private()
            progress.update(f"trying to pull {_PROBE}")
            self.can_pull = self._pulls()
            kind = "the real images" if self.can_pull else "stand-ins for the images that cannot be pulled"
            progress.result(f"a private engine in {relative(self.folder)}, with {kind}")

    def stop(self) -> None:
        """Ends the private engine, if there is one. Its images stay for the next run."""
        daemon, self._daemon = self._daemon, None
        if daemon is None:
            return
        with self.output.progress("docker", "stopping the private engine") as progress:
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(_STOPS_WITHIN_SECONDS)
                progress.result("private engine stopped")
            except subprocess.TimeoutExpired:
                processes.signal_group(daemon.pid, signal.SIGKILL)
                daemon.wait()
                progress.result("private engine killed")
        (self.folder / "engine.json").unlink(missing_ok=True)

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """For docker and for compose: which engine, and BuildKit."""
        own = {"DOCKER_BUILDKIT": "1", "COMPOSE_ANSI": "never", "COMPOSE_PROGRESS": "plain"}
        if self._host:
            own["DOCKER_HOST"] = self._host
        kept = {key: value for key, value in os.environ.items() if not (self._host and key in ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY"))}
        return kept | own | dict(more or {})

    def command(self, *words: str) -> list[str]:
        return [self._client, *words]

    def run(self, *words: str, within: float = 120.0) -> str:
        """What the command prints; raises Failure with its last words."""
        result = self._run(list(words), within)
        if result.returncode != 0:
            raise Failure(f"`docker {' '.join(words[:3])} …` failed:", (result.stderr or result.stdout).strip().splitlines()[-8:])
        return result.stdout.strip()

    def inspect(self, name: str) -> dict[str, object]:
        """A container or an image, as the engine describes it."""
        return json.loads(self.run("inspect", name))[0]

    def import_image(self, produce: list[str], name: str, log: Path, within: float, progress: Progress) -> None:
        """Makes an image of the tar that a command writes, unless it is there already, made by the same command."""
        recipe = hashlib.sha256("\0".join(produce).encode()).hexdigest()[:16]
        known = self._run(["image", "inspect", "--format", f'{{{{index .Config.Labels "{_RECIPE}"}}}}', name], 30.0)
        if known.returncode == 0 and known.stdout.strip() == recipe:
            return
        words = self.command("import", "--change", f"LABEL {_RECIPE}={recipe}", "-", name)
        deadline = time.monotonic() + within
        with log.open("ab") as errors:
            source = subprocess.Popen(produce, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, start_new_session=True)
            importing = subprocess.Popen(
                words, stdin=source.stdout, stdout=subprocess.DEVNULL, stderr=errors, env=self.environment(), start_new_session=True
            )
            try:
                while importing.poll() is None and time.monotonic() < deadline:
                    progress.update(f"making a stand-in for {name}")
                    time.sleep(0.2)
                made = importing.returncode == 0 and source.wait(10.0) == 0
            except subprocess.TimeoutExpired:
                made = False
            finally:
                for process in (source, importing):
                    if process.poll() is None:
                        processes.signal_group(process.pid, signal.SIGKILL)
                    process.wait()
        if not made:
            self._run(["image", "rm", name], 60.0)
            raise Failure(f"the image {name} could not be made; its last lines:", processes.last_lines(log))

    def _answers(self) -> bool:
        return self._run(["version", "--format", "{{.Server.Version}}"], 10.0).returncode == 0

    def _pulls(self) -> bool:
        return self._run(["pull", "--quiet", _PROBE], _PULL_WITHIN_SECONDS).returncode == 0

    def _run(self, words: list[str], within: float) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                self.command(*words), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=within,
                env=self.environment(), start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(words, 124, "", f"no answer within {within:.0f} s")

    def _start_private(self) -> None:
        program = shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            raise Failure("there is no Docker engine that can pull images, and no dockerd to start one; `deploy/local/install.sh docker` installs it")
        if os.geteuid() != 0:
            raise Failure("there is no Docker engine that can pull images, and only root can start a private one")
        socket = self.folder / "docker.sock"
        if len(os.fsencode(socket)) > _LONGEST_SOCKET_PATH:
            raise Failure(f"the path {socket} is too long for a socket; choose a shorter state folder: HAPPYMAIL_STATE=…")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._host = f"unix://{socket}"
        log = self.folder / "dockerd.log"
        # It leaves the machine's network as it is: no bridge of its own, no rules, no forwarding. Containers reach each other, the machine
        # reaches their published ports, and nothing else is needed.
        command = [
            program, "--data-root", str(self.folder / "data"), "--exec-root", str(self.folder / "exec"),
            "--pidfile", str(self.folder / "docker.pid"), "--host", self._host, "--bridge=none",
            "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false",
        ]
        with self.interruption.deferred():
            self._daemon = processes.start(command, log)
            noted = {"pid": self._daemon.pid, "identity": processes.identity(self._daemon.pid)}
            (self.folder / "engine.json").write_text(json.dumps(noted))
        deadline = time.monotonic() + _READY_WITHIN_SECONDS
        while not self._answers():
            if self._daemon.poll() is not None:
                raise Failure("dockerd ended at its start; its last lines:", processes.last_lines(log))
            if time.monotonic() > deadline:
                raise Failure(f"dockerd did not answer within {_READY_WITHIN_SECONDS:.0f} s; its last lines:", processes.last_lines(log))
            time.sleep(0.2)


def end_leftover(folder: Path) -> None:
    """Ends the engine of a run that was killed."""
    file = folder / "engine.json"
    try:
        noted = json.loads(file.read_text())
    except (OSError, ValueError):
        return
    pid, known_as = noted["pid"], noted["identity"]
    if processes.is_alive(pid, known_as):
        processes.send(pid, signal.SIGTERM)
        if processes.wait_gone({pid: known_as}, _STOPS_WITHIN_SECONDS):
            raise Failure(f"the Docker engine of an earlier run (pid {pid}) does not end")
    file.unlink()


def _client() -> str:
    """A docker client that can build with BuildKit: one from before 23 has it built in, later ones need their plugin buildx."""
    for program in dict.fromkeys(filter(None, (shutil.which("docker"), shutil.which("docker", path="/usr/bin")))):
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
        number = re.search(r"version (\d+)\.", version)
        plugin = subprocess.run([program, "buildx", "version"], capture_output=True, text=True, check=False)
        if plugin.returncode == 0 or (number and int(number[1]) < 23):
            return program
    raise Failure("there is no docker client that can build with BuildKit; `deploy/local/install.sh docker` installs one")


def run_logged(command: list[str], log: Path, environment: Mapping[str, str], within: float, progress: Progress, doing: str) -> None:
    """Runs a long command, its words into a log, and reminds of it while it runs."""
    process = processes.start(command, log, environment=dict(environment), folder=TOP)
    deadline = time.monotonic() + within
    try:
        while process.poll() is None:
            if time.monotonic() > deadline:
                raise Failure(f"{doing} did not end within {within:.0f} s; its last lines:", processes.last_lines(log))
            progress.update(doing)
            time.sleep(0.2)
    finally:
        if process.poll() is None:
            processes.signal_group(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode != 0:
        raise Failure(f"{doing} failed with code {process.returncode}; its last lines:", processes.last_lines(log, 20))
