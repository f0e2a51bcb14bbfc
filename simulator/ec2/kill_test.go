package ec2_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
	"github.com/velero-locations/velero-locations/simulator/internal/content"
)

// writerVariable makes this test's program one that serves EC2 from a data directory.
const writerVariable = "EC2_TEST_DATA_DIR"

func kept(dir string) simulator.Config {
	config := twoAccounts()
	config.DataDir, config.S3.Address, config.EC2.Address = dir, "127.0.0.1:0", "127.0.0.1:0"
	return config
}

// write serves until it is killed.
func write(dir string) int {
	sim, err := simulator.New(kept(dir))
	if err == nil {
		var endpoints simulator.Endpoints
		if endpoints, err = sim.Listen(context.Background()); err == nil {
			fmt.Println(endpoints.EC2)
			err = sim.Run(context.Background())
		}
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// TestKill kills the simulator with SIGKILL right after it answered, and finds everything that it had answered.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	contents := map[string]content.Identity{}
	for round := range 5 {
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
		client := newClient(strings.TrimSpace(url), aliceKey, "us-east-1")
		for i := range 10 {
			contents[createSnapshot(t, client, aliceVolume, tag("round", strconv.Itoa(round)), tag("n", strconv.Itoa(i)))] = ""
		}
		if err := process.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if exit := (*exec.ExitError)(nil); !errors.As(process.Wait(), &exit) {
			t.Error("it ended by itself")
		}
		checkKept(t, dir, contents)
	}
}

// checkKept opens what the killed process left, and writes to the volume so that the next round's snapshots differ.
func checkKept(t *testing.T, dir string, contents map[string]content.Identity) {
	t.Helper()
	sim, err := simulator.New(kept(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	place := ebs.Place{Account: alice, Region: "us-east-1"}
	volume, err := sim.Volumes().FindVolume(aliceVolume)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range contents {
		found, _, err := sim.Volumes().Snapshots(place, ebs.Query{IDs: []string{id}, Filters: []ebs.Filter{{Name: "tag-key", Values: []string{"round"}}}})
		if err != nil || len(found) != 1 {
			t.Fatalf("snapshot %s is lost: %v", id, err)
		}
		if want == "" {
			want = volume.Content
			contents[id] = want
		}
		if found[0].Content != want {
			t.Errorf("snapshot %s holds %s, want %s", id, found[0].Content, want)
		}
	}
	if all, _, err := sim.Volumes().Snapshots(place, ebs.Query{}); err != nil || len(all) != len(contents) {
		t.Errorf("%d snapshots, want %d, %v", len(all), len(contents), err)
	}
	if _, err := sim.Volumes().Write(place, aliceVolume, []byte("x")); err != nil {
		t.Fatal(err)
	}
}
