package restore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/record"
	"github.com/velero-locations/velero-locations/resources"
)

// run restores what a tarball holds into a cluster.
type run struct {
	restore  *velerov1.Restore
	contents *backups.Unpacked
	api      *api
	client   client.Client
	volumes  *volumes
	// modifiers change objects before they are made.
	modifiers modifiers
	// policies narrow down what is restored, in the place of the restore's own labels. Nil: there are none.
	policies *policies
	record   *record.Record
	// terminating is how long is waited for a namespace that is being deleted, and ready for a definition until its objects can be made.
	terminating, ready time.Duration
	// progress is called with how many objects are restored so far, and how many there will be at least.
	progress func(done, total int)

	scope  *scope
	served resources.List

	mu         sync.Mutex // of the fields below
	items      map[backups.Object]*item
	namespaces map[string]*namespace
	waiting    int // objects that were selected, and not looked at yet
}

// newRun returns a run that has restored nothing yet.
func newRun(r *run) *run {
	r.items, r.namespaces = map[backups.Object]*item{}, map[string]*namespace{}
	return r
}

// item is what became of an object of the tarball.
type item struct {
	settled chan struct{} // closed then
	action  action
	// kind, namespace and name of the object that there is now.
	kind, namespace, name string
	// notes say why it was not simply created.
	notes []string
}

// action is what was done about an object, as lists of restored objects have it.
type action string

const (
	created action = "created"
	updated action = "updated"
	skipped action = "skipped"
	failed  action = "failed"
	// passedOver is an object that was not looked at: it is in no list.
	passedOver action = ""
)

// workers is how many objects of a resource are restored at a time.
const workers = 8

// do restores everything. An error says that it could not go on; what is wrong with single objects is in the record.
func (r *run) do(ctx context.Context) error {
	if err := r.rescope(ctx); err != nil {
		return err
	}
	objects := r.contents.Objects()
	if len(objects) == 0 {
		r.record.DoubtfulAsWhole("nothing is in the backup")
	}
	if definitions := r.selected(objects[crdResource]); len(definitions) > 0 {
		r.each(ctx, definitions)
		if err := r.rescope(ctx); err != nil { // names of resources may mean something now
			return err
		}
	}
	delete(objects, crdResource)
	order := ordered(objects)
	selected := map[schema.GroupResource][]backups.Object{}
	for _, resource := range order {
		selected[resource] = r.selected(objects[resource])
		r.waiting += len(selected[resource])
	}
	for _, resource := range order {
		r.each(ctx, selected[resource])
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("restoring %s: %w", resource, context.Cause(ctx))
		}
	}
	return nil
}

// rescope finds out what the cluster serves, and with it what the names in the restore mean.
func (r *run) rescope(ctx context.Context) error {
	served, err := r.api.served(ctx)
	switch {
	case len(served) == 0 && err != nil:
		return err
	case err != nil:
		r.record.DoubtfulAsWhole(err.Error())
	}
	r.served = served
	r.scope, err = newScope(&r.restore.Spec, served)
	return err
}

// selected are the objects of a resource that are restored on their own.
func (r *run) selected(objects []backups.Object) []backups.Object {
	return slices.DeleteFunc(slices.Clone(objects), func(object backups.Object) bool {
		if !r.scope.selects(object) {
			return true
		}
		if !r.scope.byLabels() && r.policies.filters(object) == nil {
			return false
		}
		var meta metav1.PartialObjectMetadata
		if err := r.read(object, &meta); err != nil {
			r.record.Failed(r.target(object.Namespace), err)
			return true
		}
		if filter, decides := r.policies.filter(object, meta.Kind, r.served); decides {
			return !filter.selects(object.Name, meta.Labels)
		}
		return !r.scope.labelled(meta.Labels)
	})
}

// read decodes an object of the tarball.
func (r *run) read(object backups.Object, into any) error {
	content, err := r.contents.Read(object)
	if err != nil {
		return err
	}
	decode := func(content []byte) error { return json.Unmarshal(content, into) }
	if itself, is := into.(json.Unmarshaler); is { // which spares looking at all of it twice
		decode = itself.UnmarshalJSON
	}
	if err := decode(content); err != nil {
		return fmt.Errorf("%s: what is in the backup is malformed: %w", object, err)
	}
	return nil
}

// each restores objects, several at a time.
func (r *run) each(ctx context.Context, objects []backups.Object) {
	next := make(chan backups.Object)
	var working sync.WaitGroup
	for range min(workers, len(objects)) {
		working.Go(func() {
			for object := range next {
				r.object(ctx, object)
				r.tell()
			}
		})
	}
	for _, object := range objects {
		if ctx.Err() != nil {
			break
		}
		next <- object
	}
	close(next)
	working.Wait()
}

// tell reports progress after an object that was selected.
func (r *run) tell() {
	r.mu.Lock()
	r.waiting = max(0, r.waiting-1)
	done := len(r.items)
	total := done + r.waiting
	r.mu.Unlock()
	r.progress(done, total)
}

// object restores an object, once, however many need it, and returns when it is there.
func (r *run) object(ctx context.Context, object backups.Object) {
	r.mu.Lock()
	known, found := r.items[object]
	if !found {
		known = &item{settled: make(chan struct{}), namespace: r.target(object.Namespace), name: object.Name}
		r.items[object] = known
	}
	r.mu.Unlock()
	if found {
		<-known.settled
		return
	}
	defer close(known.settled)
	r.settle(ctx, object, known)
}

// settle restores an object and notes what became of it.
func (r *run) settle(ctx context.Context, object backups.Object, item *item) {
	action, err := r.restoreObject(ctx, object, item)
	if err != nil {
		r.record.Failed(item.namespace, fmt.Errorf("%s: %w", object, err))
		r.note(object, err.Error())
		action = failed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	item.action = action
}

// note keeps what there is to say of an object that is being restored.
func (r *run) note(object backups.Object, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.items[object].notes = append(r.items[object].notes, text)
}

// doubt notes what whoever restores should know of an object.
func (r *run) doubt(object backups.Object, text string) {
	r.record.Doubtful(r.target(object.Namespace), object.String()+": "+text)
	r.note(object, text)
}

// pass notes why nothing is done about an object.
func (r *run) pass(object backups.Object, why string) {
	r.record.Info("It is not restored: "+why, "object", object)
	r.note(object, why)
}

// target is the namespace that objects of one are restored into.
func (r *run) target(namespace string) string {
	if mapped, found := r.restore.Spec.NamespaceMapping[namespace]; found && namespace != "" {
		return mapped
	}
	return namespace
}

// restoreObject restores an object after those that it needs.
func (r *run) restoreObject(ctx context.Context, object backups.Object, item *item) (action, error) {
	if object.Resource == namespaceResource {
		return passedOver, r.ensure(ctx, object.Name)
	}
	content := &unstructured.Unstructured{}
	if err := r.read(object, content); err != nil {
		return failed, err
	}
	item.kind = content.GetAPIVersion() + "/" + content.GetKind()
	if ended(object.Resource, content) {
		r.pass(object, "it has ended, and is not run again")
		return passedOver, nil
	}
	if object.Namespace != "" {
		if err := r.ensure(ctx, object.Namespace); err != nil {
			return failed, err
		}
	}
	if object.Resource == pvResource {
		switch create, err := r.volumes.prepare(ctx, content); {
		case err != nil:
			return failed, err
		case !create:
			r.pass(object, "its claim gets a new volume")
			return skipped, nil
		}
	}
	status := reset(content)
	if prepare := preparations[object.Resource]; prepare != nil {
		needs, skipping, err := prepare(content, &r.restore.Spec)
		if object.Resource == pvcResource && !bound(status) {
			needs = nil
		}
		switch {
		case err != nil:
			return failed, err
		case skipping != "":
			r.pass(object, skipping)
			return skipped, nil
		}
		r.needs(ctx, object, needs)
	}
	if object.Resource == pvcResource {
		if err := r.volumes.bind(content); err != nil {
			return failed, err
		}
	}
	for _, err := range r.modifiers.apply(content, object.Resource.String()) {
		r.record.Failed(item.namespace, fmt.Errorf("%s: %w", object, err))
		r.note(object, err.Error())
	}
	if item.namespace != "" {
		content.SetNamespace(item.namespace)
	}
	item.name = content.GetName()
	label(content, r.restore)
	return r.write(ctx, object, content, status)
}

// needs restores what an object needs first, as far as the restore lets it.
func (r *run) needs(ctx context.Context, object backups.Object, needs []backups.Object) {
	for _, need := range needs {
		switch {
		case !r.scope.needed(need):
			r.record.Info("What it needs is excluded", "object", object, "needs", need)
		case !r.contents.Has(need):
			r.doubt(object, fmt.Sprintf("it needs %s, which is not in the backup", need))
		default:
			r.object(ctx, need)
		}
	}
}

// write creates an object, or deals with the one that is there.
func (r *run) write(ctx context.Context, object backups.Object, content *unstructured.Unstructured, status any) (action, error) {
	if r.api.dry && !r.known(object.Resource) {
		return failed, errors.New("the cluster knows no such resource: install what defines it first")
	}
	withStatus := status != nil && r.scope.withStatus(object.Resource, content.GetAnnotations())
	made, err := r.api.create(ctx, object, content, withStatus)
	if err != nil {
		live, getErr := r.existing(ctx, object, content, err)
		if getErr != nil {
			return failed, getErr
		}
		return r.reconcile(ctx, object, live, content)
	}
	if withStatus {
		if err := r.api.setStatus(ctx, object, made, status); err != nil {
			r.doubt(object, fmt.Sprintf("its status could not be restored: %v", err))
		}
	}
	if err := r.giveBack(ctx, object, made, content); err != nil {
		return created, err
	}
	if object.Resource == crdResource {
		return created, r.established(ctx, object, made)
	}
	return created, nil
}

// known says whether the cluster has a resource, or would have it by now.
func (r *run) known(resource schema.GroupResource) bool {
	if slices.ContainsFunc(r.served, func(served resources.Resource) bool { return served.GroupResource() == resource }) {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	definition := r.items[backups.Object{Resource: crdResource, Name: resource.String()}]
	return definition != nil && definition.action == created
}

// giveBack has fields belong to those who owned them when the object was backed up.
func (r *run) giveBack(ctx context.Context, object backups.Object, made, content *unstructured.Unstructured) error {
	field, _, _ := unstructured.NestedFieldNoCopy(content.Object, "metadata", "managedFields")
	owners, _ := field.([]any)
	if len(owners) == 0 {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"managedFields": owners}})
	if err != nil {
		return fmt.Errorf("encoding who owns its fields: %w", err)
	}
	if err := r.api.patch(ctx, object, made, patch); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("writing who owns its fields: %w", err)
	}
	return nil
}

// names lists what became of the objects, by version and kind: namespace/name(action).
func (r *run) names() map[string][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[string][]string{}
	add := func(kind, namespace, name string, action action) {
		if namespace != "" {
			name = namespace + "/" + name
		}
		all[kind] = append(all[kind], fmt.Sprintf("%s(%s)", name, action))
	}
	for _, item := range r.items {
		if item.action != passedOver {
			add(item.kind, item.namespace, item.name, item.action)
		}
	}
	for name, namespace := range r.namespaces {
		if namespace.created {
			add("v1/Namespace", "", name, created)
		}
	}
	for _, names := range all {
		slices.Sort(names)
	}
	return all
}

// count is how many objects were looked at.
func (r *run) count() int {
	n := 0
	for _, names := range r.names() {
		n += len(names)
	}
	return n
}
