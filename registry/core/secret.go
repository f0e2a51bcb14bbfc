package core

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

// Secrets of type Opaque where no type is given; stringData is written into data.
var Secrets = &generic.Resource[*corev1.Secret, *corev1.SecretList]{
	GroupVersion: corev1.SchemeGroupVersion,
	Plural:       "secrets",
	Columns: table.Columns[*corev1.Secret]{
		{Name: "Type", Description: "What the data means.", Value: func(s *corev1.Secret) any { return string(s.Type) }},
		{Name: "Data", Type: "integer", Description: "Number of keys.", Value: func(s *corev1.Secret) any { return int64(len(s.Data)) }},
		table.Age[*corev1.Secret](),
	},
	Fields:              func(s *corev1.Secret) fields.Set { return fields.Set{"type": string(s.Type)} },
	UnconditionalUpdate: true,
	Prepare:             prepareSecret,
	Validate:            validateSecret,
}

func prepareSecret(secret, _ *corev1.Secret) {
	if secret.Type == "" {
		secret.Type = corev1.SecretTypeOpaque
	}
	for key, value := range secret.StringData {
		if secret.Data == nil {
			secret.Data = map[string][]byte{}
		}
		secret.Data[key] = []byte(value)
	}
	secret.StringData = nil
}

func validateSecret(secret, old *corev1.Secret) field.ErrorList {
	size := 0
	for _, value := range secret.Data {
		size += len(value)
	}
	errs := dataErrors(slices.Sorted(maps.Keys(secret.Data)), size)
	if old == nil {
		return errs
	}
	if secret.Type != old.Type {
		errs = append(errs, field.Invalid(field.NewPath("type"), secret.Type, "the type of a Secret cannot change"))
	}
	if isTrue(old.Immutable) && (!isTrue(secret.Immutable) || !apiequality.Semantic.DeepEqual(secret.Data, old.Data)) {
		errs = append(errs, field.Forbidden(field.NewPath("data"), "the Secret is immutable"))
	}
	return errs
}

// dataErrors checks what Secrets and config maps have in common: the names of keys, and
// the total size, in bytes, of their values.
func dataErrors(keys []string, size int) field.ErrorList {
	var errs field.ErrorList
	path := field.NewPath("data")
	for _, key := range keys {
		for _, message := range validation.IsConfigMapKey(key) {
			errs = append(errs, field.Invalid(path.Key(key), key, message))
		}
	}
	if size > corev1.MaxSecretSize {
		errs = append(errs, field.TooLong(path, "", corev1.MaxSecretSize))
	}
	for i := 1; i < len(keys); i++ {
		if keys[i] == keys[i-1] {
			errs = append(errs, field.Invalid(path.Key(keys[i]), keys[i], fmt.Sprintf("%q is in data and in binaryData", keys[i])))
		}
	}
	return errs
}

func isTrue(b *bool) bool { return b != nil && *b }
