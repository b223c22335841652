#!/usr/bin/env bash
# Makes each database's replication slot, if it is not there. The server and its superuser come from the environment.
set -euo pipefail

for database in order billing notification; do
    echo "slot of $database"
    psql --no-psqlrc --set=ON_ERROR_STOP=1 --dbname "$database" --file /slots/slot.sql
done
