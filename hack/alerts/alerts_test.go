// Package alerts tests the alerts and the dashboard of deploy/components/monitoring, by Prometheus' own engine. It is a module of its own because
// nothing else has to do with Prometheus' server.
package alerts

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/prometheus/promql/promqltest"
	"sigs.k8s.io/yaml"
)

// component is where the manifests are.
var component = filepath.Join("..", "..", "deploy", "components", "monitoring")

// cases are, by alert, series and what it says of them at the end of two days. An alert without a case fails.
var cases = map[string][]struct{ series, want string }{
	"VeleroScheduleWithoutBackup": {
		{`velero_locations_schedule_due_timestamp_seconds{schedule="daily"} 80000x288`, `{schedule="daily"} 92800`},
		{`velero_locations_schedule_due_timestamp_seconds{schedule="daily"} 100000x288`, ``},
		{`velero_locations_schedule_due_timestamp_seconds{schedule="weekly"} 604800x288` + "\n " +
			`velero_backup_last_successful_timestamp{schedule="weekly",job="velero-locations-controller"} 0x288`, ``},
		{`velero_backup_last_successful_timestamp{schedule="paused",job="velero-locations-controller"} 0x288`, ``},
		{`velero_backup_last_status{schedule="paused",job="velero-locations-controller"} 0x288`, ``},
		{`velero_backup_last_successful_timestamp{schedule="daily"} 80000x288`, `{schedule="daily"} 92800`},
		{`velero_backup_last_successful_timestamp{schedule="daily"} 0+600x288`, ``},
		{`velero_backup_last_successful_timestamp{schedule=""} 1x288`, ``}, // asked for by hand
		{`velero_backup_last_status{schedule="new"} 0x288`, `velero_backup_last_status{schedule="new"} 0`},
		{`velero_backup_last_status{schedule="new"} 1x288`, ``},
	},
	"VeleroLastBackupFailed": {
		{`velero_backup_last_status{schedule="daily"} 1x287 0`, `velero_backup_last_status{schedule="daily"} 0`},
		{`velero_backup_last_status{schedule="daily"} 0x287 1`, ``},
	},
	"VeleroBackupBroken": {
		{
			"velero_locations_backup_verified{schedule=\"daily\",backup_location_name=\"east\",result=\"broken\"} 0x287 2\n " +
				`velero_locations_backup_verified{schedule="daily",backup_location_name="east",result="verified"} 5x288`,
			`{schedule="daily",backup_location_name="east"} 2`,
		},
		{`velero_locations_backup_verified{schedule="daily",backup_location_name="east",result="broken"} 1x287 0`, ``},
		{`velero_locations_backup_verified{schedule="daily",backup_location_name="east",result="unknown"} 1x288`, ``},
	},
	"VeleroVerificationOverdue": { // at 172800
		{`velero_locations_backup_verification_due_timestamp_seconds{schedule="daily",backup_location_name="east"} 80000x288`, `{schedule="daily",backup_location_name="east"} 92800`},
		{`velero_locations_backup_verification_due_timestamp_seconds{schedule="daily",backup_location_name="east"} 100000x288`, ``},
	},
	"VeleroDeletionFailed": {
		{`velero_backup_deletion_failure_total{schedule="daily"} 3x284 4x3`, `{schedule="daily"} 1.2`}, // extrapolated to an hour
		{`velero_backup_deletion_failure_total{schedule="daily"} 3x288`, ``},
	},
	"VeleroBackupLocationUnavailable": {
		{`velero_backup_location_status_gauge{backup_location_name="east"} 0x288`, `velero_backup_location_status_gauge{backup_location_name="east"} 0`},
		{`velero_backup_location_status_gauge{backup_location_name="east"} 1x288`, ``},
	},
	"VeleroSnapshotLocationUnavailable": {
		{`velero_locations_snapshot_location_status{snapshot_location_name="ebs"} 0x288`, `velero_locations_snapshot_location_status{snapshot_location_name="ebs"} 0`},
		{`velero_locations_snapshot_location_status{snapshot_location_name="ebs"} 1x288`, ``},
	},
	"VeleroCertificateNotRenewed": { // at 172800
		{certificate("a", 172800+28*86400-1) + "\n " + certificate("b", 172800+120*86400), `{} 2419199`},
		{certificate("a", 172800+28*86400), ``},
	},
	"VeleroCertificateEnds": {
		{certificate("a", 172800+7*86400-1), `{} 604799`},
		{certificate("a", 172800+7*86400), ``},
	},
	"VeleroAPIUnavailable": {
		{`aggregator_unavailable_apiservice{name="v1.velero.io"} 1x288`, `{name="v1.velero.io"} 1`},
		{`aggregator_unavailable_apiservice{name="v2alpha1.velero.io"} 0x288`, ``},
		{`aggregator_unavailable_apiservice{name="v1beta1.metrics.k8s.io"} 1x288`, ``},
	},
	"VeleroControllersAway": {
		{`up{job="other"} 1x288`, `{} 1`},
		{`up{job="velero-locations-controller"} 0x288`, `{} 1`},
		{"up{job=\"velero-locations-controller\",instance=\"a\"} 0x288\n up{job=\"velero-locations-controller\",instance=\"b\"} 1x288", ``},
	},
}

func certificate(instance string, end int) string {
	return fmt.Sprintf(`velero_locations_serving_certificate_end_timestamp_seconds{job="velero-locations",instance="%s"} %dx288`, instance, end)
}

func TestAlerts(t *testing.T) {
	var rules monitoringv1.PrometheusRule
	decode(t, read(t, "alerts.yaml"), &rules)
	seen := map[string]bool{}
	for _, group := range rules.Spec.Groups {
		for _, rule := range group.Rules {
			seen[rule.Alert] = true
			if rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" {
				t.Errorf("%s has no severity or no summary", rule.Alert)
			}
			if len(cases[rule.Alert]) == 0 {
				t.Errorf("%s is not tested", rule.Alert)
			}
			for _, tc := range cases[rule.Alert] {
				t.Run(rule.Alert, func(t *testing.T) {
					test := fmt.Sprintf("load 10m\n %s\n\neval instant at 48h %s\n %s\n", tc.series, strings.Join(strings.Fields(rule.Expr.String()), " "), tc.want)
					promqltest.RunTest(t, test, promqltest.NewTestEngine(t, false, 0, 10000))
				})
			}
		}
	}
	for alert := range cases {
		if !seen[alert] {
			t.Errorf("there is no alert %s", alert)
		}
	}
}

// TestMetrics shows that the alerts ask for nothing of Velero's that docs/controllers.md does not have.
func TestMetrics(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "controllers.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`\bvelero_\w+`).FindAll(read(t, "alerts.yaml"), -1)
	if len(found) == 0 {
		t.Fatal("the alerts ask for nothing")
	}
	for _, metric := range found {
		if !bytes.Contains(document, append([]byte("| `"), append(metric, '`')...)) {
			t.Errorf("there is no metric %s", metric)
		}
	}
}

// TestServiceMonitors shows that the Prometheus operator understands them.
func TestServiceMonitors(t *testing.T) {
	for document := range bytes.SplitSeq(read(t, "servicemonitors.yaml"), []byte("\n---\n")) {
		var monitor monitoringv1.ServiceMonitor
		decode(t, document, &monitor)
		if len(monitor.Spec.Endpoints) != 1 || len(monitor.Spec.Selector.MatchLabels) != 2 {
			t.Errorf("%s scrapes %+v of %+v", monitor.Name, monitor.Spec.Endpoints, monitor.Spec.Selector)
		}
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(component, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decode(t *testing.T, data []byte, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict(data, into); err != nil {
		t.Fatal(err)
	}
}
