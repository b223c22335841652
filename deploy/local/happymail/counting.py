"""How many tests passed and failed, read from what the runners print."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SWIFT_RUN = re.compile(r"^\W*Test run with (\d+) tests?.* (passed|failed) after ")
_SWIFT_TEST_FAILED = re.compile(r"^\W*Test (?!run with |case )(.+?) (?:with \d+ test cases )?failed after ")
_SWIFT_ISSUE = re.compile(r"^\W*Test (.+ recorded an issue .+)")
_SWIFT_TEST_SKIPPED = re.compile(r"^\W*Test (?:\".*\"|\w+\(.*\)) skipped(?:\.|:)")
_XCTEST_RUN = re.compile(r"^\s*Executed (\d+) tests?, with (?:\d+ tests? skipped and )?(\d+) failures?")
_NEWMAN = re.compile(r"^\s*│\s*assertions\s*│\s*(\d+)\s*│\s*(\d+)\s*│")
_PLAIN = re.compile(r"^\s*(?:[\w.-]+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$")


@dataclass
class Count:
    """Feed it a runner's output line by line."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    issues: list[str] = field(default_factory=list)
    """What went wrong in Swift tests, a line each, to be told again at the end."""
    _failed_now: int = field(default=0, repr=False)
    _skipped_now: int = field(default=0, repr=False)
    _xctest: tuple[int, int] = field(default=(0, 0), repr=False)

    def read(self, text: str) -> None:
        line = _COLOUR.sub("", text)
        if _SWIFT_TEST_FAILED.match(line):
            self._failed_now += 1
        elif found := _SWIFT_ISSUE.match(line):
            self.issues.append(found[1])
        elif _SWIFT_TEST_SKIPPED.match(line):
            self._skipped_now += 1
        elif found := _SWIFT_RUN.match(line):
            self._end_swift_run(int(found[1]), found[2] == "failed")
        elif found := _XCTEST_RUN.match(line):
            # XCTest says it for each suite and last for all of them; the largest is the whole.
            self._xctest = max(self._xctest, (int(found[1]), int(found[2])))
        elif found := _NEWMAN.match(line):
            self.passed += int(found[1]) - int(found[2])
            self.failed += int(found[2])
        elif found := _PLAIN.match(line):
            self.passed += int(found[1])
            self.failed += int(found[2])
            self.skipped += int(found[3] or 0)

    def finish(self, exited_with: int) -> None:
        """Call it at the end. A runner that failed without naming a failed test counts as one failure."""
        executed, failures = self._xctest
        self.passed += max(0, executed - failures)
        self.failed += failures
        self._xctest = (0, 0)
        self.failed = max(self.failed, self._failed_now)
        if exited_with != 0 and self.failed == 0:
            self.failed = 1

    def _end_swift_run(self, total: int, has_failed: bool) -> None:
        failed = max(self._failed_now, 1 if has_failed else 0)
        self.failed += failed
        self.skipped += self._skipped_now
        self.passed += max(0, total - failed - self._skipped_now)
        self._failed_now = self._skipped_now = 0
