{{- /* Whether the webhook asks the API server anything. */ -}}
{{- define "smc-webhook.usesApi" -}}
{{- or (eq .Values.certificates.mode "selfManaged") .Values.mesh.watch .Values.events.enabled -}}
{{- end -}}

{{- /* The command line of `smc-webhook serve`: the one place of the chart that knows its flags. */ -}}
{{- define "smc-webhook.serveArgs" -}}
- serve
- --config=/etc/smc-webhook/config.yaml
- --listen=0.0.0.0:{{ .Values.webhook.port }}
- --health-listen=0.0.0.0:{{ .Values.webhook.healthPort }}
{{- if eq .Values.certificates.mode "selfManaged" }}
- --self-managed-secret={{ .Release.Namespace }}/{{ include "smc-webhook.certificateSecret" . }}
- --webhook-configuration={{ include "smc-webhook.clusterName" (list . "webhook") }}
- --service-name={{ include "smc-webhook.fullname" . }}.{{ .Release.Namespace }}.svc
{{- else }}
- --tls-cert=/etc/smc-webhook-tls/tls.crt
- --tls-key=/etc/smc-webhook-tls/tls.key
{{- end }}
{{- if .Values.mesh.kubeconfigSecret.name }}
- --mesh-kubeconfig=/etc/smc-webhook-mesh/kubeconfig
{{- else if .Values.mesh.watch }}
- --mesh-watch
{{- end }}
{{- if .Values.events.enabled }}
- --events
{{- end }}
{{- range .Values.webhook.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}
