package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/velero-locations/velero-locations/hack/internal/comparison"
)

// scaled is a site with large numbers of locations and backups, and what was found out about it.
type scaled struct {
	*site

	options            options
	backups, locations *target
	found              map[string]string // by row
}

// scaleRow is what is found out, in order.
type scaleRow struct {
	names []string
	do    func(ctx context.Context) ([]string, error)
}

func (s *scaled) rows() []scaleRow {
	o, c := s.options, s.options.counts
	return []scaleRow{
		{[]string{fmt.Sprintf("create %d locations, per second", c.locations)}, s.makeLocations},
		{
			[]string{
				fmt.Sprintf("create %d backups, per second", c.backups), "memory for a backup, bytes, at once", "after a restart",
				"time to ready, s", "first consistent list of one, s",
			},
			s.makeBackups,
		},
		{[]string{fmt.Sprintf("list in pages of %d, ms a page", pageLimit)}, s.pages},
		{[]string{fmt.Sprintf("open %d watches, s", o.watches), "memory for a watch, KiB", "until all have seen a change, ms"}, s.watches},
		{[]string{fmt.Sprintf("delete a location with %d backups, s until answered", c.doomed), "until they are gone, s"}, s.doom},
		{[]string{fmt.Sprintf("sync a bucket of %d backups with our controllers, s", c.synced)}, s.syncOurs},
		{[]string{"with Velero's server, s"}, s.syncVelero},
	}
}

// measureScale finds the same out of CRDs and of our server, one after the other.
func (b *bench) measureScale(ctx context.Context) error {
	served := []struct {
		name  string
		serve func(context.Context, *site) error
	}{{crds, byCRDs}, {"ours", by(b.options.program)}}
	if b.options.baseline != "" {
		served = append(served, served[1])
		served[2].name, served[2].serve = "ours"+beforeSuffix, by(b.options.baseline)
	}
	header := []string{""}
	var sides []*scaled
	for _, side := range served {
		s, err := b.site(ctx, side.name, side.serve)
		if err != nil {
			return err
		}
		found, err := newScaled(s, b.options)
		if err != nil {
			return err
		}
		header, sides = append(header, side.name), append(sides, found)
		for _, row := range found.rows() {
			fmt.Fprintf(os.Stderr, "%s: %s\n", side.name, row.names[0])
			cells, err := row.do(ctx)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", side.name, row.names[0], err)
			}
			for i, cell := range cells {
				found.found[row.names[i]] = cell
			}
		}
		if err := found.finish(); err != nil {
			return err
		}
	}
	comparison.PrintHeader(os.Stdout, header)
	for _, row := range append(sides[0].rows(), scaleRow{names: []string{residentRow, peakRow, cpuRow}}) {
		for _, name := range row.names {
			line := []string{name}
			for _, side := range sides {
				line = append(line, side.found[name])
			}
			comparison.PrintLine(os.Stdout, line)
		}
	}
	return nil
}

// What all servers of a site have used in the end.
const (
	residentRow = "resident in the end, MiB"
	peakRow     = "peak of the server, MiB"
	cpuRow      = "processor time of the servers since the restart, s"
)

func newScaled(s *site, o options) (*scaled, error) {
	server := s.url
	if s.directURL != "" {
		server = s.directURL
	}
	b, err := newTarget(s.name, backups, s, server, namespace)
	if err != nil {
		return nil, err
	}
	l, err := newTarget(s.name, locations, s, server, namespace)
	if err != nil {
		return nil, err
	}
	return &scaled{site: s, options: o, backups: b, locations: l, found: map[string]string{}}, nil
}

// finish notes what the servers have used, and ends them: the next ones have the machine for themselves.
func (s *scaled) finish() error {
	u, err := s.server.usage()
	if err != nil {
		return err
	}
	s.found[residentRow], s.found[peakRow] = mebibytes(u.resident), mebibytes(u.peak)
	cpu, err := s.cpu()
	s.found[cpuRow] = fmt.Sprintf("%.1f", cpu.Seconds())
	if err != nil {
		return err
	}
	err = s.stop()
	s.processes = nil
	return err
}

func locationOf(n int) string { return fmt.Sprintf("location-%06d", n) }

// makeLocations makes locations, the first of which is the doomed one.
func (s *scaled) makeLocations(ctx context.Context) ([]string, error) {
	begin, count := time.Now(), s.options.counts.locations
	err := each(ctx, s.options.clients, count, func(ctx context.Context, n int) error {
		return s.locations.create(ctx, locations.manifest(namespace, locationOf(n), n, 0))
	})
	return []string{perSecond(count, begin)}, err
}

// makeBackups makes backups, and finds out what they cost the server.
func (s *scaled) makeBackups(ctx context.Context) ([]string, error) {
	before, err := s.server.usage()
	if err != nil {
		return nil, err
	}
	begin, c := time.Now(), s.options.counts
	err = each(ctx, s.options.clients, c.backups, func(ctx context.Context, n int) error {
		location := 0
		if n >= c.doomed && c.locations > 1 {
			location = 1 + n%(c.locations-1)
		}
		k := backups
		k.fill = func(o object, namespace string, n int) {
			backups.fill(o, namespace, n)
			fillBackup(o, locationOf(location))
		}
		return s.backups.create(ctx, k.manifest(namespace, nameOf(n), n, 0))
	})
	if err != nil {
		return nil, err
	}
	rate := perSecond(c.backups, begin)
	after, err := s.server.usage()
	if err != nil {
		return nil, err
	}
	begin = time.Now()
	if err := errors.Join(s.end(s.server), s.again(ctx)); err != nil {
		return nil, err
	}
	ready := time.Since(begin)
	// A server that has just become ready may not know yet by whom clients' certificates are signed.
	if err := s.server.awaits(ctx, func(ctx context.Context) error { return s.backups.list(ctx, "limit=1") }); err != nil {
		return nil, err
	}
	listed := time.Since(begin)
	again, err := s.server.usage()
	if err != nil {
		return nil, err
	}
	perBackup := func(u usage) string { return strconv.FormatInt((u.anonymous-before.anonymous)/int64(c.backups), 10) }
	return []string{rate, perBackup(after), perBackup(again), seconds(ready), seconds(listed)}, nil
}

func (s *scaled) pages(ctx context.Context) ([]string, error) {
	begin := time.Now()
	pages, err := s.backups.page(ctx, pageLimit)
	if err != nil {
		return nil, err
	}
	return []string{milliseconds(time.Since(begin) / time.Duration(pages))}, nil
}

func (s *scaled) watches(ctx context.Context) ([]string, error) {
	before, err := s.server.usage()
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	w, err := s.backups.watch(ctx, s.options.watches)
	if err != nil {
		return nil, err
	}
	defer w.end()
	opened := time.Since(begin)
	after, err := s.server.usage()
	if err != nil {
		return nil, err
	}
	begin = time.Now()
	if err := patch(ctx, s.backups, nameOf(0), 0, 0); err != nil {
		return nil, err
	}
	if err := w.await(int64(s.options.watches)); err != nil {
		return nil, err
	}
	perWatch := (after.anonymous - before.anonymous) >> 10 / int64(s.options.watches)
	return []string{seconds(opened), strconv.FormatInt(perWatch, 10), milliseconds(time.Since(begin))}, nil
}

// doom deletes a location. Its records go with it; those of CRDs stay, and are deleted one by one.
func (s *scaled) doom(ctx context.Context) ([]string, error) {
	begin, c := time.Now(), s.options.counts
	if err := s.locations.delete(ctx, locationOf(0)); err != nil {
		return nil, err
	}
	answered := time.Since(begin)
	if s.directURL == "" {
		err := each(ctx, s.options.clients, c.doomed, func(ctx context.Context, n int) error { return s.backups.delete(ctx, nameOf(n)) })
		return []string{seconds(answered), seconds(time.Since(begin)) + " (by the client)"}, err
	}
	err := s.awaitBackups(ctx, s.server, c.backups-c.doomed)
	return []string{seconds(answered), seconds(time.Since(begin))}, err
}

// awaitBackups waits until there are so many backups, by the work of a process.
func (s *scaled) awaitBackups(ctx context.Context, by *process, want int) error {
	ctx, cancel := context.WithTimeout(ctx, longPatience)
	defer cancel()
	for {
		got, err := s.backups.count(ctx)
		if err != nil || got == want {
			return err
		}
		select {
		case <-by.exited:
			return fmt.Errorf("%s has ended: %s", by.name, by.lastWord())
		case <-ctx.Done():
			return fmt.Errorf("there are %d backups and not %d: %w", got, want, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// longPatience is how long it may take until all controllers have done what they should.
const longPatience = time.Hour

func perSecond(count int, since time.Time) string {
	return fmt.Sprintf("%.0f", float64(count)/time.Since(since).Seconds())
}
func seconds(d time.Duration) string      { return fmt.Sprintf("%.2f", d.Seconds()) }
func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()*1000) }
