package control

import (
	"fmt"
	"net/http"
	"time"

	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

// VolumeList is the volumes of all accounts and regions.
type VolumeList struct {
	Volumes []VolumeInfo `json:"volumes" doc:"The volumes, by account, region and time of creation."`
}

// VolumeInfo is a volume.
type VolumeInfo struct {
	Provider string `json:"provider" doc:"Provider of a volume snapshot location that can snapshot it, such as aws."`
	ID       string `json:"id" doc:"Id of the volume."`
	Account  string `json:"account" doc:"Id of its account."`
	Region   string `json:"region" doc:"Its region."`
	Zone     string `json:"availabilityZone" doc:"Its availability zone."`
	Size     int    `json:"size" doc:"Its size in GiB."`
	Type     string `json:"volumeType" doc:"Its type, such as gp3."`
	Status   string `json:"status" doc:"available or in-use."`
	// Content is what EC2 does not tell.
	Content  string            `json:"content" doc:"Identity of what the volume holds; another one after each write."`
	Snapshot string            `json:"snapshot,omitempty" doc:"Id of the snapshot that it was made from."`
	Created  time.Time         `json:"created" doc:"When it was created."`
	Tags     map[string]string `json:"tags,omitempty" doc:"Its tags."`
}

// SnapshotList is the snapshots of all accounts and regions.
type SnapshotList struct {
	Snapshots []SnapshotInfo `json:"snapshots" doc:"The snapshots, by account, region and time of creation."`
}

// SnapshotInfo is a snapshot.
type SnapshotInfo struct {
	Provider string            `json:"provider" doc:"Provider of its volume."`
	ID       string            `json:"id" doc:"Id of the snapshot."`
	Account  string            `json:"account" doc:"Id of its account."`
	Region   string            `json:"region" doc:"Its region."`
	Volume   string            `json:"volume" doc:"Id of the volume that it was made of."`
	Size     int               `json:"size" doc:"Size of that volume in GiB."`
	Status   string            `json:"status" doc:"pending or completed."`
	Progress string            `json:"progress" doc:"How much of it is done, such as 42%."`
	Content  string            `json:"content" doc:"Identity of what the volume held."`
	Started  time.Time         `json:"started" doc:"When it was begun."`
	Tags     map[string]string `json:"tags,omitempty" doc:"Its tags."`
}

// Write asks to write to a volume.
type Write struct {
	Data string `json:"data" doc:"What is written, after all that was written before."`
}

// aws is the provider of EBS volumes, as volume snapshot locations name it.
const aws = "aws"

func describeVolume(v *ebs.Volume) VolumeInfo {
	return VolumeInfo{
		aws, v.ID, v.Account, v.Region, v.Zone, v.Size, v.Type, v.Status(), string(v.Content), v.SnapshotID, v.Created, v.Tags,
	}
}

func (s *server) listVolumes(w http.ResponseWriter, _ *http.Request) error {
	list := VolumeList{Volumes: []VolumeInfo{}}
	for _, volume := range s.Volumes.AllVolumes() {
		list.Volumes = append(list.Volumes, describeVolume(volume))
	}
	return writeJSON(w, http.StatusOK, list)
}

func (s *server) writeVolume(w http.ResponseWriter, r *http.Request) error {
	var write Write
	if err := readJSON(w, r, &write); err != nil {
		return err
	}
	id := r.PathValue("id")
	volume, err := s.Volumes.FindVolume(id)
	if err != nil {
		return fmt.Errorf("volume %q: %w", id, errNotFound)
	}
	if volume, err = s.Volumes.Write(volume.Place, id, []byte(write.Data)); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, describeVolume(volume))
}

func (s *server) listSnapshots(w http.ResponseWriter, _ *http.Request) error {
	list := SnapshotList{Snapshots: []SnapshotInfo{}}
	now := s.Clock.Now()
	for _, snapshot := range s.Volumes.AllSnapshots() {
		list.Snapshots = append(list.Snapshots, SnapshotInfo{
			aws, snapshot.ID, snapshot.Account, snapshot.Region, snapshot.VolumeID, snapshot.Size, snapshot.Status(), snapshot.Progress(now),
			string(snapshot.Content), snapshot.Started, snapshot.Tags,
		})
	}
	return writeJSON(w, http.StatusOK, list)
}
