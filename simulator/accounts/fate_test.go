package accounts

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/simulator/policy"
)

const account = "111111111111"

// configured is a directory as the configuration describes it: some keys with a secret.
func configured(t *testing.T, secret string, ids ...string) *Directory {
	t.Helper()
	d := NewDirectory()
	if err := d.AddAccount(Account{ID: account}); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if err := d.AddKey(account, id, secret); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// start is a directory that continues from a file.
func start(t *testing.T, path string, by *Directory) *Directory {
	t.Helper()
	d := NewDirectory()
	if err := d.Replace(by); err != nil {
		t.Fatal(err)
	}
	if err := d.Keep(path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// described are the keys of a directory, a line each.
func described(d *Directory) string {
	var lines []string
	for _, key := range d.Keys() {
		lines = append(lines, fmt.Sprintf("%s %s %s %t %d", key.ID, key.Secret, key.SessionToken, key.Active, len(key.Policy)))
	}
	return strings.Join(lines, "\n")
}

// try fails the test for the first error.
func try(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestKeep shows that a restart finds keys as they were left, with the same configuration and with another one.
func TestKeep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.db")
	same := configured(t, "s", "DISABLED", "OTHER", "REMOVED", "ROTATED")
	d := start(t, path, same)
	allow := policy.Policy{{Effect: policy.Allow, Actions: []string{"s3:*"}}}
	try(t, d.SetActive("DISABLED", false), d.RemoveKey("REMOVED"),
		d.Add(account, Key{ID: "ADDED", Secret: "a", SessionToken: "token", Expires: time.Unix(1, 0), Active: true, Policy: allow}),
		d.AddKey(account, "GONE", "g"), d.RemoveKey("GONE"))
	second, err := d.Rotate("ROTATED")
	try(t, err)
	third, err := d.Rotate(second.ID)
	try(t, err)
	want := described(d)
	d.AddSession(d.keys["OTHER"].BeginSession(time.Now().Add(time.Hour)), time.Now())
	try(t, d.Close())
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info, err)
	}

	d = start(t, path, same)
	if got := described(d); got != want {
		t.Errorf("after a restart the keys are\n%s\nwant\n%s", got, want)
	}
	for id, now := range map[string]string{"ROTATED": third.ID, "OTHER": "OTHER"} {
		if key, found := d.Current(id); !found || key.ID != now {
			t.Errorf("%s is now %s, want %s", id, key.ID, now)
		}
	}
	if _, found := d.Current("REMOVED"); found {
		t.Error("a removed key is current")
	}
	try(t, d.Close())

	d = start(t, path, configured(t, "another", "DISABLED", "ROTATED", "ADDED"))
	for _, id := range []string{"DISABLED", "ROTATED", "ADDED"} {
		if key, found := d.Key(id); !found || key.Secret != "another" {
			t.Errorf("%s is %q, %t: want it as it is configured now", id, key.Secret, found)
		}
	}
	if _, found := d.Key(third.ID); !found {
		t.Error("the successor of a key that is configured anew is gone")
	}
	try(t, d.Close())

	d = start(t, path, same)
	if key, found := d.Key("ROTATED"); !found || key.Secret != "s" {
		t.Error("what became of a key is not forgotten once it was configured anew")
	}
	try(t, d.Replace(same))
	reset := described(d)
	try(t, d.Close())
	if d = start(t, path, same); described(d) != reset || described(d) != described(same) {
		t.Errorf("after a reset and a restart the keys are\n%s", described(d))
	}
}

// TestKeepRefused shows that a change which cannot be kept is not made.
func TestKeepRefused(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "keys.db"), configured(t, "s", "A"))
	before := described(d)
	try(t, d.Close())
	_, err := d.Rotate("A")
	if errs := []error{err, d.SetActive("A", false), d.RemoveKey("A"), d.AddKey(account, "B", "b")}; slices.Contains(errs, nil) {
		t.Errorf("a change is accepted: %v", errs)
	}
	if got := described(d); got != before {
		t.Errorf("the keys are now\n%s", got)
	}
	if err := NewDirectory().Keep(t.TempDir()); err == nil || !strings.HasPrefix(err.Error(), "access keys: ") {
		t.Errorf("a directory in the place of the file: %v", err)
	}
}

// TestKeepPolicy shows that a key which was disabled has the policy that is configured now.
func TestKeepPolicy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.db")
	d := start(t, path, configured(t, "s", "A"))
	try(t, d.SetActive("A", false), d.Close())
	narrow := configured(t, "s")
	try(t, narrow.Add(account, Key{ID: "A", Secret: "s", Active: true, Policy: policy.Policy{{Effect: policy.Deny}}}))
	d = start(t, path, narrow)
	if got, want := described(d), "A s  false 1"; got != want {
		t.Errorf("the keys are\n%s\nwant\n%s", got, want)
	}
}

// TestKeepAccount shows that keys of an account that is gone come back with it.
func TestKeepAccount(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.db")
	d := start(t, path, configured(t, "s"))
	try(t, d.AddKey(account, "B", "b"), d.Close())
	d = start(t, path, NewDirectory())
	if got := described(d); got != "" {
		t.Errorf("without accounts there is %s", got)
	}
	try(t, d.Close())
	d = start(t, path, configured(t, "s"))
	if got, want := described(d), "B b  true 0"; got != want {
		t.Errorf("the keys are\n%s\nwant\n%s", got, want)
	}
}
