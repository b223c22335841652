{{/* Names, labels, and what more than one template says. Helpers about one service take a dict of `root` (the chart's context), `name` and
     `service` (defaults and the service's own values together). */}}

{{- define "happymail.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What never changes in a release's life. */}}
{{- define "happymail.releaseLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* dict root component */}}
{{- define "happymail.selectorLabels" -}}
{{ include "happymail.releaseLabels" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* dict root component */}}
{{- define "happymail.labels" -}}
{{ include "happymail.selectorLabels" . }}
app.kubernetes.io/part-of: happymail
app.kubernetes.io/version: {{ default .root.Chart.AppVersion .root.Values.image.tag | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* A service's values: the defaults, and over them its own. dict root name */}}
{{- define "happymail.service" -}}
{{- mergeOverwrite (deepCopy .root.Values.defaults) (deepCopy (get .root.Values.services .name)) | toYaml -}}
{{- end -}}

{{- define "happymail.image" -}}
{{- $image := .root.Values.image -}}
{{- with $image.registry }}{{ . }}/{{ end }}{{ $image.repository }}/{{ .name }}:{{ default .root.Chart.AppVersion $image.tag -}}
{{- end -}}

{{- define "happymail.migrationMode" -}}
{{- if ne .Values.migrations.mode "auto" -}}{{ .Values.migrations.mode }}
{{- else if .Values.infrastructure.enabled -}}init
{{- else -}}hook
{{- end -}}
{{- end -}}

{{/* Pod Security Standard "restricted". dict user */}}
{{- define "happymail.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .user }}
runAsGroup: {{ .user }}
fsGroup: {{ .user }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* dict writable */}}
{{- define "happymail.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: {{ not .writable }}
runAsNonRoot: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* ---- Settings of a service ---- */}}

{{/* The settings that are no secrets, as a map. */}}
{{- define "happymail.settings" -}}
{{- $root := .root -}}
{{- $kafka := $root.Values.kafka -}}
HTTP_HOST: 0.0.0.0
HTTP_PORT: "8080"
LOG_LEVEL: {{ $root.Values.logLevel }}
# Migrations have been run when an instance starts; see migrations.mode.
MIGRATE_ON_START: "false"
SHUTDOWN_TIMEOUT_SECONDS: {{ .service.shutdownTimeoutSeconds | quote }}
KAFKA_BOOTSTRAP_SERVERS: {{ include "happymail.kafkaServers" $root }}
KAFKA_TOPIC_PARTITIONS: {{ $kafka.topicPartitions | quote }}
KAFKA_REPLICATION_FACTOR: {{ $kafka.replicationFactor | quote }}
KAFKA_SECURITY_PROTOCOL: {{ $kafka.securityProtocol }}
{{- if hasPrefix "SASL_" $kafka.securityProtocol }}
KAFKA_SASL_MECHANISM: {{ $kafka.sasl.mechanism }}
{{- with $kafka.sasl.existingSecret }}
{{- if and .name (not .usernameKey) }}
KAFKA_SASL_USERNAME: {{ required "kafka.sasl.username is needed: existingSecret has no usernameKey" $kafka.sasl.username | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- if $kafka.tls.caSecret.name }}
KAFKA_CA_FILE: /etc/happymail/kafka/ca.crt
{{- end }}
{{- range $key, $value := .service.settings }}
{{ $key }}: {{ $value | toString | quote }}
{{- end }}
{{- end -}}

{{- define "happymail.kafkaServers" -}}
{{- if .Values.infrastructure.enabled -}}
{{ include "happymail.fullname" . }}-kafka:9092
{{- else -}}
{{ required "kafka.bootstrapServers is needed with infrastructure.enabled=false" .Values.kafka.bootstrapServers }}
{{- end -}}
{{- end -}}

{{/* What the chart puts into a Secret of a service because the values hold it; empty if nothing. */}}
{{- define "happymail.secretData" -}}
{{- $values := .root.Values -}}
{{- if not $values.infrastructure.enabled -}}
{{- if not .service.database.existingSecret.name }}
DATABASE_URL: {{ required (printf "services.%s.database: url or existingSecret.name is needed with infrastructure.enabled=false" .name) .service.database.url | quote }}
{{- end }}
{{- if and .service.sendsMail (not $values.smtp.existingSecret.name) }}
SMTP_URL: {{ required "smtp: url or existingSecret.name is needed with infrastructure.enabled=false" $values.smtp.url | quote }}
{{- end }}
{{- end }}
{{- if and (hasPrefix "SASL_" $values.kafka.securityProtocol) (not $values.kafka.sasl.existingSecret.name) }}
KAFKA_SASL_USERNAME: {{ required "kafka.sasl: username or existingSecret.name is needed with SASL" $values.kafka.sasl.username | quote }}
KAFKA_SASL_PASSWORD: {{ required "kafka.sasl: password or existingSecret.name is needed with SASL" $values.kafka.sasl.password | quote }}
{{- end }}
{{- end -}}

{{/* The env entries of a service that are secrets, each by reference. dict root name service secret (the name of the chart's own Secret) */}}
{{- define "happymail.secretEnv" -}}
{{- $values := .root.Values -}}
{{- $own := dict "name" .secret -}}
{{- if $values.infrastructure.enabled }}
{{ include "happymail.envFromSecret" (dict "env" "DATABASE_URL" "name" (include "happymail.postgresSecret" .root) "key" (printf "%s-url" .name)) }}
{{- else }}
{{ include "happymail.envFromSecret" (dict "env" "DATABASE_URL" "name" (default .secret .service.database.existingSecret.name)
  "key" (ternary .service.database.existingSecret.key "DATABASE_URL" (not (empty .service.database.existingSecret.name)))) }}
{{- end }}
{{- if hasPrefix "SASL_" $values.kafka.securityProtocol }}
{{- $existing := $values.kafka.sasl.existingSecret }}
{{- if not $existing.name }}
{{ include "happymail.envFromSecret" (dict "env" "KAFKA_SASL_USERNAME" "name" .secret "key" "KAFKA_SASL_USERNAME") }}
{{ include "happymail.envFromSecret" (dict "env" "KAFKA_SASL_PASSWORD" "name" .secret "key" "KAFKA_SASL_PASSWORD") }}
{{- else }}
{{- with $existing.usernameKey }}
{{ include "happymail.envFromSecret" (dict "env" "KAFKA_SASL_USERNAME" "name" $existing.name "key" .) }}
{{- end }}
{{ include "happymail.envFromSecret" (dict "env" "KAFKA_SASL_PASSWORD" "name" $existing.name "key" $existing.passwordKey) }}
{{- end }}
{{- end }}
{{- if .service.sendsMail }}
{{- if $values.infrastructure.enabled }}
{{ include "happymail.envFromSecret" (dict "env" "SMTP_URL" "name" (include "happymail.postgresSecret" .root) "key" "smtp-url") }}
{{- else }}
{{ include "happymail.envFromSecret" (dict "env" "SMTP_URL" "name" (default .secret $values.smtp.existingSecret.name)
  "key" (ternary $values.smtp.existingSecret.key "SMTP_URL" (not (empty $values.smtp.existingSecret.name)))) }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "happymail.envFromSecret" -}}
- name: {{ .env }}
  valueFrom: {secretKeyRef: {name: {{ .name }}, key: {{ .key }}}}
{{- end -}}

{{/* The Secret of the try-out's infrastructure. */}}
{{- define "happymail.postgresSecret" -}}
{{ include "happymail.fullname" . }}-infrastructure
{{- end -}}

{{- define "happymail.volumeMounts" -}}
{{- if .root.Values.kafka.tls.caSecret.name }}
- {name: kafka-ca, mountPath: /etc/happymail/kafka, readOnly: true}
{{- end }}
{{- end -}}

{{- define "happymail.volumes" -}}
{{- with .root.Values.kafka.tls.caSecret }}
{{- if .name }}
- name: kafka-ca
  secret:
    secretName: {{ .name }}
    items: [{key: {{ .key }}, path: ca.crt}]
{{- end }}
{{- end }}
{{- end -}}

{{/* Changes when what a Secret holds changes, so that the instances are started anew. A Secret that exists already is looked up; what the
     chart generates itself never changes. */}}
{{- define "happymail.secretChecksum" -}}
{{- $seen := list (include "happymail.secretData" .) -}}
{{- $root := .root -}}
{{- $values := .root.Values -}}
{{- $names := list $values.kafka.tls.caSecret.name $values.kafka.sasl.existingSecret.name .service.database.existingSecret.name -}}
{{- if .service.sendsMail }}{{ $names = append $names $values.smtp.existingSecret.name }}{{ end -}}
{{- range $name := compact $names -}}
{{- $secret := lookup "v1" "Secret" $root.Release.Namespace $name -}}
{{- if $secret }}{{ $seen = append $seen (toJson $secret.data) }}{{ end -}}
{{- $seen = append $seen $name -}}
{{- end -}}
{{- toJson $seen | sha256sum -}}
{{- end -}}

{{/* Where each path leads, as YAML: a list of {path, service}. The Ingress, the HTTPRoute and the gateway all say this. */}}
{{- define "happymail.routes" -}}
{{- $root := . -}}
{{- range $name, $service := .Values.services }}
{{- range $service.paths }}
- {path: {{ . }}, service: {{ $name }}}
{{- end }}
{{- range $root.Values.operatorPaths }}
- {path: /{{ $name }}/{{ . }}, service: {{ $name }}}
{{- end }}
{{- end }}
{{- end -}}

{{/* Refuses values that are well formed and cannot work. */}}
{{- define "happymail.validate" -}}
{{- $root := . -}}
{{- range $name, $_ := .Values.services -}}
{{- $service := include "happymail.service" (dict "root" $root "name" $name) | fromYaml -}}
{{- $most := ternary $service.autoscaling.maxReplicas $service.replicas $service.autoscaling.enabled | int -}}
{{- if gt $most (int $root.Values.kafka.topicPartitions) -}}
{{- fail (printf "services.%s: %d instances, but kafka.topicPartitions is %d; an instance without a partition never becomes ready" $name $most (int $root.Values.kafka.topicPartitions)) -}}
{{- end -}}
{{- if and $service.autoscaling.enabled (gt (int $service.autoscaling.minReplicas) (int $service.autoscaling.maxReplicas)) -}}
{{- fail (printf "services.%s.autoscaling: minReplicas is greater than maxReplicas" $name) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.infrastructure.enabled (eq .Values.migrations.mode "hook") -}}
{{- fail "migrations.mode=hook needs a database that exists before the install; infrastructure.enabled=true brings it with the install" -}}
{{- end -}}
{{- if and .Values.infrastructure.enabled (ne .Values.kafka.securityProtocol "PLAINTEXT") -}}
{{- fail "kafka.securityProtocol: the broker of infrastructure.enabled=true speaks PLAINTEXT only" -}}
{{- end -}}
{{- if and .Values.infrastructure.enabled (gt (int .Values.kafka.replicationFactor) 1) -}}
{{- fail "kafka.replicationFactor: infrastructure.enabled=true brings one broker" -}}
{{- end -}}
{{- if and .Values.gatewayApi.enabled (empty .Values.gatewayApi.parentRefs) -}}
{{- fail "gatewayApi.parentRefs: at least one is needed" -}}
{{- end -}}
{{- if and .Values.tests.enabled (not .Values.gateway.enabled) (not .Values.tests.baseUrl) -}}
{{- fail "tests.baseUrl is needed without the chart's gateway, or tests.enabled=false" -}}
{{- end -}}
{{- end -}}
