{{/* Renders a named template once for each service: dict root template. */}}
{{- define "happymail.each" -}}
{{- $root := .root -}}
{{- $template := .template -}}
{{- range $name := keys .root.Values.services | sortAlpha }}
{{- $service := include "happymail.service" (dict "root" $root "name" $name) | fromYaml }}
{{- $full := printf "%s-%s" (include "happymail.fullname" $root) $name }}
{{- $document := include $template (dict "root" $root "name" $name "component" $name "service" $service "fullname" $full "secret" $full) | trim }}
{{- if $document }}
---
{{ $document }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The beginning of every object: dict root component fullname. */}}
{{- define "happymail.metadata" -}}
metadata:
  name: {{ .fullname }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "happymail.labels" . | nindent 4 }}
{{- end -}}
