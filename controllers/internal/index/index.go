// Package index finds objects in the cache of a manager by what controllers ask for, so that what they do costs what it concerns, not
// what there is.
package index

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
)

// Index of the objects of one kind by a value. Those without one are not in it.
type Index struct {
	object client.Object
	name   string
	value  func(client.Object) string
}

func of[T client.Object](object T, name string, value func(T) string) *Index {
	return &Index{object, name, func(o client.Object) string {
		if object, ok := o.(T); ok {
			return value(object)
		}
		return ""
	}}
}

var (
	// BackupsIn has backups by the location that they are in, or go to.
	BackupsIn = of(&velerov1.Backup{}, "in", func(b *velerov1.Backup) string { return b.Spec.StorageLocation })
	// BackupsAhead has backups that wait, or run here. Its only value is Ahead.
	BackupsAhead = of(&velerov1.Backup{}, "ahead", func(b *velerov1.Backup) string {
		if phase := b.Status.Phase; phase.Waiting() || phase == velerov1.BackupPhaseInProgress {
			return Ahead
		}
		return ""
	})
	// BackupsAsked has backups whose verification somebody asks for. Its only value is Asked.
	BackupsAsked = of(&velerov1.Backup{}, "asked", func(b *velerov1.Backup) string {
		if _, asked := b.Annotations[backups.VerifyAnnotation]; asked {
			return Asked
		}
		return ""
	})
	// RequestsAbout has requests for deletion by the name of the backup.
	RequestsAbout = of(&velerov1.DeleteBackupRequest{}, "about", func(r *velerov1.DeleteBackupRequest) string { return r.Spec.BackupName })
	// RestoresFrom has restores by the name of the backup.
	RestoresFrom = of(&velerov1.Restore{}, "from", func(r *velerov1.Restore) string { return r.Spec.BackupName })
)

// Ahead is what BackupsAhead has backups by, and Asked what BackupsAsked has them by.
const (
	Ahead = "true"
	Asked = "true"
)

// All are all indexes.
func All() []*Index {
	return []*Index{BackupsIn, BackupsAhead, BackupsAsked, RequestsAbout, RestoresFrom}
}

// Add has a cache keep the index.
func (i *Index) Add(ctx context.Context, cache client.FieldIndexer) error {
	if err := cache.IndexField(ctx, i.object, i.name, i.Values); err != nil {
		return fmt.Errorf("indexing %T by %q: %w", i.object, i.name, err)
	}
	return nil
}

// Object is one of the kind that the index is of.
func (i *Index) Object() client.Object { return i.object }

// Name of the index.
func (i *Index) Name() string { return i.name }

// Values are those by which an object is found.
func (i *Index) Values(object client.Object) []string {
	if value := i.value(object); value != "" {
		return []string{value}
	}
	return nil
}

// Is selects the objects of a value in a list.
func (i *Index) Is(value string) client.MatchingFields { return client.MatchingFields{i.name: value} }
