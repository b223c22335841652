#!/usr/bin/env python3
"""
Holds the three OpenAPI documents against the running services, in both directions.

Every documented response that a client can provoke is provoked and validated: status, media type, headers, body. Every route that a
service has is documented, every documented parameter is used, every example satisfies its schema. One line per check; the last line
says `openapi: N passed, N failed`, and the exit code is 1 if any failed.

    openapi_contract.py --base-url http://localhost:8000 --bin-dir .build/debug
"""

import argparse
import json
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
from http.client import HTTPException

from openapi_spec_validator import OpenAPIV31SpecValidator

from contract import billing, common, coverage, notification, order
from contract.client import Client
from contract.document import Document
from contract.report import Report

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SERVICES = ("order", "billing", "notification")
PAGE = REPOSITORY / "Shared/ServiceRuntime/Pages/docs.html"
PAGE_READER = pathlib.Path(__file__).resolve().parent / "contract/read_with_page.cjs"


def path_of(service):
    name = service.capitalize()
    return REPOSITORY / f"Services/{name}/Sources/{name}Service/HTTP/openapi.yaml"


def check_documents(report, documents):
    """The documents by themselves: valid, with good examples, alike where they say the same, readable by the page."""
    for document in documents:
        faults = [error.message[:300] for error in OpenAPIV31SpecValidator(document.source).iter_errors()]
        report.check(f"{document.service}: a valid OpenAPI 3.1 document", faults)
        report.check(f"{document.service}: every example satisfies its schema", document.example_faults())
        if shutil.which("node"):
            report.check(
                f"{document.service}: the page reads the document as a YAML parser does", page_faults(document)
            )
    for kind in ("schemas", "parameters", "headers"):
        for name in sorted({name for document in documents for name in document.source["components"][kind]}):
            having = [document for document in documents if name in document.source["components"][kind]]
            texts = {json.dumps(without_types(document.data["components"][kind][name])) for document in having}
            if len(having) > 1:
                report.check(
                    f"components/{kind}/{name}: alike in {len(having)} documents",
                    ["it differs"] if len(texts) > 1 else [],
                )


def page_faults(document):
    """What the YAML reader inside the documentation page makes of the document must be what PyYAML makes of it."""
    command = ["node", PAGE_READER, PAGE, path_of(document.service)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if result.returncode != 0:
        return [result.stderr.strip()[-300:]]
    return [] if json.loads(result.stdout) == document.source else ["the page reads something else"]


def without_types(schema):
    """`Problem` lists the types that one service has, so that list may differ."""
    text = json.dumps(schema)
    return re.sub(r'"/problems/[a-z-]+",? ?', "", text)


def provoke(client, documents, page):
    """Plays the whole API: one user, whose account, orders and messages the three services hold."""
    the_order, the_billing, the_notification = documents
    for document in documents:
        common.operations(client, document, page)
        common.methods_and_paths(client, document)
    user = order.users(client, the_order)
    billing.opening(client, the_billing, user)
    placed = order.placing(client, the_order, user)
    order.reading(client, the_order, user, placed)
    billing.transfers(client, the_billing, user)
    billing.reading(client, the_billing, user)
    notification.sending(client, the_notification, user)
    notification.reading(client, the_notification, user, placed)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", required=True, help="the gateway's address, such as http://localhost:8000")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--bin-dir", type=pathlib.Path, help="the folder of the executables; `DIR/order routes` prints the routes"
    )
    source.add_argument("--routes-command", help="the command that prints a service's routes, with {service} in it")
    options = parser.parse_args()

    def routes_command(service):
        if options.bin_dir:
            return [str(options.bin_dir / service), "routes"]
        return shlex.split(options.routes_command.replace("{service}", service))

    report = Report()
    documents = [Document(service, path_of(service).read_text(encoding="utf-8")) for service in SERVICES]
    client = Client(options.base_url, report)
    check_documents(report, documents)
    for document in documents:
        coverage.routes(report, document, routes_command(document.service))
    try:
        provoke(client, documents, PAGE.read_text(encoding="utf-8"))
    except (OSError, HTTPException, KeyError, IndexError, TypeError, ValueError) as error:
        report.check("the play goes on to its end", [f"{type(error).__name__}: {error}"])
    coverage.parameters(report, client, documents)
    coverage.responses(report, client, documents)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
