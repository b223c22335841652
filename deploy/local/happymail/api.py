"""A small HTTP client that shows what it sends and what it gets."""

from __future__ import annotations

import http.client
import json
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from happymail.failure import Failure
from happymail.output import Output

_TIMEOUT_SECONDS = 40.0
_LONGEST_SHOWN = 4_000
_TOKENS = re.compile(r'(?P<key>"(?:[^"\\]|\\.)*")(?=\s*:)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<other>-?\d[\d.eE+-]*|true|false|null)')


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any


class Api:
    """Requests to one base URL. Every exchange is shown, unless it is one try of a poll."""

    def __init__(self, base_url: str, output: Output) -> None:
        parts = urlsplit(base_url)
        self._host = parts.hostname or "localhost"
        self._port = parts.port or 80
        self._output = output

    def send(
        self, method: str, path: str, body: object | None = None, headers: dict[str, str] | None = None, quietly: bool = False
    ) -> Answer:
        sent = dict(headers or {})
        content = None
        if body is not None:
            content = json.dumps(body)
            sent["Content-Type"] = "application/json"
        if not quietly:
            self._show_request(method, path, sent, body)
        began = time.monotonic()
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request(method, path, content, sent)
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"no answer to {method} {path}: {error}") from None
        finally:
            connection.close()
        received = {name.lower(): value for name, value in response.getheaders()}
        try:
            answer = Answer(response.status, received, json.loads(text))
        except ValueError:
            answer = Answer(response.status, received, text)
        if not quietly:
            self.show_answer(answer, (time.monotonic() - began) * 1_000)
        return answer

    def show_request(self, method: str, path: str) -> None:
        self._show_request(method, path, {}, None)

    def _show_request(self, method: str, path: str, headers: dict[str, str], body: object | None) -> None:
        paint = self._output.paint
        self._output.line(f"  {paint('→', 'blue')} {paint(f'{method} {path}', 'blue', 'bold')}")
        for name, value in headers.items():
            self._output.line(f"    {paint(f'{name}: {value}', 'dim')}")
        if body is not None:
            self._output.line(f"    {self._coloured(json.dumps(body, ensure_ascii=False))}")

    def show_answer(self, answer: Answer, milliseconds: float) -> None:
        paint = self._output.paint
        reason = http.client.responses.get(answer.status, "")
        style = "green" if answer.status < 400 else "red"
        status = paint(f"{answer.status} {reason}", style, "bold")
        self._output.line(f"  {paint('←', style)} {status}  {paint(f'{milliseconds:.0f} ms', 'dim')}")
        for name in ("location", "preference-applied", "retry-after"):
            if name in answer.headers:
                self._output.line(f"    {paint(f'{name.title()}: {answer.headers[name]}', 'dim')}")
        text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body, indent=2, ensure_ascii=False)
        for line in text[:_LONGEST_SHOWN].splitlines():
            self._output.line(f"    {self._coloured(line)}")

    def _coloured(self, line: str) -> str:
        styles = {"key": "cyan", "text": "green", "other": "yellow"}
        return _TOKENS.sub(lambda found: self._output.paint(found[0], styles[str(found.lastgroup)]), line)
