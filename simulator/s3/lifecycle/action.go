package lifecycle

import (
	"time"

	"github.com/velero-locations/velero-locations/simulator/s3/storageclass"
)

// Version is what the rules look at of a version of an object.
type Version struct {
	Key          string
	Size         int64
	Tags         map[string]string
	Class        string
	Created      time.Time
	DeleteMarker bool
	// Alone says that there is no other version.
	Alone bool
	// Replaced is when another version took its place; zero for the current one.
	Replaced time.Time
	// Newer is how many of those that were replaced are newer.
	Newer int
	// Held keeps it from being deleted for good, and Retained until a time.
	Held     bool
	Retained time.Time
}

// Action is what becomes of a version: it goes to another class, or expires where there is none.
type Action struct {
	At    time.Time
	Class string
}

// before says whether an action comes before another: of those at one time transitions come first, to the coldest class.
func (a Action) before(b Action) bool {
	switch {
	case b.At.IsZero() || a.At.Before(b.At):
		return true
	case a.At.After(b.At):
		return false
	}
	return a.Class != "" && (b.Class == "" || storageclass.Colder(a.Class, b.Class))
}

// Next is the first action on a version. What was due before a time is done then. The action of no time is none.
func (c *Configuration) Next(v *Version, from time.Time) Action {
	var first Action
	for i := range c.Rules {
		rule := &c.Rules[i]
		if !rule.covers(v) {
			continue
		}
		for _, action := range c.actions(rule, v) {
			if action.At.Before(from) {
				action.At = from
			}
			if action.before(first) {
				first = action
			}
		}
	}
	return first
}

// actions are those of one rule on a version.
func (c *Configuration) actions(r *Rule, v *Version) []Action {
	switch {
	case !v.Replaced.IsZero():
		return c.noncurrentActions(r, v)
	case v.DeleteMarker:
		return markerActions(r, v)
	}
	var out []Action
	for _, t := range r.Transitions {
		if c.moves(r, v, t.StorageClass) {
			out = append(out, Action{At: due(v.Created, t.Days, t.Date), Class: t.StorageClass})
		}
	}
	if e := r.Expiration; e != nil && (e.Days != nil || e.Date != nil) {
		out = append(out, Action{At: due(v.Created, e.Days, e.Date)})
	}
	return out
}

func (c *Configuration) noncurrentActions(r *Rule, v *Version) []Action {
	var out []Action
	for _, t := range r.NoncurrentTransitions {
		if enough(v, t.Newer) && !v.DeleteMarker && c.moves(r, v, t.StorageClass) {
			out = append(out, Action{At: After(v.Replaced, *t.Days), Class: t.StorageClass})
		}
	}
	if e := r.NoncurrentExpiration; e != nil && enough(v, e.Newer) && !v.Held {
		at := After(v.Replaced, *e.Days)
		if !v.Retained.IsZero() && v.Retained.After(at) {
			at = NextMidnight(v.Retained)
		}
		out = append(out, Action{At: at})
	}
	return out
}

// enough says whether so many newer versions are left that this one is not to be kept for its number.
func enough(v *Version, newer *int) bool { return newer == nil || v.Newer >= *newer }

// markerActions removes a delete marker that hides no version any more: by days when it is old enough, otherwise as soon as may be.
func markerActions(r *Rule, v *Version) []Action {
	e := r.Expiration
	switch {
	case e == nil || !v.Alone:
		return nil
	case e.DeleteMarker != nil && *e.DeleteMarker:
		return []Action{{At: NextMidnight(v.Created)}}
	case e.Days != nil || e.Date != nil:
		return []Action{{At: due(v.Created, e.Days, e.Date)}}
	}
	return nil
}

// due is when something is done by a number of days, or from a date on.
func due(created time.Time, days *int, date *time.Time) time.Time {
	if days != nil {
		return After(created, *days)
	}
	if date.After(created) {
		return *date
	}
	return NextMidnight(created)
}

// smallest is the size below which an object does not go to another class, unless its rule says for which sizes it is.
const smallest = 128 << 10

// moves says whether a rule may move a version to a class.
func (c *Configuration) moves(r *Rule, v *Version, class string) bool {
	exempt := r.BySize() || c.MinimumSize == ByClass && storageclass.Archived(class)
	return (exempt || v.Size >= smallest) && storageclass.Leads(v.Class, class)
}

// Expires is when the current version of an object expires, and by which rule; a time of zero is never.
func (c *Configuration) Expires(v *Version) (at time.Time, rule string) {
	for i := range c.Rules {
		r := &c.Rules[i]
		if e := r.Expiration; e == nil || e.Days == nil && e.Date == nil || !r.covers(v) {
			continue
		}
		if due := due(v.Created, r.Expiration.Days, r.Expiration.Date); at.IsZero() || due.Before(at) {
			at, rule = due, r.ID
		}
	}
	return at, rule
}

// Aborts is when a multipart upload to a key is aborted, and by which rule; a time of zero is never.
func (c *Configuration) Aborts(key string, initiated time.Time) (at time.Time, rule string) {
	for i := range c.Rules {
		r := &c.Rules[i]
		if r.Abort == nil || !r.covers(&Version{Key: key}) {
			continue
		}
		if due := After(initiated, r.Abort.Days); at.IsZero() || due.Before(at) {
			at, rule = due, r.ID
		}
	}
	return at, rule
}
