"""Provokes what the billing service's document promises."""

import uuid

from . import common


def money(amount):
    return {"amount": {"amount": amount, "currency": "USD"}}


def opening(client, document, user):
    """Waits for the user's account and pays 10,000 in."""
    path = {"user_id": user["id"]}
    client.eventually(document, "getAccount", lambda answer: answer.status == 200, path=path)
    client.expect(
        document,
        "getAccount",
        200,
        "the new account",
        path=path,
        headers=common.TRACE,
        check=lambda answer: [] if answer.json()["balance"] == {"amount": 0, "currency": "USD"} else ["not empty"],
    )
    entry = common.repeats(client, document, "deposit", 201, money(10_000), money(10_001), key=uuid.uuid4(), path=path)
    client.report.check(
        "billing deposit: one effect",
        [] if entry["balance_after"]["amount"] == 10_000 else [f"balance {entry['balance_after']}"],
    )


def transfers(client, document, user):
    """Pays in and takes out, well and badly."""
    path = {"user_id": user["id"]}
    without = {"amount": {"amount": 500}}
    client.expect(
        document,
        "deposit",
        201,
        "without a currency, with an unknown field",
        path=path,
        body={**without, "colour": "red"},
        headers=common.TRACE,
        check=lambda answer: [] if answer.json()["amount"]["currency"] == "USD" else ["not the account's currency"],
    )
    client.expect(document, "withdraw", 201, "without a currency", path=path, body=without, headers=common.TRACE)
    common.repeats(client, document, "withdraw", 201, money(10), money(11), key=uuid.uuid4(), path=path)
    client.expect(
        document,
        "withdraw",
        409,
        "more than there is",
        problem="insufficient-funds",
        path=path,
        body=money(1_000_000_000_000),
    )
    for operation in ("deposit", "withdraw"):
        client.race(document, operation, 201, path=path, body=money(1))
        common.bodies(client, document, operation, money(1), path=path)
        client.expect(
            document,
            operation,
            404,
            "an unknown account",
            problem="account-not-found",
            path={"user_id": common.UNKNOWN_ID},
            body=money(1),
        )
        client.expect(
            document,
            operation,
            422,
            "an id that is none",
            problem="validation",
            path={"user_id": "42"},
            body=money(1),
            schema_agrees=False,
        )
        bad = [
            ("/amount", {}, "no amount"),
            ("/amount", {"amount": 5}, "an amount that is a number"),
            ("/amount/amount", money(0), "zero"),
            ("/amount/amount", money(-1), "a negative amount"),
            ("/amount/amount", money(1.5), "half a cent"),
            ("/amount/amount", money("1"), "a text"),
            ("/amount/amount", money(1_000_000_000_001), "more than the limit"),
            ("/amount/amount", money(10**30), "more than 64 bits"),
            ("/amount/currency", {"amount": {"amount": 1, "currency": "US"}}, "a currency that is none"),
        ]
        for pointer, body, why in bad:
            client.expect(document, operation, 422, why, problem="validation", pointer=pointer, path=path, body=body)
        euros = {"amount": {"amount": 1, "currency": "EUR"}}
        client.expect(
            document,
            operation,
            422,
            "another currency than the account's",
            problem="validation",
            path=path,
            body=euros,
            schema_agrees=False,
        )


def reading(client, document, user):
    """The account and its statement agree."""
    path = {"user_id": user["id"]}
    account = client.expect(document, "getAccount", 200, "the account", path=path).json()

    def agrees(answer):
        last = answer.json()["items"][0]
        return (
            []
            if (last["balance_after"], last["version"]) == (account["balance"], account["version"])
            else ["the newest entry differs from the account"]
        )

    client.expect(
        document,
        "listEntries",
        200,
        "the newest entry",
        path=path,
        query={"limit": 1},
        headers=common.TRACE,
        check=agrees,
    )
    common.pages(client, document, "listEntries", path=path)
    for operation in ("getAccount", "listEntries"):
        client.expect(
            document,
            operation,
            404,
            "an unknown account",
            problem="account-not-found",
            path={"user_id": common.UNKNOWN_ID},
        )
        client.expect(document, operation, 422, "an id that is none", problem="validation", path={"user_id": "42"})
