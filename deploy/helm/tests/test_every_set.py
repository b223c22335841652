"""What must hold of the chart whatever the values say."""

from __future__ import annotations

from conftest import CHART, COMPONENT, SERVICES, Rendered, selects

LABELS = {
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    COMPONENT,
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/version",
    "app.kubernetes.io/managed-by",
    "helm.sh/chart",
}


def test_three_services_run(each_set: Rendered) -> None:
    components = {each["metadata"]["labels"][COMPONENT] for each in each_set.all("Deployment")}
    assert components - {"gateway"} == set(SERVICES)
    assert len(each_set.all("Service")) >= 3


def test_every_object_has_the_standard_labels_and_the_namespace(each_set: Rendered) -> None:
    for each in each_set.objects:
        assert LABELS <= set(each["metadata"]["labels"]), each["metadata"]["name"]
        assert each["metadata"]["namespace"] == "arch-homework"


def test_no_two_objects_have_one_name(each_set: Rendered) -> None:
    seen = [(each["kind"], each["metadata"]["name"]) for each in each_set.objects]
    assert len(seen) == len(set(seen))


def test_names_are_short_enough(each_set: Rendered) -> None:
    for each in each_set.objects:
        assert len(each["metadata"]["name"]) <= 63


def test_pods_meet_the_restricted_standard(each_set: Rendered) -> None:
    for owner, pod in each_set.pods():
        context = pod["spec"]["securityContext"]
        assert context["runAsNonRoot"] is True, owner
        assert context["runAsUser"] > 0, owner
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, owner
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod["spec"]), owner
        for volume in pod["spec"].get("volumes", []):
            assert set(volume) - {"name"} <= {"configMap", "secret", "emptyDir"}, owner


def test_containers_meet_the_restricted_standard(each_set: Rendered) -> None:
    for owner, _, container in each_set.containers():
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False, owner
        assert context["privileged"] is False, owner
        assert context["runAsNonRoot"] is True, owner
        assert context["capabilities"] == {"drop": ["ALL"]}, owner


def test_file_systems_are_read_only_but_for_the_broker(each_set: Rendered) -> None:
    writable = {owner for owner, _, container in each_set.containers() if not container["securityContext"]["readOnlyRootFilesystem"]}
    assert all(owner.endswith("-kafka/kafka") for owner in writable)


def test_nothing_gets_a_token_of_kubernetes(each_set: Rendered) -> None:
    for owner, pod in each_set.pods():
        assert pod["spec"]["automountServiceAccountToken"] is False, owner
    for account in each_set.all("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


def test_every_lasting_pod_has_an_identity_of_the_chart(each_set: Rendered) -> None:
    accounts = set(each_set.names("ServiceAccount"))
    used = [each["spec"]["template"]["spec"]["serviceAccountName"] for each in each_set.all("Deployment") + each_set.all("StatefulSet")]
    assert set(used) == accounts
    assert len(used) == len(accounts), "an identity is shared"


def test_kubernetes_sets_no_variables_of_services(each_set: Rendered) -> None:
    for owner, pod in each_set.pods():
        assert pod["spec"]["enableServiceLinks"] is False, owner


def test_resources_are_asked_for_and_memory_is_bounded(each_set: Rendered) -> None:
    for owner, _, container in each_set.containers():
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}, owner
        assert "memory" in container["resources"]["limits"], owner


def test_every_port_says_tcp(each_set: Rendered) -> None:
    ports = [port for each in each_set.all("Service") for port in each["spec"]["ports"]]
    ports += [port for _, _, container in each_set.containers() for port in container.get("ports", [])]
    for policy in each_set.all("NetworkPolicy"):
        for rule in policy["spec"].get("ingress", []) + policy["spec"].get("egress", []):
            ports += [port for port in rule["ports"] if port["port"] != 53]
    assert len(ports) > 5
    assert {port["protocol"] for port in ports} == {"TCP"}


def test_lasting_containers_have_all_three_probes(each_set: Rendered) -> None:
    for each in each_set.all("Deployment") + each_set.all("StatefulSet"):
        for container in each["spec"]["template"]["spec"]["containers"]:
            assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container), each["metadata"]["name"]


def test_probes_ask_ports_that_are_there(each_set: Rendered) -> None:
    for owner, _, container in each_set.containers():
        names = {port["name"] for port in container.get("ports", [])}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            ask = container.get(probe, {})
            for way in ("httpGet", "tcpSocket"):
                assert way not in ask or ask[way]["port"] in names, owner


def test_a_workload_selects_its_own_pods(each_set: Rendered) -> None:
    for each in each_set.all("Deployment") + each_set.all("StatefulSet"):
        assert selects(each["spec"]["selector"], each["spec"]["template"]["metadata"]["labels"])


def test_a_selector_holds_nothing_that_changes_with_a_version(each_set: Rendered) -> None:
    for each in each_set.all("Deployment") + each_set.all("StatefulSet"):
        assert set(each["spec"]["selector"]["matchLabels"]) == {"app.kubernetes.io/name", "app.kubernetes.io/instance", COMPONENT}


def test_a_service_leads_to_one_workload_and_to_a_port_of_it(each_set: Rendered) -> None:
    for service in each_set.all("Service"):
        found = [(owner, pod) for owner, pod in each_set.pods() if selects({"matchLabels": service["spec"]["selector"]}, pod["metadata"]["labels"])]
        assert len(found) == 1, (service["metadata"]["name"], [owner for owner, _ in found])
        ports = {port["name"] for container in found[0][1]["spec"]["containers"] for port in container.get("ports", [])}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


def test_what_is_referred_to_is_there(each_set: Rendered) -> None:
    """ConfigMaps always; Secrets if their name is the chart's, since others exist outside."""
    for owner, pod in each_set.pods():
        for volume in pod["spec"].get("volumes", []):
            if "configMap" in volume:
                assert volume["configMap"]["name"] in each_set.names("ConfigMap"), owner
    for owner, _, container in each_set.containers():
        for source in container.get("envFrom", []):
            assert source["configMapRef"]["name"] in each_set.names("ConfigMap"), owner
        for entry in container.get("env", []):
            reference = entry.get("valueFrom", {}).get("secretKeyRef")
            if reference and reference["name"] in each_set.names("Secret"):
                assert reference["key"] in each_set.one("Secret", reference["name"])["stringData"], owner


def test_a_mount_has_its_volume(each_set: Rendered) -> None:
    claims = {each["metadata"]["name"] for workload in each_set.all("StatefulSet") for each in workload["spec"]["volumeClaimTemplates"]}
    for owner, pod, container in each_set.containers():
        volumes = {each["name"] for each in pod["spec"].get("volumes", [])} | (claims if owner.startswith("StatefulSet") else set())
        assert {each["name"] for each in container.get("volumeMounts", [])} <= volumes, owner


def test_secrets_stand_by_reference_only(each_set: Rendered) -> None:
    for owner, _, container in each_set.containers():
        for entry in container.get("env", []):
            if any(word in entry["name"] for word in ("DATABASE_URL", "PASSWORD", "SMTP_URL", "SECRET")):
                assert set(entry) == {"name", "valueFrom"}, (owner, entry["name"])
                assert "secretKeyRef" in entry["valueFrom"]


def test_what_a_secret_holds_stands_nowhere_else(each_set: Rendered) -> None:
    hidden = {value for secret in each_set.all("Secret") for value in secret["stringData"].values()}
    hidden |= {url.split("@")[0].rpartition(":")[2] for url in hidden if "@" in url}
    open_text = str([each for each in each_set.objects if each["kind"] != "Secret"])
    for value in hidden - {"happymail", "smtp://happymail-mailpit:1025", "smtp://mail-mailpit:1025"}:
        assert value not in open_text


def test_no_annotation_is_for_one_ingress_controller(each_set: Rendered) -> None:
    assert "nginx.ingress" not in each_set.text
    assert "rewrite" not in each_set.text


def test_the_chart_has_no_copy_of_the_collection() -> None:
    link = CHART / "files" / "happymail.postman_collection.json"
    assert link.is_symlink(), "a copy could differ from deploy/postman"
    assert link.resolve().is_relative_to(CHART.parents[1] / "postman")
