package validation

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Rules are what an administrator decides about validation. The zero value enforces everything.
type Rules struct {
	// ProviderConfig says what becomes of errors in spec.config.
	ProviderConfig ProviderConfig
}

// ProviderConfig says what becomes of errors in spec.config, which may be none for a plugin that is
// newer than the settings known here. As a flag it is one of its values.
type ProviderConfig string

const (
	// Enforce refuses a location for them. The empty value does so too.
	Enforce ProviderConfig = "enforce"
	// Warn accepts the location, and warns of them.
	Warn ProviderConfig = "warn"
	// Off does not look for them.
	Off ProviderConfig = "off"
)

// Set implements pflag.Value.
func (p *ProviderConfig) Set(value string) error {
	if !slices.Contains([]ProviderConfig{Enforce, Warn, Off}, ProviderConfig(value)) {
		return fmt.Errorf("must be %s, %s or %s", Enforce, Warn, Off)
	}
	*p = ProviderConfig(value)
	return nil
}

// String implements pflag.Value.
func (p *ProviderConfig) String() string {
	if *p == "" {
		return string(Enforce)
	}
	return string(*p)
}

// Type implements pflag.Value.
func (*ProviderConfig) Type() string { return "mode" }

// enforced passes errors in spec.config on if they are to refuse a location.
func (r Rules) enforced(errs field.ErrorList) field.ErrorList {
	if r.ProviderConfig == Warn || r.ProviderConfig == Off {
		return nil
	}
	return errs
}

// unlessKnown returns what is wrong with an object, but on update only what was not wrong with its
// old self: whoever writes a status, or mends one of two mistakes, is not held up by what
// an earlier server, or one with other rules, has accepted.
func unlessKnown[T any](obj, old *T, check func(*T) field.ErrorList) field.ErrorList {
	errs := check(obj)
	if old == nil || len(errs) == 0 {
		return errs
	}
	known := map[string]bool{}
	for _, err := range check(old) {
		known[err.Error()] = true
	}
	return slices.DeleteFunc(errs, func(err *field.Error) bool { return known[err.Error()] })
}
