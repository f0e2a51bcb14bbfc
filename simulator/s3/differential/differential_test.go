package differential

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"golang.org/x/sync/errgroup"

	"github.com/velero-locations/velero-locations/simulator"
)

// TestDifferential sends the corpus to bare gofakes3, with its store in memory, and to the simulator. In what the answers
// differ is in differences.yaml, with the reason; all of what is there still differs.
func TestDifferential(t *testing.T) {
	corpus := loadCorpus(t)
	differences, sent := replayAll(t, corpus)
	purposes := loadPurposes(t)
	unexplained, stale := explain(purposes, differences)
	for _, d := range unexplained {
		t.Errorf("%s", d)
	}
	for _, p := range stale {
		t.Errorf("differences.yaml: nothing differs any more as this says: %s", p)
	}
	if !t.Failed() {
		checkDocument(t, newCounts(corpus, sent, differences), purposes)
	}
	t.Logf("%d cases, %d differences, %d of them not explained", len(corpus), len(differences), len(unexplained))
}

// workers is how many scripts run at a time.
const workers = 4

// replayAll runs all scripts. It returns in what the answers differ, and how many requests of each script were sent.
func replayAll(t *testing.T, corpus []*script) ([]difference, []int) {
	t.Helper()
	results := make([][]difference, len(corpus))
	sent := make([]int, len(corpus))
	var group errgroup.Group
	group.SetLimit(workers)
	for i, s := range corpus {
		group.Go(func() (err error) {
			if results[i], sent[i], err = s.replay(t.Context()); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for i, s := range corpus {
		if sent[i] < len(s.requests) {
			t.Errorf("%s: request %d is never sent", s.name, sent[i]+1)
		}
	}
	return slices.Concat(results...), sent
}

// replay runs a script on both servers. It ends with the first write that only one of them does: what follows would be
// about something else on each.
func (s *script) replay(ctx context.Context) (found []difference, sent int, err error) {
	bare := httptest.NewServer(gofakes3.New(s3mem.New()).Server())
	defer bare.Close()
	sim, err := simulator.New(config())
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = sim.Close() }() // it keeps nothing
	simulated := httptest.NewServer(sim.Handler())
	defer simulated.Close()

	left, right := newRun(bare.URL), newRun(simulated.URL)
	for _, r := range []*run{left, right} {
		if _, err := r.send(ctx, &request{method: http.MethodPut, path: "/velero"}); err != nil {
			return nil, 0, err
		}
		r.answers = nil
	}
	for i := range s.requests {
		gofakes3Answer, err := left.send(ctx, &s.requests[i])
		if err != nil {
			return nil, sent, fmt.Errorf("request %d, gofakes3: %w", i+1, err)
		}
		ourAnswer, err := right.send(ctx, &s.requests[i])
		if err != nil {
			return nil, sent, fmt.Errorf("request %d, ours: %w", i+1, err)
		}
		sent++
		for _, d := range compare(gofakes3Answer, ourAnswer) {
			d.theme, d.name = s.theme, fmt.Sprintf("%s (%d)", s.name, i+1)
			found = append(found, d)
		}
		if gofakes3Answer.done() != ourAnswer.done() && s.requests[i].writes() {
			break
		}
	}
	return found, sent, nil
}

// config is a cloud with two regions. One account sends the requests, another has a bucket that it must not reach.
func config() simulator.Config {
	return simulator.Config{
		Regions: []string{region, "eu-west-1"},
		Accounts: []simulator.AccountConfig{
			{ID: "111111111111", Name: "first", AccessKeys: []simulator.AccessKeyConfig{{ID: keyID, Secret: keySecret}}},
			{ID: "222222222222", Name: "second", AccessKeys: []simulator.AccessKeyConfig{{ID: "AKIASECOND", Secret: "second-secret"}}},
		},
	}
}
