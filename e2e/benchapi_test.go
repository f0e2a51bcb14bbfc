package e2e

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// TestBenchAPI runs the benchmark of the API in its smallest form: what it finds is of no use, but that it finds it is. That of
// large numbers is not run here: Velero's server has it wait for minutes.
func TestBenchAPI(t *testing.T) {
	bench := exec.CommandContext(t.Context(), "go", "run", "./hack/benchapi",
		"-rounds", "1", "-objects", "20", "-lists", "8", "-watches", "5", "-baseline", cluster.Tool(t, "velero-locations"), "-dir", t.TempDir())
	bench.Dir = cluster.Repository(t)
	var progress strings.Builder
	bench.Stderr = &progress
	out, err := bench.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	for _, want := range []string{
		"## BackupStorageLocation", "## Backup\n", "| times as fast as | aggregated / CRDs | direct / CRDs |", "| direct / direct-before |",
		"| create |", "| patch while 5 watch |", "| list by label, 2 of 20 |", "| delete |", "| ours: ours-ours |", "| crds: crds-kube-apiserver |",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}
