#!/usr/bin/python3
"""Stands in for Mailpit: SMTP on 1025, and of its HTTP API on 8025 what the tests ask for. Mails are kept in memory.

``/mailpit`` serves; ``/mailpit readyz`` asks the one that serves, as the real program does for the health check.
"""

from __future__ import annotations

import email
import json
import re
import signal
import sys
import threading
import urllib.request
from email.message import EmailMessage
from email.policy import default as modern
from email.utils import getaddresses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST_MAIL_BYTES = 10 * 1024 * 1024
MOST_MAILS = 50_000

mails: list[EmailMessage] = []
lock = threading.Lock()


class Delivery:
    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        mail = email.message_from_bytes(envelope.original_content or b"", policy=modern)
        with lock:
            mails.append(mail)
            del mails[:-MOST_MAILS]
        return "250 OK"


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802 (the library's name)
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        if parts.path in ("/readyz", "/livez"):
            self.answer("ok", "text/plain")
        elif parts.path in ("/api/v1/messages", "/api/v1/search"):
            self.answer(json.dumps(listing(query)), "application/json")
        elif found := re.fullmatch(r"/api/v1/message/(\d+)/raw", parts.path):
            with lock:
                text = mails[int(found[1])].as_string()
            self.answer(text, "text/plain; charset=utf-8")
        else:
            self.answer(f"<!doctype html><title>Mails</title><p>{len(mails)} mails; this is a stand-in for Mailpit.", "text/html")

    def answer(self, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Health checks would fill the log."""


def listing(query: dict[str, list[str]]) -> dict[str, object]:
    """The newest first; ``query=to:ADDRESS`` is the one search that is understood."""
    with lock:
        found = list(enumerate(mails))
    wanted = query.get("query", [""])[0].removeprefix("to:").strip('"').lower()
    if wanted:
        found = [(number, mail) for number, mail in found if wanted in str(mail.get("To", "")).lower()]
    limit = int(query.get("limit", ["50"])[0])
    shown = [summary(number, mail) for number, mail in reversed(found[-limit:])]
    return {"total": len(mails), "messages_count": len(found), "count": len(shown), "start": 0, "messages": shown}


def summary(number: int, mail: EmailMessage) -> dict[str, object]:
    addresses = {name: [{"Name": shown, "Address": address} for shown, address in getaddresses([str(mail.get(name, ""))])] for name in ("From", "To")}
    return {
        "ID": str(number),
        "MessageID": str(mail.get("Message-ID", "")).strip("<>"),
        "From": addresses["From"][0] if addresses["From"] else None,
        "To": addresses["To"],
        "Subject": str(mail.get("Subject", "")),
    }


def main() -> int:
    if sys.argv[1:] == ["readyz"]:
        with urllib.request.urlopen("http://127.0.0.1:8025/readyz", timeout=3) as answer:
            return 0 if answer.status == 200 else 1
    controller = Controller(Delivery(), hostname="0.0.0.0", port=1025, data_size_limit=LARGEST_MAIL_BYTES, enable_SMTPUTF8=True)
    controller.start()
    server = ThreadingHTTPServer(("0.0.0.0", 8025), Api)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    print("mails to port 1025 are shown at port 8025", flush=True)
    server.serve_forever()
    controller.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
