-- The role of the connectors, once for the server, by an administrator: psql -v user=debezium -v password=… -f role.sql
-- It may read the log, and connect; it needs no right to any table.
CREATE ROLE :"user" LOGIN REPLICATION PASSWORD :'password';
GRANT CONNECT ON DATABASE "order", billing, notification TO :"user";
