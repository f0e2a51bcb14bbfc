package store

import (
	"slices"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/call"
)

// NotificationKind is what a destination is.
type NotificationKind string

// The kinds of destinations.
const (
	Topic    NotificationKind = "topic"
	Queue    NotificationKind = "queue"
	Function NotificationKind = "function"
)

// Notification says whom to tell of which events of a bucket.
type Notification struct {
	ID     string           `json:"id"`
	Kind   NotificationKind `json:"kind"`
	ARN    string           `json:"arn"`
	Events []string         `json:"events"`
	// Prefix and Suffix are what keys begin and end with.
	Prefix string `json:"prefix,omitempty"`
	Suffix string `json:"suffix,omitempty"`
}

// Matches says whether the destination is told of an event of an object.
func (n Notification) Matches(event, key string) bool {
	return n.names(event) && strings.HasPrefix(key, n.Prefix) && strings.HasSuffix(key, n.Suffix)
}

func (n Notification) names(event string) bool { return call.MatchesAny(n.Events, event) }

// Overlaps says whether there may be an event that both match, which S3 does not take.
func (n Notification) Overlaps(other Notification) bool {
	return (strings.HasPrefix(n.Prefix, other.Prefix) || strings.HasPrefix(other.Prefix, n.Prefix)) &&
		(strings.HasSuffix(n.Suffix, other.Suffix) || strings.HasSuffix(other.Suffix, n.Suffix)) &&
		slices.ContainsFunc(n.Events, func(event string) bool {
			return call.MatchesAny(other.Events, event) || slices.ContainsFunc(other.Events, func(of string) bool { return call.Matches(event, of) })
		})
}
