"""The images of the test: the project's own, from its Dockerfile, and what stands in for others where nothing can be pulled."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from deployment.engine import Engine, run_logged
from happymail import kafka
from happymail.build import check_swift
from happymail.databases import SERVICES
from happymail.failure import Failure
from happymail.output import Output
from happymail.settings import TOP

STAND_INS = {
    "postgres": "postgres:17",
    "kafka": "apache/kafka:3.9.1",
    "mailpit": "axllent/mailpit:v1.27",
    "nginx": "nginx:1.28-alpine",
    "python": "python:3.13-alpine",
}
"""Targets of deploy/tests/stand-ins/Dockerfile, and the images of docker-compose.yml that they are called."""

RUNTIME_BASE = "debian:bookworm-slim"
BUILD_BASE = "swift:6.3-bookworm"

_VERSION = "0.1.0"
_STAND_IN_FILES = TOP / "deploy" / "tests" / "stand-ins"
_GATE = TOP / "deploy" / "local" / "broker_gate.py"
_BASE_WITHIN_SECONDS = 900.0
_STAND_IN_WITHIN_SECONDS = 900.0
_BUILD_WITHIN_SECONDS = 3_000.0

# What makes Debian slim, and spares the perl that would only merge /usr.
_SLIM = (
    "--variant=minbase", "--include=usr-is-merged", "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
    *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "info", "locale", "man")),
)
# What the swift image has beside the toolchain, as far as this build needs it.
_TOOLCHAIN_NEEDS = (
    "binutils,ca-certificates,git,libc6-dev,libcurl4,libedit2,libgcc-12-dev,libncurses6,libsqlite3-0,libstdc++-12-dev,libxml2,pkg-config,"
    "tzdata,zlib1g-dev"
)
# A gigabyte of the toolchain that compiles nothing.
_NOT_NEEDED = ("usr/bin/*lldb*", "usr/bin/docc", "usr/bin/clangd", "usr/bin/sourcekit-lsp", "usr/bin/swift-format", "usr/bin/wasmkit",
               "usr/lib/*lldb*", "usr/lib/*sourcekitd*", "usr/lib/*SourceKit*", "usr/lib/libclang.so*")


def name(service: str) -> str:
    return f"happymail/{service}:{_VERSION}"


class Images:
    def __init__(self, engine: Engine, tools: Path, output: Output) -> None:
        self.engine = engine
        self.output = output
        self.tools = tools
        self.logs = engine.folder / "log"

    def prepare(self) -> None:
        """Everything that is not ours."""
        self.logs.mkdir(parents=True, exist_ok=True)
        if self.engine.can_pull:
            for image in (RUNTIME_BASE, BUILD_BASE, *STAND_INS.values()):
                with self.output.progress("image", f"pulling {image}") as progress:
                    log = self.logs / "pull.log"
                    run_logged(self.engine.command("pull", image), log, self.engine.environment(), _BASE_WITHIN_SECONDS, progress, f"pulling {image}")
                    progress.result(image)
            return
        self._make_runtime_base()
        self._make_build_base()
        context = self._stand_in_context()
        for target, image in STAND_INS.items():
            doing = f"building the stand-in for {image}"
            with self.output.progress("image", doing) as progress:
                command = self.engine.command("build", "--progress=plain", "--network", "host", "--target", target, "--tag", image, str(context))
                run_logged(command, self.logs / f"{target}.log", self.engine.environment(), _STAND_IN_WITHIN_SECONDS, progress, doing)
                progress.result(f"stand-in for {image}")

    def build(self) -> None:
        """The three images of the Dockerfile. The first one compiles everything; the others only copy."""
        for service in SERVICES:
            doing = f"building {name(service)}" + (" (compiles the services: ten minutes or more the first time)" if service == SERVICES[0] else "")
            with self.output.progress("image", doing) as progress:
                revision = subprocess.run(["git", "rev-parse", "HEAD"], cwd=TOP, capture_output=True, text=True, check=False).stdout.strip()
                command = self.engine.command(
                    "build", "--progress=plain", "--network", "host", "--target", service, "--tag", name(service),
                    "--build-arg", f"VERSION={_VERSION}", "--build-arg", f"REVISION={revision or 'unknown'}", ".",
                )
                run_logged(command, self.logs / f"{service}.log", self.engine.environment(), _BUILD_WITHIN_SECONDS, progress, doing)
                progress.result(name(service))

    def size(self, image: str) -> int:
        return int(str(self.engine.inspect(image)["Size"]))

    def _make_runtime_base(self) -> None:
        with self.output.progress("image", f"making a stand-in for {RUNTIME_BASE} with mmdebstrap") as progress:
            command = [_mmdebstrap(), *_SLIM, "bookworm", "-"]
            self.engine.import_image(command, RUNTIME_BASE, self.logs / "debian.log", _BASE_WITHIN_SECONDS, progress)
            progress.result(f"stand-in for {RUNTIME_BASE}")

    def _make_build_base(self) -> None:
        """Debian, this machine's Swift, and the folders to which its git sends the packages' addresses, if it does."""
        compiler = shutil.which("swift")
        if compiler is None:
            raise Failure("Swift is missing; the stand-in for its image is made of this machine's")
        toolchain = Path(compiler).resolve().parents[2]
        hook = [
            f"tar -C {shlex.quote(str(toolchain))} -c {' '.join(f'--exclude={shlex.quote(pattern)}' for pattern in _NOT_NEEDED)} usr"
            ' | tar -C "$1" -x --keep-directory-symlink',
        ]
        for section, folder in _redirections():
            hook += [f'mkdir -p "$1{folder.parent}"', f'cp -a {shlex.quote(str(folder))} "$1{folder.parent}/"']
            hook += [f'git config --file "$1/etc/gitconfig" --add {shlex.quote(key)} {shlex.quote(value)}' for key, value in section]
        # The version is part of the recipe: another Swift makes another image.
        hook += ['git config --file "$1/etc/gitconfig" --add safe.directory "*"', f": {shlex.quote(check_swift())}"]
        with self.output.progress("image", f"making a stand-in for {BUILD_BASE} of {toolchain.name} and mmdebstrap (two minutes)") as progress:
            options = [*_SLIM, f"--include={_TOOLCHAIN_NEEDS}", f"--customize-hook={' && '.join(hook)}"]
            command = [_mmdebstrap(), *options, "bookworm", "-"]
            self.engine.import_image(command, BUILD_BASE, self.logs / "swift.log", _BASE_WITHIN_SECONDS, progress)
            progress.result(f"stand-in for {BUILD_BASE}")

    def _stand_in_context(self) -> Path:
        context = self.engine.folder / "stand-ins"
        shutil.rmtree(context, ignore_errors=True)
        shutil.copytree(_STAND_IN_FILES, context)
        shutil.copy2(_GATE, context)
        shutil.copy2(kafka.install(self.tools), context / "noida-db")
        return context


def _redirections() -> list[tuple[list[tuple[str, str]], Path]]:
    """Git's `url.<folder>.insteadOf` settings whose folder is on this machine: where packages come from when their host cannot be reached."""
    answer = subprocess.run(["git", "config", "--get-regexp", r"^url\..*\.insteadof$"], cwd=TOP, capture_output=True, text=True, check=False)
    found: dict[Path, list[tuple[str, str]]] = {}
    for line in answer.stdout.splitlines():
        key, _, value = line.partition(" ")
        folder = re.sub(r"^url\.(?:file://)?(.*)\.insteadof$", r"\1", key)
        if os.path.isabs(folder) and Path(folder).is_dir():
            found.setdefault(Path(folder.rstrip("/")), []).append((key, value))
    return [(section, folder) for folder, section in found.items()]


def _mmdebstrap() -> str:
    program = shutil.which("mmdebstrap")
    if program is None:
        raise Failure("mmdebstrap is missing; `deploy/local/install.sh docker` installs it")
    return program
