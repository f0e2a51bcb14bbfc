package faults

import (
	"fmt"
	"slices"
)

// State is the rules in force with what they have done, in their order.
type State struct {
	Rules []Status `json:"rules,omitempty"`
	// Named is the number in the last name that was made up.
	Named int `json:"named,omitempty"`
}

// mostMatched bounds how many requests a rule was about, since a number is drawn for each.
const mostMatched = 1 << 30

// Save returns the rules in force.
func (s *Set) Save() State {
	rules := s.List()
	s.mu.Lock()
	defer s.mu.Unlock()
	return State{rules, s.named}
}

// Check says what is wrong with a state.
func (s *Set) Check(state State) error { return NewSet(s.seed, s.operations...).Load(state) }

// Load puts the rules of a state in force, in the place of all others. Which requests they harm goes on from where it was.
func (s *Set) Load(state State) error {
	loaded := NewSet(s.seed, s.operations...)
	for _, status := range state.Rules {
		if status.Rule.Name == "" || status.Matched < 0 || status.Matched > mostMatched || status.Injected < 0 || status.Injected > status.Matched {
			return fmt.Errorf("%w: fault %q has no name, or counts of requests that cannot be", ErrInvalid, status.Rule.Name)
		}
		if _, err := loaded.Add(status.Rule); err != nil {
			return err
		}
		loaded.rules[len(loaded.rules)-1].resume(status)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules, s.named = slices.Clone(loaded.rules), state.Named
	s.count.Store(int64(len(s.rules)))
	return nil
}

// resume brings a new rule to where it was: those that a probability decided have each taken a number.
func (r *rule) resume(status Status) {
	r.Status = status
	if r.Rule.Probability > 0 {
		for range status.Matched - r.Rule.Skip {
			r.random.Float64()
		}
	}
}
