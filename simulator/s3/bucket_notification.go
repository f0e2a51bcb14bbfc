package s3

import (
	"encoding/xml"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/events"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

type notificationConfiguration struct {
	XMLName     xml.Name       `xml:"NotificationConfiguration"`
	Xmlns       string         `xml:"xmlns,attr,omitempty"`
	Topics      []notification `xml:"TopicConfiguration"`
	Queues      []notification `xml:"QueueConfiguration"`
	Functions   []notification `xml:"CloudFunctionConfiguration"`
	EventBridge *struct{}      `xml:"EventBridgeConfiguration"`
}

// notification is a configuration of any kind: one of the three has the ARN.
type notification struct {
	ID       string   `xml:"Id"`
	Topic    string   `xml:",omitempty"`
	Queue    string   `xml:",omitempty"`
	Function string   `xml:"CloudFunction,omitempty"`
	Events   []string `xml:"Event"`
	Filter   *notificationFilter
}

type notificationFilter struct {
	Rules []filterRule `xml:"S3Key>FilterRule"`
}

type filterRule struct {
	Name, Value string
}

// What S3 allows of notifications.
const (
	maxNotifications  = 100
	maxNotificationID = 255
	maxFilterValue    = 1024
)

// eventTypes are those that a configuration may name.
var eventTypes = []string{
	"s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:Post", "s3:ObjectCreated:Copy", "s3:ObjectCreated:CompleteMultipartUpload",
	"s3:ObjectRemoved:*", "s3:ObjectRemoved:Delete", "s3:ObjectRemoved:DeleteMarkerCreated",
	"s3:ObjectRestore:*", "s3:ObjectRestore:Post", "s3:ObjectRestore:Completed", "s3:ObjectRestore:Delete",
	"s3:ReducedRedundancyLostObject", "s3:Replication:*", "s3:Replication:OperationFailedReplication", "s3:Replication:OperationMissedThreshold",
	"s3:Replication:OperationReplicatedAfterThreshold", "s3:Replication:OperationNotTracked",
	"s3:LifecycleExpiration:*", "s3:LifecycleExpiration:Delete", "s3:LifecycleExpiration:DeleteMarkerCreated", "s3:LifecycleTransition",
	"s3:IntelligentTiering", "s3:ObjectTagging:*", "s3:ObjectTagging:Put", "s3:ObjectTagging:Delete", "s3:ObjectAcl:Put",
}

func getBucketNotification(q *request) error {
	out := notificationConfiguration{Xmlns: namespace}
	for _, n := range q.bucket.Settings().Notifications {
		one := notification{ID: n.ID, Events: n.Events, Filter: newNotificationFilter(n)}
		switch n.Kind {
		case store.Topic:
			one.Topic = n.ARN
			out.Topics = append(out.Topics, one)
		case store.Queue:
			one.Queue = n.ARN
			out.Queues = append(out.Queues, one)
		default:
			one.Function = n.ARN
			out.Functions = append(out.Functions, one)
		}
	}
	return writeXML(q.W, out)
}

func newNotificationFilter(n store.Notification) *notificationFilter {
	var out notificationFilter
	if n.Prefix != "" {
		out.Rules = append(out.Rules, filterRule{"prefix", n.Prefix})
	}
	if n.Suffix != "" {
		out.Rules = append(out.Rules, filterRule{"suffix", n.Suffix})
	}
	if len(out.Rules) == 0 {
		return nil
	}
	return &out
}

// putBucketNotification replaces the bucket's notifications, and sends a test event to each destination.
func putBucketNotification(q *request) error {
	var in notificationConfiguration
	if err := readXML(q.document, "NotificationConfiguration", &in); err != nil {
		return err
	}
	if in.EventBridge != nil {
		return aws.NotImplemented("EventBridgeConfiguration")
	}
	var out []store.Notification
	for _, kind := range []struct {
		of   store.NotificationKind
		from []notification
	}{{store.Topic, in.Topics}, {store.Queue, in.Queues}, {store.Function, in.Functions}} {
		for _, n := range kind.from {
			read, err := q.readNotification(kind.of, n)
			if err != nil {
				return err
			}
			out = append(out, read)
		}
	}
	if err := checkTogether(out); err != nil {
		return err
	}
	if err := q.configure(http.StatusOK, func(s *store.Settings) error { s.Notifications = out; return nil }); err != nil {
		return err
	}
	if !strings.EqualFold(q.Header.Get("X-Amz-Skip-Destination-Validation"), "true") {
		for _, n := range out {
			q.server.options.Events.Send(n.ARN, events.Content{
				Service: "Amazon S3", Event: "s3:TestEvent", Time: events.FormatTime(q.Now), Bucket: q.name, RequestID: q.ID, HostID: q.server.hostID[0],
			})
		}
	}
	return nil
}

func (q *request) readNotification(kind store.NotificationKind, n notification) (store.Notification, error) {
	out := store.Notification{ID: n.ID, Kind: kind, ARN: n.Topic + n.Queue + n.Function, Events: n.Events}
	if out.ID == "" {
		out.ID = uuid.NewString()
	}
	if out.ARN == "" || len(n.Events) == 0 || len(out.ID) > maxNotificationID {
		return out, malformedXML()
	}
	for _, event := range n.Events {
		if !slices.Contains(eventTypes, event) {
			return out, invalidArgument("Event", event, "A specified event is not supported for notifications.")
		}
	}
	if n.Filter != nil {
		for _, rule := range n.Filter.Rules {
			into := &out.Prefix
			switch strings.ToLower(rule.Name) {
			case "prefix":
			case "suffix":
				into = &out.Suffix
			default:
				return out, invalidArgument("FilterRule.Name", rule.Name, "filter rule name must be either prefix or suffix")
			}
			switch {
			case *into != "":
				return out, invalidArgument("FilterRule.Name", rule.Name, "Cannot specify more than one "+strings.ToLower(rule.Name)+" rule in a filter.")
			case len(rule.Value) > maxFilterValue:
				return out, invalidArgument("FilterRule.Value", rule.Value, "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation")
			}
			*into = rule.Value
		}
	}
	if !q.server.options.Events.Knows(out.ARN) {
		return out, invalidArgument(out.ARN, "The destination is not among the simulator's s3.notifications", "Unable to validate the following destination configurations")
	}
	return out, nil
}

// checkTogether refuses configurations that cannot be told apart.
func checkTogether(all []store.Notification) error {
	if len(all) > maxNotifications {
		return invalidArgument("NotificationConfiguration", "", "The number of configurations exceeds the limit of 100.")
	}
	for i, one := range all {
		for _, other := range all[:i] {
			switch {
			case one.ID == other.ID:
				return invalidArgument("Id", one.ID, "Same ID used for multiple configurations. IDs must be unique")
			case one.Overlaps(other):
				return invalidArgument("Event", strings.Join(one.Events, ","),
					"Configurations overlap. Configurations on the same bucket cannot share a common event type.")
			}
		}
	}
	return nil
}

// notify tells the bucket's destinations what a request did to an object.
func (q *request) notify(event string, object *store.Object) {
	from, _, _ := net.SplitHostPort(q.RemoteAddr)
	q.server.send(q.bucket, event, object, func(r *events.Record) {
		r.Time, r.UserIdentity.PrincipalID = events.FormatTime(q.Now), "AWS:"+q.signer.ID
		r.RequestParameters = map[string]string{"sourceIPAddress": from}
		r.ResponseElements = map[string]string{"x-amz-request-id": q.ID, "x-amz-id-2": q.server.hostID[0]}
	})
}

// notifyDeletion tells what a deletion did.
func (q *request) notifyDeletion(d store.Deletion, deleted store.Deleted) {
	event := "s3:ObjectRemoved:Delete"
	if deleted.DeleteMarker && d.Version == "" {
		event = "s3:ObjectRemoved:DeleteMarkerCreated"
	}
	q.notify(event, &store.Object{Key: d.Key, Version: deleted.Version})
}

// Lifecycle tells the bucket's destinations what its rules, or the end of a restore, did to an object.
func (s *Server) Lifecycle(bucket *store.Bucket, event string, object *store.Object, at time.Time) {
	s.send(bucket, event, object, func(r *events.Record) {
		r.Time, r.UserIdentity.PrincipalID = events.FormatTime(at), "s3.amazonaws.com"
		r.RequestParameters, r.ResponseElements = map[string]string{"sourceIPAddress": "s3.amazonaws.com"}, map[string]string{}
		if event == store.RestoreCompleted {
			r.Glacier = &events.Glacier{Restore: events.Restore{StorageClass: object.StorageClass()}}
			if until := object.Restore.Until; !until.IsZero() {
				r.Glacier.Restore.Expiry = events.FormatTime(until)
			}
		}
	})
}

func (s *Server) send(bucket *store.Bucket, event string, object *store.Object, by func(*events.Record)) {
	for _, n := range bucket.Settings().Notifications {
		if !n.Matches(event, object.Key) {
			continue
		}
		info := bucket.Info()
		record := events.Record{
			Version: "2.1", Source: "aws:s3", Region: info.Region, Name: strings.TrimPrefix(event, "s3:"),
			S3: events.About{
				SchemaVersion: "1.0", ConfigurationID: n.ID,
				Bucket: events.Bucket{Name: info.Name, Owner: events.Identity{PrincipalID: accounts.Account{ID: info.Account}.CanonicalID()}, ARN: "arn:aws:s3:::" + info.Name},
				Object: events.Object{Key: events.EscapeKey(object.Key), Size: object.Size, ETag: object.ETag, Sequencer: events.NewSequencer()},
			},
		}
		if bucket.Settings().Versioning != "" {
			record.S3.Object.VersionID = object.Version
		}
		by(&record)
		s.options.Events.Send(n.ARN, events.Content{Records: []events.Record{record}})
	}
}
