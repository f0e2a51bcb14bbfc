package backups

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/internal/bounded"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/journal"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// shelf is a place in simulated storage, with its backups.
type shelf struct {
	*Store

	cloud *simulatortest.Simulator
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	cloud := simulatortest.Start(t)
	cloud.CreateBucket(t, "velero")
	endpoint, err := url.Parse(cloud.S3)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := objectstore.NewS3(objectstore.S3Options{
		Bucket: "velero", Endpoint: endpoint, Region: cloud.Region,
		Keys: credentials.AWS{AccessKeyID: cloud.Key.ID, SecretAccessKey: cloud.Key.Secret},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{Store: NewStore(objects, locations.Place{Bucket: "velero", Prefix: "team"}), cloud: cloud}
	t.Cleanup(s.Close)
	return s
}

func (s *shelf) put(t *testing.T, file File, content string) {
	t.Helper()
	if err := s.objects.Put(t.Context(), file.Key(s.place, "b"), strings.NewReader(content)); err != nil {
		t.Fatal(err)
	}
}

func (s *shelf) keys(t *testing.T) []string {
	t.Helper()
	keys := []string{}
	for key, err := range s.objects.Keys(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	return keys
}

// harm lets requests of an operation fail until the function that it returns is called.
func (s *shelf) harm(t *testing.T, operation string, skip int, fault faults.Fault) func() {
	t.Helper()
	id := s.cloud.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"s3:" + operation}}, Skip: skip, Fault: fault})
	return func() { s.cloud.Faults().Remove(id) }
}

func named(uid types.UID, change ...func(*velerov1.Backup)) *velerov1.Backup {
	backup := &velerov1.Backup{ObjectMeta: metav1.ObjectMeta{Name: "b", UID: uid}}
	for _, change := range change {
		change(backup)
	}
	return backup
}

// logOf is the log of a backup that has just begun. Without a UID it is as Velero's.
func logOf(t *testing.T, uid string) []byte {
	t.Helper()
	owner := ""
	if uid != "" {
		owner = " " + OwnerKey + "=" + uid
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := fmt.Fprintf(w, "time=now level=info%s\n", owner)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (s *shelf) expectClaimed(t *testing.T, want map[types.UID]bool) {
	t.Helper()
	for uid, want := range want {
		if claimed, err := s.Claimed(t.Context(), named(uid)); claimed != want || err != nil {
			t.Errorf("claimed by %q: got %v, %v; want %v", uid, claimed, err, want)
		}
	}
}

// TestClaim shows that of two who begin at once one gets the name, and that an answer that got lost does no harm.
func TestClaim(t *testing.T) {
	s := newShelf(t)
	s.expectClaimed(t, map[types.UID]bool{"uid-1": false, "": false})
	s.cloud.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"s3:PutObject"}}, Times: 1, Fault: faults.Reset{At: "download"}})
	if err := s.Claim(t.Context(), "b", logOf(t, "uid-1")); err != nil {
		t.Fatal(err)
	}
	s.expectClaimed(t, map[types.UID]bool{"uid-1": true, "uid-2": false})
	if err := s.create(t.Context(), Log, "b", logOf(t, "uid-2")); !errors.Is(err, ErrTaken) { // had it looked before
		t.Errorf("another backup, at once: got %v", err)
	}
	s.expectClaimed(t, map[types.UID]bool{"uid-1": true, "uid-2": false})
}

// TestClaimNothing shows that a name under which there is anything is not taken, and that it stays as it is.
func TestClaimNothing(t *testing.T) {
	s := newShelf(t)
	s.put(t, "backups/{}/something", "theirs")
	want := `a backup of that name already exists in object storage: "team/backups/b/something" is in the prefix "team" of bucket "velero": give the backup another name`
	if err := s.Claim(t.Context(), "b", logOf(t, "uid-1")); !errors.Is(err, ErrTaken) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := s.Claim(t.Context(), "b-2", logOf(t, "uid-1")); err != nil {
		t.Errorf("a longer name: got %v", err)
	}
	heal := s.harm(t, "List*", 0, faults.Error{Code: "AccessDenied"})
	if err := s.Claim(t.Context(), "c", logOf(t, "uid-1")); err == nil || errors.Is(err, ErrTaken) {
		t.Errorf("not allowed to look: got %v", err)
	}
	heal()
	if got := s.keys(t); !slices.Equal(got, []string{"team/backups/b-2/b-2-logs.gz", "team/backups/b/something"}) {
		t.Errorf("there are %q", got)
	}
}

// TestPublish shows that a backup is there for others only once all of it is, until it is withdrawn, and whatever its fate it
// keeps its name.
func TestPublish(t *testing.T) {
	s := newShelf(t)
	visible := func(want bool) {
		t.Helper()
		exists, err := s.Exists(t.Context(), "b")
		published, readErr := s.Published(t.Context(), "b")
		if err != nil || readErr != nil || exists != want || (published != nil) != want {
			t.Errorf("got %v, %v, %v, %v; want %v", exists, err, published, readErr, want)
		}
	}
	visible(false)
	steps := []func() error{
		func() error { return s.Claim(t.Context(), "b", logOf(t, "uid-1")) },
		func() error {
			return s.Stream(t.Context(), Contents, "b", func(w io.Writer) error {
				_, err := io.WriteString(w, "tarball")
				return err
			})
		},
		func() error { return s.Write(t.Context(), VolumeSnapshots, "b", []Snapshot{{}}) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			t.Fatal(err)
		}
		visible(false)
	}
	final := named("uid-1", func(b *velerov1.Backup) { b.Status.Phase = velerov1.BackupPhaseCompleted })
	if err := s.Publish(t.Context(), final, logOf(t, "uid-1")); err != nil {
		t.Fatal(err)
	}
	visible(true)
	if stored, err := s.Published(t.Context(), "b"); err != nil || stored.UID != "uid-1" || stored.Status.Phase != velerov1.BackupPhaseCompleted {
		t.Errorf("got %+v, %v", stored, err)
	}
	var written []string
	for _, entry := range s.cloud.Journal().Entries(journal.Filter{Operation: "s3:PutObject"}) {
		written = append(written, strings.TrimPrefix(entry.Key, "team/backups/b/"))
	}
	if want := []string{"b-logs.gz", "b.tar.gz", "b-volumesnapshots.json.gz", "b-logs.gz", "velero-backup.json"}; !slices.Equal(written, want) {
		t.Errorf("wrote %q, want %q", written, want)
	}
	if names, err := s.Names(t.Context()); err != nil || !slices.Equal(names, []string{"b"}) {
		t.Errorf("got names %q, %v", names, err)
	}
	if err := s.Withdraw(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	visible(false)
	s.expectClaimed(t, map[types.UID]bool{"uid-1": true})
}

// TestPublishOverwritesNothing shows that metadata that somebody else has put there, who did not claim the name, stays.
func TestPublishOverwritesNothing(t *testing.T) {
	s := newShelf(t)
	s.put(t, Metadata, "theirs")
	if err := s.Publish(t.Context(), named("uid-1"), logOf(t, "uid-1")); !errors.Is(err, ErrTaken) {
		t.Errorf("got %v", err)
	}
	if content, err := objectstore.ReadAll(t.Context(), s.objects, Metadata.Key(s.place, "b")); err != nil || string(content) != "theirs" {
		t.Errorf("got %q, %v", content, err)
	}
}

// TestStream shows that of content that cannot be made, or not be stored, there is no file, and that nobody is stuck.
func TestStream(t *testing.T) {
	s := newShelf(t)
	cause := errors.New("no more")
	err := s.Stream(t.Context(), Contents, "b", func(w io.Writer) error {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			return err
		}
		return cause
	})
	if !errors.Is(err, cause) || len(s.keys(t)) > 0 {
		t.Errorf("not made: got %v, %q", err, s.keys(t))
	}
	heal := s.harm(t, "CreateMultipartUpload", 0, faults.Error{Code: "AccessDenied"})
	err = s.Stream(t.Context(), Contents, "b", func(w io.Writer) error {
		for range 64 {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return fmt.Errorf("adding more: %w", err)
			}
		}
		return nil
	})
	heal()
	var refusal *objectstore.Error
	if !errors.As(err, &refusal) || refusal.Status != http.StatusForbidden || len(s.keys(t)) > 0 {
		t.Errorf("not stored: got %v, %q", err, s.keys(t))
	}
}

// TestRead shows that what is not there, what is not what belongs there, and what cannot be read are told apart.
func TestRead(t *testing.T) {
	s := newShelf(t)
	if list, found, err := s.Snapshots(t.Context(), "b"); err != nil || found || len(list) > 0 {
		t.Errorf("none: got %v, %v, %v", list, found, err)
	}
	if err := s.Write(t.Context(), VolumeSnapshots, "b", []Snapshot{{Status: SnapshotStatus{ProviderSnapshotID: "snap-1"}}}); err != nil {
		t.Fatal(err)
	}
	if list, found, err := s.Snapshots(t.Context(), "b"); err != nil || !found || len(list) != 1 || list[0].Status.ProviderSnapshotID != "snap-1" {
		t.Errorf("one: got %v, %v, %v", list, found, err)
	}
	s.put(t, Metadata, `{"metadata":{"name":"b","uid":"uid-1"}}`)
	for name, fault := range map[string]faults.Fault{
		"broken off": faults.Truncate{After: 5},
		"denied":     faults.Error{Code: "AccessDenied"},
	} {
		heal := s.harm(t, "GetObject", 0, fault)
		if _, found, err := s.Snapshots(t.Context(), "b"); err == nil || found || errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got snapshots %v, %v", name, found, err)
		}
		if backup, err := s.Published(t.Context(), "b"); err == nil || backup != nil || errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, %v", name, backup, err)
		}
		heal()
	}
	s.put(t, VolumeSnapshots, "garbage")
	s.put(t, Metadata, `{"metadata":`)
	if _, found, err := s.Snapshots(t.Context(), "b"); found || !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "team/backups/b/b-volumesnapshots.json.gz") {
		t.Errorf("garbage: got %v, %v", found, err)
	}
	if backup, err := s.Published(t.Context(), "b"); backup != nil || !errors.Is(err, ErrMalformed) {
		t.Errorf("garbage: got %v, %v", backup, err)
	}
}

// TestBounds shows that nothing in a bucket fills the memory of whoever reads it: neither metadata without an end, nor a list or a log that
// inflates to a thousand times its size.
func TestBounds(t *testing.T) {
	s := newShelf(t)
	inflating := func(size int) string {
		var b bytes.Buffer
		compressed := gzip.NewWriter(&b)
		for range size >> 20 {
			if _, err := compressed.Write(bytes.Repeat([]byte(" "), 1<<20)); err != nil {
				t.Fatal(err)
			}
		}
		if err := compressed.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	s.put(t, Metadata, strings.Repeat(" ", bounded.Document+1))
	s.put(t, VolumeSnapshots, inflating(bounded.List+1<<20))
	s.put(t, Log, inflating(firstLine+1<<20))
	_, published := s.Published(t.Context(), "b")
	_, _, snapshots := s.Snapshots(t.Context(), "b")
	for what, got := range map[string]struct {
		err   error
		limit string
	}{"metadata": {published, "16 MiB"}, "snapshots": {snapshots, "64 MiB"}} {
		if !errors.Is(got.err, ErrMalformed) || !strings.Contains(got.err.Error(), "larger than "+got.limit) {
			t.Errorf("%s: %v", what, got.err)
		}
	}
	if claimed, err := s.Claimed(t.Context(), named("uid-1")); claimed || err != nil {
		t.Errorf("the log: %v, %v", claimed, err)
	}
}

// TestAddress shows that those without credentials can read from an address, and that it is given whether a file is there or not.
func TestAddress(t *testing.T) {
	s := newShelf(t)
	s.put(t, Log, "log")
	for file, want := range map[File]string{Log: "200 log", Results: "404"} {
		address, err := s.Address(t.Context(), file, "b", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if got := fmt.Sprintf("%d %s", response.StatusCode, content); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
}

// TestOwns shows whose what is stored is: a backup that failed since its name was taken owns nothing of the other.
func TestOwns(t *testing.T) {
	began := metav1.NewTime(time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC))
	later := metav1.NewTime(began.Add(time.Second))
	theirs := func(change func(*velerov1.BackupStatus)) string {
		content, err := json.Marshal(named("uid-2", func(b *velerov1.Backup) {
			b.Status.StartTimestamp = &began
			change(&b.Status)
		}))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	same := func(*velerov1.BackupStatus) {}
	s := newShelf(t)
	for name, tc := range map[string]struct {
		metadata, log string
		started       *metav1.Time
		reason        string
		want          bool
	}{
		"another that is there":    {metadata: theirs(func(status *velerov1.BackupStatus) { status.StartTimestamp = &later }), started: &began},
		"another, begun at once":   {metadata: theirs(same), started: &began, reason: "a backup of that name already exists"},
		"another, took longer":     {metadata: theirs(func(status *velerov1.BackupStatus) { status.CompletionTimestamp = &later }), started: &began},
		"another, never began":     {metadata: theirs(same)},
		"another that is written":  {log: string(logOf(t, "uid-2")), started: &began},
		"Velero's, never began":    {log: string(logOf(t, ""))},
		"its own":                  {metadata: `{"metadata":{"uid":"uid-1"}}`, want: true},
		"its own, from the bucket": {metadata: theirs(same), started: &began, want: true},
		"its own, not complete":    {log: string(logOf(t, "uid-1")), want: true},
		"Velero's, not complete":   {log: string(logOf(t, "")), started: &began, want: true},
		"nobody can tell whose":    {metadata: "no JSON", log: "no log", started: &began, want: true},
		"by its log":               {metadata: "no JSON", log: string(logOf(t, "uid-2")), started: &began},
		"nothing, begun":           {started: &began, want: true},
		"nothing, never begun":     {},
	} {
		if err := s.Delete(t.Context(), "b"); err != nil {
			t.Fatal(err)
		}
		if tc.metadata != "" {
			s.put(t, Metadata, tc.metadata)
		}
		if tc.log != "" {
			s.put(t, Log, tc.log)
		}
		record := named("uid-1", func(b *velerov1.Backup) { b.Status.StartTimestamp, b.Status.FailureReason = tc.started, tc.reason })
		if got, err := s.Owns(t.Context(), record); err != nil || got != tc.want {
			t.Errorf("%s: got %v, %v; want %v", name, got, err, tc.want)
		}
	}
}

// TestOwnsUnreadable shows that what cannot be read is not taken for nobody's.
func TestOwnsUnreadable(t *testing.T) {
	s := newShelf(t)
	began := metav1.Now()
	record := named("uid-1", func(b *velerov1.Backup) { b.Status.StartTimestamp = &began })
	for file, content := range map[File]string{Metadata: `{"metadata":{"uid":"uid-2"}}`, Log: string(logOf(t, "uid-2"))} {
		s.put(t, file, content)
		for _, fault := range []faults.Fault{faults.Truncate{After: 5}, faults.Error{Code: "AccessDenied"}} {
			heal := s.harm(t, "GetObject", 0, fault)
			if owned, err := s.Owns(t.Context(), record); owned || err == nil || !strings.Contains(err.Error(), "finding out whose backup is in the bucket") {
				t.Errorf("%s: got %v, %v", file, owned, err)
			}
			if claimed, err := s.Claimed(t.Context(), record); file == Log && (claimed || err == nil) {
				t.Errorf("%s: claimed: got %v, %v", file, claimed, err)
			}
			heal()
		}
		if err := s.Delete(t.Context(), "b"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDelete shows that what stands in the way, wherever it does, leaves files that are no backup to others, and still say
// whose they are; and that the rest goes the next time, with what an upload left that was broken off.
func TestDelete(t *testing.T) {
	s := newShelf(t)
	s3, err := minio.NewCore(strings.TrimPrefix(s.cloud.S3, "http://"), &minio.Options{Region: s.cloud.Region, Creds: miniocredentials.NewStaticV4(s.cloud.Key.ID, s.cloud.Key.Secret, "")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s3.NewMultipartUpload(t.Context(), "velero", Contents.Key(s.place, "b"), minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	files := []File{Metadata, Contents, Log, Results, VolumeSnapshots}
	for deleted := range files {
		for _, file := range files {
			s.put(t, file, "content")
		}
		s.put(t, Log, string(logOf(t, "uid-1")))
		heal := s.harm(t, "DeleteObject", deleted, faults.Error{Code: "AccessDenied"})
		if err := s.Delete(t.Context(), "b"); err == nil || !strings.Contains(err.Error(), "may not delete") {
			t.Errorf("after %d files: got %v", deleted, err)
		}
		heal()
		left := s.keys(t)
		if len(left) != len(files)-deleted || deleted > 0 == slices.Contains(left, Metadata.Key(s.place, "b")) {
			t.Errorf("after %d files: there are %q", deleted, left)
		}
		if deleted > 0 {
			for uid, want := range map[types.UID]bool{"uid-1": true, "uid-2": false} {
				if owned, err := s.Owns(t.Context(), named(uid)); owned != want || err != nil {
					t.Errorf("after %d files: it belongs to %s: %v, %v", deleted, uid, owned, err)
				}
			}
		}
		if err := s.Delete(t.Context(), "b"); err != nil || len(s.keys(t)) > 0 {
			t.Errorf("after %d files, again: got %v, %q", deleted, err, s.keys(t))
		}
	}
	for upload := range s3.ListIncompleteUploads(t.Context(), "velero", "", true) {
		t.Errorf("an upload of %s is left, %v", upload.Key, upload.Err)
	}
}

// TestDeleteProves shows that what the storage says it has deleted, and has not, is an error; and that the log stays for as long as
// anything else is there.
func TestDeleteProves(t *testing.T) {
	for _, kept := range []File{Metadata, Contents, Log} {
		s := newShelf(t)
		honest := s.objects
		for _, file := range []File{Metadata, Contents, Log} {
			s.put(t, file, "content")
		}
		s.objects = keeping{honest, kept.Key(s.place, "b")}
		err := s.Delete(t.Context(), "b")
		if want := fmt.Sprintf("the storage still lists %q after they were deleted", kept.Key(s.place, "b")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if left := s.keys(t); !slices.Contains(left, kept.Key(s.place, "b")) || !slices.Contains(left, Log.Key(s.place, "b")) {
			t.Errorf("%s is kept: there are %q", kept, left)
		}
		s.objects = honest
		if err := s.Delete(t.Context(), "b"); err != nil || len(s.keys(t)) > 0 {
			t.Errorf("again: got %v, %q", err, s.keys(t))
		}
	}
}

// keeping is storage that keeps an object, whatever it says.
type keeping struct {
	objectstore.Store
	key string
}

func (k keeping) Delete(ctx context.Context, key string) error {
	if key == k.key {
		return nil
	}
	return k.Store.Delete(ctx, key)
}
