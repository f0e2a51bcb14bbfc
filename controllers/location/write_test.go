package location

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/backend/backendtest"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/policy"
)

// TestProbeWrites follows a location that can be listed and not written to.
func TestProbeWrites(t *testing.T) {
	const bad = `BackupStorageLocation "main" is unavailable: it can be listed, but not written to: no`
	location := newLocation()
	h := newHarness(backupStorage, location)
	h.opts.ProbeWrites = true
	attempts := 0
	var refused, left error
	h.kind.write = func(context.Context, opener, *velerov1.BackupStorageLocation) (error, error) {
		attempts++
		return refused, left
	}
	expect := func(want int, after time.Duration, patch, event string) {
		t.Helper()
		h.expect(t, after, patch, event)
		if attempts != want {
			t.Errorf("%d attempts to write, want %d", attempts, want)
		}
	}

	// Good, and so it is said.
	expect(1, time.Minute, patchOf(t, "Available", "", h.clock), "")

	// After a minute it is refused. What was found stands for a minute, though the location is looked at sooner.
	h.clock, refused = h.clock.Add(time.Minute), errors.New("no")
	expect(2, time.Second, patchOf(t, "Unavailable", bad, h.clock), "Warning Unavailable "+bad)
	h.clock, refused = h.clock.Add(time.Second), nil
	expect(2, 2*time.Second, patchOf(t, "Unavailable", bad, h.clock), "")

	// So it does if the location cannot be listed meanwhile.
	h.clock, h.cause = h.clock.Add(2*time.Second), errors.New("x")
	const away = `BackupStorageLocation "main" is unavailable: x`
	expect(2, 4*time.Second, patchOf(t, "Unavailable", away, h.clock), "")
	h.clock, h.cause = h.clock.Add(4*time.Second), nil
	expect(2, 8*time.Second, patchOf(t, "Unavailable", bad, h.clock), "")

	// Another Secret is tried at once.
	h.api.versions["cloud-credentials"] = "8"
	expect(3, time.Minute, patchOf(t, "Available", "", h.clock), `Normal Available BackupStorageLocation "main" is available`)

	// What cannot be taken back is not tried again.
	h.clock, left = h.clock.Add(time.Minute), &objectstore.Error{Code: "AccessDenied", Status: 403}
	expect(4, time.Minute, patchOf(t, "Available", "", h.clock), "")
	h.clock = h.clock.Add(time.Hour)
	expect(4, time.Minute, patchOf(t, "Available", "", h.clock), "")
	(*h.api.location).Spec.ObjectStorage.Prefix = "elsewhere"
	h.clock = h.clock.Add(time.Second)
	expect(5, time.Minute, patchOf(t, "Available", "", h.clock), "")
}

// TestWriteUpload tries to write to a simulated cloud, where nothing is left.
func TestWriteUpload(t *testing.T) {
	for name, tc := range map[string]struct {
		deny   []string
		fault  faults.Fault
		mode   velerov1.BackupStorageLocationAccessMode
		want   string
		stays  bool
		config map[string]string
	}{
		"allowed":   {},
		"refused":   {deny: []string{"s3:PutObject"}, want: `the credentials may not write "team/backups/" in the bucket "velero" (403 AccessDenied: Access Denied): allow them s3:PutObject there, or use others (the credentials are those of Secret "cloud-credentials", key "cloud")`},
		"read-only": {deny: []string{"s3:PutObject"}, mode: velerov1.AccessModeReadOnly},
		"deletion":  {deny: []string{"s3:DeleteObject"}},
		"abortion":  {deny: []string{"s3:AbortMultipartUpload"}, stays: true},
		"unknown":   {fault: faults.Error{Code: "NotImplemented", Status: 501}},
		"a key that only Velero's server has": {
			deny: []string{"s3:PutObject"}, config: map[string]string{"region": "us-east-1", "customerKeyEncryptionFile": "/key"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := backendtest.New(t, interceptor.Funcs{})
			key := w.Cloud.AddKey(t, policy.Statement{Effect: policy.Allow, Actions: []string{"*"}}, policy.Statement{Effect: policy.Deny, Actions: append(tc.deny, "none:None")})
			secret := &corev1.Secret{}
			w.Read(t, "cloud-credentials", secret)
			secret.Data["cloud"] = fmt.Appendf(nil, "[default]\naws_access_key_id=%s\naws_secret_access_key=%s\n", key.ID, key.Secret)
			if err := w.Update(t.Context(), secret); err != nil {
				t.Fatal(err)
			}
			w.Location(t, func(l *velerov1.BackupStorageLocation) {
				l.Spec.AccessMode = tc.mode
				if tc.config != nil {
					l.Spec.Config = tc.config
				}
			})
			if tc.fault != nil {
				w.Cloud.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"s3:CreateMultipartUpload"}}, Fault: tc.fault})
			}
			location := &velerov1.BackupStorageLocation{}
			w.Read(t, "primary", location)
			if err := checkDirectories(t.Context(), w.Backend, location); err != nil {
				t.Fatal(err)
			}
			refused, left := writeUpload(t.Context(), w.Backend, location)
			if (refused == nil) != (tc.want == "") || refused != nil && refused.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", refused, tc.want)
			}
			if (left != nil) != tc.stays {
				t.Errorf("got %v", left)
			}
			if keys := w.Keys(t); len(keys) > 0 {
				t.Errorf("%q are left", keys)
			}
		})
	}
}
