package portworx

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/velero-locations/velero-locations/simulator/internal/clouds"
	"github.com/velero-locations/velero-locations/simulator/internal/content"
)

// VolumeInfo is what the API tells of a volume.
type VolumeInfo struct {
	ID   string `json:"id" doc:"Its id."`
	Name string `json:"name" doc:"Its name, by which it can be found as well."`
	Node string `json:"node" doc:"The node that holds it."`
	Size int    `json:"sizeGiB" doc:"Its size in GiB."`
	// Snapshot is the id of the one that it was made from.
	Snapshot string            `json:"snapshot,omitempty" doc:"Id of the snapshot that it was made from."`
	Labels   map[string]string `json:"labels,omitempty" doc:"Its labels."`
	Created  time.Time         `json:"created" doc:"When it was created."`
}

// Volume is a volume of a cluster.
type Volume struct {
	VolumeInfo
	Account string `json:"account"`
	Cluster string `json:"cluster"`
	// Content changes with each write.
	Content content.Identity `json:"content"`
}

// NewVolume asks for a volume.
type NewVolume struct {
	Name     string            `json:"name,omitempty" doc:"Name; left out: the id."`
	Node     string            `json:"node,omitempty" doc:"Node that holds it; left out: that of the local snapshot, or the first one that has not failed."`
	Size     int               `json:"sizeGiB,omitempty" doc:"Size in GiB; left out: that of the snapshot."`
	Snapshot string            `json:"snapshot,omitempty" doc:"Id of the snapshot that it is made from; left out: it is empty."`
	Labels   map[string]string `json:"labels,omitempty" doc:"Labels."`
}

// maxSize is that of a volume, in GiB.
const maxSize = 40960

func (v *Volume) key() string { return v.Account + "/" + v.Cluster + "/" + v.ID }

// createVolume creates a volume in a cluster, from a snapshot where there is one.
func (s *Store) createVolume(account string, cluster Cluster, r NewVolume) (*Volume, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	volume := &Volume{
		VolumeInfo: VolumeInfo{
			ID: NewID(), Name: r.Name, Node: r.Node, Size: r.Size, Snapshot: r.Snapshot, Labels: r.Labels, Created: s.options.Now().UTC(),
		},
		Account: account, Cluster: cluster.Name, Content: content.Empty,
	}
	volume.Name = cmp.Or(volume.Name, volume.ID)
	if err := cmp.Or(s.restore(volume), s.place(volume, cluster)); err != nil {
		return nil, err
	}
	if volume.Size < 1 || volume.Size > maxSize {
		return nil, invalid("sizeGiB: %d is not between 1 and %d", volume.Size, maxSize)
	}
	if _, err := s.findVolume(cluster.Name, volume.Name); err == nil {
		return nil, clouds.Refuse(http.StatusConflict, "AlreadyExists", "Cluster %s has a volume %s already.", cluster.Name, volume.Name)
	}
	return volume, s.file.Write(s.volumes.Put(volume.ID, volume))
}

// place picks the node of a volume.
func (s *Store) place(volume *Volume, cluster Cluster) error {
	if volume.Node == "" {
		i := slices.IndexFunc(cluster.Nodes, func(node string) bool { return !s.hasFailed(cluster.Name, node) })
		if i < 0 {
			return clouds.Refuse(http.StatusServiceUnavailable, "Unavailable", "All nodes of cluster %s have failed.", cluster.Name)
		}
		volume.Node = cluster.Nodes[i]
	}
	if !slices.Contains(cluster.Nodes, volume.Node) {
		return notFound("node", volume.Node)
	}
	if s.hasFailed(cluster.Name, volume.Node) {
		return precondition("Node %s of cluster %s has failed.", volume.Node, cluster.Name)
	}
	return nil
}

// restore gives a volume what it takes over from its snapshot.
func (s *Store) restore(volume *Volume) error {
	if volume.Snapshot == "" {
		return nil
	}
	snapshot, err := s.findSnapshot(volume.Cluster, volume.Snapshot)
	if err != nil {
		return err
	}
	if snapshot.Type == Cloud {
		if err := s.usable(volume.Cluster, snapshot.Credential); err != nil {
			return err
		}
	}
	if volume.Node = cmp.Or(volume.Node, snapshot.Node); snapshot.Type == Local && volume.Node != snapshot.Node {
		return invalid("node: local snapshot %s is on node %s, and a volume can't be made of it on node %s", snapshot.ID, snapshot.Node, volume.Node)
	}
	if volume.Size = cmp.Or(volume.Size, snapshot.Size); volume.Size < snapshot.Size {
		return invalid("sizeGiB: %d is less than the size of the snapshot, %d", volume.Size, snapshot.Size)
	}
	volume.Content = snapshot.Content
	return nil
}

// deleteVolume deletes a volume. Its snapshots stay.
func (s *Store) deleteVolume(cluster, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	volume, err := s.findVolume(cluster, id)
	if err != nil {
		return err
	}
	return s.file.Write(s.volumes.Delete(volume.ID))
}

// Write writes to a volume of any account: its content becomes another. It says whether the volume is there.
func (s *Store) Write(id string, data []byte) (*Volume, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	volume, found := s.volumes.Get(id)
	if !found {
		return nil, false, nil
	}
	written := *volume
	written.Content = volume.Content.Written(data)
	return &written, true, s.file.Write(s.volumes.Put(id, &written))
}

// Volumes returns those of all accounts, by account, cluster and id.
func (s *Store) Volumes() []*Volume {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.volumes.Sorted((*Volume).key, nil)
}

// findVolume finds a volume of a cluster by its id or its name.
func (s *Store) findVolume(cluster, id string) (*Volume, error) {
	if volume, found := s.volumes.Get(id); found && volume.Cluster == cluster {
		return volume, nil
	}
	for volume := range s.volumes.All() {
		if volume.Cluster == cluster && volume.Name == id {
			return volume, nil
		}
	}
	return nil, notFound("volume", id)
}

func (s *Store) volume(cluster, id string) (*Volume, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.findVolume(cluster, id)
}
