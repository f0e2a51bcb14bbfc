package probe

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/locations"
)

// backups reads what is in the bucket.
func (c *check) backups(ctx context.Context) Row {
	store := backups.NewStore(c.Store, c.Place)
	names, err := store.Names(ctx)
	if err != nil {
		return c.fail(err)
	}
	row := Row{Result: OK, Count: len(names), Message: "in the bucket: " + locations.Count(len(names), "name")}
	if c.cut = len(names) > mostBackups; c.cut {
		names = names[len(names)-mostBackups:] // those of schedules end with their time
		row.Message += fmt.Sprintf(", of which the last %d are looked into", mostBackups)
	}
	c.found = make(map[string]*velerov1.Backup, len(names))
	var malformed []string
	for _, name := range names {
		found, err := store.Published(ctx, name)
		switch {
		case errors.Is(err, backups.ErrMalformed):
			malformed = append(malformed, name)
			continue
		case err != nil:
			return c.fail(err)
		}
		c.found[name] = found
	}
	if len(malformed) > 0 {
		row.Result, row.Names = Warning, first(malformed)
		row.Message += "; metadata cannot be understood of " + locations.Enumerate(malformed)
	}
	return row
}

// elsewhere finds who else writes here. The records of what was found in a bucket have UIDs of their own.
func (c *check) elsewhere(context.Context) Row {
	var names, origins []string
	for name, found := range c.found {
		if found == nil {
			continue
		}
		record := c.records[name]
		switch {
		case found.Namespace != "" && found.Namespace != c.Namespace:
			origins = append(origins, fmt.Sprintf("namespace %q", found.Namespace))
		case record != nil && c.Records.Unread == nil && record.UID != found.UID:
			if version := found.Annotations["velero.io/source-cluster-k8s-gitversion"]; version != "" {
				origins = append(origins, "Kubernetes "+version)
			}
		default:
			continue
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return Row{Result: OK, Message: "none"}
	}
	slices.Sort(names)
	text := fmt.Sprintf("%s of another cluster or namespace, or of this one before its records were lost: %s", locations.Count(len(names), "backup"), locations.Enumerate(names))
	if slices.Sort(origins); len(origins) > 0 {
		text += " (" + strings.Join(first(slices.Compact(origins)), ", ") + ")"
	}
	return Row{Result: Warning, Count: len(names), Names: first(names), Message: text + "; give each writer a prefix of its own"}
}

func (c *check) withoutRecord(context.Context) Row {
	if c.Records.Unread != nil {
		return Row{Result: NotAsked, Message: c.Records.Unread.Error()}
	}
	var whole, parts []string
	for name, found := range c.found {
		switch {
		case c.records[name] != nil:
		case found != nil:
			whole = append(whole, name)
		default:
			parts = append(parts, name)
		}
	}
	names := slices.Sorted(slices.Values(slices.Concat(whole, parts)))
	if len(names) == 0 {
		return Row{Result: OK, Message: "none"}
	}
	var texts []string
	if len(whole) > 0 {
		texts = append(texts, fmt.Sprintf("%s that backup-sync has made no record of: %s", locations.Count(len(whole), "backup"), locations.Enumerate(whole)))
	}
	if len(parts) > 0 {
		texts = append(texts, fmt.Sprintf("%s of an unfinished backup of somebody else, or of what was left of one: %s", locations.Count(len(parts), "folder"), locations.Enumerate(parts)))
	}
	return Row{Result: Warning, Count: len(names), Names: first(names), Message: strings.Join(texts, "; ")}
}

func (c *check) withoutData(context.Context) Row {
	switch {
	case c.Records.Unread != nil:
		return Row{Result: NotAsked, Message: c.Records.Unread.Error()}
	case c.cut:
		return Row{Result: NotAsked, Message: fmt.Sprintf("there are more than %d names in the bucket", mostBackups)}
	}
	var names []string
	for _, record := range c.Records.Backups {
		if record.Spec.StorageLocation == c.Location && backups.Restorable(record.Status.Phase) && c.found[record.Name] == nil {
			names = append(names, record.Name)
		}
	}
	if len(names) == 0 {
		return Row{Result: OK, Message: "none"}
	}
	return Row{
		Result: Warning, Count: len(names), Names: first(names),
		Message: fmt.Sprintf("%s whose data is not in the bucket, and that cannot be restored: %s", locations.Count(len(names), "backup"), locations.Enumerate(names)),
	}
}

// restores are those whose logs and results are there.
func (c *check) restores(ctx context.Context) Row {
	known := map[string]bool{}
	for i := range c.Records.Restores {
		known[c.Records.Restores[i].Name] = true
	}
	return c.unrecorded(ctx, known, "restores")
}

// repositories are those of the files of volumes, one for each namespace and each who puts files there.
func (c *check) repositories(ctx context.Context) Row {
	known := map[string]bool{}
	for i := range c.Records.Repositories {
		if spec := &c.Records.Repositories[i].Spec; spec.BackupStorageLocation == c.Location {
			known[spec.VolumeNamespace] = true
		}
	}
	return c.unrecorded(ctx, known, "kopia", "restic")
}

// unrecorded looks for directories in those of the place that have none of the known names.
func (c *check) unrecorded(ctx context.Context, known map[string]bool, directories ...string) Row {
	if c.Records.Unread != nil {
		return Row{Result: NotAsked, Message: c.Records.Unread.Error()}
	}
	var names []string
	for _, directory := range directories {
		found, err := c.Store.CommonPrefixes(ctx, c.Place.Root()+directory+"/")
		if err != nil {
			return c.unknown(err)
		}
		for _, one := range found {
			if name := path.Base(one); !known[name] {
				names = append(names, directory+"/"+name)
			}
		}
	}
	if len(names) == 0 {
		return Row{Result: OK, Message: "none"}
	}
	return Row{
		Result: Warning, Count: len(names), Names: first(names),
		Message: fmt.Sprintf("%s that this namespace has no record of, which may be another cluster's, or left over: %s", locations.Count(len(names), "folder"), locations.Enumerate(names)),
	}
}

// uploads are those of no backup that runs.
func (c *check) uploads(ctx context.Context) Row {
	row := Row{Result: OK, Message: "none"}
	oldest, more := time.Time{}, ""
	for upload, err := range c.Store.Uploads(ctx, c.Place.Root()) {
		if err != nil {
			return c.unknown(err)
		}
		if record := c.records[backupOf(c.Place, upload.Key)]; record != nil && record.Status.CompletionTimestamp == nil && record.Status.StartTimestamp != nil {
			continue
		}
		if row.Count++; row.Count > mostUploads {
			row.Count, more = mostUploads, "more than "
			break
		}
		row.Bytes += upload.Size
		row.Names = append(row.Names, upload.Key)
		if oldest.IsZero() || upload.Initiated.Before(oldest) {
			oldest = upload.Initiated
		}
	}
	if row.Count == 0 {
		return row
	}
	row.Result, row.Names = Warning, first(row.Names)
	row.Message = fmt.Sprintf("%s%s of %d bytes, the oldest of %s, which no listing shows: have a lifecycle rule of the bucket abort them",
		more, locations.Count(row.Count, "upload"), row.Bytes, oldest.UTC().Format(time.DateOnly))
	return row
}

// backupOf is the name of the backup that a key belongs to; empty: it belongs to none.
func backupOf(place locations.Place, key string) string {
	inside, found := strings.CutPrefix(key, place.Root()+"backups/")
	name, _, below := strings.Cut(inside, "/")
	if !found || !below {
		return ""
	}
	return name
}

// snapshots are looked for whose backup is neither on record nor in the bucket.
func (c *check) snapshots(ctx context.Context, volumes Volumes) Row {
	if volumes.Snapshots == nil {
		return Row{Result: NotAsked, Message: volumes.Closed.Error()}
	}
	lister, can := volumes.Snapshots.(snapshotter.Lister)
	switch {
	case !can:
		return Row{Result: NotAsked, Message: ErrUnlisted.Error()}
	case c.Records.Unread != nil:
		return Row{Result: NotAsked, Message: c.Records.Unread.Error()}
	case c.found == nil || c.cut:
		return Row{Result: NotAsked, Message: "not all backups of the bucket are known"}
	}
	tagged, err := lister.ListSnapshots(ctx, backups.NameTag)
	if err != nil {
		return c.fail(err)
	}
	known := map[string]bool{}
	for name := range c.found {
		known[name] = true
	}
	for i := range c.Records.Backups {
		known[c.Records.Backups[i].Name] = true
	}
	var names []string
	for id, name := range tagged {
		if !known[name] {
			names = append(names, id)
		}
	}
	if len(names) == 0 {
		return Row{Result: OK, Message: locations.Count(len(tagged), "snapshot") + ", each of a backup that is known here"}
	}
	slices.Sort(names)
	return Row{
		Result: Warning, Count: len(names), Names: first(names),
		Message: fmt.Sprintf("%s of backups that are not known here, which may be another cluster's, or left over: %s", locations.Count(len(names), "snapshot"), locations.Enumerate(names)),
	}
}
