//go:build kind

package replicas

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
	client "github.com/velero-locations/velero-locations/generated/clientset/versioned/typed/velero/v1"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/simulator/control"
	"github.com/velero-locations/velero-locations/simulator/journal"
)

// place is where backups are made; its location is called like its prefix.
var place = locations.Place{Bucket: bucket, Prefix: "failover"}

const (
	// interval is that of a schedule.
	interval = 10 * time.Second
	// event is the label of what was made during one.
	event = "event"
)

// small is what a backup takes that is soon made.
var small = velerov1.BackupSpec{StorageLocation: place.Prefix, IncludedNamespaces: []string{"default"}}

// making is that backups are made all the time: by a client, of whose backups one always waits, and by a schedule.
type making struct {
	fault     string
	name      string
	backups   client.BackupInterface
	schedules client.ScheduleInterface
	stop      func()
}

func (s *nodeStage) startMaking(t *testing.T, fault string) *making {
	t.Helper()
	v1 := quietly(t, s.Config)
	m := &making{fault: fault, name: fmt.Sprintf("event-%d", len(s.failovers)), backups: v1.Backups(cluster.Namespace), schedules: v1.Schedules(cluster.Namespace)}
	schedule := &velerov1.Schedule{
		ObjectMeta: m.meta("schedule"),
		Spec:       velerov1.ScheduleSpec{Schedule: "@every " + interval.String(), Template: small},
	}
	if _, err := m.schedules.Create(t.Context(), schedule, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	m.stop = func() { cancel(); group.Wait() }
	t.Cleanup(m.stop)
	group.Go(func() { m.run(ctx) })
	return m
}

func (m *making) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: m.name + "-" + name, Labels: map[string]string{event: m.name}} // the schedule's backups have its labels
}

func (m *making) list(ctx context.Context) ([]velerov1.Backup, error) {
	list, err := m.backups.List(ctx, metav1.ListOptions{LabelSelector: event + "=" + m.name})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// run makes backups until the context ends; those of names that there are already were made by a request whose answer was lost.
func (m *making) run(ctx context.Context) {
	for number := 1; wait(ctx); {
		attempt, cancel := context.WithTimeout(ctx, writeTimeout)
		all, err := m.list(attempt)
		if err == nil && count(all, velerov1.BackupPhase.Waiting) < 2 {
			backup := &velerov1.Backup{ObjectMeta: m.meta(strconv.Itoa(number)), Spec: small}
			if _, err = m.backups.Create(attempt, backup, metav1.CreateOptions{}); err == nil || apierrors.IsAlreadyExists(err) {
				number++
			}
		}
		cancel()
	}
}

func count(all []velerov1.Backup, is func(velerov1.BackupPhase) bool) int {
	found := 0
	for _, each := range all {
		if is(each.Status.Phase) {
			found++
		}
	}
	return found
}

// written is what was put where backups are made.
var written = journal.Filter{Operation: "s3:PutObject", Prefix: place.Root()}

// puts are when objects were written, by their keys.
func puts(t *testing.T, simulator *control.Client) map[string][]time.Time {
	t.Helper()
	found := map[string][]time.Time{}
	for _, entry := range cluster.Journal(t, simulator, written) {
		if entry.Status == http.StatusOK {
			found[entry.Key] = append(found[entry.Key], entry.Time)
		}
	}
	return found
}

// errPublished is that there is what was waited for.
var errPublished = errors.New("a backup is published")

// awaitNext waits for a backup that is published after now.
func (m *making) awaitNext(t *testing.T, simulator *control.Client) {
	t.Helper()
	now := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	err := simulator.Follow(ctx, written, func(entry journal.Entry) error {
		if entry.Status == http.StatusOK && entry.Time.After(now) && strings.HasSuffix(entry.Key, "/velero-backup.json") {
			return errPublished
		}
		return nil
	})
	if !errors.Is(err, errPublished) {
		t.Fatalf("%s: waiting for the next backup: %v", m.fault, err)
	}
}

// end makes no more backups, and returns what became of those that were made.
func (m *making) end(t *testing.T, simulator *control.Client) failover {
	t.Helper()
	m.stop()
	if err := m.schedules.Delete(t.Context(), m.name+"-schedule", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	var all []velerov1.Backup
	devtest.Poll(t, 3*time.Minute, "the backups to end", func() (ok bool) {
		var err error
		all, err = m.list(t.Context())
		return err == nil && count(all, velerov1.BackupPhase.Waiting)+count(all, velerov1.BackupPhase.Running) == 0
	})
	times := puts(t, simulator)
	f := failover{fault: m.fault}
	var published []time.Time
	for i := range all {
		f.add(t, &all[i], len(times[backups.Contents.Key(place, all[i].Name)]))
		published = append(published, times[backups.Metadata.Key(place, all[i].Name)]...)
	}
	f.pause = longest(published)
	f.check(t)
	return f
}
