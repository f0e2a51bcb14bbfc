package datadir

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// cures say what helps when the system refuses to write.
var cures = []struct {
	cause syscall.Errno
	cure  string
}{
	{syscall.ENOSPC, "make room on its disk"},
	{syscall.EDQUOT, "raise the quota of its disk, or make room there"},
	{syscall.EFBIG, "raise the limit on the size of files (ulimit -f)"},
	{syscall.EROFS, "have its disk mounted to be written to"},
	{syscall.EIO, "check its disk"},
}

// Cure says what helps against an error that comes of a disk. Of other errors it says nothing. Some are known by their text only, since
// bbolt drops the cause.
func Cure(err error) string {
	for _, known := range cures {
		if errors.Is(err, known.cause) || (err != nil && strings.HasSuffix(err.Error(), ": "+known.cause.Error())) {
			return known.cure
		}
	}
	return ""
}

// Explain says what to do when a directory cannot be written to because of its disk. Of other errors it returns nil.
func Explain(dir string, err error) error {
	cure := Cure(err)
	if cure == "" {
		return nil
	}
	return fmt.Errorf("cannot write to %s (%w): %s, and start again; what was acknowledged is kept", dir, err, cure)
}
