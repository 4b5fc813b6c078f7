{{- /* Names, labels and images: the one place that knows how they are made. */ -}}

{{- define "smc-webhook.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- /* Of namespaced objects. 40 characters leave room for "-uninstall" and the 11 that a Pod's name adds. */ -}}
{{- define "smc-webhook.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "smc-webhook.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Of cluster-scoped objects: (list . "component"). Unique, since a namespace has no dot in its name, and the same
release name may be used in two namespaces. It starts with "smc-webhook", whatever the release is called, since
webhook configurations are called in the order of their names: after istio-sidecar-injector. */ -}}
{{- define "smc-webhook.clusterName" -}}
{{- $ := index . 0 -}}
{{- printf "smc-webhook.%s.%s.%s" (index . 1) $.Release.Namespace $.Release.Name -}}
{{- end -}}

{{- /* (list . namespace "component"): name and namespace of an object for the monitoring, which may want it in a namespace
of its own; there, other releases' may be, so that the name is that of a cluster-scoped one. */ -}}
{{- define "smc-webhook.monitoringName" -}}
{{- $ := index . 0 -}}
{{- $component := index . 2 -}}
{{- if or (not (index . 1)) (eq (index . 1) $.Release.Namespace) -}}
name: {{ include "smc-webhook.fullname" $ }}{{ has $component (list "webhook" "alerts") | ternary "" (printf "-%s" $component) }}
namespace: {{ $.Release.Namespace }}
{{- else -}}
name: {{ include "smc-webhook.clusterName" (list $ $component) }}
namespace: {{ index . 1 }}
{{- end -}}
{{- end -}}

{{- /* (list . "component"): what a selector may have: it cannot be changed later. */ -}}
{{- define "smc-webhook.selector" -}}
{{- $ := index . 0 -}}
app.kubernetes.io/name: {{ include "smc-webhook.name" $ }}
app.kubernetes.io/instance: {{ $.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- /* (list . "component") */ -}}
{{- define "smc-webhook.labels" -}}
{{- $ := index . 0 -}}
{{ include "smc-webhook.selector" . }}
app.kubernetes.io/version: {{ $.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: smc-webhook
app.kubernetes.io/managed-by: {{ $.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $.Chart.Name ($.Chart.Version | replace "+" "_") }}
{{- with $.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* (list . own): the annotations of an object: its own and commonAnnotations, of which its own win. Begins a line. */ -}}
{{- define "smc-webhook.annotations" -}}
{{- $ := index . 0 -}}
{{- with merge (dict) (index . 1) $.Values.commonAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- end -}}

{{- /* (list . imageValues): registry/repository:tag or @digest. What says more about one image wins: its own registry,
then that of the umbrella chart, then the chart's. */ -}}
{{- define "smc-webhook.image" -}}
{{- $ := index . 0 -}}
{{- $image := index . 1 -}}
{{- $registry := coalesce $image.registry $.Values.global.imageRegistry $.Values.imageRegistry -}}
{{- $path := printf "%s/%s" (trimSuffix "/" $registry) $image.repository -}}
{{- if $image.digest -}}
{{- printf "%s%s@%s" $path (empty $image.tag | ternary "" (printf ":%s" $image.tag)) $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $path (default $.Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{- /* imagePullSecrets of a pod: the chart's and the umbrella chart's, each once. Begins a line, which the caller indents. */ -}}
{{- define "smc-webhook.imagePullSecrets" -}}
{{- $secrets := list -}}
{{- range concat .Values.imagePullSecrets .Values.global.imagePullSecrets -}}
{{- $secrets = append $secrets (kindIs "string" . | ternary (dict "name" .) .) -}}
{{- end -}}
{{- with uniq $secrets -}}
imagePullSecrets:
{{ toYaml . }}
{{- end -}}
{{- end -}}

{{- /* (list . nodeSelector): Linux; the values' own win. */ -}}
{{- define "smc-webhook.nodeSelector" -}}
{{- merge (dict) (index . 1) (dict "kubernetes.io/os" "linux") | toYaml -}}
{{- end -}}

{{- /* (list . affinity): the values' own affinity, and nodes of the images' architectures: in each of its terms, any of
which lets a node in. Begins a line, which the caller indents. */ -}}
{{- define "smc-webhook.affinity" -}}
{{- $ := index . 0 -}}
{{- $affinity := deepCopy (index . 1 | default dict) -}}
{{- with $.Values.imageArchitectures -}}
{{- $ours := dict "key" "kubernetes.io/arch" "operator" "In" "values" . -}}
{{- $node := $affinity.nodeAffinity | default dict -}}
{{- $required := $node.requiredDuringSchedulingIgnoredDuringExecution | default dict -}}
{{- $terms := list -}}
{{- range $required.nodeSelectorTerms | default (list dict) -}}
{{- $expressions := append (.matchExpressions | default list) $ours -}}
{{- $terms = append $terms (merge (dict "matchExpressions" $expressions) .) -}}
{{- end -}}
{{- $_ := set $required "nodeSelectorTerms" $terms -}}
{{- $_ := set $node "requiredDuringSchedulingIgnoredDuringExecution" $required -}}
{{- $_ := set $affinity "nodeAffinity" $node -}}
{{- end -}}
{{- with $affinity -}}
affinity:
{{ toYaml . | indent 2 }}
{{- end -}}
{{- end -}}

{{- define "smc-webhook.webhookServiceAccount" -}}
{{- $account := .Values.webhook.serviceAccount -}}
{{- if $account.create }}{{ default (include "smc-webhook.fullname" .) $account.name }}{{ else }}{{ $account.name }}{{ end -}}
{{- end -}}

{{- define "smc-webhook.agentServiceAccount" -}}
{{- $account := .Values.agent.serviceAccount -}}
{{- if $account.create }}{{ default (printf "%s-agent" (include "smc-webhook.fullname" .)) $account.name }}{{ else }}{{ $account.name }}{{ end -}}
{{- end -}}

{{- /* The Secret with the CA (selfManaged) or the serving certificate (the other two). */ -}}
{{- define "smc-webhook.certificateSecret" -}}
{{- if eq .Values.certificates.mode "existingSecret" -}}
{{- .Values.certificates.existingSecret.name -}}
{{- else -}}
{{- printf "%s-%s" (include "smc-webhook.fullname" .) (eq .Values.certificates.mode "selfManaged" | ternary "ca" "tls") -}}
{{- end -}}
{{- end -}}
