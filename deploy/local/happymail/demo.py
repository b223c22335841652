"""The eight steps from a new user to a happy and a sad mail, with every request and answer shown and every value checked."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from happymail import mailbox
from happymail.api import Answer, Api
from happymail.failure import Failure
from happymail.output import Output

_WITHIN_SECONDS = 20.0
_LOOK_EVERY_SECONDS = 0.1

_DEPOSIT = 10_000
_AFFORDABLE = 7_999
_UNAFFORDABLE = 5_000


class Demo:
    """Plays the steps once. ``passed`` and ``failed`` count the checks; a failed one raises Failure."""

    def __init__(self, base_url: str, mails: Path | str | None, output: Output) -> None:
        """``mails``: a Maildir, the address of a Mailpit, or nothing where mails cannot be read back."""
        self._api = Api(base_url, output)
        self._mails = mails
        self._output = output
        self.passed = 0
        self.failed = 0

    def play(self) -> None:
        tag = uuid.uuid4().hex[:8]
        self._step(1, "Create a user")
        user = self._api.send("POST", "/users", {"email": f"anna.{tag}@example.com", "name": "Anna"}, self._once())
        self._check("the user was created", user.status, 201)
        user_id = user.body["id"]
        account_path = f"/accounts/{user_id}"

        self._step(2, "The account appears in billing")
        account = self._poll(account_path, lambda answer: answer.status == 200)
        self._check("the account is empty", self._balance(account), 0)

        self._step(3, "Deposit money")
        deposit = self._api.send("POST", f"{account_path}/deposits", {"amount": _money(_DEPOSIT)}, self._once())
        self._check("the deposit was accepted", deposit.status, 201)
        self._check("the balance after it", deposit.body["balance_after"]["amount"], _DEPOSIT)

        self._step(4, "Order something that can be afforded")
        happy = self._order(user_id, _AFFORDABLE)
        self._check("the order is", happy["status"], "confirmed")

        self._step(5, "The balance was debited")
        account = self._api.send("GET", account_path)
        self._check("the balance", self._balance(account), _DEPOSIT - _AFFORDABLE)

        self._step(6, "A happy mail was sent")
        self._check_message(happy["id"], "happy")

        self._step(7, "Order something that cannot be afforded: the balance stays")
        sad = self._order(user_id, _UNAFFORDABLE)
        self._check("the order is", sad["status"], "rejected")
        self._check("the reason", sad["reason"], "insufficient_funds")
        account = self._api.send("GET", account_path)
        self._check("the balance", self._balance(account), _DEPOSIT - _AFFORDABLE)

        self._step(8, "A sad mail was sent")
        self._check_message(sad["id"], "sad")
        self._show_mail("The happy mail, as it was received", happy["id"])
        self._show_mail("The sad mail, as it was received", sad["id"])

    def _order(self, user_id: str, amount: int) -> dict[str, Any]:
        """Places an order and returns it when it is final; `Prefer: wait` holds the answer until then."""
        headers = {"Prefer": "wait=10"} | self._once()
        placed = self._api.send("POST", "/orders", {"user_id": user_id, "price": _money(amount)}, headers)
        self._check("the order was accepted", placed.status, 201)
        if placed.body["status"] != "pending":
            return placed.body
        return self._poll(f"/orders/{placed.body['id']}", lambda answer: answer.status == 200 and answer.body["status"] != "pending").body

    def _check_message(self, order_id: str, kind: str) -> None:
        def is_sent(answer: Answer) -> bool:
            return answer.status == 200 and any(message["status"] == "sent" for message in answer.body["items"])

        messages = self._poll(f"/messages?order_id={order_id}", is_sent).body["items"]
        self._check("mails about this order", len(messages), 1)
        self._check("its kind", messages[0]["kind"], kind)
        self._check("it is about the order", messages[0]["order_id"], order_id)

    def _show_mail(self, title: str, order_id: str) -> None:
        if self._mails is None:
            return
        of_order = mailbox.of_order_in_mailpit if isinstance(self._mails, str) else mailbox.of_order
        mails = of_order(self._mails, order_id)  # type: ignore[arg-type]
        self._output.heading(title)
        self._check("mails in the mailbox about this order", len(mails), 1)
        self._show(mails[0])

    def _show(self, mail: EmailMessage) -> None:
        for line in mailbox.shown(mail):
            self._output.line(f"  {self._output.paint('│', 'yellow')} {line}")

    def _poll(self, path: str, is_met: Callable[[Answer], bool]) -> Answer:
        """Asks until the answer is as wanted, and shows that one only; fails after twenty seconds."""
        self._api.show_request("GET", path)
        began = time.monotonic()
        while True:
            answer = self._api.send("GET", path, quietly=True)
            elapsed = time.monotonic() - began
            if is_met(answer) or elapsed > _WITHIN_SECONDS:
                self._api.show_answer(answer, elapsed * 1_000)
            if is_met(answer):
                return answer
            if elapsed > _WITHIN_SECONDS:
                self.failed += 1
                raise Failure(f"GET {path} did not give what was expected within {_WITHIN_SECONDS:.0f} s")
            time.sleep(_LOOK_EVERY_SECONDS)

    def _balance(self, account: Answer) -> Any:
        self._check("the account is there", account.status, 200)
        return account.body["balance"]["amount"]

    def _check(self, what: str, actual: object, expected: object) -> None:
        if actual != expected:
            self.failed += 1
            raise Failure(f"the demo failed: {what}: expected {expected}, got {actual}")
        self.passed += 1
        self._output.line(f"  {self._output.paint('✔', 'green')} {what}: {actual}")

    def _step(self, number: int, title: str) -> None:
        self._output.heading(f"{number}. {title}")

    def _once(self) -> dict[str, str]:
        return {"Idempotency-Key": str(uuid.uuid4())}


def play(demo: Demo, output: Output) -> None:
    """Plays it; an answer that lacks what the API promises is a failure like any other. The counts are printed either way."""
    try:
        demo.play()
    except (KeyError, TypeError, IndexError) as error:
        demo.failed += 1
        raise Failure(f"the demo failed: the last answer lacks {error}") from None
    finally:
        output.line()
        output.line(f"demo: {demo.passed} passed, {demo.failed} failed")


def _money(amount: int) -> dict[str, object]:
    return {"amount": amount, "currency": "USD"}
