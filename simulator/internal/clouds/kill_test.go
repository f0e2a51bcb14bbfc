package clouds_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/internal/leaktest"
	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/internal/clouds/cloudstest"
	"github.com/velero-locations/velero-locations/simulator/portworx"
)

// writerVariable makes this test's program one that serves from a data directory.
const writerVariable = "CLOUDS_TEST_DATA_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerVariable); dir != "" {
		os.Exit(write(dir))
	}
	leaktest.Main(m)
}

// write serves until it is killed.
func write(dir string) int {
	sim, err := simulator.New(cloudstest.Kept(dir))
	if err == nil {
		var endpoints simulator.Endpoints
		if endpoints, err = sim.Listen(context.Background()); err == nil {
			fmt.Println(endpoints.Clouds)
			err = sim.Run(context.Background())
		}
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// TestKill kills the simulator with SIGKILL right after it answered, and finds everything that it had answered.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	contents := map[string]string{} // of snapshots; empty: what their volume holds
	for round := range 3 {
		process := exec.CommandContext(t.Context(), os.Args[0])
		process.Env = append(os.Environ(), writerVariable+"="+dir)
		process.Stderr = os.Stderr
		out, err := process.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		url, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		createSnapshots(t, strings.TrimSpace(url), round, contents)
		if err := process.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if exit := (*exec.ExitError)(nil); !errors.As(process.Wait(), &exit) {
			t.Error("it ended by itself")
		}
		checkKept(t, dir, contents)
	}
}

// createSnapshots creates some of the disk and one of the volume, whose id is asked for last.
func createSnapshots(t *testing.T, url string, round int, contents map[string]string) {
	t.Helper()
	for i := range 5 {
		id := fmt.Sprintf("%ssnapshots/s-%d-%d", cloudstest.Home, round, i)
		got, err := cloudstest.Send(t, url, cloudstest.AliceKey, "PUT", cloudstest.AzurePath(id), azure.NewSnapshot{Location: "eastus", Source: cloudstest.Disk})
		if err != nil || got.Status != 201 {
			t.Fatalf("%+v, %v", got, err)
		}
		contents[id] = ""
		got, err = cloudstest.Send(t, url, cloudstest.AliceKey, "POST", cloudstest.PortworxPath("px-a", "/snapshots"), portworx.NewSnapshot{Volume: cloudstest.Volume})
		if err != nil || got.Status != 201 {
			t.Fatalf("%+v, %v", got, err)
		}
		_, rest, _ := strings.Cut(got.Body, `"id": "`)
		id, _, _ = strings.Cut(rest, `"`)
		contents[id] = ""
	}
}

// checkKept opens what the killed process left, and writes to the volumes so that the next round's snapshots differ.
func checkKept(t *testing.T, dir string, contents map[string]string) {
	t.Helper()
	sim, err := simulator.New(cloudstest.Kept(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sim.Close() }()
	found := map[string]string{}
	for _, snapshot := range sim.Azure().Snapshots() {
		found[snapshot.ID] = string(snapshot.Content)
	}
	for _, snapshot := range sim.Portworx().Snapshots() {
		found[snapshot.ID] = string(snapshot.Content)
	}
	for id, want := range contents {
		if want == "" && strings.HasPrefix(id, "/") {
			want = cloudstest.DiskContent(t, sim, cloudstest.Disk)
		} else if want == "" {
			want = cloudstest.VolumeContent(t, sim, cloudstest.Volume)
		}
		if contents[id] = want; found[id] != want {
			t.Errorf("snapshot %s holds %q, want %s", id, found[id], want)
		}
	}
	if len(found) != len(contents) {
		t.Errorf("%d snapshots, want %d", len(found), len(contents))
	}
	_, _, err = sim.Azure().Write(cloudstest.Disk, []byte("x"))
	if err == nil {
		_, _, err = sim.Portworx().Write(cloudstest.Volume, []byte("x"))
	}
	if err != nil {
		t.Fatal(err)
	}
}
