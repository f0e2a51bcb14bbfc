package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/velero-locations/velero-locations/internal/spelling"
)

// Schema says which settings, the keys of spec.config, a provider has in a role.
type Schema struct {
	// Keys in the order in which they are documented.
	Keys []Key
	// Exclusive groups of keys, of each of which at most one may be set.
	Exclusive [][]string
	// Open schemas accept other keys: not all of the provider's are known.
	Open bool
}

// Key is one setting.
type Key struct {
	// Name of the setting. Case matters.
	Name string
	// Type of its value.
	Type Type
	// Required settings must be set to something.
	Required bool
	// RequiredWith names a setting that cannot be without this one.
	RequiredWith string
	// MayHoldSecret says that the value is the name of something secret, in whose place the secret itself is sometimes
	// written: errors do not repeat it.
	MayHoldSecret bool
	// Caveat is what users of the setting should know: that it is deprecated, or does nothing.
	Caveat string
	// Doubt returns what is doubtful about a value that can be used, given all settings. Nil: nothing.
	Doubt func(value string, all Settings) string
	// Doc says in one line what the setting is for.
	Doc string
}

// Settings are the spec.config of a location, with the bucket that they are for.
type Settings struct {
	Config map[string]string
	// Bucket without the slashes at its ends. Empty: there is none, as in volume snapshot locations.
	Bucket string
}

// elsewhere says which field of a backup storage location takes the place of a setting that
// Velero makes itself.
var elsewhere = map[string]string{
	"bucket": "spec.objectStorage.bucket",
	"prefix": "spec.objectStorage.prefix",
	"caCert": "spec.objectStorage.caCertRef",
}

// Key returns a setting by its name; nil if the schema has none of that name.
func (s *Schema) Key(name string) *Key {
	if s == nil {
		return nil
	}
	for i := range s.Keys {
		if s.Keys[i].Name == name {
			return &s.Keys[i]
		}
	}
	return nil
}

// Names returns the names of all settings.
func (s *Schema) Names() []string {
	names := make([]string, len(s.Keys))
	for i, key := range s.Keys {
		names[i] = key.Name
	}
	return names
}

// CheckConfig returns all that is wrong with the spec.config of a location, at a path. Of providers
// that are not known it refuses only what Velero itself overwrites. An empty value counts as not set.
func CheckConfig(name string, role Role, config map[string]string, path *field.Path) field.ErrorList {
	p := Find(name, role)
	var errs field.ErrorList
	for _, key := range slices.Sorted(maps.Keys(config)) {
		if err := checkKey(p, role, key, config[key], path.Key(key)); err != nil {
			errs = append(errs, err)
		}
	}
	if p == nil {
		return errs
	}
	schema := p.Schema(role)
	errs = append(errs, p.checkRequired(schema, config, path)...)
	return append(errs, schema.checkExclusive(config, path)...)
}

func checkKey(p *Provider, role Role, name, value string, path *field.Path) *field.Error {
	if instead := elsewhere[name]; instead != "" && role == ObjectStore && (p != nil || name != "caCert") {
		return field.Forbidden(path, "Velero sets it from another field: use "+instead)
	}
	if p == nil {
		return nil
	}
	schema := p.Schema(role)
	key := schema.Key(name)
	switch {
	case key == nil && schema.Open:
		return nil
	case key == nil:
		return &field.Error{Type: field.ErrorTypeNotSupported, Field: path.String(), BadValue: name, Detail: p.unknownKey(name, role)}
	case value == "" || key.Type.Check == nil:
		return nil
	}
	if err := key.Type.Check(value); err != nil {
		if key.MayHoldSecret {
			return field.Invalid(path, field.OmitValueType{}, err.Error())
		}
		return field.Invalid(path, Shown(value), err.Error())
	}
	return nil
}

// Shown is a value as errors may repeat it: not if it may hold a password.
func Shown(value string) any {
	if mayHoldPassword(value) {
		return field.OmitValueType{}
	}
	return value
}

// mayHoldPassword is about URLs: of users, and of links that are signed.
func mayHoldPassword(value string) bool { return strings.ContainsAny(value, "@?") }

func (p *Provider) unknownKey(name string, role Role) string {
	schema := p.Schema(role)
	if p.Schema(role.other()).Key(name) != nil {
		return fmt.Sprintf("it is a setting of %ss; %ss of provider %s have %s", role.other(), role, p.Short(), quoted(schema.Names()))
	}
	if near := spelling.Nearest(name, schema.Names()); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	for _, other := range Known() {
		if other.Schema(role).Key(name) != nil {
			return fmt.Sprintf("it is a setting of provider %s; provider %s has %s", other.Short(), p.Short(), quoted(schema.Names()))
		}
	}
	return fmt.Sprintf("provider %s has no such setting; it has %s", p.Short(), quoted(schema.Names()))
}

func (p *Provider) checkRequired(schema *Schema, config map[string]string, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, key := range schema.Keys {
		because := "provider " + p.Short() + " needs it"
		if key.RequiredWith != "" && config[key.RequiredWith] != "" {
			because = key.RequiredWith + " needs it"
		} else if !key.Required {
			continue
		}
		if config[key.Name] == "" {
			what, _, _ := strings.Cut(key.Doc, ";")
			errs = append(errs, field.Required(path.Key(key.Name), because+": set it to the "+what))
		}
	}
	return errs
}

func (s *Schema) checkExclusive(config map[string]string, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, group := range s.Exclusive {
		set := slices.DeleteFunc(slices.Clone(group), func(name string) bool { return config[name] == "" })
		for _, name := range set[min(1, len(set)):] {
			errs = append(errs, field.Forbidden(path.Key(name), fmt.Sprintf("not together with %s: leave one of them out", set[0])))
		}
	}
	return errs
}

// DoubtConfig returns what users should know about a spec.config, at a path, in which nothing is wrong.
func DoubtConfig(name string, role Role, all Settings, path *field.Path) []string {
	p := Find(name, role)
	if p == nil {
		return nil
	}
	var doubts []string
	schema := p.Schema(role)
	for _, name := range slices.Sorted(maps.Keys(all.Config)) {
		say := func(text string) {
			if text != "" {
				doubts = append(doubts, fmt.Sprintf("%s: %s", path.Key(name), text))
			}
		}
		key := schema.Key(name)
		if key == nil && !schema.Open {
			continue // an error
		}
		if key == nil {
			say(fmt.Sprintf("not a setting of provider %s that is known here: it is passed on as it is", p.Short()))
			continue
		}
		say(key.Caveat)
		if value := all.Config[name]; value != "" && key.Doubt != nil {
			say(key.Doubt(value, all))
		}
	}
	return doubts
}

func quoted(names []string) string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = fmt.Sprintf("%q", name)
	}
	return strings.Join(all, ", ")
}
