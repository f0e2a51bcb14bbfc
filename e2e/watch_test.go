package e2e

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"github.com/velero-locations/velero-locations/e2e/cluster"
)

var snapshotLocations = schema.GroupVersionResource{Group: group, Version: "v1", Resource: "volumesnapshotlocations"}

// snapshotLocationClient returns a client of volume snapshot locations, which no controller writes to.
func snapshotLocationClient(t *testing.T, c *cluster.Cluster) dynamic.ResourceInterface {
	t.Helper()
	client, err := dynamic.NewForConfig(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	return client.Resource(snapshotLocations).Namespace(cluster.Namespace)
}

func newSnapshotLocation(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": snapshotLocations.GroupVersion().String(), "kind": "VolumeSnapshotLocation",
		"metadata": map[string]any{"name": name},
		"spec":     map[string]any{"provider": "aws", "config": map[string]any{"region": "us-east-1"}},
	}}
}

// How long the watch goes on, and how often something happens meanwhile. Bookmarks come about once a minute.
const (
	watched       = 140 * time.Second
	changes       = 14
	wantBookmarks = 2
)

// longWatch is a watch that goes on while other tests run.
type longWatch struct {
	client dynamic.ResourceInterface
	done   chan error
	got    followed
	lasted time.Duration
}

// startWatch watches a location that it changes again and again.
func startWatch(t *testing.T, c *cluster.Cluster) *longWatch {
	t.Helper()
	w := &longWatch{client: snapshotLocationClient(t, c), done: make(chan error, 1)}
	created, err := w.client.Create(t.Context(), newSnapshotLocation("watched"), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	events, err := w.client.Watch(t.Context(), watchFrom(created.GetResourceVersion()))
	if err != nil {
		t.Fatal(err)
	}
	var group errgroup.Group
	group.Go(func() error { return change(t.Context(), w.client) })
	group.Go(func() (err error) {
		started := time.Now()
		w.got, err = follow(events)
		w.lasted = time.Since(started)
		return err
	})
	go func() { w.done <- group.Wait() }()
	return w
}

func watchFrom(version string) metav1.ListOptions {
	seconds := int64(watched.Seconds())
	return metav1.ListOptions{ResourceVersion: version, AllowWatchBookmarks: true, TimeoutSeconds: &seconds}
}

// test waits for the end of the watch: all changes came, in order and once, with bookmarks among them, and a watch that goes on
// from a bookmark misses nothing.
func (w *longWatch) test(t *testing.T) {
	if err := <-w.done; err != nil {
		t.Fatal(err)
	}
	if w.lasted < watched-5*time.Second {
		t.Errorf("the watch ended after %s, asked for were %s", w.lasted, watched)
	}
	if len(w.got.bookmarks) < wantBookmarks || w.got.changes != changes {
		t.Fatalf("there came %d bookmarks and %d changes, want %d and %d", len(w.got.bookmarks), w.got.changes, wantBookmarks, changes)
	}
	again, err := w.client.Watch(t.Context(), watchFrom(w.got.bookmarks[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Stop()
	for next := range again.ResultChan() {
		object, ok := next.Object.(*unstructured.Unstructured)
		if ok && object.GetLabels()["change"] == w.got.beforeBookmark {
			continue // the controller of locations has written the status
		}
		if !ok || object.GetLabels()["change"] != w.got.afterBookmark {
			t.Errorf("from the first bookmark on there came %v, want change %s", next, w.got.afterBookmark)
		}
		return
	}
	t.Error("nothing came from the first bookmark on")
}

// change labels the location again and again, for as long as it is watched.
func change(ctx context.Context, client dynamic.ResourceInterface) error {
	for n := range changes {
		patch := fmt.Appendf(nil, `{"metadata":{"labels":{"change":"%d"}}}`, n)
		if _, err := client.Patch(ctx, "watched", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After((watched - 10*time.Second) / changes):
		}
	}
	return nil
}

// followed is what came out of a watch.
type followed struct {
	changes        int
	bookmarks      []string // resource versions
	beforeBookmark string   // the last change before the first bookmark
	afterBookmark  string   // the first change after it
}

// follow reads a watch to its end.
func follow(events watch.Interface) (followed, error) {
	var got followed
	for event := range events.ResultChan() {
		object, ok := event.Object.(*unstructured.Unstructured)
		switch {
		case ok && event.Type == watch.Bookmark:
			got.bookmarks = append(got.bookmarks, object.GetResourceVersion())
		case ok && event.Type == watch.Modified && object.GetLabels()["change"] == strconv.Itoa(got.changes):
			if len(got.bookmarks) > 0 && got.afterBookmark == "" {
				got.afterBookmark, got.beforeBookmark = object.GetLabels()["change"], last(got.changes)
			}
			got.changes++
		case ok && event.Type == watch.Modified && object.GetLabels()["change"] == last(got.changes):
			// The controller of locations has written the status.
		default:
			return got, fmt.Errorf("there came %v after %d changes", event, got.changes)
		}
	}
	return got, nil
}

// last is the label of the change that came before so many others; none has none.
func last(changes int) string {
	if changes == 0 {
		return ""
	}
	return strconv.Itoa(changes - 1)
}
