"""What a later install or upgrade finds in the cluster, and keeps."""

from __future__ import annotations

from conftest import COMPONENT, SERVICES, render_anew
from fake_cluster import cluster

MADE = {"postgres-password", "kafka-cluster-id", *(f"{service}-password" for service in SERVICES)}


def made(*options: str) -> dict[str, str]:
    return render_anew("try-out", *options).one("Secret", "happymail-infrastructure")["stringData"]


def test_the_first_install_makes_passwords() -> None:
    with cluster({}) as options:
        one = made(*options)
    with cluster({}) as options:
        other = made(*options)
    assert all(one[key] != other[key] for key in MADE)


def test_an_upgrade_keeps_every_generated_value() -> None:
    with cluster({}) as options:
        first = made(*options)
    with cluster({"happymail-infrastructure": first}) as options:
        assert made(*options) == first


def test_a_password_that_is_missing_is_made_and_the_others_are_kept() -> None:
    with cluster({}) as options:
        first = made(*options)
    old = {key: value for key, value in first.items() if not key.startswith("billing-")}
    with cluster({"happymail-infrastructure": old}) as options:
        now = made(*options)
    assert now["billing-password"] not in ("", first["billing-password"])
    assert {key: now[key] for key in old} == old


def test_a_changed_existing_secret_starts_the_instances_anew() -> None:
    def checksums(password: str) -> dict[str, str]:
        with cluster({"order-db-app": {"uri": f"postgres://order:{password}@db/order"}}) as options:
            rendered = render_anew("values-cloudnativepg-strimzi", *options)
        pods = [each["spec"]["template"]["metadata"] for each in rendered.all("Deployment")]
        return {pod["labels"][COMPONENT]: pod["annotations"]["checksum/secret"] for pod in pods if pod["labels"][COMPONENT] in SERVICES}

    one, same, other = checksums("a"), checksums("a"), checksums("b")
    assert one == same
    assert [service for service in one if one[service] != other[service]] == ["order"]
