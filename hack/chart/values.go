package main

import "regexp"

// value of the chart: what it takes the place of.
type value struct {
	of   string // the object's name; empty: any
	find string // lines of its YAML, as a regular expression
	put  string
}

// Names of workloads.
const (
	apiserver    = "velero-locations"
	controller   = "velero-locations-controller"
	certificates = "velero-locations-certificates"
	snapshots    = "velero-locations-snapshots"
	simulator    = "velero-locations-simulator"
)

// values of the chart. Their defaults, which are those of deploy/, are in its values.yaml.
var values = []value{
	// The namespace that Helm installs to.
	{"", `namespace([:=] ?)velero-locations$`, `namespace${1}{{ .Release.Namespace }}`},
	{"", `(velero-locations(-simulator)?)\.velero-locations\.svc`, `${1}.{{ .Release.Namespace }}.svc`},
	// That of Velero. The simulator brings one.
	{"cloud-credentials", `namespace: velero$`, `namespace: {{ .Values.namespace | default "velero" }}`},
	{"velero", `name: velero$`, `name: {{ .Values.namespace | default "velero" }}`},
	{"", `namespace([:=] ?)velero$`, `namespace${1}{{ .Values.namespace }}`},

	{"", `image: velero-locations:latest`, `image: {{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}`},
	{"", `imagePullPolicy: IfNotPresent`, `imagePullPolicy: {{ .Values.image.pullPolicy }}`},
	{"", `^( *)containers:$`, "${1}imagePullSecrets: {{ toJson .Values.imagePullSecrets }}\n${0}"},

	{apiserver, `replicas: (2)$`, `replicas: {{ .Values.apiserver.replicas | default ${1} }}`},
	{apiserver, limits, `{{ toJson .Values.apiserver.resources }}`},
	{apiserver, `^( *)- apiserver$`, "${0}\n${1}{{- range .Values.apiserver.extraArgs }}\n${1}- {{ . | quote }}\n${1}{{- end }}"},
	{controller, `replicas: (\d)$`, `replicas: {{ .Values.controller.replicas | default ${1} }}`},
	{controller, limits, `{{ toJson .Values.controller.resources }}`},
	{controller, `^( *)- --leader-elect$`, "${0}\n${1}{{- if .Values.controller.lendIdentity }}\n${1}- --lend-identity\n${1}{{- end }}\n" +
		"${1}{{- range .Values.controller.extraArgs }}\n${1}- {{ . | quote }}\n${1}{{- end }}"},
	{controller, `^kind: ServiceAccount\nmetadata:$`, "${0}\n  annotations: {{ toJson .Values.controller.serviceAccountAnnotations }}"},
	{certificates, limits, `{{ toJson .Values.certificates.resources }}`},
	{simulator, limits, `{{ toJson .Values.simulator.resources }}`},

	{"velero-locations-etcd", `storage: 10Gi`, "storage: {{ .Values.etcd.embedded.size }}\n  storageClassName: {{ toJson .Values.etcd.embedded.storageClass }}"},
	{apiserver, `--embedded-etcd-quota=4Gi`, `--embedded-etcd-quota={{ .Values.etcd.embedded.quota }}`},
	{apiserver, `--etcd-servers=.*`, `--etcd-servers={{ join "," .Values.etcd.external.servers }}`},
	{apiserver, `secretName: velero-locations-etcd`, `secretName: {{ .Values.etcd.external.secret }}`},

	{snapshots, limits, `{{ toJson .Values.snapshots.resources }}`},
	{snapshots, `schedule: .*`, `schedule: {{ .Values.snapshots.schedule | quote }}`},
	{snapshots, `--bucket=.*`, `--bucket={{ .Values.snapshots.bucket }}`},
	{snapshots, `--prefix=.*`, `--prefix={{ .Values.snapshots.prefix }}`},
	{snapshots, `--region=.*`, `--region={{ .Values.snapshots.region }}`},
	{snapshots, `^( *)- --keep=7$`, "${1}- --keep={{ .Values.snapshots.keep }}\n${1}{{- with .Values.snapshots.s3Url }}\n${1}- --s3-url={{ . }}\n${1}{{- end }}"},
	{snapshots, `secretName: velero-locations-snapshots`, `secretName: {{ .Values.snapshots.secret }}`},
}

// putValues puts values into the YAML of an object of a name, and notes which were used.
func putValues(used map[int]bool, name, text string) string {
	for i, v := range values {
		pattern := regexp.MustCompile(`(?m)` + v.find)
		if (v.of == "" || v.of == name) && pattern.MatchString(text) {
			used[i] = true
			text = pattern.ReplaceAllString(text, v.put)
		}
	}
	return text
}
