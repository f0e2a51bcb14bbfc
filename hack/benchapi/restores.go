package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"time"

	"github.com/velero-locations/velero-locations/hack/internal/comparison"
)

// restorer is who restores.
type restorer struct {
	name string
	// start starts it.
	start func(ctx context.Context, endpoint string) (*process, error)
	found []restored // in each round
}

// restored is what a restore took of the process that carried it out.
type restored struct{ rate, cpu, perCPU, peak float64 }

// restoredSize is how much text a config map has.
const restoredSize = 4 << 10

// restoredName is the name of a config map.
func restoredName(n int) string { return fmt.Sprintf("c-%06d", n) }

// measureRestores has Velero's server and our controller restore the same backup, in turn, into one cluster with Velero's CRDs. Velero's may
// send as many requests as it likes, as ours does: its own limit of 100 in a second is what it would show else.
func (b *bench) measureRestores(ctx context.Context) error {
	s, err := b.site(ctx, "restores", byCRDs)
	if err != nil {
		return err
	}
	ours := func(ctx context.Context, endpoint string) (*process, error) {
		return s.startOurs(ctx, endpoint, "backup-location,backup,restore")
	}
	// Velero's server looks how it was installed itself.
	if err := s.kubectl(ctx, "", "create", "deployment", "velero", "--image=velero/velero:v1.18.3"); err != nil {
		return err
	}
	endpoint, err := s.backUp(ctx, b.options, ours)
	if err != nil {
		return err
	}
	sides := []*restorer{
		{name: "velero", start: func(ctx context.Context, endpoint string) (*process, error) {
			return s.startVelero(ctx, endpoint, "--client-qps=10000", "--client-burst=10000")
		}},
		{name: "ours", start: ours},
	}
	for round := range b.options.rounds {
		for i := range sides {
			side := sides[(i+round)%len(sides)]
			fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, b.options.rounds, side.name)
			found, err := s.restore(ctx, b.options, side, endpoint, fmt.Sprintf("%s-%d", side.name, round))
			if err != nil {
				return fmt.Errorf("restore by %s: %w", side.name, err)
			}
			fmt.Fprintf(os.Stderr, "%.4g objects in a second of processor time\n", found.perCPU)
			side.found = append(side.found, found)
		}
	}
	printRestores(b.options, sides[0].found, sides[1].found)
	return nil
}

// backUp fills a namespace and has our controller back it up to the simulator, which it returns the address of.
func (s *site) backUp(ctx context.Context, o options, start func(context.Context, string) (*process, error)) (endpoint string, err error) {
	_, endpoint, err = s.startStorage(ctx, "restores")
	if err != nil {
		return "", err
	}
	const source = "source"
	if err := s.kubectl(ctx, "", "create", "namespace", source); err != nil {
		return "", err
	}
	large := configMaps
	large.fill = func(o object, namespace string, n int) {
		configMaps.fill(o, namespace, n)
		random, content := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16)}), make([]byte, restoredSize*3/4)
		_, _ = random.Read(content) // always all, and no error
		o["data"] = object{"text": base64.StdEncoding.EncodeToString(content)}
	}
	t, err := newTarget(source, large, s, s.url, source)
	if err != nil {
		return "", err
	}
	err = each(ctx, o.clients, o.restored, func(ctx context.Context, n int) error {
		return t.create(ctx, large.manifest(source, restoredName(n), n, 0))
	})
	if err != nil {
		return "", err
	}
	there, err := newTarget(source, locations, s, s.url, namespace)
	if err == nil {
		err = there.create(ctx, stored(endpoint, "restores").manifest(namespace, "primary", 0, 0))
	}
	if err != nil {
		return "", err
	}
	p, err := start(ctx, endpoint)
	if err != nil {
		return "", err
	}
	asked := object{"includedNamespaces": []string{source}, "storageLocation": "primary", "snapshotVolumes": false}
	if _, err := s.carriedOut(ctx, p, "Backup", "backups", "b", asked); err != nil {
		return "", err
	}
	return endpoint, s.end(p)
}

// restore has somebody restore the backup into a namespace, and takes that away again.
func (s *site) restore(ctx context.Context, o options, by *restorer, endpoint, name string) (found restored, err error) {
	p, err := by.start(ctx, endpoint)
	if err != nil {
		return found, err
	}
	// A restore of nothing shows that it is there, and has it make what it makes only once.
	first := object{"backupName": "b", "includedNamespaces": []string{"nothing"}}
	if _, err := s.carriedOut(ctx, p, "Restore", "restores", "first-"+name, first); err != nil {
		return found, err
	}
	before, err := p.usage()
	if err != nil {
		return found, err
	}
	all := object{"backupName": "b", "namespaceMapping": object{"source": name}}
	took, err := s.carriedOut(ctx, p, "Restore", "restores", name, all)
	if err != nil {
		return found, err
	}
	after, err := p.usage()
	if err != nil {
		return found, err
	}
	t, err := newTarget(name, configMaps, s, s.url, name)
	if err != nil {
		return found, err
	}
	if there, err := t.count(ctx); err != nil || there != o.restored {
		return found, fmt.Errorf("%d config maps are restored: %w", there, err)
	}
	cpu := (after.cpu - before.cpu).Seconds()
	count := float64(o.restored)
	found = restored{rate: count / took.Seconds(), cpu: cpu, perCPU: count / cpu, peak: float64(after.peak >> 20)}
	// To delete all at once takes longer than a request may.
	err = each(ctx, o.clients, o.restored, func(ctx context.Context, n int) error {
		return exchange(ctx, t.client, http.MethodDelete, t.collection+"/"+restoredName(n), "", nil)
	})
	if err != nil {
		return found, err
	}
	return found, s.end(p)
}

// carriedOut makes a Backup or a Restore, and waits until a process has completed it.
func (s *site) carriedOut(ctx context.Context, p *process, kindName, plural, name string, spec object) (time.Duration, error) {
	k := kind{name: kindName, group: veleroGroup, plural: plural, fill: func(o object, _ string, _ int) {
		o["apiVersion"], o["kind"], o["spec"] = "velero.io/v1", kindName, spec
	}}
	t, err := newTarget(name, k, s, s.url, namespace)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	if err := t.create(ctx, k.manifest(namespace, name, 0, 0)); err != nil {
		return 0, err
	}
	var asked struct {
		Status struct{ Phase, CompletionTimestamp string }
	}
	err = p.awaits(ctx, func(ctx context.Context) error {
		response, err := send(ctx, t.client, http.MethodGet, t.collection+"/"+name, "", nil)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		if err := json.NewDecoder(response.Body).Decode(&asked); err != nil {
			return err
		}
		if asked.Status.CompletionTimestamp == "" && asked.Status.Phase != "FailedValidation" {
			return fmt.Errorf("%s %s has not ended, its phase is %q", kindName, name, asked.Status.Phase)
		}
		return nil
	})
	took := time.Since(start)
	if err == nil && asked.Status.Phase != "Completed" {
		err = fmt.Errorf("%s %s is %s", kindName, name, asked.Status.Phase)
	}
	return took, err
}

// printRestores writes the report in Markdown.
func printRestores(o options, velero, ours []restored) {
	fmt.Printf("%d config maps of %d KiB, %d rounds\n\n", o.restored, restoredSize>>10, o.rounds)
	comparison.PrintHeader(os.Stdout, []string{"", "Velero", "ours", "ours / Velero"})
	for _, row := range []struct {
		name string
		of   func(restored) float64
	}{
		{"objects per second", func(r restored) float64 { return r.rate }},
		{"processor time, s", func(r restored) float64 { return r.cpu }},
		{"objects per second of processor time", func(r restored) float64 { return r.perCPU }},
		{"peak of memory, MiB", func(r restored) float64 { return r.peak }},
	} {
		var values [2][]float64
		var ratios []float64
		for i := range ours {
			values[0], values[1] = append(values[0], row.of(velero[i])), append(values[1], row.of(ours[i]))
			ratios = append(ratios, row.of(ours[i])/row.of(velero[i]))
		}
		comparison.PrintLine(os.Stdout, []string{
			row.name, fmt.Sprintf("%.4g", comparison.Median(values[0])), fmt.Sprintf("%.4g", comparison.Median(values[1])), spread(ratios),
		})
	}
}
