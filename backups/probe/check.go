package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/locations"
)

// Subject is a location, opened, with what is known of its backups.
type Subject struct {
	// Location by its name, in its namespace.
	Location, Namespace string
	// Unreached is why nothing here can ask the storage. Empty: it is asked.
	Unreached string
	// Store is nil if it could not be opened, which Closed says the reason of.
	Store  objectstore.Bucket
	Closed error
	Place  locations.Place
	// Unwritable is why nothing is to be written; empty: it is.
	Unwritable string
	// Explain adds to an error of the storage which credentials it is about.
	Explain func(error) error
	Records Records
	// Volumes are the volume snapshot locations of the namespace.
	Volumes []Volumes
}

// Records are what the API has of the namespace of a location. If they cannot be read, Unread says why.
type Records struct {
	Backups      []velerov1.Backup
	Restores     []velerov1.Restore
	Repositories []velerov1.BackupRepository
	Unread       error
}

// Volumes is a volume snapshot location, opened.
type Volumes struct {
	Name string
	// Snapshots reach it; nil: they cannot, and Closed says why.
	Snapshots snapshotter.Snapshotter
	Closed    error
}

// ErrUnlisted is why volumes are closed that nothing here speaks to.
var ErrUnlisted = errors.New("snapshots of this provider cannot be listed from here")

// What bounds a check.
const (
	// mostBackups is how many backups of a bucket are looked into.
	mostBackups = 1000
	// mostUploads is how many unfinished uploads are measured.
	mostUploads = 1000
	// mostLeft is how many objects of earlier checks are looked at, and leftAfter how old they are: a check that runs has none as old.
	mostLeft, leftAfter = 100, 10 * time.Minute
	// mostNames is how many names a row has.
	mostNames = 20
	// patience is how long is taken to clear away when the check was interrupted.
	patience = 10 * time.Second
	// noticeable is how far clocks may be apart without a word, and tolerated until when S3 takes signatures.
	noticeable, tolerated = time.Minute, 15 * time.Minute
)

// check is one run.
type check struct {
	*Subject

	key     string
	content []byte
	rows    map[string]Row
	// records are the Backups in the location, by their names.
	records map[string]*velerov1.Backup
	// written says that there is an object to clear away, and traced that it may have versions. The bucket keeps those, versioned, or
	// keeps none, unversioned, or has not said.
	written, traced, versioned, unversioned bool
	// retention is how long the bucket keeps what is written.
	retention string
	// top are the directories of the place.
	top []string
	// found are the backups of the bucket by their names; nil: of one whose metadata are not there.
	found map[string]*velerov1.Backup
	// cut says that there are more.
	cut bool
}

// step is one thing that is tried.
type step struct {
	name string
	// needs are the steps that must not have failed, nor been left out, before this one makes sense.
	needs []string
	// writes says that the step changes the bucket, for as long as the check runs.
	writes bool
	run    func(*check, context.Context) Row
}

// The names that steps refer to.
const (
	listing = "list"
	written = "write"
	backup  = "backups"
)

// steps in their order.
var steps = []step{
	{name: listing, run: (*check).list},
	{name: "clock", run: (*check).clock},
	{name: "directories", needs: []string{listing}, run: (*check).directories},
	{name: "versioning", needs: []string{listing}, run: (*check).versioning},
	{name: "object lock", needs: []string{listing}, run: (*check).lock},
	{name: "multipart upload", needs: []string{listing}, writes: true, run: (*check).multipart},
	{name: written, needs: []string{listing}, writes: true, run: (*check).write},
	{name: "read", needs: []string{written}, writes: true, run: (*check).read},
	{name: "If-None-Match", needs: []string{written}, writes: true, run: (*check).condition},
	{name: "delete", needs: []string{written}, writes: true, run: (*check).remove},
	{name: "earlier checks", needs: []string{listing}, run: (*check).earlier},
	{name: backup, needs: []string{listing}, run: (*check).backups},
	{name: "made elsewhere", needs: []string{backup}, run: (*check).elsewhere},
	{name: "data without record", needs: []string{backup}, run: (*check).withoutRecord},
	{name: "records without data", needs: []string{backup}, run: (*check).withoutData},
	{name: "restores without record", needs: []string{listing}, run: (*check).restores},
	{name: "repositories without record", needs: []string{listing}, run: (*check).repositories},
	{name: "unfinished uploads", needs: []string{listing}, run: (*check).uploads},
}

// Check takes all steps, and leaves nothing behind that it may delete, however it ends.
func Check(ctx context.Context, of *Subject) Report {
	c := &check{Subject: of, key: key(of.Place), content: []byte("velero-locations backup-location check\n"), rows: map[string]Row{}, records: map[string]*velerov1.Backup{}}
	for i := range of.Records.Backups {
		if record := &of.Records.Backups[i]; record.Spec.StorageLocation == of.Location {
			c.records[record.Name] = record
		}
	}
	report := Report{Location: of.Location, Namespace: of.Namespace}
	if of.Store != nil {
		report.Place = of.Place.String()
	}
	defer c.clear(ctx)
	for _, step := range steps {
		row := c.take(ctx, step)
		row.Check = step.name
		c.rows[step.name] = row
		report.Checks = append(report.Checks, row)
	}
	for _, volumes := range of.Volumes {
		row := c.snapshots(ctx, volumes)
		row.Check = "snapshots of " + volumes.Name
		report.Checks = append(report.Checks, row)
	}
	return report
}

func (c *check) take(ctx context.Context, step step) Row {
	for _, need := range step.needs {
		if result := c.rows[need].Result; result == Failed || result == NotAsked {
			return Row{Result: NotAsked, Message: fmt.Sprintf("%q has not succeeded", need)}
		}
	}
	if ctx.Err() != nil {
		return Row{Result: NotAsked, Message: "the check was interrupted, or its time was over"}
	}
	if step.writes && c.Unwritable != "" {
		return Row{Result: NotAsked, Message: c.Unwritable}
	}
	return step.run(c, ctx)
}

// clear removes what a check that did not come to its end has left.
func (c *check) clear(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if c.written {
		_ = c.Store.Delete(ctx, c.key) // the step has said what is in the way
	}
	if c.traced && !c.unversioned {
		_ = c.Store.Purge(ctx, c.key)
	}
}

func (c *check) fail(err error) Row { return Row{Result: Failed, Message: c.explain(err)} }

func (c *check) explain(err error) string { return c.Explain(err).Error() }

// unknown is about what only other permissions, or other storage, could tell.
func (c *check) unknown(err error) Row {
	var answer *objectstore.Error
	if errors.Is(err, objectstore.ErrUnsupported) || errors.As(err, &answer) && answer.CredentialsRefused() {
		return Row{Result: NotAsked, Message: c.explain(err)}
	}
	return c.fail(err)
}

func (c *check) list(ctx context.Context) Row {
	switch {
	case c.Unreached != "":
		return Row{Result: NotAsked, Message: c.Unreached}
	case c.Closed != nil:
		return c.fail(c.Closed)
	}
	var err error
	if c.top, err = c.Store.CommonPrefixes(ctx, c.Place.Root()); err != nil {
		return c.fail(err)
	}
	return Row{Result: OK}
}

func (c *check) clock(context.Context) Row {
	const silent = "no answer of the storage has told its time"
	if c.Store == nil {
		return Row{Result: NotAsked, Message: silent}
	}
	skew, told := c.Store.Skew()
	if !told {
		return Row{Result: NotAsked, Message: silent}
	}
	row := Row{Result: OK, Message: "it agrees with the one here, to a minute"}
	if skew.Abs() < noticeable {
		return row
	}
	direction := "ahead of"
	if skew < 0 {
		direction = "behind"
	}
	row.Result = Warning
	row.Message = fmt.Sprintf("the clock of the storage is %s %s the one here: set both right", skew.Abs().Round(time.Second), direction)
	if skew.Abs() > tolerated {
		row.Result = Failed
	}
	return row
}

func (c *check) directories(context.Context) Row {
	if err := locations.CheckDirectories(c.Place, c.top); err != nil {
		return c.fail(err)
	}
	return Row{Result: OK, Message: "only Velero's"}
}

func (c *check) versioning(ctx context.Context) Row {
	versioning, err := c.Store.Versioning(ctx)
	switch {
	case err != nil:
		return c.unknown(err)
	case versioning == objectstore.VersioningSuspended:
		return Row{Result: OK, Message: "suspended: versions from before stay"}
	case versioning != "":
		c.versioned = true
		return Row{Result: Warning, Message: "the bucket keeps versions: deleted backups take up room until a lifecycle rule of the bucket removes noncurrent versions"}
	}
	c.unversioned = true
	return Row{Result: OK, Message: "off: what is deleted is gone"}
}

func (c *check) lock(ctx context.Context) Row {
	retention, err := c.Store.Retention(ctx)
	switch {
	case err != nil:
		return c.unknown(err)
	case retention != "":
		c.retention = retention
		return Row{Result: Warning, Message: fmt.Sprintf("the bucket keeps what is written for %s, whoever deletes it: backups that expire sooner take up room until then", retention)}
	}
	return Row{Result: OK, Message: "no default retention"}
}

func (c *check) multipart(ctx context.Context) Row {
	refused, left := Write(ctx, c.Store, c.Place)
	switch {
	case errors.Is(refused, objectstore.ErrUnsupported):
		return Row{Result: Warning, Message: "the storage does not know uploads in parts: backups of more than 16 MiB fail"}
	case refused != nil:
		return c.fail(refused)
	case left != nil:
		return Row{Result: Warning, Message: "uploads that break off stay: " + c.explain(left)}
	}
	return Row{Result: OK}
}

func (c *check) write(ctx context.Context) Row {
	if c.retention != "" {
		return Row{Result: NotAsked, Message: "what is written could not be deleted for " + c.retention}
	}
	c.written, c.traced = true, true // or may be, if the answer is lost
	if err := c.Store.Put(ctx, c.key, bytes.NewReader(c.content)); err != nil {
		return c.fail(err)
	}
	return Row{Result: OK}
}

func (c *check) read(ctx context.Context) Row {
	content, err := objectstore.ReadAll(ctx, c.Store, c.key)
	switch {
	case err != nil:
		return c.fail(err)
	case !bytes.Equal(content, c.content):
		return Row{Result: Failed, Message: "what is read is not what was written"}
	}
	return Row{Result: OK}
}

func (c *check) condition(ctx context.Context) Row {
	err := c.Store.Create(ctx, c.key, c.content)
	var answer *objectstore.Error
	switch {
	case errors.Is(err, objectstore.ErrExists):
		return Row{Result: OK, Message: "the storage does not overwrite what is to be new"}
	case err == nil:
		return Row{Result: Warning, Message: "the storage overwrites what is to be new: of two backups of one name at once, one can damage the other"}
	case errors.As(err, &answer) && answer.Status != 0 && !answer.CredentialsRefused() && !answer.Overloaded():
		return Row{Result: Warning, Message: "the storage does not take the condition, so that backups by the controllers here fail: " + c.explain(err)}
	}
	return c.fail(err)
}

func (c *check) remove(ctx context.Context) Row {
	if err := c.Store.Delete(ctx, c.key); err != nil {
		row := c.fail(err)
		row.Message += fmt.Sprintf("; %q stays", c.key)
		row.Names = []string{c.key}
		return row
	}
	there, err := c.Store.Exists(ctx, c.key)
	switch {
	case err != nil:
		return c.fail(err)
	case there:
		return Row{Result: Failed, Message: fmt.Sprintf("the storage has deleted %q, and still shows it", c.key), Names: []string{c.key}}
	case c.unversioned:
		c.written, c.traced = false, false
		return Row{Result: OK}
	}
	c.written = false
	if err := c.Store.Purge(ctx, c.key); err != nil && c.versioned {
		return Row{Result: Warning, Message: fmt.Sprintf("%q was deleted, but its versions stay: %s", c.key, c.explain(err)), Names: []string{c.key}}
	}
	c.traced = false
	return Row{Result: OK}
}

func first(names []string) []string { return names[:min(len(names), mostNames)] }
