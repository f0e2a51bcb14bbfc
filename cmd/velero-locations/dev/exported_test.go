package dev_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev"
)

// TestExported shows that server and controllers export the metrics, with their labels, that alerts and dashboard ask for.
func TestExported(t *testing.T) {
	list, err := os.ReadFile(filepath.Join("..", "..", "..", "hack", "alerts", "testdata", "exported.txt"))
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	l := start(t, func(o *dev.Options) { o.Controllers.MetricsAddress, o.Controllers.VerifyBackups = address, time.Hour })
	l.create(t, storage("exported", "", true),
		&velerov1.VolumeSnapshotLocation{ObjectMeta: metav1.ObjectMeta{Name: "ebs"}, Spec: velerov1.VolumeSnapshotLocationSpec{Provider: "aws", Config: map[string]string{"region": "us-east-1"}}},
		&velerov1.Schedule{ObjectMeta: metav1.ObjectMeta{Name: "yearly"}, Spec: velerov1.ScheduleSpec{Schedule: "@yearly"}},
		backup("b", func(b *velerov1.Backup) { b.Spec.IncludedNamespaces = []string{"shop"} }))
	l.ended(t, "b")

	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(l.dir, "kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	defer func() {
		if t.Failed() {
			t.Logf("not exported: %s", strings.Join(missing, "; "))
		}
	}()
	poll(t, "the metrics", func(ctx context.Context) bool {
		lines := strings.Split(readBy(ctx, t, client, config.Host+"/metrics")+read(ctx, t, "http://"+address+"/metrics"), "\n")
		missing = nil
		for line := range strings.Lines(string(list)) {
			words := strings.Fields(line)
			if !slices.ContainsFunc(lines, func(line string) bool { return has(line, words[0], words[1:]) }) {
				missing = append(missing, strings.TrimSpace(line))
			}
		}
		return len(missing) == 0
	})
}

// has says whether a line of metrics is of one with labels.
func has(line, metric string, labels []string) bool {
	rest, found := strings.CutPrefix(line, metric)
	if !found || rest[:1] != "{" && rest[:1] != " " {
		return false
	}
	return !slices.ContainsFunc(labels, func(label string) bool {
		return !strings.Contains(rest, "{"+label+`="`) && !strings.Contains(rest, ","+label+`="`)
	})
}
