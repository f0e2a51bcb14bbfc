package apiserver

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"sync"
	"unsafe"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/velero-locations/velero-locations/registry/generic/table"
)

// onceSerializer encodes an object as JSON once, however often it is read until it is written again.
type onceSerializer struct {
	runtime.NegotiatedSerializer
	json  runtime.Serializer // without options: YAML, and JSON for human eyes, are made anew each time
	known *encodings
}

func newOnceSerializer(serializer runtime.NegotiatedSerializer) onceSerializer {
	info, _ := runtime.SerializerInfoForMediaType(serializer.SupportedMediaTypes(), runtime.ContentTypeJSON)
	return onceSerializer{serializer, info.Serializer, &encodings{last: map[identity]*encoding{}}}
}

// EncoderForVersion implements runtime.NegotiatedSerializer.
func (s onceSerializer) EncoderForVersion(encoder runtime.Encoder, version runtime.GroupVersioner) runtime.Encoder {
	if encoder == s.json {
		encoder = onceEncoder{encoder, s.known}
	}
	return s.NegotiatedSerializer.EncoderForVersion(encoder, version)
}

// onceEncoder writes what the encoder in it would. It is given objects that were converted to the version of the answer.
type onceEncoder struct {
	runtime.Encoder
	known *encodings // nil: nothing is kept
}

// Encode implements runtime.Encoder.
func (e onceEncoder) Encode(object runtime.Object, w io.Writer) error {
	if meta.LenList(object) > 0 {
		return e.encodeList(object, w)
	}
	obj, ok := object.(table.Object)
	if !ok {
		return e.Encoder.Encode(object, w)
	}
	var data bytes.Buffer
	if err := e.encode(obj, &data); err != nil {
		return err
	}
	data.WriteByte('\n')
	_, err := w.Write(data.Bytes()) // at once: whether it is compressed depends on its length
	return err
}

// chunk is how much of a list is sent at once.
const chunk = 32 << 10

// encodeList writes a list's items into the encoding of the list without them.
func (e onceEncoder) encodeList(list runtime.Object, w io.Writer) error {
	empty := reflect.New(reflect.TypeOf(list).Elem())
	empty.Elem().Set(reflect.ValueOf(list).Elem())
	if err := meta.SetList(empty.Interface().(runtime.Object), nil); err != nil {
		return err
	}
	var frame bytes.Buffer
	if err := e.Encoder.Encode(empty.Interface().(runtime.Object), &frame); err != nil {
		return err
	}
	const end = "]}\n"
	begin, ok := bytes.CutSuffix(frame.Bytes(), []byte(end))
	if !ok {
		return e.Encoder.Encode(list, w)
	}
	if _, err := w.Write(begin[:1]); err != nil { // by which whoever compresses an answer knows that it comes in pieces
		return err
	}
	buffer := bufio.NewWriterSize(w, chunk) // which keeps errors until the end
	_, _ = buffer.Write(begin[1:])
	first := true
	err := meta.EachListItem(list, func(item runtime.Object) error {
		if !first {
			_ = buffer.WriteByte(',')
		}
		first = false
		return e.encode(item.(table.Object), buffer)
	})
	if err != nil {
		return err
	}
	_, _ = buffer.WriteString(end)
	return buffer.Flush()
}

// encode writes an object. What is known of it does not name its kind, as items of lists do not.
func (e onceEncoder) encode(object table.Object, w io.Writer) error {
	kind := object.GetObjectKind().GroupVersionKind()
	if !kind.Empty() {
		object.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
		defer object.GetObjectKind().SetGroupVersionKind(kind)
	}
	data, err := e.known.encode(object)
	if err != nil {
		return err
	}
	if !kind.Empty() {
		apiVersion, name := kind.ToAPIVersionAndKind()
		named, err := json.Marshal(metav1.TypeMeta{APIVersion: apiVersion, Kind: name})
		if err != nil {
			return err
		}
		named[len(named)-1] = ','
		if _, err := w.Write(named); err != nil {
			return err
		}
		data = data[1:]
	}
	_, err = w.Write(data)
	return err
}

// encodings are the last ones of objects, up to a number of bytes. An object is encoded anew unless it is, in each of its fields, the
// one that was encoded last: a write that is only tried, or a webhook, may have changed it without a new version. What is compared
// with is a shallow copy. It stands for what was encoded, since nobody writes into what others read: the watch cache shares its objects
// with all that reads from it, and what was read from etcd or written is not touched any more once it is the answer.
type encodings struct {
	mu   sync.Mutex
	last map[identity]*encoding
	size int
}

// identity is of an object in one version of its kind.
type identity struct {
	version reflect.Type
	uid     types.UID
}

type encoding struct {
	object table.Object
	data   []byte
}

// mostEncodings is how much memory encodings take at most, with the objects beside them, in bytes.
const mostEncodings = 32 << 20

// size in memory, of what is not in the watch cache anyway.
func (e *encoding) size() int {
	return len(e.data) + int(reflect.TypeOf(e.object).Elem().Size())
}

// encode returns the encoding of an object that does not name its kind.
func (e *encodings) encode(object table.Object) ([]byte, error) {
	if e == nil {
		return marshal(object)
	}
	key := identity{reflect.TypeOf(object), object.GetUID()}
	e.mu.Lock()
	known := e.last[key]
	e.mu.Unlock()
	if known != nil && identical(known.object, object) {
		return known.data, nil
	}
	if known != nil && reflect.DeepEqual(known.object, object) {
		e.keep(key, object, known.data) // as it is held by now, in the watch cache most likely
		return known.data, nil
	}
	data, err := marshal(object)
	if err == nil && key.uid != "" {
		e.keep(key, object, data)
	}
	return data, err
}

// marshal encodes an object. What one makes that encodes itself is as encoding/json would write it, which would read it once more to see
// to that, and takes longer for it than encoding did.
func marshal(object any) ([]byte, error) {
	if own, ok := object.(json.Marshaler); ok {
		return own.MarshalJSON()
	}
	return json.Marshal(object)
}

// identical says that two objects of one type are the same in memory, and lead to the same memory, in a fiftieth of the time that it takes
// to find out whether they are equal.
func identical(a, b table.Object) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	size := x.Type().Elem().Size()
	return bytes.Equal(unsafe.Slice((*byte)(x.UnsafePointer()), size), unsafe.Slice((*byte)(y.UnsafePointer()), size))
}

// keep keeps an encoding instead of the one before, and of any others that there is no room for any more.
func (e *encodings) keep(key identity, object table.Object, data []byte) {
	copied := reflect.New(key.version.Elem())
	copied.Elem().Set(reflect.ValueOf(object).Elem())
	kept := &encoding{copied.Interface().(table.Object), data}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forget(key)
	if kept.size() > mostEncodings {
		return
	}
	for other := range e.last {
		if e.size+kept.size() <= mostEncodings {
			break
		}
		e.forget(other)
	}
	e.last[key] = kept
	e.size += kept.size()
}

func (e *encodings) forget(key identity) {
	if known := e.last[key]; known != nil {
		e.size -= known.size()
		delete(e.last, key)
	}
}
