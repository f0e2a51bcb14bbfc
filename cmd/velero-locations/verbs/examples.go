package verbs

import (
	"strings"

	"github.com/spf13/cobra"
)

// examples of lines to type, by what each verb is about and the verb.
var examples = map[string][]string{
	"backup-location create": {
		"velero backup-location create east --provider aws --bucket backups --config region=us-east-1 --default",
		"velero backup-location create minio --provider aws --bucket backups --prefix shop --credential minio=cloud --config region=minio,s3Url=https://minio.example.com,s3ForcePathStyle=true",
	},
	"backup-location get": {
		"velero backup-location get",
		"velero backup-location get --default -o name",
	},
	"backup-location set": {
		"velero backup-location set east --default",
		"velero backup-location set minio --credential minio=cloud --cacert ca.pem",
		"velero backup-location set minio --credential= --cacert=",
	},
	"backup-location delete": {"velero backup-location delete minio --confirm"},
	"backup-location check":  {"velero backup-location check east", "velero backup-location check minio -o json"},
	"snapshot-location create": {
		"velero snapshot-location create ebs --provider aws --config region=us-east-1",
	},
	"snapshot-location get":    {"velero snapshot-location get"},
	"snapshot-location set":    {"velero snapshot-location set ebs --credential snapshots=cloud"},
	"snapshot-location delete": {"velero snapshot-location delete ebs --confirm"},
	"backup create": {
		"velero backup create shop --include-namespaces shop --wait",
		"velero backup create shop --include-namespaces shop --storage-location east --ttl 72h",
		"velero backup create --from-schedule nightly",
		"velero backup create trial --selector app=shop --dry-run=server",
	},
	"backup get":      {"velero backup get", "velero backup get shop -o yaml"},
	"backup describe": {"velero backup describe shop --details", "velero backup describe shop -o json"},
	"backup logs":     {"velero backup logs shop"},
	"backup download": {"velero backup download shop -o shop.tar.gz"},
	"backup verify":   {"velero backup verify shop", "velero backup verify --location east -o json"},
	"backup delete":   {"velero backup delete shop --confirm", "velero backup delete --selector team=a"},
	"restore create": {
		"velero restore create --from-backup shop --wait",
		"velero restore create copy --from-backup shop --namespace-mappings shop:copy",
		"velero restore create --from-schedule nightly --include-resources secrets,configmaps --existing-resource-policy update",
		"velero restore create trial --from-backup shop --dry-run=server",
	},
	"restore get":      {"velero restore get", "velero restore get copy -o yaml"},
	"restore describe": {"velero restore describe copy --details"},
	"restore logs":     {"velero restore logs copy"},
	"restore delete":   {"velero restore delete copy --confirm"},
	"schedule create": {
		`velero schedule create nightly --schedule "0 1 * * *" --include-namespaces shop --ttl 72h`,
		`velero schedule create often --schedule "@every 6h"`,
	},
	"schedule get":      {"velero schedule get"},
	"schedule describe": {"velero schedule describe nightly"},
	"schedule pause":    {"velero schedule pause nightly", "velero schedule pause --all"},
	"schedule unpause":  {"velero schedule unpause nightly"},
	"schedule delete":   {"velero schedule delete nightly --confirm"},
}

// withExample adds to a command what its help shows to type.
func withExample(cmd *cobra.Command, noun string) *cobra.Command {
	if lines := examples[noun+" "+cmd.Name()]; len(lines) > 0 {
		cmd.Example = "  " + strings.Join(lines, "\n  ")
	}
	return cmd
}
