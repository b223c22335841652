"""``make test`` and its parts: checks, build, Swift tests on real servers, Postman and OpenAPI against the running system."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from happymail import build, debezium, demo, postman, processes, tools
from happymail.failure import Failure
from happymail.interruption import Interruption
from happymail.output import Output
from happymail.settings import TOP, Settings
from happymail.stages import Stage, Stages, check_live
from happymail.system import Servers, System

UNIT_TESTS = "^(BlockingExecutionTests|JSONTests|EventContractsTests)\\."
"""The test targets that need no server."""
MESSAGING_TESTS = "^(KafkaTests|MessagingTests)\\."
"""What is held against a real Kafka."""

END_TO_END_TESTS = "^EndToEndTests\\."
"""The three services together. Alone, because they also measure: latency, and what an idle service costs."""

_INSTALL = TOP / "deploy" / "local" / "install.sh"
_STRUCTURE = TOP / "deploy" / "checks" / "structure.py"
_DEPLOYMENT = TOP / "deploy" / "checks" / "deployment_files.py"
_HELM_CHART = TOP / "deploy" / "checks" / "helm_chart.py"
_CONTRACT = TOP / "deploy" / "checks" / "openapi_contract.py"
_DOCUMENTS = TOP / "deploy" / "checks" / "documents.py"
_OWN_WARNING = re.compile(r"(?:^|/)(?:Shared|Services|Package\.swift)\b.*: warning: ")
# Tests wait for servers more than they compute, and every one has connections of its own.
_TEST_WIDTH = "6"

_CHECK_WITHIN = 300.0
_BUILD_WITHIN = 2_400.0
_TESTS_WITHIN = 1_800.0


class TestRun:
    """One run of the tests, isolated in ``<state folder>/test`` from whatever else runs on the machine."""

    def __init__(self, settings: Settings, output: Output, interruption: Interruption) -> None:
        self.settings = settings
        self.output = output
        self.interruption = interruption
        self.folder = settings.folder / "test"
        self.stages = Stages(output)

    def everything(self) -> int:
        run = self.stages.run
        run("install", self.install, runs_tests=False)
        run("formatting", self.formatting, runs_tests=False, if_good=["install"])
        run("structure", self.structure, runs_tests=True, if_good=["install"])
        run("documents", self.documents, runs_tests=True, if_good=["install"])
        run("deployment files", self.deployment_files, runs_tests=True, if_good=["install"])
        run("helm chart", self.helm_chart, runs_tests=True, if_good=["install"])
        run("build", self.build, runs_tests=False, if_good=["install"])
        run("swift tests", self.swift_tests, runs_tests=True, if_good=["build"])
        run("end-to-end tests", self.end_to_end_tests, runs_tests=True, if_good=["build"])
        self._system_stages()
        return self.stages.summary()

    def unit(self) -> int:
        self.stages.run("build", self.build, runs_tests=False)
        self.stages.run("unit tests", self.unit_tests, runs_tests=True, if_good=["build"])
        return self.stages.summary()

    def integration(self) -> int:
        self.stages.run("build", self.build, runs_tests=False)
        if os.environ.get("TEST_FILTER"):
            self.stages.run("swift tests", self.filtered_tests, runs_tests=True, if_good=["build"])
        else:
            self.stages.run("swift tests", self.swift_tests, runs_tests=True, if_good=["build"])
            self.stages.run("end-to-end tests", self.end_to_end_tests, runs_tests=True, if_good=["build"])
        return self.stages.summary()

    def lint(self) -> int:
        self.stages.run("formatting", self.formatting, runs_tests=False)
        self.stages.run("structure", self.structure, runs_tests=True)
        return self.stages.summary()

    def helm(self) -> int:
        self.stages.run("helm chart", self.helm_chart, runs_tests=True)
        return self.stages.summary()

    def kafka_smoke(self, bootstrap: str) -> int:
        """The messaging layer's tests and the demo against a Kafka that exists."""
        self.settings = replace(self.settings, kafka=bootstrap)
        self.stages.run("build", self.build, runs_tests=False)
        self.stages.run("messaging tests", self.messaging_tests, runs_tests=True, if_good=["build"])
        self._system_stages(kafka=bootstrap, only_demo=True)
        return self.stages.summary()

    def debezium(self) -> int:
        """The flow with the real Debezium as the relay. No part of ``everything``, for the size of its download."""
        self.stages.run("build", self.build, runs_tests=False)
        self.stages.run("debezium", self.debezium_flow, runs_tests=True, if_good=["build"])
        return self.stages.summary()

    def debezium_flow(self, stage: Stage) -> None:
        test = debezium.DebeziumTest(self.settings, self.output, self.interruption, stage)
        system = test.system
        system.claim()
        try:
            _empty(system.settings.folder)
            share_tools(self.settings.folder, system.settings.folder)
            test.play()
        finally:
            with self.interruption.deferred():
                system.stop()

    def install(self, stage: Stage) -> None:
        check_live([str(_INSTALL)], stage, within_seconds=1_800.0)

    def formatting(self, stage: Stage) -> None:
        build.check_swift()
        check_live(build.lint_command(), stage, within_seconds=_CHECK_WITHIN)

    def structure(self, stage: Stage) -> None:
        python = tools.python(self.settings, self.output)
        check_live([str(python), "-B", str(_STRUCTURE)], stage, within_seconds=_CHECK_WITHIN)

    def documents(self, stage: Stage) -> None:
        python = tools.python(self.settings, self.output)
        command = [str(python), "-B", str(_DOCUMENTS), "--tools", str(self.settings.folder / "tools")]
        check_live(command, stage, within_seconds=_CHECK_WITHIN)

    def documents_only(self) -> int:
        self.stages.run("documents", self.documents, runs_tests=True)
        return self.stages.summary()

    def deployment_files(self, stage: Stage) -> None:
        python = tools.python(self.settings, self.output)
        check_live([str(python), "-B", str(_DEPLOYMENT)], stage, within_seconds=_CHECK_WITHIN)

    def helm_chart(self, stage: Stage) -> None:
        command = [str(tools.python(self.settings, self.output)), "-B", str(_HELM_CHART)]
        command += ["--helm", str(tools.helm(self.settings, self.output)), "--promtool", str(tools.promtool(self.settings, self.output))]
        check_live(command, stage, within_seconds=_CHECK_WITHIN)

    def build(self, stage: Stage) -> None:
        """A warning in our own sources is an error here."""
        warnings: list[str] = []

        def notice(line: str) -> None:
            if _OWN_WARNING.search(line):
                warnings.append(line.strip())

        build.build(self.output, lambda command: check_live(command, stage, within_seconds=_BUILD_WITHIN, on_line=notice), with_tests=True)
        if warnings:
            raise Failure(f"the build gave {len(warnings)} warnings:", sorted(set(warnings)))

    def unit_tests(self, stage: Stage) -> None:
        self._swift_test(stage, {}, UNIT_TESTS)

    def swift_tests(self, stage: Stage) -> None:
        with self._servers(self.settings.isolated(self.folder), with_faults=True) as environment:
            self._swift_test(stage, environment, None, but_not=END_TO_END_TESTS)

    def end_to_end_tests(self, stage: Stage) -> None:
        with self._servers(self.settings.isolated(self.folder), with_faults=True) as environment:
            self._swift_test(stage, environment, END_TO_END_TESTS)

    def filtered_tests(self, stage: Stage) -> None:
        with self._servers(self.settings.isolated(self.folder), with_faults=True) as environment:
            self._swift_test(stage, environment, os.environ["TEST_FILTER"])

    def messaging_tests(self, stage: Stage) -> None:
        isolated = replace(self.settings.isolated(self.folder), kafka=self.settings.kafka)
        with self._servers(isolated, with_faults=False) as environment:
            self._swift_test(stage, environment, os.environ.get("TEST_FILTER") or MESSAGING_TESTS)

    def _swift_test(self, stage: Stage, environment: dict[str, str], pattern: str | None, but_not: str | None = None) -> None:
        # The test process writes into a pipe, and would keep its lines to itself until the end.
        command = ["stdbuf", "-oL", "swift", "test", "--skip-build", "--disable-xctest", *build.extra_flags()]
        if pattern:
            command += ["--filter", pattern]
        if but_not:
            command += ["--skip", but_not]
        width = os.environ.get("TEST_WIDTH", _TEST_WIDTH)
        environment = environment | {"SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH": width}
        self.folder.mkdir(parents=True, exist_ok=True)
        check_live(command, stage, environment=environment, within_seconds=_TESTS_WITHIN, log=self.folder / "swift-test.log")

    @contextmanager
    def _servers(self, settings: Settings, with_faults: bool) -> Iterator[dict[str, str]]:
        """Fresh servers for the tests, and the environment that tells them; ends them whatever happens."""
        system = System(settings, self.output, self.interruption, "test")
        system.claim()
        try:
            _empty(settings.folder)
            share_tools(self.settings.folder, settings.folder)
            servers = system.start_servers(with_faults)
            yield self._environment(servers, system)
        finally:
            with self.interruption.deferred():
                self._end_leftovers(system)
                system.stop()

    def _end_leftovers(self, system: System) -> None:
        """Services that a killed test has left; the folder in their environment tells them from all others."""
        left = processes.with_environment("TEST_MAIL_FOLDER", str(system.mail_folder))
        if left:
            self.output.note(f"Ending {len(left)} processes that the tests have left: {', '.join(map(str, left))}")
            for pid in left:
                processes.send(pid, signal.SIGKILL)

    def _environment(self, servers: Servers, system: System) -> dict[str, str]:
        environment = {
            "TEST_DATABASE_URL": servers.superuser_url,
            "TEST_KAFKA_BOOTSTRAP_SERVERS": servers.kafka,
            "TEST_SMTP_URL": servers.smtp_url,
            "TEST_MAIL_FOLDER": str(system.mail_folder),
            "HAPPYMAIL_BIN": str(self.settings.executables),
        }
        if servers.gate_url:
            environment["TEST_BROKER_GATE"] = servers.gate_url
        return environment

    def _system_stages(self, kafka: str | None = None, only_demo: bool = False) -> None:
        """Starts the whole system once, for everything that is held against it."""
        isolated = replace(self.settings.isolated(self.folder / "system"), kafka=kafka)
        system = System(isolated, self.output, self.interruption, "test")

        def start(stage: Stage) -> None:
            system.claim()
            _empty(isolated.folder)
            share_tools(self.settings.folder, isolated.folder)
            system.start()

        def play(stage: Stage) -> None:
            played = demo.Demo(system.state.gateway_url, system.mail_folder, self.output)
            try:
                demo.play(played, self.output)
            finally:
                stage.count.passed, stage.count.failed = played.passed, played.failed

        def collection(stage: Stage) -> None:
            check_live(postman.command(system.state.gateway_url), stage, within_seconds=_CHECK_WITHIN)

        def contract(stage: Stage) -> None:
            python = tools.python(self.settings, self.output)
            command = [str(python), "-B", str(_CONTRACT), "--base-url", system.state.gateway_url]
            command += ["--bin-dir", str(self.settings.executables)]
            check_live(command, stage, within_seconds=_CHECK_WITHIN)

        run = self.stages.run
        try:
            run("system start", start, runs_tests=False, if_good=["build"])
            run("demo", play, runs_tests=True, if_good=["build", "system start"])
            if not only_demo:
                run("postman", collection, runs_tests=True, if_good=["build", "system start"])
                run("openapi contract", contract, runs_tests=True, if_good=["build", "system start"])
        finally:
            if system.file.is_locked:
                with self.interruption.deferred():
                    run("system stop", lambda stage: system.stop(), runs_tests=False)


def share_tools(from_folder: Path, to_folder: Path) -> None:
    """The downloaded broker serves every state folder."""
    shared = from_folder / "tools"
    shared.mkdir(parents=True, exist_ok=True)
    link = to_folder / "tools"
    if not link.exists():
        link.symlink_to(shared, target_is_directory=True)


def _empty(folder: Path) -> None:
    """Every test run begins with fresh data; what it leaves stays to be looked at until the next one."""
    for name in ("postgres", "broker", "mail", "log", "gateway", "run", "connect"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "passwords.json").unlink(missing_ok=True)
