package controllers

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// credentialsOf is an API with the Secret of a key.
func credentialsOf(id, secret string) kubernetes.Interface {
	return fake.NewClientset(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "cloud-credentials"},
		Data:       map[string][]byte{"cloud": fmt.Appendf(nil, "[default]\naws_access_key_id=%s\naws_secret_access_key=%s\n", id, secret)},
	})
}

func typed(change func(*velerov1.BackupStorageLocation)) *velerov1.BackupStorageLocation {
	location := &velerov1.BackupStorageLocation{
		ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "main"},
		Spec: velerov1.BackupStorageLocationSpec{
			Provider: "aws", Config: map[string]string{"region": "us-east-1"}, ObjectStorage: &velerov1.ObjectStorageLocation{Bucket: "bbb"},
		},
	}
	change(location)
	return location
}

func newProber(t *testing.T, endpoint string) *Prober {
	t.Helper()
	options := ProberOptions{DefaultS3Endpoint: endpoint}
	prober, err := options.New()
	if err != nil {
		t.Fatal(err)
	}
	return prober
}

// TestProber asks a simulated cloud, and what is none.
func TestProber(t *testing.T) {
	cloud := simulatortest.Start(t)
	cloud.CreateBucket(t, "bbb")
	redirected := 0
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { redirected++ }))
	defer target.Close()
	redirecting := httptest.NewServer(http.RedirectHandler(target.URL, http.StatusTemporaryRedirect))
	defer redirecting.Close()
	silent := listenSilently(t)
	to := func(address string) func(*velerov1.BackupStorageLocation) {
		return func(l *velerov1.BackupStorageLocation) {
			l.Spec.Config["s3Url"], l.Spec.Config["s3ForcePathStyle"] = address, "true"
		}
	}
	for name, tc := range map[string]struct {
		change func(*velerov1.BackupStorageLocation)
		secret string
		fault  faults.Fault
		want   string
	}{
		"good":              {change: func(*velerov1.BackupStorageLocation) {}},
		"no bucket":         {change: func(l *velerov1.BackupStorageLocation) { l.Spec.ObjectStorage.Bucket = "bbc" }, want: `there is no bucket "bbc"`},
		"another region":    {change: func(l *velerov1.BackupStorageLocation) { l.Spec.Config["region"] = "us-west-1" }, want: `is in region us-east-1, not us-west-1`},
		"a wrong key":       {change: func(*velerov1.BackupStorageLocation) {}, secret: "hidden", want: "refuses the signature"},
		"nothing there":     {change: to("http://127.0.0.1:1"), want: "nothing listens at http://127.0.0.1:1"},
		"a silent endpoint": {change: to("http://" + silent)},
		"a redirection":     {change: to(redirecting.URL), want: "what " + redirecting.URL + " answers is not S3"},
		"a slow line":       {change: func(*velerov1.BackupStorageLocation) {}, fault: faults.Latency{Delay: faults.Duration(time.Minute)}},
		"throttled":         {change: func(*velerov1.BackupStorageLocation) {}, fault: faults.Error{Code: "SlowDown"}, want: "is overloaded"},
		"no Secret":         {change: func(l *velerov1.BackupStorageLocation) { l.Namespace = "elsewhere" }},
		"another provider":  {change: func(l *velerov1.BackupStorageLocation) { l.Spec.Provider = "gcp" }},
		"a path":            {change: to("http://127.0.0.1:1/s3")},
	} {
		t.Run(name, func(t *testing.T) {
			defer cloud.Faults().Clear()
			if tc.fault != nil {
				cloud.Harm(t, faults.Rule{Fault: tc.fault})
			}
			secret := cloud.Key.Secret
			if tc.secret != "" {
				secret = tc.secret
			}
			ask := func() string {
				return newProber(t, cloud.S3).Ask(t.Context(), credentialsOf(cloud.Key.ID, secret), typed(tc.change))
			}
			got := ask()
			for again := 0; got == "" && tc.want != "" && again < 20; again++ { // a busy machine may not hear in time
				got = ask()
			}
			if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) || strings.Contains(got, "hidden") {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
	if redirected > 0 {
		t.Errorf("followed a redirection %d times", redirected)
	}
}

// listenSilently accepts connections and says nothing.
func listenSilently(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var held sync.WaitGroup
	held.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); held.Wait() })
	return listener.Addr().String()
}

// TestProberLimits shows that one namespace, and all together, are asked for so much and no more.
func TestProberLimits(t *testing.T) {
	asked := make(chan struct{}, 1000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	prober, api := newProber(t, server.URL), credentialsOf("AKIAX", "hidden")
	unasked := 0
	for range 10 * probesAtFirst {
		if prober.Ask(t.Context(), api, typed(func(*velerov1.BackupStorageLocation) {})) == "" {
			unasked++
		}
	}
	if len(asked) < probesAtFirst || unasked == 0 {
		t.Errorf("asked %d times, and not %d times", len(asked), unasked)
	}

	for range probesAtOnce { // taken by others
		prober.places <- struct{}{}
	}
	other := typed(func(l *velerov1.BackupStorageLocation) { l.Namespace = "other" })
	if got := prober.Ask(context.Background(), fake.NewClientset(), other); got != "" {
		t.Errorf("got %s", got)
	}
}

func TestProberOptions(t *testing.T) {
	for _, options := range []ProberOptions{{DefaultS3Endpoint: "https://key:hidden@s3"}, {DefaultSTSEndpoint: "https://key:hidden@sts"}} {
		if _, err := options.New(); err == nil || strings.Contains(err.Error(), "hidden") || !strings.Contains(err.Error(), "-endpoint must not have a user name in it") {
			t.Errorf("got %v", err)
		}
	}
}
