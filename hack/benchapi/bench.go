package main

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// The ways to reach what is measured.
const (
	crds       = "CRDs"
	aggregated = "aggregated"
	direct     = "direct"
	native     = "ConfigMap"
	constant   = "constant"
	// beforeSuffix follows the names of those of an earlier build.
	beforeSuffix = "-before"
)

// bench is all that runs during a measurement.
type bench struct {
	options options
	sites   []*site
	names   []string // of targets
}

// run starts what is measured, measures, and ends it.
func run(ctx context.Context, o options) (err error) {
	if o.dir, err = os.MkdirTemp(o.dir, "benchapi-"); err != nil {
		return fmt.Errorf("making a directory for the servers: %w", err)
	}
	b := &bench{options: o}
	defer func() {
		for _, s := range b.sites {
			err = errors.Join(err, s.stop())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "logs are in", o.dir)
			return
		}
		err = os.RemoveAll(o.dir)
	}()
	if o.scale {
		return b.measureScale(ctx)
	}
	if o.restored > 0 {
		return b.measureRestores(ctx)
	}
	if err := b.start(ctx); err != nil {
		return err
	}
	results, err := b.measure(ctx)
	if err != nil {
		return err
	}
	results.print(os.Stdout)
	return nil
}

// site starts a site, of which velero.io is served by what is given.
func (b *bench) site(ctx context.Context, name string, serve func(context.Context, *site) error) (*site, error) {
	s, err := newSite(ctx, b.options, name)
	b.sites = append(b.sites, s)
	if err == nil {
		err = serve(ctx, s)
	}
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	return s, nil
}

// byCRDs and by are what serves velero.io.
func byCRDs(ctx context.Context, s *site) error { return s.serveCRDs(ctx) }

func by(program string) func(context.Context, *site) error {
	return func(ctx context.Context, s *site) error { return s.serveOurs(ctx, program) }
}

// start starts all that is compared.
func (b *bench) start(ctx context.Context) error {
	if _, err := b.site(ctx, "crds", byCRDs); err != nil {
		return err
	}
	ours, err := b.site(ctx, "ours", by(b.options.program))
	if err != nil {
		return err
	}
	if err := ours.serveConstant(ctx); err != nil {
		return err
	}
	b.names = []string{crds, aggregated, direct, native, constant}
	if b.options.baseline != "" {
		if _, err := b.site(ctx, "before", by(b.options.baseline)); err != nil {
			return err
		}
		b.names = append(b.names, aggregated+beforeSuffix, direct+beforeSuffix)
	}
	for _, s := range b.sites {
		if err := s.makeHomes(ctx); err != nil {
			return err
		}
	}
	return nil
}

// directNamespace has what is reached directly: what is reached in another way is not to be listed with it.
const directNamespace = "direct"

// makeHomes makes a location for backups in each namespace, in a bucket of its own.
func (s *site) makeHomes(ctx context.Context) error {
	if err := s.kubectl(ctx, "", "create", "namespace", directNamespace); err != nil {
		return err
	}
	for _, in := range []string{namespace, directNamespace} {
		t, err := newTarget(s.name, locations, s, s.url, in)
		if err != nil {
			return err
		}
		k := locations
		k.fill = func(o object, namespace string, n int) { locations.fill(o, "home-of-"+namespace, n) }
		if err := t.create(ctx, k.manifest(in, home, 0, 0)); err != nil {
			return fmt.Errorf("making the location of backups: %w", err)
		}
	}
	return nil
}

// targets are the ways to reach a kind, in the order of their names.
func (b *bench) targets(k kind) ([]*target, error) {
	var all []*target
	add := func(name string, k kind, s *site, server string) error {
		in := namespace
		if server == s.directURL {
			in = directNamespace
		}
		t, err := newTarget(name, k, s, server, in)
		if err == nil {
			t.constant = name == constant
			all = append(all, t)
		}
		return err
	}
	ours := b.sites[1]
	err := errors.Join(
		add(crds, k, b.sites[0], b.sites[0].url), add(aggregated, k, ours, ours.url), add(direct, k, ours, ours.directURL),
		add(native, configMaps, ours, ours.url), add(constant, constants, ours, ours.url))
	if b.options.baseline != "" {
		before := b.sites[2]
		err = errors.Join(err, add(aggregated+beforeSuffix, k, before, before.url), add(direct+beforeSuffix, k, before, before.directURL))
	}
	return all, err
}
