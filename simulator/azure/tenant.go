package azure

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Tenant is an account's part of Azure, as a configuration file describes it. Its applications are the account's access
// keys: a client id and a client secret each.
type Tenant struct {
	// ID is a UUID.
	ID            string         `json:"tenant"`
	Subscriptions []Subscription `json:"subscriptions,omitempty"`
}

// Subscription of a tenant.
type Subscription struct {
	// ID is a UUID.
	ID             string          `json:"id"`
	ResourceGroups []ResourceGroup `json:"resourceGroups,omitempty"`
}

// ResourceGroup of a subscription. What it holds may be in another location than the group.
type ResourceGroup struct {
	Name     string `json:"name"`
	Location string `json:"location"`
	// Disks are created where they are not there yet.
	Disks []DiskConfig `json:"disks,omitempty"`
}

// DiskConfig is a disk that exists from the start.
type DiskConfig struct {
	Name string `json:"name"`
	// Location is that of the resource group by default.
	Location string `json:"location,omitempty"`
	// Zone is 1, 2 or 3; a disk without one is anywhere in its location.
	Zone string `json:"zone,omitempty"`
	// SKU is Standard_LRS by default.
	SKU string `json:"sku,omitempty"`
	// Size in GiB.
	Size int               `json:"size"`
	Tags map[string]string `json:"tags,omitempty"`
	// Data is written to the disk when it is created.
	Data string `json:"data,omitempty"`
}

func (t Tenant) subscription(id string) (Subscription, bool) {
	i := slices.IndexFunc(t.Subscriptions, func(s Subscription) bool { return strings.EqualFold(s.ID, id) })
	if i < 0 {
		return Subscription{}, false
	}
	return t.Subscriptions[i], true
}

func (s Subscription) group(name string) (ResourceGroup, bool) {
	i := slices.IndexFunc(s.ResourceGroups, func(g ResourceGroup) bool { return strings.EqualFold(g.Name, name) })
	if i < 0 {
		return ResourceGroup{}, false
	}
	return s.ResourceGroups[i], true
}

// disks are those of the configuration, with defaults filled in.
func (t Tenant) disks() map[ID]DiskConfig {
	out := map[ID]DiskConfig{}
	for _, subscription := range t.Subscriptions {
		for _, group := range subscription.ResourceGroups {
			for _, disk := range group.Disks {
				out[ID{subscription.ID, group.Name, disks, disk.Name}] = disk.withDefaults(group)
			}
		}
	}
	return out
}

func (d DiskConfig) withDefaults(group ResourceGroup) DiskConfig {
	d.Location, d.SKU = cmp.Or(d.Location, group.Location), cmp.Or(d.SKU, DefaultSKU)
	return d
}

var (
	uuidForm     = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	groupForm    = regexp.MustCompile(`^[A-Za-z0-9_()-]([A-Za-z0-9_().-]{0,88}[A-Za-z0-9_()-])?$`)
	locationForm = regexp.MustCompile(`^[a-z0-9]+$`)
)

// ValidateLocations calls report for each location that cannot be one.
func ValidateLocations(locations []string, report func(path, format string, args ...any)) {
	for i, location := range locations {
		if !locationForm.MatchString(location) {
			report(fmt.Sprintf("[%d]", i), "%q is not a location's name such as eastus: lower-case letters and digits", location)
		}
	}
}

// Validate calls report for each thing that is wrong with the tenant, with its path in it.
func (t Tenant) Validate(locations []string, report func(path, format string, args ...any)) {
	if !uuidForm.MatchString(t.ID) {
		report(".tenant", "%q is not a UUID", t.ID)
	}
	for i, subscription := range t.Subscriptions {
		path := fmt.Sprintf(".subscriptions[%d]", i)
		if !uuidForm.MatchString(subscription.ID) {
			report(path+".id", "%q is not a UUID", subscription.ID)
		}
		for j, group := range subscription.ResourceGroups {
			group.validate(fmt.Sprintf("%s.resourceGroups[%d]", path, j), locations, report)
			if same := func(g ResourceGroup) bool { return strings.EqualFold(g.Name, group.Name) }; slices.IndexFunc(subscription.ResourceGroups, same) < j {
				report(fmt.Sprintf("%s.resourceGroups[%d].name", path, j), "%q is there already", group.Name)
			}
		}
	}
}

func (g ResourceGroup) validate(path string, locations []string, report func(path, format string, args ...any)) {
	if !groupForm.MatchString(g.Name) {
		report(path+".name", "%q is not a resource group's name: letters, digits, and ().-_, 90 at most", g.Name)
	}
	if !slices.Contains(locations, g.Location) {
		report(path+".location", "%q is not one of %s", g.Location, strings.Join(locations, ", "))
	}
	for i, disk := range g.Disks {
		at := fmt.Sprintf("%s.disks[%d]", path, i)
		disk = disk.withDefaults(g)
		err := cmp.Or(checkName(disk.Name), checkDisk(DiskInfo{
			Location: disk.Location, Zone: disk.Zone, SKU: disk.SKU, Size: disk.Size, Tags: disk.Tags,
		}, locations))
		if err != nil {
			report(at, "%w", err)
		}
		if same := func(d DiskConfig) bool { return strings.EqualFold(d.Name, disk.Name) }; slices.IndexFunc(g.Disks, same) < i {
			report(at+".name", "%q is there already", disk.Name)
		}
	}
}
