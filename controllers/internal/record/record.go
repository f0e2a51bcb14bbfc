// Package record keeps how a backup, or a restore, went: its log, and the errors and warnings in it, as they are stored beside it.
package record

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/velero-locations/velero-locations/backups"
)

// Record of one backup or restore. Several goroutines may note something at once.
type Record struct {
	logger *slog.Logger

	mu      sync.Mutex // of the fields below
	outcome backups.Outcome
	text    bytes.Buffer
	gzip    *gzip.Writer
}

// New begins the log of an object of a kind, such as backup, and a name, with a namespace in front.
func New(kind, name string) *Record {
	r := &Record{}
	r.gzip = gzip.NewWriter(&r.text)
	handler := slog.NewTextHandler((*log)(r), &slog.HandlerOptions{ReplaceAttr: lowerLevel})
	r.logger = slog.New(handler).With(kind, name)
	return r
}

// log is a record, to write its log to.
type log Record

func (l *log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gzip.Write(line)
}

// lowerLevel writes levels as Velero's logs have them.
func lowerLevel(_ []string, attr slog.Attr) slog.Attr {
	if attr.Key == slog.LevelKey {
		attr.Value = slog.StringValue(strings.ToLower(strings.Replace(attr.Value.String(), "WARN", "warning", 1)))
	}
	return attr
}

// Info notes what happens.
func (r *Record) Info(message string, args ...any) { r.logger.Info(message, args...) }

// Failed notes what is an error of the backup or restore, in a namespace or, without one, in the cluster.
func (r *Record) Failed(namespace string, err error, args ...any) {
	r.logger.Error(err.Error(), args...)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcome.Errors.Add(namespace, err.Error())
}

// Doubtful notes what whoever reads about the backup or restore should know, in a namespace or, without one, in the cluster.
func (r *Record) Doubtful(namespace, message string, args ...any) {
	r.logger.Warn(message, args...)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcome.Warnings.Add(namespace, message)
}

// DoubtfulAsWhole notes what whoever reads about the backup or restore should know of the whole of it.
func (r *Record) DoubtfulAsWhole(message string) {
	r.logger.Warn(message)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcome.Warnings.Velero = append(r.outcome.Warnings.Velero, message)
}

// Outcome returns the errors and warnings so far.
func (r *Record) Outcome() *backups.Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	outcome := r.outcome
	return &outcome
}

// Begin notes of which object the log is, and returns it as it is by now, compressed and complete in itself: what follows is
// compressed apart, which those who decompress do not notice.
func (r *Record) Begin(message string, uid types.UID) ([]byte, error) {
	r.Info(message, backups.OwnerKey, string(uid))
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.gzip.Close(); err != nil {
		return nil, fmt.Errorf("compressing the log: %w", err)
	}
	log := slices.Clone(r.text.Bytes())
	r.gzip.Reset(&r.text)
	return log, nil
}

// End returns the whole log. Nothing can be noted after it.
func (r *Record) End() ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.gzip.Close(); err != nil {
		return nil, fmt.Errorf("compressing the log: %w", err)
	}
	return r.text.Bytes(), nil
}
