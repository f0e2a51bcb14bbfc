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

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/portworx"
)

// writerVariable makes this test's program one that serves from a data directory.
const writerVariable = "CLOUDS_TEST_DATA_DIR"

func kept(dir string) simulator.Config {
	var config simulator.Config
	twoAccounts(&config)
	config.DataDir, config.S3.Address, config.Clouds.Address = dir, "127.0.0.1:0", "127.0.0.1:0"
	return config
}

// write serves until it is killed.
func write(dir string) int {
	sim, err := simulator.New(kept(dir))
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
		id := fmt.Sprintf("%ssnapshots/s-%d-%d", home, round, i)
		got, err := send(t, url, aliceKey, "PUT", azurePath(id), azure.NewSnapshot{Location: "eastus", Source: disk})
		if err != nil || got.status != 201 {
			t.Fatalf("%+v, %v", got, err)
		}
		contents[id] = ""
		got, err = send(t, url, aliceKey, "POST", portworxPath("px-a", "/snapshots"), portworx.NewSnapshot{Volume: pxVolume})
		if err != nil || got.status != 201 {
			t.Fatalf("%+v, %v", got, err)
		}
		_, rest, _ := strings.Cut(got.body, `"id": "`)
		id, _, _ = strings.Cut(rest, `"`)
		contents[id] = ""
	}
}

// checkKept opens what the killed process left, and writes to the volumes so that the next round's snapshots differ.
func checkKept(t *testing.T, dir string, contents map[string]string) {
	t.Helper()
	sim, err := simulator.New(kept(dir))
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
			want = diskContent(t, sim, disk)
		} else if want == "" {
			want = volumeContent(t, sim, pxVolume)
		}
		if contents[id] = want; found[id] != want {
			t.Errorf("snapshot %s holds %q, want %s", id, found[id], want)
		}
	}
	if len(found) != len(contents) {
		t.Errorf("%d snapshots, want %d", len(found), len(contents))
	}
	_, _, err = sim.Azure().Write(disk, []byte("x"))
	if err == nil {
		_, _, err = sim.Portworx().Write(pxVolume, []byte("x"))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestKeptNodes: a node that has failed has done so after a restart, too, and nothing of it is back.
func TestKeptNodes(t *testing.T) {
	dir := t.TempDir()
	sim, err := simulator.New(kept(dir))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := sim.Portworx().FailNode("px-a", "n1"); err != nil {
		t.Fatal(err)
	}
	if err := sim.Close(); err != nil {
		t.Fatal(err)
	}
	if sim, err = simulator.New(kept(dir)); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sim.Close() }()
	if node := sim.Portworx().Nodes()[0]; node.State != "failed" || node.Name != "n1" {
		t.Errorf("%+v", node)
	}
	if volumes := sim.Portworx().Volumes(); len(volumes) != 1 || volumes[0].ID != bobVolume {
		t.Errorf("%+v", volumes)
	}
}
