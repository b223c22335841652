"""One debug build, shared by ``make run`` and ``make test``, and how long it took."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable

from happymail.failure import Failure
from happymail.output import Output
from happymail.settings import TOP

_OLDEST_SWIFT = (6, 2)
SWIFT_SOURCES = ["Package.swift", "Services", "Shared"]


def check_swift() -> str:
    """Swift's version, or a failure that says what is needed."""
    program = shutil.which("swift")
    if program is None:
        raise Failure("Swift is missing; install version 6.2 or later from https://www.swift.org/install and put it on the PATH")
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"Swift version (\d+)\.(\d+)(\.\d+)?", answer.stdout)
    if found is None:
        raise Failure(f"{program} does not run:", (answer.stderr or answer.stdout).strip().splitlines()[-4:])
    version = found[0].removeprefix("Swift version ")
    if (int(found[1]), int(found[2])) < _OLDEST_SWIFT:
        raise Failure(f"Swift 6.2 or later is needed and {program} is {version}; see https://www.swift.org/install")
    return version


def command(with_tests: bool) -> list[str]:
    """Builds the three services, and the tests too if asked for; both go to ``.build/debug``."""
    return ["swift", "build", *(["--build-tests"] if with_tests else []), *extra_flags()]


def build(output: Output, run: Callable[[list[str]], None], with_tests: bool) -> None:
    """Says what is built and by which Swift, has ``run`` do it, and says how long it took."""
    version = check_swift()
    output.heading(f"Building with Swift {version}: {' '.join(command(with_tests))}")
    began = time.monotonic()
    run(command(with_tests))
    output.line(f"Built in {time.monotonic() - began:.0f} s.")


def run_plainly(words: list[str]) -> None:
    """Lets the compiler speak to the terminal itself."""
    result = subprocess.run(words, cwd=TOP, stdin=subprocess.DEVNULL, check=False)
    if result.returncode != 0:
        raise Failure(f"the build failed with code {result.returncode}; the compiler's words are above")


def extra_flags() -> list[str]:
    """SWIFT_FLAGS, for those who need one more; keep it the same for every command, or everything is built anew."""
    return os.environ.get("SWIFT_FLAGS", "").split()


def format_sources() -> int:
    """Formats the Swift sources in place."""
    check_swift()
    return subprocess.run(["swift", "format", "--in-place", "--recursive", "--parallel", *SWIFT_SOURCES], cwd=TOP, check=False).returncode


def lint_command() -> list[str]:
    """The formatting check; any finding is an error."""
    return ["swift", "format", "lint", "--strict", "--recursive", "--parallel", *SWIFT_SOURCES]
