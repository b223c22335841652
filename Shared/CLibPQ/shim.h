// libpq, the C client library of PostgreSQL. Only Shared/Postgres imports this module.
#pragma once
#include <libpq-fe.h>
