#!/usr/bin/env bash
# Stands in for the entry point of the postgres image: makes the cluster once, runs the scripts of /docker-entrypoint-initdb.d, then the server.
set -euo pipefail

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # Open to the machine itself and to passwords from elsewhere, as the real image's clusters are.
    initdb --pgdata "$PGDATA" --username postgres --encoding UTF8 --no-locale --auth trust --pwfile <(printf '%s\n' "$POSTGRES_PASSWORD") >/dev/null
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    pg_ctl --pgdata "$PGDATA" --wait --silent --log /tmp/initialisation.log --options "-c listen_addresses=''" start
    for script in /docker-entrypoint-initdb.d/*.sh; do
        echo "running $script"
        "$script"
    done
    pg_ctl --pgdata "$PGDATA" --wait --silent --mode fast stop
fi
exec "$@" -c listen_addresses='*'
