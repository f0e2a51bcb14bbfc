package etcd

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/klog/v2"

	"github.com/velero-locations/velero-locations/internal/datadir"
)

// newLogger returns a logger that writes what etcd says to klog: errors as such, the rest only
// at high verbosity. Where etcd would end the process, its goroutine ends instead and the reason goes to
// failures, so that the owner of the server can say it and end.
func newLogger(failures *failures) *zap.Logger {
	stop := stopGoroutine{failures}
	return zap.New(klogCore{failures: failures}, zap.WithFatalHook(stop), zap.WithPanicHook(stop))
}

// failures keeps the first failure, which is the cause of the others.
type failures struct {
	once   sync.Once
	failed chan struct{} // closed when there is one
	first  error
	// disk is the newest error of the disk that etcd warned of: where it gives up because of one, it does not always say so.
	disk atomic.Pointer[error]
}

func newFailures() *failures { return &failures{failed: make(chan struct{})} }

func (f *failures) add(err error) {
	f.once.Do(func() {
		if disk := f.disk.Load(); disk != nil && datadir.Cure(err) == "" {
			err = fmt.Errorf("%w: %w", err, *disk)
		}
		f.first = err
		close(f.failed)
	})
}

func (f *failures) err() error {
	select {
	case <-f.failed:
		return f.first
	default:
		return nil
	}
}

// headStart is how long the owner of the server has to say the reason before others meet the consequences, and say them.
const headStart = time.Second

type stopGoroutine struct {
	failures *failures
}

// OnWrite implements zapcore.CheckWriteHook.
func (s stopGoroutine) OnWrite(entry *zapcore.CheckedEntry, fields []zapcore.Field) {
	err := errors.New(entry.Message)
	if cause := causeOf(fields); cause != nil {
		err = fmt.Errorf("%s: %w", entry.Message, cause)
	}
	s.failures.add(err)
	<-time.After(headStart)
	runtime.Goexit()
}

func causeOf(fields []zapcore.Field) error {
	for _, field := range fields {
		if cause, ok := field.Interface.(error); ok && field.Type == zapcore.ErrorType {
			return cause
		}
	}
	return nil
}

// klogCore is a zap core that writes to klog.
type klogCore struct {
	failures *failures
	fields   []zapcore.Field
}

func (klogCore) Enabled(level zapcore.Level) bool {
	return level >= zapcore.WarnLevel || klog.V(5).Enabled()
}

func (c klogCore) With(fields []zapcore.Field) zapcore.Core {
	return klogCore{c.failures, append(c.fields[:len(c.fields):len(c.fields)], fields...)}
}

func (c klogCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(entry.Level) {
		return checked.AddCore(entry, c)
	}
	return checked
}

func (c klogCore) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	if cause := causeOf(fields); datadir.Cure(cause) != "" {
		c.failures.disk.Store(&cause)
	}
	if !klog.V(2).Enabled() {
		return nil
	}
	encoder := zapcore.NewMapObjectEncoder()
	for _, field := range append(c.fields[:len(c.fields):len(c.fields)], fields...) {
		field.AddTo(encoder)
	}
	keysAndValues := []any{"level", entry.Level.String()}
	for key, value := range encoder.Fields {
		keysAndValues = append(keysAndValues, key, value)
	}
	// A failure that stops etcd is reported once, by the owner of the server; and etcd
	// calls the closing of its own listener an error at every stop.
	klog.V(2).InfoS("etcd: "+entry.Message, keysAndValues...)
	return nil
}

func (klogCore) Sync() error { return nil }
