package datadir

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"
)

func TestExplain(t *testing.T) {
	for cause, want := range map[error]string{
		&fs.PathError{Op: "write", Path: "/data/x", Err: syscall.ENOSPC}: "cannot write to /data (write /data/x: no space left on device): make room on its disk, and start again; what was acknowledged is kept",
		os.NewSyscallError("fsync", syscall.EROFS):                       "cannot write to /data (fsync: read-only file system): have its disk mounted to be written to, and start again; what was acknowledged is kept",
		errors.Join(syscall.EFBIG):                                       "cannot write to /data (file too large): raise the limit on the size of files (ulimit -f), and start again; what was acknowledged is kept",
		errors.New("file resize error: truncate db: file too large"):     "cannot write to /data (file resize error: truncate db: file too large): raise the limit on the size of files (ulimit -f), and start again; what was acknowledged is kept",
		fs.ErrNotExist: "",
	} {
		got := ""
		if err := Explain("/data", cause); err != nil {
			if got = err.Error(); !errors.Is(err, cause) {
				t.Errorf("%v does not wrap its cause", err)
			}
		}
		if got != want {
			t.Errorf("%v: got %q, want %q", cause, got, want)
		}
	}
}
