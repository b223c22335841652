"""Provokes what the notification service's document promises."""

import uuid

from . import common


def sending(client, document, user):
    """Sends messages, well and badly. Returns one."""
    good = {"user_id": user["id"], "subject": "Hello", "body": "A line.\nAnother line."}
    message = common.repeats(client, document, "sendMessage", 202, good, {**good, "subject": "Bye"}, key=uuid.uuid4())
    client.expect(
        document,
        "sendMessage",
        202,
        "the longest body, an unknown field",
        body={**good, "body": "b" * 20_000, "colour": "red"},
        headers=common.TRACE,
    )
    client.expect(
        document,
        "sendMessage",
        404,
        "an unknown user",
        problem="not-found",
        body={**good, "user_id": common.UNKNOWN_ID},
    )
    client.race(document, "sendMessage", 202, body=good)
    common.bodies(client, document, "sendMessage", good)
    bad = [
        ("/user_id", {"user_id": "42"}, "a user id that is none"),
        ("/subject", {"subject": ""}, "an empty subject"),
        ("/subject", {"subject": "s" * 201}, "a subject of 201 characters"),
        ("/subject", {"subject": "a\r\nBcc: b@c.de"}, "a subject with a line break"),
        ("/subject", {"subject": None}, "no subject"),
        ("/body", {"body": ""}, "an empty body"),
        ("/body", {"body": "b" * 20_001}, "a body of 20001 characters"),
        ("/body", {"body": 7}, "a body that is a number"),
    ]
    for pointer, change, why in bad:
        client.expect(document, "sendMessage", 422, why, problem="validation", pointer=pointer, body={**good, **change})
    return message


def reading(client, document, user, order):
    """Lists messages by every filter, and reads one."""
    mine = {"user_id": user["id"]}

    def only(field, value):
        return lambda answer: (
            [] if all(each[field] == value for each in answer.json()["items"]) else [f"another {field}"]
        )

    def one(kind):
        def check(answer):
            items = answer.json()["items"]
            return (
                []
                if [each["kind"] for each in items] == [kind]
                else [f"expected one {kind} mail, got {[each['kind'] for each in items]}"]
            )

        return check

    about = {"order_id": order["id"]}
    client.eventually(
        document,
        "listMessages",
        lambda answer: any(each["status"] == "sent" for each in answer.json()["items"]),
        query=about,
    )
    client.expect(
        document, "listMessages", 200, "the mail about an order", query=about, headers=common.TRACE, check=one("happy")
    )
    for kind in ("happy", "sad", "welcome", "direct"):
        client.expect(
            document, "listMessages", 200, f"kind={kind}", query={**mine, "kind": kind}, check=only("kind", kind)
        )
    for status in ("queued", "sent", "failed"):
        client.expect(
            document,
            "listMessages",
            200,
            f"status={status}",
            query={**mine, "status": status},
            check=only("status", status),
        )
    for field, value in (("user_id", "42"), ("order_id", "42"), ("kind", "angry"), ("status", "lost")):
        client.expect(document, "listMessages", 422, f"a bad {field}", problem="validation", query={field: value})
    # What is still on its way would come between two pages.
    client.eventually(
        document, "listMessages", lambda answer: not answer.json()["items"], query={**mine, "status": "queued"}
    )
    common.pages(client, document, "listMessages", query=mine)
    mail = client.perform(document, "listMessages", query=about).json()["items"][0]
    client.expect(
        document,
        "getMessage",
        200,
        "the mail",
        path={"id": mail["id"]},
        headers=common.TRACE,
        check=lambda answer: [] if answer.json() == mail else ["not the mail that was listed"],
    )
    client.expect(document, "getMessage", 404, "an unknown id", problem="not-found", path={"id": common.UNKNOWN_ID})
    client.expect(document, "getMessage", 422, "an id that is none", problem="validation", path={"id": "42"})
