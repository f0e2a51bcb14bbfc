package azure

import (
	"net/http"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/internal/clouds"
	"github.com/velero-locations/velero-locations/simulator/internal/openapi"
)

// GroupInfo is what the API tells of a resource group.
type GroupInfo struct {
	ID       string `json:"id" doc:"Its resource id."`
	Location string `json:"location" doc:"Its location."`
}

// DiskList is the disks of a resource group.
type DiskList struct {
	Disks []DiskInfo `json:"disks" doc:"The disks, by id."`
}

// SnapshotList is the snapshots of a resource group.
type SnapshotList struct {
	Snapshots []SnapshotInfo `json:"snapshots" doc:"The snapshots, by id."`
}

const (
	groupPath     = "/tenants/{tenant}/subscriptions/{subscription}/resourceGroups/{resourceGroup}"
	disksPath     = groupPath + "/providers/Microsoft.Compute/disks"
	snapshotsPath = groupPath + "/providers/Microsoft.Compute/snapshots"
)

// Provider returns the API of a store.
func Provider(s *Store) *clouds.Provider {
	operation := func(name, method, path, summary string, request, response any, serve func(*clouds.Request, ID) (any, error)) clouds.Operation {
		return clouds.Operation{
			Operation: openapi.Operation{Method: method, Path: path, Summary: summary, Request: request, Response: response}, Name: name,
			Serve: func(r *clouds.Request) (any, error) { return s.serve(r, name, serve) },
		}
	}
	return &clouds.Provider{
		Name: "azure", Title: "Azure-like disks of the velero-locations simulator", Refusals: refusals, Locate: s.locate,
		Operations: []clouds.Operation{
			operation("GetResourceGroup", "GET", groupPath, "Shows a resource group.", nil, GroupInfo{}, s.showGroup),
			operation("ListDisks", "GET", disksPath, "Lists the disks of a resource group.", nil, DiskList{}, s.listDisks),
			operation("GetDisk", "GET", disksPath+"/{name}", "Shows a disk.", nil, DiskInfo{}, s.showDisk),
			operation("CreateDisk", "PUT", disksPath+"/{name}", "Creates a disk; again with the same request: shows it.", NewDisk{}, openapi.Created{Body: DiskInfo{}}, s.putDisk),
			operation("DeleteDisk", "DELETE", disksPath+"/{name}", "Deletes a disk, if it is there.", nil, nil, s.dropDisk),
			operation("ListSnapshots", "GET", snapshotsPath, "Lists the snapshots of a resource group.", nil, SnapshotList{}, s.listSnapshots),
			operation("GetSnapshot", "GET", snapshotsPath+"/{name}", "Shows a snapshot.", nil, SnapshotInfo{}, s.showSnapshot),
			operation("CreateSnapshot", "PUT", snapshotsPath+"/{name}", "Creates a snapshot of a disk; again with the same request: shows it.", NewSnapshot{}, openapi.Created{Body: SnapshotInfo{}}, s.putSnapshot),
			operation("DeleteSnapshot", "DELETE", snapshotsPath+"/{name}", "Deletes a snapshot, if it is there.", nil, nil, s.dropSnapshot),
		},
	}
}

// refusals are those of Microsoft Entra ID and of the Resource Manager.
var refusals = clouds.Refusals{
	Unsigned:   clouds.Error{Status: http.StatusUnauthorized, Code: "AuthenticationFailed", Message: "Authentication failed. The 'Authorization' header is missing."},
	BadSecret:  clouds.Error{Status: http.StatusUnauthorized, Code: "invalid_client", Message: "AADSTS7000215: Invalid client secret provided."},
	Expired:    clouds.Error{Status: http.StatusUnauthorized, Code: "invalid_client", Message: "AADSTS7000222: The provided client secret keys are expired."},
	UnknownKey: func(client string) *clouds.Error { return unknownClient(client, "") },
	Denied: func(r *clouds.Request, action, resource string) *clouds.Error {
		return clouds.Refuse(http.StatusForbidden, "AuthorizationFailed", "The client '%s' does not have authorization to perform action '%s' over scope '%s'.",
			r.Key.ID, action, resource)
	},
}

func unknownClient(client, tenant string) *clouds.Error {
	in := "the directory"
	if tenant != "" {
		in += " '" + tenant + "'"
	}
	return clouds.Refuse(http.StatusUnauthorized, "unauthorized_client", "AADSTS700016: Application with identifier '%s' was not found in %s.", client, in)
}

// target is the id that a path names.
func target(r *clouds.Request) ID {
	id := ID{Subscription: r.Path("subscription"), ResourceGroup: r.Path("resourceGroup"), Name: r.Path("name")}
	if id.Name != "" {
		_, operation, _ := strings.Cut(r.Call.Operation, ":")
		id.Kind = disks
		if strings.HasSuffix(operation, "Snapshot") {
			id.Kind = snapshots
		}
	}
	return id
}

// locate says what a request is about: a resource that there is under its own id and in its own location, whatever the
// request calls them.
func (s *Store) locate(r *clouds.Request) (location, resource string) {
	id, group, err := s.group(r.Call.Account, target(r))
	if err != nil {
		return "", id.String()
	}
	if location, resource, found := s.existing(id); found {
		return location, resource
	}
	var made struct {
		Location string `json:"location"`
	}
	if r.Peek(&made); made.Location != "" {
		return made.Location, id.String()
	}
	return group.Location, id.String()
}

// existing says where a disk or a snapshot is, and how its id is written.
func (s *Store) existing(id ID) (location, resource string, found bool) {
	if disk, err := s.disk(id); err == nil {
		return disk.Location, disk.ID, true
	}
	if snapshot, err := s.snapshot(id); err == nil {
		return snapshot.Location, snapshot.ID, true
	}
	return "", "", false
}

// serve checks what all operations need: the tenant, the resource group, and that the policy permits it.
func (s *Store) serve(r *clouds.Request, operation string, then func(*clouds.Request, ID) (any, error)) (any, error) {
	tenant := r.Path("tenant")
	if own := s.options.Tenants[r.Call.Account]; own.ID == "" || !strings.EqualFold(own.ID, tenant) {
		return nil, unknownClient(r.Key.ID, tenant)
	}
	id, _, err := s.group(r.Call.Account, target(r))
	if err != nil {
		return nil, err
	}
	if err := r.Authorize(operation, r.Call.Region, r.Call.Resource); err != nil {
		return nil, err
	}
	return then(r, id)
}

func (s *Store) showGroup(r *clouds.Request, id ID) (any, error) {
	_, group, err := s.group(r.Call.Account, id)
	return GroupInfo{id.String(), group.Location}, err
}

func (s *Store) listDisks(_ *clouds.Request, group ID) (any, error) {
	list := DiskList{[]DiskInfo{}}
	for _, disk := range s.Disks() {
		if group.holds(disk.ID) {
			list.Disks = append(list.Disks, disk.DiskInfo)
		}
	}
	return list, nil
}

func (s *Store) showDisk(_ *clouds.Request, id ID) (any, error) {
	disk, err := s.disk(id)
	if err != nil {
		return nil, err
	}
	return disk.DiskInfo, nil
}

func (s *Store) putDisk(r *clouds.Request, id ID) (any, error) {
	var wanted NewDisk
	if err := r.Decode(&wanted); err != nil {
		return nil, err
	}
	if err := s.mayRead(r, "GetSnapshot", wanted.Source); err != nil {
		return nil, err
	}
	disk, created, err := s.createDisk(r.Call.Account, id, wanted)
	if err != nil {
		return nil, err
	}
	return put(disk.DiskInfo, created), nil
}

func (s *Store) dropDisk(_ *clouds.Request, id ID) (any, error) { return nil, s.deleteDisk(id) }

func (s *Store) listSnapshots(_ *clouds.Request, group ID) (any, error) {
	list := SnapshotList{[]SnapshotInfo{}}
	for _, snapshot := range s.Snapshots() {
		if group.holds(snapshot.ID) {
			list.Snapshots = append(list.Snapshots, snapshot.SnapshotInfo)
		}
	}
	return list, nil
}

func (s *Store) showSnapshot(_ *clouds.Request, id ID) (any, error) {
	snapshot, err := s.snapshot(id)
	if err != nil {
		return nil, err
	}
	return snapshot.SnapshotInfo, nil
}

func (s *Store) putSnapshot(r *clouds.Request, id ID) (any, error) {
	var wanted NewSnapshot
	if err := r.Decode(&wanted); err != nil {
		return nil, err
	}
	if err := s.mayRead(r, "GetDisk", wanted.Source); err != nil {
		return nil, err
	}
	snapshot, created, err := s.createSnapshot(r.Call.Account, id, wanted)
	if err != nil {
		return nil, err
	}
	return put(snapshot.SnapshotInfo, created), nil
}

func (s *Store) dropSnapshot(_ *clouds.Request, id ID) (any, error) { return nil, s.deleteSnapshot(id) }

// mayRead refuses to make something of what the policy does not let the key read. What does not exist is not refused here,
// but when it is read.
func (s *Store) mayRead(r *clouds.Request, operation, of string) error {
	parsed, _ := ParseID(of)
	id, group, err := s.group(r.Call.Account, parsed)
	if err != nil {
		return nil
	}
	if location, resource, found := s.existing(id); found {
		return r.Authorize(operation, location, resource)
	}
	return r.Authorize(operation, group.Location, id.String())
}

func put(document any, created bool) any {
	if created {
		return openapi.Created{Body: document}
	}
	return document
}
