package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
	velerov1 "github.com/velero-locations/velero-locations/generated/clientset/versioned/typed/velero/v1"
)

// watched is a server with an object of 262 kB, and how to reach both.
type watched struct {
	*server

	config  *rest.Config
	objects velerov1.BackupStorageLocationInterface
}

func startWatched(tb testing.TB) watched {
	tb.Helper()
	s := startDev(tb, tb.TempDir())
	config := s.config(tb)
	config.Timeout = 0 // as watches have none
	w := watched{s, config, versioned.NewForConfigOrDie(config).VeleroV1().BackupStorageLocations(modelNamespace)}
	large := modelLocation("large", "large", modelSecrets)
	large.Annotations = map[string]string{"example.org/large": strings.Repeat("a", 262_000)}
	if _, err := w.objects.Create(tb.Context(), large, metav1.CreateOptions{}); err != nil {
		tb.Fatal(err)
	}
	return w
}

// TestWatchesHoldNoEvents shows that a watch which has nothing to send does not keep what it has sent.
func TestWatchesHoldNoEvents(t *testing.T) {
	const watches = 100
	w := startWatched(t)
	before := w.liveHeap(t)
	w.open(t, watches)
	// Whatever else the process has begun to do meanwhile has its own memory, for a moment.
	devtest.Poll(t, 30*time.Second, "watches of an object of 262 kB to hold less than 150 KiB each", func() bool {
		return (w.liveHeap(t)-before)/watches < 150<<10
	})
}

// BenchmarkWatches reports what a server occupies for each of 2,000 watches of an object of 262 kB, each on a connection of its own, when
// they had their first events and when the object has changed. HEAP names a file for the server's heap profile.
func BenchmarkWatches(b *testing.B) {
	const watches = 2000
	w := startWatched(b)
	for b.Loop() {
		idle := residentMiB(b, w.process.Process.Pid)
		events := w.open(b, watches)
		began := residentMiB(b, w.process.Process.Pid)
		if file := os.Getenv("HEAP"); file != "" {
			if err := os.WriteFile(file, w.get(b, "/debug/pprof/heap?gc=1"), 0o600); err != nil {
				b.Fatal(err)
			}
		}
		patch := fmt.Appendf(nil, `{"metadata":{"annotations":{"example.org/changed":"%d"}}}`, b.N)
		if _, err := w.objects.Patch(b.Context(), "large", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			b.Fatal(err)
		}
		readEvents(b, events)
		changed := residentMiB(b, w.process.Process.Pid)
		b.ReportMetric(idle, "MiB-idle")
		b.ReportMetric(began, "MiB-watched")
		b.ReportMetric(changed, "MiB-changed")
		b.ReportMetric((changed-idle)*1024/watches, "KiB/watch")
	}
	b.ReportMetric(0, "ns/op")
}

// open returns watches that have had their first event.
func (w watched) open(b testing.TB, count int) []*bufio.Reader {
	b.Helper()
	secured, err := rest.TLSConfigFor(w.config)
	if err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: secured, TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}}
	streams := make([]*bufio.Reader, count)
	var group errgroup.Group
	group.SetLimit(50)
	for i := range streams {
		group.Go(func() error {
			request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, w.config.Host+"/apis/velero.io/v1/namespaces/"+modelNamespace+"/backupstoragelocations?watch=1", nil)
			if err != nil {
				return err
			}
			response, err := client.Do(request)
			if err != nil {
				return err
			}
			b.Cleanup(func() { _ = response.Body.Close() })
			if response.StatusCode != http.StatusOK {
				return fmt.Errorf("a watch was answered with %s", response.Status)
			}
			streams[i] = bufio.NewReaderSize(response.Body, 512)
			return readLine(streams[i])
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	return streams
}

func readEvents(b *testing.B, streams []*bufio.Reader) {
	b.Helper()
	var group errgroup.Group
	group.SetLimit(50)
	for _, stream := range streams {
		group.Go(func() error { return readLine(stream) })
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}

func readLine(r *bufio.Reader) error {
	for {
		_, err := r.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// liveHeap is what a server still refers to.
func (w watched) liveHeap(tb testing.TB) int64 {
	tb.Helper()
	w.get(tb, "/debug/pprof/heap?gc=1")
	for line := range strings.Lines(string(w.get(tb, "/metrics"))) {
		if text, found := strings.CutPrefix(line, "go_memstats_heap_alloc_bytes "); found {
			bytes, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil {
				tb.Fatal(err)
			}
			return int64(bytes)
		}
	}
	tb.Fatal("the server does not say how large its heap is")
	return 0
}

func (w watched) get(tb testing.TB, path string) []byte {
	tb.Helper()
	client, err := rest.HTTPClientFor(w.config)
	if err != nil {
		tb.Fatal(err)
	}
	response, err := client.Get(w.config.Host + path)
	if err != nil {
		tb.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		tb.Fatalf("%s: %s, %v", path, response.Status, err)
	}
	return body
}
