"""Provokes what the order service's document promises."""

import json
import uuid

from . import common
from .document import faults_of


def person(currency="USD"):
    """A user that is not registered yet."""
    return {"email": f"contract.{uuid.uuid4()}@example.com", "name": "Clara Contract", "currency": currency}


def dollars(amount):
    return {"amount": amount, "currency": "USD"}


def users(client, document):
    """Registers users, well and badly. Returns one."""
    who = person()
    user = common.repeats(client, document, "registerUser", 201, who, {**who, "name": "Other"}, key=uuid.uuid4())
    client.expect(document, "registerUser", 409, "the same e-mail", problem="email-taken", body=who)
    least = {name: value for name, value in person().items() if name != "currency"}
    client.expect(
        document,
        "registerUser",
        201,
        "without a currency, with an unknown field",
        body={**least, "colour": "red"},
        headers=common.TRACE,
        check=lambda answer: [] if answer.json()["currency"] == "USD" else ["the currency is not USD"],
    )
    common.bodies(client, document, "registerUser", person())
    client.race(document, "registerUser", 201, fresh=lambda: {"body": person()})
    bad = [
        ("/email", {"email": "nobody"}, "an e-mail without @"),
        ("/email", {"email": "a" * 250 + "@b.cd"}, "an e-mail of 255 characters"),
        ("/email", {"email": None}, "no e-mail"),
        ("/name", {"name": ""}, "an empty name"),
        ("/name", {"name": "n" * 201}, "a name of 201 characters"),
        ("/name", {"name": "a\r\nBcc: b@c.de"}, "a name with a line break"),
        ("/name", {"name": 7}, "a name that is a number"),
        ("/currency", {"currency": "dollars"}, "a currency that is none"),
    ]
    for pointer, change, why in bad:
        client.expect(
            document, "registerUser", 422, why, problem="validation", pointer=pointer, body={**person(), **change}
        )
    client.expect(
        document,
        "getUser",
        200,
        "the user",
        path={"id": user["id"]},
        headers=common.TRACE,
        check=lambda answer: [] if answer.json() == user else ["not the user that was registered"],
    )
    client.expect(document, "getUser", 404, "an unknown id", problem="not-found", path={"id": common.UNKNOWN_ID})
    client.expect(document, "getUser", 422, "an id that is none", problem="validation", path={"id": "42"})
    return user


def placing(client, document, user):
    """Places orders, well and badly. The account has 10,000."""
    good = {"user_id": user["id"], "price": dollars(100)}
    items = [{"sku": "tea", "quantity": 3, "unit_price": dollars(50)}]
    order = common.repeats(client, document, "placeOrder", 201, good, {**good, "price": dollars(101)}, key=uuid.uuid4())
    client.expect(
        document,
        "placeOrder",
        201,
        "items alone",
        body={"user_id": user["id"], "items": items},
        headers=common.TRACE,
        check=lambda answer: [] if answer.json()["price"] == dollars(150) else ["the price is not the total"],
    )

    def waited(answer):
        faults = [] if answer.headers.get("preference-applied") == "wait=20" else ["Preference-Applied is missing"]
        return faults + ([] if answer.json()["status"] == "confirmed" else [f"the status is {answer.json()['status']}"])

    both = {"user_id": user["id"], "items": items, "price": dollars(150)}
    client.expect(
        document, "placeOrder", 201, "price and items, waiting", body=both, headers={"Prefer": "wait=20"}, check=waited
    )
    large = {"user_id": user["id"], "price": dollars(1_000_000_000_000)}
    client.expect(
        document,
        "placeOrder",
        201,
        "the largest price, waiting",
        body=large,
        headers={"Prefer": "wait=20"},
        check=lambda answer: (
            [] if answer.json()["reason"] == "insufficient_funds" else ["not rejected for want of money"]
        ),
    )
    euros = {"user_id": user["id"], "price": {"amount": 1, "currency": "EUR"}}
    client.expect(
        document,
        "placeOrder",
        201,
        "another currency, waiting",
        body=euros,
        headers={"Prefer": "wait=20"},
        check=lambda answer: (
            [] if answer.json()["reason"] == "currency_mismatch" else ["not rejected for its currency"]
        ),
    )
    client.expect(
        document, "placeOrder", 404, "an unknown user", problem="not-found", body={**good, "user_id": common.UNKNOWN_ID}
    )
    common.bodies(client, document, "placeOrder", good)
    client.race(document, "placeOrder", 201, body={**good, "price": dollars(1)})
    line = items[0]
    bad = [
        ("/user_id", {"user_id": "42"}, "a user id that is none"),
        ("/price/amount", {"price": dollars(0)}, "a price of zero"),
        ("/price/amount", {"price": dollars(1_000_000_000_001)}, "a price above the limit"),
        ("/price/amount", {"price": dollars("100")}, "a price that is a text"),
        ("/price/amount", {"price": {"currency": "USD"}}, "a price without an amount"),
        ("/price/currency", {"price": {"amount": 1, "currency": "usd"}}, "a currency in small letters"),
        ("/items", {"items": []}, "no items"),
        ("/items", {"items": [line] * 101}, "101 items"),
        ("/items/0/quantity", {"items": [{**line, "quantity": 0}]}, "a quantity of zero"),
        ("/items/0/quantity", {"items": [{**line, "quantity": 1_000_001}]}, "a quantity above the limit"),
        ("/items/0/sku", {"items": [{**line, "sku": ""}]}, "an empty sku"),
        ("/items/0/sku", {"items": [{**line, "sku": "s" * 101}]}, "a sku of 101 characters"),
    ]
    for pointer, change, why in bad:
        client.expect(document, "placeOrder", 422, why, problem="validation", pointer=pointer, body={**good, **change})
    client.expect(
        document, "placeOrder", 422, "neither price nor items", problem="validation", body={"user_id": user["id"]}
    )
    client.expect(
        document,
        "placeOrder",
        422,
        "a price that is not the total",
        problem="validation",
        body={**both, "price": dollars(151)},
        schema_agrees=False,
    )
    return order


def reading(client, document, user, order):
    """Reads orders, follows one, and lists them."""
    path = {"id": order["id"]}
    client.expect(
        document,
        "getOrder",
        200,
        "waiting until it is final",
        path=path,
        headers={"Prefer": "wait=20", **common.TRACE},
        check=lambda answer: (
            []
            if answer.json()["status"] == "confirmed" and answer.headers.get("preference-applied")
            else ["not confirmed, or not waited"]
        ),
    )
    client.expect(document, "getOrder", 200, "at once", path=path)
    schema = document.data["components"]["schemas"]["Order"]

    def streamed(answer):
        if answer.media != "text/event-stream":
            return [f"the media type is {answer.media}"]
        blocks = answer.text.replace("\r\n", "\n").split("\n\n")
        data = [
            "\n".join(line[5:].removeprefix(" ") for line in block.split("\n") if line.startswith("data:"))
            for block in blocks
        ]
        orders = [json.loads(each) for each in data if each]
        faults = [fault for each in orders for fault in faults_of(each, schema)]
        return faults + (
            [] if orders and orders[-1]["status"] == "confirmed" else ["the last status is not the final one"]
        )

    stream = {"Accept": "text/event-stream"}
    client.expect(document, "getOrder", 200, "the stream of a final order", path=path, headers=stream, check=streamed)
    new = client.perform(document, "placeOrder", body={"user_id": user["id"], "price": dollars(1)}).json()
    client.expect(
        document, "getOrder", 200, "the stream of a new order", path={"id": new["id"]}, headers=stream, check=streamed
    )
    client.expect(document, "getOrder", 404, "an unknown id", problem="not-found", path={"id": common.UNKNOWN_ID})
    client.expect(
        document,
        "getOrder",
        404,
        "the stream of an unknown id",
        problem="not-found",
        path={"id": common.UNKNOWN_ID},
        headers=stream,
    )
    client.expect(document, "getOrder", 422, "an id that is none", problem="validation", path={"id": "42"})
    common.pages(client, document, "listOrders", query={"user_id": user["id"]})
    for status in ("confirmed", "rejected", "pending"):
        client.expect(
            document,
            "listOrders",
            200,
            f"status={status}",
            query={"user_id": user["id"], "status": status},
            check=lambda answer, status=status: (
                [] if all(each["status"] == status for each in answer.json()["items"]) else ["another status"]
            ),
        )
    client.expect(document, "listOrders", 422, "a status that is none", problem="validation", query={"status": "lost"})
    client.expect(document, "listOrders", 422, "a user id that is none", problem="validation", query={"user_id": "42"})
