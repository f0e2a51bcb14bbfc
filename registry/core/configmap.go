package core

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

// ConfigMaps hold configuration that is not secret.
var ConfigMaps = &generic.Resource[*corev1.ConfigMap, *corev1.ConfigMapList]{
	GroupVersion: corev1.SchemeGroupVersion,
	Plural:       "configmaps",
	ShortNames:   []string{"cm"},
	Columns: table.Columns[*corev1.ConfigMap]{
		{Name: "Data", Type: "integer", Description: "Number of keys.", Value: func(c *corev1.ConfigMap) any { return int64(len(c.Data) + len(c.BinaryData)) }},
		table.Age[*corev1.ConfigMap](),
	},
	UnconditionalUpdate: true,
	Validate:            validateConfigMap,
}

func validateConfigMap(config, old *corev1.ConfigMap) field.ErrorList {
	size := 0
	for _, value := range config.Data {
		size += len(value)
	}
	for _, value := range config.BinaryData {
		size += len(value)
	}
	keys := append(slices.Collect(maps.Keys(config.Data)), slices.Collect(maps.Keys(config.BinaryData))...)
	slices.Sort(keys)
	errs := dataErrors(keys, size)
	if old != nil && isTrue(old.Immutable) &&
		(!isTrue(config.Immutable) || !apiequality.Semantic.DeepEqual(config.Data, old.Data) || !apiequality.Semantic.DeepEqual(config.BinaryData, old.BinaryData)) {
		errs = append(errs, field.Forbidden(field.NewPath("data"), "the config map is immutable"))
	}
	return errs
}
