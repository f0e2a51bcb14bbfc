package validation

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// required refuses an empty value, as Velero's CRDs refuse an absent one: the two are not told apart.
// It is not for fields that Velero itself leaves empty.
func required[T ~string](value T, path *field.Path, hint string) field.ErrorList {
	if value != "" {
		return nil
	}
	return field.ErrorList{field.Required(path, hint)}
}

// oneOf accepts an absent value: what it means is for defaulting to say.
func oneOf[T ~string](value T, supported []T, path *field.Path) field.ErrorList {
	if value == "" || slices.Contains(supported, value) {
		return nil
	}
	return field.ErrorList{field.NotSupported(path, value, supported)}
}

// each checks the items of a list.
func each[T any](list []T, path *field.Path, check func(*T, *field.Path) field.ErrorList) field.ErrorList {
	var errs field.ErrorList
	for i := range list {
		errs = append(errs, check(&list[i], path.Index(i))...)
	}
	return errs
}

// period is a duration for which 0 may have a meaning of its own.
func period(period *metav1.Duration, path *field.Path) field.ErrorList {
	if period == nil || period.Duration >= 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(path, period.Duration.String(), "must not be negative: leave it out for the usual period")}
}

func count[T ~int | ~int64](number T, path *field.Path) field.ErrorList {
	if number >= 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(path, number, "must not be negative")}
}

// localReference names an object of the same namespace; both parts are required by Velero's CRDs.
func localReference(reference *corev1.TypedLocalObjectReference, path *field.Path) field.ErrorList {
	if reference == nil {
		return nil
	}
	return slices.Concat(
		required(reference.Kind, path.Child("kind"), "name the kind, such as ConfigMap"),
		required(reference.Name, path.Child("name"), "name the object"),
	)
}

// labelSelector says more of operators than the package that checks selectors, which does not say which there are.
func labelSelector(selector *metav1.LabelSelector, path *field.Path) field.ErrorList {
	errs := metav1validation.ValidateLabelSelector(selector, metav1validation.LabelSelectorValidationOptions{}, path)
	for _, err := range errs {
		if err.Type == field.ErrorTypeInvalid && strings.HasSuffix(err.Field, ".operator") {
			err.Detail = "must be In, NotIn, Exists or DoesNotExist"
		}
	}
	return errs
}

// selectors are two fields of which one may be given: the labels that objects must have, or several
// such selectors of which objects must match one.
func selectors(all *metav1.LabelSelector, anyOf []*metav1.LabelSelector, path *field.Path) field.ErrorList {
	errs := labelSelector(all, path.Child("labelSelector"))
	or := path.Child("orLabelSelectors")
	if all != nil && len(anyOf) > 0 {
		errs = append(errs, field.Forbidden(or, "not together with labelSelector: add its labels to each of the selectors, or leave out one of the fields"))
	}
	return append(errs, each(anyOf, or, func(selector **metav1.LabelSelector, path *field.Path) field.ErrorList {
		if *selector == nil {
			return field.ErrorList{field.Required(path, "give a selector; {} selects everything")}
		}
		return labelSelector(*selector, path)
	})...)
}

// filter is a pair of fields: what is included, and what is left out of that.
type filter struct {
	path               *field.Path
	included, excluded string // names of the fields
}

// everything stands for all that there is in either list.
const everything = "*"

// check returns what is wrong with the lists. Whether all may be left out, with no list of what is
// included, differs between filters.
func (f filter) check(included, excluded []string, allExcludable bool) field.ErrorList {
	errs := aloneOrAbsent(included, f.path.Child(f.included))
	path := f.path.Child(f.excluded)
	if slices.Contains(excluded, everything) {
		switch {
		case !allExcludable:
			errs = append(errs, field.Invalid(path, everything, "must not be *, which leaves nothing: list what to include in "+f.included))
		case len(included) > 0:
			errs = append(errs, field.Invalid(path, everything, "must not be * when there is something in "+f.included))
		default:
			errs = append(errs, aloneOrAbsent(excluded, path)...)
		}
	}
	known := sets.New(included...)
	for i, item := range excluded {
		if item != everything && known.Has(item) {
			errs = append(errs, field.Invalid(path.Index(i), item, "is in "+f.included+" too: take it out of one of them"))
		}
	}
	return errs
}

func aloneOrAbsent(list []string, path *field.Path) field.ErrorList {
	if len(list) < 2 || !slices.Contains(list, everything) {
		return nil
	}
	return field.ErrorList{field.Invalid(path, list, "must be * alone, or a list without it")}
}
