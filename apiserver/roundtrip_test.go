package apiserver

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/apitesting/roundtrip"

	"github.com/velero-locations/velero-locations/apis/velero/fuzzer"
)

func TestRoundTrip(t *testing.T) {
	api, err := NewAPI(Velero)
	if err != nil {
		t.Fatal(err)
	}
	roundtrip.RoundTripTestForScheme(t, api.Scheme, fuzzer.Funcs)
}
