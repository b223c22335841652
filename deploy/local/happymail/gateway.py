"""One address for the three services: nginx with a configuration and folders of its own, routing by path as the API promises.

The same text serves Docker Compose, with other addresses: ``python -m happymail.gateway`` prints ``deploy/compose/gateway/nginx.conf``.
``make test`` fails when the file in the repository is not what this prints.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from happymail import ports
from happymail.failure import Failure

_SERVER = """\
{note}
daemon off;
pid {pid};
error_log stderr warn;
worker_processes 1;
{user}
events {{
    worker_connections 1024;
}}

http {{
    access_log {access_log};
    client_body_temp_path {temporary}body;
    proxy_temp_path {temporary}proxy;
    fastcgi_temp_path {temporary}fastcgi;
    uwsgi_temp_path {temporary}uwsgi;
    scgi_temp_path {temporary}scgi;
    default_type application/octet-stream;
    server_tokens off;
{resolver}
{upstreams}
    # The path behind a service's prefix, exactly as the client wrote it.
    map $request_uri $behind_prefix {{
        ~^/[a-z]+(?<rest>/.*)$ $rest;
    }}

    # The request id that the client sent, if it may stand in JSON as it is; else nginx's own.
    map $http_x_request_id $known_request_id {{
        ~^[A-Za-z0-9._:-]+$ $http_x_request_id;
        default $request_id;
    }}

    server {{
{listen}
        server_name _;

        # Limits and errors are the services' business: they answer them as problems.
        client_max_body_size 0;
        proxy_request_buffering off;
        # Server-sent events must not wait in a buffer, nor `Prefer: wait=30` run into a timeout.
        proxy_buffering off;
        proxy_read_timeout 120s;
        proxy_send_timeout 120s;
        proxy_connect_timeout {connect_timeout};
        large_client_header_buffers 8 32k;

        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header Connection "";
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;

        # With several instances of a service, a request that one did not answer goes to the next where a repetition does no harm: if
        # the first cannot have seen it, if its method says so, or if it has an Idempotency-Key, which makes the services do it once.
        error_page 420 = @repeatable;
        recursive_error_pages on;
        location @repeatable {{
            proxy_next_upstream error timeout non_idempotent;
            # What is to be sent again has to be kept.
            proxy_request_buffering on;
            client_body_buffer_size 64k;
            proxy_pass http://$service;
        }}

{routes}
        location = / {{
            default_type text/html;
            return 200 '{index}';
        }}
        location / {{
            return 404;
        }}

        # What nginx itself has to say is a problem (RFC 9457), like every other error.
{problems}    }}
}}
"""

_UPSTREAM = """\
    upstream {name} {{
{server}
        keepalive 32;
        keepalive_timeout 20s;
    }}
"""

_ROUTE = """\
        location ~ ^/{name}/(admin/.*|livez|readyz|metrics|openapi\\.yaml|docs(/.*)?)$ {{
            proxy_pass http://{name}$behind_prefix;
        }}
        location ~ ^/({paths})(/|$) {{
            # The most that HTTP_BODY_LIMIT_BYTES can permit.
            client_max_body_size 16m;
            set $service {name};
            if ($http_idempotency_key) {{
                return 420;
            }}
            proxy_pass http://{name};
        }}
"""

_PROBLEM = """\
        error_page {codes} = /.problems/{kind};
        location = /.problems/{kind} {{
            internal;
            default_type application/problem+json;
            add_header X-Request-Id $known_request_id always;
{headers}            return {status} '{body}';
        }}
"""

_PATHS = {"order": "users|orders", "billing": "accounts", "notification": "messages"}

_INDEX = (
    "<!doctype html><meta charset=utf-8><title>HappyMail</title><h1>HappyMail</h1><ul>"
    + "".join(
        f"<li><a href=/{name}/docs>{name}: API</a>, <a href=/{name}/readyz>readiness</a>, <a href=/{name}/metrics>metrics</a>"
        for name in _PATHS
    )
    + "</ul>"
)

_COMPOSE_NOTE = """\
# The gateway of docker-compose.yml. Printed by deploy/local/happymail/gateway.py, from the text that also makes the gateway of `make run`:
#   PYTHONPATH=deploy/local python3 -m happymail.gateway >deploy/compose/gateway/nginx.conf
# Runs as an ordinary user on a read-only root file system: what nginx writes goes to /tmp."""

_COMPOSE_RESOLVER = """
    # Docker's own name server knows the instances of a service that run now: containers that come and go are noticed within a second.
    # An instance is never set aside for failures (max_fails=0): if both had failed once, nobody would be asked at all.
    resolver 127.0.0.11 valid=1s ipv6=off;
"""


def prepare(folder: Path, port: int, service_ports: dict[str, int]) -> list[str]:
    """Writes the configuration into ``folder``; returns the command that serves it in the foreground."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        raise Failure("nginx is missing; `make install` installs it")
    (folder / "temp").mkdir(parents=True, exist_ok=True)
    configuration = folder / "nginx.conf"
    configuration.write_text(_configuration(port, service_ports))
    command = [program, "-p", f"{folder}/", "-c", str(configuration), "-e", "stderr"]
    check = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    if check.returncode != 0:
        raise Failure("nginx did not accept the gateway's configuration:", check.stderr.strip().splitlines()[-6:])
    return command


def for_compose() -> str:
    """The configuration of the gateway in docker-compose.yml: the same routes, and every instance behind a service's name."""
    servers = {name: f"        zone {name} 64k;\n        server {name}:8080 resolve max_fails=0;" for name in _PATHS}
    return _render(
        note=_COMPOSE_NOTE,
        pid="/tmp/nginx.pid",
        temporary="/tmp/",
        user="",
        access_log="/dev/stdout",
        listen="        listen 8000;",
        resolver=_COMPOSE_RESOLVER,
        connect_timeout="1s",
        servers=servers,
    )


def _configuration(port: int, service_ports: dict[str, int]) -> str:
    addresses = [f"127.0.0.1:{port}"] + ([f"[::1]:{port}"] if ports.has_ipv6() else [])
    return _render(
        note="# Written at every start; changes are lost. Paths are relative to this folder, nginx's prefix.",
        pid="nginx.pid",
        temporary="temp/",
        # Workers that root starts would otherwise be nobody's, who may not enter the folder.
        user="user root;" if os.geteuid() == 0 else "",
        access_log="access.log",
        listen="\n".join(f"        listen {address};" for address in addresses),
        resolver="",
        connect_timeout="5s",
        servers={name: f"        server 127.0.0.1:{service_ports[name]};" for name in _PATHS},
    )


def _render(*, servers: dict[str, str], **places: str) -> str:
    return _SERVER.format(
        **places,
        upstreams="\n".join(_UPSTREAM.format(name=name, server=server) for name, server in servers.items()),
        routes="".join(_ROUTE.format(name=name, paths=paths) for name, paths in _PATHS.items()),
        index=_INDEX,
        problems="".join(
            [
                _problem("502 504", 503, "unavailable", "Service unavailable", "The service cannot be reached now.", retry=True),
                _problem("404", 404, "not-found", "Not found", "No service answers this path."),
                _problem("413", 413, "too-large", "Too large", "The request body is too large."),
                _problem("400 414 494", 400, "bad-request", "Bad request", "The request or its header is not valid HTTP, or too large."),
                _problem("501 505", 501, "not-implemented", "Not implemented", "The gateway does not speak this kind of HTTP."),
                _problem("405", 405, "method-not-allowed", "Method not allowed", "This method is not allowed."),
            ]
        ),
    )


def _problem(codes: str, status: int, kind: str, title: str, detail: str, retry: bool = False) -> str:
    body = {"type": f"/problems/{kind}", "title": title, "status": status, "detail": detail, "instance": "$known_request_id"}
    headers = "            add_header Retry-After 1 always;\n" if retry else ""
    return _PROBLEM.format(codes=codes, kind=kind, status=status, headers=headers, body=json.dumps(body))


if __name__ == "__main__":
    print(for_compose(), end="")
