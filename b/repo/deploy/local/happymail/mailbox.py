"""Reading back what the SMTP sink has received."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path

_SHOWN_HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "X-Order-Id")


def of_order(folder: Path, order_id: str) -> list[EmailMessage]:
    """Every mail in the Maildir about this order, oldest first."""
    mails = [_read(file) for file in _files(folder)]
    return [mail for mail in mails if mail is not None and str(mail.get("X-Order-Id", "")).strip() == order_id]


def shown(mail: EmailMessage) -> list[str]:
    """The mail as lines for the terminal: its main headers and its plain text."""
    lines = [f"{name}: {_printable(str(mail[name]))}" for name in _SHOWN_HEADERS if mail[name]]
    body = mail.get_body(preferencelist=("plain", "html"))
    text = body.get_content() if body else ""
    return [*lines, "", *(_printable(line) for line in text.rstrip().splitlines())]


def _files(folder: Path) -> list[Path]:
    found = [file for box in ("new", "cur") for file in (folder / box).glob("*")]
    return sorted(found, key=lambda file: (file.stat().st_mtime_ns, file.name))


def _read(file: Path) -> EmailMessage | None:
    try:
        return email.message_from_bytes(file.read_bytes(), policy=modern)
    except OSError:
        return None


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
