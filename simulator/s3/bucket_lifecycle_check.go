package s3

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/lifecycle"
	"github.com/velero-locations/velero-locations/simulator/s3/storageclass"
)

// What S3 allows of rules.
const (
	maxRules      = 1000
	maxRuleID     = 255
	maxObjectSize = 1099511627776000
)

// invalidRule refuses a rule with the code of a value that is wrong, or of a request that is.
func invalidRule(code, format string, args ...any) error {
	return aws.NewError(http.StatusBadRequest, code, fmt.Sprintf(format, args...))
}

func checkLifecycle(rules []lifecycle.Rule) error {
	switch {
	case len(rules) == 0:
		return malformedXML()
	case len(rules) > maxRules:
		return invalidRule("InvalidRequest", "The number of lifecycle rules must not exceed the allowed limit of 1000 rules.")
	}
	ids := map[string]bool{}
	for i := range rules {
		rule := &rules[i]
		if err := checkRule(rule); err != nil {
			return err
		}
		switch {
		case len(rule.ID) > maxRuleID:
			return invalidRule("InvalidArgument", "ID length should not exceed allowed limit of 255")
		case rule.ID != "" && ids[rule.ID]:
			return invalidRule("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule")
		case rules[0].Prefix != nil && rule.Filter != nil:
			return invalidRule("InvalidRequest", "Filter element can only be used in Lifecycle V2.")
		case rules[0].Filter != nil && rule.Prefix != nil:
			return invalidRule("InvalidRequest", "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter.")
		}
		ids[rule.ID] = true
	}
	return nil
}

func checkRule(r *lifecycle.Rule) error {
	if r.Status != lifecycle.Enabled && r.Status != lifecycle.Disabled || (r.Prefix == nil) == (r.Filter == nil) || len(r.Strangers) > 0 {
		return malformedXML()
	}
	if r.Expiration == nil && len(r.Transitions) == 0 && len(r.NoncurrentTransitions) == 0 && r.NoncurrentExpiration == nil && r.Abort == nil {
		return invalidRule("InvalidRequest", "At least one action needs to be specified in a rule")
	}
	for _, check := range []func(*lifecycle.Rule) error{checkFilter, checkExpiration, checkTransitions, checkNoncurrent, checkAbort} {
		if err := check(r); err != nil {
			return err
		}
	}
	return nil
}

// checkFilter checks what a rule, or a configuration with such a filter, is about.
func checkFilter(r *lifecycle.Rule) error {
	f := r.Filter
	if f == nil {
		return nil
	}
	conditions, predicates := f.Conditions, countConditions(f.Conditions)
	if f.Tag != nil {
		predicates++
	}
	if f.And != nil {
		if countConditions(f.And.Conditions)+len(f.And.Tags) < 2 || len(f.And.Strangers) > 0 {
			return malformedXML()
		}
		conditions = f.And.Conditions
		predicates++
	}
	if predicates > 1 || len(f.Strangers) > 0 {
		return malformedXML()
	}
	if err := checkSizes(conditions); err != nil {
		return err
	}
	var tags []tag
	for _, t := range r.Tags() {
		if slices.ContainsFunc(tags, func(other tag) bool { return other.Key == t.Key }) {
			return invalidRule("InvalidRequest", "Duplicate Tag Keys are not allowed.")
		}
		tags = append(tags, tag(t))
	}
	_, err := checkTags(tags, objectTags)
	return err
}

func countConditions(c lifecycle.Conditions) int {
	n := 0
	for _, there := range []bool{c.Prefix != nil, c.GreaterThan != nil, c.LessThan != nil} {
		if there {
			n++
		}
	}
	return n
}

func checkSizes(c lifecycle.Conditions) error {
	switch greater, less := c.GreaterThan, c.LessThan; {
	case greater != nil && (*greater < 0 || *greater > maxObjectSize):
		return invalidRule("InvalidRequest", "'ObjectSizeGreaterThan' should be between 0 and %d.", maxObjectSize)
	case less != nil && (*less < 1 || *less > maxObjectSize):
		return invalidRule("InvalidRequest", "'ObjectSizeLessThan' should be between 1 and %d.", maxObjectSize)
	case greater != nil && less != nil && *less <= *greater:
		return invalidRule("InvalidRequest", "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.")
	}
	return nil
}

func checkExpiration(r *lifecycle.Rule) error {
	e := r.Expiration
	if e == nil {
		return nil
	}
	if e.DeleteMarker != nil {
		if e.Days != nil || e.Date != nil {
			return malformedXML()
		}
		return checkNarrow(r, "ExpiredObjectDeleteMarker")
	}
	switch {
	case (e.Days == nil) == (e.Date == nil):
		return malformedXML()
	case e.Days != nil && *e.Days < 1:
		return invalidRule("InvalidArgument", "'Days' for Expiration action must be a positive integer")
	}
	return checkMidnight(e.Date)
}

// checkNarrow refuses an action that is not of objects where the rule is about tags or sizes.
func checkNarrow(r *lifecycle.Rule, action string) error {
	switch {
	case len(r.Tags()) > 0:
		return invalidRule("InvalidRequest", "%s cannot be specified with Tags.", action)
	case r.BySize():
		return invalidRule("InvalidRequest", "%s cannot be specified with Object Size.", action)
	}
	return nil
}

func checkMidnight(date *time.Time) error {
	if date != nil && !date.Equal(date.Truncate(24*time.Hour)) {
		return invalidRule("InvalidArgument", "'Date' must be at midnight GMT")
	}
	return nil
}

// move is a transition of either kind, to check both by the same rules.
type move struct {
	class string
	days  *int
	date  *time.Time
}

func checkTransitions(r *lifecycle.Rule) error {
	var moves []move
	for _, t := range r.Transitions {
		if (t.Days == nil) == (t.Date == nil) {
			return malformedXML()
		}
		if err := checkMidnight(t.Date); err != nil {
			return err
		}
		moves = append(moves, move{t.StorageClass, t.Days, t.Date})
	}
	if len(moves) == 0 {
		return nil
	}
	byDate := moves[0].date != nil
	mixed := slices.ContainsFunc(moves, func(m move) bool { return (m.date != nil) != byDate })
	e := r.Expiration
	switch {
	case mixed:
		return invalidRule("InvalidRequest", "Found mixed 'Date' and 'Days' based Transition actions in lifecycle rule for filter '%s'", describeFilter(r))
	case e != nil && (e.Days != nil && byDate || e.Date != nil && !byDate):
		return invalidRule("InvalidRequest", "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for filter '%s'", describeFilter(r))
	}
	if err := checkMoves(r, moves, "Transition", "Days"); err != nil {
		return err
	}
	for _, m := range moves {
		switch {
		case e != nil && e.Days != nil && *e.Days <= *m.days:
			return invalidRule("InvalidArgument", "'Days' in the Expiration action for filter '%s' must be greater than 'Days' in the Transition action", describeFilter(r))
		case e != nil && e.Date != nil && !e.Date.After(*m.date):
			return invalidRule("InvalidArgument", "'Date' in the Expiration action for filter '%s' must be later than 'Date' in the Transition action", describeFilter(r))
		}
	}
	return nil
}

// checkMoves holds the transitions of a rule against each other: objects stay in each class for a while.
func checkMoves(r *lifecycle.Rule, moves []move, action, days string) error {
	sorted := slices.SortedFunc(slices.Values(moves), func(x, y move) int {
		return cmp.Compare(slices.Index(storageclass.All, x.class), slices.Index(storageclass.All, y.class))
	})
	for i, m := range sorted {
		switch {
		case !slices.Contains(storageclass.Targets, m.class):
			return malformedXML()
		case m.days != nil && *m.days < 0:
			return invalidRule("InvalidArgument", "'%s' in %s action must be nonnegative", days, action)
		case m.days != nil && (m.class == storageclass.StandardIA || m.class == storageclass.OneZoneIA) && *m.days < storageclass.MinimumDays[m.class]:
			return invalidRule("InvalidArgument", "'%s' in %s action must be greater than or equal to %d for storageClass '%s'", days, action, storageclass.MinimumDays[m.class], m.class)
		case i == 0:
			continue
		}
		before := sorted[i-1]
		if before.class == m.class {
			return invalidRule("InvalidRequest", "'StorageClass' must be different for '%s' actions in same 'Rule' with filter '%s'", action, describeFilter(r))
		}
		if m.date != nil {
			if !m.date.After(*before.date) {
				return invalidRule("InvalidArgument", "'Date' in the %s action for StorageClass '%s' for filter '%s' must be later than 'Date' in the %s action for StorageClass '%s'", action, m.class, describeFilter(r), action, before.class)
			}
			continue
		}
		if least := max(1, storageclass.MinimumDays[before.class]); *m.days < *before.days+least {
			return invalidRule("InvalidArgument", "'%s' in the %s action for StorageClass '%s' for filter '%s' must be %d days more than '%s' in the %s action for StorageClass '%s'",
				days, action, m.class, describeFilter(r), least, days, action, before.class)
		}
	}
	return nil
}

func checkNoncurrent(r *lifecycle.Rule) error {
	const action = "NoncurrentVersionExpiration"
	var moves []move
	for _, t := range r.NoncurrentTransitions {
		if t.Days == nil {
			return malformedXML()
		}
		if err := checkNewer(r, t.Newer, "NoncurrentVersionTransition"); err != nil {
			return err
		}
		moves = append(moves, move{class: t.StorageClass, days: t.Days})
	}
	if err := checkMoves(r, moves, "NoncurrentVersionTransition", "NoncurrentDays"); err != nil {
		return err
	}
	e := r.NoncurrentExpiration
	if e == nil {
		return nil
	}
	switch {
	case e.Days == nil:
		return malformedXML()
	case *e.Days < 1:
		return invalidRule("InvalidArgument", "'NoncurrentDays' for %s action must be a positive integer", action)
	}
	for _, m := range moves {
		if *e.Days <= *m.days {
			return invalidRule("InvalidArgument", "'NoncurrentDays' in the %s action for filter '%s' must be greater than 'NoncurrentDays' in the NoncurrentVersionTransition action", action, describeFilter(r))
		}
	}
	return checkNewer(r, e.Newer, action)
}

func checkNewer(r *lifecycle.Rule, newer *int, action string) error {
	switch {
	case newer == nil:
		return nil
	case r.Filter == nil:
		return invalidRule("InvalidRequest", "NewerNoncurrentVersions element can only be used in Lifecycle V2.")
	case *newer < 1:
		return invalidRule("InvalidArgument", "'NewerNoncurrentVersions' for %s action must be a positive integer", action)
	}
	return nil
}

func checkAbort(r *lifecycle.Rule) error {
	const action = "AbortIncompleteMultipartUpload"
	switch {
	case r.Abort == nil:
		return nil
	case r.Abort.Days < 1:
		return invalidRule("InvalidArgument", "'DaysAfterInitiation' for %s action must be a positive integer", action)
	}
	return checkNarrow(r, action)
}

// describeFilter is how S3 names a rule's filter.
func describeFilter(r *lifecycle.Rule) string { return "(prefix=" + r.KeyPrefix() + ")" }
