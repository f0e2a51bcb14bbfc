package console

import (
	"cmp"
	"slices"
	"time"

	"github.com/velero-locations/velero-locations/apis/velero"
	"github.com/velero-locations/velero-locations/apis/velero/cronexpr"
	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/locations"
)

// runs is how many runs of a schedule are shown, of those that were and of those to come.
const runs = 5

// run is a backup that a schedule has made.
type run struct {
	At    time.Time `json:"at"`
	Name  string    `json:"name"`
	Phase string    `json:"phase"`
}

// schedule is what the page needs to know of one.
type schedule struct {
	Namespace  string      `json:"namespace"`
	Name       string      `json:"name"`
	Phase      string      `json:"phase"`
	Expression string      `json:"expression"`
	Paused     bool        `json:"paused"`
	Why        []string    `json:"why"`
	Last       []run       `json:"last"`
	Next       []time.Time `json:"next"`
}

func describeSchedules(all []*v1.Schedule, made []*v1.Backup, now time.Time) []schedule {
	of := map[string][]run{}
	for _, b := range made {
		if label := b.Labels[velero.ScheduleNameLabel]; label != "" {
			key := b.Namespace + "/" + label
			of[key] = append(of[key], run{b.CreationTimestamp.Time, b.Name, string(b.Status.Phase)})
		}
	}
	out := []schedule{}
	for _, s := range all {
		one := schedule{
			Namespace: s.Namespace, Name: s.Name, Phase: string(cmp.Or(s.Status.Phase, v1.SchedulePhaseNew)), Expression: s.Spec.Schedule,
			Paused: s.Spec.Paused, Why: append([]string{}, s.Status.ValidationErrors...), Next: []time.Time{},
			Last: append([]run{}, of[s.Namespace+"/"+locations.LabelValue(s.Name)]...),
		}
		slices.SortFunc(one.Last, func(a, b run) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Name, b.Name)) })
		one.Last = one.Last[max(0, len(one.Last)-runs):]
		when, err := cronexpr.Parse(s.Spec.Schedule)
		if err == nil && !s.Spec.Paused { // else the phase says so
			next := when.Next(backups.LastRun(s))
			if next.Before(now) && !next.IsZero() { // it is due, or was missed: that is made up for once
				next = now
			}
			for ; !next.IsZero() && len(one.Next) < runs; next = when.Next(next) {
				one.Next = append(one.Next, next)
			}
		}
		out = append(out, one)
	}
	return out
}
