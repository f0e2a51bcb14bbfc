// Package drift compares our types of Velero's API with Velero's own, so that what a new release of Velero changes is told by name.
package drift

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	velerov1 "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"
	velerov2alpha1 "github.com/vmware-tanzu/velero/pkg/apis/velero/v2alpha1"
	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/randfill"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/written"
	"github.com/velero-locations/velero-locations/apiserver"
)

const (
	upstream = "github.com/vmware-tanzu/velero/"
	ours     = "github.com/velero-locations/velero-locations/"
	group    = "velero.io"
)

// accepted are differences that stay, by what the comparison says of them, each with the reason.
var accepted = map[string]string{
	"VolumeSnapshotLocationStatus: Velero has no field lastValidationTime": "Velero checks no snapshot location; we do, and say when",
	"VolumeSnapshotLocationStatus: Velero has no field message":            "Velero checks no snapshot location; we do, and say why it is not available",
}

// withoutExtras empties the fields that Velero does not have, for its types to hold the rest.
func withoutExtras(status *v1.VolumeSnapshotLocationStatus, c randfill.Continue) {
	c.FillNoCustom(status)
	status.Message, status.LastValidationTime = "", nil
}

// schemes returns the types of our API and of Velero's.
func schemes(t *testing.T) (our, their *runtime.Scheme) {
	t.Helper()
	api, err := apiserver.NewAPI(apiserver.Velero)
	if err != nil {
		t.Fatal(err)
	}
	their = runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{velerov1.AddToScheme, velerov2alpha1.AddToScheme} {
		if err := add(their); err != nil {
			t.Fatal(err)
		}
	}
	return api.WireScheme, their
}

// kinds of velero.io in a scheme; those that every group has, such as options, are in no package of Velero's or ours.
func kinds(scheme *runtime.Scheme) map[schema.GroupVersionKind]reflect.Type {
	found := map[schema.GroupVersionKind]reflect.Type{}
	for kind, of := range scheme.AllKnownTypes() {
		if kind.Group == group && own(of) {
			found[kind] = of
		}
	}
	return found
}

// own types are those of Velero, and ours.
func own(of reflect.Type) bool {
	return strings.HasPrefix(of.PkgPath(), upstream) || strings.HasPrefix(of.PkgPath(), ours)
}

func TestTypes(t *testing.T) {
	our, their := schemes(t)
	c := comparison{seen: map[reflect.Type]bool{}}
	ourKinds, theirKinds := kinds(our), kinds(their)
	for kind, upstream := range theirKinds {
		if of, ok := ourKinds[kind]; ok {
			c.types(kind.Kind, of, upstream)
		} else {
			c.differ("%s.%s: Velero has this kind", kind.Version, kind.Kind)
		}
	}
	for kind := range ourKinds {
		if _, ok := theirKinds[kind]; !ok {
			c.differ("%s.%s: Velero has no such kind", kind.Version, kind.Kind)
		}
	}
	if len(theirKinds) < 2*13 {
		t.Errorf("Velero has only %d kinds and lists", len(theirKinds))
	}
	slices.Sort(c.differences)
	for _, difference := range c.differences {
		if accepted[difference] == "" {
			t.Error(difference)
		}
	}
	for difference, reason := range accepted {
		if !slices.Contains(c.differences, difference) {
			t.Errorf("accepted, but not there any more: %s (%s)", difference, reason)
		}
	}
}

// comparison walks two types at once, and looks at what can be told from their JSON. Go's names for fields and types cannot.
type comparison struct {
	seen        map[reflect.Type]bool
	differences []string
}

func (c *comparison) differ(format string, args ...any) {
	c.differences = append(c.differences, fmt.Sprintf(format, args...))
}

func (c *comparison) types(path string, our, their reflect.Type) {
	switch {
	case our == their:
	case our.Kind() != their.Kind():
		c.differ("%s is %s, Velero's is %s", path, our, their)
	case our.Kind() == reflect.Map:
		c.types(path+"{}", our.Key(), their.Key())
		c.types(path+"[]", our.Elem(), their.Elem())
	case our.Kind() == reflect.Slice || our.Kind() == reflect.Pointer:
		c.types(path, our.Elem(), their.Elem())
	case our.Kind() != reflect.Struct: // strings, numbers and booleans, whatever Go calls them
	case !own(our) || !own(their):
		c.differ("%s is %s, Velero's is %s", path, our, their)
	case !c.seen[our]:
		c.seen[our] = true
		c.structs(our, their)
	}
}

// structs names what differs by the type that it is in, since many kinds may share it.
func (c *comparison) structs(our, their reflect.Type) {
	path := our.Name()
	ourFields, theirFields := fields(our), fields(their)
	for name, theirField := range theirFields {
		ourField, ok := ourFields[name]
		switch {
		case !ok:
			c.differ("%s: Velero has the field %s", path, name)
			continue
		case tag(ourField) != tag(theirField):
			c.differ("%s.%s has the tag %q, Velero's has %q", path, name, tag(ourField), tag(theirField))
		}
		c.types(path+"."+name, ourField.Type, theirField.Type)
	}
	for name := range ourFields {
		if _, ok := theirFields[name]; !ok {
			c.differ("%s: Velero has no field %s", path, name)
		}
	}
}

// fields of a struct by their names in JSON; those of embedded structs are the struct's own.
func fields(of reflect.Type) map[string]reflect.StructField {
	found := map[string]reflect.StructField{}
	for i := range of.NumField() {
		field := of.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if name == "" && field.Anonymous {
			for name, inner := range fields(field.Type) {
				found[name] = inner
			}
			continue
		}
		found[name] = field
	}
	return found
}

// tag says how a field is written as JSON. omitempty means nothing to a struct, and Velero's types show those that are empty.
func tag(field reflect.StructField) string {
	tag := field.Tag.Get("json")
	if field.Type.Kind() == reflect.Struct {
		tag = strings.NewReplacer(",omitempty", "", ",omitzero", "").Replace(tag)
	}
	return tag
}

// rounds of filling each kind at random.
const rounds = 200

// TestJSON fills each kind at random and passes it on as JSON: from Velero's type to ours and back, and from ours to Velero's
// and back, nothing may be lost, added or written in another form.
func TestJSON(t *testing.T) {
	our, their := schemes(t)
	ourKinds := kinds(our)
	for kind, upstream := range kinds(their) {
		of, ok := ourKinds[kind]
		if !ok {
			continue // TestTypes says so
		}
		t.Run(kind.Version+"."+kind.Kind, func(t *testing.T) {
			fill := filler(our)
			for range rounds {
				pass(t, fill, upstream, of)
				pass(t, fill, of, upstream)
			}
		})
	}
}

// filler fills objects with what survives JSON.
func filler(scheme *runtime.Scheme) *randfill.Filler {
	raw := func(serializer.CodecFactory) []any {
		return []any{withoutExtras, func(*written.Form, randfill.Continue) {}, func(extension *runtime.RawExtension, c randfill.Continue) {
			extension.Raw = fmt.Appendf(nil, `{"name":"container-%d"}`, c.Int31())
		}}
	}
	return fuzzer.FuzzerFor(fuzzer.MergeFuzzerFuncs(metafuzzer.Funcs, raw), rand.NewSource(rand.Int63()), serializer.NewCodecFactory(scheme))
}

// pass fills an object of one type, reads its JSON into the other type, and compares the JSON of both.
func pass(t *testing.T, fill *randfill.Filler, from, to reflect.Type) {
	t.Helper()
	object := reflect.New(from).Interface()
	fill.Fill(object)
	filled, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	before := through(t, from, filled) // some of what Go can hold, such as a pointer to a nil map, JSON cannot
	after := through(t, to, before)
	if diff := cmp.Diff(canonical(t, before), canonical(t, after)); diff != "" {
		t.Fatalf("%s is other than %s (-, +):\n%s", to, from, diff)
	}
}

// through reads JSON into a type that must know all its fields, and writes it again.
func through(t *testing.T, of reflect.Type, data []byte) []byte {
	t.Helper()
	object := reflect.New(of).Interface()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(object); err != nil {
		t.Fatalf("reading %s: %v\n%s", of, err, data)
	}
	written, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return written
}

// canonical is what JSON says, without what only Velero's types show, which is empty.
func canonical(t *testing.T, data []byte) any {
	t.Helper()
	var content any
	if err := json.Unmarshal(data, &content); err != nil {
		t.Fatal(err)
	}
	return withoutEmpty(content)
}

func withoutEmpty(content any) any {
	switch content := content.(type) {
	case map[string]any:
		for key, value := range content {
			value = withoutEmpty(value)
			if inner, isObject := value.(map[string]any); isObject && len(inner) == 0 || value == "0s" || value == "" || value == nil {
				delete(content, key)
			}
		}
	case []any:
		for i, value := range content {
			content[i] = withoutEmpty(value)
		}
	}
	return content
}
