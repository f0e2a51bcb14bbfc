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
