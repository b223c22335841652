"""Who may speak to whom, decided as Kubernetes decides it; and what leads in from outside."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from conftest import COMPONENT, SERVICES, TOP, Rendered, render, selects

PORTS = {"order": "http", "billing": "http", "notification": "http", "gateway": "http", "postgres": "postgres", "kafka": "kafka"}
PORTS |= {"mailpit": "smtp", "test": "http"}
ALLOWED = {
    *((service, server) for service in SERVICES for server in ("postgres", "kafka")),
    ("notification", "mailpit"),
    *(("gateway", service) for service in SERVICES),
    ("test", "gateway"),
}


def pod_labels(rendered: Rendered) -> dict[str, dict]:
    return {pod["metadata"]["labels"][COMPONENT]: pod["metadata"]["labels"] for _, pod in rendered.pods()}


def may(rendered: Rendered, direction: str, pod: dict, other: dict, port: str) -> bool:
    """Whether the policies of one direction let `pod` speak with `other`, both in this namespace, at a port."""
    chosen = [
        each["spec"]
        for each in rendered.all("NetworkPolicy")
        if direction.capitalize() in each["spec"]["policyTypes"] and selects(each["spec"]["podSelector"], pod)
    ]
    if not chosen:
        return True
    side = "from" if direction == "ingress" else "to"
    for policy in chosen:
        for rule in policy.get(direction, []):
            peers = rule.get(side)
            meets = peers is None or any(
                "namespaceSelector" not in peer and "ipBlock" not in peer and selects(peer["podSelector"], other) for peer in peers
            )
            if meets and any(each["port"] == port for each in rule["ports"]):
                return True
    return False


@pytest.mark.parametrize("source", ["order", "billing", "notification", "gateway", "test", "postgres", "kafka", "mailpit"])
def test_who_may_speak_to_whom(source: str) -> None:
    rendered = render("try-out")
    labels = pod_labels(rendered)
    for target, port in PORTS.items():
        both = may(rendered, "egress", labels[source], labels[target], port) and may(
            rendered, "ingress", labels[target], labels[source], port
        )
        assert both == ((source, target) in ALLOWED), f"{source} to {target}"


@pytest.mark.parametrize("server", ["postgres", "kafka", "mailpit"])
def test_a_server_itself_lets_in_only_who_needs_it(server: str) -> None:
    """Also where a policy of the other side were missing."""
    rendered = render("try-out")
    labels = pod_labels(rendered)
    let_in = {source for source in labels if may(rendered, "ingress", labels[server], labels[source], PORTS[server])}
    assert let_in == {source for source, target in ALLOWED if target == server}


def test_a_stranger_reaches_no_server() -> None:
    rendered = render("try-out")
    for server in ("postgres", "kafka", "mailpit", *SERVICES):
        assert not may(rendered, "ingress", pod_labels(rendered)[server], {"app": "stranger"}, PORTS[server]), server


def test_every_pod_is_denied_by_default() -> None:
    for set_name in ("try-out", "production", "urls-in-values"):
        rendered = render(set_name)
        (deny,) = [each["spec"] for each in rendered.all("NetworkPolicy") if each["metadata"]["name"] == "happymail-default-deny"]
        assert deny["policyTypes"] == ["Ingress", "Egress"]
        assert not {"ingress", "egress"} & set(deny)
        assert all(selects(deny["podSelector"], labels) for labels in pod_labels(rendered).values())


def test_everybody_may_resolve_names() -> None:
    rendered = render("try-out")
    dns = rendered.one("NetworkPolicy", "happymail-dns")["spec"]
    assert {(port["port"], port["protocol"]) for port in dns["egress"][0]["ports"]} == {(53, "UDP"), (53, "TCP")}
    assert all(selects(dns["podSelector"], labels) for labels in pod_labels(rendered).values())


def test_gateways_and_prometheus_come_from_their_namespaces() -> None:
    (rule,) = render("production").one("NetworkPolicy", "happymail-services")["spec"]["ingress"]
    (peer,) = rule["from"]
    (expression,) = peer["namespaceSelector"]["matchExpressions"]
    assert expression == {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["traefik", "monitoring"]}
    assert rule["ports"] == [{"port": "http", "protocol": "TCP"}]


def test_servers_outside_are_reached_at_their_ports_only() -> None:
    rendered = render("production")
    (kafka,) = rendered.one("NetworkPolicy", "happymail-to-kafka")["spec"]["egress"]
    assert kafka == {"ports": [{"port": 9094, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}]}
    (postgres,) = rendered.one("NetworkPolicy", "happymail-to-postgres")["spec"]["egress"]
    assert postgres == {"ports": [{"port": 5432, "protocol": "TCP"}]}


def test_a_migration_reaches_the_database_and_not_the_broker() -> None:
    rendered = render("production")
    labels = rendered.one("Job", "happymail-order-migrate")["spec"]["template"]["metadata"]["labels"]
    assert selects(rendered.one("NetworkPolicy", "happymail-to-postgres")["spec"]["podSelector"], labels)
    assert not selects(rendered.one("NetworkPolicy", "happymail-to-kafka")["spec"]["podSelector"], labels)


def test_every_policy_is_about_some_pod() -> None:
    for set_name in ("try-out", "production"):
        rendered = render(set_name)
        for policy in rendered.all("NetworkPolicy"):
            assert any(selects(policy["spec"]["podSelector"], labels) for labels in pod_labels(rendered).values()), policy["metadata"]["name"]


def test_policies_can_be_left_out() -> None:
    assert not render("bare").all("NetworkPolicy")


def expected_routes(operator_paths: list[str]) -> dict[str, str]:
    own = {"/users": "order", "/orders": "order", "/accounts": "billing", "/messages": "notification"}
    return own | {f"/{service}/{path}": service for service in SERVICES for path in operator_paths}


OPERATORS = ["livez", "readyz", "metrics", "openapi.yaml", "docs", "admin"]


def test_the_ingress_routes_by_path_at_the_homeworks_host() -> None:
    (rule,) = render("try-out").one("Ingress", "happymail")["spec"]["rules"]
    assert rule["host"] == "arch.homework"
    routes = {path["path"]: path["backend"]["service"]["name"].removeprefix("happymail-") for path in rule["http"]["paths"]}
    assert routes == expected_routes(OPERATORS)
    assert {path["pathType"] for path in rule["http"]["paths"]} == {"Prefix"}
    assert {path["backend"]["service"]["port"]["name"] for path in rule["http"]["paths"]} == {"http"}


def test_operators_paths_can_be_kept_inside() -> None:
    spec = render("production").one("Ingress", "happymail")["spec"]
    paths = {path["path"] for path in spec["rules"][0]["http"]["paths"]}
    assert paths == set(expected_routes(["livez", "readyz", "openapi.yaml", "docs"]))
    assert spec["ingressClassName"] == "traefik"
    assert spec["tls"] == [{"hosts": ["arch.homework"], "secretName": "arch-homework-tls"}]


def test_the_gateway_api_routes_as_the_ingress_does() -> None:
    rendered = render("gateway-api")
    assert not rendered.all("Ingress")
    spec = rendered.one("HTTPRoute", "mail")["spec"]
    assert spec["hostnames"] == ["arch.homework"]
    assert spec["parentRefs"] == [{"name": "public", "namespace": "gateways"}]
    routes = {
        match["path"]["value"]: rule["backendRefs"][0]["name"].removeprefix("mail-") for rule in spec["rules"] for match in rule["matches"]
    }
    assert routes == expected_routes(OPERATORS)
    assert {match["path"]["type"] for rule in spec["rules"] for match in rule["matches"]} == {"PathPrefix"}
    assert all(len(rule["matches"]) <= 8 for rule in spec["rules"]), "the API allows eight"
    assert {rule["backendRefs"][0]["port"] for rule in spec["rules"]} == {80}


def test_routes_lead_to_services_of_the_chart() -> None:
    for set_name in ("try-out", "production"):
        rendered = render(set_name)
        for path in rendered.one("Ingress", "happymail")["spec"]["rules"][0]["http"]["paths"]:
            assert path["backend"]["service"]["name"] in rendered.names("Service")


def test_operators_paths_are_those_of_the_services() -> None:
    source = (TOP / "Shared/ServiceRuntime/HTTP/OperatorRoutes.swift").read_text()
    paths = re.search(r"let paths: Set<String> = \[(.+)\]", source)[1]
    assert sorted([*(path.removeprefix("/") for path in re.findall(r'"([^"]+)"', paths)), "admin"]) == sorted(OPERATORS)


def test_customers_paths_are_those_of_the_api_documents() -> None:
    for service in SERVICES:
        name = service.capitalize()
        document = yaml.safe_load((TOP / f"Services/{name}/Sources/{name}Service/HTTP/openapi.yaml").read_text())
        first = {"/" + path.split("/")[1] for path in document["paths"]} - {f"/{path}" for path in OPERATORS}
        assert first == {path for path, owner in expected_routes([]).items() if owner == service}


class _Service(BaseHTTPRequestHandler):
    """Answers with its name and the path that it was asked for."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        body = json.dumps({"service": self.server.service, "path": self.path, "host": self.headers["Host"]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _gateway(folder: Path, live: tuple[str, ...]) -> Iterator[int]:
    """The chart's gateway for real, by nginx on this machine, before stand-ins of the services; yields its port."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    assert program, "nginx is missing; `make install` installs it"
    configuration = render("try-out").one("ConfigMap", "happymail-gateway")["data"]["nginx.conf"]
    with ExitStack() as stack:
        for service in SERVICES:
            server = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
            server.service = service
            stack.callback(server.server_close)
            if service in live:
                threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
                stack.callback(server.shutdown)
            else:
                server.server_close()
            configuration = configuration.replace(f"happymail-{service}:80;", f"127.0.0.1:{server.server_port};")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        configuration = configuration.replace("listen 8080;", f"listen 127.0.0.1:{port};").replace("/tmp/", f"{folder}/")
        (folder / "nginx.conf").write_text(configuration)
        command = [program, "-c", str(folder / "nginx.conf"), "-e", "stderr", "-g", "daemon off; master_process off;"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 10
            while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
                assert process.poll() is None and time.monotonic() < deadline, "nginx did not take the configuration"
                time.sleep(0.02)
            yield port
        finally:
            process.terminate()
            process.wait(10)


def _get(port: int, path: str) -> tuple[int, dict]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": "arch.homework"})
        response = connection.getresponse()
        answer = json.loads(response.read())
        assert response.status == 200 or response.headers["X-Request-Id"] == answer["instance"]
        return response.status, answer
    finally:
        connection.close()


def test_the_charts_gateway_routes_and_rewrites_nothing(tmp_path: Path) -> None:
    with _gateway(tmp_path, SERVICES) as port:
        for path, service in expected_routes(OPERATORS).items():
            for target in (path, f"{path}/a%20b/c?limit=1"):
                status, answer = _get(port, target)
                assert (status, answer) == (200, {"service": service, "path": target, "host": "arch.homework"})
        for target in ("/userss", "/order", "/order/orders", "/nothing", "/billing/metricsx"):
            status, answer = _get(port, target)
            assert (status, answer["type"]) == (404, "/problems/not-found"), target


def test_the_charts_gateway_says_so_when_a_service_is_away(tmp_path: Path) -> None:
    with _gateway(tmp_path, ("order",)) as port:
        assert _get(port, "/orders")[0] == 200
        status, answer = _get(port, "/accounts/1")
        assert (status, answer["type"]) == (503, "/problems/unavailable")
