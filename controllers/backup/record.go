package backup

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/velero-locations/velero-locations/backups"
)

// record is what is kept of how a backup went: its log, and the errors and warnings in it.
type record struct {
	outcome backups.Outcome
	logger  *slog.Logger
	text    bytes.Buffer
	gzip    *gzip.Writer
}

// newRecord begins the log of the backup of a name, with a namespace in front.
func newRecord(backup string) *record {
	r := &record{}
	r.gzip = gzip.NewWriter(&r.text)
	handler := slog.NewTextHandler(r.gzip, &slog.HandlerOptions{ReplaceAttr: lowerLevel})
	r.logger = slog.New(handler).With("backup", backup)
	return r
}

// lowerLevel writes levels as Velero's logs have them.
func lowerLevel(_ []string, attr slog.Attr) slog.Attr {
	if attr.Key == slog.LevelKey {
		attr.Value = slog.StringValue(strings.ToLower(strings.Replace(attr.Value.String(), "WARN", "warning", 1)))
	}
	return attr
}

func (r *record) info(message string, args ...any) { r.logger.Info(message, args...) }

// failed notes what makes the backup incomplete, in a namespace or, without one, in the cluster.
func (r *record) failed(namespace string, err error, args ...any) {
	r.logger.Error(err.Error(), args...)
	r.outcome.Errors.Add(namespace, err.Error())
}

// doubtful notes what whoever reads about the backup should know.
func (r *record) doubtful(namespace, message string, args ...any) {
	r.logger.Warn(message, args...)
	r.outcome.Warnings.Add(namespace, message)
}

// begin notes of which backup the log is, and returns it as it is by now, compressed and complete in itself: what follows is
// compressed apart, which those who decompress do not notice.
func (r *record) begin(uid types.UID) ([]byte, error) {
	r.info("Backup begins", backups.OwnerKey, string(uid))
	if err := r.gzip.Close(); err != nil {
		return nil, fmt.Errorf("compressing the log: %w", err)
	}
	log := slices.Clone(r.text.Bytes())
	r.gzip.Reset(&r.text)
	return log, nil
}

// end returns the whole log. Nothing can be noted after it.
func (r *record) end() ([]byte, error) {
	if err := r.gzip.Close(); err != nil {
		return nil, fmt.Errorf("compressing the log: %w", err)
	}
	return r.text.Bytes(), nil
}
