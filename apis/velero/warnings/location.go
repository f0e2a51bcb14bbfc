// Package warnings says what is accepted but doubtful in an object of group velero.io, to
// whoever writes it. It does no I/O: what is known of the surroundings is passed in. No warning says
// what an error of package validation says; all are about objects without errors.
package warnings

import (
	"fmt"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
	"github.com/velero-locations/velero-locations/internal/spelling"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// Surroundings are what is known of what an object stands among. The zero value: nothing.
type Surroundings struct {
	// Rules that the object was validated by.
	Rules validation.Rules
	// Near are the locations, of all namespaces, in whose places the object's own may lie, or theirs in its own, as far as the user
	// may see them, and Hidden those that the user may not. Of the latter nothing is said but that there is one in the very place,
	// which the user has named. The object's own is passed over.
	Near, Hidden []*v1.BackupStorageLocation
	// NoDefault says that backups that name no location have none to go to.
	NoDefault bool
	// Secrets that the user may know of, by name, each with its keys; nil keys mean that there is no
	// such Secret. What is not in the map is not spoken of.
	Secrets map[string]sets.Set[string]
}

// BackupStorageLocation returns what is doubtful about a location.
func BackupStorageLocation(location *v1.BackupStorageLocation, around Surroundings) []string {
	spec := field.NewPath("spec")
	settings := provider.Settings{Config: location.Spec.Config}
	if location.Spec.ObjectStorage != nil {
		settings.Bucket = strings.Trim(location.Spec.ObjectStorage.Bucket, "/")
	}
	warnings := config(location.Spec.Provider, provider.ObjectStore, settings, around.Rules)
	if storage := location.Spec.ObjectStorage; storage != nil {
		if text := locations.DoubtPrefix(storage.Prefix); text != "" {
			warnings = append(warnings, "spec.objectStorage.prefix: "+text)
		}
		if text := provider.DoubtBucket(location.Spec.Provider, settings.Bucket, settings.Config); text != "" {
			warnings = append(warnings, "spec.objectStorage.bucket: "+text)
		}
		if len(storage.CACert) > 0 {
			warnings = append(warnings, "spec.objectStorage.caCert: deprecated: put the certificates in a Secret and name it in spec.objectStorage.caCertRef")
		}
		warnings = append(warnings, secret(location.Namespace, storage.CACertRef, spec.Child("objectStorage", "caCertRef"), around.Secrets)...)
	}
	warnings = append(warnings, secret(location.Namespace, location.Spec.Credential, spec.Child("credential"), around.Secrets)...)
	warnings = append(warnings, often(location.Spec.BackupSyncPeriod, spec.Child("backupSyncPeriod"), "never")...)
	warnings = append(warnings, often(location.Spec.ValidationFrequency, spec.Child("validationFrequency"), "only when the location changes")...)
	warnings = append(warnings, overlaps(location, around)...)
	return printable(append(warnings, NoDefault(location.Namespace, around.NoDefault)...))
}

// Answer tells what the storage of a location has said when it was asked; empty: nothing.
func Answer(text string) []string {
	if text == "" {
		return nil
	}
	return printable([]string{"spec.objectStorage: the storage was asked, and the location cannot be used now: " + text})
}

// NoDefault says, where it is so, that the backups of a namespace that name no location have none to go to.
func NoDefault(namespace string, so bool) []string {
	if !so {
		return nil
	}
	return []string{fmt.Sprintf("spec.default: no location of namespace %q is the default: backups that name no location are refused; set spec.default to true on one", namespace)}
}

// VolumeSnapshotLocation returns what is doubtful about a location.
func VolumeSnapshotLocation(location *v1.VolumeSnapshotLocation, around Surroundings) []string {
	warnings := config(location.Spec.Provider, provider.VolumeSnapshotter, provider.Settings{Config: location.Spec.Config}, around.Rules)
	return printable(append(warnings, secret(location.Namespace, location.Spec.Credential, field.NewPath("spec", "credential"), around.Secrets)...))
}

// SecretNames returns the names of the Secrets that selectors, which may be nil, select from.
func SecretNames(selectors ...*corev1.SecretKeySelector) []string {
	names := sets.New[string]()
	for _, selector := range selectors {
		if selector != nil {
			names.Insert(selector.Name)
		}
	}
	return sets.List(names)
}

func config(name string, role provider.Role, settings provider.Settings, rules validation.Rules) []string {
	path := field.NewPath("spec", "config")
	var warnings []string
	if provider.Find(name, role) == nil {
		known := provider.Names(role)
		text := fmt.Sprintf("spec.provider: %q is not known here (known for %ss: %s): its settings are not checked", name, role, strings.Join(known, ", "))
		if near := spelling.Nearest(name, known); near != "" {
			text += fmt.Sprintf("; did you mean %q?", near)
		}
		warnings = append(warnings, text)
	}
	if rules.ProviderConfig == validation.Warn {
		for _, err := range provider.CheckConfig(name, role, settings.Config, path) {
			warnings = append(warnings, err.Error())
		}
	}
	return append(warnings, provider.DoubtConfig(name, role, settings, path)...)
}

// often is about a period that is shorter than anybody can keep to. Zero says something else.
func often(period *metav1.Duration, path *field.Path, zero string) []string {
	if period == nil || period.Duration <= 0 || period.Duration >= locations.LeastPeriod {
		return nil
	}
	return []string{fmt.Sprintf("%s: %s is shorter than Velero and the controllers here can keep to: it happens no more often than every %s; 0s means %s", path, period.Duration, locations.LeastPeriod, zero)}
}

// secret speaks of a Secret only where the surroundings tell of it.
func secret(namespace string, selector *corev1.SecretKeySelector, path *field.Path, secrets map[string]sets.Set[string]) []string {
	if selector == nil {
		return nil
	}
	keys, told := secrets[selector.Name]
	switch {
	case !told || keys.Has(selector.Key):
		return nil
	case keys == nil:
		return []string{fmt.Sprintf("%s: there is no Secret %q in namespace %q yet", path, selector.Name, namespace)}
	}
	return []string{fmt.Sprintf("%s: Secret %q in namespace %q has no key %q yet", path, selector.Name, namespace, selector.Key)}
}

// printable replaces what an HTTP header cannot hold: the names of settings are any text.
func printable(warnings []string) []string {
	for i, text := range warnings {
		warnings[i] = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, strings.ToValidUTF8(text, " "))
	}
	return warnings
}
