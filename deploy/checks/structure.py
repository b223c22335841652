#!/usr/bin/env python3
"""Rules about the sources that no compiler checks. Prints each violation and ``structure: N passed, N failed``.

Runs in the test tools' environment (it needs PyYAML) and looks at the files that git knows or would add.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parents[2]
SERVICES = {"OrderService": "Order", "BillingService": "Billing", "NotificationService": "Notification"}

COMMENT_OR_TEXT = re.compile(r'"""(?:[^\\]|\\.)*?"""|"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
IMPORT = re.compile(r"^\s*(?:@[\w()]+\s+)*(?:public |package |internal |fileprivate |private )?import (?:\w+ )?(\w+)", re.MULTILINE)
LARGEST_FILE_BYTES = 1024 * 1024


def main() -> int:
    files = [TOP / name for name in tracked() if (TOP / name).is_file() and not (TOP / name).is_symlink()]
    swift = {file: file.read_text() for file in files if file.suffix == ".swift"}
    if not swift:
        print("structure: 0 passed, 1 failed")
        return 1
    failed = 0
    for rule, violations in RULES:
        found = list(violations(files, swift))
        failed += bool(found)
        print(f"{'✘' if found else '✔'} {rule}")
        for line in found:
            print(f"    {line}")
    print(f"structure: {len(RULES) - failed} passed, {failed} failed")
    return 1 if failed else 0


def tracked() -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    result = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True)
    return [name for name in result.stdout.split("\0") if name]


def name(file: Path) -> str:
    return str(file.relative_to(TOP))


def code(text: str) -> str:
    """The text without comments and string literals, on the same lines."""
    return COMMENT_OR_TEXT.sub(lambda found: "\n" * found[0].count("\n"), text)


def hits(pattern: str, text: str) -> Iterator[int]:
    """The line numbers of matches in code."""
    bare = code(text)
    for found in re.finditer(pattern, bare):
        yield bare.count("\n", 0, found.start()) + 1


def unsafe_outside_handles(files: list[Path], swift: dict[Path, str]) -> Iterator[str]:
    for file, text in swift.items():
        if not file.stem.endswith("Handle") and file.name != "BlockingExecutor.swift":
            # An actor names its executor by an unsafe reference that it keeps alive itself; there is no other way to write that.
            for line in hits(r"\bunsafe\b(?! [\w.]+\.asUnownedSerialExecutor\(\))", text):
                yield f"{name(file)}:{line}: `unsafe` belongs in a *Handle.swift file"


def c_imports_outside_handles(files: list[Path], swift: dict[Path, str]) -> Iterator[str]:
    for file, text in swift.items():
        for module in IMPORT.findall(text):
            if module in ("CLibPQ", "CRDKafka") and not file.stem.endswith("Handle"):
                yield f"{name(file)}: imports {module}; only *Handle.swift files do"


def services_that_meet(files: list[Path], swift: dict[Path, str]) -> Iterator[str]:
    for file, text in swift.items():
        parts = file.relative_to(TOP).parts
        for module in IMPORT.findall(text):
            owner = SERVICES.get(module)
            if owner and parts[0] == "Shared":
                yield f"{name(file)}: shared code imports {module}"
            elif owner and parts[0] == "Services" and parts[1] in SERVICES.values() and parts[1] != owner:
                yield f"{name(file)}: {parts[1]} imports {module}; services meet in EventContracts only"


def sleeping_tests(files: list[Path], swift: dict[Path, str]) -> Iterator[str]:
    for file, text in swift.items():
        if "Tests" in file.relative_to(TOP).as_posix():
            for line in hits(r"\bTask\s*\.\s*sleep\b|\busleep\s*\(|\bThread\s*\.\s*sleep\b", text):
                yield f"{name(file)}:{line}: a test sleeps; let it wait for the thing itself"


def left_for_later(files: list[Path], swift: dict[Path, str]) -> Iterator[str]:
    for file, text in swift.items():
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(r"//.*\b(TODO|FIXME|XXX:|HACK)\b", line):
                yield f"{name(file)}:{number}: {line.strip()}"


def broken_documents(files: list[Path], swift: dict[Path, str]) -> Iterator[str]:
    for file in files:
        # The templates of a Helm chart are YAML only once they are rendered.
        is_template = "templates" in file.parts and "helm" in name(file)
        try:
            if file.suffix == ".json":
                json.loads(file.read_text())
            elif file.suffix in (".yaml", ".yml") and not is_template:
                list(yaml.safe_load_all(file.read_text()))
        except (ValueError, yaml.YAMLError) as error:
            yield f"{name(file)}: {' '.join(str(error).split())}"


def broken_python(files: list[Path], swift: dict[Path, str]) -> Iterator[str]:
    for file in files:
        if file.suffix == ".py":
            try:
                compile(file.read_text(), name(file), "exec")
            except (SyntaxError, ValueError) as error:
                yield f"{name(file)}: {error}"


def broken_shell(files: list[Path], swift: dict[Path, str]) -> Iterator[str]:
    for file in files:
        if file.suffix == ".sh" or name(file) == ".ci/run":
            result = subprocess.run(["bash", "-n", str(file)], capture_output=True, text=True, check=False)
            if result.returncode != 0:
                yield f"{name(file)}: {result.stderr.strip()}"


def dangling_links(files: list[Path], swift: dict[Path, str]) -> Iterator[str]:
    for entry in tracked():
        path = TOP / entry
        if path.is_symlink() and not path.exists():
            yield f"{entry}: links to {path.readlink()}, which is not there"
        elif path.is_symlink() and path.readlink().is_absolute():
            yield f"{entry}: links to an absolute path"


def large_files(files: list[Path], swift: dict[Path, str]) -> Iterator[str]:
    for file in files:
        if file.stat().st_size > LARGEST_FILE_BYTES:
            yield f"{name(file)}: {file.stat().st_size // 1024} KiB"


Rule = Callable[[list[Path], dict[Path, str]], Iterator[str]]
RULES: list[tuple[str, Rule]] = [
    ("`unsafe` stands only in *Handle.swift and BlockingExecutor.swift", unsafe_outside_handles),
    ("only *Handle.swift files import the C libraries", c_imports_outside_handles),
    ("no service imports another, and shared code imports none", services_that_meet),
    ("no test sleeps", sleeping_tests),
    ("nothing is left for later", left_for_later),
    ("JSON and YAML files can be parsed", broken_documents),
    ("Python files compile", broken_python),
    ("shell scripts parse", broken_shell),
    ("links lead somewhere", dangling_links),
    ("no file is larger than 1 MiB", large_files),
]

if __name__ == "__main__":
    sys.exit(main())
