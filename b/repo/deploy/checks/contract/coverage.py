"""Which documented responses and parameters were met, and which routes are documented."""

import re
import shlex
import subprocess

# What a client alone cannot bring about. Everything else that is documented must be met.
NEEDS_A_FAULT = {
    "/problems/overloaded": "needs queues that are full",
    "/problems/unavailable": "needs a database that is away",
    "/problems/idempotency-key-in-use": "a race, which the rounds above did not win",
    ("getReadiness", 503): "needs a database or broker that is away",
}


def responses(report, client, documents):
    """A check for each documented response; prints those that need a fault."""
    left = []
    for document in documents:
        for outcome in document.outcomes():
            reason = NEEDS_A_FAULT.get(outcome.problem) or NEEDS_A_FAULT.get((outcome.operation, outcome.status))
            if (document.service, outcome) in client.met:
                report.check(f"{document.service} met: {outcome}", [])
            elif reason:
                left.append(f"{document.service} {outcome}: {reason}")
            else:
                report.check(f"{document.service} met: {outcome}", ["documented, but nothing provoked it"])
    print(f"not provoked, {len(left)} documented responses that a client alone cannot bring about:")
    for line in left:
        print(f"  -   {line}")


def parameters(report, client, documents):
    """Every documented parameter was used."""
    for document in documents:
        for operation, place, name in document.parameters():
            used = (document.service, operation, place, name.lower()) in client.used
            report.check(
                f"{document.service} {operation} used: {place} {name}", [] if used else ["documented, but never sent"]
            )


def routes_of(command):
    """The routes that a service prints, one `METHOD /path/{parameter}` a line."""
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{shlex.join(command)} ended with {result.returncode}: {result.stderr.strip()[-300:]}")
    return {tuple(line.split()) for line in result.stdout.splitlines() if re.fullmatch(r"[A-Z]+ /\S*", line.strip())}


def routes(report, document, command):
    """The service has the documented routes and no others. HEAD goes with GET."""
    try:
        present = routes_of(command)
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        report.check(f"{document.service} routes", [str(error)])
        return
    present = {(method, path) for method, path in present if not (method == "HEAD" and ("GET", path) in present)}
    documented = document.routes()
    for method, path in sorted(present | documented, key=lambda route: (route[1], route[0])):
        faults = []
        if (method, path) not in documented:
            faults.append("the service has it, the document does not")
        if (method, path) not in present:
            faults.append("the document has it, the service does not")
        report.check(f"{document.service} route: {method} {path}", faults)
