package etcd

import (
	"errors"
	"fmt"
	"runtime"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/klog/v2"
)

// newLogger returns a logger that writes what etcd says to klog: errors as such, the rest only
// at high verbosity. Where etcd would end the process, its goroutine ends instead and the reason goes to
// failures, so that the owner of the server can stop in good order.
func newLogger(failures chan<- error) *zap.Logger {
	stop := stopGoroutine{failures}
	return zap.New(klogCore{}, zap.WithFatalHook(stop), zap.WithPanicHook(stop))
}

type stopGoroutine struct {
	failures chan<- error
}

// OnWrite implements zapcore.CheckWriteHook.
func (s stopGoroutine) OnWrite(entry *zapcore.CheckedEntry, fields []zapcore.Field) {
	err := errors.New(entry.Message)
	for _, field := range fields {
		if cause, ok := field.Interface.(error); ok && field.Type == zapcore.ErrorType {
			err = fmt.Errorf("%s: %w", entry.Message, cause)
		}
	}
	select {
	case s.failures <- err:
	default: // the first failure is the cause of the others
	}
	runtime.Goexit()
}

// klogCore is a zap core that writes to klog.
type klogCore struct {
	fields []zapcore.Field
}

func (klogCore) Enabled(level zapcore.Level) bool {
	switch {
	case level >= zapcore.ErrorLevel:
		return true
	case level >= zapcore.WarnLevel:
		return klog.V(2).Enabled()
	default:
		return klog.V(5).Enabled()
	}
}

func (c klogCore) With(fields []zapcore.Field) zapcore.Core {
	return klogCore{append(c.fields[:len(c.fields):len(c.fields)], fields...)}
}

func (c klogCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(entry.Level) {
		return checked.AddCore(entry, c)
	}
	return checked
}

func (c klogCore) Write(entry zapcore.Entry, fields []zapcore.Field) error {
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
