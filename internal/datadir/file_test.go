package datadir

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	failed := errors.New("it failed")
	steps := []struct {
		write func() error
		err   error
		want  string
	}{
		{func() error { return WriteFile(path, []byte("one")) }, nil, "one"},
		{func() error { return WriteFile(path, []byte("two")) }, nil, "two"},
		{func() error {
			return Write(path, func(w io.Writer) error {
				_, err := io.WriteString(w, "half of three")
				return errors.Join(err, failed)
			})
		}, failed, "two"},
	}
	for i, step := range steps {
		if err := step.write(); !errors.Is(err, step.err) {
			t.Errorf("step %d: %v, want %v", i, err, step.err)
		}
		if got, err := os.ReadFile(path); string(got) != step.want || err != nil {
			t.Errorf("step %d: the file holds %q, %v, want %q", i, got, err, step.want)
		}
		if left, err := os.ReadDir(dir); len(left) != 1 || err != nil {
			t.Errorf("step %d: the directory holds %v, %v", i, left, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
			t.Errorf("step %d: the file's mode is %v, %v", i, info.Mode(), err)
		}
	}
	if err := WriteFile(filepath.Join(dir, "none", "file"), nil); err == nil {
		t.Error("a file is written where there is no directory")
	}
}

// TestWriteElsewhere shows what becomes of a name that is no regular file.
func TestWriteElsewhere(t *testing.T) {
	dir := t.TempDir()
	pipe, link, target := filepath.Join(dir, "pipe"), filepath.Join(dir, "link"), filepath.Join(dir, "target")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o600), os.WriteFile(target, []byte("before"), 0o600), os.Symlink(target, link)); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(pipe, []byte("x")); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("a pipe: %v", err)
	}
	if err := WriteFile(link, []byte("after")); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(target); string(got) != "after" || err != nil {
		t.Errorf("behind the link is %q, %v", got, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is %v, %v", info, err)
	}
}
