"""Renders the chart with the real helm, named by the variable HELM; `make helm-test` sets it."""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[2]
CHART = HERE.parent / "happymail"
SETS = {path.stem: path for path in sorted((HERE / "values").glob("*.yaml"))} | {
    path.stem: path for path in sorted((TOP / "deploy" / "examples").glob("values-*.yaml"))
}
SERVICES = ("order", "billing", "notification")
COMPONENT = "app.kubernetes.io/component"
WORKLOADS = ("Deployment", "StatefulSet", "Job", "Pod")


class Refused(Exception):
    """Helm did not render the chart; the text says why."""


class Rendered:
    """The objects that helm makes of one set of values."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.objects = [document for document in yaml.safe_load_all(text) if document]

    def all(self, kind: str) -> list[dict]:
        return [each for each in self.objects if each["kind"] == kind]

    def names(self, kind: str) -> list[str]:
        return sorted(each["metadata"]["name"] for each in self.all(kind))

    def one(self, kind: str, name: str) -> dict:
        (found,) = [each for each in self.all(kind) if each["metadata"]["name"] == name]
        return found

    def pods(self) -> list[tuple[str, dict]]:
        """Every pod, or template of pods, with the kind and name of what makes it."""
        found = []
        for kind in WORKLOADS:
            for each in self.all(kind):
                pod = each if kind == "Pod" else each["spec"]["template"]
                found.append((f"{kind} {each['metadata']['name']}", pod))
        return found

    def containers(self) -> list[tuple[str, dict, dict]]:
        """Every container with its owner and its pod."""
        return [
            (f"{owner}/{container['name']}", pod, container)
            for owner, pod in self.pods()
            for container in pod["spec"].get("initContainers", []) + pod["spec"]["containers"]
        ]


def render(set_name: str = "try-out", *options: str) -> Rendered:
    """The chart with the values of one set and further options of helm; raises Refused."""
    return _render(set_name, options)


def render_anew(set_name: str, *options: str) -> Rendered:
    """The same, for options that mean something else each time."""
    return _render.__wrapped__(set_name, options)


@functools.cache
def _render(set_name: str, options: tuple[str, ...]) -> Rendered:
    command = [os.environ.get("HELM", "helm"), "template", "happymail", str(CHART), "--namespace", "arch-homework"]
    command += ["--values", str(SETS[set_name]), *options]
    with tempfile.TemporaryDirectory() as folder:
        # Whatever cluster this machine knows is none of ours, and nothing is left in the home folder.
        apart = dict(os.environ, KUBECONFIG="/dev/null", KUBECACHEDIR=folder, HELM_CACHE_HOME=folder)
        result = subprocess.run(command, env=apart, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if result.returncode != 0:
        raise Refused(result.stderr)
    return Rendered(result.stdout)


def env(container: dict) -> dict:
    """A container's own env, by name."""
    return {each["name"]: each for each in container.get("env", [])}


def selects(selector: dict, labels: dict) -> bool:
    """Whether a label selector of Kubernetes takes these labels."""
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for rule in selector.get("matchExpressions", []):
        assert rule["operator"] == "In", "the chart uses no other operator"
        if labels.get(rule["key"]) not in rule["values"]:
            return False
    return True


@pytest.fixture(params=sorted(SETS))
def each_set(request: pytest.FixtureRequest) -> Rendered:
    """One after the other, every set of values."""
    return render(request.param)
