package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/hack/internal/comparison"
)

// startTimeout is how long a server may take to answer at first.
const startTimeout = 30 * time.Second

// server is a process under test, with a client to it.
type server struct {
	name   string
	cmd    *exec.Cmd
	client minio.Core
}

// startAll starts the servers that are selected. It returns those that run also with an error, to be stopped.
func startAll(ctx context.Context, o options, dir string) ([]*server, error) {
	var servers []*server
	names := append([]string{memoryServer, diskServer, gofakes3Name}, o.peers...)
	if o.before != "" {
		names = append(names, memoryServer+beforeSuffix, diskServer+beforeSuffix)
	}
	for _, name := range names {
		if !o.servers.MatchString(name) {
			continue
		}
		s := &server{name: name}
		data := filepath.Join(dir, name)
		if err := os.Mkdir(data, 0o700); err != nil {
			return servers, err
		}
		address, err := s.start(ctx, data, o)
		if s.cmd != nil && s.cmd.Process != nil {
			servers = append(servers, s)
		}
		if err == nil {
			err = s.connect(ctx, address)
		}
		if err != nil {
			return servers, fmt.Errorf("starting %s: %w", name, err)
		}
	}
	return servers, nil
}

func (s *server) start(ctx context.Context, data string, o options) (address string, err error) {
	if p, found := peers[s.name]; found {
		binary, err := p.binary(ctx, s.name)
		if err != nil {
			return "", err
		}
		if address, err = comparison.FreeAddress(ctx); err != nil {
			return "", err
		}
		s.cmd = p.command(ctx, binary, address, data)
		return address, s.cmd.Start()
	}
	name, earlier := strings.CutSuffix(s.name, beforeSuffix)
	program := o.before
	if !earlier {
		if program, err = os.Executable(); err != nil {
			return "", err
		}
	}
	s.cmd = exec.CommandContext(ctx, program, serveCommand, "-server", name, "-dir", data)
	if o.profile != "" {
		s.cmd.Args = append(s.cmd.Args, "-profile", filepath.Join(o.profile, s.name+".pprof"))
	}
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := s.cmd.Start(); err != nil {
		return "", err
	}
	address, err = bufio.NewReader(out).ReadString('\n')
	return strings.TrimSpace(address), err
}

// connect makes the client and waits until the server answers it.
func (s *server) connect(ctx context.Context, address string) error {
	core, err := minio.NewCore(address, &minio.Options{
		Creds: credentials.NewStaticV4(keyID, keySecret, ""), Region: region,
		BucketLookup: minio.BucketLookupPath, MaxRetries: 1,
		Transport: &http.Transport{MaxIdleConnsPerHost: manyClients, DisableCompression: true},
	})
	if err != nil {
		return err
	}
	s.client = *core
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		_, err := s.client.ListBuckets(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer in %s: %w", startTimeout, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stop ends the process, and waits for it so that its profile is complete.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	killer := time.AfterFunc(10*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer killer.Stop()
	_ = s.cmd.Wait() // says only that it was signalled
	return nil
}

// resident returns the process's resident memory in bytes, as Linux counts it.
func (s *server) resident() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the memory of %s: %w", s.name, err)
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmRSS:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("the status of %s does not tell its memory", s.name)
}
