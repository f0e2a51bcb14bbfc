// Package snapshottertest is the suite that every driver of volumes passes: what the interface Snapshotter promises, tried on a
// cloud that the driver's own test starts. What is particular to a provider is for that test to try.
package snapshottertest

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/velero-locations/velero-locations/drivers/snapshotter"
)

// Cloud is a provider with volumes, as a driver's test starts it.
type Cloud struct {
	Driver snapshotter.Driver
	// Mine and Others are of different accounts. Elsewhere is of an account of either, in another place than Mine, whose
	// snapshots are none of Mine's.
	Mine, Others, Elsewhere Account
	// Refused are Mine's options with credentials that the provider does not accept, by what is wrong with them.
	Refused map[string]snapshotter.Options
	// Confined are Mine's options with credentials that may neither take nor list snapshots.
	Confined snapshotter.Options
	// Secrets that no error may tell.
	Secrets []string

	// Content tells what a volume of Mine holds, as a name that is the same for the same content.
	Content func(t *testing.T, volume string) string
	// Write changes what Mine's volume holds.
	Write func(t *testing.T)
	// Complete lets the snapshots that were begun become complete. Nil: they are so at once.
	Complete func()
	// Hang makes the provider stop answering, Throttle makes it refuse for overload, and LoseAnswer loses the answer to the next
	// CreateSnapshot.
	Hang, Throttle, LoseAnswer func(t *testing.T)
}

// Account is what a location shows of a cloud.
type Account struct {
	Options snapshotter.Options
	// Volume that is there, and its zone, if the provider has zones.
	Volume, Zone string
}

// Test runs the suite, each part of it on a cloud of its own.
func Test(t *testing.T, start func(t *testing.T) *Cloud) {
	t.Helper()
	for name, part := range map[string]func(*testing.T, *Cloud){
		"BackupAndRestore": testBackupAndRestore,
		"FindSnapshots":    testFindSnapshots,
		"Accounts":         testAccounts,
		"Refusals":         testRefusals,
		"Unreachable":      testUnreachable,
		"LostAnswer":       testLostAnswer,
		"OtherVolumes":     testOtherVolumes,
	} {
		t.Run(name, func(t *testing.T) { part(t, start(t)) })
	}
}

func (c *Cloud) open(t *testing.T, opts snapshotter.Options) snapshotter.Snapshotter {
	t.Helper()
	s, err := c.Driver.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func create(t *testing.T, s snapshotter.Snapshotter, of Account, tags map[string]string) string {
	t.Helper()
	id, err := s.CreateSnapshot(t.Context(), of.Volume, of.Zone, tags)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// testBackupAndRestore shows that a snapshot holds what the volume held, whatever becomes of the volume.
func testBackupAndRestore(t *testing.T, c *Cloud) {
	s := c.open(t, c.Mine.Options)
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
	volume, err := s.Volume(t.Context(), c.Mine.Volume, c.Mine.Zone)
	if err != nil || volume.ID != c.Mine.Volume {
		t.Fatalf("got %+v, %v", volume, err)
	}
	held := c.Content(t, c.Mine.Volume)
	id := create(t, s, c.Mine, map[string]string{"velero.io/backup": "b"})
	if c.Complete != nil {
		if _, err := s.CreateVolume(t.Context(), id, volume); snapshotter.ReasonOf(err) != snapshotter.NotReady {
			t.Errorf("from a snapshot that is not complete: %v", err)
		}
		if err := s.CheckSnapshot(t.Context(), id); snapshotter.ReasonOf(err) != snapshotter.NotReady {
			t.Errorf("check of a snapshot that is not complete: %v", err)
		}
	}
	c.Write(t)
	if c.Content(t, c.Mine.Volume) == held {
		t.Fatal("nothing was written")
	}
	if c.Complete != nil {
		c.Complete()
	}
	if err := s.CheckSnapshot(t.Context(), id); err != nil {
		t.Errorf("check of the snapshot: %v", err)
	}
	restored, err := s.CreateVolume(t.Context(), id, volume)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Content(t, restored); got != held || restored == c.Mine.Volume {
		t.Errorf("volume %q holds %s, want %s in another volume", restored, got, held)
	}
	for range 2 { // gone is deleted
		if err := s.DeleteSnapshot(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.CreateVolume(t.Context(), id, volume); snapshotter.ReasonOf(err) != snapshotter.NotFound {
		t.Errorf("from a deleted snapshot: %v", err)
	}
	c.wantReason(t, s.CheckSnapshot(t.Context(), id), snapshotter.NotFound)
}

// testFindSnapshots shows that snapshots are found by all of some tags, complete or not, and only where the location is.
func testFindSnapshots(t *testing.T, c *Cloud) {
	s, elsewhere := c.open(t, c.Mine.Options), c.open(t, c.Elsewhere.Options)
	tagged := func(name, uid string) map[string]string {
		return map[string]string{"velero.io/backup": name, "velero.io/backup-uid": uid, "velero.io/pv": "any"}
	}
	var want []string
	for range 3 {
		want = append(want, create(t, s, c.Mine, tagged("b", "1")))
	}
	other := create(t, s, c.Mine, tagged("b", "2"))
	create(t, s, c.Mine, tagged("a", "1"))
	create(t, s, c.Mine, map[string]string{"velero.io/backup": "b"})
	create(t, s, c.Mine, nil)
	create(t, elsewhere, c.Elsewhere, tagged("b", "1"))
	for uid, want := range map[string][]string{"1": want, "2": {other}, "3": nil, "": nil} {
		got, err := s.FindSnapshots(t.Context(), map[string]string{"velero.io/backup": "b", "velero.io/backup-uid": uid})
		slices.Sort(got)
		slices.Sort(want)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("of %q: got %q, %v; want %q", uid, got, err, want)
		}
	}
}

// testAccounts shows that two locations with different credentials see the volumes of their own account only.
func testAccounts(t *testing.T, c *Cloud) {
	mine, others := c.open(t, c.Mine.Options), c.open(t, c.Others.Options)
	tags := map[string]string{"velero.io/backup": "b"}
	theirs := create(t, others, c.Others, tags)
	create(t, mine, c.Mine, tags)
	for name, test := range map[string]struct {
		s      snapshotter.Snapshotter
		hidden Account
	}{"mine": {mine, c.Others}, "others": {others, c.Mine}} {
		if _, err := test.s.CreateSnapshot(t.Context(), test.hidden.Volume, test.hidden.Zone, nil); snapshotter.ReasonOf(err) != snapshotter.NotFound {
			t.Errorf("%s: a snapshot of the other account's volume: %v", name, err)
		}
	}
	c.wantReason(t, mine.CheckSnapshot(t.Context(), theirs), snapshotter.NotFound)
	// Another account's snapshot is not there, or as good as gone; and it stays.
	if err := mine.DeleteSnapshot(t.Context(), theirs); err != nil && snapshotter.ReasonOf(err) != snapshotter.NotFound {
		t.Errorf("deletion of the other account's snapshot: %v", err)
	}
	if found, err := others.FindSnapshots(t.Context(), tags); err != nil || !slices.Equal(found, []string{theirs}) {
		t.Errorf("got %q, %v; want %q", found, err, theirs)
	}
}

// wantReason wants an error of one reason, on one line, without a secret.
func (c *Cloud) wantReason(t *testing.T, err error, reason snapshotter.Reason) {
	t.Helper()
	var failure *snapshotter.Error
	if !errors.As(err, &failure) || failure.Reason != reason || failure.Advice == "" {
		t.Fatalf("got %T %v, want reason %s", err, err, reason)
	}
	if strings.Contains(failure.Advice, "\n") {
		t.Errorf("%q has several lines", failure.Advice)
	}
	for _, secret := range c.Secrets {
		if strings.Contains(failure.Advice, secret) {
			t.Errorf("%q tells a secret", failure.Advice)
		}
	}
}

// testRefusals shows that the reasons of refusals are told apart.
func testRefusals(t *testing.T, c *Cloud) {
	for name, opts := range c.Refused {
		t.Run(name, func(t *testing.T) {
			s := c.open(t, opts)
			c.wantReason(t, s.Check(t.Context()), snapshotter.CredentialsRefused)
			_, err := s.CreateSnapshot(t.Context(), c.Mine.Volume, c.Mine.Zone, nil)
			c.wantReason(t, err, snapshotter.CredentialsRefused)
		})
	}
	t.Run("confined", func(t *testing.T) {
		s := c.open(t, c.Confined)
		_, err := s.CreateSnapshot(t.Context(), c.Mine.Volume, c.Mine.Zone, nil)
		c.wantReason(t, err, snapshotter.Denied)
		_, err = s.FindSnapshots(t.Context(), map[string]string{"velero.io/backup": "b"})
		c.wantReason(t, err, snapshotter.Denied)
	})
	t.Run("throttled", func(t *testing.T) {
		c.Throttle(t)
		c.wantReason(t, c.open(t, c.Mine.Options).Check(t.Context()), snapshotter.Throttled)
	})
}

// testUnreachable shows that nothing waits for ever for a provider that is not there, or does not answer.
func testUnreachable(t *testing.T, c *Cloud) {
	gone := c.Mine.Options
	gone.Endpoint = &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	err := c.open(t, gone).Check(t.Context())
	c.wantReason(t, err, snapshotter.Unreachable)
	if !strings.Contains(err.Error(), "nothing listens at http://127.0.0.1:1") {
		t.Errorf("nobody there: %v", err)
	}

	c.Hang(t)
	slow := c.Mine.Options
	slow.Timeout = 50 * time.Millisecond
	s := c.open(t, slow)
	for name, call := range map[string]func(context.Context) error{
		"check": s.Check,
		"create": func(ctx context.Context) error {
			_, err := s.CreateSnapshot(ctx, c.Mine.Volume, c.Mine.Zone, nil)
			return err
		},
	} {
		err := call(t.Context())
		c.wantReason(t, err, snapshotter.Unreachable)
		if !strings.Contains(err.Error(), "did not answer in time") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// testLostAnswer shows that a request for a snapshot is not sent again when its answer is lost: there would be two.
func testLostAnswer(t *testing.T, c *Cloud) {
	s := c.open(t, c.Mine.Options)
	tags := map[string]string{"velero.io/backup": "b"}
	c.LoseAnswer(t)
	_, err := s.CreateSnapshot(t.Context(), c.Mine.Volume, c.Mine.Zone, tags)
	c.wantReason(t, err, snapshotter.Unreachable)
	if found, err := s.FindSnapshots(t.Context(), tags); err != nil || len(found) != 1 {
		t.Errorf("found %q, %v; want one", found, err)
	}
}

// testOtherVolumes shows that volumes that are none of the provider's are left alone.
func testOtherVolumes(t *testing.T, c *Cloud) {
	s := c.open(t, c.Mine.Options)
	for name, source := range map[string]corev1.PersistentVolumeSource{
		"none":          {},
		"a host's path": {HostPath: &corev1.HostPathVolumeSource{Path: "/"}},
		"another CSI":   {CSI: &corev1.CSIPersistentVolumeSource{Driver: "csi.example.com", VolumeHandle: c.Mine.Volume}},
	} {
		if id, err := s.VolumeID(&corev1.PersistentVolume{Spec: corev1.PersistentVolumeSpec{PersistentVolumeSource: source}}); id != "" || err != nil {
			t.Errorf("%s: got %q, %v", name, id, err)
		}
	}
}
