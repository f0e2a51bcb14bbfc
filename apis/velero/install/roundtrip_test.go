package install_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/apitesting/roundtrip"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/velero-locations/velero-locations/apis/velero/fuzzer"
	"github.com/velero-locations/velero-locations/apis/velero/install"
)

func TestRoundTrip(t *testing.T) {
	roundtrip.RoundTripTestForAPIGroup(t, func(scheme *runtime.Scheme) {
		if err := install.Install(scheme); err != nil {
			t.Fatal(err)
		}
	}, fuzzer.Funcs)
}
