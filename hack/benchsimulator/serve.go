package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/velero-locations/velero-locations/simulator"
)

// serveCommand makes the program one of the servers that it compares.
const serveCommand = "serve"

// The servers that this program holds.
const (
	memoryServer = "memory"
	diskServer   = "disk"
	gofakes3Name = "gofakes3"
	// beforeSuffix follows the names of servers of an earlier build.
	beforeSuffix = "-before"
)

// The key that all servers have and the client signs with; gofakes3 does not look at it.
const (
	region    = "us-east-1"
	keyID     = "AKIABENCHMARK"
	keySecret = "benchmark-secret"
)

// serve serves S3 on a free port of loopback, which it prints, until it is interrupted.
func serve(args []string) (err error) {
	flags := flag.NewFlagSet(serveCommand, flag.ContinueOnError)
	name := flags.String("server", "", "which server")
	dir := flags.String("dir", "", "its data directory")
	profile := flags.String("profile", "", "file for a CPU profile")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	handler, closeStore, err := newHandler(*name, *dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	if *profile != "" {
		out, err := os.Create(*profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(out); err != nil {
			return errors.Join(err, out.Close())
		}
		defer func() {
			pprof.StopCPUProfile()
			_ = out.Close()
		}()
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func newHandler(name, dir string) (http.Handler, func() error, error) {
	config := simulator.Config{Accounts: []simulator.AccountConfig{{
		ID: "111111111111", Name: "benchmark", AccessKeys: []simulator.AccessKeyConfig{{ID: keyID, Secret: keySecret}},
	}}}
	switch name {
	case gofakes3Name:
		return gofakes3.New(s3mem.New()).Server(), func() error { return nil }, nil
	case diskServer:
		config.DataDir = dir
	case memoryServer:
	default:
		return nil, nil, fmt.Errorf("there is no server %q", name)
	}
	sim, err := simulator.New(config)
	if err != nil {
		return nil, nil, err
	}
	return sim.Handler(), sim.Close, nil
}
