package portworx

import (
	"time"

	"github.com/velero-locations/velero-locations/simulator/internal/content"
)

// SnapshotType says where a snapshot is kept.
type SnapshotType string

const (
	// Local snapshots are on the node of their volume, and are lost with it.
	Local SnapshotType = "local"
	// Cloud snapshots are in object storage.
	Cloud SnapshotType = "cloud"
)

// SnapshotInfo is what the API tells of a snapshot.
type SnapshotInfo struct {
	ID     string       `json:"id" doc:"Its id."`
	Type   SnapshotType `json:"type" doc:"local or cloud." enum:"local,cloud"`
	Volume string       `json:"volume" doc:"Id of the volume that it was made of."`
	// Node is empty for cloud snapshots, and Credential for local ones.
	Node       string            `json:"node,omitempty" doc:"The node that holds it, if it is local."`
	Credential string            `json:"credential,omitempty" doc:"Name of the credentials for its object storage, if it is in the cloud."`
	Size       int               `json:"sizeGiB" doc:"Size of the volume in GiB."`
	Labels     map[string]string `json:"labels,omitempty" doc:"Its labels."`
	Created    time.Time         `json:"created" doc:"When it was created."`
}

// Snapshot is a snapshot of a volume of a cluster.
type Snapshot struct {
	SnapshotInfo
	Account string `json:"account"`
	Cluster string `json:"cluster"`
	// Content is what the volume held when the snapshot was created.
	Content content.Identity `json:"content"`
}

// NewSnapshot asks for a snapshot.
type NewSnapshot struct {
	Volume     string            `json:"volume" doc:"Id or name of the volume."`
	Type       SnapshotType      `json:"type,omitempty" doc:"local or cloud; left out: local." enum:"local,cloud"`
	Credential string            `json:"credential,omitempty" doc:"Name of the credentials for a cloud snapshot; left out: the only ones of the cluster."`
	Labels     map[string]string `json:"labels,omitempty" doc:"Labels."`
}

func (t *Snapshot) key() string { return t.Account + "/" + t.Cluster + "/" + t.ID }

// createSnapshot creates a snapshot of what a volume holds now.
func (s *Store) createSnapshot(account, cluster string, r NewSnapshot) (*Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	volume, err := s.findVolume(cluster, r.Volume)
	if err != nil {
		return nil, err
	}
	snapshot := &Snapshot{
		SnapshotInfo: SnapshotInfo{ID: NewID(), Type: r.Type, Volume: volume.ID, Size: volume.Size, Labels: r.Labels, Created: s.options.Now().UTC()},
		Account:      account, Cluster: cluster, Content: volume.Content,
	}
	switch r.Type {
	case Local, "":
		snapshot.Type, snapshot.Node = Local, volume.Node
		if r.Credential != "" {
			return nil, invalid("credential: a local snapshot needs none, but %s is named", r.Credential)
		}
	case Cloud:
		if snapshot.Credential, err = s.pickCredential(cluster, r.Credential); err != nil {
			return nil, err
		}
	default:
		return nil, invalid("type: %q is not one of %q and %q", r.Type, Local, Cloud)
	}
	return snapshot, s.file.Write(s.snapshots.Put(snapshot.ID, snapshot))
}

// deleteSnapshot deletes a snapshot. Volumes that were made from it stay.
func (s *Store) deleteSnapshot(cluster, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	snapshot, err := s.findSnapshot(cluster, id)
	if err != nil {
		return err
	}
	if snapshot.Type == Cloud {
		if err := s.usable(cluster, snapshot.Credential); err != nil {
			return err
		}
	}
	return s.file.Write(s.snapshots.Delete(id))
}

// Snapshots returns those of all accounts, by account, cluster and id.
func (s *Store) Snapshots() []*Snapshot {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.snapshots.Sorted((*Snapshot).key, nil)
}

func (s *Store) findSnapshot(cluster, id string) (*Snapshot, error) {
	if snapshot, found := s.snapshots.Get(id); found && snapshot.Cluster == cluster {
		return snapshot, nil
	}
	return nil, notFound("snapshot", id)
}

func (s *Store) snapshot(cluster, id string) (*Snapshot, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.findSnapshot(cluster, id)
}
