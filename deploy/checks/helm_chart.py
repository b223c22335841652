#!/usr/bin/env python3
"""Checks the Helm chart by the real helm: lint, rendering, the API's schemas, checkov, promtool, and the chart's own tests.

    helm_chart.py --helm HELM --promtool PROMTOOL

Runs in the test tools' environment. One line per check; the last line says ``helm-chart: N passed, M failed``, and the exit code is 1 if any
failed. What no check here can show is whether a cluster runs what the chart says: there is none.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import kubernetes_validate

TOP = Path(__file__).resolve().parents[2]
CHART = TOP / "deploy" / "helm" / "happymail"
TESTS = TOP / "deploy" / "helm" / "tests"
EXAMPLES = TOP / "deploy" / "examples"
SETS = sorted([*(TESTS / "values").glob("*.yaml"), *EXAMPLES.glob("values-*.yaml")])

# The oldest that Chart.yaml allows, and the newest that the package knows.
KUBERNETES = ("1.27", "1.37")
# Kinds of operators, whose schemas Kubernetes does not have. The chart's tests look at them.
FOREIGN = {"ServiceMonitor", "PrometheusRule", "HTTPRoute"}

# Findings of checkov that are meant, by the resource, with the reason. One that excuses nothing is a failure.
EXCUSED = [
    ("CKV_K8S_11", ".*", "a limit of processor time holds requests back for parts of each 100 ms"),
    ("CKV_K8S_15", ".*", "images that were loaded into a cluster by hand cannot be pulled; image.pullPolicy=Always is there"),
    ("CKV_K8S_35", ".*", "the services read their settings from the environment, and so do the images of Postgres and Kafka"),
    ("CKV_K8S_43", ".*", "no image of ours is published yet, and the try-out's servers follow their patch versions"),
    ("CKV_K8S_22", r"StatefulSet\..*-kafka", "the broker's image writes its configuration into its own file system"),
    ("CKV_K8S_40", r"StatefulSet\..*-(kafka|postgres)", "these images have users of their own, 1000 and 999"),
    ("CKV_K8S_8", r"Pod\..*-test", "it runs once to its end"),
    ("CKV_K8S_9", r"Pod\..*-test", "it runs once to its end"),
]


class Report:
    """Counts, and prints a line for each check and its faults."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def check(self, what: str, faults: list[str]) -> None:
        self.passed += not faults
        self.failed += bool(faults)
        print(f"{'✘' if faults else '✔'} {what}", flush=True)
        for fault in faults:
            print(f"    {fault}", flush=True)


def run(command: list[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], cwd=TOP, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


def outcome(command: list[str | Path]) -> list[str]:
    """No fault if the command succeeds, else its words."""
    result = run(command)
    return [] if result.returncode == 0 else words(result.stdout + result.stderr)


def words(text: str) -> list[str]:
    # Helm says each time that the collection is a link; it is meant to be one.
    return [line for line in text.splitlines() if line.strip() and "found symbolic link" not in line][-20:] or ["no reason was given"]


def invalid(objects: list[dict], version: str) -> Iterator[str]:
    for each in objects:
        if each["kind"] not in FOREIGN:
            try:
                kubernetes_validate.validate(each, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                path = ".".join(str(part) for part in error.path)
                yield f"{each['kind']} {each['metadata']['name']}: {path}: {error.message[:300]}"
            except (kubernetes_validate.SchemaNotFoundError, kubernetes_validate.InvalidSchemaError) as error:
                yield f"{each['kind']} {each['metadata']['name']}: {type(error).__name__}, {each['apiVersion']} of Kubernetes {version}"


def found_by_checkov(folder: Path) -> list[tuple[str, str, str, str]]:
    """Check, resource, file and sentence of each finding. Checkov is told to stay offline."""
    command = [Path(sys.executable).with_name("checkov"), "--directory", folder, "--framework", "kubernetes", "--quiet", "--compact"]
    result = run([*command, "--skip-download", "--output", "json"])
    try:
        answer = json.loads(result.stdout)
        examined = answer["summary"]["passed"]
        findings = answer["results"]["failed_checks"]
    except (ValueError, KeyError, TypeError):
        return [("checkov", "-", "-", " ".join(words(result.stderr or result.stdout)))]
    if examined < 100 or answer["summary"]["parsing_errors"]:
        return [("checkov", "-", "-", f"it examined only {examined} things, with {answer['summary']['parsing_errors']} parsing errors")]
    return [(each["check_id"], each["resource"], Path(each["file_path"]).stem, each["check_name"]) for each in findings]


def checkov(folder: Path) -> tuple[list[str], list[str]]:
    """What is not excused, and the excuses that excuse nothing."""
    findings = found_by_checkov(folder)
    used = set()
    faults = []
    for check, resource, file, sentence in findings:
        excuses = {index for index, (known, pattern, _) in enumerate(EXCUSED) if known == check and re.match(pattern, resource)}
        used |= excuses
        if not excuses:
            faults.append(f"{check} {file}: {resource}: {sentence}")
    idle = [f"{EXCUSED[index][0]} {EXCUSED[index][1]} excuses nothing" for index in range(len(EXCUSED)) if index not in used]
    return faults, idle


class Counting:
    """A plug-in of pytest."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def pytest_runtest_logreport(self, report: object) -> None:
        self.passed += report.when == "call" and report.passed
        self.failed += report.failed

    def pytest_collectreport(self, report: object) -> None:
        self.failed += report.failed


def chart_tests(helm: Path, report: Report) -> None:
    import pytest

    os.environ["HELM"] = str(helm)
    counting = Counting()
    sys.dont_write_bytecode = True
    options = ["-q", "--no-header", "--tb=short", "-p", "no:cacheprovider", "--rootdir", str(TESTS), str(TESTS)]
    code = pytest.main(options, plugins=[counting])
    report.passed += counting.passed
    report.failed += counting.failed or int(code != 0 or counting.passed == 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--helm", type=Path, required=True)
    parser.add_argument("--promtool", type=Path, required=True)
    options = parser.parse_args()
    report = Report()
    if len(SETS) < 5:
        report.check("there are at least five sets of values", [f"{len(SETS)}"])

    report.check("helm lint --strict", outcome([options.helm, "lint", "--strict", CHART]))
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(1) as beside:
        folder = Path(name)
        for values in SETS:
            file = folder / f"{values.stem}.yaml"
            report.check(f"helm lint --strict, {values.stem}", outcome([options.helm, "lint", "--strict", CHART, "--values", values]))
            command = [options.helm, "template", "happymail", CHART, "--namespace", "arch-homework", "--values", values]
            result = run(command)
            report.check(f"helm template, {values.stem}", [] if result.returncode == 0 else words(result.stderr))
            file.write_text(result.stdout)
        findings = beside.submit(checkov, folder)
        for values in SETS:
            objects = [each for each in yaml.safe_load_all((folder / f"{values.stem}.yaml").read_text()) if each]
            for version in KUBERNETES:
                faults = list(invalid(objects, version)) if objects else ["there are no objects"]
                report.check(f"kubernetes-validate --strict {version}, {values.stem}: {len(objects)} objects", faults)

        rules = CHART / "files" / "alerts.yaml"
        report.check("promtool check rules", outcome([options.promtool, "check", "rules", rules]))
        report.check("promtool test rules", outcome([options.promtool, "test", "rules", TESTS / "alerts_test.yaml"]))
        faults, idle = findings.result()
        report.check("checkov finds nothing that is not excused", faults)
        report.check("every excuse for checkov is needed", idle)
        chart_tests(options.helm, report)
    print(f"helm-chart: {report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
