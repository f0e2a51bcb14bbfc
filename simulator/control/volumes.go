package control

import (
	"fmt"
	"net/http"
	"time"
)

// VolumeList is the volumes of all providers, accounts and regions.
type VolumeList struct {
	Volumes []VolumeInfo `json:"volumes" doc:"The volumes, by provider, account, region and time of creation or id."`
}

// VolumeInfo is a volume: one of EBS, a disk of Azure, or a volume of Portworx.
type VolumeInfo struct {
	ID       string `json:"id" doc:"Id of the volume."`
	Provider string `json:"provider" doc:"aws, azure or portworx."`
	Account  string `json:"account" doc:"Id of its account."`
	Region   string `json:"region" doc:"Its region: Azure's location, Portworx' cluster."`
	Zone     string `json:"availabilityZone" doc:"Its availability zone: for Portworx its node; empty for a disk that is anywhere in its location."`
	Size     int    `json:"size" doc:"Its size in GiB."`
	Type     string `json:"volumeType" doc:"Its type, such as gp3 or Premium_LRS."`
	Status   string `json:"status" doc:"available or in-use."`
	// Content is what providers do not tell.
	Content  string            `json:"content" doc:"Identity of what the volume holds; another one after each write."`
	Snapshot string            `json:"snapshot,omitempty" doc:"Id of the snapshot that it was made from."`
	Created  time.Time         `json:"created" doc:"When it was created."`
	Tags     map[string]string `json:"tags,omitempty" doc:"Its tags, or labels."`
}

// SnapshotList is the snapshots of all providers, accounts and regions.
type SnapshotList struct {
	Snapshots []SnapshotInfo `json:"snapshots" doc:"The snapshots, by provider, account, region and time of creation or id."`
}

// SnapshotInfo is a snapshot.
type SnapshotInfo struct {
	ID       string            `json:"id" doc:"Id of the snapshot."`
	Provider string            `json:"provider" doc:"aws, azure or portworx."`
	Account  string            `json:"account" doc:"Id of its account."`
	Region   string            `json:"region" doc:"Its region: Azure's location, Portworx' cluster."`
	Volume   string            `json:"volume" doc:"Id of the volume that it was made of."`
	Type     string            `json:"snapshotType,omitempty" doc:"full or incremental for Azure, local or cloud for Portworx."`
	Size     int               `json:"size" doc:"Size of that volume in GiB."`
	Status   string            `json:"status" doc:"pending or completed."`
	Progress string            `json:"progress" doc:"How much of it is done, such as 42%."`
	Content  string            `json:"content" doc:"Identity of what the volume held."`
	Started  time.Time         `json:"started" doc:"When it was begun."`
	Tags     map[string]string `json:"tags,omitempty" doc:"Its tags, or labels."`
}

// Write asks to write to a volume.
type Write struct {
	Data string `json:"data" doc:"What is written, after all that was written before."`
}

// provider is one provider's volumes and snapshots.
type provider interface {
	volumes() []VolumeInfo
	snapshots() []SnapshotInfo
	// write writes to a volume, and says whether it is there.
	write(id string, data []byte) (VolumeInfo, bool, error)
}

func (s *server) providers() []provider {
	return []provider{ebsVolumes{s.Volumes, s.Clock}, azureDisks{s.Azure}, portworxVolumes{s.Portworx}}
}

func (s *server) listVolumes(w http.ResponseWriter, _ *http.Request) error {
	list := VolumeList{Volumes: []VolumeInfo{}}
	for _, p := range s.providers() {
		list.Volumes = append(list.Volumes, p.volumes()...)
	}
	return writeJSON(w, http.StatusOK, list)
}

func (s *server) listSnapshots(w http.ResponseWriter, _ *http.Request) error {
	list := SnapshotList{Snapshots: []SnapshotInfo{}}
	for _, p := range s.providers() {
		list.Snapshots = append(list.Snapshots, p.snapshots()...)
	}
	return writeJSON(w, http.StatusOK, list)
}

func (s *server) writeVolume(w http.ResponseWriter, r *http.Request) error {
	var write Write
	if err := readJSON(w, r, &write); err != nil {
		return err
	}
	id := r.PathValue("id")
	for _, p := range s.providers() {
		written, found, err := p.write(id, []byte(write.Data))
		switch {
		case err != nil:
			return err
		case found:
			return writeJSON(w, http.StatusOK, written)
		}
	}
	return fmt.Errorf("volume %q: %w", id, errNotFound)
}
