"""One line per check, and the sum at the end."""


class Report:
    """Prints each check as it is made and counts them."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, name, faults):
        """`faults` is a list of sentences; the check passed if it is empty. Returns whether it passed."""
        if faults:
            self.failed += 1
            print(f"FAIL  {name}", flush=True)
            for fault in faults:
                print(f"        {fault}", flush=True)
        else:
            self.passed += 1
            print(f"ok    {name}", flush=True)
        return not faults

    def finish(self):
        """The last line, and the exit code."""
        print(f"openapi: {self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0
