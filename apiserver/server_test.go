package apiserver

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	etcd3testing "k8s.io/apiserver/pkg/storage/etcd3/testing"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/client-go/rest"
)

// client of a server that answers in a test.
type client struct {
	testing.TB
	url string
}

// startServer answers without TLS, to everybody, on a fresh etcd.
func startServer(t testing.TB) client {
	t.Helper()
	backend, storage := etcd3testing.NewUnsecuredEtcd3TestClientServer(t)
	t.Cleanup(func() { _ = backend.V3Client.Close() })
	return startServerOn(t, storage)
}

func startServerOn(t testing.TB, storage *storagebackend.Config) client {
	t.Helper()
	api, err := NewAPI(Velero)
	if err != nil {
		t.Fatal(err)
	}
	config := NewConfig(api)
	if err := config.SetDefaultVersion(); err != nil {
		t.Fatal(err)
	}
	etcd := genericoptions.NewEtcdOptions(storagebackend.NewDefaultConfig(EtcdPrefix, api.StorageCodec()))
	etcd.StorageConfig.EncodeVersioner = api.StorageVersioner()
	etcd.StorageConfig.Transport = storage.Transport
	etcd.SkipHealthEndpoints = true // which end with a run of the server only
	if err := etcd.ApplyTo(&config.Generic.Config); err != nil {
		t.Fatal(err)
	}
	config.Generic.LoopbackClientConfig, config.Generic.ExternalAddress = &rest.Config{}, "127.0.0.1:443"
	config.Generic.Authorization.Authorizer = authorizerfactory.NewAlwaysAllowAuthorizer()
	server, err := config.New()
	if err != nil {
		t.Fatal(err)
	}
	server.Generic.PrepareRun()
	server.Generic.RunPostStartHooks(t.Context())
	answering := httptest.NewServer(server.Generic.Handler)
	t.Cleanup(func() {
		answering.Close()
		server.Generic.Destroy()
	})
	return client{t, answering.URL}
}

// do sends a request, and returns the answer, which must be good.
func (c client) do(method, path, contentType string, body any) map[string]any {
	c.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		c.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(c.send(method, path, http.Header{"Content-Type": {contentType}}, data), &answer); err != nil {
		c.Fatal(err)
	}
	return answer
}

// send sends a request as it is, and returns the answer as it is, which must be good.
func (c client) send(method, path string, header http.Header, body []byte) []byte {
	c.Helper()
	request, err := http.NewRequestWithContext(c.Context(), method, c.url+path, bytes.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= http.StatusMultipleChoices {
		c.Fatalf("%s %s: %s, %v\n%s", method, path, response.Status, err, text)
	}
	return text
}

// TestWritesWithoutChange shows that whoever writes what is there writes nothing, however it is sent.
func TestWritesWithoutChange(t *testing.T) {
	c := startServer(t)
	const path = "/apis/velero.io/v1/namespaces/velero/schedules/nightly"
	schedule := map[string]any{
		"apiVersion": "velero.io/v1", "kind": "Schedule", "metadata": map[string]any{"name": "nightly"},
		"spec": map[string]any{"schedule": "0 1 * * *", "template": map[string]any{"ttl": "1h", "storageLocation": "primary", "snapshotVolumes": false}},
	}
	location := map[string]any{
		"apiVersion": "velero.io/v1", "kind": "BackupStorageLocation", "metadata": map[string]any{"name": "primary"},
		"spec": map[string]any{"provider": "aws", "objectStorage": map[string]any{"bucket": "backups"}},
	}
	c.do("POST", "/apis/velero.io/v1/namespaces/velero/backupstoragelocations", "application/json", location)
	apply := func() map[string]any {
		return c.do("PATCH", path+"?fieldManager=test&force=true", "application/apply-patch+yaml", schedule)
	}
	written := apply()
	version := func(object map[string]any) any { return object["metadata"].(map[string]any)["resourceVersion"] }
	time.Sleep(1100 * time.Millisecond) // the times of managed fields are whole seconds
	for name, again := range map[string]func() map[string]any{
		"apply": apply,
		"put":   func() map[string]any { return c.do("PUT", path, "application/json", written) },
		"patch": func() map[string]any { return c.do("PATCH", path, "application/merge-patch+json", map[string]any{}) },
	} {
		if got := version(again()); got != version(written) {
			t.Errorf("%s of what is there makes version %v of %v", name, got, version(written))
		}
	}
	list := c.do("GET", "/apis/velero.io/v1/schedules?resourceVersion=0", "", nil)
	if item := list["items"].([]any)[0].(map[string]any); item["kind"] != nil || item["apiVersion"] != nil {
		t.Errorf("an item of a list names its kind: %v, %v", item["kind"], item["apiVersion"])
	}
}

// TestRecordsGoWithTheirLocation shows that a server does what has to run beside its stores.
func TestRecordsGoWithTheirLocation(t *testing.T) {
	c := startServer(t)
	const locations, backups = "/apis/velero.io/v1/namespaces/velero/backupstoragelocations", "/apis/velero.io/v1/namespaces/velero/backups"
	c.do("POST", locations, "application/json", map[string]any{
		"metadata": map[string]any{"name": "primary"}, "spec": map[string]any{"provider": "aws", "objectStorage": map[string]any{"bucket": "backups"}},
	})
	c.do("POST", backups, "application/json", map[string]any{
		"metadata": map[string]any{"name": "one"}, "spec": map[string]any{"storageLocation": "primary", "snapshotVolumes": false},
	})
	c.do("DELETE", locations+"/primary", "", nil)
	if left := c.do("GET", backups, "", nil)["items"].([]any); len(left) > 0 {
		t.Errorf("after the deletion of the location there is %v", left)
	}
}
