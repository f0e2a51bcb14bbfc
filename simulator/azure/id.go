package azure

import (
	"regexp"
	"strings"
)

// ID is the id of a resource. Its parts are the same in capitals and small letters.
type ID struct {
	Subscription, ResourceGroup string
	// Kind is disks or snapshots; empty is the resource group itself.
	Kind, Name string
}

// Kinds of resources.
const (
	disks     = "disks"
	snapshots = "snapshots"
)

// DiskID returns the id of a disk.
func DiskID(subscription, resourceGroup, name string) ID {
	return ID{subscription, resourceGroup, disks, name}
}

var idForm = regexp.MustCompile(`(?i)^/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/Microsoft\.Compute/(disks|snapshots)/([^/]+)$`)

// ParseID reads the id of a disk or a snapshot.
func ParseID(text string) (id ID, ok bool) {
	match := idForm.FindStringSubmatch(text)
	if match == nil {
		return ID{}, false
	}
	return ID{match[1], match[2], strings.ToLower(match[3]), match[4]}, true
}

// String writes the id as Azure does.
func (id ID) String() string {
	out := "/subscriptions/" + id.Subscription + "/resourceGroups/" + id.ResourceGroup
	if id.Kind != "" {
		out += "/providers/Microsoft.Compute/" + id.Kind + "/" + id.Name
	}
	return out
}

// key is the same for all ways to write an id.
func (id ID) key() string { return strings.ToLower(id.String()) }

// holds says whether the id of a resource group is that of the group of a resource.
func (id ID) holds(resource string) bool {
	of, _ := ParseID(resource)
	return strings.EqualFold(of.Subscription, id.Subscription) && strings.EqualFold(of.ResourceGroup, id.ResourceGroup)
}
