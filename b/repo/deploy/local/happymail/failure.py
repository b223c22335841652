"""The one error that a user is meant to read."""

from __future__ import annotations


class Failure(Exception):
    """Something went wrong in a way that can be said in one sentence; ``details`` are lines shown below it."""

    def __init__(self, sentence: str, details: list[str] | None = None) -> None:
        super().__init__(sentence)
        self.details = details or []
