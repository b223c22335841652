#!/usr/bin/env bash
# Stands in for Apache Kafka: noida-db behind our gate, as `make run` has it, at the container's own address.
set -euo pipefail

# An address, not the name: the broker looks the name up and tells clients the address, and the gate rewrites only what it knows.
address=$(hostname -i | cut -d ' ' -f 1)
noida-db start --data-dir "$KAFKA_LOG_DIRS/noida" --host "$address" --only kafka --kafka-port 19092 &
broker=$!
python3 -B /usr/local/lib/broker_gate.py --reap --verbose --control 127.0.0.1:9099 --listen "$address:9092" --target "$address:19092" &
gate=$!
trap 'kill "$broker" "$gate"' TERM INT
# Whichever ends first ends the container.
wait -n "$broker" "$gate" || true
kill "$broker" "$gate" 2>/dev/null || true
wait
