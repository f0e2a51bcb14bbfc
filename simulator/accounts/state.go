package accounts

import (
	"fmt"
	"maps"
)

// State is what became of access keys since they were configured. It has the secrets of those that were not.
type State struct {
	Keys map[string]fate `json:"keys,omitempty"`
}

// Save returns what became of access keys.
func (d *Directory) Save() State {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return State{d.fates.Records()}
}

// Check says what is wrong with a state; known is an error for an account that is not there.
func (s State) Check(known func(account, region string) error) error {
	for id, f := range s.Keys {
		if f.Key == nil {
			continue
		}
		if err := known(f.Key.Account, ""); err != nil {
			return fmt.Errorf("access key %s: %w", id, err)
		}
	}
	return nil
}

// Load makes of access keys what a state says became of them, as Keep does, and of no others: sessions end.
func (d *Directory) Load(state State) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	fates := maps.Clone(state.Keys)
	maps.DeleteFunc(fates, func(id string, f fate) bool { return f.Configured != d.digest(id) })
	if err := d.file.Write(d.fates.Replace(fates)...); err != nil {
		return fmt.Errorf("access keys: %w", err)
	}
	d.keys = maps.Clone(d.configured)
	d.restore()
	return nil
}
