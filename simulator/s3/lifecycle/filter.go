package lifecycle

import "strings"

// terms are the conditions of a rule, wherever they stand, and the tags.
func (r *Rule) terms() (Conditions, []Tag) {
	switch f := r.Filter; {
	case f == nil:
		return Conditions{Prefix: r.Prefix}, nil
	case f.And != nil:
		return f.And.Conditions, f.And.Tags
	case f.Tag != nil:
		return f.Conditions, []Tag{*f.Tag}
	default:
		return f.Conditions, nil
	}
}

// KeyPrefix is what the keys of the rule's objects begin with.
func (r *Rule) KeyPrefix() string {
	conditions, _ := r.terms()
	if conditions.Prefix == nil {
		return ""
	}
	return *conditions.Prefix
}

// Tags are those that the rule's objects have.
func (r *Rule) Tags() []Tag {
	_, tags := r.terms()
	return tags
}

// BySize says whether the rule is about objects of some sizes.
func (r *Rule) BySize() bool {
	conditions, _ := r.terms()
	return conditions.GreaterThan != nil || conditions.LessThan != nil
}

// covers says whether the rule acts, and is about a version.
func (r *Rule) covers(v *Version) bool {
	conditions, tags := r.terms()
	if r.Status != Enabled || !strings.HasPrefix(v.Key, r.KeyPrefix()) ||
		conditions.GreaterThan != nil && v.Size <= *conditions.GreaterThan || conditions.LessThan != nil && v.Size >= *conditions.LessThan {
		return false
	}
	for _, tag := range tags {
		if value, found := v.Tags[tag.Key]; !found || value != tag.Value {
			return false
		}
	}
	return true
}
