"""The Postman collection on the command line: newman where it is installed, else the repository's own runner."""

from __future__ import annotations

import shutil

from happymail.failure import Failure
from happymail.settings import TOP

COLLECTION = TOP / "deploy" / "postman" / "happymail.postman_collection.json"

_LOCAL = COLLECTION.with_name("local.postman_environment.json")
_RUNNER = COLLECTION.with_name("run-collection.cjs")


def command(base_url: str) -> list[str]:
    """The command that runs the collection against ``base_url`` and shows every request and response."""
    options = [str(COLLECTION), "--environment", str(_LOCAL), "--env-var", f"baseUrl={base_url}", "--verbose"]
    newman = shutil.which("newman")
    if newman:
        return [newman, "run", *options]
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None:
        raise Failure("neither newman nor node is installed; `make install` installs node")
    return [node, str(_RUNNER), "run", *options]
