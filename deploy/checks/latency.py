#!/usr/bin/env python3
"""
Measures, against a running system that is otherwise idle, how long one client waits for one answer. Standard library only.

    latency.py --base-url http://localhost:8000

One request after the other over one kept connection through the gateway, so the figures are times of a lone request and not of a
system under load; after an order there is a pause, in which billing and the mail are done with it. The first requests warm up connections
and plans and do not count. What else runs on the machine can only make it slower, so of several rounds, for each row, the one with the
lowest median counts. Rows from one field to another are differences of times that the services wrote themselves, on the clock of
one machine.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import sys
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

WARM_UP = 20
FINAL_WITHIN_SECONDS = 20
PAUSE_AFTER_ORDER_SECONDS = 0.1


class Client:
    """One kept connection."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self._connection = http.client.HTTPConnection(parts.hostname or "localhost", parts.port or 80, timeout=40)

    def ask(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> tuple[int, dict]:
        content = None if body is None else json.dumps(body)
        kind = {"Content-Type": "application/json"} if content else {}
        self._connection.request(method, path, content, kind | (headers or {}))
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def send(self, method: str, path: str, body: object = None, *, expect: int, headers: dict[str, str] | None = None) -> dict:
        status, answer = self.ask(method, path, body, headers)
        if status != expect:
            sys.exit(f"latency: {method} {path} was answered {status}, not {expect}: {json.dumps(answer)[:300]}")
        return answer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", default="http://localhost:8000")
    parser.add_argument("--count", type=int, default=100, help="requests of each kind in a round")
    parser.add_argument("--rounds", type=int, default=4)
    arguments = parser.parse_args()
    client = Client(arguments.base_url)
    rounds = [measure(client, arguments.count) for _ in range(arguments.rounds)]
    print(f"{platform.system()}, {os.cpu_count()} processors, best of {arguments.rounds} rounds of {arguments.count} requests, milliseconds")
    print(f"  {'':<52} {'p50':>7} {'p90':>7} {'p99':>7}")
    for what in rounds[0]:
        best = min((sorted(one[what]) for one in rounds), key=lambda ordered: percentile(50, ordered))
        print(f"  {what:<52} " + " ".join(f"{percentile(percent, best):>7.1f}" for percent in (50, 90, 99)))
    return 0


def measure(client: Client, count: int) -> dict[str, list[float]]:
    """One round, with a user of its own: what was done, and how long each time."""
    user = register(client)
    order = {"user_id": user, "price": {"amount": 1}}
    wait = {"Prefer": f"wait={FINAL_WITHIN_SECONDS}"}
    placed: list[dict] = []

    def deposit() -> None:
        client.send("POST", f"/accounts/{user}/deposits", {"amount": {"amount": 10}}, expect=201)

    def place() -> None:
        client.send("POST", "/orders", order, expect=201)

    def place_and_wait() -> None:
        placed.append(client.send("POST", "/orders", order, expect=201, headers=wait))
        if placed[-1]["status"] != "confirmed":
            sys.exit(f"latency: an order was {placed[-1]['status']} after {FINAL_WITHIN_SECONDS} s")

    def write_message() -> None:
        client.send("POST", "/messages", {"user_id": user, "subject": "Latency", "body": "One of many."}, expect=202)

    figures: dict[str, list[float]] = {}
    figures["GET /accounts/{id}"] = timed(lambda: client.send("GET", f"/accounts/{user}", expect=200), count)
    figures["POST /accounts/{id}/deposits"] = timed(deposit, count)
    settle(client, user)
    figures["POST /orders, answered pending"] = timed(place, count, PAUSE_AFTER_ORDER_SECONDS)
    settle(client, user)
    figures["POST /orders, Prefer: wait, answered confirmed"] = timed(place_and_wait, count, PAUSE_AFTER_ORDER_SECONDS)
    settle(client, user)
    figures["GET /orders/{id}"] = timed(lambda: client.send("GET", f"/orders/{placed[-1]['id']}", expect=200), count)
    counted = placed[WARM_UP:]
    mails = {mail["order_id"]: mail for mail in happy_mails(client, user)}
    figures["an order's created_at to its updated_at (confirmed)"] = [between(one, "created_at", one, "updated_at") for one in counted]
    figures["an order's created_at to its mail's sent_at"] = [between(one, "created_at", mails[one["id"]], "sent_at") for one in counted]
    figures["POST /messages, answered queued"] = timed(write_message, count, PAUSE_AFTER_ORDER_SECONDS)
    settle(client, user)
    return figures


def register(client: Client) -> str:
    """A new user with money; returns the id."""
    user = client.send("POST", "/users", {"email": f"{uuid.uuid4()}@example.com", "name": "Latency"}, expect=201)["id"]
    deadline = time.monotonic() + FINAL_WITHIN_SECONDS
    while client.ask("GET", f"/accounts/{user}")[0] != 200:
        if time.monotonic() > deadline:
            sys.exit(f"latency: no account after {FINAL_WITHIN_SECONDS} s")
        time.sleep(0.05)
    client.send("POST", f"/accounts/{user}/deposits", {"amount": {"amount": 1_000_000}}, expect=201)
    return user


def settle(client: Client, user: str) -> None:
    """Waits until nothing of this user's is on its way, so that one row does not pay for the row before."""
    deadline = time.monotonic() + 60
    while True:
        pending = client.send("GET", f"/orders?user_id={user}&status=pending&limit=1", expect=200)["items"]
        queued = client.send("GET", f"/messages?user_id={user}&status=queued&limit=1", expect=200)["items"]
        if not pending and not queued:
            return
        if time.monotonic() > deadline:
            sys.exit("latency: orders or mails are still on their way after 60 s")
        time.sleep(0.1)


def timed(action: Callable[[], object], count: int, pause: float = 0) -> list[float]:
    """How long each call took, in milliseconds."""
    durations = []
    for number in range(WARM_UP + count):
        start = time.perf_counter()
        action()
        if number >= WARM_UP:
            durations.append((time.perf_counter() - start) * 1000)
        if pause:
            time.sleep(pause)
    return durations


def happy_mails(client: Client, user: str) -> list[dict]:
    found: list[dict] = []
    cursor = ""
    while True:
        page = client.send("GET", f"/messages?user_id={user}&kind=happy&limit=100{cursor}", expect=200)
        found += page["items"]
        if not page["next_cursor"]:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def between(first: dict, first_field: str, second: dict, second_field: str) -> float:
    return (moment(second[second_field]) - moment(first[first_field])).total_seconds() * 1000


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def percentile(percent: int, ordered: list[float]) -> float:
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


if __name__ == "__main__":
    sys.exit(main())
