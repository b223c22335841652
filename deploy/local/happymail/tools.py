"""The Python tools of the tests, with pinned versions, in a virtual environment of the state folder."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from happymail.failure import Failure
from happymail.output import Output
from happymail.settings import TOP, Settings, relative

REQUIREMENTS = TOP / "deploy" / "checks" / "requirements.txt"


def python(settings: Settings, output: Output, requirements: Path = REQUIREMENTS, name: str = "venv") -> Path:
    """The environment's Python; it is made anew only when the requirements or the Python have changed.

    Where the requirements name hashes, they name everything, and pip holds each download against them.
    """
    folder = settings.folder / name
    program = folder / "bin" / "python"
    fingerprint = hashlib.sha256(requirements.read_bytes() + sys.version.encode() + str(folder).encode()).hexdigest()
    marker = folder / "requirements.sha256"
    if marker.exists() and marker.read_text() == fingerprint and program.exists():
        return program
    with output.progress("test tools", f"installing {relative(requirements)}") as progress:
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _run([sys.executable, "-m", "venv", str(folder)], "a virtual environment cannot be made; `make install` installs python3-venv")
        pip = [str(program), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", str(requirements)]
        if "--hash=" in requirements.read_text():
            pip += ["--require-hashes", "--no-deps"]
        _run(pip, f"pip could not install {relative(requirements)}")
        marker.write_text(fingerprint)
        progress.result(f"in {relative(folder)}")
    return program


def _run(command: list[str], sentence: str) -> None:
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if result.returncode != 0:
        raise Failure(f"{sentence}:", (result.stderr or result.stdout).strip().splitlines()[-8:])
