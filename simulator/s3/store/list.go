package store

import "strings"

// ListOptions select a page of a bucket's keys, as the parameters of S3's ListObjects do.
type ListOptions struct {
	Prefix    string
	Delimiter string
	// After is the last key, or the last common prefix, that is not wanted any more.
	After string
	Max   int
	// Versions lists all versions of each key, latest first, delete markers too; otherwise only the latest, and keys whose
	// latest is a delete marker are left out.
	Versions bool
	// AfterVersion is the last version of After that is not wanted any more, with Versions; empty when none of After is.
	AfterVersion string
}

// Page is one page of a listing. Objects and Prefixes together are at most Max, each in order of bytes.
type Page struct {
	Objects   []*Object
	Prefixes  []string
	Truncated bool
	// Next and NextVersion are After and AfterVersion of the next page, when the listing is truncated.
	Next, NextVersion string
	// Latest are those of Objects that are the latest version of their key.
	Latest map[*Object]bool
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
		tree.AscendGreaterOrEqual(entry{key: from}, l.visit)
		if l.seek == "" {
			break
		}
	}
	if !l.page.Truncated {
		l.page.Next, l.page.NextVersion = "", ""
	}
	return l.page
}

// lister gathers a page. It asks for a new seek when it has seen a common prefix, to jump over the keys under it.
type lister struct {
	options ListOptions
	page    Page
	seek    string
}

func (l *lister) visit(e entry) (more bool) {
	object := e.latest
	if object.Key < l.options.After || object.Key == l.options.After && l.options.AfterVersion == "" {
		return true
	}
	if object.DeleteMarker && !l.options.Versions {
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
	if l.options.Versions {
		return l.addVersions(object)
	}
	if !l.add(object.Key) {
		return false
	}
	l.page.Objects = append(l.page.Objects, object)
	return true
}

// addVersions adds the versions of a key. When the one that the page before ended with is gone by now, as it is for a
// client that deletes what it lists, all that are left are listed.
func (l *lister) addVersions(latest *Object) (more bool) {
	from := latest
	if latest.Key == l.options.After {
		if seen := latest.find(l.options.AfterVersion); seen != nil {
			from = seen.older
		}
	}
	for object := from; object != nil; object = object.older {
		if !l.add(object.Key) {
			return false
		}
		l.page.NextVersion = object.Version
		l.page.Objects = append(l.page.Objects, object)
		if object == latest {
			if l.page.Latest == nil {
				l.page.Latest = map[*Object]bool{}
			}
			l.page.Latest[object] = true
		}
	}
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
	l.page.Next, l.page.NextVersion = entry, ""
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
