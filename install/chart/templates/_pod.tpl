{{- define "vigpack.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "vigpack.labels" -}}
app.kubernetes.io/part-of: vigpack
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "vigpack.keys" -}}
{{ .Values.keys.existingClaim | default (printf "%s-keys" .Release.Name) }}
{{- end }}

{{- /* Nobody, with no way to gain rights, and no token of the cluster's. */ -}}
{{- define "vigpack.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext: {runAsNonRoot: true, runAsUser: 10001, runAsGroup: 10001, fsGroup: 10001, seccompProfile: {type: RuntimeDefault}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "vigpack.container" -}}
image: {{ include "vigpack.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
envFrom: [configMapRef: {name: {{ .Release.Name }}-settings}]
securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
{{- end }}
