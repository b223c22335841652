{{/* A server of the try-out: ServiceAccount, Service and a StatefulSet of one. The container comes from the caller.
     dict root name user ports (list of dicts name, port) storage mount container volumes checksum grace */}}
{{- define "happymail.server" -}}
{{- $fullname := printf "%s-%s" (include "happymail.fullname" .root) .name -}}
{{- $context := dict "root" .root "component" .name "fullname" $fullname -}}
apiVersion: v1
kind: ServiceAccount
{{ include "happymail.metadata" $context }}
automountServiceAccountToken: false
---
apiVersion: v1
kind: Service
{{ include "happymail.metadata" $context }}
spec:
  type: ClusterIP
  selector:
    {{- include "happymail.selectorLabels" $context | nindent 4 }}
  ports:
    {{- range .ports }}
    - {name: {{ .name }}, port: {{ .port }}, targetPort: {{ .name }}, protocol: TCP}
    {{- end }}
---
apiVersion: apps/v1
kind: StatefulSet
{{ include "happymail.metadata" $context }}
spec:
  serviceName: {{ $fullname }}
  replicas: 1
  selector:
    matchLabels:
      {{- include "happymail.selectorLabels" $context | nindent 6 }}
  template:
    metadata:
      # Without the chart's version: a new chart is no reason to restart a database.
      labels:
        {{- include "happymail.selectorLabels" $context | nindent 8 }}
        app.kubernetes.io/part-of: happymail
      {{- with .checksum }}
      annotations:
        checksum/config: {{ . }}
      {{- end }}
    spec:
      serviceAccountName: {{ $fullname }}
      automountServiceAccountToken: false
      # Otherwise Kubernetes sets variables such as KAFKA_PORT, which the broker takes for its settings.
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ .grace }}
      securityContext:
        {{- include "happymail.podSecurity" (dict "user" .user) | nindent 8 }}
      containers:
        - name: {{ .name }}
          imagePullPolicy: IfNotPresent
          {{- .container | trim | nindent 10 }}
          ports:
            {{- range .ports }}
            - {name: {{ .name }}, containerPort: {{ .port }}, protocol: TCP}
            {{- end }}
      {{- with .volumes }}
      volumes:
        {{- . | trim | nindent 8 }}
      {{- end }}
  volumeClaimTemplates:
    - metadata:
        name: data
        labels:
          {{- include "happymail.selectorLabels" $context | nindent 10 }}
      spec:
        accessModes: [ReadWriteOnce]
        {{- with .root.Values.infrastructure.storageClass }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests: {storage: {{ .storage }}}
{{- end -}}
