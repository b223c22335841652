"""What was seen on the broker: records as the observer wrote them down, and how two relays' records of the same events compare."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Record:
    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    arrived: float
    """Seconds of this machine's clock."""

    @property
    def event_id(self) -> str:
        return next((value.decode() for name, value in self.headers if name == "ce_id" and value), "")

    @property
    def type(self) -> str:
        return next((value.decode() for name, value in self.headers if name == "ce_type" and value), "")


class Observations:
    """The observer's file, which grows; whole lines only."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._position = 0
        self.records: list[Record] = []

    def read(self) -> list[Record]:
        """Everything so far, in the order of arrival."""
        with self._file.open("rb") as file:
            file.seek(self._position)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._position += len(whole)
        for line in whole.splitlines():
            self.records.append(_record(json.loads(line)))
        return self.records


def _record(line: dict) -> Record:
    headers = tuple((name, _bytes(value)) for name, value in line["headers"])
    return Record(line["topic"], line["partition"], _bytes(line["key"]), _bytes(line["value"]), headers, line["arrived"])


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def differences(ours: Iterable[Record], theirs: Iterable[Record], what: str) -> tuple[int, list[str]]:
    """How many events both have published, and where the named attribute of their records is not the same."""
    known = {record.event_id: record for record in theirs}
    compared, found = 0, []
    for record in ours:
        other = known.get(record.event_id)
        if other is None:
            continue
        compared += 1
        mine, its = getattr(record, what), getattr(other, what)
        if mine != its:
            found.append(f"{record.type} {record.event_id}: {mine!r} is not {its!r}")
    return compared, found


def sequences(records: Iterable[Record]) -> dict[tuple[str, int, bytes | None], list[str]]:
    """The event ids of each topic, partition and key in the order of arrival, an event's first record only."""
    found: dict[tuple[str, int, bytes | None], list[str]] = defaultdict(list)
    seen = set()
    for record in records:
        if record.event_id not in seen:
            seen.add(record.event_id)
            found[record.topic, record.partition, record.key].append(record.event_id)
    return dict(found)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(len(ordered) * share * 1000) // 1000) - 1)]
