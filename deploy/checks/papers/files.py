"""Files of the repository, YAML with references between files, Swift sources without comments."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TOP = Path(__file__).resolve().parents[3]


class BrokenReference(Exception):
    """A ``$ref`` that leads nowhere."""


def name(path: Path) -> str:
    return str(path.relative_to(TOP)) if path.is_relative_to(TOP) else str(path)


@cache
def tracked() -> tuple[str, ...]:
    """What git knows or would add, and what is there."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    result = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True)
    return tuple(name for name in result.stdout.split("\0") if name and (TOP / name).exists())


class _Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):
    """YAML as JSON has it: a time is a text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


@cache
def load(path: Path) -> Any:
    text = path.read_text()
    return json.loads(text) if path.suffix == ".json" else yaml.load(text, _Loader)  # noqa: S506  (a subclass of the safe loader)


def resolve(reference: str, file: Path) -> tuple[Any, Path]:
    """What a ``$ref`` in ``file`` names, followed to the end, and the file where that stands."""
    for _ in range(20):
        path, _, pointer = reference.partition("#")
        if path:
            file = (file.parent / path).resolve()
        if not file.is_file():
            raise BrokenReference(f"{reference}: there is no {name(file)}")
        value = load(file)
        for part in [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]:
            if isinstance(value, list) and part.isdigit() and int(part) < len(value):
                value = value[int(part)]
            elif isinstance(value, dict) and part in value:
                value = value[part]
            else:
                raise BrokenReference(f"{reference}: {name(file)} has no {part!r} there")
        if not (isinstance(value, dict) and isinstance(value.get("$ref"), str)):
            return value, file
        reference = value["$ref"]
    raise BrokenReference(f"{reference}: it goes round in a circle")


def inlined(value: Any, file: Path) -> Any:
    """The value with what its references name in their place; what stands beside a reference counts as well, as in JSON Schema 2020-12."""
    if isinstance(value, list):
        return [inlined(inner, file) for inner in value]
    if not isinstance(value, dict):
        return value
    if not isinstance(value.get("$ref"), str):
        return {key: inlined(inner, file) for key, inner in value.items()}
    found = inlined(*resolve(value["$ref"], file))
    beside = {key: inlined(inner, file) for key, inner in value.items() if key != "$ref"}
    return {**beside, "allOf": [found]} if beside else found


def references(value: Any) -> Iterator[str]:
    """Every ``$ref`` inside, but for those in examples."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for key, inner in value.items():
            if key not in ("example", "examples"):
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def swift(pattern: str) -> dict[Path, str]:
    """Sources by path, without comments and texts."""
    return {path: _bare(path.read_text()) for path in sorted(TOP.glob(pattern))}


def _bare(text: str) -> str:
    return re.sub(r'"""(?:[^\\]|\\.)*?"""|"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', "", text, flags=re.DOTALL)
