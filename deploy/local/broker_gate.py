#!/usr/bin/env python3
"""A Kafka-aware TCP gate in front of the local broker.

The local broker (noida-db) speaks Kafka's protocol well, but it never expires
a group member that died, it answers a Fetch at once when there is nothing, so
that idle consumers ask thousands of times a second, and nothing can make it
fail on demand. The gate stands between clients and broker and

* evicts group members that were silent for their session timeout, by sending
  the LeaveGroup request that a dead client cannot send;
* lets a member join its group again only when all have their answer who joined
  before it had its own: the broker forgets a JoinGroup that it has not answered
  when another member joins again, and two instances would wait for ever;
* holds an empty Fetch answer until something is produced to one of its topics
  or the client's maximum wait is over, as Kafka does;
* rewrites the broker's advertised port to its own, so that clients stay here;
* injects faults on request: lost connections, refused connections, stalls,
  delays, and answers that never arrive.

Only the standard library is used. Production never runs this program.

Control endpoint (``--control``), plain HTTP GET, every answer is the
statistics as JSON:

========================  =====================================================
``/stats``                counts only, changes nothing
``/cut``                  abort every open connection
``/refuse?ms=N``          abort every open connection, refuse new ones for N ms
``/stall?ms=N``           hold back all bytes in both directions for N ms
``/delay?ms=N``           delay every frame by N ms from now on (0 ends it)
``/drop?api=K&n=N``       for the next N answers to requests of API key K:
                          swallow the answer and cut the connection
``/heal``                 end every fault that is in force
========================  =====================================================
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import struct
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, urlparse

log = logging.getLogger("broker-gate")

# Numbers of the Kafka protocol: https://kafka.apache.org/protocol#protocol_api_keys
PRODUCE = 0
FETCH = 1
METADATA = 3
OFFSET_COMMIT = 8
FIND_COORDINATOR = 10
JOIN_GROUP = 11
HEARTBEAT = 12
LEAVE_GROUP = 13
SYNC_GROUP = 14
API_VERSIONS = 18
DESCRIBE_CLUSTER = 60

# The first version of each request we read that uses compact ("flexible") encoding.
FIRST_FLEXIBLE_VERSION = {
    PRODUCE: 9,
    FETCH: 12,
    OFFSET_COMMIT: 8,
    JOIN_GROUP: 6,
    HEARTBEAT: 4,
    LEAVE_GROUP: 4,
    SYNC_GROUP: 4,
}
MEMBERSHIP_REQUESTS = (OFFSET_COMMIT, JOIN_GROUP, HEARTBEAT, LEAVE_GROUP, SYNC_GROUP)
# The versions of Fetch whose answers the gate can read; others are passed on as they are.
READABLE_FETCH_VERSIONS = range(4, 14)
FIRST_FETCH_WITH_TOPIC_IDS = 13
# The answers that carry the broker's host and port.
ADDRESS_ANSWERS = (METADATA, FIND_COORDINATOR, DESCRIBE_CLUSTER)

# Kafka's own limit for a request is 100 MB; a longer frame is not Kafka.
LARGEST_FRAME = 256 << 20
LARGEST_PIPELINE = 4096
STREAM_BUFFER = 1 << 20
SWEEP_SECONDS = 0.2
# The broker answers all members of a group within some 20 ms of each other.
JOIN_PATIENCE_SECONDS = 1.0
REMEMBERED_PRODUCTIONS = 256

Address = tuple[str, int]
Member = tuple[bytes, bytes]


class AnswerDroppedError(ConnectionError):
    """An answer was swallowed on purpose; its connection ends."""


class FrameError(ConnectionError):
    """The peer sent something that is not a Kafka frame."""


@dataclass
class Options:
    """What the command line decides."""

    listen: Address
    target: Address
    reap: bool = False
    fix_api_versions: bool = False
    long_poll: bool = True


@dataclass
class Faults:
    """The faults in force; times are of the monotonic clock, in seconds."""

    refuse_until: float = 0.0
    stall_until: float = 0.0
    delay: float = 0.0
    drops: dict[int, int] = field(default_factory=dict)

    def heal(self) -> None:
        """Ends every fault."""
        self.refuse_until = self.stall_until = self.delay = 0.0
        self.drops.clear()

    def takes(self, api: int) -> bool:
        """Whether the next answer of this API is to be swallowed; counts it down."""
        left = self.drops.get(api, 0)
        if left > 0:
            self.drops[api] = left - 1
        return left > 0

    async def hold(self) -> None:
        """Waits as long as the stall and the delay in force demand."""
        while (rest := self.stall_until - time.monotonic()) > 0:
            await asyncio.sleep(min(rest, 0.1))
        if self.delay > 0:
            await asyncio.sleep(self.delay)


@dataclass
class Statistics:
    """Counts since the start."""

    connections: int = 0
    cuts: int = 0
    dropped: int = 0
    evicted: list[tuple[str, str, float]] = field(default_factory=list)


@dataclass
class Membership:
    """When a group member was last heard of, and through which connection."""

    last_seen: float
    session_seconds: float
    joining: bool
    """It waits in JoinGroup: silence is in order as long as its connection lives."""
    connection: Connection

    def is_dead(self, now: float) -> bool:
        return not self.joining and now - self.last_seen > self.session_seconds


@dataclass
class Request:
    """A request that waits for its answer."""

    api: int
    version: int
    frame: bytes | None = None
    """Kept of a Fetch, which may have to be asked again."""
    wait_until: float = 0.0
    """When a Fetch must be answered, even with nothing."""
    sequence: int = 0
    """How many productions the gate had seen when the request was passed on."""
    topics: list[bytes] | None = None
    """Where a Produce appends; None for anywhere."""

    def reads(self, topics: list[bytes] | None) -> bool:
        """Whether this Fetch may read one of the topics; it is asked in vain once in a while."""
        if topics is None or self.frame is None or self.version >= FIRST_FETCH_WITH_TOPIC_IDS:
            return True
        return any(topic in self.frame for topic in topics)


class Productions:
    """What was produced through the gate, and the Fetch requests that wait for more."""

    def __init__(self) -> None:
        self.count = 0
        self._recent: deque[tuple[int, list[bytes] | None]] = deque(maxlen=REMEMBERED_PRODUCTIONS)
        self._waiting: dict[asyncio.Future[bool], Request] = {}

    def note(self, topics: list[bytes] | None) -> None:
        """The broker acknowledged records; the Fetch requests that they concern are woken."""
        self.count += 1
        self._recent.append((self.count, topics))
        for future, request in self._waiting.items():
            if not future.done() and request.reads(topics):
                future.set_result(True)

    def concern(self, request: Request) -> bool:
        """Whether something that this Fetch may read was produced after it was passed on."""
        if self.count - request.sequence > REMEMBERED_PRODUCTIONS:
            return True
        return any(
            number > request.sequence and request.reads(topics) for number, topics in self._recent
        )

    async def wait(self, request: Request, future: asyncio.Future[bool]) -> bool:
        """Whether something came for this Fetch before its time was over or somebody said no."""
        self._waiting[future] = request
        try:
            return await asyncio.wait_for(future, request.wait_until - time.monotonic())
        except asyncio.TimeoutError:
            return False
        finally:
            del self._waiting[future]


class Joins:
    """JoinGroup requests that wait for their answer, each with what it wakes."""

    def __init__(self) -> None:
        self._waiting: dict[Member, asyncio.Event] = {}
        self._due: set[Member] = set()

    async def enter(self, member: Member) -> None:
        """A member joins; returns when the broker owes nobody an answer of the last round."""
        due = [other for other in self._due if other[0] == member[0] and other != member]
        owed = [self._waiting[other] for other in due]
        if owed:
            answers = [asyncio.ensure_future(event.wait()) for event in owed]
            _, late = await asyncio.wait(answers, timeout=JOIN_PATIENCE_SECONDS)
            for answer in late:
                answer.cancel()
        self.leave(member)
        self._waiting[member] = asyncio.Event()

    def answered(self, member: Member) -> None:
        """The member has its answer; now the others of its group are due."""
        self.leave(member)
        self._due.update(other for other in self._waiting if other[0] == member[0])

    def leave(self, member: Member) -> None:
        """The member does not wait any more."""
        self._due.discard(member)
        if event := self._waiting.pop(member, None):
            event.set()


class BodyReader:
    """Reads the fields of a frame, in classic or compact encoding."""

    def __init__(self, frame: bytes, offset: int, flexible: bool) -> None:
        self._frame = frame
        self.offset = offset
        self._flexible = flexible

    def int16(self) -> int:
        value: int = struct.unpack_from(">h", self._frame, self.offset)[0]
        self.offset += 2
        return value

    def int32(self) -> int:
        value: int = struct.unpack_from(">i", self._frame, self.offset)[0]
        self.offset += 4
        return value

    def skip(self, count: int) -> None:
        self.offset += count
        if self.offset > len(self._frame):
            raise IndexError("the frame is too short")

    def count(self) -> int:
        """The length of an array; a null array has none."""
        return max(0, self.varint() - 1 if self._flexible else self.int32())

    def data_length(self) -> int:
        """The length of the bytes that follow; -1 for null."""
        return self.varint() - 1 if self._flexible else self.int32()

    def tags(self) -> None:
        """Skips tagged fields, which only the compact encoding has."""
        if not self._flexible:
            return
        for _ in range(self.varint()):
            self.varint()
            self.skip(self.varint())

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._frame[self.offset]
            self.offset += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def string(self) -> bytes | None:
        length = self.varint() - 1 if self._flexible else self.int16()
        if length < 0:
            return None
        value = self._frame[self.offset : self.offset + length]
        self.offset += length
        return bytes(value)


class Connection:
    """One client's connection and its twin to the broker."""

    def __init__(self, gate: Gate, client: asyncio.StreamWriter) -> None:
        self._gate = gate
        self._client = client
        self._broker: asyncio.StreamWriter | None = None
        self._pending: dict[int, Request] = {}
        self._held: asyncio.Future[bool] | None = None
        self._joins: dict[int, Member] = {}
        self._session_seconds: dict[bytes, float] = {}

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Carries frames both ways until either side ends."""
        broker, self._broker = await asyncio.open_connection(
            *self._gate.options.target, limit=STREAM_BUFFER
        )
        pumps = [
            asyncio.ensure_future(self._pump(reader, self._broker, self._on_request)),
            asyncio.ensure_future(self._pump(broker, self._client, self._on_answer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for outcome in await asyncio.gather(*pumps, return_exceptions=True):
                if isinstance(outcome, FrameError):
                    log.warning("closing a connection: %s", outcome)

    def cut(self) -> None:
        """Aborts both sides at once, like a broken cable."""
        for writer in (self._client, self._broker):
            if writer is not None:
                writer.transport.abort()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        look_at: Callable[[bytes], Awaitable[bytes | None]],
    ) -> None:
        while True:
            (length,) = struct.unpack(">i", await reader.readexactly(4))
            if not 4 <= length <= LARGEST_FRAME:
                raise FrameError(f"a frame of {length} bytes is not Kafka's protocol")
            frame = await reader.readexactly(length)
            await self._gate.faults.hold()
            passed_on = await look_at(frame)
            if passed_on is not None:
                writer.write(struct.pack(">i", len(passed_on)) + passed_on)
                await writer.drain()

    async def _on_request(self, frame: bytes) -> bytes:
        if len(frame) < 10:
            raise FrameError("a request without a header")
        api, version, correlation = struct.unpack_from(">hhi", frame, 0)
        request = Request(api, version, sequence=self._gate.productions.count)
        self._pending[correlation] = request
        if len(self._pending) > LARGEST_PIPELINE:
            # Requests that are never answered (acks=0) would pile up.
            self._pending.pop(next(iter(self._pending)))
        if self._held is not None and not self._held.done():
            # Answers keep the order of the requests: nothing may wait behind a Fetch that is held.
            self._held.set_result(False)
        try:
            self._read_request(request, correlation, frame)
        except (struct.error, IndexError) as error:
            log.warning("unreadable request, api %d version %d: %s", api, version, error)
        if joining := self._joins.get(correlation):
            await self._gate.joins.enter(joining)
        return frame

    def _read_request(self, request: Request, correlation: int, frame: bytes) -> None:
        api, version, options = request.api, request.version, self._gate.options
        if api not in FIRST_FLEXIBLE_VERSION:
            return
        (client_id_length,) = struct.unpack_from(">h", frame, 8)
        body = BodyReader(
            frame, 10 + max(client_id_length, 0), version >= FIRST_FLEXIBLE_VERSION[api]
        )
        body.tags()
        if api == PRODUCE and options.long_poll:
            request.topics = produced_topics(body, version)
        elif api == FETCH and options.long_poll and version in READABLE_FETCH_VERSIONS:
            body.int32()  # The replica id.
            request.wait_until = time.monotonic() + body.int32() / 1000
            request.frame = frame
        elif api in MEMBERSHIP_REQUESTS and options.reap:
            self._note_membership(api, version, correlation, body)

    def _note_membership(self, api: int, version: int, correlation: int, body: BodyReader) -> None:
        group = body.string() or b""
        now = time.monotonic()
        members = self._gate.members
        if api == JOIN_GROUP:
            session_seconds = body.int32() / 1000
            if version >= 1:
                body.int32()  # The rebalance timeout.
            self._session_seconds[group] = session_seconds
            if member_id := body.string():
                members[group, member_id] = Membership(now, session_seconds, True, self)
                self._joins[correlation] = (group, member_id)
        elif api == LEAVE_GROUP:
            for member in [
                m for m, known in members.items() if m[0] == group and known.connection is self
            ]:
                del members[member]
        else:
            body.int32()  # The generation.
            member_id = body.string()
            if not member_id:
                return
            if known := members.get((group, member_id)):
                known.last_seen, known.joining, known.connection = now, False, self
            elif group in self._session_seconds:
                members[group, member_id] = Membership(
                    now, self._session_seconds[group], False, self
                )

    async def _on_answer(self, frame: bytes) -> bytes | None:
        """What the client is to get; None when the request was asked again instead."""
        (correlation,) = struct.unpack_from(">i", frame, 0)
        request = self._pending.pop(correlation, None)
        if request is None:
            return frame
        joined = self._joins.pop(correlation, None)
        if joined:
            self._gate.joins.answered(joined)
        if joined and (known := self._gate.members.get(joined)):
            known.last_seen, known.joining = time.monotonic(), False
        if request.api == PRODUCE:
            self._gate.productions.note(request.topics)
        if request.frame is not None and await self._is_worth_asking_again(request, frame):
            request.sequence = self._gate.productions.count
            self._pending[correlation] = request
            if self._broker is not None:
                self._broker.write(struct.pack(">i", len(request.frame)) + request.frame)
            return None
        if self._gate.faults.takes(request.api):
            self._gate.statistics.dropped += 1
            raise AnswerDroppedError
        if (
            request.api == API_VERSIONS
            and request.version >= 3
            and self._gate.options.fix_api_versions
        ):
            return without_api_versions_tags(frame)
        if request.api in ADDRESS_ANSWERS and self._gate.rewrite:
            return frame.replace(*self._gate.rewrite)
        return frame

    async def _is_worth_asking_again(self, request: Request, answer: bytes) -> bool:
        """Holds an empty Fetch answer; whether records for it came before its time was over."""
        if (
            self._pending
            or time.monotonic() >= request.wait_until
            or not is_empty_fetch(answer, request.version)
        ):
            return False
        if self._gate.productions.concern(request):
            return True
        self._held = asyncio.get_running_loop().create_future()
        try:
            came = await self._gate.productions.wait(request, self._held)
        finally:
            self._held = None
        return came and not self._pending

    def forget_joins(self) -> None:
        """After the connection ended its members have their session timeout to come back."""
        now = time.monotonic()
        for known in self._gate.members.values():
            if known.connection is self and known.joining:
                known.last_seen, known.joining = now, False
        for member in self._joins.values():
            self._gate.joins.leave(member)


class Gate:
    """All connections, the group members seen through them, and the faults in force."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.faults = Faults()
        self.statistics = Statistics()
        self.productions = Productions()
        self.members: dict[Member, Membership] = {}
        self.joins = Joins()
        self.rewrite: tuple[bytes, bytes] | None = None
        self._open: set[Connection] = set()
        if options.listen[0] == options.target[0]:
            # The same host keeps the length of the answer, so that a plain replacement is enough.
            host = options.target[0].encode()
            self.rewrite = (
                host + struct.pack(">i", options.target[1]),
                host + struct.pack(">i", options.listen[1]),
            )

    async def serve_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Serves one client connection to its end."""
        if time.monotonic() < self.faults.refuse_until:
            writer.transport.abort()
            return
        connection = Connection(self, writer)
        self._open.add(connection)
        self.statistics.connections += 1
        try:
            await connection.serve(reader)
        except OSError as error:
            log.warning("the broker does not answer at %s:%d: %s", *self.options.target, error)
        finally:
            self._open.discard(connection)
            connection.forget_joins()
            connection.cut()

    def cut_all(self) -> None:
        """Aborts every open connection."""
        self.statistics.cuts += len(self._open)
        for connection in list(self._open):
            connection.cut()

    async def evict_silent_members(self) -> None:
        """Runs for ever: sends LeaveGroup for each member that outlived its session timeout."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = time.monotonic()
            for member in [m for m, known in self.members.items() if known.is_dead(now)]:
                del self.members[member]
                group, member_id = (part.decode(errors="replace") for part in member)
                self.statistics.evicted.append((group, member_id, round(time.time(), 1)))
                log.info(
                    "evicting %s from group %s: silent for its session timeout", member_id, group
                )
                try:
                    await asyncio.wait_for(send_leave_group(self.options.target, member), 5)
                except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
                    log.warning("could not evict %s from group %s: %r", member_id, group, error)

    async def serve_control(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answers one HTTP request of the control endpoint."""
        status, answer = HTTPStatus.OK, {}
        try:
            line = await asyncio.wait_for(reader.readline(), 5)
            url = urlparse(line.split()[1].decode())
            self.control(
                url.path, {name: values[-1] for name, values in parse_qs(url.query).items()}
            )
            answer = self.report()
        except LookupError as error:
            status, answer = HTTPStatus.NOT_FOUND, {"error": f"unknown: {error}"}
        except ValueError as error:
            status, answer = HTTPStatus.BAD_REQUEST, {"error": str(error)}
        except (OSError, asyncio.TimeoutError):
            writer.close()
            return
        body = json.dumps(answer).encode()
        head = (
            f"HTTP/1.0 {status.value} {status.phrase}\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        try:
            writer.write(head.encode() + body)
            await writer.drain()
        except OSError:
            pass
        writer.close()

    def control(self, path: str, query: dict[str, str]) -> None:
        """Puts a fault in force.

        Raises LookupError for an unknown path, ValueError for a bad number.
        """
        now = time.monotonic()
        if path == "/stats":
            pass
        elif path == "/cut":
            self.cut_all()
        elif path == "/refuse":
            self.faults.refuse_until = now + seconds(query)
            self.cut_all()
        elif path == "/stall":
            self.faults.stall_until = now + seconds(query)
        elif path == "/delay":
            self.faults.delay = seconds(query)
        elif path == "/drop":
            self.faults.drops[number(query, "api")] = number(query, "n", 1)
        elif path == "/heal":
            self.faults.heal()
        else:
            raise LookupError(path)

    def report(self) -> dict[str, object]:
        """The statistics, as the control endpoint shows them."""
        return {
            "conns": self.statistics.connections,
            "open": len(self._open),
            "members": len(self.members),
            "cuts": self.statistics.cuts,
            "dropped": self.statistics.dropped,
            "reaped": self.statistics.evicted,
        }


def number(query: dict[str, str], name: str, default: int | None = None) -> int:
    """A non-negative whole number of the query."""
    text = query.get(name)
    if text is None and default is not None:
        return default
    if text is None or not text.isdecimal():
        raise ValueError(f"{name} must be a non-negative whole number")
    return int(text)


def seconds(query: dict[str, str]) -> float:
    """The query's milliseconds, in seconds."""
    return number(query, "ms") / 1000


def without_api_versions_tags(frame: bytes) -> bytes:
    """An ApiVersions answer without tagged fields, which librdkafka 2.0 cannot always read."""
    if frame[4:6] != b"\0\0":
        return frame
    body = BodyReader(frame, 6, True)
    count = body.varint() - 1
    end = body.offset + 7 * count + 4
    return frame[:end] + b"\0" if end < len(frame) else frame


def produced_topics(body: BodyReader, version: int) -> list[bytes]:
    """The topics of a Produce request."""
    if version >= 3:
        body.string()  # The transactional id.
    body.skip(2 + 4)  # The acknowledgements and the timeout.
    topics = []
    for _ in range(body.count()):
        topics.append(body.string() or b"")
        for _ in range(body.count()):
            body.skip(4)  # The partition.
            body.skip(max(0, body.data_length()))
            body.tags()
        body.tags()
    return topics


def is_empty_fetch(frame: bytes, version: int) -> bool:
    """Whether a Fetch answer carries neither records nor an error."""
    try:
        return not fetch_has_news(
            BodyReader(frame, 4, version >= FIRST_FLEXIBLE_VERSION[FETCH]), version
        )
    except (struct.error, IndexError) as error:
        log.warning("unreadable Fetch answer, version %d: %s", version, error)
        return False


def fetch_has_news(body: BodyReader, version: int) -> bool:
    """Whether the Fetch answer has records or an error."""
    body.tags()
    body.skip(4)  # The throttle time.
    if version >= 7:
        if body.int16() != 0:
            return True
        body.skip(4)  # The session.
    for _ in range(body.count()):
        if version >= FIRST_FETCH_WITH_TOPIC_IDS:
            body.skip(16)
        else:
            body.string()
        for _ in range(body.count()):
            body.skip(4)  # The partition.
            if body.int16() != 0:
                return True
            body.skip(
                24 if version >= 5 else 16
            )  # The high watermark, last stable and first offset.
            for _ in range(body.count()):
                body.skip(16)  # An aborted transaction.
                body.tags()
            if version >= 11:
                body.skip(4)  # The preferred replica.
            if body.data_length() > 0:
                return True
            body.tags()
        body.tags()
    return False


async def send_leave_group(target: Address, member: Member) -> None:
    """Sends LeaveGroup, version 3, in the member's name and waits for the answer."""

    def string(value: bytes) -> bytes:
        return struct.pack(">h", len(value)) + value

    group, member_id = member
    header = struct.pack(">hhi", LEAVE_GROUP, 3, 1) + string(b"broker-gate")
    no_instance_id = struct.pack(">h", -1)
    request = header + string(group) + struct.pack(">i", 1) + string(member_id) + no_instance_id
    reader, writer = await asyncio.open_connection(*target)
    try:
        writer.write(struct.pack(">i", len(request)) + request)
        await writer.drain()
        (length,) = struct.unpack(">i", await reader.readexactly(4))
        await reader.readexactly(length)
    finally:
        writer.close()


async def run(options: Options, control: Address | None) -> None:
    """Serves until the process is ended."""
    gate = Gate(options)
    servers = [await asyncio.start_server(gate.serve_client, *options.listen, limit=STREAM_BUFFER)]
    if control:
        servers.append(await asyncio.start_server(gate.serve_control, *control))
    tasks = [asyncio.ensure_future(server.serve_forever()) for server in servers]
    if options.reap:
        tasks.append(asyncio.ensure_future(gate.evict_silent_members()))
    log.info("gate open at %s:%d for the broker at %s:%d", *options.listen, *options.target)
    await asyncio.gather(*tasks)


def address(text: str) -> Address:
    """Parses HOST:PORT for argparse."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not HOST:PORT")
    return host, int(port)


def main() -> int:
    """Parses the command line and serves; the result is the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--listen", type=address, required=True, metavar="HOST:PORT", help="where clients connect"
    )
    parser.add_argument(
        "--target",
        type=address,
        required=True,
        metavar="HOST:PORT",
        help="where the broker listens",
    )
    parser.add_argument(
        "--control",
        type=address,
        metavar="HOST:PORT",
        help="where faults are ordered (off by default)",
    )
    parser.add_argument(
        "--reap",
        action="store_true",
        help="evict group members that were silent for their session timeout",
    )
    parser.add_argument(
        "--fix-apiversions",
        action="store_true",
        help="strip tagged fields from ApiVersions answers",
    )
    parser.add_argument(
        "--no-long-poll", action="store_true", help="pass empty Fetch answers on at once"
    )
    parser.add_argument(
        "--verbose", action="store_true", help="log evictions too, not only warnings"
    )
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO if arguments.verbose else logging.WARNING,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
    )
    options = Options(
        arguments.listen,
        arguments.target,
        reap=arguments.reap,
        fix_api_versions=arguments.fix_apiversions,
        long_poll=not arguments.no_long_poll,
    )
    try:
        asyncio.run(run(options, arguments.control))
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        log.error("cannot listen: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
