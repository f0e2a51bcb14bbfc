// Package inventory reads the objects that are to be backed up from a Kubernetes API, one by one, without ever holding more
// than one of them in memory.
package inventory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/velero-locations/velero-locations/internal/bounded"
	"github.com/velero-locations/velero-locations/resources"
)

// lenient takes what Kubernetes takes: API servers do not look at all that is in the objects that they have.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// pageSize is how many objects are asked for at a time.
const pageSize = 500

// Object is one as the API gave it.
type Object struct {
	// Meta is what selects and names it.
	Meta metav1.PartialObjectMetadata
	// JSON is all of it, with its kind and version.
	JSON []byte
	// After is how many objects at least a list has from this one on, as far as the API tells.
	After int
}

// API reads objects of any resource.
type API struct {
	client rest.Interface
}

// NewAPI returns the API that a configuration describes.
func NewAPI(config *rest.Config) (*API, error) {
	config = rest.CopyConfig(config)
	config.GroupVersion = &schema.GroupVersion{}
	config.APIPath = "/"
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	config.ContentType, config.AcceptContentTypes = runtime.ContentTypeJSON, runtime.ContentTypeJSON
	client, err := rest.RESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("making a client of the API: %w", err)
	}
	return &API{client: client}, nil
}

// List yields all objects of a resource that a label selector matches, in the order of their names: those of a namespace,
// or, if it is empty, all. An error ends the list. Pages follow each other in one state of the cluster, unless reading
// takes so long that the API gives it up; then the rest is of a newer one. An answer that breaks off is asked for again, for
// the sake of what is left of it: API servers break off what is not read within a minute, and whoever uploads the objects at
// the same time may not be faster than that.
func (a *API) List(ctx context.Context, resource resources.Resource, namespace, selector string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		more, given := "", map[types.NamespacedName]bool{}
		for {
			before := len(given)
			list := &list{resource: resource, yield: yield, given: given}
			err := a.page(ctx, list, namespace, selector, more)
			switch token := inconsistent(err); {
			case list.stopped:
				return
			case token != "":
				more = token
			case err != nil && len(given) > before && ctx.Err() == nil: // the next attempt gives the rest
			case err != nil:
				yield(Object{}, fmt.Errorf("listing %s: %w", resource.GroupResource(), err))
				return
			case list.next == "":
				return
			default:
				more = list.next
				clear(given)
			}
		}
	}
}

// Get returns one object.
func (a *API) Get(ctx context.Context, resource resources.Resource, namespace, name string) (Object, error) {
	data, err := a.request(resource, namespace).Name(name).DoRaw(ctx)
	if err != nil {
		return Object{}, fmt.Errorf("reading %s %s: %w", resource.GroupResource(), name, err)
	}
	return newObject(&resource, bytes.TrimSpace(data))
}

func (a *API) request(resource resources.Resource, namespace string) *rest.Request {
	prefix := "apis/" + resource.Group
	if resource.Group == "" {
		prefix = "api"
	}
	return a.client.Get().Prefix(prefix, resource.Version).
		NamespaceIfScoped(namespace, namespace != "").Resource(resource.Resource)
}

// page reads a page into a list.
func (a *API) page(ctx context.Context, list *list, namespace, selector, more string) error {
	request := a.request(list.resource, namespace).VersionedParams(&metav1.ListOptions{LabelSelector: selector, Limit: pageSize, Continue: more}, metav1.ParameterCodec)
	body, err := request.Stream(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	list.body = bounded.NewReader(body, bounded.List)
	list.decoder = jsontext.NewDecoder(list.body, lenient)
	if err := list.read(); err != nil {
		return err
	}
	if !list.stopped {
		_, _ = io.Copy(io.Discard, body) // a line end: the server takes a connection that is closed before it for one that broke
	}
	return nil
}

// inconsistent returns the token by which an API that no longer has the state of the first page offers to go on in a newer one.
func inconsistent(err error) string {
	var status interface{ Status() metav1.Status }
	if !errors.As(err, &status) || status.Status().Reason != metav1.StatusReasonExpired {
		return ""
	}
	return status.Status().Continue
}

// list reads a list as it arrives.
type list struct {
	resource resources.Resource
	body     *bounded.Reader
	decoder  *jsontext.Decoder
	yield    func(Object, error) bool
	given    map[types.NamespacedName]bool // what of this page was yielded

	next      string
	remaining int // behind this page, if the API says so
	stopped   bool
}

// read reads the fields of the list, whatever their order.
func (l *list) read() error {
	if err := l.delimiter(jsontext.BeginObject); err != nil {
		return err
	}
	for l.decoder.PeekKind() == jsontext.KindString {
		field, err := l.decoder.ReadToken()
		if err != nil {
			return unexpectedEnd(err)
		}
		switch field.String() {
		case "metadata":
			var meta metav1.ListMeta
			if err := json.UnmarshalDecode(l.decoder, &meta, lenient); err != nil {
				return unexpectedEnd(err)
			}
			l.next = meta.Continue
			if meta.RemainingItemCount != nil {
				l.remaining = int(*meta.RemainingItemCount)
			}
		case "items":
			if err := l.items(); err != nil || l.stopped {
				return err
			}
		default:
			if err := l.decoder.SkipValue(); err != nil {
				return unexpectedEnd(err)
			}
		}
	}
	return l.delimiter(jsontext.EndObject)
}

func (l *list) items() error {
	switch start, err := l.decoder.ReadToken(); {
	case err != nil:
		return unexpectedEnd(err)
	case start.Kind() == jsontext.KindNull:
		return nil
	case start.Kind() != jsontext.KindBeginArray:
		return fmt.Errorf("the items are not an array but begin with %v", start)
	}
	for {
		l.body.Renew() // each object may be as large
		if kind := l.decoder.PeekKind(); kind == jsontext.KindEndArray || kind == jsontext.KindInvalid {
			break
		}
		raw, err := l.decoder.ReadValue()
		if err != nil {
			return unexpectedEnd(err)
		}
		object, err := newObject(&l.resource, raw.Clone())
		if err != nil {
			return err
		}
		name := types.NamespacedName{Namespace: object.Meta.Namespace, Name: object.Meta.Name}
		if l.given[name] {
			continue
		}
		l.given[name] = true
		object.After = 1 + l.remaining
		if !l.yield(object, nil) {
			l.stopped = true
			return nil
		}
	}
	return l.delimiter(jsontext.EndArray)
}

func (l *list) delimiter(want jsontext.Token) error {
	token, err := l.decoder.ReadToken()
	if err != nil {
		return unexpectedEnd(err)
	}
	if token.Kind() != want.Kind() {
		return fmt.Errorf("the answer is not a list: it has %v in place of %v", token, want)
	}
	return nil
}

// unexpectedEnd keeps the end of a broken answer from being taken for the end of a list.
func unexpectedEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("reading the answer: %w", err)
}

// newObject reads what selects an object. The items of lists lack the kind and the version that the list has.
func newObject(r *resources.Resource, raw []byte) (Object, error) {
	object := Object{JSON: raw}
	if err := json.Unmarshal(raw, &object.Meta, lenient); err != nil {
		return Object{}, fmt.Errorf("reading the metadata of an object: %w", err)
	}
	if object.Meta.Kind != "" {
		return object, nil
	}
	object.Meta.Kind, object.Meta.APIVersion = r.Kind, r.GroupVersion().String()
	head := fmt.Sprintf(`{"apiVersion":%q,"kind":%q`, object.Meta.APIVersion, object.Meta.Kind)
	rest := bytes.TrimSpace(raw[1:])
	if rest[0] != '}' {
		head += ","
	}
	object.JSON = append([]byte(head), rest...)
	return object, nil
}
