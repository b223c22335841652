"""What stands around the services: the try-out's servers, monitoring, the test of the release."""

from __future__ import annotations

import json
import re

import yaml
from conftest import CHART, COMPONENT, SERVICES, TOP, env, render, selects


def server(name: str) -> dict:
    return render("try-out").one("StatefulSet", f"happymail-{name}")


def test_the_try_out_brings_three_servers_with_volumes() -> None:
    assert render("try-out").names("StatefulSet") == ["happymail-kafka", "happymail-mailpit", "happymail-postgres"]
    for name in ("kafka", "mailpit", "postgres"):
        (claim,) = server(name)["spec"]["volumeClaimTemplates"]
        assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
        mounts = server(name)["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
        assert "data" in {mount["name"] for mount in mounts}


def test_without_infrastructure_nothing_of_it_is_there() -> None:
    for set_name in ("production", "urls-in-values", "bare", "values-cloudnativepg-strimzi"):
        rendered = render(set_name)
        assert not rendered.all("StatefulSet")
        assert not {"postgres", "kafka", "mailpit"} & {each["metadata"]["labels"][COMPONENT] for each in rendered.objects}
        assert "happymail-postgres" not in rendered.text
        assert "happymail-infrastructure" not in rendered.text


def test_a_new_chart_version_does_not_restart_a_database() -> None:
    for name in ("kafka", "mailpit", "postgres"):
        labels = server(name)["spec"]["template"]["metadata"]["labels"]
        assert not {"helm.sh/chart", "app.kubernetes.io/version"} & set(labels)
        claim = server(name)["spec"]["volumeClaimTemplates"][0]["metadata"]["labels"]
        assert not {"helm.sh/chart", "app.kubernetes.io/version"} & set(claim), "Kubernetes refuses to change it"


def test_generated_passwords_stay_with_the_volumes() -> None:
    secret = render("try-out").one("Secret", "happymail-infrastructure")
    assert secret["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert "helm.sh/hook" not in secret["metadata"]["annotations"]
    template = (CHART / "templates/infrastructure/secret.yaml").read_text()
    made = re.findall(r"^ *\{\{- \$password := (.*)|^  [a-z-]+: \{\{ (.*randAlphaNum.*)", template, re.MULTILINE)
    assert len(made) == 3
    assert all("get $old" in (one or other) for one, other in made), "every generated value is looked up first"


def test_every_service_has_a_database_role_and_password_of_its_own() -> None:
    data = render("try-out").one("Secret", "happymail-infrastructure")["stringData"]
    passwords = {data[f"{service}-password"] for service in SERVICES} | {data["postgres-password"]}
    assert len(passwords) == 4
    for service in SERVICES:
        password = data[f"{service}-password"]
        assert re.fullmatch(r"[A-Za-z0-9]{32}", password)
        assert data[f"{service}-url"] == f"postgres://{service}_service:{password}@happymail-postgres:5432/{service}"
    script = render("try-out").one("ConfigMap", "happymail-postgres")["data"]["databases.sh"]
    assert re.findall(r'^database (\w+) "\$(\w+)"$', script, re.MULTILINE) == [
        (service, f"{service.upper()}_PASSWORD") for service in sorted(SERVICES)
    ]
    given = env(server("postgres")["spec"]["template"]["spec"]["containers"][0])
    assert {f"{service.upper()}_PASSWORD" for service in SERVICES} <= set(given)


def test_the_broker_is_one_kraft_node_that_makes_no_topics() -> None:
    container = server("kafka")["spec"]["template"]["spec"]["containers"][0]
    given = {name: entry.get("value") for name, entry in env(container).items()}
    assert given["KAFKA_PROCESS_ROLES"] == "broker,controller"
    assert given["KAFKA_ADVERTISED_LISTENERS"] == "PLAINTEXT://happymail-kafka:9092"
    assert given["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert given["KAFKA_LOG_DIRS"].startswith(container["volumeMounts"][0]["mountPath"] + "/"), "lost+found is no partition"
    data = render("try-out").one("Secret", "happymail-infrastructure")["stringData"]
    assert re.fullmatch(r"[A-Za-z0-9]{21}A", data["kafka-cluster-id"])


def test_connections_fit_the_database() -> None:
    """Eight for each instance (DATABASE_MAX_CONNECTIONS) and one that listens, at the most instances that the values allow by default."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    most = values["defaults"]["autoscaling"]["maxReplicas"] + 1
    assert len(SERVICES) * most * 9 < int(values["infrastructure"]["postgres"]["parameters"]["max_connections"])


def test_the_gateway_is_started_anew_by_a_new_configuration() -> None:
    def checksum(*options: str) -> str:
        return render("try-out", *options).one("Deployment", "happymail-gateway")["spec"]["template"]["metadata"]["annotations"]["checksum/config"]

    assert checksum() != checksum("--set", "operatorPaths={docs}")
    assert checksum() == checksum("--set", "logLevel=debug")


def test_monitoring_is_off_by_default() -> None:
    assert not render("try-out").all("ServiceMonitor") + render("try-out").all("PrometheusRule")


def test_the_service_monitor_finds_the_three_services_only() -> None:
    rendered = render("production")
    monitor = rendered.one("ServiceMonitor", "happymail")
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    found = [each["metadata"]["name"] for each in rendered.all("Service") if selects(monitor["spec"]["selector"], each["metadata"]["labels"])]
    assert sorted(found) == sorted(f"happymail-{service}" for service in SERVICES)
    assert monitor["spec"]["jobLabel"] == COMPONENT, "the alert rules know the services by their names"
    (endpoint,) = monitor["spec"]["endpoints"]
    ports = {port["name"] for each in rendered.all("Service") for port in each["spec"]["ports"]}
    assert endpoint["port"] in ports and endpoint["path"] == "/metrics"


def test_the_prometheus_rule_is_the_file() -> None:
    file = yaml.safe_load((CHART / "files/alerts.yaml").read_text())
    assert render("production").one("PrometheusRule", "happymail")["spec"] == file


def rules() -> list[dict]:
    return [rule for group in yaml.safe_load((CHART / "files/alerts.yaml").read_text())["groups"] for rule in group["rules"]]


def swift() -> str:
    return "".join(
        path.read_text() for folder in ("Shared", "Services") for path in (TOP / folder).rglob("*.swift") if "Tests" not in path.parts
    )


def test_alerts_use_metrics_that_the_services_export() -> None:
    names = {name for rule in rules() for name in re.findall(r"\b([a-z][a-z_]*_[a-z_]+|up)\{", rule["expr"])}
    assert len(names) >= 10
    source = swift()
    for name in names - {"up"}:
        assert f'"{name.removesuffix("_bucket")}"' in source, name


def test_alerts_use_labels_and_values_that_the_services_export() -> None:
    source = swift()
    text = " ".join(rule["expr"] for rule in rules())
    for outcome in set(re.findall(r'outcome="(\w+)"', text)):
        assert f'"{outcome}"' in source, outcome
    types = set(re.findall(r'type="([\w.]+)"', text)) | {
        f"billing.Payment{word}" for words in re.findall(r'type=~"billing\.Payment\((.+?)\)"', text) for word in words.split("|")
    }
    assert len(types) == 3
    for event in types:
        assert f'EventType = "{event}"' in source, event
    grouped = {"namespace", "namespace, job", "namespace, job, le", "namespace, job, instance", "namespace, kind"}
    assert set(re.findall(r"by \(([^)]*)\)", text)) <= grouped


def test_every_alert_says_how_bad_what_and_why_and_is_tried() -> None:
    tried = (CHART.parent / "tests/alerts_test.yaml").read_text()
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) >= 15
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["alert"] in tried, f"no unit test lets {rule['alert']} fire"


def test_helm_test_plays_the_whole_collection() -> None:
    rendered = render("try-out")
    pod = rendered.one("Pod", "happymail-test")
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    held = rendered.one("ConfigMap", "happymail-test")
    assert "helm.sh/hook" not in held["metadata"].get("annotations", {}), "older helms take it for a pod"
    original = (TOP / "deploy/postman/happymail.postman_collection.json").read_text()
    assert json.loads(held["data"]["collection.json"]) == json.loads(original)
    (container,) = pod["spec"]["containers"]
    assert "/collection/collection.json" in container["args"]
    assert "baseUrl=http://happymail-gateway" in container["args"]
    assert "happymail-gateway" in rendered.names("Service")


def test_helm_test_waits_until_all_are_ready() -> None:
    pod = render("try-out").one("Pod", "happymail-test")
    (wait,) = pod["spec"]["initContainers"]
    assert "for service in billing notification order;" in wait["command"][-1]
    assert '"$BASE_URL/$service/readyz"' in wait["command"][-1]
    assert env(wait)["BASE_URL"]["value"] == "http://happymail-gateway"
    assert pod["spec"]["activeDeadlineSeconds"] >= 600
    without = render("try-out", "--set", "operatorPaths={docs}").one("Pod", "happymail-test")
    assert "initContainers" not in without["spec"]


def test_helm_test_can_go_to_another_address() -> None:
    pod = render("production").one("Pod", "happymail-test")
    assert "baseUrl=https://arch.homework" in pod["spec"]["containers"][0]["args"]
    assert pod["spec"]["hostAliases"] == [{"ip": "10.0.0.1", "hostnames": ["arch.homework"]}]
    assert not render("bare").all("Pod")


def test_the_collection_uses_only_paths_that_the_gateway_has() -> None:
    collection = (TOP / "deploy/postman/happymail.postman_collection.json").read_text()
    first = set(re.findall(r'"raw": "\{\{baseUrl\}\}/([a-z]+)', collection))
    assert first == {"users", "orders", "accounts", "messages"}
