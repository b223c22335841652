#!/usr/bin/env bash
# Hands every connector file to Kafka Connect: PUT makes a connector, or changes the one that is there.
# order.json is the connector order-events, as the file itself says.
set -euo pipefail

for file in /connectors/files/*.json; do
    name=$(basename "$file" .json)-events
    echo "connector $name"
    curl --silent --show-error --fail-with-body --retry 10 --retry-connrefused --max-time 30 \
        --request PUT --header 'Content-Type: application/json' --data "@$file" "http://connect:8083/connectors/$name/config"
    echo
done
