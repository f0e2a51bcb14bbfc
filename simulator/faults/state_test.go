package faults

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/velero-locations/velero-locations/simulator/call"
)

// TestState saves rules half way, and loads them into another set: it harms those requests that the first one goes on to harm.
func TestState(t *testing.T) {
	first := NewSet(7)
	for _, rule := range []Rule{
		{Name: "flaky", Probability: 0.5, Fault: Outage{}},
		{Name: "some", Probability: 0.5, Skip: 3, Times: 8, Fault: Outage{}},
		{Fault: Outage{}, Match: Match{Buckets: []string{"other"}}},
	} {
		if _, err := first.Add(rule); err != nil {
			t.Fatal(err)
		}
	}
	harmed := func(s *Set) (out []string) {
		for range 20 {
			for _, rule := range s.matching(call.Call{Bucket: "velero"}) {
				if s.harms(rule) {
					out = append(out, rule.Rule.Name)
				}
			}
		}
		return out
	}
	harmed(first)
	data, err := json.Marshal(first.Save())
	if err != nil {
		t.Fatal(err)
	}
	var state State
	if err := json.Unmarshal(data, &state); err != nil {
		t.Fatal(err)
	}
	second := NewSet(7)
	if _, err := second.Add(Rule{Name: "old", Fault: Outage{}}); err != nil {
		t.Fatal(err)
	}
	if err := second.Load(state); err != nil {
		t.Fatal(err)
	}
	if got, want := harmed(second), harmed(first); len(want) < 5 || !slices.Equal(got, want) {
		t.Errorf("the second set harms %v, the first %v", got, want)
	}
	if added, err := second.Add(Rule{Fault: Outage{}}); err != nil || added.Name != "outage-2" {
		t.Errorf("the next rule is %q, %v", added.Name, err)
	}
	for name, bad := range map[string]State{
		"nameless":  {Rules: []Status{{Rule: Rule{Fault: Outage{}}}}},
		"same name": {Rules: []Status{{Rule: Rule{Name: "a", Fault: Outage{}}}, {Rule: Rule{Name: "a", Fault: Outage{}}}}},
		"counts":    {Rules: []Status{{Rule: Rule{Name: "a", Fault: Outage{}}, Matched: 1 << 40}}},
		"no fault":  {Rules: []Status{{Rule: Rule{Name: "a"}}}},
	} {
		if err := second.Check(bad); err == nil {
			t.Errorf("%s: it is accepted", name)
		}
	}
	if n := len(second.List()); n != 4 {
		t.Errorf("there are %d rules", n)
	}
}
