"""Writes down every record of the given topics as it arrives: ``record_observer.py BOOTSTRAP FILE TOPIC…``, until SIGTERM.

A line of JSON each: topic, partition, offset, key, value and headers (base64), and the second of this machine's clock at which it came.
Prints ``ready`` when it reads. It belongs to no group, so it disturbs nobody's.
"""

from __future__ import annotations

import base64
import json
import signal
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition


def main() -> int:
    bootstrap, file, *topics = sys.argv[1:]
    going = True

    def stop(*_: object) -> None:
        nonlocal going
        going = False

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "record-observer",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 100,
            "receive.message.max.bytes": 1_000_000_000,
        }
    )
    known = consumer.list_topics(timeout=10).topics
    missing = [topic for topic in topics if topic not in known]
    if missing:
        print(f"these topics do not exist: {', '.join(missing)}", file=sys.stderr)
        return 1
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for topic in topics for number in known[topic].partitions])
    print("ready", flush=True)
    with open(file, "w") as output:
        while going:
            record = consumer.poll(0.1)
            arrived = time.time()
            if record is None:
                continue
            if record.error():
                print(record.error(), file=sys.stderr, flush=True)
                continue
            line = {
                "topic": record.topic(),
                "partition": record.partition(),
                "offset": record.offset(),
                "key": _text(record.key()),
                "value": _text(record.value()),
                "headers": [[name, _text(value)] for name, value in record.headers() or []],
                "arrived": arrived,
            }
            output.write(json.dumps(line) + "\n")
            output.flush()
    consumer.close()
    return 0


def _text(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


if __name__ == "__main__":
    sys.exit(main())
