{{- define "dpu-operator.image" -}}
{{- $chart := (index . 0).Chart -}}
{{- with index . 1 -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $chart.AppVersion }}{{ end }}
{{- end -}}
{{- end -}}
