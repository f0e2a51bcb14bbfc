package written

import (
	"bytes"
	"reflect"
	"sync"
	"sync/atomic"
)

// recent are the last forms in which objects of a type were read. Most of the next ones have one of them.
type recent struct {
	trees [4]atomic.Pointer[tree]
	next  atomic.Uint32
}

var recents sync.Map // by type

func recentOf(object any) *recent {
	t := reflect.TypeOf(object)
	r, found := recents.Load(t)
	if !found {
		r, _ = recents.LoadOrStore(t, new(recent))
	}
	return r.(*recent)
}

func (r *recent) add(t *tree) {
	r.trees[r.next.Add(1)%uint32(len(r.trees))].Store(t)
}

// fits returns the form in which an object was written that its type encodes otherwise: the one that makes exactly this of it.
func (r *recent) fits(encoded, written []byte) (Form, bool) {
	out := make([]byte, 0, len(written))
	for i := range r.trees {
		t := r.trees[i].Load()
		if t == nil {
			continue
		}
		var applied int
		if out, applied = t.apply(out[:0], encoded); applied == t.size && bytes.Equal(out, written) {
			return t.form, true
		}
	}
	return "", false
}
