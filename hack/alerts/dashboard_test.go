package alerts

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/prometheus/promql/parser"
)

// ofScraping are labels that Prometheus gives to what it scrapes.
var ofScraping = []string{"__name__", "job", "instance"}

// ofOthers are metrics that not our servers export: those of Prometheus and of kube-apiserver.
var ofOthers = map[string][]string{"up": nil, "aggregator_unavailable_apiservice": {"name"}}

// TestExported shows that alerts and panels ask for metrics and labels only which a list has, and that it has no others. That servers
// export what is in the list is shown by a test of cmd/velero-locations/dev.
func TestExported(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "exported.txt"))
	if err != nil {
		t.Fatal(err)
	}
	exported := maps.Clone(ofOthers)
	unused := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		exported[words[0]] = words[1:]
		unused[words[0]] = true
	}
	for name, expression := range expressions(t) {
		// The interval is Grafana's to choose.
		parsed, err := parser.NewParser(parser.Options{}).ParseExpr(strings.ReplaceAll(expression, "$__rate_interval", "5m"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var metrics, labels []string
		parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
			switch n := node.(type) {
			case *parser.VectorSelector:
				metrics = append(metrics, n.Name)
				for _, matcher := range n.LabelMatchers {
					labels = append(labels, matcher.Name)
				}
			case *parser.AggregateExpr:
				labels = append(labels, n.Grouping...)
			}
			return nil
		})
		known := ofScraping
		for _, metric := range metrics {
			of, found := exported[metric]
			if !found {
				t.Errorf("%s asks for %s, which testdata/exported.txt does not have", name, metric)
			}
			known = slices.Concat(known, of)
			delete(unused, metric)
		}
		for _, label := range labels {
			if !slices.Contains(known, label) {
				t.Errorf("%s asks for label %s, which its metrics do not have in testdata/exported.txt", name, label)
			}
		}
	}
	for metric := range unused {
		t.Errorf("nothing asks for %s of testdata/exported.txt", metric)
	}
}

// expressions of PromQL, by the alerts and panels that have them.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	var rules monitoringv1.PrometheusRule
	decode(t, read(t, "alerts.yaml"), &rules)
	for _, group := range rules.Spec.Groups {
		for _, rule := range group.Rules {
			all["alert "+rule.Alert] = rule.Expr.String()
		}
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ RefID, Expr string }
		}
	}
	if err := json.Unmarshal(read(t, "dashboard.json"), &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, panel := range dashboard.Panels {
		if len(panel.Targets) == 0 {
			t.Errorf("panel %q shows nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			all["panel "+panel.Title+" "+target.RefID] = target.Expr
		}
	}
	return all
}
