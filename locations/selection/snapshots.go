package selection

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/velero-locations/velero-locations/locations/provider"
)

// selectSnapshots takes the locations that are asked for, at most one of each provider, and adds one of each other
// provider that has any: its only one, or the server's default.
func (r *Result) selectSnapshots(request Request, all []SnapshotLocation, standard SnapshotDefaults, path *field.Path) {
	if request.SnapshotVolumes != nil && !*request.SnapshotVolumes {
		if len(request.VolumeSnapshotLocations) > 0 {
			r.warn(false, path, "not used, since snapshotVolumes is false")
		}
		return
	}
	problems := len(r.Errors)
	selected := r.named(request.VolumeSnapshotLocations, all, path)
	// A name that leads nowhere may have been meant for any provider: what else is missing would be a guess.
	if len(r.Errors) > problems {
		return
	}
	for _, group := range byProvider(all) {
		if slices.ContainsFunc(selected, func(l SnapshotLocation) bool { return sameProvider(l, group[0]) }) {
			continue
		}
		if location, ok := r.choose(group, all, standard, path); ok {
			selected = append(selected, location)
		}
	}
	if len(r.Errors) > problems {
		return
	}
	for _, location := range selected {
		r.SnapshotLocations = append(r.SnapshotLocations, location.Name)
		r.doubtSnapshots(location, path)
	}
}

// mostNames is how many names are looked up; there are not as many providers.
const mostNames = 100

// named returns the locations of the names. The same one twice counts once.
func (r *Result) named(names []string, all []SnapshotLocation, path *field.Path) []SnapshotLocation {
	if len(names) > mostNames {
		r.fail(field.ErrorTypeTooMany, path, len(names), "must have at most %d names: name at most one location of each provider", mostNames)
		return nil
	}
	var selected []SnapshotLocation
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			continue
		}
		found := slices.IndexFunc(all, func(l SnapshotLocation) bool { return l.Name == name })
		if found < 0 {
			existing := namesOf(all, func(l SnapshotLocation) string { return l.Name })
			r.miss(field.ErrorTypeNotFound, path.Index(i), name, "%s", instead(name, existing, snapshotKind))
			continue
		}
		location := all[found]
		other := slices.IndexFunc(selected, func(l SnapshotLocation) bool { return sameProvider(l, location) })
		if other >= 0 {
			r.fail(field.ErrorTypeInvalid, path.Index(i), name, "%q is of the same provider, %s: name one location of each provider, and make a backup for each if you want both",
				selected[other].Name, provider.Short(location.Provider))
			continue
		}
		selected = append(selected, location)
	}
	return selected
}

// choose returns the only location of a provider, or the default one of several.
func (r *Result) choose(group, all []SnapshotLocation, standard SnapshotDefaults, path *field.Path) (SnapshotLocation, bool) {
	if len(group) == 1 {
		return group[0], true
	}
	short := provider.Short(group[0].Provider)
	names := namesOf(group, func(l SnapshotLocation) string { return l.Name })
	name := standard.find(group[0].Provider)
	if found := slices.IndexFunc(group, func(l SnapshotLocation) bool { return l.Name == name }); found >= 0 {
		return group[found], true
	}
	switch {
	case name == "":
		r.fail(field.ErrorTypeRequired, path, "", "provider %s has %d volume snapshot locations: name %s here, or set snapshotVolumes to false (the server's --default-volume-snapshot-locations %s:NAME chooses for all backups)",
			short, len(group), oneOf(names), short)
	case slices.ContainsFunc(all, func(l SnapshotLocation) bool { return l.Name == name }):
		r.fail(field.ErrorTypeRequired, path, "", "the server's default for provider %s, %q, is a volume snapshot location of another provider: name %s here, or correct the server's --default-volume-snapshot-locations",
			short, name, oneOf(names))
	default:
		r.miss(field.ErrorTypeRequired, path, "", "the server's default for provider %s, volume snapshot location %q, does not exist: name %s here, or correct the server's --default-volume-snapshot-locations",
			short, name, oneOf(names))
	}
	return SnapshotLocation{}, false
}

// doubtSnapshots warns of a location that will not snapshot a volume: Velero finds out when it does, and leaves the backup
// PartiallyFailed each time.
func (r *Result) doubtSnapshots(location SnapshotLocation, path *field.Path) {
	for _, err := range provider.CheckConfig(location.Provider, provider.VolumeSnapshotter, location.Config, field.NewPath("spec", "config")) {
		r.warn(false, path, "volume snapshot location %q will not snapshot any volume until it is corrected: %v", location.Name, err)
	}
	r.doubtStatus(false, "volume snapshot location", location.Name, location.Status, path)
}

func sameProvider(a, b SnapshotLocation) bool {
	return provider.Normal(a.Provider) == provider.Normal(b.Provider)
}

// byProvider groups locations, in the order of the names of providers and of locations.
func byProvider(all []SnapshotLocation) [][]SnapshotLocation {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b SnapshotLocation) int {
		return cmp.Or(strings.Compare(provider.Normal(a.Provider), provider.Normal(b.Provider)), strings.Compare(a.Name, b.Name))
	})
	var groups [][]SnapshotLocation
	for begin, end := 0, 0; begin < len(sorted); begin = end {
		for end < len(sorted) && sameProvider(sorted[begin], sorted[end]) {
			end++
		}
		groups = append(groups, sorted[begin:end])
	}
	return groups
}
