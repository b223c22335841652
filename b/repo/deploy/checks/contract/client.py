"""Sends requests to the running services and holds every answer against the document."""

import dataclasses
import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode, urlsplit

from .document import PROBLEM, Outcome

TIMEOUT_SECONDS = 40
EVENTUALLY_SECONDS = 20
PAUSE_SECONDS = 0.1


@dataclasses.dataclass
class Exchange:
    """An answer. Header names are in lower case."""

    status: int
    headers: dict
    text: str

    @property
    def media(self):
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    def json(self):
        """The body, or None if it is not JSON."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    @property
    def problem(self):
        return (self.json() or {}).get("type") if self.media == PROBLEM else None


class Client:
    """Talks to one gateway; remembers what was met and which parameters were used."""

    def __init__(self, base_url, report):
        self.base = urlsplit(base_url)
        self.report = report
        self.met = set()
        self.used = set()

    def send(self, method, target, headers=None, body=None):
        """One request on a connection of its own."""
        kind = http.client.HTTPSConnection if self.base.scheme == "https" else http.client.HTTPConnection
        connection = kind(self.base.hostname, self.base.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, self.base.path.rstrip("/") + target, body=body, headers=headers or {})
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
            return Exchange(response.status, {name.lower(): value for name, value in response.getheaders()}, text)
        finally:
            connection.close()

    def target(self, document, operation, path=None, query=None):
        """The path and query of an operation behind the gateway."""
        description = document.operations[operation]
        route = description["path"]
        for name, value in (path or {}).items():
            route = route.replace("{" + name + "}", quote(str(value), safe=""))
        return description["prefix"] + route + ("?" + urlencode(query) if query else "")

    def perform(self, document, operation, *, path=None, query=None, headers=None, body=None, raw=None):
        """Sends an operation's request. `body` is sent as JSON, `raw` as it is. Notes what was met."""
        for place, given in (("path", path), ("query", query), ("header", headers)):
            self.used |= {(document.service, operation, place, name.lower()) for name in given or {}}
        headers = dict(headers or {})
        if body is not None:
            raw = json.dumps(body).encode()
        if raw is not None:
            headers.setdefault("Content-Type", "application/json")
        exchange = self.send(
            document.operations[operation]["method"], self.target(document, operation, path, query), headers, raw
        )
        self.met.add((document.service, Outcome(operation, exchange.status, exchange.media, exchange.problem)))
        return exchange

    def expect(
        self, document, operation, status, why, *, problem=None, pointer=None, schema_agrees=True, check=None, **request
    ):
        """
        A check: the request is answered as expected and as documented. A body that is accepted must satisfy its schema and one
        that is refused as invalid must not, unless `schema_agrees` is false: some rules are beyond a schema.
        `check` gets the answer and returns further faults.
        """
        exchange = self.perform(document, operation, **request)
        problem = f"/problems/{problem}" if problem else None
        faults = document.response_faults(operation, exchange)
        if exchange.status != status or exchange.problem != problem:
            wanted, got = problem or "", exchange.problem or exchange.text[:200]
            faults.append(f"expected {status} {wanted}, got {exchange.status} {got}")
        elif pointer is not None:
            pointers = [error["pointer"] for error in exchange.json().get("errors", [])]
            if pointer not in pointers:
                faults.append(f"expected an error at {pointer}, got {pointers}")
        own = (request.get("headers") or {}).get("X-Request-Id")
        if own and exchange.headers.get("x-request-id") != own:
            faults.append(f"the request id {own} was not kept")
        if schema_agrees and request.get("body") is not None:
            refused = document.body_faults(operation, request["body"])
            if status < 300 and refused:
                faults.append(f"accepted, but the documented schema refuses it: {refused[0]}")
            if (
                problem == "/problems/validation"
                and pointer
                and not pointer.startswith(("/headers/", "/path/", "/query/"))
                and not refused
            ):
                faults.append("refused, but the documented schema accepts it")
        if check and not faults:
            faults += check(exchange)
        self.report.check(f"{document.service} {operation} {status}{' ' + problem if problem else ''}: {why}", faults)
        return exchange

    def eventually(self, document, operation, ready, **request):
        """Repeats a reading until `ready(exchange)`, for a bounded time. Returns the last answer."""
        end = time.monotonic() + EVENTUALLY_SECONDS
        while True:
            exchange = self.perform(document, operation, **request)
            if ready(exchange) or time.monotonic() > end:
                return exchange
            time.sleep(PAUSE_SECONDS)

    def race(self, document, operation, success, requests_at_once=6, rounds=5, **request):
        """The same request under the same key, several times at once: one effect, whatever the answers."""
        for turn in range(rounds):
            headers = {"Idempotency-Key": f"race-{time.time_ns()}-{turn}"}
            once = request["fresh"]() if "fresh" in request else {}
            fixed = {name: value for name, value in request.items() if name != "fresh"}
            with ThreadPoolExecutor(requests_at_once) as pool:
                started = [
                    pool.submit(self.perform, document, operation, headers=headers, **fixed, **once)
                    for _ in range(requests_at_once)
                ]
                answers = [each.result() for each in started]
            faults = []
            for exchange in answers:
                faults += document.response_faults(operation, exchange)
                if exchange.status != success and exchange.problem != "/problems/idempotency-key-in-use":
                    faults.append(f"expected {success} or a key in use, got {exchange.status} {exchange.problem or ''}")
            ids = {exchange.json()["id"] for exchange in answers if exchange.status == success and exchange.json()}
            if len(ids) != 1:
                faults.append(f"expected one effect, got {len(ids)}")
            self.report.check(
                f"{document.service} {operation}: {requests_at_once} at once with one key, round {turn + 1}", faults
            )
