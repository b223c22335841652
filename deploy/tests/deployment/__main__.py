"""Everything that `make deploy-test` shows, one check a line, and ``deploy: N passed, M failed``."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable

from deployment import images
from deployment.compose import Compose, get
from deployment.engine import Engine, end_leftover
from deployment.images import Images
from deployment.load import Load
from happymail import postman, tools
from happymail.counting import Count
from happymail.databases import SERVICES
from happymail.failure import Failure
from happymail.interruption import Interrupted, Interruption
from happymail.output import Output
from happymail.ports import Ports
from happymail.settings import TOP, Settings
from happymail.stages import Stage, run_live

LARGEST_ADDITION_BYTES = 120_000_000
READY_WITHIN_SECONDS = 2.0
# Beside another instance the group is shared out anew, twice: its members hear of it by a heartbeat each time, one a second, and the local
# broker's gate may hold a join for one more.
READY_BESIDE_ANOTHER_WITHIN_SECONDS = 4.0
ORDERS_A_SECOND = 50.0
HOST = "arch.homework"

_UP_WITHIN_SECONDS = 300.0
_COLLECTION_WITHIN_SECONDS = 300.0
_RESTARTED_WITHIN_SECONDS = 60.0
_ARCH_HOMEWORK = TOP / "deploy" / "tests" / "arch_homework.cjs"


class DeployTest:
    def __init__(self, settings: Settings, output: Output, interruption: Interruption) -> None:
        self.output = output
        self.engine = Engine(settings.folder / "docker", output, interruption)
        self.interruption = interruption
        self.tools = settings.folder / "tools"
        self.ports = Ports(settings.folder / "docker-ports.json")
        python = tools.python(settings, output)
        keys = ("GATEWAY_PORT", "MAIL_PORT", "KAFKA_PORT")
        self.compose = Compose(self.engine, python.parent / "docker-compose", {key: self.ports.free(f"docker {key}") for key in keys})
        self.passed = self.failed = 0

    def run(self) -> int:
        began = time.monotonic()
        try:
            self.engine.start()
            project = Images(self.engine, self.tools, self.output)
            project.prepare()
            project.build()
            self.sizes(project)
            try:
                self.up()
                self.demo()
                self.collection()
                self.rolling_restart()
            except Failure:
                self.output.note("What the containers said last:")
                for line in self.compose.last_lines():
                    self.output.note(f"    {line}")
                raise
            finally:
                with self.interruption.deferred():
                    self.down()
        except Failure as failure:
            self.failed += 1
            self.output.failure(failure)
        finally:
            with self.interruption.deferred():
                self.engine.stop()
        kind = "with the real images" if self.engine.can_pull else "with stand-ins for all images but ours"
        self.output.line(f"Took {time.monotonic() - began:.0f} s, {kind}.")
        self.output.line(f"deploy: {self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0

    def sizes(self, project: Images) -> None:
        self.output.heading("Images")
        base = project.size(images.RUNTIME_BASE)
        for service in SERVICES:
            added = project.size(images.name(service)) - base
            self.check(added < LARGEST_ADDITION_BYTES, f"{images.name(service)} adds {added / 1e6:.0f} MB to its base of {base / 1e6:.0f} MB")
            configuration = self.engine.inspect(images.name(service))["Config"]
            self.check(configuration["User"] == "10001:10001", f"{service} runs as user {configuration['User']}")  # type: ignore[index]
            version = self.engine.run("run", "--rm", "--network", "none", "--read-only", images.name(service), "--version")
            self.check(version.startswith(f"{service} "), f"{service} --version prints `{version}` on a read-only root file system")

    def up(self) -> None:
        self.output.heading("docker compose up --wait")
        with self.output.progress("compose", "removing what an earlier run left") as progress:
            self.compose.run("down", "--volumes", "--remove-orphans", within=120.0, progress=progress, doing="compose down", profile="second")
            progress.result("nothing is left of an earlier run")
        self._up("everything", None)
        self.starts()
        # With the stand-in nginx, names are looked up at the start only. Second instances come after the first.
        self._up("the second instances", "second")
        if not self.engine.can_pull:
            self.compose.container("gateway").restart()
            with self.output.progress("gateway", "waiting for the restarted gateway") as progress:
                words = ("up", "--detach", "--wait", "--no-build", "--no-recreate")
                self.compose.run(*words, within=60.0, progress=progress, doing="waiting for the restarted gateway", profile="second")
                progress.result("looks the names up again")
        listing = self.compose.words("ps", "--format", "{{.Service}} {{.Health}}").splitlines()
        healthy = [line for line in listing if line.endswith(" healthy")]
        self.check(len(listing) == 10 and len(healthy) == 10, f"{len(healthy)} of {len(listing)} containers are healthy; 10 are wanted")
        self.unhealthy_service()

    def unhealthy_service(self) -> None:
        """The health check must be able to fail: a service that nobody started is not ready."""
        result = subprocess.run(
            self.engine.command("run", "--rm", "--network", "none", images.name("order"), "healthcheck"),
            env=self.engine.environment(), capture_output=True, text=True, check=False, timeout=60.0,
        )
        self.check(result.returncode == 1, f"`order healthcheck` where nothing runs exits with {result.returncode}: {result.stderr.strip()[-120:]}")

    def demo(self) -> None:
        self.output.heading("docker compose run --rm demo")
        text = self.compose.words("run", "--rm", "--no-TTY", "demo", within=120.0)
        found = re.search(r"^demo: (\d+) passed, 0 failed$", text, re.MULTILINE)
        self.check(bool(found) and "Subject:" in text, f"the eight steps: {found[0] if found else text[-300:]}, and the mails read back from Mailpit")

    def collection(self) -> None:
        self.output.heading(f"The Postman collection at {HOST}")
        stage = Stage("postman", runs_tests=True, count=Count())
        command = postman.command(f"http://{HOST}:{self.compose.ports['GATEWAY_PORT']}")
        log = self.engine.folder / "log" / "postman.log"
        # The name is looked up as this machine's own, as a line of /etc/hosts would have it.
        environment = {"NODE_OPTIONS": f"--require {_ARCH_HOMEWORK}"}
        code = run_live(command, stage, environment=environment, within_seconds=_COLLECTION_WITHIN_SECONDS, log=log)
        self.check(code == 0 and stage.count.failed == 0 and stage.count.passed > 0,
                   f"the collection: {stage.count.passed} assertions passed, {stage.count.failed} failed")
        mails = get(self.compose.ports["MAIL_PORT"], "/api/v1/messages")["total"]  # type: ignore[index, call-overload]
        self.check(mails > 0, f"{mails} mails have arrived in Mailpit")

    def starts(self) -> None:
        """One instance of each. Where another one runs, the group has to be shared out anew, which waits for its heartbeats: the rolling restart
        measures that."""
        self.output.heading("How long a service takes to be ready, from the start of its process")
        for service in SERVICES:
            container = self.compose.container(service)
            container.stop()
            self.check(container.exit_code() == 0, f"{service} ends with code {container.exit_code()} when it is told to")
            container.start()
            took = container.await_ready(_RESTARTED_WITHIN_SECONDS)
            self.check(took < READY_WITHIN_SECONDS, f"{service} was ready {took * 1000:.0f} ms after its start")

    def rolling_restart(self) -> None:
        self.output.heading(f"A rolling restart of every service under {ORDERS_A_SECOND:.0f} orders a second")
        longest_start = 0.0
        with Load(self.compose.ports["GATEWAY_PORT"], ORDERS_A_SECOND) as load:
            time.sleep(2.0)
            for service in SERVICES:
                for instance in (service, f"{service}-second"):
                    with self.output.progress(instance, "restarting") as progress:
                        container = self.compose.container(instance)
                        container.restart()
                        took = container.await_ready(_RESTARTED_WITHIN_SECONDS)
                        progress.result(f"ready {took * 1000:.0f} ms after its start; {sum(load.outcome.statuses.values())} requests so far")
                        longest_start = max(longest_start, took)
                    # The next one goes when this one carries its share again.
                    time.sleep(2.0)
        outcome = load.outcome
        answers = ", ".join(f"{status}: {count}" for status, count in sorted(outcome.statuses.items()))
        p50, p99, longest = (f"{outcome.percentile(share) * 1000:.0f} ms" for share in (0.5, 0.99, 1.0))
        self.output.line(f"  {len(outcome.times)} requests ({answers}); p50 {p50}, p99 {p99}, longest {longest}")
        for failure in outcome.failures[:10]:
            self.output.line(f"  ✘ {failure}")
        self.check(longest_start < READY_BESIDE_ANOTHER_WITHIN_SECONDS, f"beside another instance the longest start took {longest_start * 1000:.0f} ms")
        self.check(not outcome.failures, f"{len(outcome.failures)} of {len(outcome.times)} requests failed")
        undecided = load.undecided()
        self.check(bool(outcome.orders) and not undecided, f"{len(outcome.orders) - len(undecided)} of {len(outcome.orders)} orders are final")
        wrong = load.wrong_balances()
        self.check(not wrong, f"the money of {len(load.users) - len(wrong)} of {len(load.users)} users adds up")

    def down(self) -> None:
        self.output.heading("docker compose down")
        with self.output.progress("compose", "stopping") as progress:
            self.compose.run("down", "--volumes", within=180.0, progress=progress, doing="compose down", profile="second")
            progress.result("containers, network and volumes are removed")

    def check(self, good: bool, sentence: str) -> None:
        if good:
            self.passed += 1
        else:
            self.failed += 1
        mark = self.output.paint("✔", "green") if good else self.output.paint("✘", "red")
        self.output.line(f"  {mark} {sentence}")

    def _up(self, what: str, profile: str | None) -> None:
        with self.output.progress("compose", f"starting {what}") as progress:
            self.compose.run(
                "up", "--detach", "--wait", "--wait-timeout", "240", "--no-build", "--pull", "never",
                within=_UP_WITHIN_SECONDS, progress=progress, doing=f"starting {what}", profile=profile,
            )
            progress.result(f"{what} is healthy" if profile is None else f"{what} are healthy")


def guarded(action: Callable[[], int], output: Output) -> int:
    try:
        return action()
    except Failure as failure:
        output.failure(failure)
        return 1
    except Interrupted:
        return 130


def main() -> int:
    output = Output()
    interruption = Interruption()
    interruption.install()
    if sys.argv[1:] == ["end"]:
        return guarded(_end, output)
    return guarded(lambda: DeployTest(Settings.from_environment(), output, interruption).run(), output)


def _end() -> int:
    """For `make clean`: the engine of a run that was killed, before its folder goes."""
    end_leftover(Settings.from_environment().folder / "docker")
    return 0


if __name__ == "__main__":
    sys.exit(main())
