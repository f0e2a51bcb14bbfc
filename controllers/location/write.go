package location

import (
	"context"
	"errors"
	"fmt"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/klog/v2"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
)

// attempt is the last one to write to a location.
type attempt struct {
	at      time.Time // zero: there was none
	refused error
	// stuck says that what was begun could not be taken back, so that there is no second time.
	stuck bool
}

// attempted returns the last attempt, if it holds still: it was made within the period, with the same spec and Secrets.
func (m *memo) attempted(spec any, read secretVersions, every time.Duration, now time.Time) (attempt, bool) {
	if m == nil || m.write.at.IsZero() || !apiequality.Semantic.DeepEqual(m.spec, spec) {
		return attempt{}, false
	}
	for name, version := range read {
		if m.secrets[name] != version {
			return attempt{}, false
		}
	}
	return m.write, m.write.stuck || every == 0 || now.Sub(m.write.at) < every
}

// tryWriting says why a location that was found good cannot be written to. What was found last stands for a period.
func (r *reconciler[L]) tryWriting(ctx context.Context, storage *backend.Backend, location L, last *memo, read secretVersions) (attempt, error) {
	every := frequency(r.kind.frequency(location), r.opts.Frequency)
	tried, holds := last.attempted(r.kind.spec(location), read, every, r.now())
	if !holds {
		refused, left := r.kind.write(ctx, storage, location)
		var answer *objectstore.Error
		tried = attempt{at: r.now(), refused: refused, stuck: errors.As(left, &answer) && answer.CredentialsRefused()}
		if left != nil {
			klog.FromContext(ctx).Error(left, "An upload that was begun to see whether the location can be written to may be left", "stops", tried.stuck)
		}
	}
	if tried.refused != nil {
		return tried, fmt.Errorf("it can be listed, but not written to: %w", tried.refused)
	}
	return tried, nil
}

// writeUpload tries to write, where backups may be written.
func writeUpload(ctx context.Context, storage opener, location *velerov1.BackupStorageLocation) (refused, left error) {
	if location.Spec.AccessMode == velerov1.AccessModeReadOnly {
		return nil, nil
	}
	refused, left = storage.Write(ctx, location)
	if errors.Is(refused, objectstore.ErrUnsupported) {
		refused = nil
	}
	return refused, left
}
