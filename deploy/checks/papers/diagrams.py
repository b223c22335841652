#!/usr/bin/env python3
"""Draws docs/diagrams/*.puml as SVG with PlantUML, and tells whether a picture is that of its source. Standard library only.

PlantUML's versions draw differently, so pictures are not compared: each names, in a comment, the SHA-256 of the source that it was drawn
from (its own text and the shared style). The check needs neither Java nor PlantUML then.

    diagrams.py            draw those that are not current
    diagrams.py --all      draw every one
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "diagrams"
STYLE = FOLDER / "style.iuml"
_DIGEST = re.compile(r"<!-- Drawn by `make diagrams` from (\S+), SHA-256 ([0-9a-f]{64}) -->")


def sources() -> list[Path]:
    return sorted(FOLDER.glob("*.puml"))


def digest(source: Path) -> str:
    return hashlib.sha256(STYLE.read_bytes() + b"\0" + source.read_bytes()).hexdigest()


def faults() -> Iterator[str]:
    """What is wrong with the pictures as they are."""
    for source in sources():
        picture = source.with_suffix(".svg")
        if not picture.is_file():
            yield f"{picture.name} is missing; `make diagrams` draws it"
            continue
        found = _DIGEST.search(picture.read_text())
        if found is None or found[1] != source.name or found[2] != digest(source):
            yield f"{picture.name} was not drawn from {source.name} as it is now; `make diagrams` draws it"
    for picture in FOLDER.glob("*.svg"):
        if not picture.with_suffix(".puml").is_file():
            yield f"{picture.name} has no source"


def draw(chosen: list[Path]) -> None:
    program = shutil.which("plantuml")
    if program is None:
        sys.exit("diagrams: PlantUML is missing: apt-get install --no-install-recommends plantuml fonts-liberation")
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "-tsvg", "-charset", "UTF-8", "-nometadata", "-failfast2", "-o", folder, *map(str, chosen)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            sys.exit(f"diagrams: plantuml failed:\n{(result.stdout + result.stderr).strip()}")
        for source in chosen:
            drawn = (Path(folder) / source.with_suffix(".svg").name).read_text()
            source.with_suffix(".svg").write_text(_finished(drawn, source))
            print(f"drawn: {source.stem}.svg")


def _finished(svg: str, source: Path) -> str:
    # The XML declaration must come first, so the comment goes behind it. What PlantUML says of itself changes with its version.
    svg = re.sub(r"<!--(?:MD5|SRC)=.*?-->|<\?plantuml[^>]*\?>", "", svg, flags=re.DOTALL)
    note = f"<!-- Drawn by `make diagrams` from {source.name}, SHA-256 {digest(source)} -->"
    begin = svg.index("<svg")
    # Fonts of the same widths, whichever of them a reader has.
    svg = svg.replace('font-family="Liberation Sans"', 'font-family="Liberation Sans, Arial, Helvetica, sans-serif"')
    # A line for each element, so that git shows what a change did.
    body = re.sub(r"(?<=>)(?=<(?:rect|line|text|polygon|path|g|ellipse|image)\b)", "\n", svg[begin:])
    return f'<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n{note}\n{body.rstrip()}\n'


def main() -> int:
    everything = "--all" in sys.argv[1:]
    stale = [source for source in sources() if everything or any(fault.startswith(source.stem + ".svg") for fault in faults())]
    if stale:
        draw(stale)
    left = list(faults())
    for fault in left:
        print(f"diagrams: {fault}", file=sys.stderr)
    if not left:
        print(f"diagrams: {len(sources())} pictures are current, {len(stale)} of them drawn now")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
