package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

// results are the operations per second by row and server, one value for each round; resident is in bytes, by server.
type results struct {
	options  options
	servers  []string
	rows     []string
	values   map[string]map[string][]float64
	resident map[string]int64
}

// measure prepares all servers, then gives each of them a window for each row in each round. The order of the servers
// changes from round to round, so that none always follows the same one.
func measure(ctx context.Context, o options, servers []*server, rows []row) (*results, error) {
	out := &results{options: o, values: map[string]map[string][]float64{}, resident: map[string]int64{}}
	for _, s := range servers {
		out.servers = append(out.servers, s.name)
		if err := s.prepare(ctx, rows); err != nil {
			return nil, err
		}
	}
	for _, r := range rows {
		out.rows = append(out.rows, r.name)
		out.values[r.name] = map[string][]float64{}
	}
	starts := map[string]int{}
	for round := range o.rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, o.rounds)
		for _, r := range rows {
			for i := range servers {
				s := servers[(i+round)%len(servers)]
				id := r.name + "\n" + s.name
				rate, done, err := s.window(ctx, r, o.window, starts[id])
				if err != nil {
					return nil, fmt.Errorf("%s of %s: %w", r.name, s.name, err)
				}
				starts[id] += done
				out.values[r.name][s.name] = append(out.values[r.name][s.name], rate)
			}
		}
	}
	for _, s := range servers {
		if resident, err := s.resident(); err == nil { // there is none but on Linux
			out.resident[s.name] = resident
		}
	}
	return out, nil
}

func (s *server) prepare(ctx context.Context, rows []row) error {
	start := time.Now()
	if err := s.client.MakeBucket(ctx, objectsBucket, minio.MakeBucketOptions{Region: region}); err != nil {
		return fmt.Errorf("making a bucket on %s: %w", s.name, err)
	}
	for _, r := range rows {
		if r.prepare == nil {
			continue
		}
		if err := r.prepare(ctx, s.client); err != nil {
			return fmt.Errorf("preparing %s for %q: %w", s.name, r.name, err)
		}
	}
	fmt.Fprintf(os.Stderr, "prepared %s in %s\n", s.name, time.Since(start).Round(time.Millisecond))
	return nil
}

// window does the row's operation again and again, and returns how often it was done, altogether and a second.
func (s *server) window(ctx context.Context, r row, length time.Duration, first int) (rate float64, done int, err error) {
	// The connection may have been closed since the last window.
	if _, err := s.client.BucketExists(ctx, objectsBucket); err != nil {
		return 0, 0, err
	}
	var next atomic.Int64
	next.Store(int64(first))
	group, ctx := errgroup.WithContext(ctx)
	start := time.Now()
	for range r.clients {
		group.Go(func() error {
			for time.Since(start) < length {
				if err := r.do(ctx, s.client, int(next.Add(1)-1)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = group.Wait()
	done = int(next.Load()) - first
	return float64(done) / time.Since(start).Seconds(), done, err
}
