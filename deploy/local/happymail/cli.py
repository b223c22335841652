"""The commands behind the Makefile."""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Callable

from happymail import background, build, demo, foreground, load, postman
from happymail.demo import Demo
from happymail.failure import Failure
from happymail.interruption import Interrupted, Interruption
from happymail.output import Output
from happymail.settings import TOP, Settings
from happymail.state import StateFile
from happymail.testing import TestRun

_INTERRUPTED = 130


def main() -> int:
    """Parses the command line and obeys; returns the exit code. A failure is one sentence, not a trace."""
    output = Output()
    interruption = Interruption()
    interruption.install()
    arguments = _parser().parse_args()
    try:
        return _obey(arguments, output, interruption)
    except Failure as failure:
        output.failure(failure)
        return 1
    except Interrupted:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has gone; there is nobody to tell. Nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="happymail", description="Builds, runs and tests HappyMail on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, purpose: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=purpose, description=purpose)

    add("build", "build the three services").add_argument("--tests", action="store_true", help="and the tests")
    add("format", "format the Swift sources in place")
    add("lint", "check formatting and structure")
    running = add("run", "start everything, play the demo, stay until Ctrl-C")
    running.add_argument("--demo-only", action="store_true", help="stop after the demo")
    playing = add("demo", "play the demo on the running system, or on one started for it")
    playing.add_argument("--base-url", default="", help="on the system behind this address")
    playing.add_argument("--mailpit", default=None, help="where its mails are: the address of a Mailpit")
    add("up", "start everything in the background")
    add("down", "stop everything that was started here; data are kept")
    add("restart", "stop and start one service").add_argument("service", nargs="?", default="")
    add("status", "what runs, where, and whether it is ready")
    logs = add("logs", "show logs")
    logs.add_argument("service", nargs="?", default="")
    logs.add_argument("--follow", action="store_true")
    add("clean", "stop everything and remove data, mails, logs and tools")
    add("test", "every check and test")
    add("documents", "the papers against what they describe")
    add("helm-test", "the checks and tests of the Helm chart")
    add("unit", "the tests that need no server")
    add("integration", "the Swift tests, on a PostgreSQL and a broker of their own")
    loading = add("load", "how many orders the running system takes, and what each costs")
    loading.add_argument("--seconds", type=_within(1, 600), default=20)
    loading.add_argument("--connections", type=_within(1, 200), default=16)
    loading.add_argument("--users", type=_within(1, 10_000), default=200)
    loading.add_argument("--seed", type=int, default=1)
    add("postman", "the Postman collection").add_argument("base_url", nargs="?", default="")
    add("kafka-smoke", "messaging tests and demo against a real Kafka").add_argument("bootstrap", nargs="?", default="")
    add("debezium-test", "the flow with the real Debezium as the relay, and how quick it is beside ours")
    return parser


def _obey(arguments: argparse.Namespace, output: Output, interruption: Interruption) -> int:
    settings = Settings.from_environment()
    match arguments.command:
        case "build":
            build.build(output, build.run_plainly, arguments.tests)
            return 0
        case "format":
            return build.format_sources()
        case "run":
            return foreground.run(settings, output, interruption, arguments.demo_only or _is_set("DEMO_ONLY"))
        case "demo":
            if arguments.base_url:
                demo.play(Demo(arguments.base_url, arguments.mailpit, output), output)
                return 0
            return _demo(settings, output, interruption)
        case "up":
            return background.up(settings, output, interruption)
        case "down":
            return background.down(settings, output, interruption)
        case "restart":
            return background.restart(settings, output, interruption, arguments.service)
        case "status":
            return background.status(settings, output)
        case "logs":
            return background.logs(settings, arguments.service, arguments.follow)
        case "clean":
            return background.clean(settings, output, interruption)
        case "load":
            return load.run(settings, output, load.Plan(arguments.seconds, arguments.connections, arguments.users, arguments.seed))
        case "postman":
            return _postman(arguments.base_url or _running_url(settings) or f"http://localhost:{settings.gateway_port}")
        case _:
            return _test(arguments, TestRun(settings, output, interruption))


def _test(arguments: argparse.Namespace, run: TestRun) -> int:
    match arguments.command:
        case "test":
            return run.everything()
        case "helm-test":
            return run.helm()
        case "documents":
            return run.documents_only()
        case "unit":
            return run.unit()
        case "integration":
            return run.integration()
        case "lint":
            return run.lint()
        case "debezium-test":
            return run.debezium()
        case _:
            if not arguments.bootstrap:
                raise Failure("say which Kafka: make kafka-smoke BOOTSTRAP=host:9092")
            return run.kafka_smoke(arguments.bootstrap)


def _demo(settings: Settings, output: Output, interruption: Interruption) -> int:
    url = _running_url(settings)
    if url is None:
        return foreground.run(settings, output, interruption, only_demo=True)
    demo.play(Demo(url, None if settings.smtp_url else settings.folder / "mail", output), output)
    return 0


def _postman(base_url: str) -> int:
    return subprocess.run(postman.command(base_url), cwd=TOP, check=False).returncode


def _running_url(settings: Settings) -> str | None:
    """The gateway of the system that runs out of this state folder."""
    state = StateFile(settings.folder).read() if settings.folder.exists() else None
    ready = state is not None and state.phase == "ready" and any(part.is_alive() for part in state.parts)
    return state.gateway_url if state and ready else None


def _within(lowest: int, highest: int) -> Callable[[str], int]:
    """Reads a number of the command line."""

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
            raise argparse.ArgumentTypeError(f"must be a number from {lowest} to {highest}")
        return int(text)

    return read


def _is_set(key: str) -> bool:
    return os.environ.get(key, "") not in ("", "0", "no", "false")
