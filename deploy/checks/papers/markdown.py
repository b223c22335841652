"""What Markdown files point at: other files, headings, make targets, paths in the repository."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from papers.files import TOP, name, tracked

_FENCE = re.compile(r"^ *(```|~~~).*?^ *\1 *$", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\)|<img[^>]* src=\"([^\"]+)\"")
_MAKE = re.compile(r"(?:^|[`;&|(\s])make +((?:[a-z][a-z-]*|[A-Z_]+=\S+)(?: +(?:[a-z][a-z-]*|[A-Z_]+=\S+))*)")


def files() -> list[Path]:
    return [TOP / one for one in tracked() if one.endswith(".md") and not (TOP / one).is_symlink()]


def broken_links() -> Iterator[str]:
    for file in files():
        prose = _SPAN.sub("", _FENCE.sub("", file.read_text()))
        for found in _LINK.finditer(prose):
            target = found[1] or found[2]
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            path, _, heading = unquote(target).partition("#")
            aim = (file.parent / path).resolve() if path else file
            if not aim.exists():
                yield f"{name(file)}: {target} is not there"
            elif not aim.is_relative_to(TOP):
                yield f"{name(file)}: {target} leads out of the repository"
            elif heading and aim.suffix == ".md" and heading not in headings(aim):
                yield f"{name(file)}: {name(aim)} has no heading #{heading}"


@cache
def headings(file: Path) -> frozenset[str]:
    """The anchors that GitHub makes of a file's headings."""
    anchors: dict[str, int] = {}
    found = set()
    for text in re.findall(r"^#{1,6} +(.+?) *#*$", _FENCE.sub("", file.read_text()), re.MULTILINE):
        anchor = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text).lower()).replace(" ", "-")
        count = anchors.get(anchor, 0)
        anchors[anchor] = count + 1
        found.add(f"{anchor}-{count}" if count else anchor)
    return frozenset(found)


def missing_targets() -> Iterator[str]:
    """`make …` in a code span or a line of a code block names a target of the Makefile."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", (TOP / "Makefile").read_text(), re.MULTILINE))
    for file in files():
        for text in _code(file):
            for found in _MAKE.finditer(text.split("#")[0]):
                for word in found[1].split():
                    if "=" not in word and word not in targets:
                        yield f"{name(file)}: there is no `make {word}`"


def missing_paths() -> Iterator[str]:
    """A path in code that begins with a folder of the repository exists; `*`, `…` and `<…>` stand for anything."""
    tops = {one.split("/")[0] for one in tracked() if "/" in one or (TOP / one).is_dir()}
    known = tracked()
    for file in files():
        for text in _code(file):
            for word in re.split(r"[\s,;:='\"()\[\]{}]+", text):
                word = word.removeprefix("./").rstrip("./")
                if "/" not in word or word.split("/")[0] not in tops or "$" in word:
                    continue
                pattern = re.escape(re.sub(r"<[^>]*>|…", "*", word)).replace(r"\*", "[^/]*")
                exists = (TOP / word).exists() or (file.parent / word).exists()
                if not exists and not any(re.match(pattern + r"(?:/|$)", one) for one in known):
                    yield f"{name(file)}: there is no {word}"


def _code(file: Path) -> Iterator[str]:
    """Code spans, and the lines of code blocks."""
    text = file.read_text()
    for fence in _FENCE.finditer(text):
        yield from fence[0].splitlines()[1:-1]
    yield from _SPAN.findall(_FENCE.sub("", text))
