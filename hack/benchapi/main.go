// Command benchapi compares our API server with the CRDs that it replaces: all operations, through the aggregator and asked directly, beside
// those of a native kind of kube-apiserver. Servers are processes on loopback, as they are released; they are asked in turn, so that what
// else the machine does hits all alike. What counts are the ratios that it prints. With -scale it measures how they bear large numbers,
// and with -restored how our controller and Velero's server restore.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// options are the flags.
type options struct {
	rounds, objects, lists, clients, watches int
	kinds                                    []string
	rows                                     *regexp.Regexp
	// tools is the directory of what is compared with; program is our build, and baseline an earlier one.
	tools, program, baseline, dir string

	scale  bool
	counts counts
	// restored is how many config maps are restored; 0: the API is measured.
	restored int
}

// counts of the scale mode.
type counts struct{ backups, locations, doomed, synced int }

func main() {
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		err = run(ctx, o)
		stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchapi:", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	var o options
	known := strings.Join(slices.Sorted(maps.Keys(measured)), ",")
	var kinds, rows string
	flags := flag.NewFlagSet("benchapi", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 3, "rounds, each with every row of every target")
	flags.IntVar(&o.objects, "objects", 1000, "objects of a kind")
	flags.IntVar(&o.lists, "lists", 48, "lists in a round")
	flags.IntVar(&o.clients, "clients", 8, "requests at a time")
	flags.IntVar(&o.watches, "watches", 0, "watches; 0: 100, and 1000 with -scale")
	flags.StringVar(&kinds, "kinds", "bsl,backup", "kinds, separated by commas: "+known)
	flags.StringVar(&rows, "rows", "", "regular expression of the rows to measure; all by default. Objects are made and deleted in any case")
	flags.StringVar(&o.tools, "tools", filepath.Join("hack", "tools", "bin"), "directory of kube-apiserver, etcd, kubectl and velero")
	flags.StringVar(&o.program, "program", filepath.Join("bin", "velero-locations"), "our program")
	flags.StringVar(&o.baseline, "baseline", "", "our program as it was built at another commit, to be compared with")
	flags.StringVar(&o.dir, "dir", "", "directory for the servers' data, on the disk to measure; the machine's for temporary files by default")
	flags.BoolVar(&o.scale, "scale", false, "measure large numbers: time to ready, memory, lists in pages, deletion with a location, sync")
	flags.IntVar(&o.counts.backups, "backups", 100_000, "with -scale: backups")
	flags.IntVar(&o.counts.locations, "locations", 1000, "with -scale: locations")
	flags.IntVar(&o.counts.doomed, "doomed", 20_000, "with -scale: backups, of all, in the location that is deleted")
	flags.IntVar(&o.counts.synced, "synced", 20_000, "with -scale: backups in the bucket that is synced")
	flags.IntVar(&o.restored, "restored", 0, "measure restores of a backup of so many config maps, by our controller and by Velero's server")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected arguments %q", flags.Args())
	}
	if o.watches == 0 {
		o.watches = 100
		if o.scale {
			o.watches = 1000
		}
	}
	o.kinds = strings.Split(kinds, ",")
	for _, k := range o.kinds {
		if _, found := measured[k]; !found {
			return o, fmt.Errorf("-kinds: there is no kind %q: known are %s", k, known)
		}
	}
	var err error
	if o.rows, err = regexp.Compile(rows); err != nil {
		return o, fmt.Errorf("-rows: %w", err)
	}
	if o.tools, err = filepath.Abs(o.tools); err != nil {
		return o, fmt.Errorf("-tools: %w", err)
	}
	return o, o.validate()
}

func (o *options) validate() error {
	for name, value := range map[string]int{
		"rounds": o.rounds, "objects": o.objects, "lists": o.lists, "clients": o.clients, "watches": o.watches,
		"backups": o.counts.backups, "locations": o.counts.locations, "doomed": o.counts.doomed, "synced": o.counts.synced,
	} {
		if value < 1 {
			return fmt.Errorf("-%s is %d: it must be at least 1", name, value)
		}
	}
	if o.restored < 0 {
		return fmt.Errorf("-restored is %d: it must not be negative", o.restored)
	}
	if o.counts.doomed > o.counts.backups {
		return fmt.Errorf("-doomed is %d: it must be at most -backups, which is %d", o.counts.doomed, o.counts.backups)
	}
	return nil
}
