package main

import (
	"io"
	"net/http"
	"testing"

	"k8s.io/kube-openapi/pkg/spec3"

	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// TestSimulatorDescriptions are read by Kubernetes' own tools.
func TestSimulatorDescriptions(t *testing.T) {
	sim := simulatortest.Start(t)
	for _, url := range []string{sim.Control + "/openapi.json", sim.Clouds + "/azure/v1/openapi.json", sim.Clouds + "/portworx/v1/openapi.json"} {
		response, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		var description spec3.OpenAPI
		if err := description.UnmarshalJSON(text); err != nil || len(description.Paths.Paths) == 0 {
			t.Errorf("%s has %s: %v", url, text, err)
		}
	}
}
