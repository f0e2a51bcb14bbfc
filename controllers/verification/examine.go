package verification

import (
	"context"
	"errors"
	"fmt"
	"io"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"golang.org/x/time/rate"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
)

// examine finds out whether a backup can be restored. An error is the API's, and says nothing about the backup.
func (r *reconciler) examine(ctx context.Context, backup *velerov1.Backup) (*backups.Report, error) {
	if !verifiable(backup) {
		return unverifiable(backup, r.now()), nil
	}
	report := backups.NewReport(backup, r.now())
	location, about := &velerov1.BackupStorageLocation{}, fmt.Sprintf("backup storage location %q", backup.Spec.StorageLocation)
	err := r.live.Get(ctx, locationOf(backup), location)
	switch {
	case apierrors.IsNotFound(err):
		err = errors.New("it is not there: make it again")
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", about, err)
	default:
		err = r.read(ctx, backup, location, report)
	}
	var api *backend.APIError
	switch {
	case errors.As(err, &api):
		return nil, api
	case err == nil:
		delete(r.resting, locationOf(backup))
		return report, nil
	}
	r.resting[locationOf(backup)] = r.now().Add(retry)
	if report.Verified == metav1.ConditionTrue { // nothing of it was read
		report.Add(backups.Unknown, about, err.Error())
	}
	return report, nil
}

// read reads the backup in its location, and asks for its snapshots in theirs. An error says why the location is of no use by now.
func (r *reconciler) read(ctx context.Context, backup *velerov1.Backup, location *velerov1.BackupStorageLocation, report *backups.Report) error {
	objects, place, err := r.opts.Backend.ObjectStore(ctx, location)
	if err != nil {
		return err
	}
	store := backups.NewStore(r.throttle(objects), place)
	defer store.Close()
	snapshots := &snapshots{reader: r.live, storage: r.opts.Backend, namespace: backup.Namespace, opened: map[string]*opened{}}
	defer snapshots.close()
	if err := store.Verify(ctx, backup, report, snapshots.check); err != nil {
		return err
	}
	if report.Verified != metav1.ConditionFalse {
		return nil
	}
	if err := backend.Unmoved(ctx, r.live, location); err != nil { // then it was looked for in the wrong place
		*report = *backups.NewReport(backup, r.now())
		return err
	}
	return nil
}

// throttle keeps to the bandwidth while objects are read.
func (r *reconciler) throttle(objects objectstore.Store) objectstore.Store {
	if r.opts.Bandwidth == 0 {
		return objects
	}
	const piece = 64 << 10
	burst := int(min(r.opts.Bandwidth, piece))
	return &throttled{Store: objects, limiter: rate.NewLimiter(rate.Limit(r.opts.Bandwidth), burst)}
}

type throttled struct {
	objectstore.Store

	limiter *rate.Limiter
}

// Open implements objectstore.Store.
func (t *throttled) Open(ctx context.Context, key string) (*objectstore.Object, error) {
	object, err := t.Store.Open(ctx, key)
	if err == nil {
		object.ReadCloser = &slow{ReadCloser: object.ReadCloser, ctx: ctx, limiter: t.limiter}
	}
	return object, err
}

// slow is content that comes no faster than a limiter allows.
type slow struct {
	io.ReadCloser

	ctx     context.Context //nolint:containedctx // of the one request that it answers
	limiter *rate.Limiter
}

func (s *slow) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p[:min(len(p), s.limiter.Burst())])
	if waited := s.limiter.WaitN(s.ctx, n); waited != nil {
		return n, fmt.Errorf("waiting for the next piece: %w", waited)
	}
	return n, err // io.EOF must stay what it is
}

// snapshots asks for the snapshots of a backup, in the locations that they were taken in.
type snapshots struct {
	reader    client.Reader
	storage   *backend.Backend
	namespace string
	opened    map[string]*opened
}

// opened is a volume snapshot location, or why it is not asked.
type opened struct {
	snapshotter.Snapshotter

	location velerov1.VolumeSnapshotLocation
	err      error
}

func (s *snapshots) close() {
	for _, location := range s.opened {
		if location.Snapshotter != nil {
			location.Close()
		}
	}
}

// check says whether a volume can be made from a snapshot. A provider that does not answer is asked once: to wait for each of many
// answers takes too long.
func (s *snapshots) check(ctx context.Context, snapshot *backups.Snapshot) error {
	name := snapshot.Spec.Location
	if s.opened[name] == nil {
		s.opened[name] = s.open(ctx, name)
	}
	location := s.opened[name]
	if location.err != nil {
		return fmt.Errorf("volume snapshot location %q: %w", name, location.err)
	}
	err := s.storage.NameCredentials(location.CheckSnapshot(ctx, snapshot.Status.ProviderSnapshotID), location.location.Spec.Credential)
	if err == nil {
		return nil
	}
	if snapshotter.ReasonOf(err) == snapshotter.Unreachable {
		location.err = err
	}
	return fmt.Errorf("volume snapshot location %q: %w", name, err)
}

func (s *snapshots) open(ctx context.Context, name string) *opened {
	location := &opened{}
	err := s.reader.Get(ctx, types.NamespacedName{Namespace: s.namespace, Name: name}, &location.location)
	if apierrors.IsNotFound(err) {
		location.err = errors.New("it is not there: make it again")
		return location
	}
	if err == nil {
		location.Snapshotter, err = s.storage.Snapshotter(ctx, &location.location)
	}
	if errors.Is(err, backend.ErrNoDriver) {
		err = fmt.Errorf("%w: %w", backups.ErrNotVerified, err)
	}
	location.err = err
	return location
}
