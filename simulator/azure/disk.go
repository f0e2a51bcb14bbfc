package azure

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/simulator/internal/content"
)

// DiskInfo is what the API tells of a disk.
type DiskInfo struct {
	ID       string `json:"id" doc:"Its resource id."`
	Location string `json:"location" doc:"Its location."`
	Zone     string `json:"zone,omitempty" doc:"Its availability zone: 1, 2 or 3. Left out: anywhere in its location."`
	SKU      string `json:"sku" doc:"What it is made of, such as Premium_LRS."`
	Size     int    `json:"sizeGiB" doc:"Its size in GiB."`
	// Source is the id of the snapshot that it was made from.
	Source  string            `json:"source,omitempty" doc:"Resource id of the snapshot that it was made from."`
	Tags    map[string]string `json:"tags,omitempty" doc:"Its tags."`
	Created time.Time         `json:"created" doc:"When it was created."`
}

// Disk is a managed disk.
type Disk struct {
	DiskInfo
	Account string `json:"account"`
	// Content changes with each write.
	Content content.Identity `json:"content"`
}

// NewDisk asks for a disk.
type NewDisk struct {
	Location string            `json:"location" doc:"Location; that of the snapshot, if there is one."`
	Zone     string            `json:"zone,omitempty" doc:"Availability zone: 1, 2 or 3. Left out: anywhere in the location."`
	SKU      string            `json:"sku,omitempty" doc:"What it is made of; left out: Standard_LRS."`
	Size     int               `json:"sizeGiB,omitempty" doc:"Size in GiB; left out: that of the snapshot."`
	Source   string            `json:"source,omitempty" doc:"Resource id of the snapshot that it is made from; left out: it is empty."`
	Tags     map[string]string `json:"tags,omitempty" doc:"Tags."`
}

// DefaultSKU is that of disks for which none is given.
const DefaultSKU = "Standard_LRS"

var skus = []string{DefaultSKU, "StandardSSD_LRS", "StandardSSD_ZRS", "Premium_LRS", "Premium_ZRS", "PremiumV2_LRS", "UltraSSD_LRS"}

// maxSize is that of a disk, in GiB.
const maxSize = 32767

// checkDisk refuses what cannot be a disk.
func checkDisk(d DiskInfo, locations []string) error {
	switch {
	case d.Location == "":
		return badRequest("LocationRequired", "The location property is required for this definition.")
	case !slices.Contains(locations, d.Location):
		return badRequest("LocationNotAvailableForResourceType", "The provided location '%s' is not available for resource type 'Microsoft.Compute/disks'. List of available regions for the resource type is '%s'.",
			d.Location, strings.Join(locations, ","))
	case !slices.Contains(skus, d.SKU):
		return invalid("sku.name", "'%s' is not one of %s", d.SKU, strings.Join(skus, ", "))
	case d.Zone != "" && !slices.Contains([]string{"1", "2", "3"}, d.Zone):
		return invalid("zones", "'%s' is not one of 1, 2, 3", d.Zone)
	case d.Zone != "" && strings.HasSuffix(d.SKU, "_ZRS"):
		return invalid("zones", "a disk of %s is in all zones, and can't be in zone %s", d.SKU, d.Zone)
	case d.Size < 1 || d.Size > maxSize:
		return invalid("diskSizeGB", "%d is not between 1 and %d", d.Size, maxSize)
	}
	return checkTags(d.Tags)
}

// createDisk creates a disk, from a snapshot where there is one. Where the same was created before, it returns that. The
// id must be one that group returned.
func (s *Store) createDisk(account string, id ID, r NewDisk) (_ *Disk, created bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	disk := &Disk{
		DiskInfo: DiskInfo{
			ID: id.String(), Location: r.Location, Zone: r.Zone, SKU: cmp.Or(r.SKU, DefaultSKU), Size: r.Size, Source: r.Source,
			Tags: r.Tags, Created: s.options.Now().UTC(),
		},
		Account: account, Content: content.Empty,
	}
	if r.Source != "" {
		if err := s.restore(disk); err != nil {
			return nil, false, err
		}
	}
	if err := cmp.Or(checkName(id.Name), checkDisk(disk.DiskInfo, s.options.Locations)); err != nil {
		return nil, false, err
	}
	if existing, found := s.disks.Get(id.key()); found {
		if existing.Location != disk.Location || existing.Source != disk.Source || existing.Size != disk.Size || existing.SKU != disk.SKU {
			return nil, false, conflict("disk", id)
		}
		return existing, false, nil
	}
	return disk, true, s.keepDisk(disk)
}

// restore gives a disk what it takes over from its snapshot.
func (s *Store) restore(disk *Disk) error {
	snapshot, err := source(s, disk.Account, snapshots, disk.Source, s.findSnapshot)
	if err != nil {
		return err
	}
	if disk.Location != "" && disk.Location != snapshot.Location {
		return elsewhere("snapshot", snapshot.ID, snapshot.Location, "disk", disk.Location)
	}
	if disk.Size = cmp.Or(disk.Size, snapshot.Size); disk.Size < snapshot.Size {
		return invalid("diskSizeGB", "%d is less than the size of the snapshot, %d", disk.Size, snapshot.Size)
	}
	disk.Source, disk.Content = snapshot.ID, snapshot.Content
	return nil
}

// deleteDisk deletes a disk, if it is there. Its snapshots stay.
func (s *Store) deleteDisk(id ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.Write(s.disks.Delete(id.key()))
}

// Write writes to a disk of any account: its content becomes another. It says whether the disk is there.
func (s *Store) Write(id string, data []byte) (*Disk, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	parsed, _ := ParseID(id)
	disk, found := s.disks.Get(parsed.key())
	if !found {
		return nil, false, nil
	}
	written := *disk
	written.Content = disk.Content.Written(data)
	return &written, true, s.keepDisk(&written)
}

// Disks returns those of all accounts, by account and id.
func (s *Store) Disks() []*Disk {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.disks.Sorted(func(d *Disk) string { return d.Account + d.ID }, nil)
}

func (s *Store) keepDisk(disk *Disk) error {
	id, _ := ParseID(disk.ID)
	return s.file.Write(s.disks.Put(id.key(), disk))
}

func (s *Store) findDisk(id ID) (*Disk, error) {
	if disk, found := s.disks.Get(id.key()); found {
		return disk, nil
	}
	return nil, noResource(id)
}

func (s *Store) disk(id ID) (*Disk, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.findDisk(id)
}

func conflict(kind string, id ID) error {
	return refuse(http.StatusConflict, "PropertyChangeNotAllowed", "There is a %s '%s' already, which is another one than the request describes.", kind, id.Name)
}
