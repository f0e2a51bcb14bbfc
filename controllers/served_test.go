package controllers

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// TestWhenServed shows that controllers whose API comes late wait for it, unready.
func TestWhenServed(t *testing.T) {
	// What kube-apiserver answers before there is an APIService, before its server is reached, and then.
	answers := []int{http.StatusNotFound, http.StatusServiceUnavailable, http.StatusOK}
	var asked atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/apis/velero.io/v1" {
			t.Errorf("asked for %s", r.URL)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answers[min(int(asked.Add(1)), len(answers))-1])
		_ = json.NewEncoder(w).Encode(metav1.APIResourceList{GroupVersion: velerov1.SchemeGroupVersion.String()})
	}))
	defer api.Close()

	client := discovery.NewDiscoveryClientForConfigOrDie(&rest.Config{Host: api.URL})
	w := &whenServed{api: client}
	w.setup = func(context.Context) error {
		if int(asked.Load()) != len(answers) || w.ready(nil) == nil {
			t.Errorf("set up after %d answers, ready: %v", asked.Load(), w.ready(nil))
		}
		return nil
	}
	if err := w.Start(t.Context()); err != nil || w.ready(nil) != nil {
		t.Errorf("got %v and, when set up, %v", err, w.ready(nil))
	}
}

// TestNeverServed shows that who waits is alive, says so, and ends when told to.
func TestNeverServed(t *testing.T) {
	api := httptest.NewServer(http.NotFoundHandler())
	defer api.Close()
	opts := NewOptions()
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	opts.HealthAddress = free.Addr().String()
	_ = free.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, &rest.Config{Host: api.URL}, opts) }()

	probe := func(path string, want int) {
		t.Helper()
		err := wait.PollUntilContextTimeout(ctx, 10*time.Millisecond, 10*time.Second, true, func(context.Context) (bool, error) {
			response, err := http.Get("http://" + opts.HealthAddress + path)
			if err != nil {
				return false, nil //nolint:nilerr // it is not up yet
			}
			defer func() { _ = response.Body.Close() }()
			if response.StatusCode != want {
				t.Errorf("%s: status %d, want %d", path, response.StatusCode, want)
			}
			return true, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	probe("/healthz", http.StatusOK)
	probe("/readyz", http.StatusInternalServerError)
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}
