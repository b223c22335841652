// librdkafka, the C client library of Apache Kafka. Only Shared/Kafka imports this module.
#pragma once
#include <librdkafka/rdkafka.h>
