"""AsyncAPI documents: by themselves, and the one of our events against the sources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator

from papers.files import TOP, BrokenReference, inlined, load, name, references, resolve, swift

EVENTS = TOP / "docs" / "asyncapi.yaml"
SCHEMAS = TOP / "Shared" / "EventContracts" / "Schemas"
GOLDEN = TOP / "Shared" / "Tests" / "EventContractsTests" / "Golden"
ENVELOPE = TOP / "Shared" / "EventContracts" / "Envelope"
CATALOGUE = TOP / "Shared" / "EventContracts" / "Catalogue" / "EventCatalogue.swift"
SETTINGS = TOP / "Shared" / "ServiceRuntime" / "Configuration" / "RuntimeKeys.swift"
SERVICES = ("order", "billing", "notification")

_FORMATS = Draft202012Validator.FORMAT_CHECKER


class AsyncAPI:
    """One document, with its references followed where that is needed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data: dict[str, Any] = load(path)

    def get(self, value: Any) -> Any:
        """The value itself, or what it refers to."""
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            return resolve(value["$ref"], self.path)[0]
        return value

    @property
    def channels(self) -> dict[str, dict]:
        return {key: self.get(channel) for key, channel in self.data["channels"].items()}

    @property
    def operations(self) -> dict[str, dict]:
        return self.data.get("operations", {})

    @property
    def messages(self) -> dict[str, dict]:
        return self.data["components"]["messages"]

    def schema(self, part: dict) -> dict:
        """The schema of a message's payload or headers, whole."""
        return inlined(part.get("schema", part), self.path)

    # MARK: The document by itself

    def invalid(self, official: dict) -> Iterator[str]:
        for error in sorted(Draft7Validator(official).iter_errors(self.data), key=lambda error: list(map(str, error.absolute_path))):
            # The message of a failed `oneOf` quotes the whole value; the deepest cause says more.
            cause = error
            while cause.context:
                cause = max(cause.context, key=lambda inner: len(inner.absolute_path))
            yield f"/{'/'.join(map(str, cause.absolute_path))}: {cause.message[:200]}"

    def broken_references(self) -> Iterator[str]:
        for reference in references(self.data):
            try:
                resolve(reference, self.path)
            except BrokenReference as error:
                yield str(error)

    def strange_operations(self) -> Iterator[str]:
        """An operation's messages must be those of its channel (AsyncAPI 3.0, Operation Object)."""
        for key, operation in self.operations.items():
            channel = operation["channel"]["$ref"]
            for message in operation.get("messages", []):
                if not message["$ref"].startswith(channel + "/messages/"):
                    yield f"{key}: {message['$ref']} is no message of {channel}"

    def unused(self) -> Iterator[str]:
        """Components that nothing refers to are leftovers."""
        used = set(references(self.data))
        for kind, components in self.data.get("components", {}).items():
            for key in components:
                if f"#/components/{kind}/{key}" not in used:
                    yield f"components/{kind}/{key} is not used"

    def bad_examples(self) -> Iterator[str]:
        for key, message in self.messages.items():
            if not message.get("examples"):
                yield f"{key} has no example"
            schema, headers = self.schema(message["payload"]), self.schema(message.get("headers", {}))
            for example in message.get("examples", []):
                for error in Draft202012Validator(schema, format_checker=_FORMATS).iter_errors(example["payload"]):
                    yield f"{key}: payload{error.json_path[1:]}: {error.message[:200]}"
                for error in Draft202012Validator(headers, format_checker=_FORMATS).iter_errors(example.get("headers", {})):
                    yield f"{key}: headers{error.json_path[1:]}: {error.message[:200]}"


# MARK: The document of our events against the sources


def differing(here: set, there: set, what_here: str, what_there: str) -> Iterator[str]:
    for one in sorted(map(str, here - there)):
        yield f"{one}: {what_here}, but not {what_there}"
    for one in sorted(map(str, there - here)):
        yield f"{one}: {what_there}, but not {what_here}"


def schemas_without_channel(document: AsyncAPI) -> Iterator[str]:
    """Schema files, the catalogue in Swift and the channels are one set; each channel's message points at its file."""
    files = {path.parent.name for path in SCHEMAS.glob("*/v*.json")}
    types = {document.get(message)["name"] for channel in document.channels.values() for message in channel["messages"].values()}
    listed = re.search(r"let all: \[any Event\.Type\] = \[(.*?)\]", _text(CATALOGUE), re.DOTALL)
    catalogue = set(re.findall(r"(\w+)\.self", listed[1])) if listed else set()
    yield from differing(types, files, "has a channel", "has a schema file")
    yield from differing({one.split(".")[1] for one in types}, catalogue, "has a channel", "is in EventCatalogue.all")
    for key, message in document.messages.items():
        newest = max(SCHEMAS.glob(f"{message['name']}/v*.json"), key=lambda path: int(path.stem[1:]), default=None)
        expected = f"../{name(newest)}" if newest else "a schema file"
        if message["payload"]["schema"]["$ref"] != expected:
            yield f"{key}: the payload is {message['payload']['schema']['$ref']}, not {expected}"


def wrong_topics(document: AsyncAPI) -> Iterator[str]:
    """Topics, headers and payloads are those of the golden records, which the Swift tests hold against the codecs."""
    for key, channel in document.channels.items():
        for message in (document.get(one) for one in channel["messages"].values()):
            golden = sorted(path for path in (GOLDEN / message["name"]).glob("v*.json") if ".schema" not in path.name)
            if not golden:
                yield f"{key}: there is no golden record of {message['name']}"
                continue
            record = load(golden[-1])
            if channel["address"] != record["topic"]:
                yield f"{key}: the address is {channel['address']}, the topic {record['topic']}"
            if record["key"] != record["payload"]["user_id"]:
                yield f"{key}: the golden record's key is not its user"
            for part in ("headers", "payload"):
                if message["examples"][0][part] != record[part]:
                    yield f"{key}: the example's {part} are not those of {name(golden[-1])}"


def wrong_headers(document: AsyncAPI) -> Iterator[str]:
    """The header names of EventHeader.swift; those that EncodedEvent.swift always writes are required, in no other number."""
    names = dict(re.findall(r'static let (\w+) = "([^"]+)"', _text(ENVELOPE / "EventHeader.swift")))
    encoder = _text(ENVELOPE / "EncodedEvent.swift")
    written = {names.get(one, one) for one in re.findall(r"add\(EventHeaderName\.(\w+)", encoder)}
    sometimes = {names.get(one, one) for one in re.findall(r"if let [^{\n]*\{ add\(EventHeaderName\.(\w+)", encoder)}
    schema = document.data["components"]["schemas"]["CloudEventHeaders"]
    yield from differing(set(schema["properties"]), set(names.values()), "is described", "is in EventHeader.swift")
    yield from differing(set(schema["properties"]), written, "is described", "is written by EncodedEvent.swift")
    yield from differing(set(schema["required"]), written - sometimes, "is required", "is always written")
    for key, message in document.messages.items():
        own = message["headers"]["allOf"][1]["properties"]
        expected = {"ce_source": "/" + message["name"].split(".")[0], "ce_type": message["name"]}
        for header, value in expected.items():
            if own[header]["const"] != value:
                yield f"{key}: {header} is {own[header]['const']}, not {value}"


def wrong_operations(document: AsyncAPI) -> Iterator[str]:
    """Who sends: whoever constructs the event in its sources. Who receives: whoever registers a handler of it."""
    said: dict[str, set] = {"send": set(), "receive": set()}
    for key, operation in document.operations.items():
        service = operation["tags"][0]["name"]
        event = document.get(operation["channel"])["title"]
        said[operation["action"]].add((service, event) if operation["action"] == "send" else (service, event, operation["x-handler"]))
        if key != f"{service}{operation['action'].capitalize()}s{event}":
            yield f"{key} should be called {service}{operation['action'].capitalize()}s{event}"
        binding = document.get(operation["bindings"])["kafka"]
        if binding["clientId"]["const"] != service or binding.get("groupId", {"const": service})["const"] != service:
            yield f"{key}: the binding is another service's"
        if ("groupId" in binding) != (operation["action"] == "receive"):
            yield f"{key}: a consumer group goes with receiving, and only with that"
    events = {message["title"] for message in document.messages.values()}
    sends, receives = set(), set()
    for service in SERVICES:
        folder = f"Services/{service.capitalize()}/Sources/{service.capitalize()}Service"
        sources = swift(f"{folder}/**/*.swift")
        handled = dict(
            found
            for text in sources.values()
            for found in re.findall(r"struct (\w+): EventHandler\b.*?func handle\(_ \w+: \[EventEnvelope<(\w+)>\]", text, re.DOTALL)
        )
        assembly = sources[TOP / folder / f"{service.capitalize()}Assembly.swift"]
        for handler in re.findall(r"handlers\.register\((\w+)\(", assembly):
            receives.add((service, handled.get(handler, "an unknown event"), handler))
        sends |= {(service, event) for event in events for text in sources.values() if re.search(rf"(?<![\w.<]){event}\(", text)}
    yield from differing(said["send"], sends, "is documented as sent", "is sent in the sources")
    yield from differing(said["receive"], receives, "is documented as received", "has a registered handler")


def wrong_status(document: AsyncAPI) -> Iterator[str]:
    """`x-status: designed` is said of the channels that nobody uses, and of those only."""
    used = {operation["channel"]["$ref"].rpartition("/")[2] for operation in document.operations.values()}
    for key, channel in document.channels.items():
        if (channel.get("x-status") == "designed") == (key in used):
            yield f"{key}: " + ("is in use and said to be only designed" if key in used else "is used by nobody; x-status does not say so")


def wrong_bindings(document: AsyncAPI) -> Iterator[str]:
    """Partitions and replicas are the defaults of the services' settings."""
    settings = SETTINGS.read_text()
    for binding, setting in (("partitions", "KAFKA_TOPIC_PARTITIONS"), ("replicas", "KAFKA_REPLICATION_FACTOR")):
        found = re.search(rf'"{setting}",\s*default: (\d+)', settings)
        expected = int(found[1]) if found else None
        for key, channel in document.channels.items():
            value = document.get(channel["bindings"])["kafka"][binding]
            if value != expected:
                yield f"{key}: {value} {binding}; the default of {setting} is {expected}"


def _text(path: Path) -> str:
    return path.read_text()
