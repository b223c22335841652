#!/usr/bin/env bash
# One database and one role for each service, and a role for Debezium. The postgres image runs this once, when the volume is new.
set -euo pipefail

create() { # create DATABASE PASSWORD
    # psql quotes what :'…' and :"…" name. It does so in input, not in --command.
    psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --username postgres --set=database="$1" --set=role="$1_service" --set=password="$2" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"role";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL
}

create order "$ORDER_DATABASE_PASSWORD"
create billing "$BILLING_DATABASE_PASSWORD"
create notification "$NOTIFICATION_DATABASE_PASSWORD"

# As deploy/debezium/sql/role.sql: it may read the log, and connect.
psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --username postgres --set=password="$DEBEZIUM_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE debezium LOGIN REPLICATION PASSWORD :'password';
GRANT CONNECT ON DATABASE "order", billing, notification TO debezium;
SQL
