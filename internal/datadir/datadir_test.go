package datadir

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMake(t *testing.T) {
	for name, tc := range map[string]struct {
		mode, want fs.FileMode // of the directory before, 0: there is none; and after
		err        string
	}{
		"none":              {0, 0o700, ""},
		"closed":            {0o700, 0o700, ""},
		"open, to be read":  {0o755, 0o755, ""},
		"open to all":       {0o777, 0o700, ""},
		"open to a group":   {0o770, 0o700, ""},
		"shared on purpose": {0o777 | fs.ModeSticky, 0o777 | fs.ModeSticky, "is shared with other users (mode dtrwxrwxrwx): choose one below it"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a", "b")
			if tc.mode != 0 {
				if err := os.MkdirAll(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(dir, tc.mode); err != nil {
					t.Fatal(err)
				}
			}
			if err := Make(dir); (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("got %v, want %q", err, tc.err)
			}
			if info, err := os.Stat(dir); err != nil || info.Mode() != tc.want|fs.ModeDir {
				t.Errorf("it is %v, %v; want %s", info.Mode(), err, tc.want)
			}
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Make(filepath.Join(file, "d")); err == nil || !strings.HasPrefix(err.Error(), "making the data directory: ") {
		t.Errorf("below a file: got %v", err)
	}
}

func TestLost(t *testing.T) {
	dir := t.TempDir()
	lost := func(want string) {
		t.Helper()
		err := Lost(dir, "a", "b")
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), filepath.Join(dir, want)+" is missing, which was there: restore it") {
			t.Errorf("got %v, want that %q is lost", err, want)
		}
	}
	lost("") // nothing was made yet
	for _, name := range []string{"a", "b"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := Complete(dir); err != nil {
			t.Fatal(err)
		}
	}
	lost("")
	if err := os.Remove(filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	lost("b")
	marker := filepath.Join(dir, "complete")
	if err := os.Remove(marker); err != nil {
		t.Fatal(err)
	}
	lost("")
	if err := os.Mkdir(marker, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Complete(dir); err != nil {
		t.Error(err)
	}
	lost("b")
}

// TestNoted shows that a file which an earlier version did not make is not taken for lost, and from then on is.
func TestNoted(t *testing.T) {
	dir := t.TempDir()
	for _, step := range []struct {
		complete []string
		want     string
	}{{nil, ""}, {[]string{"a"}, "a"}, {[]string{"a", "b"}, "a b"}, {[]string{"b"}, "a b"}} {
		if err := Complete(dir, step.complete...); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(Noted(dir, "a", "b", "c"), " "); got != step.want {
			t.Errorf("after %q: got %q, want %q", step.complete, got, step.want)
		}
	}
}
