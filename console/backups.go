package console

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/apis/velero"
	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/locations"
)

// shown is how many backups and how many restores are shown, the newest.
const shown = 50

// States of a step.
const (
	done    = "done"
	now     = "now"
	stopped = "stopped"
	lacking = "lacking" // it was gone by, without something
	ahead   = "ahead"
)

// step is a part of the way of a backup.
type step struct {
	Name  string `json:"name"`
	State string `json:"state"`
	Text  string `json:"text"`
}

// backup is what the page needs to know of one.
type backup struct {
	Namespace string     `json:"namespace"`
	Name      string     `json:"name"`
	Phase     string     `json:"phase"`
	Created   time.Time  `json:"created"`
	Ended     *time.Time `json:"ended,omitempty"`
	// Done of Items are backed up by now.
	Done  int `json:"done"`
	Items int `json:"items"`
	// Steps are the way of the backup, and Why says what stopped it, or is wrong with it.
	Steps []step   `json:"steps"`
	Why   []string `json:"why"`
	// Bucket and region are those of its location, if that is there, and Files the keys that its files have by Velero's layout.
	Bucket string   `json:"bucket,omitempty"`
	Region string   `json:"region,omitempty"`
	Folder string   `json:"folder,omitempty"`
	Files  []string `json:"files,omitempty"`
}

// restore is what the page needs to know of one.
type restore struct {
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	Phase     string    `json:"phase"`
	Created   time.Time `json:"created"`
	Backup    string    `json:"backup"`
	Done      int       `json:"done"`
	Items     int       `json:"items"`
	Why       []string  `json:"why"`
}

// backupList is the answer about backups, the newest of each kind first.
type backupList struct {
	Backups   []backup   `json:"backups"`
	All       int        `json:"all"`
	Schedules []schedule `json:"schedules"`
	Restores  []restore  `json:"restores"`
	Now       time.Time  `json:"now"`
	Problems  []string   `json:"problems"`
}

func (c *Cluster) showBackups(w http.ResponseWriter, r *http.Request) error {
	problems := await(r.Context(), &c.backups.kind, &c.restores.kind, &c.schedules.kind, &c.storage.kind)
	made, schedules := c.backups.list(), c.schedules.list()
	out := backupList{Backups: []backup{}, All: len(made), Restores: []restore{}, Now: time.Now(), Problems: problems}
	out.Schedules = describeSchedules(first(schedules), made, out.Now)
	world := world{map[string]*v1.BackupStorageLocation{}, map[string]*v1.Schedule{}}
	for _, l := range c.storage.list() {
		world.locations[nameOf(l)] = l
	}
	for _, s := range schedules {
		world.schedules[s.Namespace+"/"+locations.LabelValue(s.Name)] = s
	}
	for _, b := range newest(made) {
		out.Backups = append(out.Backups, describe(b, world))
	}
	for _, r := range newest(c.restores.list()) {
		one := restore{
			Namespace: r.Namespace, Name: r.Name, Phase: string(r.Status.Phase), Created: r.CreationTimestamp.Time,
			Backup: cmp.Or(r.Spec.BackupName, "the last of schedule "+r.Spec.ScheduleName),
			Why:    why(r.Status.ValidationErrors, r.Status.FailureReason, r.Status.Errors, r.Status.Warnings),
		}
		if p := r.Status.Progress; p != nil {
			one.Done, one.Items = p.ItemsRestored, p.TotalItems
		}
		out.Restores = append(out.Restores, one)
	}
	return writeJSON(w, http.StatusOK, out)
}

// newest returns the newest objects, the newest first.
func newest[T metav1.Object](all []T) []T {
	slices.SortFunc(all, func(a, b T) int {
		return cmp.Or(b.GetCreationTimestamp().Compare(a.GetCreationTimestamp().Time), cmp.Compare(nameOf(b), nameOf(a)))
	})
	return all[:min(len(all), shown)]
}

func why(validation []string, failure string, failures, warnings int) []string {
	out := slices.Clone(validation)
	if failure != "" {
		out = append(out, failure)
	}
	if failures > 0 || warnings > 0 {
		out = append(out, locations.Count(failures, "error")+", "+locations.Count(warnings, "warning"))
	}
	return append([]string{}, out...) // never null
}

// world is what a backup is described by: locations by their names, and schedules by the labels that their backups have of them.
type world struct {
	locations map[string]*v1.BackupStorageLocation
	schedules map[string]*v1.Schedule
}

func describe(b *v1.Backup, around world) backup {
	s := b.Status
	out := backup{
		Namespace: b.Namespace, Name: b.Name, Phase: string(cmp.Or(s.Phase, v1.BackupPhaseNew)), Created: b.CreationTimestamp.Time,
		Steps: steps(b, around), Why: why(s.ValidationErrors, s.FailureReason, s.Errors, s.Warnings),
	}
	if s.CompletionTimestamp != nil {
		out.Ended = &s.CompletionTimestamp.Time
	}
	if s.Progress != nil {
		out.Done, out.Items = s.Progress.ItemsBackedUp, s.Progress.TotalItems
	}
	location := around.locations[b.Namespace+"/"+b.Spec.StorageLocation]
	if location == nil || location.Spec.ObjectStorage == nil {
		return out
	}
	place, err := locations.ParsePlace(location.Spec.ObjectStorage.Bucket, location.Spec.ObjectStorage.Prefix)
	if err != nil { // the location says so itself
		return out
	}
	out.Bucket, out.Region, out.Folder = place.Bucket, location.Spec.Config["region"], place.Root()+"backups/"+b.Name+"/"
	for _, file := range []backups.File{
		backups.Metadata, backups.Contents, backups.Log, backups.Results, backups.ResourceList, backups.VolumeSnapshots, backups.VolumeInfos,
	} {
		out.Files = append(out.Files, file.Key(place, b.Name))
	}
	return out
}

// steps are the way of a backup: those before the one at which it is are done, those behind it ahead.
func steps(b *v1.Backup, around world) []step {
	s := b.Status
	attempted := s.VolumeSnapshotsAttempted + s.CSIVolumeSnapshotsAttempted
	completed := s.VolumeSnapshotsCompleted + s.CSIVolumeSnapshotsCompleted
	all := []step{
		{Name: "API", Text: origin(b)},
		{Name: "location", Text: destination(b, around)},
		{Name: "objects", Text: "none yet"},
		{Name: "snapshots", Text: fmt.Sprintf("%d of %d", completed, attempted)},
		{Name: "bucket", Text: "no files yet"},
	}
	if p := s.Progress; p != nil {
		all[2].Text = fmt.Sprintf("%d of %d", p.ItemsBackedUp, p.TotalItems)
	}
	at, state := stage(b)
	for i := range all {
		switch {
		case i < at:
			all[i].State = done
		case i == at:
			all[i].State = state
		default:
			all[i].State = ahead
		}
	}
	switch {
	case s.Phase == v1.BackupPhasePartiallyFailed && completed < attempted:
		all[3].State = lacking
	case s.Phase == v1.BackupPhasePartiallyFailed:
		all[2].State = lacking
	}
	if all[4].State == done {
		all[4].Text = "its files are there"
	}
	return all
}

// stage says at which step a backup is, by its place among them, and whether it goes on from there. Behind the last it has ended.
func stage(b *v1.Backup) (at int, state string) {
	const api, location, objects, snapshots, bucket, end = 0, 1, 2, 3, 4, 5
	s := b.Status
	switch {
	case s.Phase == v1.BackupPhaseCompleted, s.Phase == v1.BackupPhasePartiallyFailed:
		return end, done
	case s.Phase == v1.BackupPhaseFailedValidation:
		if strings.Contains(strings.ToLower(strings.Join(s.ValidationErrors, " ")), "location") {
			return location, stopped
		}
		return api, stopped
	case s.Phase == v1.BackupPhaseFailed && s.StartTimestamp == nil:
		return location, stopped
	case s.Phase == v1.BackupPhaseFailed && (s.Progress == nil || s.Progress.ItemsBackedUp < s.Progress.TotalItems):
		return objects, stopped
	case s.Phase == v1.BackupPhaseFailed:
		return bucket, stopped
	case s.Phase.Waiting():
		return location, now
	case s.Phase == v1.BackupPhaseInProgress:
		return objects, now
	case s.Phase.Running():
		return snapshots, now
	}
	return bucket, now // it is being deleted
}

func origin(b *v1.Backup) string {
	if schedule := b.Labels[velero.ScheduleNameLabel]; schedule != "" {
		return fmt.Sprintf("made by schedule %q", schedule)
	}
	return "created"
}

// destination says where a backup goes, and why. The API server writes a default into the backup, so that only the schedule shows whether
// it was named.
func destination(b *v1.Backup, around world) string {
	name := b.Spec.StorageLocation
	if name == "" {
		return "none yet"
	}
	because := "named in its spec, or the default as it was created"
	location := around.locations[b.Namespace+"/"+name]
	isDefault := location != nil && location.Spec.Default
	label := b.Labels[velero.ScheduleNameLabel]
	schedule := around.schedules[b.Namespace+"/"+label]
	switch {
	case label != "" && schedule != nil && schedule.Spec.Template.StorageLocation == name:
		because = "its schedule names it"
	case isDefault:
		because = "the default, or named in its spec"
	}
	if location == nil {
		because += "; there is no such location now"
	}
	if position := b.Status.QueuePosition; position > 0 {
		because += fmt.Sprintf("; place %d in the queue", position)
	}
	return fmt.Sprintf("%s: %s", name, because)
}
