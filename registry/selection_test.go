package registry_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/apis/velero"
	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	domain "github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/selection"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/velero/backup"
	"github.com/velero-locations/velero-locations/registry/velero/backupstoragelocation"
	"github.com/velero-locations/velero-locations/registry/velero/schedule"
	"github.com/velero-locations/velero-locations/registry/velero/volumesnapshotlocation"
)

// server serves locations, backups and schedules, as stores with watch caches that know of each other.
type server struct {
	env                                    *generic.Environment
	storage, snapshots, backups, schedules *generic.Store
	made                                   map[string]int // backups, by location
}

func serve(t *testing.T) *server {
	t.Helper()
	return serveOn(t.Context(), t, startEtcd(t))
}

// serveOn serves on an etcd that others may serve on, too. What runs beside the stores does so until the context ends.
func serveOn(ctx context.Context, t *testing.T, etcd storagebackend.Config) *server {
	t.Helper()
	env := &generic.Environment{Defaults: selection.Defaults{StorageLocation: selection.DefaultStorageLocation}}
	add := func(kind generic.Kind) *generic.Store {
		store := newIdleStore(t, etcd, kind, genericregistry.StorageWithCacher())
		env.Serve(kind.GroupVersionResource().GroupResource(), store)
		return store
	}
	s := &server{
		env: env, made: map[string]int{}, storage: add(backupstoragelocation.New(env)), snapshots: add(volumesnapshotlocation.New(env)),
		backups: add(backup.New(env)), schedules: add(schedule.New(env)),
	}
	go s.storage.Background()(ctx)
	return s
}

// create returns the object as it was made, the warnings, and the error.
func create[T runtime.Object](store *generic.Store, obj T, dryRun ...string) (T, []string, error) {
	ctx, r := request("ann")
	created, err := store.Create(ctx, obj, rest.ValidateAllObjectFunc, &metav1.CreateOptions{DryRun: dryRun})
	if err != nil {
		var none T
		return none, r.said, err
	}
	return created.(T), r.said, nil
}

// change changes a stored object.
func change[T runtime.Object](t *testing.T, store *generic.Store, name string, change func(T)) (T, error) {
	t.Helper()
	ctx, _ := request("ann")
	edit := func(_ context.Context, _, current runtime.Object) (runtime.Object, error) {
		obj := current.DeepCopyObject()
		change(obj.(T))
		return obj, nil
	}
	updated, _, err := store.Update(ctx, name, rest.DefaultUpdatedObjectInfo(nil, edit), rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc, false, &metav1.UpdateOptions{})
	if err != nil {
		var none T
		return none, err
	}
	return updated.(T), nil
}

func (s *server) remove(name string, dryRun ...string) ([]string, error) {
	ctx, r := request("ann")
	_, _, err := s.storage.Delete(ctx, name, rest.ValidateAllObjectFunc, &metav1.DeleteOptions{DryRun: dryRun})
	return r.said, err
}

// recorded returns the names of all backups, in order.
func (s *server) recorded(t *testing.T) []string {
	t.Helper()
	ctx, _ := request("ann")
	list, err := s.backups.List(ctx, &metainternalversion.ListOptions{})
	for apierrors.IsTooManyRequests(err) { // the watch cache is being filled
		time.Sleep(10 * time.Millisecond)
		list, err = s.backups.List(ctx, &metainternalversion.ListOptions{})
	}
	must(t, err)
	names := []string{}
	for _, b := range list.(*v1.BackupList).Items {
		names = append(names, b.Name)
	}
	slices.Sort(names)
	return names
}

// makeLocations makes locations as the words say: NAME [default] [readonly] [unavailable] [unchecked] of
// object storage, and NAME PROVIDER of snapshots.
func (s *server) makeLocations(t *testing.T, storage, snapshots []string) {
	t.Helper()
	for _, text := range storage {
		words := strings.Fields(text)
		l := newLocation(words[0], "")
		l.Spec.ObjectStorage.Prefix = words[0]
		l.Status.Phase = v1.BackupStorageLocationAvailable
		for _, word := range words[1:] {
			switch word {
			case "default":
				l.Spec.Default = true
			case "readonly":
				l.Spec.AccessMode = v1.AccessModeReadOnly
			case "unavailable":
				l.Status.Phase, l.Status.Message = v1.BackupStorageLocationUnavailable, "no such bucket"
			case "unchecked":
				l.Status.Phase = ""
			default:
				t.Fatalf("%q is not about a storage location", word)
			}
		}
		_, _, err := create(s.storage, l)
		must(t, err)
	}
	for _, text := range snapshots {
		name, provider, _ := strings.Cut(text, " ")
		_, _, err := create(s.snapshots, &v1.VolumeSnapshotLocation{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "velero"},
			Spec:       v1.VolumeSnapshotLocationSpec{Provider: provider, Config: map[string]string{"region": "us-east-1"}},
			Status:     v1.VolumeSnapshotLocationStatus{Phase: v1.VolumeSnapshotLocationAvailable},
		})
		must(t, err)
	}
}

// destinationCase is a backup of testdata/selection.yaml, which says how to read it.
type destinationCase struct {
	Name             string
	Ask              v1.BackupSpec
	Phase, Scheduled v1.BackupPhase
	Want             string
	Warnings, Errors []string
	// Missing is how many of the Errors, the last ones, are gone once a location is made.
	Missing int
	// Passing is how many of the Warnings, the last ones, are of no use to a schedule: they are gone before its first backup.
	Passing int
}

// TestDestinations shows what is written into backups that are asked for, what is refused and what is warned of, the same in
// a dry run; and that the template of a schedule is refused for the same reasons, but for want of a location it is warned of,
// and not of what is gone before long.
func TestDestinations(t *testing.T) {
	data, err := os.ReadFile("testdata/selection.yaml")
	must(t, err)
	var namespaces []struct {
		Storage, Snapshots []string
		Defaults           string
		Cases              []destinationCase
	}
	must(t, yaml.UnmarshalStrict(data, &namespaces))
	for i, n := range namespaces {
		t.Run(fmt.Sprint("namespace ", i), func(t *testing.T) {
			s := serve(t)
			must(t, s.env.Defaults.SnapshotLocations.Set(n.Defaults))
			s.makeLocations(t, n.Storage, n.Snapshots)
			for _, c := range n.Cases {
				t.Run(c.Name, func(t *testing.T) {
					for _, dryRun := range [][]string{{metav1.DryRunAll}, nil} {
						c.run(t, s, dryRun...)
					}
					if c.Phase == "" && c.Scheduled == "" {
						c.runTemplate(t, s)
					}
				})
			}
		})
	}
}

func (c *destinationCase) backup() *v1.Backup {
	b := &v1.Backup{
		ObjectMeta: metav1.ObjectMeta{Name: strings.ReplaceAll(strings.ToLower(strings.ReplaceAll(c.Name, "'", "")), " ", "-"), Namespace: "velero"},
		Spec:       *c.Ask.DeepCopy(), Status: v1.BackupStatus{Phase: c.Phase},
	}
	if c.Scheduled != "" {
		b.Labels = map[string]string{velero.ScheduleNameLabel: "nightly"}
	}
	return b
}

func (c *destinationCase) run(t *testing.T, s *server, dryRun ...string) {
	t.Helper()
	made, said, err := create(s.backups, c.backup(), dryRun...)
	wantTexts(t, "warnings", said, c.Warnings)
	if c.Want == "" {
		wantTexts(t, "errors", causes(t, err), c.Errors)
		return
	}
	must(t, err)
	if got := made.Spec.StorageLocation + " | " + strings.Join(made.Spec.VolumeSnapshotLocations, ", "); strings.TrimSpace(got) != strings.TrimSpace(c.Want) {
		t.Errorf("it goes to %s, want %s", got, c.Want)
	}
	wantPhase, wantLabel := c.Phase, made.Spec.StorageLocation
	if c.Scheduled == v1.BackupPhaseFailedValidation {
		wantPhase = c.Scheduled
		if left := time.Until(made.Status.Expiration.Time); left < 29*24*time.Hour || left > 30*24*time.Hour {
			t.Errorf("the record expires in %s", left)
		}
	} else if c.Phase == v1.BackupPhaseCompleted {
		wantLabel = ""
	}
	if made.Status.Phase != wantPhase || made.Labels[domain.StorageLocationLabel] != wantLabel {
		t.Errorf("phase %q and labels %v, want phase %q and location %q", made.Status.Phase, made.Labels, wantPhase, wantLabel)
	}
	wantTexts(t, "validation errors", made.Status.ValidationErrors, c.Errors)
}

// runTemplate asks for the same by a schedule.
func (c *destinationCase) runTemplate(t *testing.T, s *server) {
	t.Helper()
	made, said, err := create(s.schedules, &v1.Schedule{
		ObjectMeta: metav1.ObjectMeta{Name: "nightly", Namespace: "velero"},
		Spec:       v1.ScheduleSpec{Schedule: "@daily", Template: *c.Ask.DeepCopy()},
	}, metav1.DryRunAll)
	inTemplate := func(words []string) []string {
		all := []string{}
		for _, text := range words {
			all = append(all, strings.ReplaceAll(text, "spec.", "spec.template."))
		}
		return all
	}
	lasting, missing := c.Errors[:len(c.Errors)-c.Missing], c.Errors[len(c.Errors)-c.Missing:]
	if err != nil || len(lasting) > 0 {
		wantTexts(t, "errors of the template", causes(t, err), inTemplate(lasting))
		return
	}
	wantTexts(t, "warnings", said, inTemplate(slices.Concat(missing, c.Warnings[:len(c.Warnings)-c.Passing])))
	if made.Spec.Template.StorageLocation != c.Ask.StorageLocation {
		t.Errorf("the template's location became %q: what is selected is for each backup to say", made.Spec.Template.StorageLocation)
	}
}

// causes are the field errors of a refusal.
func causes(t *testing.T, err error) []string {
	t.Helper()
	var refused *apierrors.StatusError
	if !errors.As(err, &refused) || refused.ErrStatus.Details == nil {
		t.Fatalf("got error %v, want field errors", err)
	}
	texts := []string{}
	for _, cause := range refused.ErrStatus.Details.Causes {
		texts = append(texts, cause.Field+": "+cause.Message)
	}
	return texts
}

// wantTexts wants each text to have all words, which + separates.
func wantTexts(t *testing.T, what string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d %s, %q, want %q", len(got), what, got, want)
	}
	for i := range want {
		for word := range strings.SplitSeq(want[i], " + ") {
			if !strings.Contains(got[i], word) {
				t.Errorf("got %q, want %q in it", got[i], word)
			}
		}
	}
}

// TestDestinationIsFixedOnceBegun shows until when the locations of a backup can be changed, and what
// Velero's controllers and GitOps tools rely on.
func TestDestinationIsFixedOnceBegun(t *testing.T) {
	s := serve(t)
	s.makeLocations(t, []string{"primary default", "secondary"}, []string{"ebs aws", "px portworx"})
	made, _, err := create(s.backups, (&destinationCase{Name: "full"}).backup())
	must(t, err)
	if made.Generation != 1 {
		t.Errorf("the generation is %d", made.Generation)
	}
	want := func(b *v1.Backup, err error, want string) {
		t.Helper()
		must(t, err)
		if got := b.Spec.StorageLocation + " | " + strings.Join(b.Spec.VolumeSnapshotLocations, ", "); got != want || b.Labels[domain.StorageLocationLabel] != b.Spec.StorageLocation {
			t.Errorf("it goes to %s, and is labelled %v, want %s", got, b.Labels, want)
		}
	}
	edit := func(do func(*v1.Backup)) (*v1.Backup, error) { return change(t, s.backups, "full", do) }

	b, err := edit(func(b *v1.Backup) { b.Spec.StorageLocation = "secondary" })
	want(b, err, "secondary | ebs, px")
	b, err = edit(func(b *v1.Backup) { b.Spec.StorageLocation, b.Spec.VolumeSnapshotLocations = "", []string{"px"} })
	want(b, err, "primary | px, ebs")
	_, err = edit(func(b *v1.Backup) { b.Spec.StorageLocation = "nowhere" })
	wantTexts(t, "errors", causes(t, err), []string{"spec.storageLocation: Not found"})
	b, err = edit(func(b *v1.Backup) { b.Status.Phase, b.Status.QueuePosition = v1.BackupPhaseQueued, 1 })
	want(b, err, "primary | px, ebs")
	b, err = edit(func(b *v1.Backup) { b.Status.Phase, b.Status.QueuePosition = v1.BackupPhaseReadyToStart, 0 })
	want(b, err, "primary | px, ebs")

	// Velero's server selects by itself, and writes that together with the phase.
	b, err = edit(func(b *v1.Backup) {
		b.Spec.StorageLocation, b.Spec.VolumeSnapshotLocations = "secondary", []string{"ebs", "px"}
		b.Labels[domain.StorageLocationLabel], b.Status.Phase = "secondary", v1.BackupPhaseInProgress
	})
	want(b, err, "secondary | ebs, px")

	_, err = edit(func(b *v1.Backup) {
		b.Spec.StorageLocation, b.Spec.VolumeSnapshotLocations = "primary", []string{"px", "third"}
	})
	wantTexts(t, "errors", causes(t, err), []string{
		`spec.storageLocation: + must stay "secondary", fixed once the backup has begun: make another backup`,
		`spec.volumeSnapshotLocations: + must stay ["ebs" "px"], fixed`,
	})
	b, err = edit(func(b *v1.Backup) { b.Spec.StorageLocation, b.Spec.VolumeSnapshotLocations = "", []string{"px"} })
	want(b, err, "secondary | ebs, px")
	b, err = edit(func(b *v1.Backup) { b.Status.Phase, b.Spec.TTL.Duration = v1.BackupPhaseCompleted, time.Hour })
	want(b, err, "secondary | ebs, px")

	// kubectl replace puts a manifest, without label and status, in the place of a backup: it must not be made once more.
	b, err = edit(func(b *v1.Backup) {
		b.Labels, b.Spec, b.Status = nil, v1.BackupSpec{VolumeSnapshotLocations: []string{"px"}}, v1.BackupStatus{}
	})
	want(b, err, "secondary | ebs, px")
	if b.Status.Phase != v1.BackupPhaseCompleted {
		t.Errorf("the backup that was replaced is %+v", b.Status)
	}
}

// TestSchedulesOutliveTheirLocations shows that a schedule can be paused, and its status be written, when what it names
// is gone, and that a new mistake is refused.
func TestSchedulesOutliveTheirLocations(t *testing.T) {
	s := serve(t)
	s.makeLocations(t, []string{"primary default", "secondary"}, nil)
	nightly := &v1.Schedule{
		ObjectMeta: metav1.ObjectMeta{Name: "nightly", Namespace: "velero"},
		Spec:       v1.ScheduleSpec{Schedule: "0 0 30 2 *", Template: v1.BackupSpec{StorageLocation: "secondary"}},
	}
	_, said, err := create(s.schedules, nightly)
	must(t, err)
	wantTexts(t, "warnings", said, []string{`spec.schedule: "0 0 30 2 *" never comes: the controllers here make no backup, and Velero's own server one every minute`})
	_, err = s.remove("secondary")
	must(t, err)
	_, err = change(t, s.schedules, "nightly", func(s *v1.Schedule) { s.Spec.Paused, s.Status.Phase = true, v1.SchedulePhaseEnabled })
	must(t, err)
	_, err = change(t, s.schedules, "nightly", func(s *v1.Schedule) {
		s.Spec.Template.VolumeSnapshotLocations, s.Spec.Schedule = []string{"ebs"}, "daily"
	})
	wantTexts(t, "errors", causes(t, err), []string{"spec.schedule: + such as"})
	_, err = change(t, s.schedules, "nightly", func(s *v1.Schedule) { s.Spec.Template.VolumeSnapshotLocations = []string{"ebs"} })
	must(t, err)
	_, err = change(t, s.schedules, "nightly", func(s *v1.Schedule) { s.Spec.Template.StorageLocation = "primary" })
	must(t, err)
}

// TestErrorsWithoutEnd shows that a refusal has an end, however much is wrong.
func TestErrorsWithoutEnd(t *testing.T) {
	s := serve(t)
	s.makeLocations(t, []string{"primary default"}, nil)
	b := (&destinationCase{Name: "endless"}).backup()
	for i := range 20_000 {
		b.Spec.IncludedNamespaces = append(b.Spec.IncludedNamespaces, fmt.Sprint("Shop-", i))
	}
	_, _, err := create(s.backups, b)
	all := causes(t, err)
	if last := all[len(all)-1]; len(all) != 100 || !strings.Contains(last, `"Shop-99"`) || !strings.Contains(last, "(and 19900 more errors)") {
		t.Errorf("got %d errors, the last of which is %q", len(all), last)
	}
}

// makeBackups makes backups of the phases, which are in a location.
func (s *server) makeBackups(t *testing.T, location string, phases ...v1.BackupPhase) {
	t.Helper()
	for _, phase := range phases {
		c := destinationCase{Name: fmt.Sprint(location, "-", s.made[location]), Phase: phase, Ask: v1.BackupSpec{StorageLocation: location}}
		_, _, err := create(s.backups, c.backup())
		must(t, err)
		s.made[location]++
	}
}

// TestLocationsWithBackupsStay shows when a location can be pointed elsewhere.
func TestLocationsWithBackupsStay(t *testing.T) {
	s := serve(t)
	s.makeLocations(t, []string{"primary default", "other"}, nil)
	s.makeBackups(t, "other", v1.BackupPhaseCompleted)
	s.makeBackups(t, "primary", v1.BackupPhaseFailedValidation)
	move := func(l *v1.BackupStorageLocation) { l.Spec.ObjectStorage.Prefix = "first" }
	_, err := change(t, s.storage, "primary", move)
	must(t, err)

	s.makeBackups(t, "primary", "", v1.BackupPhaseNew, v1.BackupPhaseQueued, v1.BackupPhaseInProgress, v1.BackupPhaseCompleted, v1.BackupPhaseDeleting)
	_, err = change(t, s.storage, "primary", func(l *v1.BackupStorageLocation) {
		l.Spec.Provider, l.Spec.ObjectStorage.Bucket, l.Spec.ObjectStorage.Prefix = "gcp", "elsewhere", ""
	})
	advice := " + while the location has backups (now 6): make a location of another name for the new place, or delete the backups first"
	wantTexts(t, "errors", causes(t, err), []string{
		`spec.provider: Invalid value: "gcp": must stay "aws"` + advice,
		`spec.objectStorage.bucket: Invalid value: "elsewhere": must stay "backups"` + advice,
		`spec.objectStorage.prefix: Invalid value: "": must stay "first"` + advice,
	})
	_, err = change(t, s.storage, "primary", func(l *v1.BackupStorageLocation) {
		l.Spec.Provider, l.Spec.ObjectStorage.Bucket, l.Spec.ObjectStorage.Prefix = "velero.io/aws", "/backups/", "/first//"
		l.Spec.Config, l.Spec.AccessMode = map[string]string{"region": "us-east-1"}, v1.AccessModeReadOnly
	})
	must(t, err)
}

// TestDeletedLocationsTakeRecords shows that records of backups go with their location, with a warning, and
// not in a dry run, and those of no other.
func TestDeletedLocationsTakeRecords(t *testing.T) {
	s := serve(t)
	s.makeLocations(t, []string{"primary default", "other", "empty"}, nil)
	s.makeBackups(t, "primary", "", v1.BackupPhaseCompleted, v1.BackupPhaseFailed)
	s.makeBackups(t, "other", v1.BackupPhaseCompleted)
	all := []string{"other-0", "primary-0", "primary-1", "primary-2"}
	warned := []string{`the records of 3 backups go with backup storage location "primary" + in its bucket stays`, "spec.default: no location"}

	said, err := s.remove("primary", metav1.DryRunAll)
	must(t, err)
	wantTexts(t, "warnings", said, warned)
	if got := s.recorded(t); !slices.Equal(got, all) {
		t.Errorf("after a dry run there are %v", got)
	}
	said, err = s.remove("primary")
	must(t, err)
	wantTexts(t, "warnings", said, warned)
	if got := s.recorded(t); !slices.Equal(got, all[:1]) {
		t.Errorf("after the deletion there are %v", got)
	}
	said, err = s.remove("empty")
	must(t, err)
	wantTexts(t, "warnings", said, nil)
	if said, err := s.remove("primary"); !apierrors.IsNotFound(err) || len(said) > 0 {
		t.Errorf("a second deletion: %v, %q", err, said)
	}
	ctx, _ := request("ann")
	_, err = s.storage.DeleteCollection(ctx, rest.ValidateAllObjectFunc, &metav1.DeleteOptions{}, &metainternalversion.ListOptions{})
	must(t, err)
	if got := s.recorded(t); len(got) > 0 {
		t.Errorf("after the deletion of all locations there are %v", got)
	}
}

// TestWritesReadListsOnce shows that all steps of a write - to select locations, to refuse, to warn - decide by the same lists.
func TestWritesReadListsOnce(t *testing.T) {
	s := serve(t)
	s.makeLocations(t, []string{"primary default unavailable"}, []string{"ebs aws"})
	var read int
	for _, store := range []*generic.Store{s.storage, s.snapshots} {
		empty := store.NewListFunc
		store.NewListFunc = func() runtime.Object {
			read++
			return empty()
		}
	}
	made, said, err := create(s.backups, &v1.Backup{ObjectMeta: metav1.ObjectMeta{Name: "one", Namespace: "velero"}})
	must(t, err)
	if read != 2 || made.Spec.StorageLocation != "primary" || len(said) != 1 {
		t.Errorf("a backup to %q, with the warnings %q, took %d lists of two kinds", made.Spec.StorageLocation, said, read)
	}
	if _, _, err := create(s.backups, &v1.Backup{ObjectMeta: metav1.ObjectMeta{Name: "two", Namespace: "velero"}}); err != nil || read != 4 {
		t.Errorf("another backup took %d lists, %v", read-2, err)
	}
}
