package main

import (
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	o, err := parse([]string{"-rows", "list", "-kinds", "bsl"})
	if err != nil || o.watches != 100 {
		t.Fatalf("got %d watches, %v", o.watches, err)
	}
	var names []string
	for _, r := range selectRows(o) {
		names = append(names, r.name)
	}
	if got := strings.Join(names, "; "); got != "create; list of 1000; list, resourceVersion=0; list, limit=500; list by label, 100 of 1000; delete" {
		t.Errorf("selected %s", got)
	}
	if o, err = parse([]string{"-scale"}); err != nil || o.watches != 1000 {
		t.Errorf("got %d watches, %v", o.watches, err)
	}
	for args, want := range map[string]string{
		"-kinds pod":               `there is no kind "pod": known are backup,bsl,new-backup`,
		"-rows (":                  "-rows: error parsing regexp",
		"-rounds 0":                "-rounds is 0: it must be at least 1",
		"-doomed 1000":             "",
		"-doomed 1000 -backups 10": "-doomed is 1000: it must be at most -backups, which is 10",
		"more":                     `unexpected arguments ["more"]`,
	} {
		if _, err := parse(strings.Fields(args)); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %s", args, err, want)
		}
	}
}

func TestReport(t *testing.T) {
	r := &results{
		kinds: []string{"Backup"}, rows: []string{"get"}, targets: []string{crds, aggregated, direct, native},
		values: map[string]map[string]map[string][]value{"Backup": {"get": {
			crds:       {{100, 4 * time.Millisecond}, {200, 4 * time.Millisecond}, {100, 0}},
			aggregated: {{50, 2 * time.Millisecond}, {200, 8 * time.Millisecond}, {150, time.Millisecond}},
			direct:     {{300, time.Millisecond}, {300, time.Millisecond}, {300, time.Millisecond}},
		}}},
		usages: []processUsage{{"ours", usage{cpu: 1500 * time.Millisecond, resident: 3 << 20, peak: 4 << 20}}},
	}
	var b strings.Builder
	r.print(&b)
	for _, want := range []string{
		"| times as fast as | aggregated / CRDs | direct / CRDs | direct / ConfigMap |\n|---|---:|---:|---:|\n| get | 1.00 (0.50 to 1.50) | 3.00 (1.50 to 3.00) |  |\n",
		"| times the processor time of | aggregated / CRDs | direct / CRDs | direct / ConfigMap |\n|---|---:|---:|---:|\n| get | 1.25 (0.50 to 2.00) | 0.25 (0.25 to 0.25) |  |\n",
		"| per second | CRDs | aggregated | direct | ConfigMap |\n|---|---:|---:|---:|---:|\n| get | 100 | 150 | 300 |  |\n",
		"| ours | 1.5 | 3 | 4 |\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no\n%sin\n%s", want, b.String())
		}
	}
}
