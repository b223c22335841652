"""The local broker, by ``../broker.py``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from happymail.failure import Failure

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import broker  # noqa: E402  (found beside this package)

NAMES = ("broker", "broker gate")


def start(tools: Path, data: Path, port: int, control_port: int | None = None) -> list[subprocess.Popen[bytes]]:
    """Starts broker and gate, ready for clients at 127.0.0.1:``port``; downloads the broker into ``tools`` the first time."""
    try:
        return broker.start(data, port, control_port, binary=install(tools))
    except broker.BrokerError as error:
        sentence, *details = str(error).splitlines() or ["it gave no reason"]
        raise Failure(f"the broker could not be started: {sentence}", details[-12:]) from None


def install(tools: Path) -> Path:
    """The broker's binary, verified; raises Failure."""
    try:
        return broker.install(tools)
    except broker.BrokerError as error:
        sentence, *details = str(error).splitlines() or ["it gave no reason"]
        raise Failure(f"the broker could not be installed: {sentence}", details[-12:]) from None


def logs(data: Path) -> list[Path]:
    """Broker's and gate's, in the order of ``NAMES``."""
    return [data / "broker.log", data / "gate.log"]
