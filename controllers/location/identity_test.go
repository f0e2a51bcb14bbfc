package location

import (
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/record"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/backend/backendtest"
	"github.com/velero-locations/velero-locations/controllers/internal/lanes"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics"
	"github.com/velero-locations/velero-locations/simulator/journal"
)

// checkerOf is a controller of a kind of locations in a world.
func checkerOf[L client.Object](w *backendtest.World, of kind[L]) *reconciler[L] {
	return &reconciler[L]{
		kind: of, Writer: w.Writer, secrets: w.Client, memory: newMemory(), lanes: lanes.New(workers), now: time.Now,
		opts: Options{Backend: *w.Backend, Frequency: time.Minute, Timeout: time.Minute, Events: record.NewFakeRecorder(100), Metrics: metrics.New()},
	}
}

// check has both locations looked at, and returns what their status says.
func check(t *testing.T, w *backendtest.World) (storage, volumes string) {
	t.Helper()
	look(t, w, checkerOf(w, backupStorage), "primary")
	look(t, w, checkerOf(w, volumeSnapshot), "ebs")
	s, v := &velerov1.BackupStorageLocation{}, &velerov1.VolumeSnapshotLocation{}
	w.Read(t, "primary", s)
	w.Read(t, "ebs", v)
	return string(s.Status.Phase) + s.Status.Message, string(v.Status.Phase) + v.Status.Message
}

// look looks at a location, and again in the slow lane where its endpoint takes longer.
func look(t *testing.T, w *backendtest.World, checker reconcile.Reconciler, name string) {
	t.Helper()
	for range 2 {
		result, err := w.Reconcile(t, checker, name)
		if err != nil {
			t.Fatal(err)
		}
		if result.RequeueAfter != lanes.Wait {
			return
		}
	}
	t.Errorf("%s is not checked", name)
}

// TestIdentities shows that locations are checked with their own identity, whatever it is, and that one which is the
// pod's is not borrowed unless that is allowed.
func TestIdentities(t *testing.T) {
	for _, identity := range backendtest.New(t, interceptor.Funcs{}).Identities(t) {
		t.Run(identity.Name, func(t *testing.T) {
			w := backendtest.New(t, interceptor.Funcs{})
			identity := w.Identity(t, identity.Name)
			w.Use(t, identity)
			w.Cloud.Journal().Clear()
			if storage, volumes := check(t, w); storage != available || volumes != available {
				t.Errorf("got %q\nand %q", storage, volumes)
			}
			w.CheckRole(t, identity.Role)
			if !identity.Lent {
				return
			}
			w.Backend.LendIdentity = false
			w.Cloud.Journal().Clear()
			storage, volumes := check(t, w)
			if !strings.HasPrefix(storage, `BackupStorageLocation "primary" is not checked, `) || !strings.HasPrefix(volumes, `VolumeSnapshotLocation "ebs" is not checked, `) {
				t.Errorf("not allowed: got %q\nand %q", storage, volumes)
			}
			if entries := w.Cloud.Journal().Entries(journal.Filter{}); len(entries) > 0 {
				t.Errorf("not allowed: requests were made: %+v", entries)
			}
		})
	}
}

// TestExpiry shows, on the cloud's clock, that a session token is found to have ended, and that keys of a role are renewed.
func TestExpiry(t *testing.T) {
	w := backendtest.New(t, interceptor.Funcs{})
	w.Use(t, w.Identity(t, "a role by another profile"))
	if storage, volumes := check(t, w); storage != available || volumes != available {
		t.Fatalf("got %q\nand %q", storage, volumes)
	}
	session := w.SessionFor(t, 10*time.Minute)
	w.Cloud.Clock().Advance(11 * time.Minute)
	if storage, volumes := check(t, w); storage != available || volumes != available {
		t.Errorf("later: got %q\nand %q", storage, volumes)
	}
	w.Use(t, session)
	storage, volumes := check(t, w)
	for text, code := range map[string]string{storage: "400 ExpiredToken: The provided token has expired", volumes: "400 RequestExpired: Request has expired"} {
		if !strings.Contains(text, "is unavailable: the session token of the credentials has expired ("+code+"): put new ones in place") {
			t.Errorf("a session: got %q", text)
		}
	}
}

// TestRoleRefused shows what is said of a role that does not trust the location's own key, and whose key it is.
func TestRoleRefused(t *testing.T) {
	w := backendtest.New(t, interceptor.Funcs{})
	identity := w.Identity(t, "a role by another profile")
	identity.File = strings.Replace(identity.File, "external_id=x-1", "external_id=x-2", 1)
	w.Use(t, identity)
	storage, volumes := check(t, w)
	for _, text := range []string{storage, volumes} {
		if !strings.HasPrefix(text, unavailable) || !strings.Contains(text, "role/backup could not be assumed (403 AccessDenied: ") ||
			!strings.HasSuffix(text, `(the credentials are those of Secret "cloud-credentials", key "cloud")`) {
			t.Errorf("got %q", text)
		}
	}
}
