#!/usr/bin/env python3
"""Holds the papers against what they describe. Prints each fault and ``documents: N passed, N failed``.

AsyncAPI and OpenAPI documents are valid and agree with the sources, pictures are those of their sources, links lead somewhere, and the
commands and paths that the texts name exist. Runs in the test tools' environment (requirements.txt).

    documents.py --tools .local/tools
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

from papers import asyncapi, diagrams, markdown, official_schema
from papers.asyncapi import AsyncAPI
from papers.files import TOP, BrokenReference, load, name, references, resolve, tracked

SHOWN = 20


class Report:
    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def check(self, what: str, find: Callable[[], Iterable[str]]) -> None:
        """A check that breaks off has failed; its reason is a fault like any other."""
        try:
            faults = list(find())
        except (BrokenReference, KeyError, IndexError, TypeError, AttributeError, StopIteration, official_schema.SchemaError) as error:
            faults = [f"it could not be looked at: {type(error).__name__}: {error}"]
        self.failed += bool(faults)
        self.passed += not faults
        print(f"{'✘' if faults else '✔'} {what}")
        for fault in faults[:SHOWN]:
            print(f"    {fault}")
        if len(faults) > SHOWN:
            print(f"    … and {len(faults) - SHOWN} more")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", type=Path, default=TOP / ".local" / "tools", help="where AsyncAPI's schema is kept")
    tools = parser.parse_args().tools
    report = Report()
    by_themselves(report, tools)
    against_the_sources(report)
    report.check("every picture is that of its source", diagrams.faults)
    report.check("every picture is shown in a text", unshown_pictures)
    report.check("links in Markdown files lead somewhere", markdown.broken_links)
    report.check("`make` targets that Markdown files name exist", markdown.missing_targets)
    report.check("paths that Markdown files name exist", markdown.missing_paths)
    print(f"documents: {report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


def by_themselves(report: Report, tools: Path) -> None:
    """Every AsyncAPI and OpenAPI document of the repository."""
    documents = [TOP / one for one in tracked() if one.endswith((".yaml", ".yml")) and "/templates/" not in one]
    described = {path: kind for path in documents if (kind := kind_of(path))}
    report.check("the events and each style of interaction have their documents", partial(missing_documents, set(described)))
    for path, kind in sorted(described.items()):
        if kind == "openapi":
            report.check(f"{name(path)}: a valid OpenAPI 3.1 document", partial(openapi_faults, path))
            continue
        document = AsyncAPI(path)
        report.check(f"{name(path)}: a valid AsyncAPI 3.0 document", lambda: document.invalid(official_schema.load(tools)))
        report.check(f"{name(path)}: references lead somewhere", document.broken_references)
        report.check(f"{name(path)}: operations carry messages of their channels", document.strange_operations)
        report.check(f"{name(path)}: no component is left over", document.unused)
        report.check(f"{name(path)}: examples satisfy their schemas", document.bad_examples)


def kind_of(path: Path) -> str | None:
    beginning = path.read_text()[:200]
    return next((kind for kind in ("asyncapi", "openapi") if beginning.startswith(kind + ": ")), None)


def missing_documents(there: set[Path]) -> Iterable[str]:
    services = [f"{service}.openapi.yaml" for service in asyncapi.SERVICES]
    expected = [asyncapi.EVENTS]
    for style, names in (
        ("1-http-only", services),
        ("2-broker-for-notifications", [*services, "asyncapi.yaml"]),
        ("3-event-collaboration", [*services, "asyncapi.yaml"]),
    ):
        expected += [TOP / "docs" / "idl" / style / one for one in names]
    expected += [TOP / f"Services/{one}/Sources/{one}Service/HTTP/openapi.yaml" for one in ("Order", "Billing", "Notification")]
    return [f"{name(path)} is missing" for path in expected if path not in there]


def openapi_faults(path: Path) -> Iterable[str]:
    document = load(path)
    for reference in references(document):
        try:
            resolve(reference, path)
        except BrokenReference as error:
            yield str(error)
            return
    if not str(document["openapi"]).startswith("3.1."):
        yield f"it is OpenAPI {document['openapi']}"
    for error in OpenAPIV31SpecValidator(document, base_uri=path.as_uri()).iter_errors():
        yield f"/{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"


def against_the_sources(report: Report) -> None:
    document = AsyncAPI(asyncapi.EVENTS)
    for what, find in (
        ("events: every schema has its channel, and the reverse", asyncapi.schemas_without_channel),
        ("events: topics, headers and payloads are those of the golden records", asyncapi.wrong_topics),
        ("events: headers are those that the code writes", asyncapi.wrong_headers),
        ("events: senders and receivers are those of the sources", asyncapi.wrong_operations),
        ("events: what is only designed is said to be", asyncapi.wrong_status),
        ("events: partitions and replicas are the defaults of the settings", asyncapi.wrong_bindings),
    ):
        report.check(what, partial(find, document))


def unshown_pictures() -> Iterable[str]:
    texts = "".join(file.read_text() for file in markdown.files())
    return [f"no text shows {source.stem}.svg" for source in diagrams.sources() if f"{source.stem}.svg)" not in texts]


if __name__ == "__main__":
    sys.exit(main())
