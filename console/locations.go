package console

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/warnings"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/locations/provider"
)

const (
	// most is how many locations are shown.
	most = 500
	// everyMinute is how often locations are checked that do not say, unless the controller is set to something else.
	everyMinute = time.Minute
)

// location is what the page needs to know of a location.
type location struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Provider  string `json:"provider"`
	Region    string `json:"region,omitempty"`
	// Endpoint of a backup storage location, if it is not its provider's own; its bucket and prefix.
	Endpoint string `json:"endpoint,omitempty"`
	Bucket   string `json:"bucket,omitempty"`
	Prefix   string `json:"prefix,omitempty"`
	Default  bool   `json:"default,omitempty"`
	ReadOnly bool   `json:"readOnly,omitempty"`
	Phase    string `json:"phase"`
	Message  string `json:"message,omitempty"`
	// Checked is when the last check was, and Next when the next one is at the latest, if there is one by the time alone.
	Checked *time.Time `json:"checked,omitempty"`
	Next    *time.Time `json:"next,omitempty"`
	// Secret and key name the credentials. KeyID is that of the access key in them, where it may be shown.
	Secret string `json:"secret"`
	Key    string `json:"key"`
	KeyID  string `json:"keyID,omitempty"`
	// Shares are the other locations that are written to in the same place.
	Shares  []string `json:"shares,omitempty"`
	History []turn   `json:"history"`

	profile string
}

// locationList is the answer about locations. Of all that there are it has the first by their names.
type locationList struct {
	Storage   []location `json:"storage"`
	Snapshots []location `json:"snapshots"`
	All       int        `json:"all"`
	Now       time.Time  `json:"now"`
	Problems  []string   `json:"problems"`
}

func (c *Cluster) showLocations(w http.ResponseWriter, r *http.Request) error {
	problems := await(r.Context(), &c.storage.kind, &c.snapshots.kind, &c.events.kind)
	storage, snapshots, events := c.storage.list(), c.snapshots.list(), c.events.list()
	out := locationList{Storage: []location{}, Snapshots: []location{}, All: len(storage) + len(snapshots), Now: time.Now(), Problems: problems}
	together, told := sharing(storage), map[types.UID][]*corev1.Event{}
	for _, event := range events {
		told[event.InvolvedObject.UID] = append(told[event.InvolvedObject.UID], event)
	}
	for _, l := range first(storage) {
		one := describeStorage(l)
		one.Shares = slices.DeleteFunc(slices.Clone(together[at(l)]), func(name string) bool { return name == nameOf(l) })
		one.History = c.history.of(l, told[l.UID])
		out.Storage = append(out.Storage, one)
	}
	for _, l := range first(snapshots) {
		one := describeSnapshots(l)
		one.History = c.history.of(l, told[l.UID])
		out.Snapshots = append(out.Snapshots, one)
	}
	c.nameKeys(r.Context(), out.Storage, out.Snapshots)
	return writeJSON(w, http.StatusOK, out)
}

func nameOf(object metav1.Object) string { return object.GetNamespace() + "/" + object.GetName() }

// first returns the first objects by their names.
func first[T metav1.Object](all []T) []T {
	slices.SortFunc(all, func(a, b T) int { return cmp.Compare(nameOf(a), nameOf(b)) })
	return all[:min(len(all), most)]
}

// at names the very place where a location writes; empty: nowhere.
func at(location *v1.BackupStorageLocation) string {
	if nest := warnings.Nest(location); len(nest) > 0 {
		return nest[len(nest)-1]
	}
	return ""
}

// sharing are the names of locations by the place that they write to.
func sharing(all []*v1.BackupStorageLocation) map[string][]string {
	out := map[string][]string{}
	for _, l := range all {
		if place := at(l); place != "" {
			out[place] = append(out[place], nameOf(l))
		}
	}
	return out
}

func describeStorage(l *v1.BackupStorageLocation) location {
	one := location{
		Namespace: l.Namespace, Name: l.Name, Provider: provider.Short(l.Spec.Provider), Region: l.Spec.Config["region"],
		Default: l.Spec.Default, ReadOnly: l.Spec.AccessMode == v1.AccessModeReadOnly,
		profile: l.Spec.Config["profile"],
	}
	_, one.Endpoint, _ = strings.Cut(provider.Endpoint(l.Spec.Provider, l.Spec.Config), " ")
	if storage := l.Spec.ObjectStorage; storage != nil {
		one.Bucket, one.Prefix = storage.Bucket, locations.NormalPrefix(storage.Prefix)
	}
	one.credential(l.Spec.Credential)
	one.checked(string(l.Status.Phase), l.Status.Message, l.Status.LastValidationTime, l.Spec.ValidationFrequency)
	return one
}

func describeSnapshots(l *v1.VolumeSnapshotLocation) location {
	one := location{
		Namespace: l.Namespace, Name: l.Name, Provider: provider.Short(l.Spec.Provider), Region: l.Spec.Config["region"], profile: l.Spec.Config["profile"],
	}
	one.credential(l.Spec.Credential)
	one.checked(string(l.Status.Phase), l.Status.Message, l.Status.LastValidationTime, nil)
	return one
}

func (l *location) credential(named *corev1.SecretKeySelector) {
	l.Secret, l.Key = credentials.DefaultSecret, credentials.DefaultKey
	if named != nil {
		l.Secret, l.Key = named.Name, named.Key
	}
}

func (l *location) checked(phase, message string, last *metav1.Time, frequency *metav1.Duration) {
	l.Phase, l.Message = phase, message
	if last == nil {
		return
	}
	l.Checked = &last.Time
	every := everyMinute
	if frequency != nil && frequency.Duration >= 0 {
		every = locations.Period(frequency.Duration)
	}
	if every > 0 {
		next := last.Add(every)
		l.Next = &next
	}
}

// nameKeys finds out the ids of the access keys in the Secrets that locations name, each Secret once, where they may be shown.
func (c *Cluster) nameKeys(ctx context.Context, lists ...[]location) {
	if c.options.KeyID == nil {
		return
	}
	secrets := map[string]map[string][]byte{}
	for _, list := range lists {
		for i := range list {
			l := &list[i]
			name := l.Namespace + "/" + l.Secret
			data, read := secrets[name]
			if !read {
				secret, err := c.core.CoreV1().Secrets(l.Namespace).Get(ctx, l.Secret, metav1.GetOptions{})
				if err == nil { // without it no id is shown
					data = secret.Data
				}
				secrets[name] = data
			}
			l.KeyID = c.options.KeyID(data[l.Key], l.profile)
		}
	}
}
