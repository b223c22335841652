"""What is provoked alike at every service and at every POST."""

import re

UNKNOWN_ID = "0193f2a4-0000-7000-8000-000000000000"
TRACE = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "X-Request-Id": "contract-check-1"}
BEYOND_BODY_LIMIT = 70 * 1024


def operations(client, document, page):
    """Health, metrics, document and page."""
    checks = {
        "getLiveness": lambda exchange: [],
        "getReadiness": lambda exchange: [] if exchange.json()["status"] == "ready" else ["not ready"],
        "getMetrics": lambda exchange: (
            []
            if re.search(r"^# TYPE \S+ (counter|gauge|histogram|summary)$", exchange.text, re.MULTILINE)
            else ["no metrics"]
        ),
        "getDocument": lambda exchange: (
            [] if exchange.text == document.text else ["the service serves another document than the repository's"]
        ),
        "getDocumentPage": lambda exchange: (
            [] if exchange.text == page else ["the service serves another page than the repository's"]
        ),
    }
    for operation, check in checks.items():
        client.expect(document, operation, 200, document.operations[operation]["summary"], check=check)


def methods_and_paths(client, document):
    """A method that is not documented is refused at every path, and so is a path that is none."""
    for path in document.data["paths"]:
        documented = document.methods(path)
        prefix = next(each["prefix"] for each in document.operations.values() if each["path"] == path)
        target = prefix + re.sub(r"\{\w+\}", UNKNOWN_ID, path)
        for method in ("PUT", "DELETE", "PATCH"):
            exchange = client.send(method, target)
            faults = (
                document.response_faults(None, exchange)
                if exchange.status == 405
                else [f"expected 405, got {exchange.status}"]
            )
            allowed = {each.strip() for each in exchange.headers.get("allow", "").split(",")} - {"HEAD", "OPTIONS"}
            if not faults and allowed != documented:
                faults = [f"Allow names {sorted(allowed)}, the document {sorted(documented)}"]
            client.report.check(f"{document.service} {method} {path} 405", faults)
    first = next(iter(document.data["paths"]))
    for target in (f"{first}/{UNKNOWN_ID}/nothing/here", f"/{document.service}/nothing-here"):
        exchange = client.send("GET", target)
        faults = (
            document.response_faults(None, exchange)
            if exchange.status == 404
            else [f"expected 404, got {exchange.status}"]
        )
        client.report.check(f"{document.service} GET {target} 404", faults)


def bodies(client, document, operation, good, **request):
    """What every POST refuses: no JSON, another type, too much, a bad key; and a field that it does not know is ignored."""
    send = {"path": request.get("path")}
    client.expect(document, operation, 400, "a body cut short", problem="malformed-json", raw=b'{"a": ', **send)
    client.expect(
        document, operation, 400, "a body that is not UTF-8", problem="malformed-json", raw=b'{"a": "\xff"}', **send
    )
    client.expect(document, operation, 400, "no body", problem="malformed-json", raw=b"", **send)
    text = {"Content-Type": "text/plain"}
    client.expect(
        document,
        operation,
        415,
        "a body of text/plain",
        problem="unsupported-media-type",
        raw=b"{}",
        headers=text,
        **send,
    )
    large = b'{"a": "' + b"a" * BEYOND_BODY_LIMIT + b'"}'
    client.expect(document, operation, 413, "a body over the limit", problem="too-large", raw=large, **send)
    client.expect(document, operation, 422, "a body that is no object", problem="validation", body=[], **send)
    key = "/headers/idempotency-key"
    for value, why in (
        ("a b", "a key with a space"),
        ("k" * 256, "a key of 256 characters"),
        ("é", "a key beyond ASCII"),
        ("", "an empty key"),
    ):
        headers = {"Idempotency-Key": value.encode("latin-1")}
        client.expect(
            document,
            operation,
            422,
            why,
            problem="validation",
            pointer=key,
            body=good,
            headers=headers,
            schema_agrees=False,
            **send,
        )


def repeats(client, document, operation, status, good, other, **request):
    """The same key again: the same answer, and no other request."""
    headers = {"Idempotency-Key": f"key-{request.pop('key')}"}
    first = client.expect(
        document,
        operation,
        status,
        "the first with a key",
        body=good,
        headers=headers,
        **request,
        check=lambda answer: (
            ["a first answer says that it is replayed"] if "idempotency-replayed" in answer.headers else []
        ),
    )

    def replayed(answer):
        faults = [] if answer.headers.get("idempotency-replayed") == "true" else ["Idempotency-Replayed is missing"]
        if answer.json() != first.json():
            faults.append("the answer differs from the first")
        if answer.headers.get("location") != first.headers.get("location"):
            faults.append("Location differs from the first")
        return faults

    client.expect(
        document, operation, status, "again with this key", body=good, headers=headers, check=replayed, **request
    )
    client.expect(
        document,
        operation,
        422,
        "another body with this key",
        problem="idempotency-key-reused",
        body=other,
        headers=headers,
        **request,
    )
    return first.json()


def pages(client, document, operation, **request):
    """`limit` and `cursor`: every bad one is refused, and pages follow one another without a gap."""
    query = dict(request.pop("query", {}))
    for value in ("0", "201", "-1", "1.5", "many", "99999999999999999999"):
        client.expect(
            document, operation, 422, f"limit={value}", problem="validation", query={**query, "limit": value}, **request
        )
    for value, why in (("not a cursor!", "a cursor that is none"), ("c" * 513, "a cursor of 513 characters")):
        client.expect(document, operation, 422, why, problem="validation", query={**query, "cursor": value}, **request)
    whole = client.expect(
        document, operation, 200, "a page of 200", query={**query, "limit": 200}, headers=TRACE, **request
    ).json()
    collected, cursor = [], None
    for _ in range(len(whole["items"]) + 1):
        turn = {**query, "limit": 1, **({"cursor": cursor} if cursor else {})}
        page = client.expect(
            document, operation, 200, f"page {len(collected) + 1} of one item", query=turn, **request
        ).json()
        collected += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    faults = (
        []
        if [item["id"] for item in collected] == [item["id"] for item in whole["items"]]
        else ["the pages are not the whole"]
    )
    client.report.check(
        f"{document.service} {operation}: pages of one item are the whole ({len(collected)} items)", faults
    )
