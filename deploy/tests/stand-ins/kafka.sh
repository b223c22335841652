#!/usr/bin/env bash
# Stands in for Apache Kafka: noida-db behind our gate, as `make run` has it, on the name that compose advertises inside its network.
set -euo pipefail

name=$(sed 's/.*INSIDE:\/\/\([^:]*\):.*/\1/' <<<"$KAFKA_ADVERTISED_LISTENERS")
noida-db start --data-dir "$KAFKA_LOG_DIRS/noida" --host "$name" --only kafka --kafka-port 19092 &
broker=$!
trap 'kill "$broker"' TERM INT
python3 -B /usr/local/lib/broker_gate.py --reap --listen 0.0.0.0:9092 --target "$name:19092" &
gate=$!
# Whichever ends first ends the container.
wait -n "$broker" "$gate" || true
kill "$broker" "$gate" 2>/dev/null || true
wait
