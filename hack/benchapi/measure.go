package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// value is what one row of one target was in one round.
type value struct {
	rate float64       // per second
	cpu  time.Duration // of all servers, for one
}

// results are the values by kind, row and target, one for each round.
type results struct {
	options options
	kinds   []string
	rows    []string
	targets []string
	values  map[string]map[string]map[string][]value
	usages  []processUsage
}

// processUsage is what a server has used in all.
type processUsage struct {
	name string
	usage
}

// measure does each row on each target in each round, one after the other. The order of the targets changes from round to round, so that
// none always follows the same one.
func (b *bench) measure(ctx context.Context) (*results, error) {
	out := &results{options: b.options, targets: b.names, values: map[string]map[string]map[string][]value{}}
	all := selectRows(b.options)
	for _, r := range all {
		out.rows = append(out.rows, r.name)
	}
	for _, name := range b.options.kinds {
		out.kinds = append(out.kinds, measured[name].name)
		targets, err := b.targets(measured[name])
		if err != nil {
			return nil, err
		}
		values := map[string]map[string][]value{}
		out.values[measured[name].name] = values
		for round := range b.options.rounds {
			fmt.Fprintf(os.Stderr, "%s: round %d of %d\n", measured[name].name, round+1, b.options.rounds)
			for _, r := range all {
				if values[r.name] == nil {
					values[r.name] = map[string][]value{}
				}
				for i := range targets {
					t := targets[(i+round)%len(targets)]
					if t.constant && r.name != getRow {
						continue
					}
					v, err := b.window(ctx, t, r, round)
					if err != nil {
						return nil, fmt.Errorf("%s of %s, %s: %w", r.name, t.kind.name, t.name, err)
					}
					values[r.name][t.name] = append(values[r.name][t.name], v)
				}
			}
		}
	}
	var err error
	out.usages, err = b.usages()
	return out, err
}

// window does one row on one target.
func (b *bench) window(ctx context.Context, t *target, r row, round int) (value, error) {
	before, err := t.site.cpu()
	if err != nil {
		return value{}, err
	}
	start := time.Now()
	times, err := r.do(ctx, t, b.options, round)
	took := time.Since(start)
	if err != nil {
		return value{}, err
	}
	after, err := t.site.cpu()
	return value{rate: float64(times) / took.Seconds(), cpu: (after - before) / time.Duration(times)}, err
}

// cpu is the processor time of all servers of a site together.
func (s *site) cpu() (time.Duration, error) {
	var sum time.Duration
	for _, p := range s.processes {
		u, err := p.usage()
		if err != nil {
			return 0, err
		}
		sum += u.cpu
	}
	return sum, nil
}

func (b *bench) usages() ([]processUsage, error) {
	var all []processUsage
	for _, s := range b.sites {
		for _, p := range s.processes {
			u, err := p.usage()
			if err != nil {
				return nil, err
			}
			all = append(all, processUsage{s.name + ": " + p.name, u})
		}
	}
	return all, nil
}
