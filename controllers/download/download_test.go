package download

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend/backendtest"
)

func requestFor(kind velerov1.DownloadTargetKind, name string) *velerov1.DownloadRequest {
	return &velerov1.DownloadRequest{ObjectMeta: metav1.ObjectMeta{Name: "r"}, Spec: velerov1.DownloadRequestSpec{Target: velerov1.DownloadTarget{Kind: kind, Name: name}}}
}

func newWorld(t *testing.T, request *velerov1.DownloadRequest) *backendtest.World {
	t.Helper()
	return backendtest.New(t, interceptor.Funcs{}, request,
		&velerov1.Backup{ObjectMeta: metav1.ObjectMeta{Name: "b"}, Spec: velerov1.BackupSpec{StorageLocation: "primary"}},
		&velerov1.Backup{ObjectMeta: metav1.ObjectMeta{Name: "elsewhere"}, Spec: velerov1.BackupSpec{StorageLocation: "gone"}},
		&velerov1.Restore{ObjectMeta: metav1.ObjectMeta{Name: "res"}, Spec: velerov1.RestoreSpec{BackupName: "b"}})
}

// TestAnswers reads, from the addresses that are answered, what is stored there.
func TestAnswers(t *testing.T) {
	for kind, name := range map[velerov1.DownloadTargetKind]string{
		"BackupLog": "b", "BackupContents": "b", "BackupResults": "b", "RestoreLog": "res", "RestoreResults": "res", "RestoreVolumeInfo": "res",
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, requestFor(kind, name))
			file, _ := backups.Target(string(kind))
			w.Put(t, file, name, "this very file")
			before := time.Now()
			result, err := w.Reconcile(t, &reconciler{Writer: w.Writer, backend: w.Backend, now: time.Now}, "r")
			request := &velerov1.DownloadRequest{}
			if err != nil || result.RequeueAfter != lifetime || !w.Read(t, "r", request) || request.Status.Phase != velerov1.DownloadRequestPhaseProcessed {
				t.Fatalf("got %v, %v, %+v", result, err, request.Status)
			}
			if expiration := request.Status.Expiration; expiration.Before(&metav1.Time{Time: before.Add(lifetime - time.Minute)}) {
				t.Errorf("it expires at %s", expiration)
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, request.Status.DownloadURL, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if content, err := io.ReadAll(resp.Body); err != nil || string(content) != "this very file" {
				t.Errorf("got %s, %v", content, err)
			}
		})
	}
}

// TestUnanswered shows that what cannot be answered stays so, but not for ever.
func TestUnanswered(t *testing.T) {
	for name, tc := range map[string]struct {
		request *velerov1.DownloadRequest
		want    string
	}{
		"no backup":   {requestFor("BackupLog", "other"), `reading backup "other"`},
		"no restore":  {requestFor("RestoreLog", "b"), `reading restore "b"`},
		"no location": {requestFor("BackupLog", "elsewhere"), `reading backup storage location "gone"`},
		"no kind":     {requestFor("Backup", "b"), `there is no file of kind "Backup"`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tc.request)
			now := time.Now()
			r := &reconciler{Writer: w.Writer, backend: w.Backend, now: func() time.Time { return now }}
			request := &velerov1.DownloadRequest{}
			for range 2 {
				if _, err := w.Reconcile(t, r, "r"); err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("got %v, want %q", err, tc.want)
				}
				if !w.Read(t, "r", request) || request.Status.Phase == velerov1.DownloadRequestPhaseProcessed || request.Status.Expiration == nil {
					t.Fatalf("got %+v", request.Status)
				}
				now = now.Add(lifetime / 2)
			}
			now = now.Add(time.Second)
			if _, err := w.Reconcile(t, r, "r"); err != nil || w.Read(t, "r", request) {
				t.Errorf("got %v, or the request is still there", err)
			}
		})
	}
}

// TestExpires shows that an answered request is there as long as its address is good.
func TestExpires(t *testing.T) {
	w := newWorld(t, requestFor("BackupLog", "b"))
	now := time.Now().Truncate(time.Second)
	r := &reconciler{Writer: w.Writer, backend: w.Backend, now: func() time.Time { return now }}
	request := &velerov1.DownloadRequest{}
	for _, want := range []time.Duration{lifetime, lifetime, time.Minute} {
		if want == time.Minute {
			now = now.Add(lifetime - time.Minute)
		}
		if result, err := w.Reconcile(t, r, "r"); err != nil || result.RequeueAfter != want {
			t.Errorf("got %v, %v, want %v", result, err, want)
		}
	}
	now = now.Add(time.Minute)
	if _, err := w.Reconcile(t, r, "r"); err != nil || w.Read(t, "r", request) {
		t.Errorf("got %v, or the request is still there", err)
	}
}

// TestWithoutExpiration shows that a request that somebody else says is answered, without a time, is answered anew.
func TestWithoutExpiration(t *testing.T) {
	request := requestFor("BackupLog", "b")
	request.Status.Phase = velerov1.DownloadRequestPhaseProcessed
	w := newWorld(t, request)
	if _, err := w.Reconcile(t, &reconciler{Writer: w.Writer, backend: w.Backend, now: time.Now}, "r"); err != nil {
		t.Fatal(err)
	}
	if !w.Read(t, "r", request) || request.Status.Expiration == nil || request.Status.DownloadURL == "" {
		t.Errorf("got %+v", request.Status)
	}
}
