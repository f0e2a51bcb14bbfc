package written

import (
	"bytes"
	"encoding/json"
	"iter"

	"k8s.io/utils/lru"
)

// tree is a form to be applied: the differences of an object and of those inside it. Their keys and values are as encoding/json
// encodes them, so that they can be found without reading the object.
type tree struct {
	form     Form
	size     int // of the differences
	children []*child
}

type child struct {
	tree
	key []byte
	// A difference has one of the two at least; nil is no value.
	written, encoded []byte
}

// trees are those of forms in use: whatever is written by the same client has few, and whoever holds one shares its text.
var trees = lru.New(1024)

// treeOf returns the tree of a form.
func treeOf(form Form) (*tree, error) {
	if known, ok := trees.Get(form); ok {
		return known.(*tree), nil
	}
	var differences []difference
	if err := json.Unmarshal([]byte(form), &differences); err != nil {
		return nil, err
	}
	t := &tree{form: form, size: len(differences)}
	for _, d := range differences {
		at := t
		var last *child
		for _, key := range d.Path {
			name, _ := json.Marshal(key) // which never fails for text
			last = at.child(name)
			at = &last.tree
		}
		last.written, last.encoded = d.Written, d.Encoded
	}
	trees.Add(form, t)
	return t, nil
}

// child returns that of a key, which is made if there is none.
func (t *tree) child(key []byte) *child {
	if i := t.index(key); i >= 0 {
		return t.children[i]
	}
	c := &child{key: key}
	t.children = append(t.children, c)
	return c
}

// apply appends an object to out, each value as it was written unless it has changed since, and returns how many were.
func (t *tree) apply(out, object []byte) ([]byte, int) {
	out = append(out, '{')
	start, applied := len(out), 0
	put := func(key, value []byte, inside *tree) {
		if len(out) > start {
			out = append(out, ',')
		}
		out = append(append(out, key...), ':')
		if len(inside.children) == 0 || value[0] != '{' {
			out = append(out, value...)
			return
		}
		var n int
		out, n = inside.apply(out, value)
		applied += n
	}
	var few [16]bool
	seen := few[:0]
	if len(t.children) > len(few) {
		seen = make([]bool, 0, len(t.children))
	}
	seen = seen[:len(t.children)]
	for m := range members(object) {
		i := t.index(m.key)
		if i < 0 {
			put(m.key, m.value, &none)
			continue
		}
		c := t.children[i]
		seen[i] = true
		switch {
		case c.encoded == nil || !bytes.Equal(c.encoded, m.value):
			put(m.key, m.value, &c.tree)
		case c.written == nil:
			applied++
		default:
			applied++
			put(m.key, c.written, &none)
		}
	}
	for i, c := range t.children {
		if !seen[i] && c.encoded == nil && c.written != nil {
			applied++
			put(c.key, c.written, &c.tree)
		}
	}
	return append(out, '}'), applied
}

var none tree

func (t *tree) index(key []byte) int {
	for i, c := range t.children {
		if bytes.Equal(c.key, key) {
			return i
		}
	}
	return -1
}

// pair is a member of an object, as it is encoded.
type pair struct{ key, value []byte }

// members of an object that encoding/json has encoded, which leaves no blanks.
func members(object []byte) iter.Seq[pair] {
	return func(yield func(pair) bool) {
		for rest := object; len(rest) > 2; { // more than {} or, at the end, }
			rest = rest[1:] // { or ,
			key := rest[:valueEnd(rest)]
			rest = rest[len(key)+1:]
			value := rest[:valueEnd(rest)]
			rest = rest[len(value):]
			if !yield(pair{key, value}) {
				return
			}
		}
	}
}

// valueEnd returns where the value ends that encoded JSON begins with.
func valueEnd(data []byte) int {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			i += textEnd(data[i:]) - 1
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 { // of what the value is in
				return i
			}
			depth--
		case ',', ':':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(data)
}

// textEnd returns where the text ends that encoded JSON begins with.
func textEnd(data []byte) int {
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}
