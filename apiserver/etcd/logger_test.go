package etcd

import (
	"io"
	"io/fs"
	"syscall"
	"testing"

	"go.uber.org/zap"
)

// TestFailureNamesDisk shows that a failure has its cause, also where etcd only warned of it before.
func TestFailureNamesDisk(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "0.wal.broken", Err: syscall.ENOSPC}
	for name, test := range map[string]struct {
		warned, failed error
		want           string
	}{
		"in the failure":          {nil, full, "stopping: write 0.wal.broken: no space left on device"},
		"in a warning before":     {full, io.ErrUnexpectedEOF, "stopping: unexpected EOF: write 0.wal.broken: no space left on device"},
		"another warning":         {io.EOF, io.ErrUnexpectedEOF, "stopping: unexpected EOF"},
		"a failure with no cause": {nil, nil, "stopping"},
	} {
		t.Run(name, func(t *testing.T) {
			failures := newFailures()
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				logger := newLogger(failures)
				logger.Warn("something is wrong", zap.Error(test.warned))
				logger.Fatal("stopping", zap.Error(test.failed))
				t.Error("the goroutine goes on")
			}()
			<-ended
			if err := failures.err(); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
