"""The three services: probes, settings, secrets, instances, migrations."""

from __future__ import annotations

import re

import pytest
import yaml
from conftest import CHART, COMPONENT, SERVICES, TOP, Refused, env, render, selects


def container_of(set_name: str, service: str, *options: str) -> dict:
    (container,) = deployment(set_name, service, *options)["spec"]["template"]["spec"]["containers"]
    return container


def deployment(set_name: str, service: str, *options: str) -> dict:
    rendered = render(set_name, *options)
    (found,) = [each for each in rendered.all("Deployment") if each["metadata"]["labels"][COMPONENT] == service]
    return found


def annotations(service: str, *options: str, set_name: str = "urls-in-values") -> dict:
    return deployment(set_name, service, *options)["spec"]["template"]["metadata"]["annotations"]


@pytest.mark.parametrize("service", SERVICES)
def test_probes_ask_the_right_paths(service: str) -> None:
    container = container_of("try-out", service)
    assert container["startupProbe"]["httpGet"]["path"] == "/livez"
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez", "a database that is away must not restart the services"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["readinessProbe"]["timeoutSeconds"] > 1, "/readyz gives each check a second"


@pytest.mark.parametrize("set_name", ["try-out", "production"])
@pytest.mark.parametrize("service", SERVICES)
def test_there_is_time_for_the_drain(set_name: str, service: str) -> None:
    pod = deployment(set_name, service)["spec"]["template"]["spec"]
    settings = render(set_name).one("ConfigMap", f"happymail-{service}")["data"]
    pause = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > pause + int(settings["SHUTDOWN_TIMEOUT_SECONDS"]) + 1
    assert pause > 0


def test_an_instance_is_ready_before_another_goes() -> None:
    for service in SERVICES:
        assert deployment("try-out", service)["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_one_instance_each_by_default_and_two_by_values() -> None:
    assert [deployment("try-out", service)["spec"]["replicas"] for service in SERVICES] == [1, 1, 1]
    assert [deployment("two-instances", service)["spec"].get("replicas") for service in SERVICES] == [None, 2, 2]


def test_instances_are_spread_over_machines_and_zones() -> None:
    for service in SERVICES:
        template = deployment("two-instances", service)["spec"]["template"]
        spread = template["spec"]["topologySpreadConstraints"]
        assert {each["topologyKey"] for each in spread} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
        assert all(selects(each["labelSelector"], template["metadata"]["labels"]) for each in spread)


def test_autoscaling_is_off_by_default() -> None:
    assert not render("try-out").all("HorizontalPodAutoscaler")


def test_autoscaling_leaves_the_number_to_itself() -> None:
    rendered = render("production")
    assert rendered.names("HorizontalPodAutoscaler") == ["happymail-billing", "happymail-order"]
    for service in ("order", "billing"):
        assert "replicas" not in deployment("production", service)["spec"], "an upgrade would undo the scaling"
        scaler = rendered.one("HorizontalPodAutoscaler", f"happymail-{service}")["spec"]
        assert scaler["scaleTargetRef"]["name"] == f"happymail-{service}"
        assert scaler["metrics"][0]["resource"]["name"] == "cpu"
    assert deployment("production", "notification")["spec"]["replicas"] == 2


def test_a_services_own_values_win_over_the_defaults() -> None:
    rendered = render("production")
    assert rendered.one("HorizontalPodAutoscaler", "happymail-order")["spec"]["maxReplicas"] == 12
    assert rendered.one("HorizontalPodAutoscaler", "happymail-billing")["spec"]["maxReplicas"] == 8
    assert rendered.one("HorizontalPodAutoscaler", "happymail-billing")["spec"]["minReplicas"] == 2


def test_disruption_budgets_select_the_pods_and_let_one_go() -> None:
    rendered = render("try-out")
    for service in SERVICES:
        budget = rendered.one("PodDisruptionBudget", f"happymail-{service}")["spec"]
        assert budget["maxUnavailable"] == 1
        assert "minAvailable" not in budget, "one instance could never be moved"
        assert selects(budget["selector"], deployment("try-out", service)["spec"]["template"]["metadata"]["labels"])
    assert not render("bare").all("PodDisruptionBudget")


def test_images_follow_the_values() -> None:
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    assert container_of("try-out", "order")["image"] == f"happymail/order:{version}"
    container = container_of("production", "billing")
    assert container["image"] == "registry.example.com/shop/happymail/billing:1.2.3"
    assert container["imagePullPolicy"] == "Always"
    assert deployment("production", "billing")["spec"]["template"]["spec"]["imagePullSecrets"] == [{"name": "registry"}]


def test_the_charts_version_of_the_services_is_theirs() -> None:
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    source = (TOP / "Shared/ServiceRuntime/ServiceRuntime.swift").read_text()
    assert re.search(r'static let version = "([^"]+)"', source)[1] == version


def test_images_of_servers_are_those_of_compose() -> None:
    ours = set(re.findall(r"^ *image: ((?:postgres|apache/kafka|axllent/mailpit|nginx):\S+)$", (CHART / "values.yaml").read_text(), re.MULTILINE))
    compose = (TOP / "docker-compose.yml").read_text()
    theirs = set(re.findall(r"^ *image: ((?:postgres|apache/kafka|axllent/mailpit|nginx):\S+)$", compose, re.MULTILINE))
    assert len(ours) == 4
    assert theirs and theirs <= ours


def test_services_listen_for_others_and_start_without_migrating() -> None:
    for service in SERVICES:
        settings = render("try-out").one("ConfigMap", f"happymail-{service}")["data"]
        assert settings["HTTP_HOST"] == "0.0.0.0"
        assert settings["HTTP_PORT"] == "8080" == str(container_of("try-out", service)["ports"][0]["containerPort"])
        assert settings["MIGRATE_ON_START"] == "false"
        assert settings["KAFKA_BOOTSTRAP_SERVERS"] == "happymail-kafka:9092"


@pytest.mark.parametrize("set_name", ["try-out", "production", "urls-in-values"])
def test_the_services_know_every_setting(set_name: str) -> None:
    """A name that they do not know would be ignored without a word."""
    sources = [TOP / "Shared/ServiceRuntime/Configuration/RuntimeKeys.swift", *TOP.glob("Services/*/Sources/*/*Configuration.swift")]
    sources += list(TOP.glob("Services/*/Sources/*/SMTP/*Configuration.swift"))
    known = set(re.findall(r'"([A-Z][A-Z0-9_]+)"', "".join(path.read_text() for path in sources)))
    for service in SERVICES:
        settings = set(render(set_name).one("ConfigMap", f"happymail-{service}")["data"])
        assert settings | set(env(container_of(set_name, service))) <= known


def test_settings_of_a_service_are_its_own() -> None:
    rendered = render("production")
    assert rendered.one("ConfigMap", "happymail-order")["data"]["DATABASE_MAX_CONNECTIONS"] == "16"
    assert "DATABASE_MAX_CONNECTIONS" not in rendered.one("ConfigMap", "happymail-billing")["data"]
    assert "MAIL_FROM" in rendered.one("ConfigMap", "happymail-notification")["data"]


def test_only_notification_knows_the_mail_server() -> None:
    for set_name in ("try-out", "production", "urls-in-values"):
        assert [service for service in SERVICES if "SMTP_URL" in env(container_of(set_name, service))] == ["notification"]


def test_existing_secrets_are_used_with_their_keys() -> None:
    for service in SERVICES:
        entries = env(container_of("production", service))
        assert entries["DATABASE_URL"]["valueFrom"]["secretKeyRef"] == {"name": f"{service}-db-app", "key": "uri"}
        assert entries["KAFKA_SASL_USERNAME"]["valueFrom"]["secretKeyRef"] == {"name": "kafka-user", "key": "user"}
        assert entries["KAFKA_SASL_PASSWORD"]["valueFrom"]["secretKeyRef"] == {"name": "kafka-user", "key": "password"}
    assert env(container_of("production", "notification"))["SMTP_URL"]["valueFrom"]["secretKeyRef"] == {"name": "mail", "key": "smtp-url"}
    assert not render("production").all("Secret")


def test_a_secret_with_a_password_only_takes_the_name_from_the_values() -> None:
    name = "values-cloudnativepg-strimzi"
    assert render(name).one("ConfigMap", "happymail-order")["data"]["KAFKA_SASL_USERNAME"] == "happymail"
    entries = env(container_of(name, "order"))
    assert "KAFKA_SASL_USERNAME" not in entries
    assert entries["KAFKA_SASL_PASSWORD"]["valueFrom"]["secretKeyRef"] == {"name": "happymail", "key": "password"}


def test_tls_and_sasl_reach_the_services() -> None:
    settings = render("production").one("ConfigMap", "happymail-order")["data"]
    assert (settings["KAFKA_SECURITY_PROTOCOL"], settings["KAFKA_SASL_MECHANISM"]) == ("SASL_SSL", "SCRAM-SHA-512")
    container = container_of("production", "order")
    folder, _, file = settings["KAFKA_CA_FILE"].rpartition("/")
    assert container["volumeMounts"] == [{"name": "kafka-ca", "mountPath": folder, "readOnly": True}]
    (volume,) = deployment("production", "order")["spec"]["template"]["spec"]["volumes"]
    assert volume["secret"] == {"secretName": "kafka-ca", "items": [{"key": "ca.pem", "path": file}]}
    assert "KAFKA_SASL_MECHANISM" not in render("try-out").one("ConfigMap", "happymail-order")["data"]


def test_secrets_from_values_go_into_the_services_own_secret() -> None:
    rendered = render("urls-in-values")
    data = rendered.one("Secret", "happymail-notification")["stringData"]
    assert data["DATABASE_URL"] == "postgres://notification:notification-password@db.example.com/notification"
    assert data["SMTP_URL"] == "smtp://mailer:mail-password@mail.example.com:587"
    assert data["KAFKA_SASL_PASSWORD"] == "kafka-password"
    assert "SMTP_URL" not in rendered.one("Secret", "happymail-order")["stringData"]
    assert env(container_of("urls-in-values", "order"))["DATABASE_URL"]["valueFrom"]["secretKeyRef"]["name"] == "happymail-order"


def test_a_changed_setting_starts_instances_anew() -> None:
    before = annotations("order")
    assert annotations("order", "--set", "logLevel=debug")["checksum/config"] != before["checksum/config"]
    assert annotations("order", "--set", "services.order.settings.RELAY_LEASE=9s")["checksum/config"] != before["checksum/config"]
    assert annotations("billing", "--set", "services.order.settings.RELAY_LEASE=9s") == annotations("billing")


def test_a_changed_secret_starts_instances_anew() -> None:
    before = annotations("order")
    after = annotations("order", "--set", "kafka.sasl.password=another")
    assert after["checksum/secret"] != before["checksum/secret"]
    assert after["checksum/config"] == before["checksum/config"]
    renamed = annotations("order", "--set", "services.order.database.existingSecret.name=b", set_name="production")
    assert renamed["checksum/secret"] != annotations("order", set_name="production")["checksum/secret"]


def test_generated_passwords_restart_nothing() -> None:
    assert annotations("order", "--set", "host=a.example", set_name="try-out") == annotations("order", set_name="try-out")


def test_instances_have_no_lasting_names_for_kafka() -> None:
    for service in SERVICES:
        assert "KAFKA_INSTANCE_ID" not in render("try-out").one("ConfigMap", f"happymail-{service}")["data"]


def test_migrations_are_jobs_before_install_and_upgrade() -> None:
    for set_name in ("production", "urls-in-values"):
        rendered = render(set_name)
        assert rendered.names("Job") == ["happymail-billing-migrate", "happymail-notification-migrate", "happymail-order-migrate"]
        for job in rendered.all("Job"):
            assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
            assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["migrate"]
            assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
        for service in SERVICES:
            assert "initContainers" not in deployment(set_name, service)["spec"]["template"]["spec"]


@pytest.mark.parametrize("set_name", ["production", "urls-in-values"])
def test_a_migration_needs_nothing_that_comes_after_it(set_name: str) -> None:
    rendered = render(set_name)
    earlier = {each["metadata"]["name"]: each for each in rendered.all("Secret") if "helm.sh/hook" in each["metadata"].get("annotations", {})}
    later = set(rendered.names("Secret")) - set(earlier)
    for job in rendered.all("Job"):
        pod = job["spec"]["template"]["spec"]
        assert "serviceAccountName" not in pod
        assert not any("configMap" in volume for volume in pod.get("volumes", []))
        (container,) = pod["containers"]
        assert "envFrom" not in container
        for entry in container["env"]:
            reference = entry.get("valueFrom", {}).get("secretKeyRef", {})
            assert reference.get("name") not in later
            if reference.get("name") in earlier:
                weight = int(earlier[reference["name"]]["metadata"]["annotations"]["helm.sh/hook-weight"])
                assert weight < int(job["metadata"]["annotations"]["helm.sh/hook-weight"])


def test_a_migration_has_the_settings_of_its_service() -> None:
    rendered = render("production")
    for service in SERVICES:
        container = rendered.one("Job", f"happymail-{service}-migrate")["spec"]["template"]["spec"]["containers"][0]
        given = {each["name"]: each["value"] for each in container["env"] if "value" in each}
        assert rendered.one("ConfigMap", f"happymail-{service}")["data"].items() <= given.items()
        assert int(given["STARTUP_TIMEOUT_SECONDS"]) >= 300
        assert env(container)["DATABASE_URL"] == env(container_of("production", service))["DATABASE_URL"]


def test_with_its_own_database_each_instance_migrates_first() -> None:
    assert not render("try-out").all("Job")
    for service in SERVICES:
        (container,) = deployment("try-out", service)["spec"]["template"]["spec"]["initContainers"]
        assert container["args"] == ["migrate"]
        assert container["image"] == container_of("try-out", service)["image"]
        assert env(container)["DATABASE_URL"] == env(container_of("try-out", service))["DATABASE_URL"]
    assert not render("bare").all("Job")
    assert "initContainers" in deployment("bare", "order")["spec"]["template"]["spec"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["infrastructure.enabled=false"], "needed with infrastructure.enabled=false"),
        (["migrations.mode=hook"], "migrations.mode=hook"),
        (["defaults.replicas=13"], "kafka.topicPartitions is 12"),
        (["defaults.autoscaling.enabled=true", "defaults.autoscaling.maxReplicas=13"], "kafka.topicPartitions is 12"),
        (["defaults.autoscaling.enabled=true", "defaults.autoscaling.minReplicas=7"], "minReplicas is greater"),
        (["kafka.securityProtocol=SSL"], "PLAINTEXT only"),
        (["kafka.replicationFactor=3"], "one broker"),
        (["gatewayApi.enabled=true"], "gatewayApi.parentRefs"),
        (["gateway.enabled=false"], "tests.baseUrl is needed"),
    ],
)
def test_values_that_cannot_work_together_are_refused(options: list[str], reason: str) -> None:
    with pytest.raises(Refused, match=re.escape(reason)):
        render("try-out", *(word for option in options for word in ("--set", option)))


@pytest.mark.parametrize(
    "missing",
    [
        "services.billing.database.url=",
        "kafka.bootstrapServers=",
        "kafka.sasl.password=",
        "kafka.sasl.username=",
        "smtp.url=",
    ],
)
def test_what_is_missing_is_named(missing: str) -> None:
    with pytest.raises(Refused) as refused:
        render("urls-in-values", "--set", missing)
    assert "needed" in str(refused.value)
    assert missing.split(".")[0] in str(refused.value)


@pytest.mark.parametrize(
    "option",
    [
        "replicas=2",
        "defaults.replicas=-1",
        "defaults.replicas=two",
        "defaults.shutdownTimeoutSeconds=0",
        "defaults.resources.requests.memory=lots",
        "defaults.settings.lower_case=1",
        "defaults.settings.DATABASE_URL=postgres://a",
        "defaults.settings.KAFKA_INSTANCE_ID=a",
        "defaults.settings.LOG_LEVEL=debug",
        "services.payment.paths[0]=/payments",
        "services.order.path=/orders",
        "services.order.paths[0]=orders",
        "services.order.database.url=mysql://a",
        "image.pullPolicy=Sometimes",
        "image.tag=a b",
        "logLevel=loud",
        "kafka.bootstrapServers=kafka",
        "kafka.topicPartitions=0",
        "kafka.securityProtocol=TLS",
        "kafka.sasl.mechanism=GSSAPI",
        "smtp.url=smtps://mail",
        "migrations.mode=later",
        "host=Arch.Homework/path",
        "operatorPaths[0]=secrets",
        "ingress.enabled=yes-please",
        "tests.baseUrl=arch.homework",
        "infrastructure.kafka.heap=much",
        "infrastructure.postgres.storage=big",
        "networkPolicy.egress.kafka.ports[0]=70000",
        "metrics.serviceMonitor.interval=often",
    ],
)
def test_the_schema_refuses(option: str) -> None:
    with pytest.raises(Refused, match="don't meet the specifications of the schema"):
        render("try-out", "--set", option)
