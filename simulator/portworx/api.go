package portworx

import (
	"net/http"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/internal/clouds"
	"github.com/velero-locations/velero-locations/simulator/internal/openapi"
)

// ClusterInfo is what the API tells of a cluster.
type ClusterInfo struct {
	Name  string     `json:"name" doc:"Its name."`
	Nodes []NodeInfo `json:"nodes" doc:"Its nodes."`
}

// VolumeList is the volumes of a cluster.
type VolumeList struct {
	Volumes []VolumeInfo `json:"volumes" doc:"The volumes, by id."`
}

// SnapshotList is the snapshots of a cluster.
type SnapshotList struct {
	Snapshots []SnapshotInfo `json:"snapshots" doc:"The snapshots, by id."`
}

// CredentialList is the credentials of a cluster.
type CredentialList struct {
	Credentials []CredentialInfo `json:"credentials" doc:"The credentials, by name."`
}

const (
	clusterPath     = "/clusters/{cluster}"
	volumesPath     = clusterPath + "/volumes"
	snapshotsPath   = clusterPath + "/snapshots"
	credentialsPath = clusterPath + "/credentials"
)

// Provider returns the API of a store.
func Provider(s *Store) *clouds.Provider {
	operation := func(name, method, path, summary string, request, response any, serve func(*clouds.Request, Cluster) (any, error)) clouds.Operation {
		return clouds.Operation{
			Operation: openapi.Operation{Method: method, Path: path, Summary: summary, Request: request, Response: response}, Name: name,
			Serve: func(r *clouds.Request) (any, error) { return s.serve(r, name, serve) },
		}
	}
	return &clouds.Provider{
		Name: "portworx", Title: "Portworx-like volumes of the velero-locations simulator", Refusals: refusals, Locate: s.locate,
		Operations: []clouds.Operation{
			operation("GetCluster", "GET", clusterPath, "Shows a cluster.", nil, ClusterInfo{}, s.showCluster),
			operation("ListVolumes", "GET", volumesPath, "Lists the volumes of a cluster.", nil, VolumeList{}, s.listVolumes),
			operation("CreateVolume", "POST", volumesPath, "Creates a volume.", NewVolume{}, openapi.Created{Body: VolumeInfo{}}, s.addVolume),
			operation("GetVolume", "GET", volumesPath+"/{id}", "Shows a volume, by its id or its name.", nil, VolumeInfo{}, s.showVolume),
			operation("DeleteVolume", "DELETE", volumesPath+"/{id}", "Deletes a volume.", nil, nil, s.dropVolume),
			operation("ListSnapshots", "GET", snapshotsPath, "Lists the snapshots of a cluster.", nil, SnapshotList{}, s.listSnapshots),
			operation("CreateSnapshot", "POST", snapshotsPath, "Creates a snapshot of a volume.", NewSnapshot{}, openapi.Created{Body: SnapshotInfo{}}, s.addSnapshot),
			operation("GetSnapshot", "GET", snapshotsPath+"/{id}", "Shows a snapshot.", nil, SnapshotInfo{}, s.showSnapshot),
			operation("DeleteSnapshot", "DELETE", snapshotsPath+"/{id}", "Deletes a snapshot.", nil, nil, s.dropSnapshot),
			operation("ListCredentials", "GET", credentialsPath, "Lists the credentials for object storage.", nil, CredentialList{}, s.showCredentials),
			operation("CreateCredential", "POST", credentialsPath, "Sets credentials for object storage up, in place of those that have the name.", NewCredential{}, openapi.Created{Body: CredentialInfo{}}, s.addCredential),
			operation("DeleteCredential", "DELETE", credentialsPath+"/{id}", "Removes credentials for object storage.", nil, nil, s.dropCredential),
		},
	}
}

var refusals = clouds.Refusals{
	Unsigned:  clouds.Error{Status: http.StatusUnauthorized, Code: "Unauthenticated", Message: "The request has no credentials."},
	BadSecret: clouds.Error{Status: http.StatusUnauthorized, Code: "Unauthenticated", Message: "The secret is not that of the access key."},
	Expired:   clouds.Error{Status: http.StatusUnauthorized, Code: "Unauthenticated", Message: "The credentials have expired."},
	UnknownKey: func(key string) *clouds.Error {
		return clouds.Refuse(http.StatusUnauthorized, "Unauthenticated", "There is no access key %q.", key)
	},
	Denied: func(r *clouds.Request, action, resource string) *clouds.Error {
		return clouds.Refuse(http.StatusForbidden, "PermissionDenied", "Access key %s may not %s %s.", r.Key.ID, action, resource)
	},
}

// locate says what a request is about: a volume or a snapshot under its own id. The region is the cluster.
func (s *Store) locate(r *clouds.Request) (cluster, resource string) {
	cluster = r.Path("cluster")
	id := r.Path("id")
	if strings.HasSuffix(r.Call.Operation, "Credential") {
		return cluster, id
	}
	if id == "" {
		var made struct {
			Volume   string `json:"volume"`
			Snapshot string `json:"snapshot"`
		}
		if r.Peek(&made); made.Snapshot != "" {
			return cluster, made.Snapshot
		}
		id = made.Volume
	}
	if volume, err := s.volume(cluster, id); err == nil {
		return cluster, volume.ID
	}
	return cluster, id
}

// serve checks what all operations need: the cluster, and that the policy permits it.
func (s *Store) serve(r *clouds.Request, operation string, then func(*clouds.Request, Cluster) (any, error)) (any, error) {
	cluster, err := s.cluster(r.Call.Account, r.Path("cluster"))
	if err != nil {
		return nil, err
	}
	if err := r.Authorize(operation, r.Call.Region, r.Call.Resource); err != nil {
		return nil, err
	}
	return then(r, cluster)
}

func (s *Store) showCluster(r *clouds.Request, cluster Cluster) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	info := ClusterInfo{cluster.Name, []NodeInfo{}}
	for _, node := range cluster.Nodes {
		info.Nodes = append(info.Nodes, s.node(r.Call.Account, cluster.Name, node).NodeInfo)
	}
	return info, nil
}

func (s *Store) listVolumes(_ *clouds.Request, cluster Cluster) (any, error) {
	list := VolumeList{[]VolumeInfo{}}
	for _, volume := range s.Volumes() {
		if volume.Cluster == cluster.Name {
			list.Volumes = append(list.Volumes, volume.VolumeInfo)
		}
	}
	return list, nil
}

func (s *Store) addVolume(r *clouds.Request, cluster Cluster) (any, error) {
	var wanted NewVolume
	if err := r.Decode(&wanted); err != nil {
		return nil, err
	}
	volume, err := s.createVolume(r.Call.Account, cluster, wanted)
	if err != nil {
		return nil, err
	}
	return openapi.Created{Body: volume.VolumeInfo}, nil
}

func (s *Store) showVolume(r *clouds.Request, cluster Cluster) (any, error) {
	volume, err := s.volume(cluster.Name, r.Path("id"))
	if err != nil {
		return nil, err
	}
	return volume.VolumeInfo, nil
}

func (s *Store) dropVolume(r *clouds.Request, cluster Cluster) (any, error) {
	return nil, s.deleteVolume(cluster.Name, r.Path("id"))
}

func (s *Store) listSnapshots(_ *clouds.Request, cluster Cluster) (any, error) {
	list := SnapshotList{[]SnapshotInfo{}}
	for _, snapshot := range s.Snapshots() {
		if snapshot.Cluster == cluster.Name {
			list.Snapshots = append(list.Snapshots, snapshot.SnapshotInfo)
		}
	}
	return list, nil
}

func (s *Store) addSnapshot(r *clouds.Request, cluster Cluster) (any, error) {
	var wanted NewSnapshot
	if err := r.Decode(&wanted); err != nil {
		return nil, err
	}
	snapshot, err := s.createSnapshot(r.Call.Account, cluster.Name, wanted)
	if err != nil {
		return nil, err
	}
	return openapi.Created{Body: snapshot.SnapshotInfo}, nil
}

func (s *Store) showSnapshot(r *clouds.Request, cluster Cluster) (any, error) {
	snapshot, err := s.snapshot(cluster.Name, r.Path("id"))
	if err != nil {
		return nil, err
	}
	return snapshot.SnapshotInfo, nil
}

func (s *Store) dropSnapshot(r *clouds.Request, cluster Cluster) (any, error) {
	return nil, s.deleteSnapshot(cluster.Name, r.Path("id"))
}

func (s *Store) showCredentials(_ *clouds.Request, cluster Cluster) (any, error) {
	list := CredentialList{[]CredentialInfo{}}
	for _, credential := range s.listCredentials(cluster.Name) {
		list.Credentials = append(list.Credentials, credential.CredentialInfo)
	}
	return list, nil
}

func (s *Store) addCredential(r *clouds.Request, cluster Cluster) (any, error) {
	var wanted NewCredential
	if err := r.Decode(&wanted); err != nil {
		return nil, err
	}
	credential, err := s.createCredential(r.Call.Account, cluster.Name, wanted)
	if err != nil {
		return nil, err
	}
	return openapi.Created{Body: credential.CredentialInfo}, nil
}

func (s *Store) dropCredential(r *clouds.Request, cluster Cluster) (any, error) {
	return nil, s.deleteCredential(cluster.Name, r.Path("id"))
}
