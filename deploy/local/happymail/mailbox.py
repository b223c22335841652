"""Reading back what the SMTP sink, or Mailpit, has received."""

from __future__ import annotations

import email
import json
import urllib.request
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path

from happymail.failure import Failure

_NEWEST = 50
_ANSWER_WITHIN_SECONDS = 10.0
_SHOWN_HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "X-Order-Id")


def of_order(folder: Path, order_id: str) -> list[EmailMessage]:
    """Every mail in the Maildir about this order, oldest first."""
    mails = [_read(file) for file in _files(folder)]
    return [mail for mail in mails if mail is not None and str(mail.get("X-Order-Id", "")).strip() == order_id]


def of_order_in_mailpit(url: str, order_id: str) -> list[EmailMessage]:
    """The same, among the newest mails that a Mailpit has."""
    listing = json.loads(_get(f"{url}/api/v1/messages?limit={_NEWEST}"))
    sources = (_get(f"{url}/api/v1/message/{mail['ID']}/raw") for mail in reversed(listing["messages"]))
    mails = [email.message_from_bytes(source, policy=modern) for source in sources]
    return [mail for mail in mails if str(mail.get("X-Order-Id", "")).strip() == order_id]


def shown(mail: EmailMessage) -> list[str]:
    """The mail as lines for the terminal: its main headers and its plain text."""
    lines = [f"{name}: {_printable(str(mail[name]))}" for name in _SHOWN_HEADERS if mail[name]]
    body = mail.get_body(preferencelist=("plain", "html"))
    text = body.get_content() if body else ""
    return [*lines, "", *(_printable(line) for line in text.rstrip().splitlines())]


def _get(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_ANSWER_WITHIN_SECONDS) as answer:
            return answer.read()
    except (OSError, ValueError) as error:
        raise Failure(f"no mails from {url}: {error}") from None


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
