package simulator_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/simulator"
)

// TestDefault shows that the cloud without a configuration is that of the documentation.
func TestDefault(t *testing.T) {
	document, err := os.ReadFile("../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(document), "```yaml simulator.yaml\n")
	block, _, _ = strings.Cut(block, "```")
	want, err := simulator.Parse([]byte(block))
	if err != nil {
		t.Fatal(err)
	}
	got, err := simulator.Default()
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Accounts, want.Accounts) || !reflect.DeepEqual(got.Regions, want.Regions) {
		t.Errorf("accounts and regions are\n%+v %v, and those of the documentation\n%+v %v", got.Accounts, got.Regions, want.Accounts, want.Regions)
	}
	if got.S3.Address != want.S3.Address || got.EC2.Address != want.EC2.Address || got.Clouds.Address != want.Clouds.Address || got.Control.Address != want.Control.Address {
		t.Errorf("addresses are %+v, %+v, %+v, %+v", got.S3, got.EC2, got.Clouds, got.Control)
	}
	if got.DataDir != "" || got.CAFile != "" {
		t.Errorf("files are written: %q, %q", got.DataDir, got.CAFile)
	}
}
