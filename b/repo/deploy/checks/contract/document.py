"""An OpenAPI document, with what the checks ask of it."""

import copy
import dataclasses
from urllib.parse import urlsplit

import yaml
from jsonschema import Draft202012Validator, FormatChecker

JSON = "application/json"
PROBLEM = "application/problem+json"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

# Headers of HTTP itself, which a document does not repeat.
PLAIN_HEADERS = {
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "date",
    "keep-alive",
    "server",
    "transfer-encoding",
    "vary",
    "via",
    "x-accel-buffering",
    "x-content-type-options",
}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One documented way for an operation to end. `problem` is the problem type of an error, otherwise None."""

    operation: str
    status: int
    media: str
    problem: str | None

    def __str__(self):
        return f"{self.operation} {self.status} {self.problem or self.media}"


def expand(node, root):
    """A copy of `node` with every reference replaced by what it names. Siblings of a `$ref` win, as OpenAPI 3.1 has it."""
    if isinstance(node, list):
        return [expand(each, root) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" not in node:
        return {key: expand(value, root) for key, value in node.items()}
    target = root
    for part in node["$ref"].removeprefix("#/").split("/"):
        target = target[part.replace("~1", "/").replace("~0", "~")]
    return {**expand(target, root), **{key: expand(value, root) for key, value in node.items() if key != "$ref"}}


def closed(schema):
    """A copy of `schema` that allows named properties only: an answer shows nothing that is not documented."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    if result.get("type") == "object" and "properties" in result:
        result.setdefault("additionalProperties", False)
    return result


def faults_of(value, schema):
    """What `schema` has against `value`, as sentences."""
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    return [
        f"{'/'.join(map(str, error.absolute_path)) or 'value'}: {error.message[:300]}"
        for error in validator.iter_errors(value)
    ]


class Document:
    """The document of one service."""

    def __init__(self, service, text):
        self.service = service
        self.text = text
        self.source = yaml.safe_load(text)
        self.data = expand(copy.deepcopy(self.source), self.source)
        self.operations = {}
        for path, item in self.data["paths"].items():
            prefix = urlsplit(item["servers"][0]["url"]).path if "servers" in item else ""
            for method in METHODS:
                if method in item:
                    operation = {**item[method], "method": method.upper(), "path": path, "prefix": prefix}
                    self.operations[operation["operationId"]] = operation

    def routes(self):
        """Every (method, path) of the document."""
        return {(operation["method"], operation["path"]) for operation in self.operations.values()}

    def methods(self, path):
        """The documented methods of a path."""
        return {method for method, each in self.routes() if each == path}

    def outcomes(self):
        """Every documented response, an error once for each of its problem types."""
        for name, operation in self.operations.items():
            for status, response in operation["responses"].items():
                for media, content in response["content"].items():
                    problems = (
                        [example["value"]["type"] for example in content.get("examples", {}).values()]
                        if media == PROBLEM
                        else [None]
                    )
                    for problem in problems:
                        yield Outcome(name, int(status), media, problem)

    def parameters(self):
        """Every (operation, place, name) of a parameter."""
        for name, operation in self.operations.items():
            for parameter in operation.get("parameters", []):
                yield name, parameter["in"], parameter["name"]

    def response(self, operation, status):
        """The documented response; 404 and 405 of unknown paths and methods stand among the components."""
        if operation:
            return self.operations[operation]["responses"].get(str(status))
        return self.data["components"]["responses"][{404: "NotFound", 405: "MethodNotAllowed"}[status]]

    def body_faults(self, operation, body):
        """What the documented request body has against `body`."""
        return faults_of(body, self.operations[operation]["requestBody"]["content"][JSON]["schema"])

    def response_faults(self, operation, exchange):
        """What the document has against an answer: its status, media type, headers and body."""
        response = self.response(operation, exchange.status)
        if response is None:
            return [f"status {exchange.status} is not documented: {exchange.text[:200]}"]
        faults = self._header_faults(response.get("headers", {}), exchange)
        content = response["content"].get(exchange.media)
        if content is None:
            return faults + [f"media type '{exchange.media}' is not documented for {exchange.status}"]
        value = exchange.json() if exchange.media in (JSON, PROBLEM) else exchange.text
        if exchange.media in (JSON, PROBLEM) and value is None:
            return faults + ["the body is not JSON"]
        faults += faults_of(value, closed(content["schema"]))
        if exchange.media == PROBLEM and not faults:
            faults += self._problem_faults(content, exchange, value)
        return faults

    @staticmethod
    def _header_faults(documented, exchange):
        faults = []
        for name, header in documented.items():
            value = exchange.headers.get(name.lower())
            if value is None:
                if header.get("required"):
                    faults.append(f"header {name} is missing")
                continue
            if header["schema"].get("type") == "integer" and value.isdigit():
                value = int(value)
            faults += [f"header {name}: {fault}" for fault in faults_of(value, header["schema"])]
        known = PLAIN_HEADERS | {name.lower() for name in documented}
        return faults + [f"header {name} is not documented" for name in exchange.headers if name not in known]

    @staticmethod
    def _problem_faults(content, exchange, problem):
        faults = []
        documented = {example["value"]["type"] for example in content["examples"].values()}
        if problem["type"] not in documented:
            faults.append(f"{problem['type']} is not documented for {exchange.status}")
        if problem["status"] != exchange.status:
            faults.append(f"the problem says {problem['status']}, the response {exchange.status}")
        if problem["instance"] != exchange.headers.get("x-request-id"):
            faults.append(
                f"instance {problem['instance']} is not the request id {exchange.headers.get('x-request-id')}"
            )
        if (problem["type"] == "/problems/validation") != ("errors" in problem):
            faults.append("`errors` belongs to /problems/validation, and to it alone")
        return faults

    def example_faults(self):
        """What the document's schemas have against its own examples."""
        faults = []

        def visit(node, where):
            if isinstance(node, list):
                for index, each in enumerate(node):
                    visit(each, f"{where}/{index}")
            elif isinstance(node, dict):
                schema = node.get("schema") or (node if "type" in node else None)
                if isinstance(schema, dict):
                    if "example" in node:
                        faults.extend(f"{where}: {fault}" for fault in faults_of(node["example"], closed(schema)))
                    for name, example in node.get("examples", {}).items():
                        faults.extend(
                            f"{where}/{name}: {fault}" for fault in faults_of(example["value"], closed(schema))
                        )
                for key, each in node.items():
                    if key not in ("example", "examples"):
                        visit(each, f"{where}/{key}")

        visit(self.data["components"], "components")
        visit(self.data["paths"], "paths")
        return faults
