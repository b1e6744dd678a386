
{{/* An image's reference: the root, and registry, repository, tag and digest. */}}
{{- define "atlas.image" -}}
{{- $root := first . -}}
{{- $image := last . -}}
{{- with $root.Values.imageRegistry | default $image.registry }}{{ . }}/{{ end -}}
{{- $image.repository -}}
{{- with $image.tag }}:{{ . }}{{ end -}}
{{- with $image.digest }}@{{ . }}{{ end -}}
{{- end }}

{{/* Annotations of a pod: the root, the values of its service, its variables. Pods do not see a changed ConfigMap by
themselves; with its digest, a change rolls out. The digest is quoted here: some read one like 6699206e74069107 as a number. */}}
{{- define "atlas.annotations" -}}
{{- $root := first . -}}
{{- $service := index . 1 -}}
{{- $environment := last . -}}
{{- with $service.podAnnotations | default $root.Values.podAnnotations }}{{ toYaml . }}
{{ end -}}
{{- with $environment }}atlas.ai/configuration: {{ toRawJson . | sha256sum | trunc 16 | quote }}{{ end -}}
{{- end }}

{{/* Annotations of what has a certificate. */}}
{{- define "atlas.certificate" -}}
{{- $annotations := deepCopy .Values.route.annotations -}}
{{- with .Values.route.issuer -}}
{{- $_ := set $annotations "cert-manager.io/cluster-issuer" . -}}
{{- end -}}
{{- with $annotations }}{{ toYaml . }}{{ end -}}
{{- end }}
