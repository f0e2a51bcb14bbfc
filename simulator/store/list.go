package store

import "strings"

// ListOptions select a page of a bucket's keys, as the parameters of S3's ListObjects do.
type ListOptions struct {
	Prefix    string
	Delimiter string
	// After is the last key, or the last common prefix, that is not wanted any more.
	After string
	Max   int
}

// Page is one page of a listing. Objects and Prefixes together are at most Max, each in order of bytes.
type Page struct {
	Objects   []*Object
	Prefixes  []string
	Truncated bool
	// Next is the After of the next page, when the listing is truncated.
	Next string
}

// List returns a page of the keys that sort after After. A common prefix is on one page only, and is found without
// looking at all the keys under it.
func (b *Bucket) List(options ListOptions) Page {
	l := lister{options: options}
	if options.Max <= 0 {
		return l.page
	}
	tree := b.objects()
	for from := max(options.Prefix, options.After); ; from = l.seek {
		l.seek = ""
		tree.AscendGreaterOrEqual(&Object{Key: from}, l.visit)
		if l.seek == "" {
			break
		}
	}
	if !l.page.Truncated {
		l.page.Next = ""
	}
	return l.page
}

// lister gathers a page. It asks for a new seek when it has seen a common prefix, to jump over the keys under it.
type lister struct {
	options ListOptions
	page    Page
	seek    string
}

func (l *lister) visit(object *Object) (more bool) {
	if object.Key <= l.options.After {
		return true
	}
	rest, found := strings.CutPrefix(object.Key, l.options.Prefix)
	if !found {
		return false
	}
	if common, found := l.commonPrefix(rest); found {
		if common != l.options.After {
			if !l.add(common) {
				return false
			}
			l.page.Prefixes = append(l.page.Prefixes, common)
		}
		l.seek = successor(common)
		return false
	}
	if !l.add(object.Key) {
		return false
	}
	l.page.Objects = append(l.page.Objects, object)
	return true
}

func (l *lister) commonPrefix(rest string) (string, bool) {
	if l.options.Delimiter == "" {
		return "", false
	}
	before, _, found := strings.Cut(rest, l.options.Delimiter)
	return l.options.Prefix + before + l.options.Delimiter, found
}

// add makes room for one more entry, or marks the page as truncated.
func (l *lister) add(entry string) bool {
	if len(l.page.Objects)+len(l.page.Prefixes) == l.options.Max {
		l.page.Truncated = true
		return false
	}
	l.page.Next = entry
	return true
}

// successor returns the smallest string that sorts after all strings with the prefix; empty if there is none.
func successor(prefix string) string {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			return prefix[:i] + string([]byte{prefix[i] + 1})
		}
	}
	return ""
}
