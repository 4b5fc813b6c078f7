{{- /* Whether the webhook asks the API server anything. */ -}}
{{- define "smc-webhook.usesApi" -}}
{{- or (eq .Values.certificates.mode "selfManaged") .Values.mesh.watch .Values.runtimeClasses.watch .Values.events.enabled (eq .Values.initContainer.mode "auto") -}}
{{- end -}}

{{- /* KEY=VALUE,… of a map, in the order of its keys. */ -}}
{{- define "smc-webhook.pairs" -}}
{{- $pairs := list -}}
{{- range $key, $value := . }}{{ $pairs = append $pairs (printf "%s=%v" $key $value) }}{{ end -}}
{{- join "," $pairs -}}
{{- end -}}

{{- /* The command line of `smc-webhook serve`: the one place of the chart that knows its flags. */ -}}
{{- define "smc-webhook.serveArgs" -}}
- serve
- --config=/etc/smc-webhook/config.yaml
- --listen=:{{ .Values.webhook.port }}
- --health-listen=:{{ .Values.webhook.healthPort }}
{{- if eq .Values.certificates.mode "selfManaged" }}
- --self-managed-secret={{ .Release.Namespace }}/{{ include "smc-webhook.certificateSecret" . }}
- --webhook-configuration={{ include "smc-webhook.clusterName" (list . "webhook") }}
- --service-name={{ include "smc-webhook.fullname" . }}.{{ .Release.Namespace }}.svc
{{- /* Of a Secret that was deleted and that the webhook makes again: what Helm asks for before it takes an object for the
release's own, and of the labels those that never change. Of any other the webhook would be the owner, and an upgrade
that changes it a conflict. */}}
{{- $labels := include "smc-webhook.selector" (list . "webhook") | fromYaml }}
{{- $labels = set $labels "app.kubernetes.io/managed-by" .Release.Service }}
{{- $annotations := dict "meta.helm.sh/release-name" .Release.Name "meta.helm.sh/release-namespace" .Release.Namespace }}
- --secret-labels={{ include "smc-webhook.pairs" $labels }}
- --secret-annotations={{ include "smc-webhook.pairs" $annotations }}
{{- else }}
- --tls-cert=/etc/smc-webhook-tls/tls.crt
- --tls-key=/etc/smc-webhook-tls/tls.key
{{- end }}
{{- if .Values.mesh.kubeconfigSecret.name }}
- --mesh-kubeconfig=/etc/smc-webhook-mesh/kubeconfig
{{- else if .Values.mesh.watch }}
- --mesh-watch
{{- end }}
{{- if .Values.runtimeClasses.watch }}
- --runtime-classes
{{- end }}
{{- if .Values.events.enabled }}
- --events
{{- end }}
{{- range .Values.webhook.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}
