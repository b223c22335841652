#!/usr/bin/env bash
# Stands in for Apache Kafka: noida-db behind our gate, as `make run` has it, on the name that compose advertises inside its network.
set -euo pipefail

name=$(sed 's/.*INSIDE:\/\/\([^:]*\):.*/\1/' <<<"$KAFKA_ADVERTISED_LISTENERS")
noida-db start --data-dir "$KAFKA_LOG_DIRS/noida" --host "$name" --only kafka --kafka-port 19092 &
broker=$!
# The gate rewrites the port that the broker advertises, not the host: both have to be the same.
python3 -B /usr/local/lib/broker_gate.py --reap --verbose --listen "$name:9092" --target "$name:19092" &
gate=$!
trap 'kill "$broker" "$gate"' TERM INT
# Whichever ends first ends the container.
wait -n "$broker" "$gate" || true
kill "$broker" "$gate" 2>/dev/null || true
wait
