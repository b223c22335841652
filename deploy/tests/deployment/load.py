"""Orders at a steady rate through the gateway, and what became of every one of them."""

from __future__ import annotations

import http.client
import json
import queue
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field

from happymail.failure import Failure

_WORKERS = 64
_TIMEOUT_SECONDS = 15.0
_FINAL_WITHIN_SECONDS = 90.0
_USERS = 20
_PRICE = 100
_DEPOSIT = 100_000_000
_FINAL = ("confirmed", "rejected")
# Every so many orders, one read of each service.
_READ_EVERY = 5


@dataclass
class Outcome:
    """What the requests of one load were answered. ``slowest``: seconds, of all requests."""

    statuses: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    orders: dict[str, str] = field(default_factory=dict)
    """Each order's id, and the user who placed it."""
    times: list[float] = field(default_factory=list)
    late: int = 0
    """Requests that could not be sent in time because all workers were waiting."""

    def percentile(self, share: float) -> float:
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Load:
    """``with Load(port, rate) as load:`` sends until the block ends; then ``load.outcome``.

    Every order carries an Idempotency-Key, as README tells clients to do: that is what permits the gateway to ask a second instance when
    the first one went away after it had read the request.
    """

    def __init__(self, port: int, rate: float) -> None:
        self.port = port
        self.rate = rate
        self.outcome = Outcome()
        self.users: list[str] = []
        self._lock = threading.Lock()
        self._work: queue.Queue[tuple[str, str, dict[str, object] | None, dict[str, str]] | None] = queue.Queue()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Load:
        self.users = [self._make_user(number) for number in range(_USERS)]
        self._threads = [threading.Thread(target=self._send_all, daemon=True) for _ in range(_WORKERS)]
        self._threads.append(threading.Thread(target=self._schedule, daemon=True))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._threads[-1].join(_TIMEOUT_SECONDS)
        for _worker in range(_WORKERS):
            self._work.put(None)
        for thread in self._threads:
            thread.join(2 * _TIMEOUT_SECONDS)

    def undecided(self) -> list[str]:
        """Waits until every accepted order is final; returns those that are not in the end."""
        deadline = time.monotonic() + _FINAL_WITHIN_SECONDS
        left = list(self.outcome.orders)
        while left and time.monotonic() < deadline:
            left = [order for order in left if self._get(f"/orders/{order}")["status"] not in _FINAL]
            if left:
                time.sleep(0.2)
        return left

    def wrong_balances(self) -> list[str]:
        """Users whose money does not add up: what was put in, less the confirmed orders."""
        placed = Counter(self.outcome.orders.values())
        wrong = []
        for user in self.users:
            balance = self._get(f"/accounts/{user}")["balance"]["amount"]  # type: ignore[index]
            if balance != _DEPOSIT - _PRICE * placed[user]:
                wrong.append(f"{user}: {balance}, expected {_DEPOSIT - _PRICE * placed[user]}")
        return wrong

    def _make_user(self, number: int) -> str:
        body = {"email": f"load-{number}-{uuid.uuid4().hex[:8]}@example.com", "name": f"Load {number}"}
        user = str(self._post("/users", body)["id"])
        deadline = time.monotonic() + 20.0
        while True:
            status, answer = _exchange(self.port, "POST", f"/accounts/{user}/deposits", {"amount": {"amount": _DEPOSIT}}, _key())
            if status == 201:
                return user
            if status != 404 or time.monotonic() > deadline:
                raise Failure(f"a deposit was answered {status}: {answer[:200]}")
            # Billing opens the account a moment later.
            time.sleep(0.05)

    def _schedule(self) -> None:
        began = time.monotonic()
        number = 0
        while not self._stop.is_set():
            due = began + number / self.rate
            pause = due - time.monotonic()
            if pause > 0 and self._stop.wait(pause):
                break
            user = self.users[number % _USERS]
            if self._work.qsize() > 0:
                self.outcome.late += 1
            self._work.put(("POST", "/orders", {"user_id": user, "price": {"amount": _PRICE}}, _key()))
            if number % _READ_EVERY == 0:
                for path in (f"/users/{user}", f"/accounts/{user}", f"/messages?user_id={user}&limit=1"):
                    self._work.put(("GET", path, None, {}))
            number += 1

    def _send_all(self) -> None:
        while (work := self._work.get()) is not None:
            method, path, body, headers = work
            began = time.monotonic()
            try:
                status, text = _exchange(self.port, method, path, body, headers)
            except Failure as failure:
                status, text = 0, str(failure)
            took = time.monotonic() - began
            with self._lock:
                outcome = self.outcome
                outcome.times.append(took)
                outcome.statuses[f"{method} {status}"] += 1
                if not 200 <= status < 300:
                    outcome.failures.append(f"{method} {path.partition('?')[0]}: {status} {text[:200]}")
                elif method == "POST":
                    order = json.loads(text)
                    outcome.orders[order["id"]] = order["user_id"]

    def _post(self, path: str, body: dict[str, object]) -> dict[str, object]:
        status, text = _exchange(self.port, "POST", path, body, _key())
        if status not in (200, 201, 202):
            raise Failure(f"POST {path} was answered {status}: {text[:200]}")
        return json.loads(text)

    def _get(self, path: str) -> dict[str, object]:
        status, text = _exchange(self.port, "GET", path, None, {})
        if status != 200:
            raise Failure(f"GET {path} was answered {status}: {text[:200]}")
        return json.loads(text)


def _key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def _exchange(port: int, method: str, path: str, body: dict[str, object] | None, headers: dict[str, str]) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    sent = dict(headers, Host="arch.homework")
    if body is not None:
        sent["Content-Type"] = "application/json"
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None, sent)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise Failure(f"no answer to {method} {path}: {error}") from None
    finally:
        connection.close()
