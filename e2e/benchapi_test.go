package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// TestBenchAPI runs the benchmarks of the API in their smallest form: what they find is of no use, but that they find it is.
func TestBenchAPI(t *testing.T) {
	root := cluster.Repository(t)
	program := filepath.Join(t.TempDir(), "benchapi")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./hack/benchapi")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, tc := range []struct {
		args string
		want []string
	}{
		{
			"-rounds 1 -objects 20 -lists 8 -watches 5 -baseline " + cluster.Tool(t, "velero-locations"),
			[]string{
				"## BackupStorageLocation", "## Backup\n", "| times as fast as | aggregated / CRDs | direct / CRDs |", "| direct / direct-before |",
				"| create |", "| patch while 5 watch |", "| list by label, 2 of 20 |", "| delete |", "| ours: ours-ours |", "| crds: crds-kube-apiserver |",
			},
		},
		{
			"-scale -backups 40 -locations 10 -doomed 20 -synced 20 -watches 5",
			[]string{"| time to ready, s |", "| memory for a watch, KiB |", "| delete a location with 20 backups", "| with Velero's server, s |", "| peak of the server, MiB |"},
		},
	} {
		t.Run(strings.Fields(tc.args)[0], func(t *testing.T) {
			bench := exec.CommandContext(t.Context(), program, append(strings.Fields(tc.args), "-dir", t.TempDir())...)
			bench.Dir = root
			var progress strings.Builder
			bench.Stderr = &progress
			out, err := bench.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, progress.String())
			}
			for _, want := range tc.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("%q is not in\n%s", want, out)
				}
			}
		})
	}
}
