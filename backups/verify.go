package backups

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/internal/bounded"
	"github.com/velero-locations/velero-locations/locations"
)

// ErrNotVerified says that nothing here can find out about a snapshot.
var ErrNotVerified = errors.New("it is not verified")

// Verify reads a recorded backup as a restore would, and notes in a report what is missing or damaged, and what can be restored. Check
// says whether a volume can be made from one of its snapshots; ErrNotVerified is a note. It is an error if the storage did not answer,
// so that it had better be left alone for a while. Nothing is written. In memory are a document at a time, and a few bytes for each
// object; of volumes, what the lists of them have.
func (s *Store) Verify(ctx context.Context, record *velerov1.Backup, report *Report, check func(context.Context, *Snapshot) error) error {
	v := &verification{
		store: s, ctx: ctx, record: record, report: report, volumes: map[string]bool{}, repositories: map[string][]string{}, snapshotted: map[string]bool{},
	}
	if v.empty() || v.stopped != nil {
		return v.stopped
	}
	v.readMetadata()
	v.readVolumes()
	v.readRest()
	v.readObjects()
	v.compareTags()
	v.checkVolumes(check)
	v.checkRepositories()
	if v.refused { // a restore would not begin
		report.Objects.Restorable, report.Volumes.Restorable, report.Volumes.Names = 0, 0, nil
	}
	return v.stopped
}

// verification of one backup.
type verification struct {
	store  *Store
	ctx    context.Context //nolint:containedctx // of the one call that it lives for
	record *velerov1.Backup
	report *Report

	// stopped is why the storage is asked no more; refused says that no restore of the backup would begin, and complete, that all
	// objects were read.
	stopped           error
	refused, complete bool
	published         *velerov1.Backup // nil: it cannot be read
	snapshots         []Snapshot
	snapshotted       map[string]bool     // persistent volumes in that list, whatever became of the snapshot
	volumes           map[string]bool     // those of them that are among the objects, once these were read
	claimed           []VolumeInfo        // of which a snapshot is said to have been taken
	told              map[string]bool     // the volumes of which volume info says anything; nil: it was not read
	repositories      map[string][]string // the volumes whose files are in each repository, by the key of its format file
	ours              bool                // the log says that a controller here made the backup
	agreeing          int                 // files whose ETag is the MD5 of what was read
	differing         []Finding           // and those of which it is not
}

// empty says whether nothing at all is there.
func (v *verification) empty() bool {
	folder := directory(v.store.place, v.record.Name)
	for _, err := range v.store.objects.Keys(v.ctx, folder) {
		if err != nil {
			v.unread(folder, err)
		}
		return false
	}
	v.report.broken(folder, "nothing of the backup is there: it was deleted, or is in another place")
	v.report.Objects.Total, v.report.Volumes.Total = v.expected(), v.record.Status.VolumeSnapshotsCompleted
	return true
}

// expected is how many objects there should be, as far as the record says.
func (v *verification) expected() int {
	if progress := v.record.Status.Progress; progress != nil {
		return progress.ItemsBackedUp
	}
	return 0
}

// unread notes that a file could not be read, and whether there is no point in asking for others.
func (v *verification) unread(key string, err error) state {
	var refusal *objectstore.Error
	if errors.As(err, &refusal) && refusal.Archived() {
		v.report.Add(Broken, key, err.Error())
		return damaged
	}
	if refusal == nil || refusal.Code != "AccessDenied" {
		v.stopped = fmt.Errorf("reading %q: %w", key, err)
	}
	v.report.Add(Unknown, key, err.Error())
	return unknown
}

// state of a file that was to be read. Unless it is whole, the report says why.
type state int

const (
	unknown state = iota // it could not be read
	missing
	damaged
	whole
)

// file has a file decoded while it is read to its end.
func (v *verification) file(file File, decode func(io.Reader) error) state {
	if v.stopped != nil {
		return unknown
	}
	key := file.Key(v.store.place, v.record.Name)
	object, err := v.store.objects.Open(v.ctx, key)
	switch {
	case errors.Is(err, objectstore.ErrNotFound):
		if consequence := v.consequence(file); consequence != "" {
			v.report.broken(key, "it is missing: %s", consequence)
		}
		return missing
	case err != nil:
		return v.unread(key, err)
	}
	defer func() { _ = object.Close() }()
	watched := &watchedReader{Reader: object}
	err = decode(watched)
	if err == nil {
		_, err = io.Copy(io.Discard, watched)
	}
	switch {
	case watched.err != nil:
		return v.unread(key, fmt.Errorf("reading it broke off: %w", watched.err))
	case err != nil:
		v.report.broken(key, "%s", described(err))
		return damaged
	}
	if err := object.Verify(); err != nil {
		v.report.broken(key, "it has changed since it was stored: %v", err)
		return whole
	}
	switch compared, err := object.VerifyTag(); {
	case err != nil:
		v.differing = append(v.differing, Finding{About: key, Message: err.Error()})
	case compared:
		v.agreeing++
	}
	return whole
}

// compareTags notes the files that differ from their ETags, unless all do: then the storage makes these of something else.
func (v *verification) compareTags() {
	for _, file := range v.differing {
		if v.agreeing > 0 {
			v.report.broken(file.About, "it has changed since it was stored: %s", file.Message)
		}
	}
}

// described says what is wrong with content, without any of it.
func described(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "it is cut off, or damaged near its end"
	case errors.Is(err, gzip.ErrChecksum):
		return "it is damaged: its checksum is wrong"
	case errors.Is(err, gzip.ErrHeader):
		return "it is damaged: it is not compressed by gzip"
	case errors.As(err, &syntax):
		return fmt.Sprintf("it is damaged: it is no JSON (at byte %d)", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Sprintf("it is damaged: its JSON is not what belongs there (at byte %d)", kind.Offset)
	}
	return "it is damaged: " + err.Error()
}

// consequence says what it means that a file is missing. Empty: not every version of Velero writes it, and this is from an early one.
func (v *verification) consequence(file File) string {
	late := v.record.Spec.VolumeGroupSnapshotLabelKey != "" // which Velero 1.17 and later, and the controllers here, fill in
	switch file {
	case Metadata:
		return "other clusters do not see the backup, and this one forgets it when it looks at the location"
	case Contents:
		return "no object can be restored"
	case VolumeSnapshots:
		return "no volume can be restored from its snapshot"
	case ResourceList, PodVolumeBackups:
		return "restores do without it, but the backup cannot be described"
	case Log, Results, VolumeInfos, ItemOperations:
		if late {
			return "restores do without it, but the backup cannot be described"
		}
	}
	return ""
}

func (v *verification) readMetadata() {
	key := Metadata.Key(v.store.place, v.record.Name)
	stored := &velerov1.Backup{}
	if v.file(Metadata, func(r io.Reader) error { return document(bounded.NewReader(r, bounded.Document), stored) }) != whole {
		return
	}
	ended := []velerov1.BackupPhase{velerov1.BackupPhaseCompleted, velerov1.BackupPhasePartiallyFailed, velerov1.BackupPhaseFailed}
	switch status := &stored.Status; {
	case stored.Kind != "Backup" || stored.APIVersion != velerov1.SchemeGroupVersion.String():
		v.report.broken(key, "it is not a Backup of %s", velerov1.SchemeGroupVersion)
	case stored.Name != v.record.Name:
		v.report.broken(key, "it is of another backup, %q", stored.Name)
	case stored.UID != v.record.UID && !sameRun(status, &v.record.Status):
		v.report.broken(key, "it is of another backup of this name, which began at %v", status.StartTimestamp)
	case !slices.Contains(ended, status.Phase):
		v.report.broken(key, "it says that the backup has not ended, but is %q", status.Phase)
	case v.record.Status.Phase != velerov1.BackupPhaseDeleting && (status.Phase != v.record.Status.Phase || !sameRun(status, &v.record.Status)):
		v.report.broken(key, "it says that the backup ended as %s at %v, its record says %s at %v", status.Phase, status.CompletionTimestamp, v.record.Status.Phase, v.record.Status.CompletionTimestamp)
	case status.FormatVersion != FormatVersion && status.FormatVersion != "1":
		v.report.broken(key, "the backup has the format %q, of which nothing is known here", status.FormatVersion)
	}
	v.published = stored
}

// readVolumes reads the lists of what was done about volumes. A restore does not begin if one of those that it reads is malformed.
func (v *verification) readVolumes() {
	snapshots := v.file(VolumeSnapshots, compressed(func(d *json.Decoder) error {
		return elements(d, func(s *Snapshot) {
			v.snapshots, v.snapshotted[s.Spec.PersistentVolumeName] = append(v.snapshots, *s), true
		})
	}))
	told := map[string]bool{}
	infos := v.file(VolumeInfos, compressed(func(d *json.Decoder) error {
		return elements(d, func(info *VolumeInfo) { told[info.PVName] = true; v.addInfo(info) })
	}))
	if infos == whole {
		v.told = told
	}
	v.refused = snapshots == damaged || infos == damaged
	v.file(PodVolumeBackups, compressed(func(d *json.Decoder) error { return elements(d, v.addFiles) }))
}

// addInfo notes what is to be there for a volume.
func (v *verification) addInfo(info *VolumeInfo) {
	about := fmt.Sprintf("volume %q", cmp.Or(info.PVName, info.PVCNamespace+"/"+info.PVCName))
	switch {
	case info.SnapshotDataMoved && info.SnapshotDataMovementInfo != nil && info.Result == "succeeded":
		moved := info.SnapshotDataMovementInfo
		if moved.DataMover != "" && moved.DataMover != "velero" {
			v.report.Add(Note, about, fmt.Sprintf("its data are where data mover %q put them, which is not verified", moved.DataMover))
			return
		}
		v.addRepository(cmp.Or(moved.UploaderType, kopia), info.PVCNamespace, about)
	case info.BackupMethod == NativeSnapshot && info.Result == "succeeded":
		v.claimed = append(v.claimed, *info)
	case info.BackupMethod == CSISnapshot && !info.SnapshotDataMoved:
		v.report.Add(Note, about, "its snapshot is a CSI driver's, which is not verified")
	}
}

// podVolume is what matters here of a PodVolumeBackup.
type podVolume struct {
	Spec struct {
		Pod          struct{ Namespace, Name string } `json:"pod"`
		Volume       string                           `json:"volume"`
		UploaderType string                           `json:"uploaderType"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
		// SnapshotID is that of the repository. Empty: the volume was.
		SnapshotID string `json:"snapshotID"`
	} `json:"status"`
}

// addFiles notes where the files of a volume are to be.
func (v *verification) addFiles(files *podVolume) {
	if files.Status.Phase == "Completed" && files.Status.SnapshotID != "" {
		v.addRepository(cmp.Or(files.Spec.UploaderType, "restic"), files.Spec.Pod.Namespace, fmt.Sprintf("volume %q of pod %s/%s", files.Spec.Volume, files.Spec.Pod.Namespace, files.Spec.Pod.Name))
	}
}

// kopia is who puts files into repositories that lie beside the backups. Of others it is not known where theirs are.
const kopia = "kopia"

func (v *verification) addRepository(uploader, namespace, about string) {
	if uploader != kopia {
		v.report.Add(Note, about, fmt.Sprintf("its files are where %q put them, which is not verified", uploader))
		return
	}
	key := v.store.place.Root() + kopia + "/" + namespace + "/kopia.repository"
	v.report.Volumes.Total++
	v.repositories[key] = append(v.repositories[key], about)
}

// readRest reads the files that restores do not need.
func (v *verification) readRest() {
	v.file(ItemOperations, compressed(func(d *json.Decoder) error { return elements(d, func(*struct{}) {}) }))
	v.file(Results, compressed(object))
	v.file(Log, v.readLog)
}

func (v *verification) readLog(log io.Reader) error {
	plain, err := newPlain(log)
	if err != nil {
		return err
	}
	const start = 64 << 10 // a first line has a few words
	buffered := bufio.NewReaderSize(plain, start)
	line, err := buffered.ReadSlice('\n')
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		return err
	}
	owner := ownerIn(string(line))
	v.ours = owner != ""
	if v.ours && v.published != nil && owner != string(v.published.UID) {
		return fmt.Errorf("it is the log of another backup, whose UID is %s", owner)
	}
	_, err = io.Copy(io.Discard, buffered)
	return err
}

// checkVolumes asks for each snapshot whether a volume can be made from it.
func (v *verification) checkVolumes(check func(context.Context, *Snapshot) error) {
	taken := 0
	for i := range v.snapshots {
		snapshot := &v.snapshots[i]
		if snapshot.Status.Phase == SnapshotCompleted {
			taken++
			if name := snapshot.Spec.PersistentVolumeName; v.told != nil && !v.told[name] {
				v.report.broken(fmt.Sprintf("volume %q", name), "it is in the list of snapshots, but volume info does not have it")
			}
		}
		if v.ctx.Err() == nil {
			v.checkVolume(snapshot, check)
		}
	}
	for _, info := range v.claimed {
		if !v.snapshotted[info.PVName] && v.stopped == nil {
			v.report.Volumes.Total++
			v.report.broken(fmt.Sprintf("volume %q", info.PVName), "it is said to have been snapshotted, but the list of snapshots does not have it")
		}
	}
	if want := v.record.Status.VolumeSnapshotsCompleted; v.snapshots != nil && taken != want {
		v.report.broken(VolumeSnapshots.Key(v.store.place, v.record.Name), "it lists %s, the backup's status says that %d were taken", locations.Count(taken, "snapshot"), want)
	}
}

func (v *verification) checkVolume(snapshot *Snapshot, check func(context.Context, *Snapshot) error) {
	name, id := snapshot.Spec.PersistentVolumeName, snapshot.Status.ProviderSnapshotID
	about := fmt.Sprintf("volume %q", name)
	v.report.Volumes.Total++
	switch {
	case snapshot.Spec.BackupName != v.record.Name:
		v.report.broken(about, "the list has a snapshot %s of another backup, %q", id, snapshot.Spec.BackupName)
		return
	case id == "" || snapshot.Status.Phase != SnapshotCompleted:
		v.report.Add(Note, about, "no snapshot was taken when it was backed up: its data are not in the backup")
		return
	}
	err := check(v.ctx, snapshot)
	switch reason := snapshotter.ReasonOf(err); {
	case reason == snapshotter.NotFound:
		v.report.broken(about, "snapshot %s is gone: %v", id, err)
	case reason == snapshotter.Lost:
		v.report.broken(about, "%v", err)
	case errors.Is(err, ErrNotVerified):
		v.report.Add(Note, about, fmt.Sprintf("snapshot %s: %v", id, err))
		v.report.Volumes.Total--
	case err != nil:
		v.report.Add(Unknown, about, err.Error())
	case !v.volumes[name]:
		if v.complete {
			v.report.broken(about, "it has snapshot %s, but its persistent volume is not among the objects", id)
		}
	default:
		v.report.Volumes.restorable(name)
	}
}

// checkRepositories looks whether the repositories of files are there. What is in them is Velero's own to verify.
func (v *verification) checkRepositories() {
	for _, key := range slices.Sorted(maps.Keys(v.repositories)) {
		if v.stopped != nil {
			return
		}
		volumes := v.repositories[key]
		switch exists, err := v.store.objects.Exists(v.ctx, key); {
		case err != nil:
			v.unread(key, err)
		case !exists:
			v.report.broken(key, "the repository of files is gone, without which %s cannot be restored: %s", locations.Count(len(volumes), "volume"), strings.Join(volumes, ", "))
		default:
			for _, volume := range volumes {
				v.report.Volumes.restorable(volume)
			}
		}
	}
}

// document decodes a JSON document and nothing behind it.
func document(r io.Reader, into any) error {
	d := json.NewDecoder(r)
	if err := d.Decode(into); err != nil {
		return err
	}
	return end(d)
}

// end wants nothing more.
func end(d *json.Decoder) error {
	switch _, err := d.Token(); {
	case err == nil:
		return errors.New("something follows its JSON")
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

// compressed returns a decoder of a file of JSON under gzip, of which nothing is behind.
func compressed(decode func(*json.Decoder) error) func(io.Reader) error {
	return func(r io.Reader) error {
		plain, err := newPlain(r)
		if err != nil {
			return err
		}
		d := json.NewDecoder(bounded.NewReader(plain, bounded.List))
		if err := decode(d); err != nil {
			return err
		}
		return end(d)
	}
}

// elements decodes the elements of an array, one at a time. Null is an array without any.
func elements[T any](d *json.Decoder, each func(*T)) error {
	start, err := d.Token()
	switch {
	case err != nil:
		return err
	case start == nil:
		return nil
	case start != json.Delim('['):
		return errors.New("its JSON is not a list")
	}
	for d.More() {
		element := new(T)
		if err := d.Decode(element); err != nil {
			return err
		}
		each(element)
	}
	_, err = d.Token()
	return err
}

// object reads a JSON object, whatever is in it.
func object(d *json.Decoder) error {
	start, err := d.Token()
	switch {
	case err != nil:
		return err
	case start != json.Delim('{'):
		return errors.New("its JSON is not an object")
	}
	for depth := 1; depth > 0; {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
	return nil
}
