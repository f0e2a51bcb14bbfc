package s3_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/internal/leaktest"
	"github.com/velero-locations/velero-locations/simulator"
)

const (
	killDir = "SIMULATOR_KILL_TEST_DIR"
	kills   = 50
	writers = 16
	// killAfter is how many requests are acknowledged before the first kill; before each further one it is one more.
	killAfter  = 16
	killBucket = "alice-home"
)

// TestMain makes the test binary a simulator when TestKill runs it again.
func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		if err := serveForKill(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	leaktest.Main(m)
}

func serveForKill(dir string) error {
	config := twoAccounts()
	config.DataDir = dir
	sim, err := simulator.New(config)
	if err != nil {
		return err
	}
	server := httptest.NewServer(sim.Handler())
	fmt.Println(server.URL)
	_, err = io.Copy(io.Discard, os.Stdin) // until the test is gone
	return err
}

// startForKill starts a simulator as a process of its own.
func startForKill(t *testing.T, dir string) (*exec.Cmd, *minio.Client) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), killDir+"="+dir)
	command.Stderr = os.Stderr
	if _, err := command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	client, err := minio.New(strings.TrimPrefix(strings.TrimSpace(url), "http://"), &minio.Options{
		Creds: miniocredentials.NewStaticV4(aliceKey.ID, aliceKey.Secret, ""), Region: "us-east-1",
		BucketLookup: minio.BucketLookupPath, MaxRetries: 1, Transport: &http.Transport{MaxIdleConnsPerHost: writers},
	})
	if err != nil {
		t.Fatal(err)
	}
	return command, client
}

// ledger is what one writer knows of its keys: which contents each may have now, by checksum; empty for no object.
type ledger map[string]map[string]bool

// TestKill kills a simulator under 16 writers, 50 times over. What was acknowledged is there, and what was not is there
// as a whole or not at all.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	ledgers := make([]ledger, writers)
	for i := range ledgers {
		ledgers[i] = ledger{}
	}
	for round := range kills {
		command, client := startForKill(t, dir)
		checkLedgers(t, client, ledgers)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		enough := newCountdown(killAfter + round) // each round in the middle of something else
		for i, mine := range ledgers {
			wg.Go(func() { write(ctx, client, mine, i, rand.New(rand.NewSource(int64(round*writers+i))), enough.count) })
		}
		select {
		case <-enough.done:
		case <-time.After(time.Minute):
			t.Error("the simulator is too slow")
		}
		if err := command.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cancel()
		wg.Wait()
		_ = command.Wait()
		if t.Failed() {
			return
		}
	}
	command, client := startForKill(t, dir)
	checkLedgers(t, client, ledgers)
	if err := command.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = command.Wait()
}

// countdown is done when something was counted often enough.
type countdown struct {
	left atomic.Int64
	done chan struct{}
}

func newCountdown(n int) *countdown {
	c := &countdown{done: make(chan struct{})}
	c.left.Store(int64(n))
	return c
}

func (c *countdown) count() {
	if c.left.Add(-1) == 0 {
		close(c.done)
	}
}

// write puts, overwrites and deletes a few keys of the writer's own until the simulator is gone, and counts what was
// acknowledged.
func write(ctx context.Context, client *minio.Client, mine ledger, writer int, random *rand.Rand, acknowledged func()) {
	for ctx.Err() == nil {
		key := fmt.Sprintf("writer-%02d/%d", writer, random.Intn(20))
		data, sum := []byte(nil), ""
		if random.Intn(5) > 0 {
			data = make([]byte, 1+random.Intn(64<<10))
			random.Read(data)
			sum = hash(data)
		}
		if mine[key] == nil {
			mine[key] = map[string]bool{"": true}
		}
		mine[key][sum] = true // from now on either may be found
		var err error
		if data == nil {
			err = client.RemoveObject(ctx, killBucket, key, minio.RemoveObjectOptions{})
		} else {
			_, err = client.PutObject(ctx, killBucket, key, bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{DisableMultipart: true})
		}
		if err != nil {
			return
		}
		mine[key] = map[string]bool{sum: true}
		acknowledged()
	}
}

// checkLedgers compares all objects with what their writers know, and takes up what is there.
func checkLedgers(t *testing.T, client *minio.Client, ledgers []ledger) {
	t.Helper()
	var wg sync.WaitGroup
	for _, mine := range ledgers {
		wg.Go(func() {
			for key, allowed := range maps.Clone(mine) {
				sum, err := objectHash(t.Context(), client, key)
				if err != nil {
					t.Errorf("%s: %v", key, err)
					return
				}
				if !allowed[sum] {
					t.Errorf("%s is %q, which is none of the %d contents that it may have", key, sum, len(allowed))
				}
				mine[key] = map[string]bool{sum: true}
			}
		})
	}
	wg.Wait()
}

func objectHash(ctx context.Context, client *minio.Client, key string) (string, error) {
	object, err := client.GetObject(ctx, killBucket, key, minio.GetObjectOptions{})
	if err != nil {
		return "", err
	}
	defer object.Close()
	data, err := io.ReadAll(object)
	if errorCode(err) == "NoSuchKey" {
		return "", object.Close()
	}
	return hash(data), errors.Join(err, object.Close())
}
