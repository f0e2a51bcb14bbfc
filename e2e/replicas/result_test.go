package replicas

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// result is what harm of a kind did, in one round or several.
type result struct {
	measured
	fault        string
	rounds       int
	acknowledged int
	lost, missed int
}

// add adds another round.
func (r *result) add(other result) {
	r.rounds += other.rounds
	r.acknowledged += other.acknowledged
	r.lost += other.lost
	r.missed += other.missed
	r.defaults += other.defaults
	r.failed = append(r.failed, other.failed...)
	r.silence, r.slowest = max(r.silence, other.silence), max(r.slowest, other.slowest)
}

// check fails the test if the result is not correct. Times depend on the machine, and are only shown.
func (r *result) check(t *testing.T, harmless bool) {
	t.Helper()
	if r.lost+r.missed+r.defaults > 0 || r.acknowledged == 0 {
		t.Errorf("%s: %d writes acknowledged, %d lost, %d events missed, two defaults seen %d times", r.fault, r.acknowledged, r.lost, r.missed, r.defaults)
	}
	for reason, count := range reasons(r.failed) {
		t.Logf("%s: %d times %s", r.fault, count, reason)
		// etcd gives up by itself where the disk, or its leader, is slow.
		if harmless && !strings.Contains(reason, "etcdserver: request timed out") {
			t.Errorf("%s: %d requests failed, want none", r.fault, count)
		}
	}
}

// table is what docs/operations.md has.
func table(results []*result) string {
	var b strings.Builder
	b.WriteString("\n| fault | rounds | writes acknowledged | lost | watch events missed | two defaults seen | longest time without an answered write | slowest write | failed requests |\n")
	b.WriteString("|---|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %s | %s | %d |\n",
			r.fault, r.rounds, r.acknowledged, r.lost, r.missed, r.defaults, seconds(r.silence), seconds(r.slowest), len(r.failed))
	}
	return b.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
