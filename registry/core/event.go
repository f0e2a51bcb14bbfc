package core

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

// Events vanish an hour after they were last written, as Kubernetes' do by default.
var Events = &generic.Resource[*corev1.Event, *corev1.EventList]{
	GroupVersion: corev1.SchemeGroupVersion,
	Plural:       "events",
	ShortNames:   []string{"ev"},
	TTL:          time.Hour,
	Columns: table.Columns[*corev1.Event]{
		{Name: "Last Seen", Type: "date", Description: "Time since it last happened.", Value: lastSeen},
		{Name: "Type", Description: "Normal or Warning.", Value: func(e *corev1.Event) any { return e.Type }},
		{Name: "Reason", Description: "What happened, in one word.", Value: func(e *corev1.Event) any { return e.Reason }},
		{Name: "Object", Description: "What it happened to.", Value: func(e *corev1.Event) any { return e.InvolvedObject.Kind + "/" + e.InvolvedObject.Name }},
		{Name: "Message", Description: "What happened, in a sentence.", Value: func(e *corev1.Event) any { return e.Message }},
		{Name: "Source", Priority: 1, Description: "Who reported it.", Value: func(e *corev1.Event) any { return source(e) }},
		{Name: "Count", Priority: 1, Type: "integer", Description: "How often it happened.", Value: func(e *corev1.Event) any { return int64(e.Count) }},
	},
	Fields: func(e *corev1.Event) fields.Set {
		return fields.Set{
			"involvedObject.kind":            e.InvolvedObject.Kind,
			"involvedObject.namespace":       e.InvolvedObject.Namespace,
			"involvedObject.name":            e.InvolvedObject.Name,
			"involvedObject.uid":             string(e.InvolvedObject.UID),
			"involvedObject.apiVersion":      e.InvolvedObject.APIVersion,
			"involvedObject.resourceVersion": e.InvolvedObject.ResourceVersion,
			"involvedObject.fieldPath":       e.InvolvedObject.FieldPath,
			"reason":                         e.Reason,
			"reportingComponent":             e.ReportingController,
			"source":                         source(e),
			"type":                           e.Type,
		}
	},
	UnconditionalUpdate: true,
	Validate:            validateEvent,
}

func validateEvent(event, _ *corev1.Event) field.ErrorList {
	if namespace := event.InvolvedObject.Namespace; namespace != "" && namespace != event.Namespace {
		return field.ErrorList{field.Invalid(field.NewPath("involvedObject", "namespace"), namespace, "must be the event's own namespace, "+event.Namespace)}
	}
	return nil
}

func lastSeen(event *corev1.Event) any {
	switch {
	case event.Series != nil:
		return &metav1.Time{Time: event.Series.LastObservedTime.Time}
	case !event.LastTimestamp.IsZero():
		return &event.LastTimestamp
	default:
		return &metav1.Time{Time: event.EventTime.Time}
	}
}

func source(event *corev1.Event) string {
	if event.Source.Component != "" {
		return event.Source.Component
	}
	return event.ReportingController
}
