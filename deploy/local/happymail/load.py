"""``make load``: how many orders the running system takes and finishes, and what each costs.

A closed loop of wrk's connections posts orders that can be afforded, of users chosen at random, straight to the order service. Then the run waits
until every accepted order is final and its mail sent. CPU time is the kernel's account of each process, the generator's beside them.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from happymail import databases
from happymail.api import Api
from happymail.failure import Failure
from happymail.output import Output
from happymail.settings import Settings, relative
from happymail.state import Part, StateFile

_TICK = 1_000_000 / os.sysconf("SC_CLK_TCK")
_SETTLE_WITHIN = 300.0
_LOOK_EVERY = 0.1
_DEPOSIT = 1_000_000_000
_SCRIPT = """
local users = {%s}
math.randomseed(%d)
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
function request()
  return wrk.format(nil, nil, nil, '{"user_id":"' .. users[math.random(#users)] .. '","price":{"amount":100}}')
end
"""


@dataclass(frozen=True)
class Plan:
    """One run of load; every value is bounded by the command line."""

    seconds: int
    connections: int
    users: int
    seed: int


def run(settings: Settings, output: Output, plan: Plan) -> int:
    """Loads the system that runs. Returns the exit code: an error if a request failed or an order was not finished."""
    wrk = next((path for folder in os.environ["PATH"].split(":") if (path := Path(folder) / "wrk").exists()), None)
    if wrk is None:
        raise Failure("make load needs wrk; on Debian and Ubuntu: apt-get install wrk")
    state = StateFile(settings.folder).read()
    parts = {part.name: part for part in state.alive()} if state else {}
    if not {"order", "billing", "notification", "postgres"} <= parts.keys():
        raise Failure("make load needs a system of private servers that runs; start one with `make up`")

    _describe(output, settings, plan)
    api = Api(parts["order"].address, output)
    billing = Api(parts["billing"].address, output)
    users = _customers(api, billing, plan)
    output.line(f"  {len(users)} users, each with {_DEPOSIT // 100} USD; seed {plan.seed}")
    urls = [parts[name].environment["DATABASE_URL"] for name in ("order", "billing", "notification")]
    orders_url, _, messages_url = urls
    _settle(orders_url, messages_url)
    sent = "messages WHERE kind = 'happy' AND status = 'sent'"
    account_before = _database_account(urls)
    before, mails_before = _cpu(parts), _count(messages_url, sent)

    began = time.monotonic()
    printed = _wrk(wrk, parts["order"].address, users, plan)
    ended = time.monotonic()
    answered = int(_found(r"(\d+) requests in", printed))
    refused = int(_found(r"Non-2xx or 3xx responses: (\d+)", printed, "0")) + sum(
        int(each) for each in re.findall(r"(?:connect|read|write|timeout) (\d+)", _found(r"(Socket errors:.*)", printed, ""))
    )
    accepted = answered - refused
    if accepted <= 0:
        raise Failure("no order was accepted; wrk says:", printed.splitlines())
    final_at = _when(lambda: _count(orders_url, "orders WHERE status = 'pending'") == 0)
    mailed_at = _when(lambda: _count(messages_url, sent) - mails_before >= accepted)
    _settle(orders_url, messages_url)
    mails = _count(messages_url, sent) - mails_before
    after = _cpu(parts)
    account = [late - early for early, late in zip(account_before, _database_account(urls))]

    # wrk does not wait for the answers to its last requests, which are orders all the same.
    done = max(accepted, mails)
    output.line()
    half, nearly_all = _found(r"50%\s+(\S+)", printed), _found(r"99%\s+(\S+)", printed)
    output.line(f"  accepted        {accepted / (ended - began):8.0f} orders/s   answered in p50 {half}, p99 {nearly_all}")
    output.line(f"  refused         {refused:8d} requests")
    for what, count, at in (("final", done, final_at), ("mailed", mails, mailed_at)):
        output.line(f"  {what:15s} {count / (at - began):8.0f} orders/s   the last one {at - ended:.1f} s after the last request")
    output.line()
    total = 0.0
    for name in after:
        spent = (after[name] - before.get(name, 0.0)) / done
        total += spent
        output.line(f"  {name:15s} {spent:8.0f} µs of CPU per order   {_peak_megabytes(parts.get(name))}")
    output.line(f"  {'together':15s} {total:8.0f} µs of CPU per order, the generator apart")
    output.line()
    output.line(
        f"  in PostgreSQL: {account[0] / done:.2f} commits, {account[1] / done:.2f} syncs of the log, "
        f"{account[2] / done:,.0f} bytes of log and {account[3] / done:,.0f} bytes of data per order"
    )
    if refused:
        output.line(f"\n{refused} requests were refused.")
    return 1 if refused else 0


def _describe(output: Output, settings: Settings, plan: Plan) -> None:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    output.line(f"  {os.cpu_count()} cores ({model[1] if model else 'unknown'}), executables of {relative(settings.executables)}")
    output.line(f"  {plan.connections} connections for {plan.seconds} s, everything on this machine")


def _customers(api: Api, billing: Api, plan: Plan) -> list[str]:
    def make(number: int) -> str:
        mail = f"load-{plan.seed}-{number}-{time.time_ns()}@example.com"
        user = api.send("POST", "/users", {"email": mail, "name": "Load"}, quietly=True).body["id"]
        deadline = time.monotonic() + _SETTLE_WITHIN
        while billing.send("POST", f"/accounts/{user}/deposits", {"amount": {"amount": _DEPOSIT}}, quietly=True).status != 201:
            if time.monotonic() > deadline:
                raise Failure(f"billing has opened no account for {user}")
            time.sleep(_LOOK_EVERY)
        return user

    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(make, range(plan.users)))


def _wrk(wrk: Path, address: str, users: list[str], plan: Plan) -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_SCRIPT % (", ".join(f'"{user}"' for user in users), random.Random(plan.seed).randrange(2**31)))
        script.flush()
        command = [wrk, "-t1", f"-c{plan.connections}", f"-d{plan.seconds}s", "--timeout", "30s", "--latency", "-s", script.name]
        command.append(f"{address}/orders")
        result = subprocess.run(command, capture_output=True, text=True, timeout=plan.seconds + 60, check=False)
    if result.returncode != 0:
        raise Failure("wrk failed:", (result.stdout + result.stderr).splitlines()[-5:])
    return result.stdout


def _settle(orders_url: str, messages_url: str) -> None:
    _when(lambda: _count(orders_url, "orders WHERE status = 'pending'") == 0)
    _when(lambda: _count(messages_url, "messages WHERE status = 'queued'") == 0)


def _when(holds) -> float:
    """The time at which something held, looked at ten times a second."""
    deadline = time.monotonic() + _SETTLE_WITHIN
    while not holds():
        if time.monotonic() > deadline:
            raise Failure(f"not everything was finished within {_SETTLE_WITHIN:.0f} s")
        time.sleep(_LOOK_EVERY)
    return time.monotonic()


def _count(url: str, source: str) -> int:
    return int(databases.query(url, f"SELECT count(*) FROM {source}"))


def _database_account(urls: list[str]) -> list[int]:
    """Commits, syncs of the write-ahead log, its bytes, and the size of the services' databases, since the server was made."""
    row = databases.query(
        urls[0],
        "SELECT (SELECT sum(xact_commit) FROM pg_stat_database), "
        # PostgreSQL 18 counts them elsewhere.
        "(SELECT coalesce((to_jsonb(log) ->> 'wal_sync')::bigint, 0) FROM pg_stat_wal AS log), "
        "pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint",
    )
    size = sum(int(databases.query(url, "SELECT pg_database_size(current_database())")) for url in urls)
    return [*(int(each) for each in row.split("|")), size]


def _cpu(parts: dict[str, Part]) -> dict[str, float]:
    """Microseconds that each part has used, PostgreSQL's with those of its sessions, ended ones included."""
    spent = {}
    for name, part in parts.items():
        pids = [part.pid] + (_children(part.pid) if name == "postgres" else [])
        spent[name] = sum(_used(pid) for pid in pids) * _TICK
    return spent


def _used(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0
    return sum(int(each) for each in fields[11:15])


def _children(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(folder.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _peak_megabytes(part: Part | None) -> str:
    if part is None or part.group != "services":
        return ""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{part.pid}/status").read_text())
    return f"{int(found[1]) / 1024:.0f} MB at most" if found else ""


def _found(pattern: str, text: str, otherwise: str | None = None) -> str:
    found = re.search(pattern, text)
    if found is None:
        if otherwise is None:
            raise Failure(f"wrk's report has no {pattern}:", text.splitlines())
        return otherwise
    return found[1]
