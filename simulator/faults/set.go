package faults

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/velero-locations/velero-locations/simulator/call"
)

// What a set refuses. Callers compare with errors.Is.
var (
	ErrInvalid = errors.New("invalid fault")
	ErrExists  = errors.New("the name is taken")
)

// Status is a rule, and what it has done.
type Status struct {
	Rule Rule `json:"rule" doc:"The rule."`
	// Matched counts the requests that the rule is about, Injected those that it harmed.
	Matched  int `json:"matched" doc:"How many requests the rule was about."`
	Injected int `json:"injected" doc:"How many requests it harmed."`
}

// Set is the rules in force. It is safe for concurrent use. Two sets with the same seed and the same rules harm the same
// requests, when these come in the same order.
type Set struct {
	seed       uint64
	operations []string
	count      atomic.Int64

	mu    sync.Mutex
	rules []*rule
	named int
}

type rule struct {
	Status
	random *rand.Rand
}

// NewSet returns a set without rules. The operations are those that rules may be about; without any, they may be about any.
func NewSet(seed uint64, operations ...string) *Set { return &Set{seed: seed, operations: operations} }

// Add puts a rule in force, after those that are there, and returns it with its name.
func (s *Set) Add(added Rule) (Rule, error) {
	if err := added.Validate(s.operations...); err != nil {
		return Rule{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for added.Name == "" {
		s.named++
		if name := fmt.Sprintf("%s-%d", TypeName(added.Fault), s.named); s.find(name) < 0 {
			added.Name = name
		}
	}
	if s.find(added.Name) >= 0 {
		return Rule{}, fmt.Errorf("fault %q: %w", added.Name, ErrExists)
	}
	name := fnv.New64a()
	_, _ = name.Write([]byte(added.Name)) // never fails
	s.rules = append(s.rules, &rule{Status: Status{Rule: added}, random: rand.New(rand.NewPCG(s.seed, name.Sum64()))})
	s.count.Store(int64(len(s.rules)))
	return added, nil
}

func (s *Set) find(name string) int {
	return slices.IndexFunc(s.rules, func(r *rule) bool { return r.Rule.Name == name })
}

// Remove takes a rule out of force, and says whether it was there. What it does to requests under way goes on.
func (s *Set) Remove(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(name)
	if i < 0 {
		return false
	}
	s.rules = slices.Delete(s.rules, i, i+1)
	s.count.Store(int64(len(s.rules)))
	return true
}

// Clear removes all rules, and numbers the names that it makes up from 1 again.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules, s.named = nil, 0
	s.count.Store(0)
}

// List returns the rules in the order in which they apply.
func (s *Set) List() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Status, 0, len(s.rules))
	for _, r := range s.rules {
		out = append(out, r.Status)
	}
	return out
}

// Empty says that no request can be harmed, without taking a lock.
func (s *Set) Empty() bool { return s.count.Load() == 0 }

// matching returns the rules that are about a call.
func (s *Set) matching(c call.Call) []*rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*rule
	for _, r := range s.rules {
		if r.Rule.Match.Matches(c) {
			out = append(out, r)
		}
	}
	return out
}

// harms counts a call that a rule is about, and says whether the rule harms it.
func (s *Set) harms(r *rule) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return r.harms()
}

func (r *rule) harms() bool {
	r.Matched++
	if r.Matched <= r.Rule.Skip || r.Rule.Times > 0 && r.Injected >= r.Rule.Times {
		return false
	}
	if p := r.Rule.Probability; p > 0 && r.random.Float64() >= p {
		return false
	}
	r.Injected++
	return true
}

// Harmed is a request that rules may have harmed, with what to serve it with.
type Harmed struct {
	W       http.ResponseWriter
	Request *http.Request
	// Rules are the names of those that harmed it.
	Rules []string
}

// Inject lets the rules that are about a call do to its exchange what they do, in their order; those after one that
// refuses the request are not reached. With an error the request is not to be served: a *Refusal is to be answered,
// anything else is the end.
func (s *Set) Inject(w http.ResponseWriter, r *http.Request, c call.Call) (Harmed, error) {
	matching := s.matching(c)
	if len(matching) == 0 {
		return Harmed{W: w, Request: r}, nil
	}
	x := newExchange(w, r)
	var names []string
	for _, rule := range matching {
		if !s.harms(rule) {
			continue
		}
		names = append(names, rule.Rule.Name)
		if err := rule.Rule.Fault.Inject(x); err != nil {
			return Harmed{x, x.request, names}, err
		}
	}
	return Harmed{x, x.request, names}, nil
}
