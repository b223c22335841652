"""As much of Kubernetes's API as helm asks for when it renders with ``--dry-run=server``: what kinds there are, and Secrets."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_KINDS = {
    "v1": ["ConfigMap", "Pod", "Secret", "Service", "ServiceAccount"],
    "apps/v1": ["Deployment", "StatefulSet"],
    "batch/v1": ["Job"],
    "networking.k8s.io/v1": ["Ingress", "NetworkPolicy"],
    "policy/v1": ["PodDisruptionBudget"],
}

# Helm takes a thing over, at an upgrade or when it was kept by an uninstall, only if it was the same release's.
_OWNED = {
    "labels": {"app.kubernetes.io/managed-by": "Helm"},
    "annotations": {"meta.helm.sh/release-name": "happymail", "meta.helm.sh/release-namespace": "arch-homework"},
}


def _plural(kind: str) -> str:
    name = kind.lower()
    return name[:-1] + "ies" if name.endswith("y") else name + ("es" if name.endswith("s") else "s")


def _resources(version: str) -> dict:
    resources = [
        {"name": _plural(kind), "singularName": kind.lower(), "namespaced": True, "kind": kind, "verbs": ["get", "list", "create"]}
        for kind in _KINDS[version]
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}


def _groups() -> dict:
    versions = [{"groupVersion": version, "version": "v1"} for version in _KINDS if "/" in version]
    groups = [{"name": each["groupVersion"].split("/")[0], "versions": [each], "preferredVersion": each} for each in versions]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer goes out in one piece; in two it would wait for an acknowledgement.
    wbufsize = -1

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        documents = {"/version": {"major": "1", "minor": "33", "gitVersion": "v1.33.0"}, "/apis": _groups()}
        documents["/api"] = {"kind": "APIVersions", "versions": ["v1"]}
        documents |= {f"/api/{version}" if version == "v1" else f"/apis/{version}": _resources(version) for version in _KINDS}
        documents |= {f"/api/v1/namespaces/arch-homework/secrets/{name}": secret for name, secret in self.server.secrets.items()}
        missing = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404, "message": "not found"}
        body = json.dumps(documents.get(path, missing)).encode()
        self.send_response(200 if path in documents else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def cluster(secrets: dict[str, dict[str, str]]) -> Iterator[list[str]]:
    """Yields the options that make helm ask a cluster which holds these Secrets."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.secrets = {
        name: {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": "arch-homework", **_OWNED},
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
        }
        for name, data in secrets.items()
    }
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        yield ["--dry-run=server", "--disable-openapi-validation", "--kube-apiserver", address, "--qps", "1000", "--burst-limit", "1000"]
    finally:
        server.shutdown()
        server.server_close()
