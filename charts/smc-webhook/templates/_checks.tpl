{{- /* What the schema cannot say: values that do not go together. Each message names the key. */ -}}

{{- /* Seconds of "500ms", "10s", "2m". */ -}}
{{- define "smc-webhook.seconds" -}}
{{- if hasSuffix "ms" . -}}{{- divf (trimSuffix "ms" . | float64) 1000 -}}
{{- else if hasSuffix "h" . -}}{{- mulf (trimSuffix "h" . | float64) 3600 -}}
{{- else if hasSuffix "m" . -}}{{- mulf (trimSuffix "m" . | float64) 60 -}}
{{- else -}}{{- trimSuffix "s" . | float64 -}}
{{- end -}}
{{- end -}}

{{- define "smc-webhook.check" -}}
{{- $certificates := .Values.certificates -}}
{{- if eq $certificates.mode "existingSecret" -}}
{{- if not $certificates.existingSecret.name -}}
{{- fail "certificates.existingSecret.name: needed with certificates.mode existingSecret" -}}
{{- end -}}
{{- if not $certificates.existingSecret.caBundle -}}
{{- fail "certificates.existingSecret.caBundle: needed with certificates.mode existingSecret: the API server trusts nobody without it" -}}
{{- end -}}
{{- else if or $certificates.existingSecret.name $certificates.existingSecret.caBundle -}}
{{- fail (printf "certificates.existingSecret: unused with certificates.mode %s; set the mode to existingSecret, or leave these empty" $certificates.mode) -}}
{{- end -}}
{{- if and .Values.mesh.kubeconfigSecret.name (not .Values.mesh.watch) -}}
{{- fail "mesh.kubeconfigSecret.name: unused with mesh.watch false" -}}
{{- end -}}
{{- $scaling := .Values.webhook.autoscaling -}}
{{- if and $scaling.enabled (gt (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- fail "webhook.autoscaling.minReplicas: greater than webhook.autoscaling.maxReplicas" -}}
{{- end -}}
{{- if eq (int .Values.webhook.port) (int .Values.webhook.healthPort) -}}
{{- fail "webhook.healthPort: the same as webhook.port" -}}
{{- end -}}
{{- if and .Values.webhook.hostNetwork .Values.networkPolicy.enabled -}}
{{- fail "networkPolicy.enabled: holds for no pod in the node's network; leave it off with webhook.hostNetwork" -}}
{{- end -}}
{{- $monitor := .Values.monitoring.serviceMonitor -}}
{{- if and $monitor.enabled .Values.agent.enabled (or (eq .Values.agent.listenAddress "::1") (hasPrefix "127." .Values.agent.listenAddress)) -}}
{{- fail "agent.listenAddress: with monitoring.serviceMonitor.enabled Prometheus must reach it, and this one only the node itself does" -}}
{{- end -}}
{{- if and $monitor.scrapeTimeout (gt (include "smc-webhook.seconds" (default "0s" $monitor.scrapeTimeout) | float64) (include "smc-webhook.seconds" $monitor.interval | float64)) -}}
{{- fail "monitoring.serviceMonitor.scrapeTimeout: longer than monitoring.serviceMonitor.interval, which Prometheus refuses" -}}
{{- end -}}
{{- $server := .Values.webhook.server -}}
{{- /* The program's own limits: it would refuse to start. */ -}}
{{- range $key, $range := dict "requestTimeout" (list 1.0 30.0) "idleTimeout" (list 91.0 3600.0) "drainDelay" (list 0.0 300.0) -}}
{{- $seconds := include "smc-webhook.seconds" (index $server $key) | float64 -}}
{{- if or (lt $seconds (index $range 0)) (gt $seconds (index $range 1)) -}}
{{- fail (printf "webhook.server.%s: must be from %v s to %v s" $key (index $range 0) (index $range 1)) -}}
{{- end -}}
{{- end -}}
{{- $needed := addf (include "smc-webhook.seconds" $server.drainDelay) (include "smc-webhook.seconds" $server.requestTimeout) -}}
{{- if le (float64 .Values.webhook.terminationGracePeriodSeconds) $needed -}}
{{- fail (printf "webhook.terminationGracePeriodSeconds: must be more than the %v s of webhook.server.drainDelay and webhook.server.requestTimeout together, or requests are cut off at every restart" $needed) -}}
{{- end -}}
{{- if and (eq .Values.admission.matchConditions "on") (semverCompare "<1.28-0" .Capabilities.KubeVersion.Version) -}}
{{- fail (printf "admission.matchConditions: \"on\" needs Kubernetes 1.28, this is %s" .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- if and (eq .Values.webhook.objectPolicy "on") (semverCompare "<1.30-0" .Capabilities.KubeVersion.Version) -}}
{{- fail (printf "webhook.objectPolicy: \"on\" needs Kubernetes 1.30, this is %s" .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- if and .Values.agent.enabled (eq .Values.agent.nodePolicy "on") (semverCompare "<1.30-0" .Capabilities.KubeVersion.Version) -}}
{{- fail (printf "agent.nodePolicy: \"on\" needs Kubernetes 1.30, this is %s" .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- range $component := list "webhook" "agent" -}}
{{- $account := (index $.Values $component).serviceAccount -}}
{{- if and (not $account.create) (not $account.name) -}}
{{- fail (printf "%s.serviceAccount.name: needed with %s.serviceAccount.create false" $component $component) -}}
{{- end -}}
{{- end -}}
{{- end -}}
