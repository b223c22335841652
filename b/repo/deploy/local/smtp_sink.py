#!/usr/bin/env python3
"""An SMTP server that delivers nothing: every mail goes into a Maildir, and one line about it to standard output.

``smtp_sink.py --port P --maildir D``. Needs aiosmtpd (apt: python3-aiosmtpd). A mail is in the folder ``new`` of the
Maildir, written and renamed, before the client is told that it was accepted.
"""

from __future__ import annotations

import argparse
import asyncio
import email
import mailbox
import signal
import time
from email.message import Message
from email.policy import default as modern
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"
LARGEST_MAIL_BYTES = 10 * 1024 * 1024


class MaildirDelivery:
    """aiosmtpd's handler: files each mail for its recipients."""

    def __init__(self, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        self.maildir = mailbox.Maildir(folder, create=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        content = envelope.original_content or b""
        name = self.maildir.add(content)
        print(describe(email.message_from_bytes(content, policy=modern), envelope.rcpt_tos, name), flush=True)
        return "250 OK"


def describe(mail: Message, recipients: list[str], name: str) -> str:
    """One line, whatever the mail holds: no control characters, bounded length."""
    subject = printable(mail.get("Subject", ""))
    return f"{time.strftime('%H:%M:%S')} to {printable(', '.join(recipients))}: {subject} [new/{name}]"


def printable(text: str, limit: int = 120) -> str:
    return "".join(character if character.isprintable() else " " for character in str(text))[:limit]


async def serve(port: int, folder: Path) -> None:
    """Listens until SIGINT or SIGTERM."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    handler = MaildirDelivery(folder)

    def connection() -> SMTP:
        return SMTP(handler, data_size_limit=LARGEST_MAIL_BYTES, enable_SMTPUTF8=True, ident="HappyMail sink", loop=loop)

    server = await loop.create_server(connection, HOST, port)
    print(f"mails to {HOST}:{port} are kept in {folder}", flush=True)
    await stop.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True, help="where to listen, on 127.0.0.1")
    parser.add_argument("--maildir", type=Path, required=True, help="where the mails go")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.port, arguments.maildir))


if __name__ == "__main__":
    main()
