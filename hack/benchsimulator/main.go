// Command benchsimulator compares the simulator's S3, in memory and on disk, with bare gofakes3 and with S3 servers that
// are built from Go modules. Each server is a process of its own on loopback; one client asks them in turn, a short
// window each, so that whatever else the machine does hits all alike. What counts are the ratios that it prints.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	rounds  int
	window  time.Duration
	keys    []int
	peers   []string
	rows    *regexp.Regexp
	servers *regexp.Regexp
	dir     string
	profile string
	before  string
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == serveCommand {
		exit(serve(os.Args[2:]))
	}
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		exit(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err = run(ctx, o)
	stop()
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchsimulator:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func parse(args []string) (options, error) {
	o := options{keys: []int{10_000, 100_000}}
	var rows, servers, peers string
	var quick bool
	flags := flag.NewFlagSet("benchsimulator", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 11, "rounds, each with a window of every row for every server")
	flags.DurationVar(&o.window, "window", 250*time.Millisecond, "length of a window; what is under way at its end is waited for")
	flags.BoolVar(&quick, "quick", false, "3 rounds, and no bucket of 100,000 keys")
	flags.StringVar(&peers, "peers", "minio", "servers to build and to compare with, separated by commas: minio, versitygw")
	flags.StringVar(&rows, "rows", "", "regular expression of the rows to run; all by default")
	flags.StringVar(&servers, "servers", "", "regular expression of the servers to run; all by default")
	flags.StringVar(&o.dir, "dir", "", "directory for the servers' data, on the disk to measure; the machine's for temporary files by default")
	flags.StringVar(&o.before, "before", "", "this program as it was built at another commit: its servers, in memory and on disk, are compared with those of now")
	flags.StringVar(&o.profile, "profile", "", "directory for CPU profiles of the servers that are not built: one each, of the whole run")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected arguments %q", flags.Args())
	}
	if quick {
		o.rounds, o.keys = 3, o.keys[:1]
	}
	if o.rounds < 1 || o.window <= 0 {
		return o, errors.New("-rounds and -window must be positive")
	}
	if peers != "" {
		o.peers = strings.Split(peers, ",")
	}
	var rowsErr, serversErr error
	o.rows, rowsErr = regexp.Compile(rows)
	o.servers, serversErr = regexp.Compile(servers)
	return o, errors.Join(rowsErr, serversErr)
}

func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp(o.dir, "benchsimulator-")
	if err != nil {
		return fmt.Errorf("making a directory for the servers: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	servers, err := startAll(ctx, o, dir)
	defer func() {
		for _, s := range servers {
			err = errors.Join(err, s.stop())
		}
	}()
	if err != nil {
		return err
	}
	results, err := measure(ctx, o, servers, selectRows(o))
	if err != nil {
		return err
	}
	results.print(os.Stdout)
	return nil
}
