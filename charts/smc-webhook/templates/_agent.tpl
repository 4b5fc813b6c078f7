{{- /* The command line of `smc-node-agent run`: the one place of the chart that knows its flags. */ -}}
{{- define "smc-webhook.agentArgs" -}}
- run
{{- /* In brackets whatever it is: an IPv4 address may stand in them too. */}}
- "--listen=[{{ .Values.agent.listenAddress | default "$(HOST_IP)" }}]:{{ .Values.agent.port }}"
- --host-root=/host
- --log-level={{ .Values.agent.logLevel }}
{{- if .Values.agent.access.enabled }}
- --access-token-file=/run/smc-agent-access/token
{{- end }}
- {{ printf "--label=%s=%s" .Values.injection.affinity.key (first .Values.injection.affinity.values) | quote }}
{{- if .Values.agent.uninstall.enabled }}
- --daemonset={{ .Release.Namespace }}/{{ include "smc-webhook.fullname" . }}-agent
{{- end }}
{{- with .Values.agent.ueid }}
- --ueid={{ . }}
{{- end }}
{{- if ne .Values.agent.programs "switch" }}
- --programs={{ .Values.agent.programs }}
{{- end }}
{{- if ne .Values.agent.switch "auto" }}
- --switch={{ .Values.agent.switch }}
{{- end }}
{{- if .Values.agent.takeOver }}
- --take-over
{{- end }}
{{- /* What the webhook would not inject, an agent does not set up for it either. */}}
{{- range append (.Values.injection.excludedNamespaces | default list) .Release.Namespace }}
- --exclude-namespace={{ . }}
{{- end }}
{{- range .Values.injection.overrides.allowed }}
{{- if has . (list "interface" "pnetid" "exclude-destinations") }}
- --allow-override={{ . }}
{{- end }}
{{- end }}
{{- with .Values.injection.excludeDestinations }}
- "--exclude-destinations={{ join "," . }}"
{{- end }}
{{- if not .Values.mesh.smcEnabled }}
- --mesh-smc=off
{{- end }}
{{- if .Values.mesh.kubeconfigSecret.name }}
- --mesh-kubeconfig=/run/smc-agent-mesh/kubeconfig
{{- else if .Values.mesh.watch }}
- --mesh-watch
{{- end }}
{{- range .Values.agent.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}
