package generic

import (
	"context"
	"reflect"

	"k8s.io/apimachinery/pkg/conversion"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/endpoints/handlers/fieldmanager"

	"github.com/velero-locations/velero-locations/apis/velero/written"
)

// AddInternal makes types of a group the internal form of their kinds too: the form that Kubernetes' generic server has an object
// converted to before anything else happens to it, and from which it is converted back for the answer.
func AddInternal(scheme *runtime.Scheme, group string, types ...runtime.Object) error {
	scheme.AddKnownTypes(schema.GroupVersion{Group: group, Version: runtime.APIVersionInternal}, types...)
	for _, object := range types {
		// Admission webhooks and policies are given, and may change, objects that were converted into new ones.
		if err := scheme.AddConversionFunc(object, object, assign); err != nil {
			return err
		}
	}
	return nil
}

// assign converts an object into one of its own type. They share memory, as converted objects may.
func assign(from, to any, _ conversion.Scope) error {
	reflect.ValueOf(to).Elem().Set(reflect.ValueOf(from).Elem())
	unname(to.(runtime.Object))
	return nil
}

// Bare returns a decoder of objects that do not name their kind, as in all of Kubernetes' servers: within one it is known by the Go
// type. Where that is the type of what is decoded, the name would stay: it would be shown of each item of a list, and an
// object that a client has sent would differ from the same one that was stored.
func Bare(decoder runtime.Decoder) runtime.Decoder { return bareDecoder{decoder} }

type bareDecoder struct{ runtime.Decoder }

// Decode implements runtime.Decoder.
func (d bareDecoder) Decode(data []byte, defaults *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	if _, ok := into.(*undecoded); ok {
		return into, defaults, nil
	}
	object, kind, err := d.Decoder.Decode(data, defaults, into)
	if object != nil {
		unname(object)
	}
	return object, kind, err
}

// settle makes a write that changes nothing but the times in managedFields no write at all. The generic server has tried that before, but
// without what the rules of the kind have brought back, and without success for objects that it converted meanwhile: converting one
// into its own type puts the name of its kind into it.
func settle(ctx context.Context, object, old runtime.Object) {
	unname(object)
	unname(old)
	written.Settle(object, old)
	_, _ = fieldmanager.IgnoreManagedFieldsTimestampsTransformer(ctx, object, old) // it fails only for what are no objects
}

func unname(object runtime.Object) {
	object.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
}
