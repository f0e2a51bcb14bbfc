package restore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/record"
)

// Forecast is what a restore would do.
type Forecast struct {
	// Refused says why it would not begin. Empty: it would.
	Refused []string
	// Warnings are about the restore as a whole.
	Warnings []string
	// Objects are all that are in the backup, in the order in which they are restored.
	Objects []Foreseen
}

// Foreseen is what would become of an object.
type Foreseen struct {
	// Action is what lists of restored objects call it, or LeftOut.
	Action string
	// Namespace is the one that the object gets, and Name the one that it has in the backup.
	Resource, Namespace, Name string
	// Why it would not simply be created.
	Why string
}

// LeftOut is the action of an object that a restore does not look at.
const LeftOut = "left out"

// Preview finds out what a restore would do in the cluster of a client, by the rights of whoever asks. It decides as the controller
// does, and only reads: what quotas and webhooks would say, it does not know.
func Preview(ctx context.Context, config *rest.Config, restore *velerov1.Restore, files Files) (_ *Forecast, err error) {
	restore = restore.DeepCopy()
	api, live, err := newPreviewClients(config)
	if err != nil {
		return nil, err
	}
	preparer := &preparer{live: live, open: func(_ context.Context, p *plan, _ *velerov1.BackupStorageLocation) error {
		p.files = files
		return nil
	}}
	plan, err := preparer.prepare(ctx, restore)
	switch {
	case err != nil:
		return nil, err
	case len(plan.problems) > 0:
		return &Forecast{Refused: plan.problems}, nil
	case plan.undecided:
		return nil, fmt.Errorf("backup storage location %q has not been checked yet: try again in a moment", plan.backup.Spec.StorageLocation)
	}
	plan.apply(restore)
	contents, found, err := files.Unpack(ctx, restore.Spec.BackupName, os.TempDir())
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the backup: %w", err)
	case !found:
		return nil, fmt.Errorf("backup %q has no contents in its location", restore.Spec.BackupName)
	}
	defer func() { err = errors.Join(err, contents.Close()) }()
	notes := record.New("restore", restore.Namespace+"/"+restore.Name)
	for _, warning := range plan.warnings {
		notes.DoubtfulAsWhole(warning)
	}
	run := newRun(&run{
		restore: restore, contents: contents, api: api, client: live, modifiers: plan.modifiers, policies: plan.policies, record: notes, progress: func(int, int) {},
		volumes:     newVolumes(&volumes{restore: restore, reader: live, record: notes, dry: true, terminating: previewTimeout}, plan),
		terminating: previewTimeout,
	})
	if err := run.do(ctx); err != nil {
		return nil, err
	}
	return run.forecast(), nil
}

// previewTimeout is how long is tried to read what may be on its way out, which is not waited for.
const previewTimeout = storeTimeout

// newPreviewClients returns clients of a cluster that nothing is written to.
func newPreviewClients(config *rest.Config) (*api, client.Client, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(scheme), velerov1.AddToScheme(scheme)); err != nil {
		return nil, nil, fmt.Errorf("registering types: %w", err)
	}
	live, err := client.New(config, client.Options{Scheme: scheme, Log: klog.Background()})
	if err != nil {
		return nil, nil, fmt.Errorf("making a client of the API: %w", err)
	}
	api, err := newAPI(config, "")
	if err != nil {
		return nil, nil, err
	}
	api.dry = true
	return api, live, nil
}

// forecast tells what became of a run that only looked.
func (r *run) forecast() *Forecast {
	all := r.contents.Objects()
	f := &Forecast{Warnings: r.record.Outcome().Warnings.Velero}
	for name, namespace := range r.namespaces {
		foreseen := Foreseen{Action: string(skipped), Resource: namespaceResource.String(), Name: name, Why: "it exists already"}
		switch {
		case namespace.err != nil:
			foreseen.Action, foreseen.Why = string(failed), namespace.err.Error()
		case namespace.created:
			foreseen.Action, foreseen.Why = string(created), ""
		}
		f.Objects = append(f.Objects, foreseen)
	}
	slices.SortFunc(f.Objects, func(a, b Foreseen) int { return cmp.Compare(a.Name, b.Name) })
	for _, resource := range ordered(all) {
		for _, object := range all[resource] {
			if foreseen, is := r.foreseen(object); is {
				f.Objects = append(f.Objects, foreseen)
			}
		}
	}
	return f
}

// unselected is why an object is left out that the scope does not leave out.
func (r *run) unselected() string {
	if r.policies != nil {
		return "its labels, or the resource policy, do not select it"
	}
	return "its labels are not selected"
}

// foreseen is what would become of an object of the backup. False: it is a namespace that objects are restored into.
func (r *run) foreseen(object backups.Object) (Foreseen, bool) {
	foreseen := Foreseen{Action: LeftOut, Resource: object.Resource.String(), Namespace: object.Namespace, Name: object.Name}
	item := r.items[object]
	switch {
	case item == nil:
		foreseen.Why = cmp.Or(r.scope.leavesOut(object), r.unselected())
		return foreseen, true
	case object.Resource == namespaceResource:
		return foreseen, false
	}
	foreseen.Namespace, foreseen.Why = item.namespace, strings.Join(item.notes, "; ")
	if item.name != object.Name {
		foreseen.Why = "it gets a new name, as there is one that stays"
	}
	if item.action != passedOver {
		foreseen.Action = string(item.action)
	}
	return foreseen, true
}
