package warnings

import (
	"fmt"
	"slices"
	"strings"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// place in object storage, with the endpoint that tells apart buckets of the same name.
type place struct {
	locations.Place
	endpoint string
}

// placeOf returns where a location keeps backups, if it writes any.
func placeOf(location *v1.BackupStorageLocation) (place, bool) {
	storage := location.Spec.ObjectStorage
	if storage == nil || location.Spec.AccessMode == v1.AccessModeReadOnly || location.DeletionTimestamp != nil {
		return place{}, false
	}
	parsed, err := locations.ParsePlace(storage.Bucket, storage.Prefix)
	return place{parsed, provider.Endpoint(location.Spec.Provider, location.Spec.Config)}, err == nil
}

// Nest names the place where a location writes, and before it all that it lies in, from the bucket on: locations disturb each other
// if the place of one is in the nest of the other. It is empty for a location that disturbs none.
func Nest(location *v1.BackupStorageLocation) []string {
	place, ok := placeOf(location)
	if !ok {
		return nil
	}
	within := place.endpoint + " " + place.Bucket
	nest := []string{within}
	if place.Prefix == "" {
		return nest
	}
	for segment := range strings.SplitSeq(place.Prefix, "/") {
		within += "/" + segment
		nest = append(nest, within)
	}
	return nest
}

const remedy = "give each a prefix of its own, or set accessMode: ReadOnly on all but one"

// overlaps names the locations that lie in the same place, or one in the other. Only such that are
// written to disturb each other.
func overlaps(location *v1.BackupStorageLocation, around Surroundings) []string {
	own, ok := placeOf(location)
	if !ok {
		return nil
	}
	var same, outer, inner []string
	for _, other := range around.Near {
		place, ok := placeOf(other)
		name := nameFrom(location.Namespace, other)
		if !ok || name == location.Name || place.endpoint != own.endpoint {
			continue
		}
		switch {
		case place.Place == own.Place:
			same = append(same, name)
		case place.Contains(own.Place):
			outer = append(outer, name)
		case own.Contains(place.Place):
			inner = append(inner, name)
		}
	}

	var warnings []string
	say := func(names []string, text string) {
		if len(names) > 0 {
			warnings = append(warnings, fmt.Sprintf("spec.objectStorage: "+text+": "+remedy, own, locationsOf(names)))
		}
	}
	say(same, "the %s is also the place of %s, and each takes the other's backups for its own")
	say(outer, "the %s lies inside of %s, which Velero finds unavailable as soon as something is written here")
	say(inner, "the %s has %s inside, and Velero finds this one unavailable as soon as something is written there")
	taken := func(other *v1.BackupStorageLocation) bool { place, ok := placeOf(other); return ok && place == own }
	if slices.ContainsFunc(around.Hidden, taken) {
		warnings = append(warnings, fmt.Sprintf("spec.objectStorage: the %s is also the place of a location in another namespace, which is not shown to you, and each takes the other's backups for its own: %s", own, remedy))
	}
	return warnings
}

func locationsOf(names []string) string {
	noun := "location "
	if len(names) > 1 {
		noun = "locations "
	}
	return noun + locations.Enumerate(names)
}

// nameFrom is the name of a location as it is known in a namespace.
func nameFrom(namespace string, location *v1.BackupStorageLocation) string {
	if location.Namespace == namespace {
		return location.Name
	}
	return location.Namespace + "/" + location.Name
}
