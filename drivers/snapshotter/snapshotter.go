// Package snapshotter reaches the volumes of cloud providers that volume snapshot locations name.
// The rest of the project sees the interface Snapshotter; a driver behind it, a package each, speaks
// to one provider.
//
// What a provider answers, and what keeps it from answering, comes back as *Error; credentials that only Velero's own pod has, as a
// credentials.ElsewhereError. Each is one line, and holds no secret.
package snapshotter

import (
	"cmp"
	"context"
	"net/url"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Snapshotter is the volumes and snapshots of one provider, as a location shows them: with its
// credentials, in its region. It may be used by several goroutines.
type Snapshotter interface {
	// Region that volumes must be in. Empty: they may be in any.
	Region() string

	// VolumeID returns the provider's id of the volume behind a persistent volume; empty: it is not
	// of this provider. An error means that it is, but does not name its volume. No request is sent.
	VolumeID(pv *corev1.PersistentVolume) (string, error)

	// SetVolumeID has a persistent volume of this provider be the volume of an id.
	SetVolumeID(pv *corev1.PersistentVolume, id string) error

	// Volume describes a volume. The zone, empty if not known, is where ZoneOf says that it is, for
	// providers that need it to find one.
	Volume(ctx context.Context, id, zone string) (Volume, error)

	// CreateSnapshot begins a snapshot of what the volume holds now, and returns its id without
	// waiting until it is complete. The snapshot has the tags, and those of the volume that do not
	// have the same key. After an error with reason Unreachable there may be one, but no more.
	CreateSnapshot(ctx context.Context, volumeID, zone string, tags map[string]string) (string, error)

	// FindSnapshots returns the ids of the snapshots that CreateSnapshot was asked to give all these
	// tags, whether they are complete or not. There must be at least one tag; values have no wildcards.
	FindSnapshots(ctx context.Context, tags map[string]string) ([]string, error)

	// CreateVolume makes a volume that holds what a snapshot does, of the type and with the IOPS and
	// in the zone of the volume given, and returns its id. A snapshot that is not complete yet is an
	// error with reason NotReady.
	CreateVolume(ctx context.Context, snapshotID string, like Volume) (string, error)

	// CheckSnapshot returns nil if a volume can be made from a snapshot now. NotReady: not yet; Lost, like NotFound: never.
	CheckSnapshot(ctx context.Context, id string) error

	// DeleteSnapshot deletes a snapshot. One that is gone already is no error.
	DeleteSnapshot(ctx context.Context, id string) error

	// Check makes one cheap request that the region, the credentials and their permissions must be
	// right for. It changes nothing.
	Check(ctx context.Context) error

	// Close gives up the connections that the snapshotter holds.
	Close()
}

// Lister is a Snapshotter of a provider that can be asked for all snapshots that have a tag, whatever its value.
type Lister interface {
	// ListSnapshots returns the value of the tag by the ids of the snapshots, which are those of the account in the region.
	ListSnapshots(ctx context.Context, tag string) (map[string]string, error)
}

// Volume is what it takes to make another volume like this one.
type Volume struct {
	ID string
	// Type as the provider names it, such as gp3.
	Type string
	// IOPS that are provisioned for the volume. 0: its type has no such setting.
	IOPS int64
	// Zone and Region that the volume is in. Empty: the provider has none.
	Zone, Region string
}

// Options are what a location says about how to reach its provider.
type Options struct {
	// Config is the location's spec.config.
	Config map[string]string
	// Credentials are the content of its credentials file. Empty: there is none, which only drivers
	// with CredentialsOptional meet.
	Credentials []byte
	// Endpoint of the provider, where nothing that the driver reads names another; it has a scheme and a host
	// only. Nil: the provider's own.
	Endpoint *url.URL
	// Lend lets locations use the identity of this process's pod.
	Lend bool
	// STSEndpoint is where roles are assumed, where nothing that the driver reads names another. Nil: the provider's own.
	STSEndpoint *url.URL
	// Timeout is how long an answer may take, where the location does not say. 0: a minute.
	Timeout time.Duration
}

// AnswerTimeout is how long an answer may take.
func (o Options) AnswerTimeout() time.Duration { return cmp.Or(o.Timeout, time.Minute) }

// Driver makes the snapshotters of one provider.
type Driver struct {
	// Open returns the volumes that the options describe. It sends no request; an error names the
	// setting that is wrong.
	Open func(Options) (Snapshotter, error)
	// CredentialsOptional says that locations may do without any: a missing Secret is an error only
	// if the location names it.
	CredentialsOptional bool
}

// Tagged says whether something has all the wanted tags, for drivers whose providers cannot be asked.
func Tagged(tags, wanted map[string]string) bool {
	for key, value := range wanted {
		if got, found := tags[key]; !found || got != value {
			return false
		}
	}
	return true
}
